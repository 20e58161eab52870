//! `exec` of an assertion.

use serde_json::json;

use super::good;
use crate::compat::DOOR_KEYS;
use crate::config::{Config, ConfigFiles, words_of};
use crate::core::assertion::FoundBy;
use crate::core::probe::{ExecLimits, ExecProbe};
use crate::core::time::Span;

fn probe(config: &Config) -> ExecProbe {
    match config.checks[0].spec.asserts() {
        Some(FoundBy::Exec(probe)) => probe.clone(),
        other => panic!("{other:?}"),
    }
}

/// 17.15b
#[test]
fn a_command_is_read_and_written_in_words_as_it_is() {
    let usual = good("checks: [{name: a, every: 5m, assert: {exec: {command: /bin/true}}}]");
    let found = probe(&usual);
    assert_eq!(*found.line, ["/bin/true".into()]);
    assert_eq!((found.timeout, found.limits), (Span::mins(1), ExecLimits::default()));
    assert!(!found.names_records);
    let said = good(
        "checks: [{name: a, every: 5m, assert: {exec: {command: [/bin/look, -w, '20%', 'two words'], timeout: 20s, \
         limits: {memory: 1GiB, files: 32, processes: 7}, \
         records: jsonl}, max_records: 7}}]",
    );
    let limits = ExecLimits { memory: 1 << 30, files: 32, processes: 7 };
    let assertion = said.checks[0].spec.assert.as_ref().expect("it asserts something");
    assert_eq!((assertion.max_records, probe(&said).names_records), (Some(7), true));
    assert_eq!((probe(&said).timeout, probe(&said).limits), (Span::secs(20), limits));
    for config in [usual, said] {
        let words = json!({"checks": [words_of(&config.checks[0])]});
        assert_eq!(probe(&good(&words.to_string())), probe(&config), "{words}");
    }
}

/// 17.11
#[test]
fn a_command_that_nobody_has_allowed_is_a_fault() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let main = folder.path().join("punctual.yaml");
    std::fs::write(&main, "checks:\n  - {name: a, every: 1m, assert: {exec: {command: /bin/true}}}\n")
        .expect("it can be written");
    let load = |allow_exec| ConfigFiles { main: main.clone(), web: None, allow_exec }.load(&DOOR_KEYS);
    let faults = load(false).expect_err("it is a fault").to_string();
    assert!(faults.contains("punctual.yaml:2:41: commands are run only by a server"), "{faults}");
    assert!(load(true).is_ok());
}

#[test]
fn what_looks_like_a_secret_in_a_command_is_a_warning() {
    let warnings = |command: &str| {
        let config =
            good(&format!("checks: [{{name: a, every: 5m, assert: {{exec: {{command: {command}}}}}}}]"));
        config.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let told = warnings("[/bin/look, --password=hunter2]").join("\n");
    assert!(told.contains("main.yaml:1:") && told.contains("`--password`"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    assert!(!warnings("[/bin/look, --password-file=a]").join("\n").contains("--password"));
}
