//! Every key that a file may have: one table for the reader, for guesses at misspelt keys, and for the JSON Schema.

mod checks;
mod server;
mod telling;

use crate::core::time::Span;

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
            Section::Main => server::MAIN,
            Section::CheckFile => checks::CHECK_FILE,
            Section::Smtp => telling::SMTP,
            Section::Auth => server::AUTH,
            Section::PingKey => server::PING_KEY,
            Section::Token => server::TOKEN,
            Section::Compat => server::COMPAT,
            Section::CompatSystem => server::COMPAT_SYSTEM,
            Section::Alerting => telling::ALERTING,
            Section::Alertmanager => telling::ALERTMANAGER,
            Section::HttpConfig => telling::HTTP_CONFIG,
            Section::Authorization => telling::AUTHORIZATION,
            Section::BasicAuth => telling::BASIC_AUTH,
            Section::TlsConfig => telling::TLS_CONFIG,
            Section::Receiver => telling::RECEIVER,
            Section::Email => telling::EMAIL,
            Section::Webhook => telling::WEBHOOK,
            Section::Responder => telling::RESPONDER,
            Section::Action => telling::ACTION,
            Section::Retention => server::RETENTION,
            Section::PingRetention => server::PING_RETENTION,
            Section::Defaults => checks::DEFAULTS,
            Section::Check => checks::CHECK,
            Section::Expect => checks::EXPECT,
            Section::Quiet => checks::QUIET,
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
