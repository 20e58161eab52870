use std::path::{Path, PathBuf};

use super::{faults_of, loaded, root};

/// `tests/bad-config`: one file, or one folder with a `main.yaml`, for each fault. Each must be refused.
#[test]
fn every_bad_file_says_what_is_wrong_where_and_what_would_be_right() {
    let mut names: Vec<PathBuf> = std::fs::read_dir(root().join("tests/bad-config"))
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    names.sort();
    assert!(names.len() > 100, "only {} files", names.len());
    let mut told = String::new();
    for path in names {
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        let main = if path.is_dir() { path.join("main.yaml") } else { path };
        let messages = faults(&main).unwrap_or_else(|| panic!("{} is not refused", main.display()));
        told += &format!("## {name}\n{messages}\n\n");
    }
    insta::with_settings!({snapshot_path => root().join("tests/bad-config-messages"), prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("messages", told);
    });
}

/// What a message proposes is accepted.
#[test]
fn what_misleads_elsewhere_is_told_with_what_to_write() {
    let check = |check: &str, expected: &str| {
        let faults = faults_of(&[("main.yaml", &format!("checks: [{{name: a, {check}}}]"))]);
        assert!(faults.contains(expected), "{faults}");
    };
    check("cron: '@every 5m'", "write `every: 5m`");
    check("cron: '@every 90s'", "write `every: 90s`");
    check("cron: '@every 1h30m0s'", "write `every: 5m`");
    check("cron: '@every'", "write `every: 5m`");
    check("every: 1h, labels: {team: ''}", "the label `team` is empty");
    let bom = "auth: {tokens: [{name: a, scope: write, token_file: t}]}\nchecks: []";
    let faults = faults_of(&[("main.yaml", bom), ("t", "\u{feff}sekrit-token-123456\n")]);
    assert!(faults.contains("begins with a byte order mark"), "{faults}");
    let nobody = "alerting: {alertmanagers: [{url: 'http://127.0.0.1:0'}]}\nchecks: []";
    let faults = faults_of(&[("main.yaml", nobody)]);
    assert!(faults.contains("the port 0"), "{faults}");
}

/// 3.5
#[test]
fn expect_counts_to_a_thousand_and_not_with_every() {
    let check = |check: &str, expected: &str| {
        let faults = faults_of(&[("main.yaml", &format!("checks: [{{name: a, {check}}}]"))]);
        assert!(faults.contains(expected), "{faults}");
    };
    check("every: 1h, expect: {at_least: 1, within: 1h}", "`expect` does not go with `every`");
    check("expect: {at_least: 10000001, within: 1h}", "`at_least` is a whole number from 1 to 10000000");
    check("expect: {at_most: 10000001, within: 1h}", "`at_most` is a whole number from 0 to 10000000");
}

fn faults(main: &Path) -> Option<String> {
    let faults = loaded(main).err()?;
    let folder = format!("{}/", main.parent().expect("it is in a folder").display());
    let text = faults.to_string().replace(&folder, "");
    assert!(
        !text.is_empty() && faults.list.iter().all(|fault| !fault.message.contains(['\n', '\r', '\u{1b}']))
    );
    Some(text)
}
