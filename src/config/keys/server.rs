//! The keys of the server: the main file, access, and retention.

use super::key::Kind::{Duration, Flag, Later, List, Map, OneOf, Path, Secret, Size, Text, Texts, Whole};
use super::key::Need::{Default, Optional, Required};
use super::key::{DAY, HOUR, MAX_CHECKS, NAME, Section, TEN_YEARS, key};
use super::{checks, telling};

pub(in crate::config) static MAIN: Section = Section {
    id: "main",
    title: "the main file",
    keys: &[
        key("smtp", Map(&telling::SMTP), Optional, "How mail leaves."),
        key("auth", Map(&AUTH), Optional, "Who may ping, and who may use the API."),
        key("alerting", Map(&telling::ALERTING), Optional, "The Alertmanagers that get every alert."),
        key("receivers", List(&telling::RECEIVER), Optional, "Where messages go."),
        key("default_receivers", Texts, Optional, "The receivers told when no responder matches."),
        key(
            "responders",
            List(&telling::RESPONDER),
            Optional,
            "Which incidents get which actions; all that match act.",
        ),
        key("compat", Map(&COMPAT), Optional, "The interfaces of other systems, for their users."),
        key("databases", Later, Optional, "The databases of sql probes."),
        key("retention", Map(&RETENTION), Optional, "How much history is kept."),
        key(
            "defaults",
            Map(&checks::DEFAULTS),
            Optional,
            "What checks are where they say nothing, in every file.",
        ),
        key(
            "check_files",
            Texts,
            Optional,
            "Files with more checks: paths or patterns, relative to this file.",
        ),
        key("checks", List(&checks::CHECK), Optional, "What must happen, and when."),
        key("max_checks", Whole(1, MAX_CHECKS as u64), Default("1000000"), "The most checks there may be."),
    ],
};

pub(in crate::config) static AUTH: Section = Section {
    id: "auth",
    title: "`auth`",
    keys: &[
        key("ping_keys", List(&PING_KEY), Optional, "Who may ping. None: whoever reaches the port."),
        key("ping_keys_required", Flag, Default("true"), "`false` while jobs still ping without a key."),
        key(
            "tokens",
            List(&TOKEN),
            Optional,
            "Who may use the API. None: everybody may read, nobody may write.",
        ),
    ],
};

pub(in crate::config) static TOKEN: Section = Section {
    id: "token",
    title: "a token",
    keys: &[
        key("name", Text(NAME), Required, "Whose token it is, for logs."),
        key(
            "scope",
            OneOf(&["read", "ping", "operate", "write"]),
            Required,
            "What it is good for: `operate` for what people on call do, `write` for all.",
        ),
        key("token", Secret, Optional, "The token, in place."),
        key("token_file", Path, Optional, "The file with the token."),
    ],
};

pub(in crate::config) static PING_KEY: Section = Section {
    id: "ping_key",
    title: "a ping key",
    keys: &[
        key("name", Text(NAME), Required, "Whose key it is, for logs."),
        key("key", Secret, Optional, "The key, in place."),
        key("key_file", Path, Optional, "The file with the key."),
    ],
};

pub(in crate::config) static COMPAT: Section = Section {
    id: "compat",
    title: "`compat`",
    keys: &[
        key("coal_mine", Map(&COMPAT_SYSTEM), Optional, "coal-mine: `/coal-mine/v1/canary/…` and `/ID`."),
        key(
            "nights_watch",
            Map(&COMPAT_SYSTEM),
            Optional,
            "Night's Watch: `/nights-watch/v1/watcher/…` and `/ID`.",
        ),
        key("affirmative", Later, Optional, "Affirmative."),
        key("healthchecks", Later, Optional, "Healthchecks."),
    ],
};

pub(in crate::config) static COMPAT_SYSTEM: Section = Section {
    id: "compat_system",
    title: "a system of `compat`",
    keys: &[
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
    ],
};

pub(in crate::config) static RETENTION: Section = Section {
    id: "retention",
    title: "`retention`",
    keys: &[
        key("pings", Map(&PING_RETENTION), Optional, "How many pings of a check are kept."),
        key("bodies", Size, Default("1GB"), "The budget of all bodies of pings together."),
        key(
            "archived",
            Duration(DAY, TEN_YEARS),
            Default("30d"),
            "How long the history of removed checks is kept.",
        ),
    ],
};

pub(in crate::config) static PING_RETENTION: Section = Section {
    id: "ping_retention",
    title: "`retention.pings`",
    keys: &[
        key(
            "keep_at_least",
            Whole(0, 1_000_000),
            Default("100"),
            "The newest pings, kept whatever their age.",
        ),
        key("keep_at_most", Whole(1, 1_000_000), Default("1000"), "The most pings of a check."),
        key("max_age", Duration(HOUR, TEN_YEARS), Default("7d"), "Older pings go, but for keep_at_least."),
    ],
};
