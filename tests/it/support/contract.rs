//! Every answer of the API that a test gets is as the OpenAPI document says, to the last key.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use punctual::http::routes::OPEN_API;
use reqwest::Method;
use serde_json::{Value, json};

use super::http::Response;

/// A longer answer has more of the same, which takes minutes to look at.
const MOST_BYTES: usize = 256 << 10;

/// Clients must bear new keys, so the document allows them; here each must stand in it.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = OPEN_API.clone();
    allow_no_more(&mut document["components"]);
    document
});

fn allow_no_more(shape: &mut Value) {
    match shape {
        Value::Array(items) => items.iter_mut().for_each(allow_no_more),
        Value::Object(keys) => {
            keys.values_mut().for_each(allow_no_more);
            if keys.get("properties").is_some_and(Value::is_object) {
                keys.entry("additionalProperties").or_insert(json!(false));
            }
        }
        _ => {}
    }
}

/// The template of the document that a path is of; one without a part comes before one with.
fn template_of(path: &str) -> Option<&'static str> {
    let rest = path.strip_prefix("/api/v1")?;
    let parts: Vec<&str> = rest.split('/').collect();
    let fits = |template: &str| {
        let wanted: Vec<&str> = template.split('/').collect();
        wanted.len() == parts.len()
            && wanted
                .iter()
                .zip(&parts)
                .all(|(wanted, part)| wanted == part || (wanted.starts_with('{') && !part.is_empty()))
    };
    let templates = STRICT["paths"].as_object().unwrap().keys().map(String::as_str);
    templates.filter(|template| fits(template)).min_by_key(|template| template.contains('{'))
}

/// A validator of what this answer's JSON is to be; made once.
fn validated(shape: &Value, value: &Value) -> Result<(), String> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = validators.entry(shape.to_string()).or_insert_with(|| {
        let mut schema = shape.clone();
        schema["components"] = STRICT["components"].clone();
        jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
    });
    let faults: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Fails if the API answers what the document does not say.
pub(crate) fn hold(method: &Method, path: &str, answer: &Response) {
    let Some(template) = template_of(path) else { return };
    let operations = &STRICT["paths"][template];
    let verb = if method == Method::HEAD { "get".to_owned() } else { method.as_str().to_ascii_lowercase() };
    let Some(operation) = operations.get(&verb) else {
        assert!(
            [404, 405, 421].contains(&answer.status),
            "{method} {path} is not in the OpenAPI document: {answer:?}"
        );
        return;
    };
    let what = format!("{method} {path} answered {}, and the OpenAPI document", answer.status);
    let said = &operation["responses"][answer.status.to_string()];
    assert!(
        !said.is_null(),
        "{what} does not say so: the contract of this operation in src/http/api/ does (`refuses`)"
    );
    if method == Method::HEAD {
        return;
    }
    let said = match said["$ref"].as_str() {
        Some(reference) => STRICT.pointer(reference.trim_start_matches('#')).unwrap(),
        None => said,
    };
    let kind = answer.header("content-type").split(';').next().unwrap_or_default();
    let Some(content) = said.get("content") else {
        assert!(answer.body.is_empty(), "{what} says that nothing is answered: {}", answer.text());
        return;
    };
    let Some(content) = content.get(kind) else { panic!("{what} has no `{kind}`") };
    if kind.ends_with("json") && answer.body.len() <= MOST_BYTES {
        let answered = answer.json();
        if let Err(faults) = validated(&content["schema"], &answered) {
            panic!(
                "{what} says otherwise; its shape stands beside the code that answers:\n{faults}\n{answered:#}"
            );
        }
    }
}
