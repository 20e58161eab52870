//! What `detect` finds (§19), from outside: reported, told once, looked at, and forgotten.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::http::{self, Response};
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::{Punctual, punctual};
use crate::support::sink::WebhookSink;
use crate::support::smtp::{SmtpServer, Tls};

const TOKEN: &str = "token-that-operates";
const CHECKS: &str = "auth: {anonymous: read, tokens: [{name: oncall, scope: operate, token: token-that-operates}]}\n\
    checks:\n  \
    - {name: failed, title: Failed jobs, detect: {reported: {reporter: shop}, remember: 7d}}\n  \
    - {name: once, every: 1h, detect: {reported: {}, remember: forever}}\n  \
    - {name: pictures, assert: {reported: {}}}\n";

fn asked(server: &Punctual, method: Method, path: &str, body: Option<&Value>) -> Response {
    let request = http::client().request(method, server.url(&format!("/api/v1/checks/{path}")));
    let request = request.bearer_auth(TOKEN);
    http::send(match body {
        Some(body) => http::with_json(request, body),
        None => request,
    })
}

fn taken(server: &Punctual, name: &str, body: &Value) -> Value {
    let answer = asked(server, Method::POST, &format!("{name}/report"), Some(body));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn found(keys: &[&str]) -> Value {
    let records: Vec<Value> = keys.iter().map(|key| json!({"key": key})).collect();
    json!({"result": "violated", "records": records})
}

fn keys(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap()).collect()
}

fn occurred(server: &Punctual, name: &str) -> f64 {
    server.value(&format!("punctual_check_occurrences_total{{check=\"{name}\"}}"))
}

/// 19.1, 19.2, 19.4, 19.5: over the whole way, from a report to a message, and over a death.
#[test]
fn what_occurs_is_told_once_and_named_to_whoever_reports() {
    let sink = WebhookSink::start();
    let mut server = Punctual::start(&format!(
        "receivers: [{{name: hook, group_wait: 0s, webhook: {{url: '{}'}}}}]\ndefault_receivers: [hook]\n{CHECKS}",
        sink.url()
    ));
    assert_eq!((occurred(&server, "failed"), occurred(&server, "once")), (0.0, 0.0), "from the beginning on");
    let ada = json!({"key": "job-7", "title": "ada <b>", "details": {"exit": 3}});
    let answer = taken(&server, "failed", &json!({"result": "violated", "records": [ada, {"key": "job-8"}]}));
    assert_eq!((keys(&answer["began"]), &answer["open"]), (vec!["job-7", "job-8"], &json!(2)));
    let told = sink.received.wait_for_count("that they occurred", PATIENCE, 1)[0].json();
    let alert = &told["alerts"][0];
    assert_eq!(alert["labels"]["alertname"], "PunctualCheckOccurred", "{told}");
    assert_eq!(alert["annotations"]["records"], "2 occurred", "{told}");
    assert_eq!(alert["annotations"]["summary"], "Failed jobs: 2 occurred", "{told}");
    assert_eq!((&alert["status"], &alert["annotations"]["reason"]), (&json!("firing"), &json!("occurred")));
    // Until that it was taken is stored, a death has it sent again.
    wait_until("that it is settled", PATIENCE, || server.value("punctual_deliveries_pending") == 0.0);
    server.kill9();
    server.start_again();
    let shown = server.get("/api/v1/checks/failed").json();
    assert_eq!(
        (&shown["status"], &shown["causes"], &shown["records"]),
        (&json!("up"), &json!([]), &json!(2))
    );
    let answer = taken(&server, "failed", &found(&["job-7"]));
    assert_eq!((keys(&answer["began"]), keys(&answer["ended"])), (vec![], vec![]));
    let answer = taken(&server, "failed", &json!({"result": "holds"}));
    assert_eq!((keys(&answer["ended"]), &answer["open"]), (vec![], &json!(2)), "it is remembered");
    assert_eq!(occurred(&server, "failed"), 2.0);
    let answer = taken(&server, "failed", &found(&["job-7", "job-9"]));
    assert_eq!(keys(&answer["began"]), ["job-9"]);
    let told = sink.received.wait_for_count("that another one occurred", PATIENCE, 2)[1].json();
    assert_eq!(told["alerts"][0]["annotations"]["records"], "1 occurred", "{told}");
    assert_eq!(
        (occurred(&server, "failed"), server.value("punctual_check_failing{check=\"failed\"}")),
        (3.0, 0.0)
    );
    assert!(server.values("punctual_check_records", "check=\"failed\"").is_empty(), "of what lasts");
}

