//! The OpenAPI document (3.1) of the API. The route table says which operations there are and who may, and each operation what it
//! takes and answers: none can be left out.

use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::api::{Content, Contract};
use super::needs::Needs;
use super::reply::{self, Reply};
use super::visit::Visit;
use super::{App, exposition, pages};
use crate::app::Room;

/// Below this are the paths of the API.
pub(super) const ROOT: &str = "/api/v1";

/// An operation and where it is.
pub(super) struct OpenApiRow<'t> {
    /// The path, below [`ROOT`].
    pub(super) template: &'t str,
    pub(super) method: &'t Method,
    /// Who may.
    pub(super) needs: Needs,
    pub(super) contract: Contract,
}

/// Statuses of problems that every operation may have: what is asked cannot be understood, a page of another site asks, the body
/// does not come or is too long, another host is meant, the server is busy or has no room.
const OF_ALL: [u16; 6] = [400, 403, 408, 413, 421, 503];
/// Where a token is needed: none or a wrong one, and too many wrong ones.
const OF_TOKENS: [u16; 2] = [401, 429];

/// The document, for whoever asks at this address.
pub(super) async fn show(visit: Visit<'_>, document: &'static Value) -> Reply {
    let takes_gzip = exposition::takes_gzip(visit.parts);
    let answer = move |app: &App| {
        let mut document = document.clone();
        document["servers"] = json!([{"url": format!("{}{ROOT}", app.external_url)}]);
        reply::compressed(reply::json(StatusCode::OK, &document), takes_gzip)
    };
    pages::make_in(visit.room_or(Room::Programs), visit.app, answer).await
}

/// The document of these operations, without the server's address.
pub(super) fn document<'t>(rows: impl Iterator<Item = OpenApiRow<'t>>) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for row in rows {
        let path = paths.entry(row.template).or_insert_with(|| json!({"parameters": of_path(row.template)}));
        path[row.method.as_str().to_ascii_lowercase()] = operation(&row);
    }
    let mut paths = Value::Object(paths);
    let mut schemas = Map::from_iter([("Problem".to_owned(), problem())]);
    name_parts(&mut paths, &mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "punctual",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Makes sure that what should happen does happen. Times are RFC 3339 in UTC. New keys may come in what is answered.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Problem": {
                "description": "It was not done; `detail` says why, and what to do.",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
            "securitySchemes": {"token": {
                "type": "http",
                "scheme": "bearer",
                "description": "A token of `auth.tokens`; for pings also a ping key.",
            }},
        },
    })
}

/// The parts of a path that its template names.
fn of_path(template: &str) -> Vec<Value> {
    let names = template.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str| {
        let shape = match name {
            "id" => json!({"type": "integer", "minimum": 0}),
            _ => json!({"type": "string", "minLength": 1}),
        };
        json!({"name": name, "in": "path", "required": true, "schema": shape})
    };
    names.map(parameter).collect()
}

fn operation(row: &OpenApiRow<'_>) -> Value {
    let Contract { id, summary, query, body, answers: (status, content), has_versions, problems } =
        &row.contract;
    let (scopes, needs_token) = who_may(row.needs);
    let mut responses = Map::from_iter([(status.as_str().to_owned(), answer(content))]);
    let of_path = row.template.contains('{').then_some(404);
    let of_tokens = OF_TOKENS.iter().filter(|_| needs_token);
    for problem in OF_ALL.iter().chain(of_tokens).chain(&of_path).chain(*problems) {
        responses.insert(problem.to_string(), json!({"$ref": "#/components/responses/Problem"}));
    }
    let mut parameters: Vec<Value> = query
        .iter()
        .map(|parameter| {
            json!({"name": parameter.name, "in": "query", "description": parameter.meaning, "schema": parameter.shape})
        })
        .collect();
    if *has_versions {
        parameters.extend(condition(row.method, &mut responses));
    }
    let mut operation = json!({
        "operationId": id,
        "summary": summary,
        "parameters": parameters,
        "responses": responses,
        "security": scopes,
    });
    if let Some(body) = body {
        operation["requestBody"] =
            json!({"required": body.is_needed, "content": {body.kind: {"schema": body.shape}}});
    }
    operation
}

/// How an operation on something with versions is bound to one of them (16.3f), and what it answers then.
fn condition(method: &Method, responses: &mut Map<String, Value>) -> Option<Value> {
    let tag = json!({"ETag": {"description": "Its version.", "schema": {"type": "string"}}});
    for status in ["200", "201"] {
        if let Some(answer) = responses.get_mut(status) {
            answer["headers"] = tag.clone();
        }
    }
    let (name, status, answer) = match *method {
        Method::GET => {
            ("If-None-Match", 304, json!({"description": "It is this version still.", "headers": tag}))
        }
        Method::PUT | Method::PATCH | Method::DELETE => {
            ("If-Match", 412, json!({"$ref": "#/components/responses/Problem"}))
        }
        _ => return None,
    };
    responses.insert(status.to_string(), answer);
    Some(json!({
        "name": name,
        "in": "header",
        "description": "The `ETag` of an answer before.",
        "schema": {"type": "string"},
    }))
}

/// What must be shown, by the scope that is needed at least; and whether it may be missing or wrong.
fn who_may(needs: Needs) -> (Value, bool) {
    match needs {
        Needs::Read => (json!([{"token": ["read"]}]), true),
        Needs::Ping | Needs::Due => (json!([{"token": ["ping"]}, {}]), true),
        Needs::Operate => (json!([{"token": ["operate"]}]), true),
        Needs::Write => (json!([{"token": ["write"]}]), true),
        Needs::Nothing
        | Needs::PingKey
        | Needs::Lifecycle
        | Needs::Page
        | Needs::Metrics
        | Needs::Form
        | Needs::AliasId
        | Needs::Compat(_) => (json!([]), false),
    }
}

fn answer(content: &Content) -> Value {
    match content {
        Content::Nothing => json!({"description": "It is done."}),
        Content::Json(shape) => {
            json!({"description": "What was asked for, or what came of it.", "content": {"application/json": {"schema": shape}}})
        }
        Content::Bytes => json!({
            "description": "What somebody sent: as text where it is UTF-8.",
            "content": {"text/plain": {"schema": {"type": "string"}}, "application/octet-stream": {}},
        }),
    }
}

/// RFC 9457
fn problem() -> Value {
    let text = || json!({"type": "string"});
    let fault = json!({
        "type": "object",
        "required": ["pointer", "detail"],
        "properties": {"pointer": text(), "detail": text()},
    });
    let declared = json!({
        "type": "object",
        "required": ["file", "line"],
        "properties": {"file": text(), "line": {"type": "integer"}},
    });
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text(),
            "title": text(),
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What to do about it."},
            "declared": declared,
            "errors": {"type": "array", "items": fault, "description": "Every fault of a check, each with its place (RFC 6901)."},
            "errors_omitted": {"type": "integer", "minimum": 0},
        },
    })
}

/// Puts what has a title where each is defined once, and a reference in its place.
fn name_parts(shape: &mut Value, named: &mut Map<String, Value>) {
    match shape {
        Value::Array(items) => items.iter_mut().for_each(|item| name_parts(item, named)),
        Value::Object(keys) => {
            keys.values_mut().for_each(|below| name_parts(below, named));
            let Some(Value::String(title)) = keys.get("title").cloned() else { return };
            let part = std::mem::replace(shape, json!({"$ref": format!("#/components/schemas/{title}")}));
            let before = named.insert(title.clone(), part.clone());
            assert!(before.is_none_or(|before| before == part), "two shapes are called {title}");
        }
        _ => {}
    }
}
