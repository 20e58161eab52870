//! Every key that a file may have: one table for the reader, for guesses at misspelt keys, and for the JSON Schema.

use crate::core::periods;
use crate::core::schedule::Expect;
use crate::core::time::Span;

use Kind::{Duration, Flag, Labels, Later, List, Map, OneOf, Path, Secret, Size, Text, Texts, Whole};
use Need::{Default, Optional, Required};

/// A mapping of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Main,
    CheckFile,
    Smtp,
    Auth,
    PingKey,
    Token,
    Compat,
    CompatSystem,
    Alerting,
    Alertmanager,
    HttpConfig,
    Authorization,
    BasicAuth,
    TlsConfig,
    Receiver,
    Email,
    Webhook,
    Responder,
    Action,
    Retention,
    PingRetention,
    Defaults,
    Check,
    Expect,
    Quiet,
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) need: Need,
    pub(super) doc: &'static str,
}

/// What a key's value is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// A text of at most so many bytes, on one line.
    Text(usize),
    /// A text over several lines, of at most so many bytes.
    Lines(usize),
    /// A text that is never shown.
    Secret,
    /// The path of a file, relative to the file that names it.
    Path,
    /// A text, or a list of texts.
    Texts,
    /// A duration from the first to the second.
    Duration(Span, Span),
    /// A whole number from the first to the second.
    Whole(u64, u64),
    /// A number of bytes with its unit.
    Size,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Names and values.
    Labels,
    /// A mapping of keys.
    Map(Section),
    /// A list of mappings of keys.
    List(Section),
    /// Known, and not built yet.
    Later,
}

/// Whether a key must be there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Need {
    /// It must.
    Required,
    /// It may be left out, which says something of its own.
    Optional,
    /// Left out it is this.
    Default(&'static str),
}

const fn key(name: &'static str, kind: Kind, need: Need, doc: &'static str) -> Key {
    Key { name, kind, need, doc }
}

const SECOND: Span = Span::secs(1);
const MINUTE: Span = Span::mins(1);
const HOUR: Span = Span::mins(60);
const DAY: Span = Span::mins(24 * 60);
const YEAR: Span = Span::mins(365 * 24 * 60);
const TEN_YEARS: Span = Span::mins(10 * 365 * 24 * 60);
const MONTH: Span = Span::mins(31 * 24 * 60);
const WEEK: Span = Span::mins(7 * 24 * 60);

/// The longest name of a receiver, a ping key or a group, in bytes.
const NAME: usize = 128;
const URL: usize = 2048;
/// The most checks of a server, and what `max_checks` is by default.
pub const MAX_CHECKS: usize = 1_000_000;
/// What `grace` is where nothing else was said.
pub(super) const DEFAULT_GRACE: Span = Span::mins(5);

impl Section {
    /// The keys that the section may have.
    pub(super) fn keys(self) -> &'static [Key] {
        match self {
            Section::Main => MAIN,
            Section::CheckFile => CHECK_FILE,
            Section::Smtp => SMTP,
            Section::Auth => AUTH,
            Section::PingKey => PING_KEY,
            Section::Token => TOKEN,
            Section::Compat => COMPAT,
            Section::CompatSystem => COMPAT_SYSTEM,
            Section::Alerting => ALERTING,
            Section::Alertmanager => ALERTMANAGER,
            Section::HttpConfig => HTTP_CONFIG,
            Section::Authorization => AUTHORIZATION,
            Section::BasicAuth => BASIC_AUTH,
            Section::TlsConfig => TLS_CONFIG,
            Section::Receiver => RECEIVER,
            Section::Email => EMAIL,
            Section::Webhook => WEBHOOK,
            Section::Responder => RESPONDER,
            Section::Action => ACTION,
            Section::Retention => RETENTION,
            Section::PingRetention => PING_RETENTION,
            Section::Defaults => DEFAULTS,
            Section::Check => CHECK,
            Section::Expect => EXPECT,
            Section::Quiet => QUIET,
        }
    }

    /// The key of this name.
    pub(super) fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().iter().find(|key| key.name == name)
    }
}

/// What other systems call our keys.
pub(super) const HABITS: &[(&str, &str)] = &[
    ("schedule", "cron"),
    ("crontab", "cron"),
    ("interval", "every"),
    ("period", "every"),
    ("tz", "timezone"),
    ("timeout", "max_runtime"),
    ("tags", "labels"),
    ("slug", "name"),
    ("id", "name"),
    ("grace_period", "grace"),
    ("disabled", "paused"),
    ("runbook", "runbook_url"),
    ("desc", "description"),
    ("match", "matchers"),
    ("receiver", "notify"),
    ("delay", "after"),
    ("repeat", "repeat_interval"),
    ("duration", "for"),
    ("mail", "email"),
    ("user", "username"),
];

