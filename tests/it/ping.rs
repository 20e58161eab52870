//! What a ping may look like, what is recorded of it, and what it is answered.

use punctual::app::unknown_names;
use punctual::config::PingKey;
use punctual::core::check::PingKind;
use punctual::core::secret::Secret;
use punctual::http::limits::Limits;
use punctual::http::{Access, PingKeys};
use punctual::store::PingFact;
use reqwest::Method;
use serde_json::json;

use crate::support::doors::{Doors, Mode};
use crate::support::http::{self, Response};

fn open() -> Doors {
    Doors::open(Limits::default())
}

fn with_keys(required: bool) -> Doors {
    let doors = open();
    let key = |name: &str, key: &str| PingKey { name: name.to_owned(), key: Secret::new(key), checks: None };
    let ping_keys = PingKeys::new(&[key("old", "key-1"), key("new", "k/2")], required);
    doors.app.set_access(Access { ping_keys, ..Access::default() });
    doors
}

fn ask(doors: &Doors, method: &str, path: &str) -> Response {
    http::send(http::client().request(method.parse().unwrap(), doors.url(path)))
}

/// The newest fact, of this check.
fn newest(doors: &Doors, check: &str) -> PingFact {
    let (name, fact) = doors.ledger.facts.all().pop().expect("a fact was recorded");
    assert_eq!(name, check);
    fact
}

#[test]
fn a_ping_is_recorded_and_then_answered_ok() {
    let doors = open();
    let check = |method: &str, path: &str, kind: PingKind, exit_status: Option<u8>| {
        let answer = ask(&doors, method, path);
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        assert_eq!(answer.text(), if method == "HEAD" { "" } else { "OK" });
        assert_eq!(answer.header("ping-body-limit"), "10000");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("cache-control"), "max-age=0, no-cache, no-store, must-revalidate, private");
        let fact = newest(&doors, "backup");
        assert_eq!((fact.ping.kind, fact.ping.exit_status), (kind, exit_status), "{method} {path}");
        assert_eq!((fact.source.to_string().as_str(), fact.body), ("127.0.0.1", None));
    };
    for method in ["GET", "HEAD", "POST", "PUT"] {
        check(method, "/ping/backup", PingKind::Success, None);
    }
    check("GET", "/ping/backup/", PingKind::Success, None);
    check("GET", "/ping/%62ackup", PingKind::Success, None);
    check("GET", "/ping/backup/start", PingKind::Start, None);
    check("GET", "/ping/backup/fail", PingKind::Fail, None);
    check("GET", "/ping/backup/log", PingKind::Log, None);
    check("GET", "/ping/backup/0", PingKind::Success, Some(0));
    check("GET", "/ping/backup/255", PingKind::Fail, Some(255));
    check("GET", "/ping/backup?create=1", PingKind::Success, None);
    // 10.3
    check("GET", "/ping/old-backup/7", PingKind::Fail, Some(7));
    assert_eq!(doors.ledger.facts.all().len(), 13);
}

#[test]
fn a_run_id_and_a_comment_are_recorded() {
    let doors = open();
    let rid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    assert_eq!(ask(&doors, "GET", &format!("/ping/backup/start?rid={rid}&m=by+hand%3A+%C3%A4")).status, 200);
    let fact = newest(&doors, "backup");
    assert_eq!(fact.ping.rid.unwrap().as_str(), rid);
    assert_eq!(fact.comment.as_deref(), Some("by hand: ä"));
    assert_eq!(ask(&doors, "GET", &format!("/ping/backup?comment={}", "x".repeat(2000))).status, 200);
    assert_eq!(newest(&doors, "backup").comment.unwrap().len(), PingFact::MAX_COMMENT_BYTES);
}

