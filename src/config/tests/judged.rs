//! A configuration that somebody sends to have it judged: as a file is, but that no file is read for it.

use std::collections::BTreeSet;

use super::root;
use crate::compat::DOOR_KEYS;
use crate::config::keys::{self, Kind};
use crate::config::{JudgedText, judge};

fn judged(text: &str) -> JudgedText {
    judge(text.as_bytes(), &DOOR_KEYS)
}

fn faults(text: &str) -> Vec<String> {
    judged(text).faults.iter().map(ToString::to_string).collect()
}

/// Every key that names a file, each with a path at which there is a fault of another kind for whoever looks.
const NAMES_FILES: &str = "\
auth:
  anonymous: none
  metrics: token
  ping_keys_required: true
  ping_keys: [{name: a, key_file: PATH}, {name: b, key_file: PATH}]
  tokens: [{name: a, scope: read, token_file: PATH}, {name: b, scope: write, token_file: PATH}]
compat: {coal_mine: {enabled: true, auth_key_file: PATH, trigger: key}}
smtp: {host: m, from: a@example.org, username: u, password_file: PATH, tls_config: {ca_file: PATH, cert_file: PATH, key_file: PATH}}
alerting:
  alertmanagers: [{url: 'http://a', http_config: {authorization: {credentials_file: PATH}}}]
receivers:
  - {name: chat, webhook: {format: slack, url_file: PATH}}
  - name: hook
    webhook: {url: 'http://a', template_file: PATH, http_config: {basic_auth: {username: u, password_file: PATH}}}
default_receivers: [chat, hook]
check_files: [PATH, 'checks/*.yaml']
checks:
  - {name: a, every: 1h, depends_on: [in-another-file]}
";

#[test]
fn no_file_is_read_whichever_key_names_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("of-one-file");
    std::fs::write(&text, "checks: [{name: nobody-may-see-this, evry: 1h}]").expect("it can be written");
    let paths = ["/no/such/file", "/etc/passwd", "/dev/zero", "..", &text.to_string_lossy()];
    let mut left = Vec::new();
    for path in paths {
        let JudgedText { config, faults, not_read, .. } = judged(&NAMES_FILES.replace("PATH", path));
        assert!(faults.is_empty(), "{path}: {faults:?}");
        let config = config.expect("it has no fault");
        assert_eq!(config.checks.len(), 1, "{path}");
        assert!(!format!("{:?}", config.warnings).contains("nobody-may-see-this"), "{path}");
        left.push(not_read.into_iter().map(|file| (file.line, file.key)).collect::<Vec<_>>());
    }
    assert!(left.iter().all(|other| *other == left[0]), "nobody learns which files there are");
    let told: BTreeSet<&str> = left[0].iter().map(|(_, key)| &**key).collect();
    // A key that is new is told here, too.
    let compat = DOOR_KEYS.section();
    let sections = keys::MAIN.with_all_below().into_iter().chain([&compat]).chain(compat.with_all_below());
    let all = sections.flat_map(|section| section.keys);
    let paths: BTreeSet<&str> =
        all.filter(|key| matches!(key.kind, Kind::Path)).map(|key| key.name).chain(["check_files"]).collect();
    assert_eq!(told, paths);
}

#[test]
fn what_is_wrong_is_said_with_its_place_as_of_a_file() {
    let text = "checks:\n  - {name: a, evry: 1h}\n  - {name: b, every: 1}\n";
    let found = faults(text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("config.yaml:2:15: a check has no key `evry`; did you mean `every`?"),
        "{found:?}"
    );
    assert_eq!((judged(text).faults[1].line, judged(text).config.is_none()), (3, true));
    assert!(faults("")[0].contains("empty") && !faults("a: [").is_empty() && !faults("\u{1}").is_empty());
    assert!(!judge(b"\xff\xfe", &DOOR_KEYS).faults.is_empty());
}

/// Each bad file without any other has the same faults, and each that has another is judged without it.
#[test]
fn what_is_refused_as_a_file_is_refused_as_a_text() {
    let mut count = 0;
    for entry in std::fs::read_dir(root().join("tests/bad-config")).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let Ok(text) = std::fs::read(&path) else { continue };
        let as_file = super::loaded(&path).expect_err("it is a bad one");
        let JudgedText { faults, not_read, .. } = judge(&text, &DOOR_KEYS);
        if not_read.is_empty() {
            let of = |list: &[crate::config::Fault]| -> Vec<(u32, u32, String)> {
                list.iter()
                    .map(|fault| {
                        (
                            fault.line,
                            fault.column,
                            fault.message.replace(&*path.to_string_lossy(), "config.yaml"),
                        )
                    })
                    .collect()
            };
            assert_eq!(of(&faults), of(&as_file.list), "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 80, "{count} bad files");
}

/// Each compiled one takes memory, and whoever sends them may be a stranger.
#[test]
fn regular_expressions_without_end_are_refused() {
    let matchers = |count: usize| {
        let each: Vec<String> = (0..count).map(|i| format!("'team=~\"a{i}.*\"'")).collect();
        format!(
            "receivers: [{{name: a, webhook: {{url: 'http://a'}}}}]\nresponders: [{{matchers: [{}], actions: [{{notify: a}}]}}]\n",
            each.join(", ")
        )
    };
    assert_eq!(faults(&matchers(100)), Vec::<String>::new());
    let many = faults(&matchers(200));
    assert!(many.len() == 1 && many[0].contains("more than 100 regular expressions"), "{many:?}");
}

/// Who is told is found out for each action with each check: an alias makes many of a few bytes.
#[test]
fn actions_without_end_are_refused() {
    let actions = |count: usize| {
        format!(
            "receivers: [{{name: a, webhook: {{url: 'http://a'}}}}]\nresponders:\n- {{actions: &all [{}]}}\n- {{actions: *all}}\n",
            vec!["{notify: a}"; count].join(", ")
        )
    };
    assert_eq!(faults(&actions(500)), Vec::<String>::new());
    let many = faults(&actions(600));
    assert!(many.len() == 1 && many[0].contains("more than 1000 actions"), "{many:?}");
}
