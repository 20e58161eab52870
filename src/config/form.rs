//! A check as a form has it: a field for each of the common keys, made of the table of keys, and one field of YAML for all
//! others.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value as Json};

use super::client::read_mapping;
use super::keys::{CHECK, Key, Kind, Need};
use super::single::DescribedFault;
use super::words::words_of;
use crate::core::check::Definition;

/// The field of YAML.
pub const REST: &str = "rest";

/// The keys that have fields, in the order of the form.
const GROUPS: [(&str, &[&str]); 3] = [
    ("What it is", &["name", "title", "group", "labels", "description", "runbook_url"]),
    ("When it must happen", &["every", "cron", "timezone", "grace", "expect"]),
    ("How it is judged", &["max_runtime", "failures_before_alert", "successes_to_recover"]),
];
/// Keys that only a file may have.
const FOR_FILES: [&str; 2] = ["renamed_from", "ref"];

/// Fields that belong together.
#[derive(Debug)]
pub struct FieldGroup {
    /// For people.
    pub title: &'static str,
    /// In their order.
    pub fields: Vec<FormField>,
}

/// One field of the form.
#[derive(Debug)]
pub struct FormField {
    /// Unique: `grace`; of a key within another `expect.within`.
    pub name: String,
    /// What may be typed.
    pub kind: FieldKind,
    /// What it is for.
    pub doc: &'static str,
    /// What it is where nothing is typed.
    pub default: Option<&'static str>,
    key: &'static str,
    below: Option<&'static str>,
}

/// What may be typed into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of at most so many bytes.
    Line(usize),
    /// Lines of at most so many bytes together.
    Lines(usize),
    /// A length of time with its unit.
    Duration,
    /// A whole number.
    Whole,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A label on each line, as `team: dba`.
    Labels,
}

/// What is wrong with what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The name of the field; `None`: it is about the check as a whole.
    pub field: Option<String>,
    /// What is wrong and what would be right. One line.
    pub message: String,
}

impl FieldProblem {
    /// A fault of this field.
    pub fn of(field: &str, message: impl Into<String>) -> FieldProblem {
        FieldProblem { field: Some(field.to_owned()), message: message.into() }
    }
}

/// The fields of a check's form, but for [`REST`].
pub static FORM: LazyLock<Vec<FieldGroup>> = LazyLock::new(|| {
    let group = |(title, keys): (&'static str, &[&str])| FieldGroup {
        title,
        fields: keys.iter().flat_map(|key| fields_of(CHECK.key(key).expect("the table has it"))).collect(),
    };
    GROUPS.into_iter().map(group).collect()
});

/// The keys that stand in [`REST`], each with what it is for.
pub fn keys_of_rest() -> impl Iterator<Item = (&'static str, &'static str)> {
    let has_field = |name: &str| GROUPS.iter().any(|(_, keys)| keys.contains(&name));
    let is_known = |key: &&Key| !matches!(key.kind, Kind::Later) && !FOR_FILES.contains(&key.name);
    CHECK.keys.iter().filter(is_known).filter(move |key| !has_field(key.name)).map(|key| (key.name, key.doc))
}

fn fields_of(key: &'static Key) -> Vec<FormField> {
    match key.kind {
        Kind::Map(section) => {
            section.keys.iter().map(|below| field(below, key.name, Some(below.name))).collect()
        }
        _ => vec![field(key, key.name, None)],
    }
}

fn field(shown: &'static Key, key: &'static str, below: Option<&'static str>) -> FormField {
    let kind = match shown.kind {
        Kind::Text(max_bytes) => FieldKind::Line(max_bytes),
        Kind::Lines(max_bytes) => FieldKind::Lines(max_bytes),
        Kind::Duration(..) => FieldKind::Duration,
        Kind::Whole(..) => FieldKind::Whole,
        Kind::OneOf(words) => FieldKind::OneOf(words),
        Kind::Flag => FieldKind::OneOf(&["true", "false"]),
        Kind::Labels => FieldKind::Labels,
        other => unreachable!("no field of a form takes {other:?}"),
    };
    let default = match shown.need {
        Need::Default(text) => Some(text),
        Need::Required | Need::Optional => None,
    };
    let name = below.map_or_else(|| key.to_owned(), |below| format!("{key}.{below}"));
    FormField { name, kind, doc: shown.doc, default, key, below }
}

fn all_fields() -> impl Iterator<Item = &'static FormField> {
    FORM.iter().flat_map(|group| &group.fields)
}

/// What stands in the fields of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckForm(BTreeMap<String, String>);

impl CheckForm {
    /// What somebody typed: `get` answers what was sent of a field.
    pub fn typed(get: impl Fn(&str) -> String) -> CheckForm {
        // Browsers send ends of lines in their own way.
        let value = |name: &str| (name.to_owned(), get(name).replace("\r\n", "\n"));
        CheckForm(all_fields().map(|field| value(&field.name)).chain([value(REST)]).collect())
    }

