use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::single::all_that_can_be_said;
use crate::config::keys::CHECK;
use crate::config::{
    CheckForm, DescribedError, DescribedFault, FORM, FieldProblem, REST, keys_of_rest, read_check,
};
use crate::core::check::Definition;

/// A form with these fields filled in.
fn typed(fields: &[(&str, &str)]) -> CheckForm {
    let fields: BTreeMap<&str, &str> = fields.iter().copied().collect();
    CheckForm::typed(|name| fields.get(name).copied().unwrap_or_default().to_owned())
}

fn described(form: &CheckForm) -> Definition {
    let description = form.description().unwrap_or_else(|faults| panic!("{form:?}: {faults:?}"));
    let json = Value::Object(description).to_string();
    read_check(json.as_bytes(), None).unwrap_or_else(|error| panic!("{json}: {error:?}")).definition
}

/// What is wrong with a form, as `field: message`.
fn faults(form: &CheckForm) -> Vec<String> {
    let placed = match form.description() {
        Err(faults) => faults,
        Ok(description) => match read_check(Value::Object(description).to_string().as_bytes(), None) {
            Err(DescribedError::Faults { list, .. }) => form.place(list),
            other => panic!("{form:?} is right: {other:?}"),
        },
    };
    placed
        .into_iter()
        .map(|FieldProblem { field, message }| format!("{}: {message}", field.unwrap_or_default()))
        .collect()
}

/// Expects exactly these faults, each by its field and a part of its message.
fn check(fields: &[(&str, &str)], expected: &[(&str, &str)]) {
    let told = faults(&typed(fields));
    assert_eq!(told.len(), expected.len(), "{fields:?}: {told:#?}");
    for (told, (field, part)) in told.iter().zip(expected) {
        assert!(told.starts_with(&format!("{field}: ")) && told.contains(part), "{fields:?}: {told}");
    }
}

/// 22.11a
#[test]
fn every_key_of_a_check_has_a_field_or_stands_among_those_of_the_yaml() {
    let with_field = FORM.iter().flat_map(|group| &group.fields);
    let with_field = with_field.map(|field| field.name.split('.').next().unwrap_or_default());
    let all: BTreeSet<&str> = with_field.chain(keys_of_rest().map(|(key, _)| key)).collect();
    for key in CHECK.keys {
        let refused =
            match read_check(json!({"name": "a", "every": "5m", key.name: "x"}).to_string().as_bytes(), None)
            {
                Err(DescribedError::Faults { list, .. }) => list,
                _ => Vec::new(),
            };
        let is_for_others = |fault: &DescribedFault| {
            fault.message.contains("is for files")
                || fault.message.contains("is not supported by this version")
        };
        assert_eq!(all.contains(key.name), !refused.iter().any(is_for_others), "{}: {refused:?}", key.name);
    }
    let names: Vec<&String> = FORM.iter().flat_map(|group| &group.fields).map(|field| &field.name).collect();
    assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len(), "{names:?}");
}

/// 22.11a
#[test]
fn a_check_that_stands_in_its_form_is_read_again_as_the_same() {
    for definition in all_that_can_be_said() {
        let form = CheckForm::of(&definition);
        assert_eq!(described(&form), definition, "{form:?}");
        // As a browser sends it.
        let sent = CheckForm::typed(|name| form.value(name).replace('\n', "\r\n"));
        assert_eq!(described(&sent), definition, "{sent:?}");
    }
}

#[test]
fn what_has_no_field_is_yaml_that_people_would_write() {
    let definitions = all_that_can_be_said();
    let full = definitions.iter().find(|definition| definition.name.as_str() == "full").expect("it is one");
    let form = CheckForm::of(full);
    let expected = "early: 10s\nmin_runtime: 1m\nstart_within: 15m\noverlap: fail\nmanual_resume: true\nwindow: 2d\n\
        ping_methods: post\nemails: [a@example.org, \"B <b@example.org>\"]\ndepends_on: [plain, titled]\n\
        quiet: [{cron: \"0 22 * * *\", for: 8h, timezone: Europe/Berlin}, {cron: \"0 0 1 1 *\", for: 1d, timezone: UTC}]\n";
    assert_eq!(form.value(REST), expected);
    assert_eq!(form.value("labels"), "team: dba\n");
    let counted =
        definitions.iter().find(|definition| definition.name.as_str() == "counted-at").expect("it is one");
    let form = CheckForm::of(counted);
    let expect =
        ["at_least", "at_most", "within"].map(|below| form.value(&format!("expect.{below}")).to_owned());
    assert_eq!((expect, form.value(REST)), (["4", "6", "5m"].map(str::to_owned), ""));
}

