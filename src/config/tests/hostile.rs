use std::fmt::Write as _;

use proptest::prelude::*;

use super::{faults_of, load_files, loaded, root};
use crate::compat::DOOR_KEYS;
use crate::config::schema;

/// Expects this part in the faults, and a short report, however long the file is.
fn check(text: &str, expected: &str) {
    let faults = faults_of(&[("main.yaml", text)]);
    assert!(faults.contains(expected), "{faults}");
    assert!(faults.len() < 20_000, "{} bytes of faults", faults.len());
}

#[test]
fn a_bomb_of_aliases_is_refused_at_once() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..30 {
        let before = format!("*a{}", i - 1);
        let _ = writeln!(text, "a{i}: &a{i} [{}]", [before.as_str(); 10].join(", "));
    }
    check(&text, "anchors and aliases stand for more than 1000000 values");
}

/// Each alias is one level deeper than what it refers to: they must not be followed by endless recursion.
#[test]
fn aliases_do_not_nest_without_end() {
    let mut text = "a0: &a0 []\n".to_owned();
    for i in 1..100_000 {
        let _ = writeln!(text, "a{i}: &a{i} [*a{}]", i - 1);
    }
    check(&text, "nested more than 64 deep");
}

#[test]
fn deep_nesting_is_refused() {
    check(&"[".repeat(1_000_000), "nested too deep");
    check(&"- ".repeat(1_000_000), "nested too deep");
    check(&format!("checks: {}", "{a: ".repeat(1_000_000)), "nested more than 64 deep");
}

#[test]
fn endless_text_is_cut_where_it_is_shown() {
    let longest = "x".repeat(10_000_000);
    check(&format!("checks: [{{name: {longest}, every: 1h}}]"), "has at most 128 bytes, not 10000000");
    let long = "x".repeat(100_000);
    check(&format!("checks: [{{name: a, every: {long}}}]"), "xxx…`");
    check(&format!("checks: [{{name: a, timezone: '{long}', cron: '{long}'}}]"), "at most 64 bytes");
    check(&format!("checks: [{{name: a, every: 1h, labels: {{team: '{long}'}}}}]"), "at most 1024 bytes");
    check(&format!("checks: [{{name: a, every: 1h, depends_on: '{long}'}}]"), "is no name of a check");
    check(&format!("? {long}\n: 1"), "no key `xxx");
    check(&format!("responders: [{{matchers: ['a={long}'], actions: []}}]"), "at most 4096 bytes");
    check(&format!("check_files: ['{long}']"), "at most 4096 bytes");
    check(&format!("receivers: [{{name: a, webhook: {{url: '{long}'}}}}]"), "is longer than 4096 bytes");
}

#[test]
fn what_is_no_text_is_refused() {
    check("checks:\0", "`\\0` does not belong");
    check("checks: []\n\u{1b}[2J", "`\\u{1b}` does not belong");
    let (_, folder) = load_files(&[("main.yaml", "")]);
    let path = folder.path().join("main.yaml");
    std::fs::write(&path, b"\xff\xfec\0h\0e\0c\0k\0s\0").expect("it can be written");
    let faults = loaded(&path).expect_err("UTF-16 is refused").to_string();
    assert!(faults.ends_with("main.yaml:1:1: this byte is not UTF-8; save the file as UTF-8"), "{faults}");
}

#[test]
fn what_is_no_file_is_refused() {
    let (_, folder) = load_files(&[("main.yaml", "check_files: [/dev/zero, /dev]")]);
    let refused = |name: &str, expected: &str| {
        let faults = loaded(&folder.path().join(name)).expect_err(name).to_string();
        assert!(faults.contains(expected), "{faults}");
    };
    refused("main.yaml", "/dev/zero: this is no regular file");
    refused("main.yaml", "/dev: this is a directory, not a file");
    refused("missing.yaml", "missing.yaml: there is no such file");
    refused("", "this is a directory, not a file");
    refused("main.yaml/x", "the file cannot be read");
}

#[test]
fn a_secret_that_is_too_long_is_refused_and_not_shown() {
    let key = "k".repeat(70_000);
    let main = "auth: {ping_keys: [{name: a, key_file: key}]}";
    let faults = faults_of(&[("main.yaml", main), ("key", &key)]);
    assert_eq!(faults, "main.yaml:1:40: `key_file` `key`: the file has more than 65536 bytes");
    let faults = faults_of(&[("main.yaml", main), ("key", &key[..5000])]);
    assert_eq!(faults, "main.yaml:1:40: the secret of `key_file` is longer than 4096 bytes");
}