/// 19.3, 19.3d: pages and the API say until when it is remembered, and by hand it is forgotten at once.
#[test]
fn what_is_remembered_is_shown_with_its_end_and_forgotten_by_hand() {
    let server = Punctual::start(CHECKS);
    let began = taken(&server, "failed", &found(&["job-7"]))["began"][0]["incident"].clone();
    taken(&server, "once", &found(&["first"]));
    let page = server.get("/checks/failed/records").text();
    for words in ["1 remembered, 1 occurred so far", "Remembered until", "occurred", "not told again: for 7d"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(server.get("/checks/once/records").text().contains("for ever"));
    let page = server.get(&format!("/incidents/{began}")).text();
    for words in ["Occurred", "Remembered until", "something happened that it looks for", "(occurred)"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(server.get("/checks/failed").text().contains("1 remembered"));
    let incidents = server.get("/api/v1/incidents?reason=occurred").json();
    assert_eq!(keys(&incidents["incidents"]), ["first", "job-7"]);
    let record = server.get("/api/v1/checks/failed/records/job-7").json();
    assert!(record["remembered_until"].is_string(), "{record}");
    let record = server.get("/api/v1/checks/once/records/first").json();
    assert_eq!((&record["remembered_until"], &record["standing"]), (&Value::Null, &json!("open")));
    assert_eq!(asked(&server, Method::DELETE, "failed/records/job-7", None).status, 204);
    assert_eq!(asked(&server, Method::DELETE, "failed/records/job-7", None).status, 404);
    let answer = taken(&server, "failed", &found(&["job-7"]));
    assert_eq!(keys(&answer["began"]), ["job-7"]);
    let one = asked(&server, Method::POST, "failed/records", Some(&json!({"key": "job-9"}))).json();
    let again = asked(&server, Method::POST, "failed/records", Some(&json!({"key": "job-9"}))).json();
    assert_eq!((&one["is_new"], &again["is_new"], &again["count"]), (&json!(true), &json!(false), &json!(2)));
}

/// 17.2, 19.1: what is detected is not pinged, and has a name.
#[test]
fn what_is_detected_is_named_and_not_pinged() {
    let server = Punctual::start(CHECKS);
    for path in ["failed", "failed/fail", "failed/start"] {
        assert_eq!(http::post(&server.url(&format!("/ping/{path}")), "").status, 409, "{path}");
    }
    server.ping("failed/log");
    let answer = asked(&server, Method::POST, "failed/report", Some(&json!({"result": "violated"})));
    assert!(answer.status == 409 && answer.text().contains("is named"), "{}", answer.text());
    for _ in 0..3 {
        taken(&server, "failed", &json!({"result": "unknown", "why": "the database is away"}));
    }
    let shown = server.get("/api/v1/checks/failed").json();
    assert_eq!((&shown["status"], &shown["causes"][0]["kind"]), (&json!("unknown"), &json!("unprobed")));
    assert_eq!(shown["definition"]["detect"], json!({"reported": {"reporter": "shop"}, "remember": "7d"}));
    let due = server.get("/api/v1/due?reporter=shop").json();
    assert_eq!(due["due"][0]["name"], "failed", "{due}");
    let text = server.get("/checks/failed").text();
    assert!(text.contains("looks what has occurred"), "{text}");
}

/// 19.4: what a shell has to do.
#[test]
fn a_shell_reports_what_occurred() {
    let server = Punctual::start(CHECKS);
    let data = server.data().display().to_string();
    let file = server.folder().join("found");
    let run = |arguments: &[&str]| punctual(&[arguments, &["--storage.path", &data]].concat());
    std::fs::write(&file, "job-7\n{\"key\": \"job-8\", \"title\": \"ada\"}\n").unwrap();
    let file = file.display().to_string();
    let report = ["report", "failed", "--records", &file];
    let (is_good, said) = run(&[&report[..], &["--output", "json"]].concat());
    assert!(is_good, "{said}");
    assert_eq!(keys(&serde_json::from_str::<Value>(&said).unwrap()["began"]), ["job-7", "job-8"]);
    let (is_good, said) = run(&report);
    assert!(is_good && said.contains("what was open stays so"), "{said}");
    let (is_good, said) = run(&["records", "failed"]);
    assert!(is_good && said.contains("ada") && said.contains("job-7"), "{said}");
}

/// 19.2, 19.2c: a mail says how many occurred, each of two is a thread of its own, and no reminder follows.
#[test]
fn each_mail_of_what_occurred_is_a_thread_of_its_own() {
    let smtp = SmtpServer::start(Tls::None, None);
    let server = Punctual::start(&format!(
        "smtp: {{host: 127.0.0.1, port: {}, tls: none, from: punctual@example.org}}\n\
         receivers: [{{name: ops, group_wait: 0s, email: {{to: [ops@example.org]}}}}]\n\
         responders: [{{actions: [{{notify: ops, repeat_interval: 5m}}]}}]\n{CHECKS}",
        smtp.port()
    ));
    let many: Vec<String> = (1..=25).map(|number| format!("job-{number:02}")).collect();
    taken(&server, "failed", &found(&many.iter().map(String::as_str).collect::<Vec<_>>()));
    smtp.mails.wait_for_count("the first mail", PATIENCE, 1);
    taken(&server, "failed", &found(&["job-99", "job-01"]));
    let mails = smtp.mails.wait_for_count("the second mail", PATIENCE, 2);
    let texts: Vec<&str> = mails.iter().map(|mail| mail.text.as_deref().unwrap()).collect();
    assert!(
        texts[0].contains("25 occurred; the first 20:") && texts[0].contains("and 5 more"),
        "{}",
        texts[0]
    );
    assert!(texts[1].contains("1 occurred") && texts[1].contains("job-99"), "{}", texts[1]);
    for (mail, text) in mails.iter().zip(&texts) {
        assert_eq!(mail.header("subject"), "[OCCURRED] Failed jobs");
        assert!(!mail.has_header("in-reply-to") && !text.contains("reminder"), "{text}");
    }
    let incidents = server.get("/api/v1/incidents?key=job-99").json();
    let incident = server.get(&format!("/api/v1/incidents/{}", incidents["incidents"][0]["id"])).json();
    let deliveries = incident["deliveries"].as_array().unwrap();
    assert!(deliveries.len() == 1 && deliveries[0]["kind"] == "alert", "{incident}");
}
