//! The keys of the server: the main file, access, and retention.

use super::{checks, telling};
use crate::notify::RECEIVER;
use crate::notify::email::SMTP;
use crate::probe::database::DATABASE;
use crate::probe::prometheus::PROMETHEUS;
use crate::yaml::section::Kind::{
    Duration, Flag, List, Map, OneOf, Path, Secret, Size, Text, Texts, Told, Whole, WordsByName,
};
use crate::yaml::section::Need::{Default, Optional, Required};
use crate::yaml::section::{DAY, HOUR, NAME, Section, TEN_YEARS, key};

/// The most checks of a server, and the default of `max_checks`.
pub const MAX_CHECKS: usize = 1_000_000;

pub(in crate::config) static MAIN: Section = Section {
    id: "main",
    title: "the main file",
    keys: &[
        key("checks", List(&checks::CHECK), Optional, "What must happen, and when."),
        key(
            "check_files",
            Texts,
            Optional,
            "Files with more checks: paths or patterns, relative to this file.",
        ),
        key("defaults", Map(&checks::DEFAULTS), Optional, "Defaults for the checks in all files."),
        key(
            "max_checks",
            Whole(1, MAX_CHECKS as u64),
            Default("1000000"),
            "The most checks that there may be, from files and through the API.",
        ),
        key("receivers", List(&RECEIVER), Optional, "Where messages go."),
        key("default_receivers", Texts, Optional, "Told when no responder matches."),
        key(
            "administrators",
            Texts,
            Optional,
            "Told where diagnoses need people; `default_receivers` where left out.",
        ),
        key("responders", List(&telling::RESPONDER), Optional, "Routing by labels; every match is used."),
        key("smtp", Map(&SMTP), Optional, "How mail leaves."),
        key("alerting", Map(&telling::ALERTING), Optional, "The Alertmanagers that get every alert."),
        key("auth", Map(&AUTH), Optional, "Who may ping, and who may use the API."),
        key("compat", Told, Optional, ""),
        key("prometheuses", List(&PROMETHEUS), Optional, "Whom `promql` of an `assert` asks."),
        key("databases", List(&DATABASE), Optional, "Which databases `sql` of an `assert` asks."),
        key("retention", Map(&RETENTION), Optional, "How much history is kept."),
    ],
};

pub(in crate::config) static AUTH: Section = Section {
    id: "auth",
    title: "`auth`",
    keys: &[
        key(
            "ping_keys",
            List(&PING_KEY),
            Optional,
            "Keys for pings. Without any: whoever reaches the port may ping.",
        ),
        key(
            "ping_keys_required",
            Flag,
            Default("true"),
            "Set to `false` during migration: pings without a key are accepted.",
        ),
        key(
            "tokens",
            List(&TOKEN),
            Optional,
            "Tokens for the API and for pages. Without any: everybody may read, nobody may write.",
        ),
        key(
            "users",
            WordsByName(&["read", "operate", "write"]),
            Optional,
            "What people of `basic_auth_users` (`--web.config.file`) may do, by name. Default: `read`.",
        ),
        key("proxy", Map(&PROXY), Optional, "The proxy in front, and what it is believed."),
        key(
            "anonymous",
            OneOf(&["read", "none"]),
            Optional,
            "What may be seen at the API and on pages by whoever is not known: `read` is everything, and is the default where there are no tokens, no people and no proxy that names people; else `none`.",
        ),
        key(
            "metrics",
            OneOf(&["open", "token"]),
            Optional,
            "Who may scrape `/metrics`: whoever reaches the port (`open`), or whoever has a token or a password and may read (`token`, the default where there are people).",
        ),
    ],
};

const CHECKS_DOC: &str = "Matchers over labels, check and group, such as `group=\"shop\"`: it pings these checks and no other. A token needs the scope `ping` for that.";

pub(in crate::config) static TOKEN: Section = Section {
    id: "token",
    title: "a token",
    keys: &[
        key("name", Text(NAME), Required, "Whose token it is, for logs."),
        key(
            "scope",
            OneOf(&["read", "ping", "operate", "write"]),
            Required,
            "What it may do: `operate` is for people on call, `write` includes the others.",
        ),
        key("token", Secret, Optional, "The token (inline)."),
        key("token_file", Path, Optional, "File that contains the token."),
        key("checks", Texts, Optional, CHECKS_DOC),
    ],
};

pub(in crate::config) static PROXY: Section = Section {
    id: "proxy",
    title: "`auth.proxy`",
    keys: &[
        key(
            "from",
            Texts,
            Required,
            "Where it is, as addresses or CIDR: from there, and from nowhere else, `X-Forwarded-For` and `X-Forwarded-Proto` are believed.",
        ),
        key(
            "user_header",
            Text(NAME),
            Optional,
            "The header in which it says who somebody is, which it must set itself in every request; together with `scope`.",
        ),
        key(
            "scope",
            OneOf(&["read", "operate", "write"]),
            Optional,
            "What whoever it names may do on pages.",
        ),
    ],
};

pub(in crate::config) static PING_KEY: Section = Section {
    id: "ping_key",
    title: "a ping key",
    keys: &[
        key("name", Text(NAME), Required, "Whose key it is, for logs."),
        key("key", Secret, Optional, "The key (inline)."),
        key("key_file", Path, Optional, "File that contains the key."),
        key("checks", Texts, Optional, CHECKS_DOC),
    ],
};

/// Without its keys, which are the doors'.
pub(in crate::config) const COMPAT: Section = Section { id: "compat", title: "`compat`", keys: &[] };

pub(in crate::config) static COMPAT_SYSTEM: Section = Section {
    id: "compat_system",
    title: "a system of `compat`",
    keys: &[
        key("enabled", Flag, Required, "Whether this interface answers."),
        key(
            "auth_key",
            Secret,
            Optional,
            "Its `auth_key` (inline). Without any: whoever reaches the port may use this interface.",
        ),
        key("auth_key_file", Path, Optional, "File that contains its `auth_key`."),
        key(
            "trigger",
            OneOf(&["open", "id", "key"]),
            Optional,
            "What a trigger needs: `open` nothing, `id` the ID, `key` the `auth_key`. Default: `id` if pings need keys, else `open`.",
        ),
    ],
};

pub(in crate::config) static RETENTION: Section = Section {
    id: "retention",
    title: "`retention`",
    keys: &[
        key("pings", Map(&PING_RETENTION), Optional, "How many pings of each check are kept."),
        key("bodies", Size, Default("1GB"), "Space for the bodies of all pings together."),
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
            "The newest pings of a check, kept whatever their age; at most `keep_at_most`.",
        ),
        key(
            "keep_at_most",
            Whole(1, 1_000_000),
            Default("1000"),
            "The most pings of a check, whatever their age.",
        ),
        key(
            "max_age",
            Duration(HOUR, TEN_YEARS),
            Default("7d"),
            "Older pings are deleted, except the newest `keep_at_least`.",
        ),
    ],
};
