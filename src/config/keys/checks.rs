//! The keys of checks and of files with checks.

use super::probes::{EXEC_PROBE, HTTP_PROBE, PROMQL_PROBE, SQL_PROBE};
use crate::core::assertion::Reported;
use crate::core::periods;
use crate::core::record::NamedRecords;
use crate::core::schedule::Expect;
use crate::core::time::Span;
use crate::yaml::section::Kind::{Duration, Flag, Labels, Later, List, Map, OneOf, Text, Texts, Whole};
use crate::yaml::section::Need::{Default, Optional, Required};
use crate::yaml::section::{
    DAY, Kind, MINUTE, MONTH, NAME, SECOND, Section, TEN_YEARS, URL, WEEK, YEAR, key,
};

pub(in crate::config) static CHECK_FILE: Section = Section {
    id: "check_file",
    title: "a file of `check_files`",
    keys: &[
        key("group", Text(NAME), Default(""), "The label `group` of every check in this file."),
        key("labels", Labels, Optional, "Labels of every check in this file; a check's own labels win."),
        key("defaults", Map(&DEFAULTS), Optional, "Defaults for the checks in this file."),
        key("checks", List(&CHECK), Optional, "What must happen, and when."),
    ],
};

/// The default of `grace`.
pub(in crate::config) const DEFAULT_GRACE: Span = Span::mins(5);

const GRACE_DOC: &str =
    "How late a success may be. With `expect` or `periods`: 0 unless the check itself has a `grace`.";
const FAILURES_DOC: &str = "Consecutive failures before it is failing.";
const UNKNOWNS_DOC: &str = "Only with `assert` or `detect`: consecutive results that cannot tell, before it is unknown for the reason `unprobed`.";
const SUCCESSES_DOC: &str = "Consecutive successes before it recovers.";
const EARLY_DOC: &str = "How early a ping may count for the next occurrence. Default: 5s or a quarter of the gap, whichever is less.";
const RESUME_DOC: &str = "If true, only `unpause` ends a run-time pause; a ping does not.";
const METHODS_DOC: &str = "`post`: GET is refused, so that link previews and crawlers do not ping.";
const METHODS: Kind = OneOf(&["any", "post"]);

pub(in crate::config) static DEFAULTS: Section = Section {
    id: "defaults",
    title: "`defaults`",
    keys: &[
        key("grace", Duration(Span::ZERO, TEN_YEARS), Default("5m"), GRACE_DOC),
        key("timezone", Text(64), Default("UTC"), "Time zone of cron expressions, by IANA name."),
        key("early", Duration(Span::ZERO, DAY), Optional, EARLY_DOC),
        key("failures_before_alert", Whole(1, 1000), Default("1"), FAILURES_DOC),
        key("successes_to_recover", Whole(1, 1000), Default("1"), SUCCESSES_DOC),
        key("manual_resume", Flag, Default("false"), RESUME_DOC),
        key("ping_methods", METHODS, Default("any"), METHODS_DOC),
    ],
};

pub(in crate::config) static CHECK: Section = Section {
    id: "check",
    title: "a check",
    keys: &[
        key("name", Text(NAME), Required, "The last part of the ping URL: a-z, 0-9, _ and -; unique."),
        key("title", Text(200), Optional, "The name for people."),
        key(
            "every",
            Duration(SECOND, TEN_YEARS),
            Optional,
            "The longest time between two successes, before `grace`.",
        ),
        key(
            "cron",
            Text(256),
            Optional,
            "A cron expression of five fields; a success is due at each occurrence.",
        ),
        key(
            "periods",
            Text(periods::MAX_LEN),
            Optional,
            "Interval in seconds, by cron pattern in UTC: `* * * * sat,sun 300; * * * * mon-fri 60`.",
        ),
        key("calendar", Later, Optional, "A schedule as in systemd's OnCalendar."),
        key("timezone", Text(64), Optional, "Time zone of the cron expression, by IANA name."),
        key("grace", Duration(Span::ZERO, TEN_YEARS), Optional, GRACE_DOC),
        key("early", Duration(Span::ZERO, DAY), Optional, EARLY_DOC),
        key(
            "expect",
            Map(&EXPECT),
            Optional,
            "How many successes: counted at each occurrence of `cron`, or all the time without it.",
        ),
        key(
            "window",
            Duration(SECOND, WEEK),
            Default("24h"),
            "Window for `punctual_check_count_in_window`; only with `cron` and no `expect`.",
        ),
        key("max_runtime", Duration(SECOND, YEAR), Optional, "How long a run may take."),
        key(
            "min_runtime",
            Duration(SECOND, YEAR),
            Optional,
            "A success sooner than this after its start is a failure.",
        ),
        key(
            "start_within",
            Duration(SECOND, YEAR),
            Optional,
            "A start must come within this time after due; at most `grace`.",
        ),
        key(
            "overlap",
            OneOf(&["allowed", "fail"]),
            Default("allowed"),
            "`fail`: two runs at a time are a failure.",
        ),
        key("failures_before_alert", Whole(1, 1000), Optional, FAILURES_DOC),
        key("successes_to_recover", Whole(1, 1000), Optional, SUCCESSES_DOC),
        key("unknowns_before_alert", Whole(1, 1000), Default("3"), UNKNOWNS_DOC),
        key("manual_resume", Flag, Optional, RESUME_DOC),
        key(
            "paused",
            Flag,
            Default("false"),
            "If true, the check is not judged, until the file says otherwise.",
        ),
        key("ping_methods", METHODS, Optional, METHODS_DOC),
        key(
            "group",
            Text(NAME),
            Optional,
            "Its group, which is the label `group`. Default: that of its file.",
        ),
        key("labels", Labels, Optional, "Labels for metrics, alerts and matchers."),
        key(
            "description",
            Kind::Lines(4096),
            Optional,
            "Text for people, shown on its page and in messages.",
        ),
        key("runbook_url", Text(URL), Optional, "URL of the instructions for whoever is told."),
        key(
            "ref",
            Text(64),
            Optional,
            "Six characters that stand for this check in code; unique. Default: made of its first name.",
        ),
        key(
            "depends_on",
            Texts,
            Optional,
            "While one of these checks is late or failing, messages about this one are held. The shipped Prometheus rules ignore it.",
        ),
        key("quiet", List(&QUIET), Optional, "Times in which messages are held."),
        key(
            "emails",
            Texts,
            Optional,
            "Mail addresses that are told of this check at once, whatever responders do.",
        ),
        key("renamed_from", Texts, Optional, "Former names of this check; it continues their history."),
        key(
            "assert",
            Map(&ASSERT),
            Optional,
            "What should hold: results say whether it does, and no job pings it.",
        ),
        key(
            "detect",
            Map(&DETECT),
            Optional,
            "What may happen: results name what has, of which each is told once, and no job pings it.",
        ),
    ],
};