const MAIN: &[Key] = &[
    key("smtp", Map(Section::Smtp), Optional, "How mail leaves."),
    key("auth", Map(Section::Auth), Optional, "Who may ping, and who may use the API."),
    key("alerting", Map(Section::Alerting), Optional, "The Alertmanagers that get every alert."),
    key("receivers", List(Section::Receiver), Optional, "Where messages go."),
    key("default_receivers", Texts, Optional, "The receivers told when no responder matches."),
    key(
        "responders",
        List(Section::Responder),
        Optional,
        "Which incidents get which actions; all that match act.",
    ),
    key("compat", Map(Section::Compat), Optional, "The interfaces of other systems, for their users."),
    key("databases", Later, Optional, "The databases of sql probes."),
    key("retention", Map(Section::Retention), Optional, "How much history is kept."),
    key(
        "defaults",
        Map(Section::Defaults),
        Optional,
        "What checks are where they say nothing, in every file.",
    ),
    key("check_files", Texts, Optional, "Files with more checks: paths or patterns, relative to this file."),
    key("checks", List(Section::Check), Optional, "What must happen, and when."),
    key("max_checks", Whole(1, MAX_CHECKS as u64), Default("1000000"), "The most checks there may be."),
];

const CHECK_FILE: &[Key] = &[
    key("group", Text(NAME), Default(""), "The label `group` of every check in this file."),
    key("labels", Labels, Optional, "Labels of every check in this file; a check's own come first."),
    key("defaults", Map(Section::Defaults), Optional, "What checks of this file are where they say nothing."),
    key("checks", List(Section::Check), Optional, "What must happen, and when."),
];

const SMTP: &[Key] = &[
    key("host", Text(253), Required, "The mail server's name or address."),
    key(
        "hello",
        Text(253),
        Optional,
        "What the server is greeted with (EHLO). Left out: this machine's name if it has a dot, else the domain of `from`.",
    ),
    key(
        "port",
        Whole(1, 65_535),
        Optional,
        "Its port. Left out: 587 for starttls, 465 for implicit, 25 for none.",
    ),
    key(
        "tls",
        OneOf(&["starttls", "implicit", "none"]),
        Default("starttls"),
        "How the connection is protected.",
    ),
    key("tls_config", Map(Section::TlsConfig), Optional, "Which certificates are believed."),
    key("username", Text(NAME), Optional, "Whom to log in as. Left out: no login."),
    key("password", Secret, Optional, "The password, in place."),
    key("password_file", Path, Optional, "The file with the password."),
    key("from", Text(320), Required, "The sender: `a@b` or `Name <a@b>`."),
];

const AUTH: &[Key] = &[
    key("ping_keys", List(Section::PingKey), Optional, "Who may ping. None: whoever reaches the port."),
    key("ping_keys_required", Flag, Default("true"), "`false` while jobs still ping without a key."),
    key(
        "tokens",
        List(Section::Token),
        Optional,
        "Who may use the API. None: everybody may read, nobody may write.",
    ),
];

const TOKEN: &[Key] = &[
    key("name", Text(NAME), Required, "Whose token it is, for logs."),
    key(
        "scope",
        OneOf(&["read", "ping", "write"]),
        Required,
        "What it is good for; `write` is good for all.",
    ),
    key("token", Secret, Optional, "The token, in place."),
    key("token_file", Path, Optional, "The file with the token."),
];

const COMPAT: &[Key] = &[
    key("coal_mine", Map(Section::CompatSystem), Optional, "coal-mine: `/coal-mine/v1/canary/…` and `/ID`."),
    key(
        "nights_watch",
        Map(Section::CompatSystem),
        Optional,
        "Night's Watch: `/nights-watch/v1/watcher/…` and `/ID`.",
    ),
    key("affirmative", Later, Optional, "Affirmative."),
    key("healthchecks", Later, Optional, "Healthchecks."),
];

const COMPAT_SYSTEM: &[Key] = &[
    key("enabled", Flag, Required, "Whether this interface answers."),
    key(
        "auth_key",
        Secret,
        Optional,
        "What its `auth_key` must be, in place. None: whoever reaches the port may use it.",
    ),
    key("auth_key_file", Path, Optional, "The file with what its `auth_key` must be."),
    key(
        "trigger",
        OneOf(&["open", "id", "key"]),
        Optional,
        "`open`: it asks for nothing, `id`: the id, `key`: the key. Left out: `id` where pings need keys, else `open`.",
    ),
];

const PING_KEY: &[Key] = &[
    key("name", Text(NAME), Required, "Whose key it is, for logs."),
    key("key", Secret, Optional, "The key, in place."),
    key("key_file", Path, Optional, "The file with the key."),
];