#[test]
fn what_cannot_be_understood_is_refused_and_says_what_would_be_right() {
    let doors = open();
    let check = |method: &str, path: &str, status: u16, says: &str| {
        let answer = ask(&doors, method, path);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert!(answer.text().contains(says), "{method} {path}: {}", answer.text());
        answer
    };
    check("GET", "/ping/backup/256", 400, "0 to 255");
    check("GET", "/ping/backup/1.5", 400, "exit status");
    check("GET", "/ping/backup/finish", 400, "/start, /fail, /log");
    check("GET", "/ping/key/backup/finish", 400, "/start, /fail, /log");
    check("GET", "/ping/backup?rid=", 400, "a run's id is");
    check("GET", "/ping/backup?rid=a%20b", 400, "a run's id is");
    check("GET", &format!("/ping/backup?rid={}", "a".repeat(65)), 400, "a run's id is");
    check("GET", "/ping/%zz", 400, "hex");
    check("GET", "/ping/", 404, "/ping/NAME");
    check("GET", "/ping//", 404, "/ping/NAME");
    check("GET", "/ping/a/b/c/d", 404, "/ping/NAME");
    check("GET", "/ping/nobody", 404, "not found");
    check("GET", "/ping/nobody/start", 404, "not found");
    check("GET", "/ping/some-key/backup", 404, "no ping keys");
    check("GET", "/ping/Backup", 404, "not found");
    check("GET", "/ping/nobody?create=1", 400, "create=1 is not supported");
    let answer = check("DELETE", "/ping/backup", 405, "method");
    assert_eq!(answer.header("allow"), "GET, HEAD, POST, PUT, OPTIONS");
    let answer = check("GET", "/ping/post-only", 405, "only POST");
    assert_eq!(answer.header("allow"), "POST");
    assert_eq!(doors.ledger.facts.all().len(), 0);
    check("POST", "/ping/post-only", 200, "OK");
}

#[test]
fn pings_to_unknown_names_are_remembered_without_what_could_harm() {
    let doors = open();
    ask(&doors, "GET", "/ping/nobody");
    ask(&doors, "GET", "/ping/nobody/start");
    ask(&doors, "GET", "/ping/%3Cscript%3E%0D%0Ax%00");
    let list = unknown_names::list(&doors.app.services.live);
    let names: Vec<(&str, u64)> = list.iter().map(|unknown| (unknown.name.as_str(), unknown.count)).collect();
    assert_eq!(names, [("<script>\u{fffd}\u{fffd}x\u{fffd}", 1), ("nobody", 2)]);
}

/// While keys are introduced, a URL may have lost its name, or its name may be empty.
#[test]
fn a_key_in_the_place_of_a_name_is_not_shown() {
    let doors = with_keys(false);
    // Nor is it answered otherwise than a name: whoever guesses learns nothing.
    let check = |path: &str, of_a_name: &str| {
        let [answer, expected] = [path, of_a_name].map(|path| ask(&doors, "GET", path));
        assert_eq!((answer.status, answer.text()), (404, expected.text()), "{path}");
    };
    check("/ping/key-1", "/ping/other");
    check("/ping/key-1/", "/ping/other/");
    check("/ping/key-1/start", "/ping/other/start");
    check("/ping/k%2F2/0", "/ping/other/0");
    check("/ping/key-1/k%2F2", "/ping/key-1/other");
    let names = unknown_names::list(&doors.app.services.live).into_iter().map(|known| known.name);
    assert_eq!(names.collect::<Vec<_>>(), ["other"]);
    assert!(!http::get(&doors.url("/")).text().contains("key-1"));
}

#[test]
fn without_the_key_nobody_pings() {
    let doors = with_keys(true);
    let check = |path: &str, bearer: Option<&str>, status: u16, says: &str| {
        let mut request = http::client().get(doors.url(path));
        if let Some(bearer) = bearer {
            request = request.header("authorization", bearer);
        }
        let answer = http::send(request);
        assert_eq!(answer.status, status, "{path} {bearer:?}: {}", answer.text());
        assert!(answer.text().contains(says), "{path} {bearer:?}: {}", answer.text());
    };
    check("/ping/key-1/backup", None, 200, "OK");
    check("/ping/key-1/backup/start", None, 200, "OK");
    check("/ping/k%2F2/backup/3", None, 200, "OK");
    check("/ping/backup/log", Some("Bearer key-1"), 200, "OK");
    check("/ping/backup", Some("bearer k/2"), 200, "OK");
    assert_eq!(doors.ledger.facts.all().len(), 5);
    // Whether there is such a check is not said either.
    for name in ["backup", "nobody"] {
        check(&format!("/ping/{name}"), None, 401, "use /ping/KEY/NAME");
        check(&format!("/ping/{name}"), Some("Basic key-1"), 401, "use /ping/KEY/NAME");
        check(&format!("/ping/{name}"), Some("Bearer wrong"), 403, "wrong ping key");
        check(&format!("/ping/wrong/{name}"), None, 403, "wrong ping key");
        check(&format!("/ping/wrong/{name}"), Some("Bearer key-1"), 403, "wrong ping key");
    }
    check("/ping/key-1/nobody", None, 404, "not found");
    assert_eq!(doors.ledger.facts.all().len(), 5);
    let unknown: Vec<String> =
        unknown_names::list(&doors.app.services.live).into_iter().map(|name| name.name).collect();
    assert_eq!(unknown, ["nobody"], "and only who has a key can leave a name on the page");
}