pub(in crate::config) static EXPECT: Section = Section {
    id: "expect",
    title: "`expect`",
    keys: &[
        key("at_least", Whole(1, Expect::MAX_COUNT as u64), Optional, "Fewer than this: late."),
        key("at_most", Whole(0, Expect::MAX_COUNT as u64), Optional, "More than this: failing."),
        key("within", Duration(SECOND, TEN_YEARS), Required, "The window in which successes are counted."),
    ],
};

pub(in crate::config) static ASSERT: Section = Section {
    id: "assert",
    title: "`assert`",
    keys: &[
        key(
            "reported",
            Map(&REPORTED),
            Optional,
            "A program looks, and reports what it found: by `report` of the command, or through the API.",
        ),
        key("http", Map(&HTTP_PROBE), Optional, "punctual looks itself, by a request."),
        key("promql", Map(&PROMQL_PROBE), Optional, "punctual looks itself, by a query to a Prometheus."),
        key("sql", Map(&SQL_PROBE), Optional, "punctual looks itself, by a query to a database."),
        key(
            "exec",
            Map(&EXEC_PROBE),
            Optional,
            "punctual looks itself, by a command of this machine, if `--config.allow-exec` is given. It holds with exit status 0, \
             and is violated with 1 and 2.",
        ),
        key(
            "records",
            Flag,
            Default("true"),
            "Whether results may name what violates it, one by one (records). If false, they are about the whole.",
        ),
        key(
            "max_records",
            Whole(1, NamedRecords::MOST as u64),
            Default("1000"),
            "A result that names more records than this makes nothing begin or end: it is failing for the reason \
              `too_many_records`.",
        ),
    ],
};

pub(in crate::config) static DETECT: Section = Section {
    id: "detect",
    title: "`detect`",
    keys: &[
        key(
            "remember",
            Text(64),
            Required,
            "How long a key that was found is remembered, and not told again: `1m` to `3650d`, or `forever`.",
        ),
        key(
            "reported",
            Map(&REPORTED),
            Optional,
            "A program looks, and reports what it found, as with `assert`.",
        ),
        key("promql", Map(&PROMQL_PROBE), Optional, "punctual looks itself, by a query to a Prometheus."),
        key("sql", Map(&SQL_PROBE), Optional, "punctual looks itself, by a query to a database."),
        key(
            "max_records",
            Whole(1, NamedRecords::MOST as u64),
            Default("1000"),
            "A result that names more than this makes nothing of it known: it is failing for the reason \
              `too_many_records`.",
        ),
        key(
            "exec",
            Map(&EXEC_PROBE),
            Optional,
            "punctual looks itself, by a command of this machine, which names what it has found: `records: jsonl`.",
        ),
    ],
};

pub(in crate::config) static REPORTED: Section = Section {
    id: "reported",
    title: "`reported`",
    keys: &[
        key(
            "reporter",
            Text(Reported::MAX_NAME_BYTES),
            Optional,
            "Which program reports: it asks by this name what is due. Default: none in particular.",
        ),
        key(
            "by",
            Text(Reported::MAX_NAME_BYTES),
            Optional,
            "For the reporter: which of its functions, for example.",
        ),
        key("args", Kind::Json, Optional, "For the reporter: anything, at most 4096 bytes as JSON."),
        key(
            "resolve_after",
            Duration(MINUTE, TEN_YEARS),
            Optional,
            "So long after it was begun by itself (`POST …/records`), the last time, a record ends by itself. Default: it does not.",
        ),
    ],
};

pub(in crate::config) static QUIET: Section = Section {
    id: "quiet",
    title: "a quiet time",
    keys: &[
        key("cron", Text(256), Required, "When it begins."),
        key("calendar", Later, Optional, "When it begins, as in systemd's OnCalendar."),
        key("for", Duration(MINUTE, MONTH), Required, "How long it lasts."),
        key("timezone", Text(64), Optional, "Time zone of `cron`, by IANA name. Default: that of the check."),
    ],
};
