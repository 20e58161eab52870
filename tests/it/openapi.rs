//! The OpenAPI document, held against the server: `support/contract.rs` holds each answer of all other tests against it.

use std::collections::BTreeSet;

use punctual::http::routes::OPEN_API;
use serde_json::Value;

use crate::access;
use crate::support::http::{self, Response};
use crate::support::process::{run, tool};
use crate::support::punctual::Punctual;

const TOKEN: &str = "token-that-may-write";

/// A server on which there is something to be found at every path.
fn start() -> Punctual {
    let server = Punctual::start(&format!(
        "auth: {{tokens: [{{name: ci, scope: write, token: {TOKEN}}}]}}\n\
         receivers: [{{name: hook, webhook: {{url: 'http://127.0.0.1:9/'}}}}]\ndefault_receivers: [hook]\n\
         checks:\n  - {{name: backup, every: 1h, labels: {{team: dba}}}}\n  - {{name: counted, cron: '* * * * *', expect: {{at_least: 1, within: 1h}}}}\n"
    ));
    for ping in ["backup/start", "backup", "backup/1"] {
        assert_eq!(http::post(&server.url(&format!("/ping/{ping}")), "what it said").status, 200);
    }
    for (path, body) in [
        ("checks", r#"{"name": "made", "every": "5m"}"#),
        ("checks/made/pause", r#"{"comment": "why", "for": "2h"}"#),
        ("mutes", r#"{"check": "backup", "for": "2h"}"#),
    ] {
        let answer = ask(&server, "POST", &format!("/api/v1/{path}"), body);
        assert!(answer.status < 300, "{path}: {}", answer.text());
    }
    server
}

fn ask(server: &Punctual, method: &str, path: &str, body: &str) -> Response {
    let request = http::client().request(method.parse().unwrap(), server.url(path));
    http::send(request.bearer_auth(TOKEN).body(body.to_owned()))
}

/// Every operation of the document: its method, path and description.
fn operations() -> impl Iterator<Item = (String, String, &'static Value)> {
    let paths = OPEN_API["paths"].as_object().unwrap();
    paths.iter().flat_map(|(template, of_path)| {
        let path = format!("/api/v1{}", access::path(template));
        let operations = of_path.as_object().unwrap().iter().filter(|(verb, _)| *verb != "parameters");
        operations.map(move |(verb, operation)| (verb.to_uppercase(), path.clone(), operation))
    })
}

#[test]
fn the_document_is_open_to_all_and_says_where_the_server_is() {
    let server = Punctual::new(&format!(
        "auth: {{tokens: [{{name: ci, scope: write, token: {TOKEN}}}]}}\nchecks: []\n"
    ));
    let mut server = server.argument("--web.external-url=https://example.org/punctual/");
    server.start_again();
    let answer = http::get(&server.url("/api/v1/openapi.json"));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json"),
        "{}",
        answer.text()
    );
    let mut document = answer.json();
    assert_eq!(document["servers"][0]["url"], "https://example.org/punctual/api/v1");
    document.as_object_mut().unwrap().remove("servers");
    assert_eq!(document, *OPEN_API);
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn operations_have_names_of_their_own_and_every_reference_leads_somewhere() {
    let names: Vec<&str> =
        operations().map(|(_, _, operation)| operation["operationId"].as_str().unwrap()).collect();
    assert!(names.len() > 30 && names.iter().collect::<BTreeSet<_>>().len() == names.len(), "{names:?}");
    let text = OPEN_API.to_string();
    let references = text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap());
    for reference in references {
        assert!(OPEN_API.pointer(reference).is_some(), "{reference}");
    }
}

#[test]
fn an_operation_takes_the_parameters_that_the_document_names_and_no_others() {
    let server = start();
    for (method, path, operation) in operations().filter(|(_, path, _)| !path.ends_with("/openapi.json")) {
        let what = format!("{method} {path}");
        let answer = ask(&server, &method, &format!("{path}?unheard-of=1"), "");
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        let problem = answer.json();
        let detail = problem["detail"].as_str().unwrap();
        let known = detail.rsplit("there is ").next().unwrap();
        let known: BTreeSet<&str> = known.split(", ").filter(|name| *name != "none").collect();
        let parameters = operation["parameters"].as_array().unwrap().iter();
        let of_query = parameters.filter(|parameter| parameter["in"] == "query");
        let named: BTreeSet<&str> = of_query.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(known, named, "{what}");
    }
}

/// What it finds, it finds again: the seed is fixed. One worker, for several disturb each other in Python (its `ast`).
#[test]
fn schemathesis_finds_no_fault_of_ours_and_nothing_that_the_document_does_not_say() {
    let server = start();
    let mut schemathesis = tool("schemathesis");
    schemathesis.current_dir(server.folder()).args(["run", &server.url("/api/v1/openapi.json")]);
    schemathesis.args([
        "--url",
        &server.url("/api/v1"),
        "--seed",
        "1",
        "--no-color",
        "--generation-database",
        "none",
    ]);
    schemathesis.args([
        "--max-examples",
        "30",
        "--workers",
        "1",
        "--warnings",
        "off",
        "--request-timeout",
        "30",
    ]);
    schemathesis.args(["--checks", CHECKS, "--header", &format!("Authorization: Bearer {TOKEN}")]);
    let (is_good, said) = run(&mut schemathesis);
    assert!(is_good, "{said}");
}

/// A text may be no matcher, and a schema cannot say which: what is refused though it fits is no fault.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method";
