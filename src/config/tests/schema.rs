//! The JSON Schema for editors: it takes what we take, and refuses much of what we refuse.

use jsonschema::Validator;
use serde_json::Value;

use super::root;
use crate::compat::DOOR_KEYS;
use crate::config::{schema, schema_for_editors};

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema(&DOOR_KEYS)).expect("it is a schema")
}

fn read(text: &str) -> Option<Value> {
    serde_yaml::from_str(text).ok()
}

/// `docs/punctual.schema.json` is generated from the table of keys.
#[test]
fn the_schema_that_is_shipped_is_of_this_table() {
    let text = schema_for_editors(&DOOR_KEYS);
    let shipped = root().join("docs/punctual.schema.json");
    if std::fs::read_to_string(&shipped).ok().as_deref() != Some(&text) {
        let made = root().join("target/punctual.schema.json");
        std::fs::write(&made, &text).expect("target can be written");
        panic!("docs/punctual.schema.json is not of this table: cp target/punctual.schema.json docs/");
    }
}

#[test]
fn the_examples_are_as_the_schema_says() {
    let validator = validator();
    let example = std::fs::read_to_string(root().join("config.example.yaml")).expect("the example");
    let key = regex::Regex::new(r"(?m)^# ((?:[a-z_]+: ?|  ).*)$").expect("an expression");
    let uncommented = key.replace_all(&example, "$1").into_owned();
    let old =
        std::fs::read_to_string(root().join("tests/data/version-10/punctual.yaml")).expect("an old one");
    for text in [example, uncommented, old] {
        let value = read(&text).unwrap_or_else(|| panic!("it is YAML: {text}"));
        let faults: Vec<String> = validator
            .iter_errors(&value)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{faults:#?}\n{text}");
    }
    let empty = read("checks:\n  - name: a\n    every: 1h\n    labels:\n").expect("YAML");
    assert!(validator.is_valid(&empty), "an empty key is ignored");
}

/// What only the whole of the files tells, or the meaning of a text, no schema can refuse: `check-config` does.
#[test]
fn of_what_is_refused_the_schema_refuses_all_but_these() {
    let validator = validator();
    let mut taken: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(root().join("tests/bad-config")).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let main = if path.is_dir() { path.join("main.yaml") } else { path.clone() };
        let Ok(text) = std::fs::read_to_string(&main) else { continue };
        if read(&text).is_some_and(|value| validator.is_valid(&value)) {
            taken.push(path.file_name().expect("it has a name").to_string_lossy().into_owned());
        }
    }
    taken.sort();
    assert_eq!(taken.join("\n"), TAKEN.join("\n"));
}

const TAKEN: &[&str] = &[
    "action-email-without-smtp.yaml",
    "action-of-nothing.yaml",
    "action-of-two-kinds.yaml",
    "action-with.yaml",
    "administrator-unknown-receiver.yaml",
    "alertmanager-password-is-not-shown.yaml",
    "check-every-and-cron.yaml",
    "check-every-and-expect.yaml",
    "check-files-bad-pattern.yaml",
    "check-files-faults-in-all",
    "check-files-match-a-directory",
    "check-files-match-nothing.yaml",
    "check-names-twice",
    "check-timezone.yaml",
    "check-without-a-schedule.yaml",
    "depends-in-a-circle.yaml",
    "depends-in-a-long-circle.yaml",
    "depends-on-itself.yaml",
    "depends-on-nothing.yaml",
    "depends-on-what-could-not-be-read.yaml",
    "detect-with-resolve-after.yaml",
    "early-without-cron.yaml",
    "email-without-smtp.yaml",
    "emails-addresses.yaml",
    "emails-too-many.yaml",
    "emails-without-smtp.yaml",
    "expect-grace-not-below-the-gap.yaml",
    "http-config.yaml",
    "key-of-the-main-file",
    "label-name.yaml",
    "label-refused.yaml",
    "label-too-long.yaml",
    "labels-too-many-with-the-files",
    "labels-too-many.yaml",
    "max-checks.yaml",
    "mentions.yaml",
    "no-records-with-resolve-after.yaml",
    "ntfy-address.yaml",
    "periods.yaml",
    "ping-key-characters.yaml",
    "ping-key-checks.yaml",
    "ping-key-missing.yaml",
    "ping-key-twice.yaml",
    "ping-keys-of-one-name.yaml",
    "ping-keys-required-and-an-empty-list.yaml",
    "ping-keys-required-without-keys.yaml",
    "proxy-without-a-scope.yaml",
    "proxy.yaml",
    "receiver-named-as-a-check-s-own.yaml",
    "receiver-named-as-an-action-s-own.yaml",
    "receiver-of-two-kinds.yaml",
    "receiver-times.yaml",
    "receiver-without-a-kind.yaml",
    "receivers-of-one-name.yaml",
    "renamed.yaml",
    "resolve-after-too-short.yaml",
    "responder-intervals.yaml",
    "responder-matchers.yaml",
    "responder-unknown-receiver.yaml",
    "runbook-url.yaml",
    "runtimes.yaml",
    "secret-file-empty",
    "secret-file-is-a-directory",
    "secret-file-missing.yaml",
    "secret-file-of-several-lines",
    "smtp-half-a-login.yaml",
    "start-within.yaml",
    "timezone-without-effect.yaml",
    "tls-files",
    "token-characters.yaml",
    "token-twice.yaml",
    "tokens-of-one-name.yaml",
    "tokens-of-one-text.yaml",
    "value-empty.yaml",
    "value-of-several-lines.yaml",
    "value-too-many-items.yaml",
    "webhook-address-is-not-shown.yaml",
    "webhook-format-and-template.yaml",
    "webhook-template.yaml",
    "webhook-two-templates.yaml",
    "webhook-without-an-address.yaml",
    "window-without-effect.yaml",
    "yaml-tag.yaml",
];
