//! The keys of checks and of files with checks.

use super::key::Kind::{Duration, Flag, Labels, Later, List, Map, OneOf, Text, Texts, Whole};
use super::key::Need::{Default, Optional, Required};
use super::key::{DAY, Kind, MINUTE, MONTH, NAME, SECOND, Section, TEN_YEARS, URL, WEEK, YEAR, key};
use crate::core::periods;
use crate::core::schedule::Expect;
use crate::core::time::Span;

pub(in crate::config) static CHECK_FILE: Section = Section {
    id: "check_file",
    title: "a file of `check_files`",
    keys: &[
        key("group", Text(NAME), Default(""), "The label `group` of every check in this file."),
        key("labels", Labels, Optional, "Labels of every check in this file; a check's own come first."),
        key("defaults", Map(&DEFAULTS), Optional, "What checks of this file are where they say nothing."),
        key("checks", List(&CHECK), Optional, "What must happen, and when."),
    ],
};

const GRACE_DOC: &str =
    "How long after a due time it may still happen. With `expect` or `periods`: 0 unless the check says so.";
const FAILURES_DOC: &str = "So many failures in a row make it failing.";
const SUCCESSES_DOC: &str = "So many successes in a row end it.";
const EARLY_DOC: &str =
    "How long before an occurrence a ping already serves it. Left out: 5s, at most a quarter of the gap.";
const RESUME_DOC: &str = "A ping does not end a pause made at run time.";
const METHODS_DOC: &str = "`post`: a link's preview or a crawler is no ping.";
const METHODS: Kind = OneOf(&["any", "post"]);

pub(in crate::config) static DEFAULTS: Section = Section {
    id: "defaults",
    title: "`defaults`",
    keys: &[
        key("grace", Duration(Span::ZERO, TEN_YEARS), Default("5m"), GRACE_DOC),
        key("timezone", Text(64), Default("UTC"), "The IANA name of the zone of cron expressions."),
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
            Map(&EXPECT),
            Optional,
            "How many successes, counted at each occurrence or all the time.",
        ),
        key(
            "window",
            Duration(SECOND, WEEK),
            Default("24h"),
            "The window of count_in_window, with cron alone.",
        ),
        key("max_runtime", Duration(SECOND, YEAR), Optional, "How long a run may take."),
        key(
            "min_runtime",
            Duration(SECOND, YEAR),
            Optional,
            "A success sooner after its start is a failure.",
        ),
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
        key("quiet", List(&QUIET), Optional, "Times in which messages are held."),
        key("emails", Texts, Optional, "Addresses that the check itself mails, beside what responders say."),
        key("renamed_from", Texts, Optional, "Former names, whose history this check continues."),
        key("assert", Later, Optional, "A probe that punctual runs itself."),
    ],
};

pub(in crate::config) static EXPECT: Section = Section {
    id: "expect",
    title: "`expect`",
    keys: &[
        key("at_least", Whole(1, Expect::MAX_COUNT as u64), Optional, "Fewer successes are late."),
        key("at_most", Whole(0, Expect::MAX_COUNT as u64), Optional, "More successes are failing."),
        key("within", Duration(SECOND, YEAR), Required, "The window in which they count."),
    ],
};

pub(in crate::config) static QUIET: Section = Section {
    id: "quiet",
    title: "a quiet time",
    keys: &[
        key("cron", Text(256), Required, "When it begins."),
        key("calendar", Later, Optional, "When it begins, as in systemd's OnCalendar."),
        key("for", Duration(MINUTE, MONTH), Required, "How long it lasts."),
        key("timezone", Text(64), Optional, "The IANA name of the zone. Left out: the check's."),
    ],
};
