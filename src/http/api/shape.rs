//! What the JSON of the API looks like, in the words of JSON Schema (2020-12). Each shape stands beside the code that makes the
//! JSON or reads it; one with a title is named in the document once, wherever it is used.

use serde_json::{Map, Value, json};

use crate::compat::DOOR_KEYS;
use crate::config::schema;

/// A key of an object, and the shape of its value.
pub(super) type Keyed = (&'static str, Value);

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// A whole number, 0 or more.
pub(super) fn whole() -> Value {
    json!({"type": "integer", "minimum": 0})
}

/// A number with a fraction, 0 or more.
pub(super) fn number() -> Value {
    json!({"type": "number", "minimum": 0})
}

pub(super) fn flag() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn labels() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}})
}

/// One of these words.
pub(super) fn one_of<'w>(words: impl IntoIterator<Item = &'w str>) -> Value {
    json!({"type": "string", "enum": words.into_iter().collect::<Vec<_>>()})
}

pub(super) fn or_null(shape: Value) -> Value {
    let shapes = [shape, json!({"type": "null"})];
    Value::from_iter([("anyOf", Value::from_iter(shapes))])
}

pub(super) fn list(of: Value) -> Value {
    Value::from_iter([("type", "array".into()), ("items", of)])
}

/// With a sentence for whoever reads the document.
pub(super) fn explained(mut shape: Value, meaning: &str) -> Value {
    shape["description"] = meaning.into();
    shape
}

/// What is answered: all of these keys are always there.
pub(super) fn object(title: &str, keys: impl IntoIterator<Item = Keyed>) -> Value {
    let properties: Map<String, Value> =
        keys.into_iter().map(|(key, shape)| (key.to_owned(), shape)).collect();
    let required: Vec<&String> = properties.keys().collect();
    json!({"title": title, "type": "object", "required": required, "properties": properties})
}

/// With keys that are there in some of them.
pub(super) fn and_perhaps(mut object: Value, keys: impl IntoIterator<Item = Keyed>) -> Value {
    for (key, shape) in keys {
        object["properties"][key] = shape;
    }
    object
}

/// The same object with more keys, under a title of its own.
pub(super) fn with(mut object: Value, title: &str, keys: impl IntoIterator<Item = Keyed>) -> Value {
    object["title"] = title.into();
    for (key, shape) in keys {
        object["properties"][key] = shape;
        object["required"].as_array_mut().expect("an object lists its keys").push(key.into());
    }
    object
}

/// What is asked: each of these keys may be left out, and others are refused.
pub(super) fn asked(keys: impl IntoIterator<Item = Keyed>) -> Value {
    let properties: Map<String, Value> =
        keys.into_iter().map(|(key, shape)| (key.to_owned(), shape)).collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// A page of a list.
pub(super) fn page(title: &str, list_name: &'static str, item: Value) -> Value {
    let next = explained(or_null(text()), "The `cursor` of the page after this one; null: there is none.");
    object(title, [(list_name, list(item)), ("next_cursor", next)])
}

/// A check in the words of `checks:`, by the table of keys of the files.
pub(super) fn definition() -> Value {
    let mut sections = schema(&DOOR_KEYS)["$defs"].take();
    let mut of = |section: &str, title: &str| {
        let mut shape = sections[section].take();
        shape["title"] = title.into();
        shape
    };
    let (mut check, expect, quiet) =
        (of("check", "CheckDefinition"), of("expect", "Expect"), of("quiet", "Quiet"));
    let (mut assert, reported) = (of("assert", "Assertion"), of("reported", "Reported"));
    let (mut http, condition) = (of("http_probe", "HttpProbe"), of("json_condition", "JsonCondition"));
    http["properties"]["json"] = or_null(list(condition));
    assert["properties"]["http"] = or_null(http);
    assert["properties"]["promql"] = or_null(of("promql_probe", "PromqlProbe"));
    assert["properties"]["sql"] = or_null(of("sql_probe", "SqlProbe"));
    let (mut exec, limits) = (of("exec_probe", "ExecProbe"), of("exec_limits", "ExecLimits"));
    exec["properties"]["limits"] = or_null(limits);
    assert["properties"]["exec"] = or_null(exec);
    assert["properties"]["reported"] = or_null(reported);
    let mut detect = of("detect", "Detection");
    for way in ["promql", "sql", "exec", "reported"] {
        detect["properties"][way] = assert["properties"][way].clone();
    }
    check["properties"]["assert"] = or_null(assert);
    check["properties"]["detect"] = or_null(detect);
    check["properties"]["expect"] = or_null(expect);
    check["properties"]["quiet"] = or_null(list(quiet));
    check
}

/// The same as it is asked for: the name may be left out.
pub(super) fn asked_definition() -> Value {
    let mut check = definition();
    check["title"] = "CheckWanted".into();
    check["required"] = json!([]);
    check
}