#[test]
fn while_a_fleet_moves_over_pings_without_a_key_are_taken_and_counted() {
    use std::sync::atomic::Ordering::Relaxed;
    let doors = with_keys(false);
    assert_eq!(ask(&doors, "GET", "/ping/backup").status, 200);
    assert_eq!(ask(&doors, "GET", "/ping/key-1/backup").status, 200);
    assert_eq!(ask(&doors, "GET", "/ping/wrong/backup").status, 403);
    let answer = ask(&doors, "GET", "/ping/nobody");
    assert_eq!((answer.status, answer.text().trim()), (404, "not found: use /ping/KEY/NAME"));
    let outcomes = &doors.app.services.counters.outcomes;
    let counts = [&outcomes.accepted, &outcomes.unkeyed, &outcomes.bad_key, &outcomes.unknown_check];
    assert_eq!(counts.map(|counter| counter.load(Relaxed)), [2, 1, 1, 1]);
}

/// 15.2
#[test]
fn of_a_long_body_its_beginning_and_its_end_are_kept_whatever_its_bytes() {
    let doors = Doors::open(Limits { max_body_bytes: 50_000, ..Limits::default() });
    let check = |bytes: usize, left_out: u64, says: &str| {
        let body: Vec<u8> = (0..bytes).map(|i| (i % 251) as u8).collect();
        let answer = http::post(&doors.url("/ping/backup"), body.clone());
        assert_eq!((answer.status, answer.text().as_str()), (200, says), "{bytes}");
        let fact = newest(&doors, "backup");
        assert_eq!((fact.left_out, fact.body_cut), (left_out, false));
        let kept = fact.body.unwrap();
        assert_eq!(kept[..bytes.min(2_000)], body[..bytes.min(2_000)]);
        assert_eq!(kept[bytes.min(2_000)..], body[bytes.saturating_sub(8_000).max(bytes.min(2_000))..]);
    };
    let cut = "OK: of a body its first 2000 and last 8000 bytes are kept,";
    check(1, 0, "OK");
    check(10_000, 0, "OK");
    check(10_001, 1, &format!("{cut} 1 are left out"));
    check(50_000, 40_000, &format!("{cut} 40000 are left out"));
    // Longer than what is read: the answer comes while the client still sends.
    let answer = http::post(&doors.url("/ping/backup"), vec![b'x'; 3_000_000]);
    assert!(
        answer.text().starts_with(cut) && answer.text().ends_with("not read to its end"),
        "{}",
        answer.text()
    );
    let fact = newest(&doors, "backup");
    assert_eq!((fact.body.unwrap().len(), fact.body_cut), (10_000, true));
    assert_eq!(ask(&doors, "GET", "/ping/backup").status, 200);
}

#[test]
fn what_cannot_be_stored_is_answered_503_and_when_to_try_again() {
    let doors = open();
    for (mode, retry_after) in [(Mode::Refuse, "1"), (Mode::Fail, "5")] {
        doors.ledger.set_mode(mode);
        let answer = http::send(http::client().request(Method::POST, doors.url("/ping/worker")));
        assert_eq!((answer.status, answer.header("retry-after")), (503, retry_after));
    }
    doors.ledger.set_mode(Mode::Store);
    assert_eq!(ask(&doors, "GET", "/ping/worker").status, 200);
}

#[test]
fn an_alert_of_alertmanager_is_a_ping_and_its_end_is_no_sign_of_life() {
    let doors = open();
    let check = |status: &str, path: &str, kind: PingKind, says: &str| {
        let alert = json!({"status": status, "labels": {"alertname": "Watchdog"}});
        // A thousand alerts are more than what is kept of a body.
        for count in [1, 1000] {
            let alerts = json!(vec![alert.clone(); count]);
            // In the order in which Alertmanager writes it.
            let body = format!(
                r#"{{"receiver":"w","status":"{status}","alerts":{alerts},"externalURL":"x","version":"4","groupKey":"k"}}"#
            );
            let request = http::client().post(doors.url(path)).header("content-type", "application/json");
            let answer = http::send(request.body(body));
            assert_eq!(answer.status, 200);
            assert!(answer.text().contains(says), "{}", answer.text());
            assert_eq!(newest(&doors, "worker").ping.kind, kind);
        }
    };
    check("firing", "/ping/worker", PingKind::Success, "OK");
    check("firing", "/ping/worker/fail", PingKind::Fail, "OK");
    check("resolved", "/ping/worker", PingKind::Log, "not a sign of life");
    // Somebody else's JSON is a body like any other.
    let answer = http::post_json(&doors.url("/ping/worker"), &json!({"status": "resolved"}));
    assert_eq!(answer.text(), "OK");
    assert_eq!(newest(&doors, "worker").ping.kind, PingKind::Success);
}