const ALERTING: &[Key] =
    &[key("alertmanagers", List(Section::Alertmanager), Optional, "Each of them gets every alert.")];

const ALERTMANAGER: &[Key] = &[
    key("url", Text(URL), Required, "Its address, as in http://127.0.0.1:9093."),
    key("http_config", Map(Section::HttpConfig), Optional, "How it is spoken to."),
];

const HTTP_CONFIG: &[Key] = &[
    key("authorization", Map(Section::Authorization), Optional, "The header `Authorization`."),
    key("basic_auth", Map(Section::BasicAuth), Optional, "A user's name and password."),
    key("proxy_url", Secret, Optional, "The proxy to go through. Those of the environment are not used."),
    key("tls_config", Map(Section::TlsConfig), Optional, "Which certificates are believed and shown."),
];

const AUTHORIZATION: &[Key] = &[
    key("type", Text(NAME), Default("Bearer"), "The header's first word."),
    key("credentials", Secret, Optional, "What follows it, in place."),
    key("credentials_file", Path, Optional, "The file with what follows it."),
];

const BASIC_AUTH: &[Key] = &[
    key("username", Text(NAME), Required, "The user's name."),
    key("password", Secret, Optional, "The password, in place."),
    key("password_file", Path, Optional, "The file with the password."),
];

const TLS_CONFIG: &[Key] = &[
    key("ca_file", Path, Optional, "Certificates that are believed instead of those of the system."),
    key("cert_file", Path, Optional, "Our certificate; together with `key_file`."),
    key("key_file", Path, Optional, "Its private key."),
    key("insecure_skip_verify", Flag, Default("false"), "Believe every certificate."),
];

const RECEIVER: &[Key] = &[
    key("name", Text(NAME), Required, "As responders name it."),
    key("email", Map(Section::Email), Optional, "Mail, through `smtp`."),
    key("webhook", Map(Section::Webhook), Optional, "An HTTP POST."),
    key("exec", Later, Optional, "A command."),
    key("send_resolved", Flag, Default("true"), "Whether it hears of recoveries."),
    key("group_wait", Duration(Span::ZERO, HOUR), Default("5s"), "What is due within this leaves together."),
    key("give_up_after", Duration(MINUTE, MONTH), Default("24h"), "How long a message is tried."),
    key("include_output", Flag, Default("true"), "Whether it is told what jobs say: comments and output."),
];

const EMAIL: &[Key] = &[key("to", Texts, Required, "Addresses: `a@b` or `Name <a@b>`.")];

const FORMATS: Kind = OneOf(&["alertmanager", "slack", "teams", "discord", "ntfy"]);

const WEBHOOK: &[Key] = &[
    key("url", Secret, Optional, "Where to, in place."),
    key("url_file", Path, Optional, "The file with the address."),
    key("format", FORMATS, Default("alertmanager"), "What is sent."),
    key("template", Kind::Lines(65_536), Optional, "A template in Jinja's language for what is sent."),
    key("template_file", Path, Optional, "The file with the template."),
    key("max_checks", Whole(1, 256), Optional, "The most checks in one message."),
    key("http_config", Map(Section::HttpConfig), Optional, "How the server is spoken to."),
];

const RESPONDER: &[Key] = &[
    key(
        "matchers",
        Texts,
        Optional,
        "Alertmanager's matchers over labels, check, group, reason, status; all must match. None: everything.",
    ),
    key("actions", List(Section::Action), Required, "What is done."),
];

const ACTION: &[Key] = &[
    key("notify", Text(NAME), Required, "The receiver that is told."),
    key("after", Duration(Span::ZERO, MONTH), Default("0s"), "How long after the incident's beginning."),
    key("repeat_interval", Duration(MINUTE, MONTH), Optional, "Told again so often, while it lasts."),
];

const RETENTION: &[Key] = &[
    key("pings", Map(Section::PingRetention), Optional, "How many pings of a check are kept."),
    key("bodies", Size, Default("1GB"), "The budget of all bodies of pings together."),
    key(
        "archived",
        Duration(DAY, TEN_YEARS),
        Default("30d"),
        "How long the history of removed checks is kept.",
    ),
];

const PING_RETENTION: &[Key] = &[
    key("keep_at_least", Whole(0, 1_000_000), Default("100"), "The newest pings, kept whatever their age."),
    key("keep_at_most", Whole(1, 1_000_000), Default("1000"), "The most pings of a check."),
    key("max_age", Duration(HOUR, TEN_YEARS), Default("7d"), "Older pings go, but for keep_at_least."),
];

const GRACE_DOC: &str =
    "How long after a due time it may still happen. With `expect` or `periods`: 0 unless the check says so.";
