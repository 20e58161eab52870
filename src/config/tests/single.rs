use serde_json::{Value, json};

use super::good;
use crate::config::{Described, DescribedError, read_check, words_of};
use crate::core::check::{Definition, Name, Source};

fn read(json: &Value) -> Result<Described, DescribedError> {
    read_check(json.to_string().as_bytes(), None)
}

fn described(json: &Value) -> Definition {
    read(json).unwrap_or_else(|error| panic!("{json}: {error:?}")).definition
}

/// Expects exactly these faults, each by its pointer and a part of its message.
fn check(json: &Value, expected: &[(&str, &str)]) {
    let Err(DescribedError::Faults { list, omitted: 0 }) = read(json) else { panic!("{json} is refused") };
    let told: Vec<String> =
        list.iter().map(|fault| format!("{}: {}", fault.pointer, fault.message)).collect();
    assert_eq!(told.len(), expected.len(), "{json}: {told:#?}");
    for (told, (pointer, part)) in told.iter().zip(expected) {
        assert!(told.starts_with(&format!("{pointer}: ")) && told.contains(part), "{json}: {told}");
    }
}

/// Checks that use every key, from a file without `defaults`.
pub(super) fn all_that_can_be_said() -> Vec<Definition> {
    let text = r#"
smtp: {host: mail.example.org, from: a@example.org}
checks:
  - {name: plain, every: 1h30m}
  - {name: titled, title: "Nächtlich: 100%", every: 5m, grace: 0s, labels: {team: "on", severity: "1.10"}}
  - name: full
    title: Full
    cron: "0 3 * * *"
    timezone: Europe/Berlin
    grace: 2h
    early: 10s
    window: 48h
    max_runtime: 1h
    min_runtime: 1m
    start_within: 15m
    overlap: fail
    failures_before_alert: 2
    successes_to_recover: 3
    manual_resume: true
    ping_methods: post
    group: others
    labels: {team: dba}
    description: "Two\nlines.\n"
    runbook_url: https://wiki.example.org/full
    depends_on: [plain, titled]
    emails: [a@example.org, "B <b@example.org>"]
    quiet: [{cron: "0 22 * * *", for: 8h}, {cron: "0 0 1 1 *", for: 1d, timezone: UTC}]
  - {name: counted-at, cron: "*/5 * * * *", expect: {at_least: 4, at_most: 6, within: 5m}}
  - {name: counted, expect: {at_most: 3, within: 1h}, grace: 1m}
"#;
    let api = |check: &Definition| Definition { source: Source::Api, ..check.clone() };
    good(text).checks.iter().map(api).collect()
}

#[test]
fn a_check_that_is_written_in_words_is_read_again_as_the_same() {
    for definition in all_that_can_be_said() {
        let words = serde_json::to_value(words_of(&definition)).expect("words are JSON");
        assert_eq!(described(&words), definition, "{words}");
    }
}