#[test]
fn faults_are_told_up_to_a_thousand_and_counted_beyond() {
    let text = format!("checks:\n{}", "  - {}\n".repeat(2500));
    let faults = load_files(&[("main.yaml", &text)]).0.expect_err("every check is faulty");
    assert_eq!(faults.list.len() + faults.omitted, 5000);
    assert_eq!(faults.list.len(), 1000);
    assert!(faults.to_string().ends_with("\nand 4000 more faults"));
}

/// A chain of dependencies is walked without recursion.
#[test]
fn a_chain_of_dependencies_may_be_as_long_as_there_are_checks() {
    let mut text = "checks:\n  - {name: c0, every: 1h}\n".to_owned();
    for i in 1..20_000 {
        let _ = writeln!(text, "  - {{name: c{i}, every: 1h, depends_on: c{}}}", i - 1);
    }
    assert_eq!(super::good(&text).checks.len(), 20_000);
}

/// A file that an editor or a disk has cut anywhere is read, or refused with a place.
#[test]
fn a_file_that_is_cut_anywhere_is_read_or_refused() {
    let text = std::fs::read_to_string(root().join("config.example.yaml")).expect("the example");
    let text = text.replace("\n# ", "\n");
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)).step_by(7) {
        if let Err(faults) = load_files(&[("main.yaml", &text[..end])]).0 {
            assert!(!faults.list.is_empty());
        }
    }
}

/// With this many checks, quadratic work shows.
#[test]
fn a_hundred_thousand_checks_load() {
    let mut text = "defaults: {grace: 5m}\nchecks:\n".to_owned();
    for i in 0..100_000 {
        let (minute, hour, team) = (i % 60, i / 60 % 24, i % 50);
        let _ = writeln!(
            text,
            "  - {{name: check-{i}, title: Check number {i}, cron: \"{minute} {hour} * * *\", timezone: \
             Europe/Berlin, grace: 30m, max_runtime: 10m, labels: {{team: team-{team}, severity: critical}}, \
             runbook_url: \"https://wiki.example.org/{i}\"}}"
        );
    }
    text += "receivers: [{name: hook, webhook: {url: 'http://127.0.0.1/'}}]\ndefault_receivers: [hook]\n\
             responders:\n";
    for team in 0..10 {
        let _ = writeln!(
            text,
            "  - {{matchers: [team=team-{team}], actions: [{{notify: hook, after: {team}m}}]}}"
        );
    }
    let (result, folder) = load_files(&[("main.yaml", &text)]);
    let config = result.unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.checks.len(), 100_000);
    // 24.1: of so many names some make the same ref.
    let others = config.warnings.iter().filter(|warning| !warning.to_string().contains("it has no ref"));
    assert_eq!(others.count(), 0, "{:?}", config.warnings);
    drop(folder);
}

/// An editor that reads the schema finds every reference.
#[test]
fn the_schema_has_every_section_and_no_reference_to_nothing() {
    let schema = schema(&DOOR_KEYS);
    let definitions = schema["$defs"].as_object().expect("an object");
    assert_eq!(definitions.len(), 46);
    let text = schema.to_string();
    for (reference, _) in text.match_indices("#/$defs/") {
        let name: String =
            text[reference + 8..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        assert!(definitions.contains_key(&name), "{name}");
    }
    let check = &definitions["check"];
    assert_eq!(check["required"], serde_json::json!(["name"]));
    assert_eq!(check["properties"]["paused"]["default"], serde_json::json!(false));
    assert!(check["properties"].get("calendar").is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Pieces of files in any order: nothing panics, and a refusal has a reason.
    #[test]
    fn pieces_in_any_order_are_read_or_refused(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)
    ) {
        if let Err(faults) = load_files(&[("main.yaml", &pieces.concat())]).0 {
            prop_assert!(!faults.list.is_empty());
        }
    }

    /// A valid file with some bytes overwritten.
    #[test]
    fn a_damaged_file_is_read_or_refused(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
    ) {
        let mut bytes = std::fs::read(root().join("config.example.yaml")).expect("the example");
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let (_, folder) = load_files(&[("main.yaml", "")]);
        let path = folder.path().join("main.yaml");
        std::fs::write(&path, &bytes).expect("it can be written");
        if let Err(faults) = loaded(&path) {
            prop_assert!(!faults.list.is_empty());
        }
    }
}

const PIECES: &[&str] = &[
    "checks:",
    "\n",
    "  ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    ": ",
    "name: a",
    "every: 1h",
    "cron: */5 * * * *",
    "cron: @daily",
    "cron: \"0 2 * * *\"",
    "&a ",
    "*a",
    "<<: *a",
    "\"",
    "'",
    "|\n",
    "# ",
    "\t",
    "---\n",
    "...\n",
    "!t ",
    "? ",
    "~",
    "smtp:",
    "defaults: ",
    "labels: {a: b}",
    "grace: 5m",
    "receivers: ",
    "webhook: ",
    "ä",
    "%YAML 1.2\n",
];
