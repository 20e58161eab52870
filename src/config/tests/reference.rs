use std::fmt::Write as _;

use super::{good, root};
use crate::compat::DOOR_KEYS;
use crate::config::keys::{self, DEFAULT_GRACE, Key, Kind, Need, Section};
use crate::config::parse_duration;
use crate::core::time::Span;
use crate::notify::RECEIVER;
use crate::notify::alertmanager::ALERTMANAGER;
use crate::notify::email::{EMAIL, SMTP};
use crate::notify::exec::{EXEC, EXEC_LIMITS};
use crate::notify::http_config::{AUTHORIZATION, BASIC_AUTH, HTTP_CONFIG, TLS_CONFIG};
use crate::notify::webhook::WEBHOOK;
use crate::probe::database::{DATABASE, MYSQL, POSTGRES, SQLITE};
use crate::probe::prometheus::PROMETHEUS;
use crate::yaml::units::parse_size;

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
    assert_eq!(policy.group_wait, span(&RECEIVER, "group_wait"));
    assert_eq!(policy.give_up_after, span(&RECEIVER, "give_up_after"));
    assert_eq!(policy.send_resolved.to_string(), default(&RECEIVER, "send_resolved"));
    let retention = &config.retention;
    assert_eq!(retention.max_age, span(&keys::PING_RETENTION, "max_age"));
    assert_eq!(retention.archived, span(&keys::RETENTION, "archived"));
    assert_eq!(retention.keep_at_least.to_string(), default(&keys::PING_RETENTION, "keep_at_least"));
    assert_eq!(retention.keep_at_most.to_string(), default(&keys::PING_RETENTION, "keep_at_most"));
    assert_eq!(Some(retention.max_body_bytes), parse_size(default(&keys::RETENTION, "bodies")));
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

A check is a few of these keys:

```yaml
checks:
  - name: nightly-backup          # pinged at /ping/nightly-backup
    cron: \"0 2 * * *\"
    timezone: Europe/Berlin
    grace: 30m
    labels: {team: dba}
```

- Durations are written as in Prometheus: `90s`, `15m`, `1h30m`, `7d`.
- Paths are relative to the file that names them.
- A cron expression needs quotes.
- An empty key is ignored; an unknown key is an error.
- Secrets are read from files of one line (`…_file`). For a first try they may be inline.

