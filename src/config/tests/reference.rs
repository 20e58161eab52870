use std::fmt::Write as _;

use super::{good, root};
use crate::config::keys::{self, DEFAULT_GRACE, Key, Kind, Need, Section};
use crate::config::{parse_duration, units};
use crate::core::time::Span;

/// `docs/configuration.md` is generated from the table of keys.
#[test]
fn the_reference_has_every_key() {
    let text = reference();
    let docs = root().join("docs/configuration.md");
    if std::fs::read_to_string(&docs).ok().as_deref() != Some(&text) {
        let made = root().join("target/configuration.md");
        std::fs::create_dir_all(root().join("target")).expect("target can be made");
        std::fs::write(&made, &text).expect("target can be written");
        panic!("docs/configuration.md is not of this table: cp target/configuration.md docs/");
    }
}

/// The defaults in the table are those that are applied.
#[test]
fn defaults_are_as_the_table_says() {
    let text = "receivers: [{name: a, webhook: {url: 'http://127.0.0.1/'}}]\ndefault_receivers: [a]\n\
                checks: [{name: a, every: 1h}]";
    let config = good(text);
    let policy = &config.policy.receivers["a"];
    assert_eq!(policy.group_wait, span(&keys::RECEIVER, "group_wait"));
    assert_eq!(policy.give_up_after, span(&keys::RECEIVER, "give_up_after"));
    assert_eq!(policy.send_resolved.to_string(), default(&keys::RECEIVER, "send_resolved"));
    let retention = &config.retention;
    assert_eq!(retention.max_age, span(&keys::PING_RETENTION, "max_age"));
    assert_eq!(retention.archived, span(&keys::RETENTION, "archived"));
    assert_eq!(retention.keep_at_least.to_string(), default(&keys::PING_RETENTION, "keep_at_least"));
    assert_eq!(retention.keep_at_most.to_string(), default(&keys::PING_RETENTION, "keep_at_most"));
    assert_eq!(Some(retention.max_body_bytes), units::parse_size(default(&keys::RETENTION, "bodies")));
    assert_eq!(config.max_checks.to_string(), default(&keys::MAIN, "max_checks"));
    assert_eq!(config.checks[0].spec.grace, span(&keys::DEFAULTS, "grace"));
    assert_eq!(DEFAULT_GRACE, span(&keys::DEFAULTS, "grace"));
}

fn default(section: &Section, name: &str) -> &'static str {
    match section.key(name).expect("it is a key").need {
        Need::Default(text) => text,
        _ => panic!("{name} has no default"),
    }
}

fn span(section: &Section, name: &str) -> Span {
    parse_duration(default(section, name)).expect("it is a duration")
}

const HEAD: &str = "\
# Configuration

Every key of the files. `config.example.yaml` shows how they go together, `docs/semantics.md` says what is judged and
told, and `punctual check-config FILE` says what is wrong with a file and whom each check's messages reach.

Durations are written as in Prometheus (`90s`, `15m`, `1h30m`, `7d`). Paths are relative to the file that names them. A
cron expression needs quotes. A key that is left empty is as if it were not there; a key that is not known is a fault.
Secrets are read from files of one line (`…_file`), or stand in place for a first try.

Time zones have IANA names (`Europe/Berlin`). Their rules are those of the folder that the variable `TZDIR` of the server
names, as it is; else of `/usr/share/zoneinfo` (Debian's package `tzdata`), unless that is known to be older than the copy
in the program; else of that copy, so that a container needs none. `punctual --version`, `punctual_time_zones_info` and the
first lines of the log say which. A newer folder is taken at a reload, or within minutes: keep `tzdata` up to date, as rules
change some times in a year.
";

const SECTIONS: [(&Section, &str); 25] = [
    (&keys::MAIN, "The main file"),
    (&keys::CHECK_FILE, "A file of `check_files`"),
    (&keys::CHECK, "A check (`checks`)"),
    (&keys::EXPECT, "`expect` of a check"),
    (&keys::QUIET, "A quiet time (`quiet` of a check)"),
    (&keys::DEFAULTS, "`defaults`"),
    (&keys::RECEIVER, "A receiver (`receivers`)"),
    (&keys::EMAIL, "`email` of a receiver"),
    (&keys::WEBHOOK, "`webhook` of a receiver"),
    (&keys::RESPONDER, "A responder (`responders`)"),
    (&keys::ACTION, "An action (`actions` of a responder)"),
    (&keys::SMTP, "`smtp`"),
    (&keys::ALERTING, "`alerting`"),
    (&keys::ALERTMANAGER, "An Alertmanager (`alerting.alertmanagers`)"),
    (&keys::HTTP_CONFIG, "`http_config`"),
    (&keys::AUTHORIZATION, "`authorization` of an `http_config`"),
    (&keys::BASIC_AUTH, "`basic_auth` of an `http_config`"),
    (&keys::TLS_CONFIG, "`tls_config`"),
    (&keys::AUTH, "`auth`"),
    (&keys::PING_KEY, "A ping key (`auth.ping_keys`)"),
    (&keys::TOKEN, "A token (`auth.tokens`)"),
    (&keys::COMPAT, "`compat`"),
    (&keys::COMPAT_SYSTEM, "A system of `compat`"),
    (&keys::RETENTION, "`retention`"),
    (&keys::PING_RETENTION, "`retention.pings`"),
];

fn reference() -> String {
    let mut text = HEAD.to_owned();
    for (section, title) in SECTIONS {
        let _ = write!(text, "\n## {title}\n\n| key | value | left out | |\n|---|---|---|---|\n");
        for key in section.keys.iter().filter(|key| !matches!(key.kind, Kind::Later)) {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                key.name,
                value(key),
                left_out(section, key),
                key.doc
            );
        }
    }
    text
}

fn value(key: &Key) -> String {
    match key.kind {
        Kind::Text(max) => format!("text, at most {max} bytes"),
        Kind::Lines(max) => format!("text of several lines, at most {max} bytes"),
        Kind::Secret => "secret".to_owned(),
        Kind::Path => "path of a file".to_owned(),
        Kind::Texts => "text, or list of texts".to_owned(),
        Kind::Duration(min, max) => format!("duration, {min} to {max}"),
        Kind::Whole(min, max) => format!("number, {min} to {max}"),
        Kind::Size => "size, such as `500MB`".to_owned(),
        Kind::Flag => "true, false".to_owned(),
        Kind::OneOf(words) => words.join(", "),
        Kind::Labels => "labels, such as `{team: dba}`".to_owned(),
        Kind::Map(_) => "keys, see below".to_owned(),
        Kind::List(_) => "list, see below".to_owned(),
        Kind::Later => unreachable!("keys that are not built are left out"),
    }
}

fn left_out(section: &Section, key: &Key) -> String {
    match key.need {
        Need::Optional if section == &keys::CHECK && keys::DEFAULTS.key(key.name).is_some() => {
            "as in `defaults`".to_owned()
        }
        Need::Required => "required".to_owned(),
        Need::Default("") | Need::Optional => String::new(),
        Need::Default(text) => format!("`{text}`"),
    }
}