#[test]
fn words_come_in_the_order_in_which_people_write_them() {
    let definition = described(&json!({"grace": "1m", "every": "5m", "title": "A", "name": "a"}));
    let text = serde_json::to_string(&words_of(&definition)).expect("words are JSON");
    assert_eq!(text, r#"{"name":"a","title":"A","every":"5m","grace":"1m"}"#);
}

#[test]
fn a_name_is_made_of_the_title_where_none_is_given() {
    let name = |json: Value| described(&json).name.to_string();
    assert_eq!(name(json!({"title": "Nightly backup!", "every": "5m"})), "nightly-backup");
    assert_eq!(name(json!({"title": "A", "name": "b", "every": "5m"})), "b");
    check(&json!({"title": "日本", "every": "5m"}), &[("/title", "no name can be made of the title `日本`")]);
    check(&json!({"every": "5m"}), &[("", "a check needs `name`, or `title`")]);
    let known = Name::parse("known").expect("it is a name");
    let kept = read_check(br#"{"title": "Another", "every": "5m"}"#, Some(&known)).expect("it is right");
    assert_eq!((kept.definition.name, &*kept.definition.title), (known, "Another"));
}

#[test]
fn what_is_wrong_is_said_as_for_files_and_where() {
    check(&json!({"name": "a"}), &[("", "a check needs to know when")]);
    check(&json!({"name": "A b", "every": "5m"}), &[("/name", "`a-b`?")]);
    check(&json!({"name": "a", "every": 300}), &[("/every", "a duration needs a unit: `300s`")]);
    check(&json!({"name": "a", "interval": "5m"}), &[("/interval", "did you mean `every`?")]);
    check(
        &json!({"name": "a", "expect": {"within": "1h", "at_least": 50_000_000}, "labels": {"job": "x"}}),
        &[
            ("/expect/at_least", "from 1 to 10000000, not `50000000`"),
            ("/labels/job", "means something already"),
        ],
    );
    check(
        &json!({"name": "a", "every": "5m", "labels": {"a/b~": "x"}}),
        &[("/labels/a~1b~0", "is no label")],
    );
    check(
        &json!({"name": "a", "every": "5m", "depends_on": ["b", "B"]}),
        &[("/depends_on/1", "no name of a check")],
    );
    check(&json!({"name": "a", "every": "5m", "renamed_from": ["b"]}), &[("/renamed_from", "is for files")]);
    check(&json!({"name": "a", "every": "5m", "ref": "x7kq2a"}), &[("/ref", "is for files")]);
    check(&json!(["a"]), &[("", "a check is a mapping of keys, not a list")]);
    check(&json!("a"), &[("", "a check is a mapping of keys, not a single value")]);
    for text in ["", "{", "{} {}", "every: 5m", r#"{"name": "a", "name": "b"}"#] {
        let error = read_check(text.as_bytes(), None).expect_err("it is no JSON of ours");
        assert!(error.to_string().starts_with("this is not JSON: "), "{text}: {error}");
    }
}

#[test]
fn paused_is_told_apart_and_no_matter_of_a_file() {
    let read = |json: Value| read(&json).expect("it is right");
    let paused = read(json!({"name": "a", "every": "5m", "paused": true}));
    assert_eq!((paused.paused, paused.definition.spec.paused), (Some(true), false));
    assert_eq!(read(json!({"name": "a", "every": "5m"})).paused, None);
}

#[test]
fn hostile_descriptions_are_refused_within_bounds() {
    let deep = "[".repeat(30_000);
    assert!(matches!(read_check(deep.as_bytes(), None), Err(DescribedError::NotJson(_))));
    let mut many: serde_json::Map<String, Value> =
        (0..5000).map(|i| (format!("key-{i}"), Value::Null)).collect();
    many.insert("name".to_owned(), json!("a"));
    let Err(DescribedError::Faults { list, omitted }) = read(&Value::Object(many)) else {
        panic!("it is refused")
    };
    assert_eq!((list.len(), list.len() + omitted), (50, 5000));
    let long = "x/~".repeat(20_000);
    let Err(DescribedError::Faults { list, .. }) = read(&json!({"name": "a", "every": "5m", long: 1})) else {
        panic!("it is refused")
    };
    assert!(list[0].pointer.len() <= 256 && list[0].message.len() < 2000, "{list:?}");
}

proptest::proptest! {
    /// Any input is a check that can be written and read again, or is refused with a reason.
    #[test]
    fn any_description_is_a_check_or_a_fault(
        pieces in proptest::collection::vec((
            "(name|title|every|cron|timezone|grace|early|expect|within|labels|quiet|depends_on|emails|paused|window|[a-z]{1,3})",
            "(\"[a-z0-9 *]{0,8}\"|\"5m\"|\"0 2 \\* \\* \\*\"|\"UTC\"|null|true|-?[0-9]{1,4}|\\[\"a\"\\]|\\{\"at_least\":1,\"within\":\"1h\"\\}|\\{\"a\":\"b\"\\})",
        ), 0..8),
    ) {
        let pairs: Vec<String> = pieces.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        if let Ok(described) = read_check(format!("{{{}}}", pairs.join(",")).as_bytes(), None) {
            let words = serde_json::to_vec(&words_of(&described.definition)).expect("words are JSON");
            let again = read_check(&words, None).expect("what was written can be read");
            proptest::prop_assert_eq!(again.definition, described.definition);
        }
    }
}