Time zones have IANA names (`Europe/Berlin`). Zone rules come from `$TZDIR` of the server if it is set, else from the newer of
`/usr/share/zoneinfo` (Debian's package `tzdata`) and the built-in copy, so that a container needs no `tzdata`.
`punctual --version`, `punctual_time_zones_info` and the first lines of the log say which are used. A change of the folder is
noticed at a reload, or within minutes. Keep `tzdata` up to date: rules change several times a year.
";

const SECTIONS: [(&Section, &str); 46] = [
    (&keys::MAIN, "The main file"),
    (&keys::CHECK_FILE, "A file of `check_files`"),
    (&keys::CHECK, "A check (`checks`)"),
    (&keys::EXPECT, "`expect` of a check"),
    (&keys::QUIET, "A quiet time (`quiet` of a check)"),
    (&keys::ASSERT, "`assert` of a check"),
    (&keys::DETECT, "`detect` of a check"),
    (&keys::REPORTED, "`reported` of an `assert`"),
    (&keys::HTTP_PROBE, "`http` of an `assert`"),
    (&keys::JSON_CONDITION, "A condition of `json` of an `http`"),
    (&keys::PROMQL_PROBE, "`promql` of an `assert`"),
    (&keys::SQL_PROBE, "`sql` of an `assert`"),
    (&keys::EXEC_PROBE, "`exec` of an `assert`"),
    (&PROMETHEUS, "A Prometheus (`prometheuses`)"),
    (&DATABASE, "A database (`databases`)"),
    (&SQLITE, "`sqlite` of a database"),
    (&POSTGRES, "`postgres` of a database"),
    (&MYSQL, "`mysql` of a database"),
    (&keys::DEFAULTS, "`defaults`"),
    (&RECEIVER, "A receiver (`receivers`)"),
    (&EMAIL, "`email` of a receiver or an action"),
    (&WEBHOOK, "`webhook` of a receiver"),
    (&EXEC, "`exec` of a receiver"),
    (&EXEC_LIMITS, "`limits` of `exec`"),
    (&keys::RESPONDER, "A responder (`responders`)"),
    (&keys::ACTION, "An action (`actions` of a responder)"),
    (&SMTP, "`smtp`"),
    (&keys::ALERTING, "`alerting`"),
    (&ALERTMANAGER, "An Alertmanager (`alerting.alertmanagers`)"),
    (&HTTP_CONFIG, "`http_config`"),
    (&AUTHORIZATION, "`authorization` of an `http_config`"),
    (&BASIC_AUTH, "`basic_auth` of an `http_config`"),
    (&TLS_CONFIG, "`tls_config`"),
    (&keys::AUTH, "`auth`"),
    (&keys::PING_KEY, "A ping key (`auth.ping_keys`)"),
    (&keys::TOKEN, "A token (`auth.tokens`)"),
    (&keys::PROXY, "`auth.proxy`"),
    (&keys::COMPAT, "`compat`"),
    (&keys::COMPAT_SYSTEM, "A system of `compat`"),
    (&keys::RETENTION, "`retention`"),
    (&keys::PING_RETENTION, "`retention.pings`"),
    (&keys::WEB, "The file of `--web.config.file`"),
    (&keys::TLS_SERVER, "`tls_server_config`"),
    (&keys::HTTP_SERVER, "`http_server_config`"),
    (&keys::HEADERS, "`headers` of `http_server_config`"),
    (&keys::RATE_LIMIT, "`rate_limit`"),
];

/// What a table of keys cannot say.
const NOTES: [(&Section, &str); 9] = [
    (
        &EMAIL,
        "What is left out is written as ever. [templates.md](templates.md) says what a template may contain.",
    ),
    (&keys::ASSERT, "[asserting.md](asserting.md) says how it is used."),
    (&keys::DETECT, "[asserting.md](asserting.md#what-has-happened) says how it is used."),
    (
        &keys::CHECK,
        "A check needs a schedule: `every`, `cron`, `periods` or `expect`. Only `cron` and `expect` go together. With `assert` it may have none, or `every` or `cron`.",
    ),
    (&keys::EXPECT, "`at_least`, `at_most` or both are needed."),
    (
        &keys::WEB,
        "It is in the format that Prometheus' exporters share, and `promtool check web-config` accepts it. Its paths are relative to it.",
    ),
    (&keys::EXEC_PROBE, "[commands.md](commands.md) says how it is run."),
    (&EXEC, "[commands.md](commands.md) says how it is run."),
    (&WEBHOOK, "[templates.md](templates.md) says what a template may contain."),
];

fn reference() -> String {
    let mut text = HEAD.to_owned();
    for (section, title) in SECTIONS {
        let doors = DOOR_KEYS.section();
        let section = if section == &doors { &doors } else { section };
        let _ = write!(text, "\n## {title}\n\n");
        if let Some((_, note)) = NOTES.iter().find(|(noted, _)| *noted == section) {
            let _ = write!(text, "{note}\n\n");
        }
        text.push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
        for key in section.keys.iter().filter(|key| !matches!(key.kind, Kind::Later)) {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                key.name,
                value(key),
                left_out(section, key),
                if matches!(key.kind, Kind::Told) { DOOR_KEYS.doc() } else { key.doc.to_owned() }
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
        Kind::SecretsByName => "names, each with a secret".to_owned(),
        Kind::WordsByName(words) => format!("names, each with {}", words.join(", ")),
        Kind::Json => "anything".to_owned(),
        Kind::Map(below) => format!("[keys](#{})", anchor(below)),
        Kind::Told => format!("[keys](#{})", anchor(&keys::COMPAT)),
        Kind::List(below) => format!("[list](#{})", anchor(below)),
        Kind::Later => unreachable!("keys that are not built are left out"),
    }
}

/// Where a link leads to a section: its heading as the page's readers make an anchor of it.
fn anchor(section: &Section) -> String {
    let (_, title) =
        SECTIONS.iter().find(|(known, _)| *known == section).expect("every section has a heading");
    let kept = title.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
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