    /// The form of a check that is there.
    pub fn of(definition: &Definition) -> CheckForm {
        let mut words = words_of(definition).0;
        let mut form = BTreeMap::new();
        for field in all_fields() {
            let Some((_, value)) = words.iter().find(|(key, _)| *key == field.key) else { continue };
            let value = field.below.map_or(value, |below| &value[below]);
            form.insert(field.name.clone(), as_typed(value));
        }
        words.retain(|(key, _)| all_fields().all(|field| field.key != *key));
        form.insert(REST.to_owned(), lines(words.iter().map(|(key, value)| (*key, value))));
        CheckForm(form)
    }

    /// What stands in this field; "" for nothing.
    pub fn value(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    /// All that is filled in, by the names of the fields, in the order of the form.
    pub fn filled(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = all_fields().map(|field| field.name.as_str()).chain([REST]);
        names.map(|name| (name, self.value(name))).filter(|(_, value)| !value.trim().is_empty())
    }

    /// The check in the words of `checks:`, not judged yet; or what in it cannot be read.
    pub fn description(&self) -> Result<Map<String, Json>, Vec<FieldProblem>> {
        let mut faults = Vec::new();
        let mut description = self.mapping(REST, &mut faults);
        description.retain(|_, value| !value.is_null());
        for field in all_fields() {
            let text = self.value(&field.name);
            if text.trim().is_empty() {
                continue;
            }
            let value = match field.kind {
                FieldKind::Labels => Json::Object(self.mapping(&field.name, &mut faults)),
                FieldKind::Lines(_) => text.into(),
                _ => text.trim().into(),
            };
            if !put(&mut description, field, value) {
                let message =
                    format!("`{}` has a field of its own, which is filled in, too: say it once", field.key);
                faults.push(FieldProblem::of(REST, message));
            }
        }
        faults.dedup();
        if faults.is_empty() { Ok(description) } else { Err(faults) }
    }

    fn mapping(&self, field: &str, faults: &mut Vec<FieldProblem>) -> Map<String, Json> {
        let read = read_mapping(self.value(field));
        read.unwrap_or_else(|message| {
            faults.push(FieldProblem::of(field, message));
            Map::new()
        })
    }

    /// Says of each fault of the description which field it is about, in the order of the form.
    pub fn place(&self, faults: Vec<DescribedFault>) -> Vec<FieldProblem> {
        let rest = read_mapping(self.value(REST)).unwrap_or_default();
        let place = |fault: DescribedFault| {
            let (field, number) = place_of(&fault.pointer, &rest);
            (number, FieldProblem { field, message: fault.message })
        };
        let mut placed: Vec<(usize, FieldProblem)> = faults.into_iter().map(place).collect();
        placed.sort_by_key(|(number, _)| *number);
        placed.into_iter().map(|(_, problem)| problem).collect()
    }
}

/// The field of a fault at this pointer, and where in the form that is.
fn place_of(pointer: &str, rest: &Map<String, Json>) -> (Option<String>, usize) {
    let mut parts = pointer.split('/').skip(1);
    let (key, below) = (parts.next().unwrap_or_default(), parts.next());
    let is_it = |field: &FormField| {
        field.key == key && (field.below.is_none() || below.is_none() || field.below == below)
    };
    match all_fields().enumerate().find(|(_, field)| is_it(field)) {
        _ if key.is_empty() => (None, 0),
        Some((number, field)) if !rest.contains_key(key) => (Some(field.name.clone()), number),
        _ => (Some(REST.to_owned()), usize::MAX),
    }
}

/// Puts a value where its field belongs; false where the field of YAML has put something there.
fn put(description: &mut Map<String, Json>, field: &FormField, value: Json) -> bool {
    let (map, key) = match field.below {
        None => (description, field.key),
        Some(below) => match description.entry(field.key).or_insert_with(|| Map::new().into()) {
            Json::Object(section) => (section, below),
            _ => return false,
        },
    };
    let is_free = !map.contains_key(key);
    if is_free {
        map.insert(key.to_owned(), value);
    }
    is_free
}

/// A value as somebody would type it into its field.
fn as_typed(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Object(pairs) => lines(pairs.iter().map(|(key, value)| (key.as_str(), value))),
        other => other.to_string(),
    }
}

/// A key on each line.
fn lines<'v>(pairs: impl Iterator<Item = (&'v str, &'v Json)>) -> String {
    pairs.map(|(key, value)| format!("{key}: {}\n", yaml(value))).collect()
}

/// A value in YAML, on one line.
fn yaml(value: &Json) -> String {
    match value {
        Json::String(text) if goes_without_quotes(text) => text.clone(),
        Json::Array(items) => format!("[{}]", items.iter().map(yaml).collect::<Vec<_>>().join(", ")),
        Json::Object(pairs) => {
            let pairs: Vec<String> =
                pairs.iter().map(|(key, value)| format!("{key}: {}", yaml(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        // JSON is YAML, too.
        other => other.to_string(),
    }
}

fn goes_without_quotes(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./@+".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(is_plain)
        && !text.eq_ignore_ascii_case("null")
}
