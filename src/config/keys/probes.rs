//! The keys of what punctual looks at itself.

use crate::notify::exec::EXEC_LIMITS;
use crate::yaml::section::Kind::{self, Duration, Flag, Lines, List, Map, OneOf, Text, Texts};
use crate::yaml::section::Need::{Default, Optional, Required};
use crate::yaml::section::{HOUR, MINUTE, NAME, SECOND, Section, URL, YEAR, key};

/// The longest query, in bytes.
const QUERY: usize = 16 * 1024;

pub(in crate::config) static HTTP_PROBE: Section = Section {
    id: "http_probe",
    title: "`http` of an `assert`",
    keys: &[
        key(
            "url",
            Text(URL),
            Required,
            "What is asked for, by GET. It is shown on pages, and has no password.",
        ),
        key(
            "timeout",
            Duration(SECOND, MINUTE),
            Default("10s"),
            "How long a look may take; never more than half of its period.",
        ),
        key("status", Texts, Default("200-299"), "The statuses that are well, as `200` or `200-299`."),
        key("body", Text(1024), Optional, "A regular expression that matches in the first MiB of the body."),
        key("json", List(&JSON_CONDITION), Optional, "What values of the body must be."),
        key(
            "certificate_expires_in",
            Duration(MINUTE, YEAR),
            Optional,
            "The server's certificate is good for longer than this.",
        ),
        key("follow_redirects", Flag, Default("true"), "At most five redirects are followed."),
        key(
            "unreachable",
            OneOf(&["violated", "unknown"]),
            Default("violated"),
            "What it means that there is no answer: no name, no connection, no TLS, or not in time.",
        ),
    ],
};

pub(in crate::config) static JSON_CONDITION: Section = Section {
    id: "json_condition",
    title: "a condition of `json`",
    keys: &[
        key("pointer", Text(256), Required, "Where the value stands (RFC 6901), as `/queue/length`."),
        key("equals", Kind::Json, Optional, "It is this."),
        key("not_equals", Kind::Json, Optional, "It is there, and not this."),
        key("matches", Text(1024), Optional, "It is a text in which this regular expression matches."),
        key("above", Kind::Json, Optional, "It is a number above this."),
        key("below", Kind::Json, Optional, "It is a number below this."),
    ],
};

pub(in crate::config) static PROMQL_PROBE: Section = Section {
    id: "promql_probe",
    title: "`promql` of an `assert`",
    keys: &[
        key("prometheus", Text(NAME), Required, "Which of `prometheuses` is asked."),
        key("query", Lines(QUERY), Required, "An instant query. Each series that it answers violates."),
        key("key", Texts, Optional, "The labels by which a series is known again. Default: all of them."),
        key(
            "title",
            Text(1024),
            Optional,
            "What a series is called: a text in which `{job}` stands for a label, and `{value}` for the value.",
        ),
        key(
            "timeout",
            Duration(SECOND, MINUTE),
            Default("10s"),
            "How long a look may take; never more than half of its period.",
        ),
    ],
};

pub(in crate::config) static SQL_PROBE: Section = Section {
    id: "sql_probe",
    title: "`sql` of an `assert`",
    keys: &[
        key("database", Text(NAME), Required, "Which of `databases` is asked."),
        key("query", Lines(QUERY), Required, "One SELECT. Each row that it answers violates."),
        key("key", Texts, Optional, "The columns by which a row is known again. Default: the first one."),
        key(
            "title",
            Text(1024),
            Optional,
            "What a row is called: a text in which `{email}` stands for the value of that column.",
        ),
        key(
            "want",
            OneOf(&["none", "some"]),
            Default("none"),
            "With `some` it is violated if no row comes, and not by rows.",
        ),
        key(
            "timeout",
            Duration(SECOND, MINUTE),
            Default("10s"),
            "How long a look may take; never more than half of its period.",
        ),
    ],
};

pub(in crate::config) static EXEC_PROBE: Section = Section {
    id: "exec_probe",
    title: "`exec` of an `assert`",
    keys: &[
        key(
            "command",
            Texts,
            Required,
            "The path of the program, and its arguments. No shell reads them, and pages show them.",
        ),
        key(
            "timeout",
            Duration(SECOND, HOUR),
            Default("60s"),
            "It is killed when it takes longer; never more than half of its period.",
        ),
        key("limits", Map(&EXEC_LIMITS), Optional, "How much it may take."),
        key(
            "records",
            OneOf(&["none", "jsonl"]),
            Default("none"),
            "With `jsonl` each line that it writes is a record that violates, in JSON: `{\"key\": …, \"title\": …, \"details\": …, \
             \"labels\": …}`.",
        ),
    ],
};