const FAILURES_DOC: &str = "So many failures in a row make it failing.";
const SUCCESSES_DOC: &str = "So many successes in a row end it.";
const EARLY_DOC: &str =
    "How long before an occurrence a ping already serves it. Left out: 5s, at most a quarter of the gap.";
const RESUME_DOC: &str = "A ping does not end a pause made at run time.";
const METHODS_DOC: &str = "`post`: a link's preview or a crawler is no ping.";
const METHODS: Kind = OneOf(&["any", "post"]);

const DEFAULTS: &[Key] = &[
    key("grace", Duration(Span::ZERO, TEN_YEARS), Default("5m"), GRACE_DOC),
    key("timezone", Text(64), Default("UTC"), "The IANA name of the zone of cron expressions."),
    key("early", Duration(Span::ZERO, DAY), Optional, EARLY_DOC),
    key("failures_before_alert", Whole(1, 1000), Default("1"), FAILURES_DOC),
    key("successes_to_recover", Whole(1, 1000), Default("1"), SUCCESSES_DOC),
    key("manual_resume", Flag, Default("false"), RESUME_DOC),
    key("ping_methods", METHODS, Default("any"), METHODS_DOC),
];

const CHECK: &[Key] = &[
    key("name", Text(NAME), Required, "The slug in the ping's address: a-z, 0-9, _ and -; unique."),
    key("title", Text(200), Optional, "The name for people."),
    key("every", Duration(SECOND, TEN_YEARS), Optional, "A success at least this often."),
    key("cron", Text(256), Optional, "A success for each occurrence of this cron expression."),
    key(
        "periods",
        Text(periods::MAX_LEN),
        Optional,
        "A success so often, depending on the time in UTC: `* * * * sat,sun 300; * * * * mon-fri 60`.",
    ),
    key("calendar", Later, Optional, "A schedule as in systemd's OnCalendar."),
    key("timezone", Text(64), Optional, "The IANA name of the zone of the cron expression."),
    key("grace", Duration(Span::ZERO, TEN_YEARS), Optional, GRACE_DOC),
    key("early", Duration(Span::ZERO, DAY), Optional, EARLY_DOC),
    key(
        "expect",
        Map(Section::Expect),
        Optional,
        "How many successes, counted at each occurrence or all the time.",
    ),
    key("window", Duration(SECOND, WEEK), Default("24h"), "The window of count_in_window, with cron alone."),
    key("max_runtime", Duration(SECOND, YEAR), Optional, "How long a run may take."),
    key("min_runtime", Duration(SECOND, YEAR), Optional, "A success sooner after its start is a failure."),
    key(
        "start_within",
        Duration(SECOND, YEAR),
        Optional,
        "How soon after due a start must come; at most grace.",
    ),
    key(
        "overlap",
        OneOf(&["allowed", "fail"]),
        Default("allowed"),
        "Whether two runs at a time are a failure.",
    ),
    key("failures_before_alert", Whole(1, 1000), Optional, FAILURES_DOC),
    key("successes_to_recover", Whole(1, 1000), Optional, SUCCESSES_DOC),
    key("manual_resume", Flag, Optional, RESUME_DOC),
    key("paused", Flag, Default("false"), "Not judged until the file says otherwise."),
    key("ping_methods", METHODS, Optional, METHODS_DOC),
    key("group", Text(NAME), Optional, "Its group, another label. Left out: its file's."),
    key("labels", Labels, Optional, "Labels for metrics, alerts and matchers."),
    key("description", Kind::Lines(4096), Optional, "Free text for people."),
    key("runbook_url", Text(URL), Optional, "Where to read what to do."),
    key(
        "depends_on",
        Texts,
        Optional,
        "While one of these checks is bad, this one's messages are held; Prometheus' alerts by the shipped rules are not.",
    ),
    key("quiet", List(Section::Quiet), Optional, "Times in which messages are held."),
    key("emails", Texts, Optional, "Addresses that the check itself mails, beside what responders say."),
    key("renamed_from", Texts, Optional, "Former names, whose history this check continues."),
    key("assert", Later, Optional, "A probe that punctual runs itself."),
];

const EXPECT: &[Key] = &[
    key("at_least", Whole(1, Expect::MAX_COUNT as u64), Optional, "Fewer successes are late."),
    key("at_most", Whole(0, Expect::MAX_COUNT as u64), Optional, "More successes are failing."),
    key("within", Duration(SECOND, YEAR), Required, "The window in which they count."),
];

const QUIET: &[Key] = &[
    key("cron", Text(256), Required, "When it begins."),
    key("calendar", Later, Optional, "When it begins, as in systemd's OnCalendar."),
    key("for", Duration(MINUTE, MONTH), Required, "How long it lasts."),
    key("timezone", Text(64), Optional, "The IANA name of the zone. Left out: the check's."),
];
