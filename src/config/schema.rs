//! Builds the files' JSON Schema from the table of keys.

use serde_json::{Map, Value, json};

use super::keys::{self, DoorKeys, Key, Kind, Need, Section};

/// The JSON Schema (2020-12) of the main file; `#/$defs/check_file` is that of a file of `check_files`, and
/// `#/$defs/web` that of the file of `--web.config.file`.
pub fn schema(doors: &'static DoorKeys) -> Value {
    let compat = doors.section();
    let mut definitions = Map::new();
    let mut waiting = vec![&keys::MAIN, &keys::CHECK_FILE, &keys::WEB];
    while let Some(section) = waiting.pop() {
        if definitions.contains_key(section.id) {
            continue;
        }
        let below = section.keys.iter().filter_map(|key| match key.kind {
            Kind::Map(below) | Kind::List(below) => Some(below),
            Kind::Told => Some(&compat),
            _ => None,
        });
        waiting.extend(below);
        definitions.insert(section.id.to_owned(), object(section, doors));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "punctual",
        "$ref": format!("#/$defs/{}", keys::MAIN.id),
        "$defs": definitions,
    })
}

/// The same as a text, in lines: the file that editors are given.
pub fn schema_for_editors(doors: &'static DoorKeys) -> String {
    let text = serde_json::to_string_pretty(&schema(doors)).expect("a schema is made of texts");
    text + "\n"
}

fn object(section: &Section, doors: &DoorKeys) -> Value {
    let built = || section.keys.iter().filter(|key| !matches!(key.kind, Kind::Later));
    let properties: Map<String, Value> =
        built().map(|key| (key.name.to_owned(), property(key, doors))).collect();
    let required: Vec<&str> =
        built().filter(|key| matches!(key.need, Need::Required)).map(|key| key.name).collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties, "required": required})
}

fn property(key: &Key, doors: &DoorKeys) -> Value {
    let mut property = or_empty(of_kind(key.kind));
    property["description"] = match key.kind {
        Kind::Told => json!(doors.doc()),
        _ => json!(key.doc),
    };
    if let Need::Default(text) = key.need {
        property["default"] = match key.kind {
            Kind::Flag | Kind::Whole(..) => {
                serde_json::from_str(text).expect("the table's default is a JSON value")
            }
            _ => json!(text),
        };
    }
    property
}

/// A key without a value is ignored.
fn or_empty(shape: Value) -> Value {
    let shapes = [shape, json!({"type": "null"})];
    Value::from_iter([("anyOf", Value::from_iter(shapes))])
}

fn of_kind(kind: Kind) -> Value {
    const DURATION: &str = "^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$";
    match kind {
        Kind::Text(max) | Kind::Lines(max) => json!({"type": "string", "maxLength": max}),
        Kind::Secret | Kind::Path => json!({"type": "string"}),
        Kind::Texts => json!({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
        Kind::Duration(..) => json!({"type": ["string", "integer"], "minLength": 1, "pattern": DURATION}),
        Kind::Whole(min, max) => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Size => json!({"type": "string", "pattern": "^[0-9]+ *([kKMGT]?B|[KMGT]iB)$"}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::OneOf(words) => json!({"enum": words}),
        Kind::Labels => {
            json!({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}})
        }
        Kind::SecretsByName => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        Kind::WordsByName(words) => json!({"type": "object", "additionalProperties": {"enum": words}}),
        Kind::Json => json!({}),
        Kind::Map(section) => json!({"$ref": format!("#/$defs/{}", section.id)}),
        Kind::Told => json!({"$ref": format!("#/$defs/{}", keys::COMPAT.id)}),
        Kind::List(section) => {
            json!({"type": "array", "items": {"$ref": format!("#/$defs/{}", section.id)}})
        }
        Kind::Later => unreachable!("keys that are not built yet are left out"),
    }
}