/// 22.11a
#[test]
fn what_is_wrong_is_said_at_its_field() {
    check(&[("name", "A b"), ("every", "5")], &[("name", "`a-b`?"), ("every", "needs a unit")]);
    check(&[("name", "a")], &[("", "a check needs to know when")]);
    check(&[("every", "5m")], &[("", "a check needs `name`, or `title`")]);
    check(&[("name", "a"), ("expect.within", "1h")], &[("expect.at_least", "needs `at_least`")]);
    check(
        &[("name", "a"), ("expect.at_least", "x"), ("expect.within", "1h")],
        &[("expect.at_least", "whole number")],
    );
    check(&[("name", "a"), ("every", "5m"), ("labels", "job: x")], &[("labels", "means something already")]);
    check(
        &[("name", "a"), ("every", "5m"), ("timezone", "UTC")],
        &[("timezone", "says nothing without `cron`")],
    );
    check(&[("name", "a"), ("every", "5m"), ("labels", "team dba")], &[("labels", "here stand keys")]);
    // What was typed as YAML is wrong there, also where there is a field.
    check(&[("name", "a"), (REST, "every: 5m\ngrace: 7")], &[(REST, "needs a unit")]);
    check(&[("name", "a"), (REST, "every: 5m\nearly: 1s")], &[(REST, "`early` goes with `cron`")]);
    check(&[("name", "a"), ("every", "5m"), (REST, "interval: 5m")], &[(REST, "did you mean `every`?")]);
    check(&[("name", "a"), ("every", "5m"), (REST, "early: [")], &[(REST, "this is not YAML")]);
    check(&[("name", "a"), ("every", "5m"), (REST, "- early")], &[(REST, "1:1: here stand keys")]);
    check(
        &[("name", "a"), ("every", "5m"), (REST, "every: 6m")],
        &[(REST, "`every` has a field of its own")],
    );
    check(
        &[("name", "a"), ("expect.within", "1h"), ("expect.at_least", "1"), (REST, "expect: 7")],
        &[(REST, "`expect` has a field of its own")],
    );
}

#[test]
fn a_check_may_be_pasted_as_yaml_alone_and_blanks_around_a_value_are_none_of_it() {
    let pasted = typed(&[(REST, "# from a file\nname: a\nevery: 5m\ngrace:\nexpect:\nlabels: {v: 1.10}\n")]);
    let filled = typed(&[("name", " a "), ("every", "5m\n"), ("labels", "v: 1.10"), (REST, "# nothing\n")]);
    assert_eq!(described(&pasted), described(&filled));
    assert_eq!(described(&pasted).label("v"), "1.10");
    assert_eq!(filled.filled().map(|(name, _)| name).collect::<Vec<_>>(), ["name", "labels", "every", REST]);
}

proptest::proptest! {
    /// Whatever is typed is a check or a fault at a field that there is.
    #[test]
    fn anything_typed_is_a_check_or_a_fault_at_a_field(
        pieces in proptest::collection::vec(
            ("(name|title|every|cron|grace|labels|description|expect.within|expect.at_least|rest)", "\\PC{0,24}"),
            0..6,
        ),
    ) {
        let pieces: Vec<(&str, &str)> = pieces.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let form = typed(&pieces);
        match form.description() {
            Err(faults) => proptest::prop_assert!(faults.iter().all(|fault| fault.field.is_some())),
            Ok(description) => {
                if let Err(DescribedError::Faults { list, .. }) = read_check(Value::Object(description).to_string().as_bytes(), None) {
                    for field in form.place(list).into_iter().map(|problem| problem.field) {
                        let is_there = |name: &str| name == REST || FORM.iter().flat_map(|group| &group.fields).any(|field| field.name == name);
                        proptest::prop_assert!(field.as_deref().is_none_or(is_there), "{:?}", field);
                    }
                }
            }
        }
    }
}
