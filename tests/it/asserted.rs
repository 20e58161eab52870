//! Checks that assert something, and the programs that report whether it holds (§17).

use std::process::Command;

use serde_json::{Value, json};

use crate::support::http::{self, Response};
use crate::support::process::{PATIENCE, run, wait_until};
use crate::support::punctual::{Punctual, punctual};
use crate::support::sink::WebhookSink;

/// django-narrative's example, and a check beside it that is pinged.
const CHECKS: &str = "checks:\n  \
    - {name: agent-running, title: The agent runs, every: 1h, grace: 10m, assert: {reported: {reporter: shop, by: shop.assertions.AgentRunningAssertion, args: {min: 2, of: [a, 1.5]}}}}\n  \
    - {name: disk, assert: {reported: {}}, failures_before_alert: 2, successes_to_recover: 2, unknowns_before_alert: 2}\n  \
    - {name: job, every: 1h}\n";

fn report(server: &Punctual, name: &str, body: &Value) -> Response {
    http::post_json(&server.url(&format!("/api/v1/checks/{name}/report")), body)
}

fn taken(server: &Punctual, name: &str, body: &Value) -> Value {
    let answer = report(server, name, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn status(server: &Punctual, name: &str) -> Value {
    server.get(&format!("/api/v1/checks/{name}")).json()["status"].take()
}

/// 17.1a, 17.3a: over the whole way, from a report to a message.
#[test]
fn what_is_violated_is_told_once_and_its_end_too() {
    let sink = WebhookSink::start();
    let server = Punctual::start(&format!(
        "receivers: [{{name: hook, group_wait: 0s, webhook: {{url: '{}'}}}}]\ndefault_receivers: [hook]\n{CHECKS}",
        sink.url()
    ));
    assert_eq!(status(&server, "agent-running"), "new");
    let nothing = json!({"began": [], "ended": [], "open": 0, "incidents": [], "paused": false});
    assert_eq!(taken(&server, "agent-running", &json!({"result": "holds"})), nothing);
    assert_eq!(status(&server, "agent-running"), "up");
    let violated = json!({"result": "violated", "why": "it has not answered", "text": "Traceback\n  …", "duration_seconds": 1.5});
    let began = taken(&server, "agent-running", &violated);
    let incident = began["began"][0]["incident"].as_u64().unwrap();
    let standing = json!([{"key": "", "incident": incident, "standing": "open"}]);
    let stands = json!([began["incidents"][0]["incident"], began["incidents"][0]["standing"]]);
    let wanted =
        json!({"began": standing, "ended": [], "open": 1, "incidents": began["incidents"], "paused": false});
    assert_eq!((&began, stands), (&wanted, json!([incident, "open"])));
    let told = sink.received.wait_for_count("that it is violated", PATIENCE, 1)[0].json();
    assert_eq!(told["alerts"][0]["annotations"]["reason"], "violated", "{told}");
    assert!(told.to_string().contains("it has not answered"), "{told}");
    let again = taken(&server, "agent-running", &violated);
    assert_eq!(
        again,
        json!({"began": [], "ended": [], "open": 1, "incidents": began["incidents"], "paused": false})
    );
    let ended = taken(&server, "agent-running", &json!({"result": "holds"}));
    let resolved = json!([{"key": "", "incident": incident, "standing": "resolved"}]);
    assert_eq!(ended, json!({"began": [], "ended": resolved, "open": 0, "incidents": [], "paused": false}));
    let told = sink.received.wait_for_count("that it holds again", PATIENCE, 2);
    assert_eq!((told.len(), &told[1].json()["status"]), (2, &json!("resolved")));
}

/// 9.6f: who has heard that it could not be found out, or that no result came, has not heard of what is found then.
#[test]
fn who_heard_that_nobody_could_tell_hears_what_is_found_violated() {
    let sink = WebhookSink::start();
    let server = Punctual::start(&format!(
        "receivers: [{{name: hook, group_wait: 0s, webhook: {{url: '{}'}}}}]\ndefault_receivers: [hook]\nchecks:\n  \
           - {{name: ledger, unknowns_before_alert: 1, assert: {{reported: {{}}, max_records: 1}}}}\n  \
           - {{name: quick, every: 1s, grace: 0s, assert: {{reported: {{}}}}}}\n",
        sink.url()
    ));
    let mut seen = 0;
    let mut told = |what: &str, check: &str| {
        let is_it = |one: &Value| one["alerts"][0]["labels"]["check"] == check;
        let next = sink.received.wait(what, PATIENCE, |all| {
            all.iter().skip(seen).map(|one| (one.json(), all.len())).find(|(one, _)| is_it(one))
        });
        seen = next.1;
        let annotations = next.0["alerts"][0]["annotations"].clone();
        (next.0["status"].clone(), annotations["reason"].clone(), annotations["comment"].clone())
    };
    taken(&server, "ledger", &json!({"result": "holds", "why": "all is well"}));
    taken(&server, "ledger", &json!({"result": "unknown", "why": "the database is away"}));
    assert_eq!(
        told("unprobed", "ledger"),
        (json!("firing"), json!("unprobed"), json!("the database is away"))
    );
    let began =
        taken(&server, "ledger", &json!({"result": "violated", "why": "money is gone", "text": "42"}));
    assert_eq!((&began["began"], &began["open"]), (&json!([]), &json!(1)), "it is one incident");
    assert_eq!(told("violated", "ledger"), (json!("firing"), json!("violated"), json!("money is gone")));
    taken(&server, "ledger", &json!({"result": "holds"}));
    assert_eq!(told("it holds", "ledger").0, json!("resolved"));
    // So it is where more is found than may be (18.6).
    taken(&server, "ledger", &json!({"result": "unknown", "why": "the database is away"}));
    assert_eq!(told("unprobed again", "ledger").1, json!("unprobed"));
    taken(&server, "ledger", &json!({"result": "violated", "records": [{"key": "1"}, {"key": "2"}]}));
    assert_eq!(told("too many", "ledger").1, json!("too_many_records"));
    assert_eq!(told("nothing came", "quick").1, json!("never_seen"));
    taken(&server, "quick", &json!({"result": "violated", "why": "the queue stands"}));
    assert_eq!(told("violated, though late", "quick").1, json!("violated"));
}

/// 17.2b: whoever is told has what the look has said, also if it said so before.
#[test]
fn what_opens_an_incident_has_its_text() {
    let server = Punctual::start(CHECKS);
    for result in ["violated", "holds", "violated"] {
        taken(&server, "agent-running", &json!({"result": result, "text": "the same"}));
    }
    let pings = server.get("/api/v1/checks/agent-running/pings").json();
    let kept: Vec<&Value> = pings["pings"].as_array().unwrap().iter().map(|ping| &ping["has_body"]).collect();
    assert_eq!(kept, [&json!(true), &json!(false), &json!(true)]);
}

/// 17.2a, 17.2b
#[test]
fn a_result_is_kept_among_the_pings_and_its_text_once() {
    let mut server = Punctual::start(CHECKS);
    let said = |result: &str, text: &str| json!({"result": result, "why": format!("why {result}"), "text": text, "duration_seconds": 2.25});
    for (result, text) in [("violated", "a"), ("violated", "a"), ("unknown", "b"), ("holds", "")] {
        taken(&server, "disk", &said(result, text));
    }
    // Longer than other bodies may be.
    let long = format!("{}{}", "ä".repeat(300_000), "é".repeat(90_000));
    taken(&server, "disk", &said("holds", &long));
    for _ in 0..2 {
        let pings = server.get("/api/v1/checks/disk/pings").json();
        let kept = pings["pings"].as_array().unwrap();
        let seen = |ping: &Value| {
            (ping["kind"].clone(), ping["result"].clone(), ping["comment"].clone(), ping["has_body"].clone())
        };
        let has = |kind: &str, result: &str, body: bool| {
            (json!(kind), json!(result), json!(format!("why {result}")), json!(body))
        };
        let expected = [
            has("success", "holds", true),
            has("success", "holds", false),
            has("log", "unknown", true),
            has("fail", "violated", true),
            has("fail", "violated", true),
        ];
        assert_eq!(kept.iter().map(seen).collect::<Vec<_>>(), expected, "{pings}");
        assert!(
            kept.iter().all(|ping| ping["duration_seconds"] == 2.25 && ping["source"] == "127.0.0.1"),
            "{pings}"
        );
        let id = kept[0]["id"].as_u64().unwrap();
        let body = server.get(&format!("/api/v1/checks/disk/pings/{id}/body")).text();
        assert!(body.starts_with("ää") && body.ends_with("éé") && body.contains("bytes"), "{body}");
        assert_eq!(server.get("/api/v1/checks/disk").json()["last_duration_seconds"], 2.25);
        server.kill9();
        server.start_again();
    }
}

/// 17.2c, at every door.
#[test]
fn what_is_asserted_is_not_pinged_and_what_is_pinged_is_not_reported() {
    let server = Punctual::start(CHECKS);
    for path in ["", "/start", "/fail", "/0", "/3"] {
        let answer = http::post(&server.url(&format!("/ping/agent-running{path}")), "");
        assert_eq!(answer.status, 409, "{path}: {}", answer.text());
        assert!(answer.text().contains("punctual report"), "{}", answer.text());
    }
    let by_api = http::post(&server.url("/api/v1/checks/agent-running/ping"), "");
    assert_eq!(by_api.status, 409, "{}", by_api.text());
    server.ping("agent-running/log");
    let pings = server.get("/api/v1/checks/agent-running/pings").json();
    let kept = pings["pings"].as_array().unwrap();
    assert_eq!(
        (kept.len(), &kept[0]["kind"], &kept[0]["result"]),
        (1, &json!("log"), &Value::Null),
        "{pings}"
    );
    assert_eq!(status(&server, "agent-running"), "new");
    let refused = report(&server, "job", &json!({"result": "holds"}));
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("/ping/NAME"), "{}", refused.text());
    let page = server.get("/checks/agent-running").text();
    assert!(
        page.contains("punctual report agent-running --violated") && !page.contains("value=\"affirm\""),
        "{page}"
    );
    assert!(server.get("/checks/job").text().contains("/ping/job"));
    assert!(page.contains("curl -fsS -m 10 --retry 5 --retry-connrefused --json"), "{page}");
    assert!(page.contains("/report?rid=$(date +%s)-$$"), "{page}");
    let first = server.get("/").text();
    assert!(
        first.contains("punctual report agent-running --holds") && !first.contains("/ping/agent"),
        "{first}"
    );
    assert_eq!(server.get("/api/v1/checks/agent-running").json()["ping_url"], Value::Null);
    assert!(server.get("/api/v1/checks/job").json()["ping_url"].is_string());
    let data = server.data().display().to_string();
    let (_, shown) = punctual(&["checks", "show", "agent-running", "--storage.path", &data]);
    assert!(shown.contains("punctual report agent-running\n") && !shown.contains("ping URL"), "{shown}");
    assert!(shown.contains(r#"args={"min":2,"of":["a",1.5]}"#), "{shown}");
    let create = ["checks", "create", "new", "--set", "assert={reported: {}}", "--storage.path", &data];
    let (is_good, said) = punctual(&create);
    assert!(is_good && said.contains("new is made; `punctual report new` says whether it holds"), "{said}");
}

/// 17.2d: by the page's line, over a kill, and by the command.
#[test]
fn a_report_that_is_sent_twice_counts_once() {
    let mut server = Punctual::start(CHECKS);
    let page = server.get("/checks/disk").text().replace("&quot;", "\"").replace("&#39;", "'");
    let line = page.split("curl -fsS").nth(1).and_then(|rest| rest.split("</pre>").next()).unwrap();
    let line = line.replace("$(date +%s)-$$", "look-1").replace("what is wrong", "no room");
    for _ in 0..2 {
        let mut shell = Command::new("sh");
        let (is_good, said) = run(shell.args(["-c", &format!("curl -fsS{line}")]));
        assert!(is_good && said.contains(r#""open":0"#), "curl -fsS{line}: {said}");
        server.kill9();
        server.start_again();
    }
    assert_eq!(status(&server, "disk"), "up", "two of them would be failing");
    let data = server.data().display().to_string();
    let report = |rid: &str| {
        let (is_good, said) =
            punctual(&["report", "disk", "--violated", "no room", "--rid", rid, "--storage.path", &data]);
        assert!(is_good, "{said}");
        said
    };
    assert!(report("look-1").contains("nothing is open"));
    assert!(report("look-2").contains("began"));
    let pings = server.get("/api/v1/checks/disk/pings").json();
    let repeats: Vec<_> =
        pings["pings"].as_array().unwrap().iter().map(|ping| ping["repeat"].clone()).collect();
    assert_eq!(repeats, [false, true, true, false], "{pings}");
    let bad = http::post_json(&server.url("/api/v1/checks/disk/report?rid=a/b"), &json!({"result": "holds"}));
    assert_eq!((bad.status, bad.text().contains("rid")), (400, true));
}

/// 17.2c: whose checks are not pinged hide no others.
#[test]
fn the_log_says_how_to_ping_what_is_pinged() {
    let asserted: String =
        (10..40).map(|number| format!("  - {{name: a{number}, assert: {{reported: {{}}}}}}\n")).collect();
    let server = Punctual::start(&format!("checks:\n{asserted}  - {{name: job, every: 1h}}\n"));
    wait_until("the log", PATIENCE, || server.log().contains("/ping/job"));
    assert!(!server.log().contains("/ping/a10"), "{}", server.log());
}

/// 17.2, 17.7: defaults of pings are none of what is reported, whose definition stays good for PUT.
#[test]
fn defaults_of_pings_are_not_those_of_what_is_asserted() {
    let server = Punctual::start(
        "defaults: {manual_resume: true, ping_methods: post, early: 10s}\nchecks:\n  \
           - {name: a, every: 1h, assert: {reported: {}}}\n",
    );
    let definition = server.get("/api/v1/checks/a").json()["definition"].take();
    for key in ["manual_resume", "ping_methods", "early"] {
        assert_eq!(definition[key], Value::Null, "{definition}");
    }
}

/// 17.3a, 17.4, with a kill between any two: what was found in a row is known by a start.
#[test]
fn rows_of_results_are_counted_over_kills() {
    let mut server = Punctual::start(CHECKS);
    let script = [
        ("violated", "up"),
        ("unknown", "up"),
        ("violated", "failing"),
        ("holds", "failing"),
        ("unknown", "failing"),
        ("unknown", "unknown"),
        ("holds", "up"),
    ];
    for (place, (result, expected)) in script.into_iter().enumerate() {
        taken(&server, "disk", &json!({"result": result}));
        assert_eq!(status(&server, "disk"), expected, "after {place}");
        server.kill9();
        server.start_again();
        assert_eq!(status(&server, "disk"), expected, "after {place}, and a kill");
    }
    let flips = server.get("/api/v1/checks/disk/flips").json();
    let reasons: Vec<&Value> =
        flips["flips"].as_array().unwrap().iter().map(|flip| &flip["reason"]).collect();
    assert!(reasons.iter().all(|reason| **reason == "reported"), "{flips}");
}

/// 17.7
#[test]
fn a_result_during_a_pause_is_kept_and_judges_nothing() {
    let server = Punctual::start(CHECKS);
    taken(&server, "disk", &json!({"result": "holds"}));
    let data = server.data().display().to_string();
    assert!(punctual(&["pause", "disk", "--storage.path", &data]).0);
    for _ in 0..3 {
        let paused = json!({"began": [], "ended": [], "open": 0, "incidents": [], "paused": true});
        assert_eq!(taken(&server, "disk", &json!({"result": "violated"})), paused);
    }
    assert!(punctual(&["unpause", "disk", "--storage.path", &data]).0);
    assert_eq!(status(&server, "disk"), "up");
    // 6.2c: of what nobody has judged nobody knows how it is.
    assert!(punctual(&["pause", "agent-running", "--storage.path", &data]).0);
    taken(&server, "agent-running", &json!({"result": "violated"}));
    assert!(punctual(&["unpause", "agent-running", "--storage.path", &data]).0);
    assert_eq!(status(&server, "agent-running"), "new");
    let pings = server.get("/api/v1/checks/disk/pings").json();
    assert_eq!(pings["pings"].as_array().unwrap().len(), 4);
}

/// 17.9a, 17.9b
#[test]
fn a_reporter_asks_what_is_due() {
    let server = Punctual::start(&format!(
        "{CHECKS}  - {{name: soon, every: 20s, assert: {{reported: {{reporter: shop}}}}}}\n  \
           - {{name: any-time, assert: {{reported: {{reporter: shop}}}}}}\n  \
           - {{name: at-rest, paused: true, assert: {{reported: {{reporter: shop}}}}}}\n"
    ));
    let due = |reporter: &str| {
        let answer = server.get(&format!("/api/v1/due?reporter={reporter}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let names = |due: &Value| -> Vec<String> {
        due["due"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let shop = due("shop");
    assert_eq!(names(&shop), ["any-time", "soon"], "one that is due in an hour is not asked for: {shop}");
    assert_eq!((&shop["due"][0]["due"], &shop["due"][0]["args"]), (&Value::Null, &Value::Null));
    assert!(shop["due"][1]["due"].is_string(), "{shop}");
    assert_eq!(names(&due("")), ["disk"]);
    assert_eq!(names(&due("nobody")), Vec::<String>::new());
    let page = server.get("/api/v1/due?reporter=shop&limit=1").json();
    assert_eq!((names(&page), &page["next_cursor"]), (vec!["any-time".to_owned()], &json!("any-time")));
    assert_eq!(names(&server.get("/api/v1/due?reporter=shop&cursor=any-time").json()), ["soon"]);
    // The configuration's words for the reporter.
    let check = server.get("/api/v1/checks/agent-running").json();
    let reported = json!({"reporter": "shop", "by": "shop.assertions.AgentRunningAssertion", "args": {"min": 2, "of": ["a", 1.5]}});
    assert_eq!(check["definition"]["assert"], json!({"reported": reported}), "{check}");
}

/// 17.8
#[test]
fn a_result_that_does_not_come_is_missed_and_any_result_ends_that() {
    let server = Punctual::start("checks: [{name: quick, every: 1s, grace: 0s, assert: {reported: {}}}]\n");
    // It is seen late in the moment in which it is, and its incident is there once that is stored.
    wait_until("it is late", PATIENCE, || {
        let incidents = server.get("/api/v1/incidents?check=quick").json();
        incidents["incidents"].as_array().is_some_and(|incidents| !incidents.is_empty())
    });
    assert_eq!(status(&server, "quick"), "late");
    let ended = taken(&server, "quick", &json!({"result": "unknown", "why": "the database is away"}));
    assert_eq!((ended["ended"].as_array().unwrap().len(), &ended["open"]), (1, &json!(0)), "{ended}");
}

/// 23.1: whoever may ping may report, and of the same checks.
#[test]
fn who_may_ping_may_report() {
    let server = Punctual::start(&format!(
        "auth: {{ping_keys: [{{name: all, key: a-key-of-all-the-jobs}}, {{name: disks, key: a-key-of-disks-alone, checks: ['check=disk']}}], \
         tokens: [{{name: ci, scope: ping, token: a-token-that-may-ping}}, {{name: viewer, scope: read, token: a-token-that-may-read}}]}}\n{CHECKS}"
    ));
    let with = |name: &str, secret: &str| {
        let url = server.url(&format!("/api/v1/checks/{name}/report"));
        let request = http::client().post(url).header("Content-Type", "application/json");
        let request = if secret.is_empty() { request } else { request.bearer_auth(secret) };
        http::send(request.body(r#"{"result": "holds"}"#)).status
    };
    assert_eq!(with("disk", ""), 401);
    assert_eq!(with("disk", "a-key-of-nobody-at-all"), 401);
    assert_eq!(with("disk", "a-token-that-may-read"), 403);
    for secret in ["a-key-of-all-the-jobs", "a-key-of-disks-alone", "a-token-that-may-ping"] {
        assert_eq!(with("disk", secret), 200, "{secret}");
    }
    assert_eq!(with("agent-running", "a-key-of-disks-alone"), 403);
    let due = |secret: &str, reporter: &str| {
        let url = server.url(&format!("/api/v1/due?reporter={reporter}"));
        http::send(http::client().get(url).bearer_auth(secret))
    };
    assert_eq!(due("a-key-of-disks-alone", "").json()["due"][0]["name"], "disk");
    assert_eq!(due("a-token-that-may-read", "").status, 403);
    let data = server.data().display().to_string();
    let (is_good, said) = punctual(&["report", "disk", "--holds", "--storage.path", &data]);
    assert!(is_good && said.contains("disk: reported; nothing is open"), "at the socket: {said}");
}

/// 17.9c: what is asked for is told to whoever may read, or shows what pings.
#[test]
fn who_may_not_read_is_not_told_what_is_due() {
    for keys in ["", "ping_keys_required: false, ping_keys: [{name: all, key: a-key-of-all-the-jobs}], "] {
        let server = Punctual::start(&format!(
            "auth: {{{keys}anonymous: none, tokens: [{{name: ci, scope: ping, token: a-token-that-may-ping, checks: ['check=disk']}}, \
             {{name: viewer, scope: read, token: a-token-that-may-read}}]}}\n{CHECKS}"
        ));
        let due = |secret: &str| {
            let request = http::client().get(server.url("/api/v1/due?reporter="));
            http::send(if secret.is_empty() { request } else { request.bearer_auth(secret) })
        };
        assert_eq!(due("").status, 401, "{keys}");
        assert!(!due("").text().contains("disk"), "{keys}");
        assert_eq!(due("a-token-that-may-ping").json()["due"][0]["name"], "disk", "{keys}");
        assert_eq!(due("a-token-of-nobody-at-all").status, 401, "{keys}");
        match keys {
            "" => assert_eq!(due("a-token-that-may-read").json()["due"][0]["name"], "disk"),
            _ => assert_eq!(due("a-key-of-all-the-jobs").json()["due"][0]["name"], "disk"),
        }
        assert_eq!(report(&server, "disk", &json!({"result": "holds"})).status, 200, "{keys}");
    }
    let mut limited = Punctual::new(CHECKS).web_config("rate_limit: {interval: 10s, burst: 20}\n");
    limited.start_again();
    let refused = (0..40).filter(|_| limited.get("/api/v1/due").status == 429).count();
    assert!((20..40).contains(&refused), "{refused}");
    assert_eq!(report(&limited, "disk", &json!({"result": "holds"})).status, 200);
}

/// Reports are counted as pings are.
#[test]
fn reports_are_counted() {
    let server = Punctual::start(&format!(
        "auth: {{ping_keys_required: false, ping_keys: [{{name: others, key: a-key-of-other-jobs, checks: ['check=job']}}]}}\n{CHECKS}"
    ));
    assert_eq!(report(&server, "disk", &json!({"result": "holds"})).status, 200);
    assert_eq!(report(&server, "disk", &json!({"result": "fine"})).status, 422);
    assert_eq!(report(&server, "job", &json!({"result": "holds"})).status, 409);
    assert_eq!(report(&server, "nothing", &json!({"result": "holds"})).status, 404);
    let request =
        http::client().post(server.url("/api/v1/checks/disk/report")).bearer_auth("a-key-of-other-jobs");
    let refused =
        http::send(request.header("Content-Type", "application/json").body(r#"{"result": "holds"}"#));
    assert_eq!(refused.status, 403);
    let count = |outcome: &str| server.sum("punctual_ping_requests_total", &format!("outcome=\"{outcome}\""));
    let counts = ["accepted", "bad_request", "unknown_check", "bad_key", "overloaded"].map(count);
    assert_eq!(counts, [1, 2, 1, 1, 0]);
    assert_eq!(server.value("punctual_ping_requests_unkeyed_total"), 1.0);
}

#[test]
fn a_bad_report_says_what_is_wrong_and_is_not_kept() {
    let server = Punctual::start(CHECKS);
    for (body, status, expected) in [
        ("", 400, "an object like"),
        ("[]", 400, "an object like"),
        (r#"{"result": "fine"}"#, 422, "holds, violated or unknown"),
        (r#"{"why": "x"}"#, 400, "result"),
        (r#"{"result": "holds", "duration_seconds": -1}"#, 422, "duration_seconds"),
        (r#"{"result": "holds", "duration_seconds": 1e300}"#, 422, "duration_seconds"),
    ] {
        let request = http::client().post(server.url("/api/v1/checks/disk/report")).body(body);
        let answer = http::send(request.header("Content-Type", "application/json"));
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert!(answer.text().contains(expected), "{body}: {}", answer.text());
    }
    let too_long = json!({"result": "holds", "text": "x".repeat(8 << 20)});
    assert_eq!(report(&server, "disk", &too_long).status, 413);
    assert_eq!(report(&server, "nothing", &json!({"result": "holds"})).status, 404);
    let pings = server.get("/api/v1/checks/disk/pings").json();
    assert_eq!(pings["pings"], json!([]));
}

/// A shell asserts.
#[test]
fn a_shell_script_reports() {
    let server = Punctual::start(CHECKS);
    let data = server.data().display().to_string();
    let report =
        |arguments: &[&str]| punctual(&[&["report"][..], arguments, &["--storage.path", &data]].concat());
    let text = server.folder().join("output");
    std::fs::write(&text, format!("first\n{}\nlast\n", "ä".repeat(1_500_000))).unwrap();
    let (is_good, said) = report(&[
        "agent-running",
        "--violated",
        "no answer",
        "--took",
        "1m30s",
        "--text",
        text.to_str().unwrap(),
    ]);
    assert!(is_good && said.contains("agent-running: reported; incident 1 began"), "{said}");
    let check = server.get("/api/v1/checks/agent-running").json();
    assert_eq!((&check["status"], &check["last_duration_seconds"]), (&json!("failing"), &json!(90.0)));
    let pings = server.get("/api/v1/checks/agent-running/pings").json();
    let id = pings["pings"][0]["id"].as_u64().unwrap();
    let body = server.get(&format!("/api/v1/checks/agent-running/pings/{id}/body")).text();
    assert!(body.starts_with("first\n") && body.ends_with("last\n") && body.contains("\n…\n"), "{body}");
    assert!(report(&["agent-running", "--unknown", "no network"]).1.contains("what was open stays so"));
    // What a test has said begins with hyphens, and a file that is not there loses no result.
    for (flag, why) in [("--violated", "--- FAIL: x"), ("--unknown", "-1")] {
        let more = ["--took", "0.5s", "--text", "/nowhere/at-all"];
        let (is_good, said) = report(&[&["agent-running", flag, why], &more[..]].concat());
        assert!(is_good && said.contains("warning: /nowhere/at-all: No such file"), "{said}");
        let check = server.get("/api/v1/checks/agent-running").json();
        assert_eq!(check["last_duration_seconds"], 0.5, "{check}");
        let pings = server.get("/api/v1/checks/agent-running/pings").json();
        assert_eq!(pings["pings"][0]["comment"], why, "{pings}");
    }
    let (is_good, said) = report(&["agent-running", "--holds", "--took", "1.5x"]);
    assert!(!is_good && said.contains("--took 1.5x"), "{said}");
    let (is_good, said) = report(&["agent-running", "--holds", "--output", "json"]);
    assert!(is_good && said.contains("\"standing\": \"resolved\""), "{said}");
    let (is_good, said) = report(&["job", "--holds"]);
    assert!(!is_good && said.contains("asserts nothing"), "{said}");
    let (is_good, said) = report(&["agent-runing", "--holds"]);
    assert!(!is_good && said.contains("did you mean `agent-running`?"), "{said}");
    let (is_good, said) = report(&["agent-running"]);
    assert!(!is_good && said.contains("--holds"), "{said}");
}
