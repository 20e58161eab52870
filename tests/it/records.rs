//! Records of assertions (§18), from outside: reported, told, looked at, and marked.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::http::{self, Response};
use crate::support::process::PATIENCE;
use crate::support::punctual::{Punctual, punctual};
use crate::support::sink::WebhookSink;

const TOKEN: &str = "token-that-operates";
const CHECKS: &str = "auth: {anonymous: read, tokens: [{name: oncall, scope: operate, token: token-that-operates}]}\n\
    checks:\n  \
    - {name: pictures, title: Profiles have a picture, assert: {reported: {}, max_records: 1000}}\n  \
    - {name: issues, assert: {reported: {}}}\n  \
    - {name: plain, assert: {reported: {}, records: false}}\n  \
    - {name: job, every: 1h}\n";

fn asked(server: &Punctual, method: Method, path: &str, body: Option<&Value>) -> Response {
    let request = http::client().request(method, server.url(&format!("/api/v1/checks/{path}")));
    let request = request.bearer_auth(TOKEN);
    http::send(match body {
        Some(body) => http::with_json(request, body),
        None => request,
    })
}

fn report(server: &Punctual, name: &str, body: &Value) -> Response {
    asked(server, Method::POST, &format!("{name}/report"), Some(body))
}

fn taken(server: &Punctual, name: &str, body: &Value) -> Value {
    let answer = report(server, name, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn violated(keys: &[&str]) -> Value {
    let records: Vec<Value> = keys.iter().map(|key| json!({"key": key})).collect();
    json!({"result": "violated", "records": records})
}

fn keys(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap()).collect()
}

/// 18.1, 18.3, 12.3, 12.5: over the whole way, from a report to messages.
#[test]
fn records_are_told_together_and_their_ends_too() {
    let sink = WebhookSink::start();
    let mut server = Punctual::start(&format!(
        "receivers: [{{name: hook, group_wait: 0s, webhook: {{url: '{}'}}}}]\ndefault_receivers: [hook]\n{CHECKS}",
        sink.url()
    ));
    let ada = json!({"key": "EU/7", "title": "ada <b>", "details": {"joined": "2026-03-01"}, "labels": {"region": "EU"}});
    let body =
        json!({"result": "violated", "why": "no picture", "records": [ada, {"key": "8"}, {"key": "8"}]});
    let began = taken(&server, "pictures", &body);
    assert_eq!((keys(&began["began"]), &began["open"]), (vec!["8", "EU/7"], &json!(2)));
    let told = sink.received.wait_for_count("that they began", PATIENCE, 1)[0].json();
    let alert = &told["alerts"][0];
    assert_eq!(told["alerts"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(alert["annotations"]["records"], "2 new, 2 open", "{told}");
    let list = alert["annotations"]["record_list"].as_str().unwrap();
    assert!(list.contains("ada <b> (EU/7)") && list.contains("joined"), "{list}");
    let shown = server.get("/api/v1/checks/pictures").json();
    assert_eq!((&shown["status"], &shown["records"]), (&json!("failing"), &json!(2)));
    assert_eq!(shown["causes"][0]["kind"], "violated");
    server.kill9();
    server.start_again();
    let ended = taken(&server, "pictures", &violated(&["8"]));
    assert_eq!((keys(&ended["ended"]), &ended["ended"][0]["standing"]), (vec!["EU/7"], &json!("resolved")));
    let told = sink.received.wait_for_count("that one is over", PATIENCE, 2)[1].json();
    assert_eq!(told["alerts"][0]["annotations"]["records"], "1 open, 1 over", "{told}");
    assert_eq!(server.value("punctual_check_records{check=\"pictures\"}"), 1.0);
    let ended = taken(&server, "pictures", &json!({"result": "holds"}));
    assert_eq!((keys(&ended["ended"]), &ended["open"]), (vec!["8"], &json!(0)));
    assert_eq!(server.get("/api/v1/checks/pictures").json()["status"], "up");
}

/// 22.7: who answers a check, or what matches, answers what its records opened, too.
#[test]
fn incidents_of_records_are_answered_together() {
    let server = Punctual::start(CHECKS);
    let labelled = |key: &str, region: &str| json!({"key": key, "labels": {"region": region}});
    let all = json!({"result": "violated", "records": [labelled("1", "EU"), labelled("2", "EU"), labelled("3", "US")]});
    taken(&server, "pictures", &all);
    taken(&server, "plain", &json!({"result": "violated"}));
    let says = |verb: &str, body: Value| {
        let request =
            http::client().post(server.url(&format!("/api/v1/incidents/{verb}"))).bearer_auth(TOKEN);
        http::send(http::with_json(request, &body))
    };
    let standing = || -> Vec<Value> {
        let records = server.get("/api/v1/checks/pictures/records").json();
        records["records"].as_array().unwrap().iter().map(|record| record["standing"].clone()).collect()
    };
    let said = says("acknowledge", json!({"matchers": "region=EU"})).json();
    assert_eq!((&said["matching"], &said["changed"]), (&json!(2), &json!(2)), "{said}");
    assert!(said["done"].as_str().unwrap().ends_with(": pictures"), "each check is named once: {said}");
    assert_eq!(standing(), ["acknowledged", "acknowledged", "open"]);
    let said = says("reopen", json!({"matchers": "key=\"2\""})).json();
    assert_eq!(said["changed"], 1, "{said}");
    let said = says("acknowledge", json!({"matchers": "check=~\"pictures|plain\""})).json();
    assert_eq!((&said["matching"], standing()), (&json!(4), vec![json!("acknowledged"); 3]), "{said}");
    let said = says("wont-fix", json!({"check": "pictures", "comment": "none of ours"})).json();
    assert_eq!((&said["matching"], standing()), (&json!(3), vec![json!("wont_fix"); 3]), "{said}");
    let said = says("wont-fix", json!({"check": "plain"})).json();
    assert_eq!((&said["matching"], &said["changed"]), (&json!(1), &json!(1)), "{said}");
    assert_eq!(says("acknowledge", json!({"check": "job"})).status, 409);
}

/// 18.7: a report of thousands is answered once all of it is stored, and pings go between.
#[test]
fn a_report_of_thousands_is_taken() {
    let server = Punctual::start(&CHECKS.replace("max_records: 1000", "max_records: 10000"));
    let all: Vec<String> = (0..1_500).map(|number| format!("order-{number:05}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let began = taken(&server, "pictures", &violated(&all));
    assert_eq!((began["began"].as_array().unwrap().len(), &began["open"]), (1_500, &json!(1_500)));
    let again = taken(&server, "pictures", &violated(&all));
    assert_eq!((&again["began"], &again["open"]), (&json!([]), &json!(1_500)));
    let mut seen = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = server.get(&format!("/api/v1/checks/pictures/records?limit=1000&cursor={cursor}")).json();
        seen.extend(keys(&page["records"]).into_iter().map(str::to_owned));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), 1_500);
    let page = server.get("/checks/pictures/records?q=order-00007").text();
    assert!(page.contains("order-00007") && !page.contains("order-00008"), "{page}");
    assert!(server.get("/checks/pictures").text().contains("1500 open"));
    let ended = taken(&server, "pictures", &json!({"result": "holds", "records": []}));
    assert_eq!((ended["ended"].as_array().unwrap().len(), &ended["open"]), (1_500, &json!(0)));
}

/// 18.6
#[test]
fn too_many_records_are_a_reason_of_their_own() {
    let server = Punctual::start(CHECKS);
    let all: Vec<String> = (0..50_000).map(|number| number.to_string()).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let answer = taken(&server, "pictures", &violated(&all));
    assert_eq!((keys(&answer["began"]), &answer["open"]), (vec![""], &json!(1)));
    let shown = server.get("/api/v1/checks/pictures").json();
    assert_eq!((&shown["causes"][0]["kind"], &shown["records"]), (&json!("too_many_records"), &json!(0)));
}

/// 18.1, 18.3a
#[test]
fn what_contradicts_itself_or_is_no_record_is_refused() {
    let server = Punctual::start(CHECKS);
    let record = |record: Value| json!({"result": "violated", "records": [{"key": "1"}, record]});
    for (body, why) in [
        (json!({"result": "holds", "records": [{"key": "1"}]}), "does not hold"),
        (json!({"result": "violated", "records": []}), "contradicts itself"),
        (json!({"result": "unknown", "records": []}), "names no"),
        (record(json!({"key": ""})), "item 1: it has no key"),
        (record(json!({"key": "a\nb"})), "control characters"),
        (record(json!({"key": "a", "title": "x".repeat(201)})), "200 characters"),
        (record(json!({"key": "a", "details": "x".repeat(5000)})), "4096 bytes"),
        (record(json!({"key": "a", "labels": {"1a": "b"}})), "no label's name"),
        (record(json!({"key": "a", "labels": {"a": 1}})), "is a text"),
    ] {
        let answer = report(&server, "pictures", &body);
        assert!(answer.status == 422 && answer.text().contains(why), "{body}: {}", answer.text());
    }
    let answer = report(&server, "pictures", &record(json!({"title": "a"})));
    assert_eq!(answer.status, 400, "{}", answer.text());
    let answer = report(&server, "plain", &violated(&["1"]));
    assert!(answer.status == 409 && answer.text().contains("records: false"), "{}", answer.text());
    let answer = report(&server, "job", &violated(&["1"]));
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(server.get("/api/v1/checks/pictures").json()["status"], "new", "nothing of that is kept");
}

/// 18.9, 11.2
#[test]
fn a_record_is_begun_and_ended_by_itself_and_a_key_is_marked() {
    let server = Punctual::start(CHECKS);
    let begin = |body: Value| asked(&server, Method::POST, "issues/records", Some(&body));
    let order = json!({"key": "order/7", "title": "Not paid twice", "details": [1, 2]});
    let begun = begin(order.clone()).json();
    assert_eq!(
        (&begun["is_new"], &begun["count"], &begun["standing"]),
        (&json!(true), &json!(1), &json!("open"))
    );
    let again = begin(order).json();
    assert_eq!((&again["is_new"], &again["count"]), (&json!(false), &json!(2)));
    assert_eq!(again["incident"], begun["incident"]);
    let one = server.get("/api/v1/checks/issues/records/order%2F7").json();
    assert_eq!(
        (&one["title"], &one["details"], &one["count"]),
        (&json!("Not paid twice"), &json!([1, 2]), &json!(2))
    );
    let mark = json!({"by": "ann", "comment": "known"});
    assert_eq!(asked(&server, Method::PUT, "issues/marks/order%2F7", Some(&mark)).status, 204);
    assert_eq!(
        server.get("/api/v1/checks/issues").json()["status"],
        "new",
        "18.5: nobody wants to hear of it"
    );
    let marks = server.get("/api/v1/checks/issues/marks").json();
    assert_eq!(keys(&marks["marks"]), ["order/7"]);
    let marked = server.get("/api/v1/checks/issues/marks/order%2F7").json();
    assert_eq!((&marked["by"], &marked["comment"]), (&json!("ann (token oncall)"), &json!("known")));
    assert_eq!(
        keys(&server.get("/api/v1/checks/issues/records?wont_fix=true").json()["records"]),
        ["order/7"]
    );
    assert_eq!(asked(&server, Method::DELETE, "issues/records/order%2F7", None).status, 204);
    assert_eq!(asked(&server, Method::DELETE, "issues/records/order%2F7", None).status, 404);
    let back = begin(json!({"key": "order/7"})).json();
    assert_eq!((&back["standing"], &back["wont_fix"]), (&json!("wont_fix"), &json!(true)));
    assert_eq!(asked(&server, Method::DELETE, "issues/marks/order%2F7", None).status, 204);
    assert_eq!(asked(&server, Method::DELETE, "issues/marks/order%2F7", None).status, 404);
    assert_eq!(server.get("/api/v1/checks/issues").json()["status"], "failing");
    taken(&server, "issues", &violated(&["order/7", "found"]));
    let answer = asked(&server, Method::DELETE, "issues/records/found", None);
    assert!(answer.status == 409 && answer.text().contains("a result found it"), "{}", answer.text());
    assert_eq!(server.get("/api/v1/checks/issues/records/nothing").status, 404);
    assert_eq!(server.get("/api/v1/checks/issues/marks/nothing").status, 404);
    let answer = asked(&server, Method::POST, "plain/records", Some(&json!({"key": "1"})));
    assert_eq!(answer.status, 409, "{}", answer.text());
}

/// 18.3a: what a shell has to do.
#[test]
fn a_shell_reports_records_and_lists_them() {
    let server = Punctual::start(CHECKS);
    let data = server.data().display().to_string();
    let file = server.folder().join("found");
    let run = |arguments: &[&str]| punctual(&[arguments, &["--storage.path", &data]].concat());
    std::fs::write(&file, "7\n\n{\"key\": \"8\", \"title\": \"ada\"}\n").unwrap();
    let file = file.display().to_string();
    let (is_good, said) = run(&["report", "pictures", "--records", &file]);
    assert!(is_good && said.contains("began"), "{said}");
    let (is_good, said) = run(&["records", "pictures"]);
    assert!(is_good && said.contains("ada") && said.contains('7'), "{said}");
    let (_, listed) = run(&["records", "pictures", "--search", "ada", "--output", "json"]);
    assert_eq!(keys(&serde_json::from_str::<Value>(&listed).unwrap()["records"]), ["8"]);
    std::fs::write(&file, "{\"key\": 1\n").unwrap();
    let (is_good, said) = run(&["report", "pictures", "--records", &file]);
    assert!(!is_good && said.contains("line 1"), "{said}");
    std::fs::write(&file, "").unwrap();
    let (is_good, said) = run(&["report", "pictures", "--records", &file]);
    assert!(is_good && said.contains("ended"), "{said}");
    assert!(!run(&["report", "pictures", "--holds", "--records", &file]).0);
    assert!(!run(&["report", "pictures"]).0);
}
