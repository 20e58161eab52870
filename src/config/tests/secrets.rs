//! Whatever is wrong around a secret, no part of the secret is shown.

use super::{good, load_files};
use crate::config::keys::{self, Kind, Section};
use crate::notify::email::SMTP;
use crate::notify::http_config::{AUTHORIZATION, BASIC_AUTH, HTTP_CONFIG};
use crate::notify::webhook::WEBHOOK;
use crate::probe::database::{MYSQL, POSTGRES};

const SECRET: &str = "S3cr3tW0rd";

/// Where each secret belongs: the section, its key, what precedes it in blocks, and what surrounds it in braces.
const PLACES: &[(&Section, &str, &str, [&str; 2])] = &[
    (
        &SMTP,
        "password",
        "smtp:\n  host: m\n  from: a@b\n  username: u\n  ",
        ["smtp: {host: m, from: a@b, username: u, ", "}"],
    ),
    (
        &keys::PING_KEY,
        "key",
        "auth:\n  ping_keys:\n    - name: a\n      ",
        ["auth: {ping_keys: [{name: a, ", "}]}"],
    ),
    (
        &keys::TOKEN,
        "token",
        "auth:\n  tokens:\n    - name: a\n      scope: read\n      ",
        ["auth: {tokens: [{name: a, scope: read, ", "}]}"],
    ),
    (
        &keys::COMPAT_SYSTEM,
        "auth_key",
        "compat:\n  coal_mine:\n    enabled: true\n    ",
        ["compat: {coal_mine: {enabled: true, ", "}}"],
    ),
    (
        &WEBHOOK,
        "url",
        "receivers:\n  - name: a\n    webhook:\n      format: slack\n      ",
        ["receivers: [{name: a, webhook: {format: slack, ", "}}]"],
    ),
    (&MYSQL, "url", "databases:\n  - name: a\n    mysql:\n      ", ["databases: [{name: a, mysql: {", "}}]"]),
    (
        &POSTGRES,
        "url",
        "databases:\n  - name: a\n    postgres:\n      ",
        ["databases: [{name: a, postgres: {", "}}]"],
    ),
    (
        &HTTP_CONFIG,
        "proxy_url",
        "alerting:\n  alertmanagers:\n    - url: http://a\n      http_config:\n        ",
        ["alerting: {alertmanagers: [{url: 'http://a', http_config: {", "}}]}"],
    ),
    (
        &AUTHORIZATION,
        "credentials",
        "alerting:\n  alertmanagers:\n    - url: http://a\n      http_config:\n        authorization:\n          ",
        ["alerting: {alertmanagers: [{url: 'http://a', http_config: {authorization: {", "}}}]}"],
    ),
    (
        &BASIC_AUTH,
        "password",
        "alerting:\n  alertmanagers:\n    - url: http://a\n      http_config:\n        basic_auth:\n          username: u\n          ",
        ["alerting: {alertmanagers: [{url: 'http://a', http_config: {basic_auth: {username: u, ", "}}}]}"],
    ),
];

/// What people write: K is the key, S the secret, I the indentation.
const WRITTEN: &[&str] = &[
    "K: *S",
    "K: @S",
    "K: &S",
    "K: !S",
    "K: %S",
    "K: `S",
    "K: \"S",
    "K: 'S",
    "K: [S",
    "K: [S]",
    "K: {S",
    "K: {S}",
    "K: {S: S}",
    "K: {S: 1, S: 2}",
    "K: |S",
    "K: >S",
    "K: - S",
    "K: ? S",
    "K: S: x",
    "K: x: S",
    "K: x\nS",
    "K: x\nIS",
    "K: x\nI  S",
    "K: x\nIS: x",
    "K: x\nI  S: x",
    "K:S",
    "K S",
    "K=S",
    "K;S",
    "K : S : S",
    "K: \tS",
    "\tK: S",
    "K: \"\\S\"",
    "K: \"S\" S",
    "K: 'S' S",
    "K: 'S'S'",
    "K: \"S\"S\"",
    "K: <<S",
    "<<: S",
    "<<: *S",
    "<<: [S]",
    "K: !!S x",
    "K: !<S> x",
    "K: !S!S x",
    "K: S\u{1}",
    "K: #S",
    "K: *a S",
    "K: &a *S",
    "K: &a @S",
    "K: S\nIK: S",
    "K: ]S",
    "K: }S",
    "K: ,S",
    "K: ? S\nI  : x",
    "S",
    "*S",
    "@S: x",
    "*S: x",
    "S: x",
    "? S",
    "? S\nI: x",
    "Ks: S",
    "K.S: x",
    "K-S: x",
    "KS: x",
    "kS",
    "%TAG ! S",
    "--- S",
    "K: |\nI  S\nI x",
    "K: |\nI S",
    "K: S # x: y",
    "K: [{S: *S}]",
    "K: [*S, @S]",
    "K: * S",
    "K: *,S",
    "K: *-S",
    "K: */S",
    "K: -S",
    "K: \u{feff}S",
    "K: S\u{7f}",
    "K: [S]: x",
    "K: {x: *S}",
    "K: {x: @S}",
    "K: &x S\nI*x : S",
    "K:\nI  - S",
    "K:\nI  S: S",
    "K:\nI  *S",
    "K:\nI  @S",
    "K_file: x\nIK: *S",
    "K: S\nIS",
    "K: [*S",
    "K: {*S",
    "K: \"*S",
    "S: *S",
    "S: @S",
    "x: *S",
    "cron2: @S",
    "K: ''S",
    "K: S'",
    "K: !S *S",
    "K: %S\nIK: @S",
];

#[test]
fn no_fault_and_no_warning_says_any_part_of_a_secret() {
    let mut refused = 0;
    for (_, key, block, [before, behind]) in PLACES {
        let indentation = " ".repeat(block.len() - block.trim_end_matches(' ').len());
        for written in WRITTEN {
            let entry = written.replace('I', &indentation).replace('K', key).replace('S', SECRET);
            let texts = [format!("{block}{entry}\n"), format!("{before}{entry}{behind}\n")];
            for text in texts {
                let said = match load_files(&[("main.yaml", &text)]).0 {
                    Ok(config) => format!("{:?}", config.warnings),
                    Err(faults) => {
                        refused += 1;
                        faults.list.iter().map(|fault| format!("{}\n", fault.message)).collect()
                    }
                };
                for part in ["S3cr", "3tW0", "W0rd"] {
                    assert!(!said.contains(part), "{text}\n{said}");
                }
            }
        }
    }
    assert!(refused > 1000, "only {refused} were refused");
}

/// Every secret in the table of keys is among the places above.
#[test]
fn every_secret_of_the_table_has_a_place() {
    for section in keys::MAIN.with_all_below().into_iter().chain([&keys::COMPAT_SYSTEM]) {
        for key in section.keys.iter().filter(|key| matches!(key.kind, Kind::Secret)) {
            let has = PLACES.iter().any(|(known, name, ..)| *known == section && *name == key.name);
            assert!(has, "{} of {section:?}", key.name);
        }
    }
}

#[test]
fn a_password_in_the_url_of_a_database_is_a_secret_by_itself() {
    let config = good(
        "databases: [{name: a, postgres: {url: 'postgres://a:p%40ss@localhost/c'}}]\nchecks: [{name: a, every: 1h}]\n",
    );
    assert!(config.secrets.iter().any(|secret| secret.expose() == "p@ss"));
    assert!(!format!("{:?}", config.databases).contains("p@ss"));
}
