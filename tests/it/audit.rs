//! What people and the server did, as the API, the page and the command show it (22.10).

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::people::{Person, form_of};
use crate::support::http;
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::{Punctual, as_user_0, punctual};

const OPERATE: &str = "token-that-operates";
const WRITE: &str = "token-that-may-write";
const CONFIG: &str = "auth:\n  tokens: [{name: oncall, scope: operate, token: token-that-operates}, \
    {name: ci, scope: write, token: token-that-may-write}, {name: jobs, scope: ping, token: token-that-only-pings}]\n";
const CHECKS: &str = "checks: [{name: backup, every: 1h}]\n";

fn ask(server: &Punctual, method: &str, path: &str, body: &Value) -> http::Response {
    let request = http::client().request(method.parse().unwrap(), server.url(path)).bearer_auth(WRITE);
    http::send(if body.is_null() { request } else { http::with_json(request, body) })
}

/// The rows that the API answers, newest first.
fn audit(server: &Punctual, query: &str) -> Vec<Value> {
    let answer = ask(server, "GET", &format!("/api/v1/audit{query}"), &Value::Null);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["audit"].as_array().unwrap().clone()
}

/// Oldest first: `edit queue by ci (token)`.
fn told(server: &Punctual) -> Vec<String> {
    let line = |row: &Value| {
        let check = row["check"].as_str().unwrap_or("-");
        as_user_0(&format!("{} {check} by {}", row["what"].as_str().unwrap(), row["actor"].as_str().unwrap()))
    };
    audit(server, "").iter().rev().map(line).collect()
}

/// 22.10
#[test]
fn what_people_and_the_server_did_is_told_by_api_page_and_command_alike() {
    let mut server = Punctual::start(&format!("{CONFIG}{CHECKS}"));
    let data = server.data().display().to_string();
    let command = |arguments: &[&str]| {
        let (is_good, said) = punctual(&[arguments, &["--storage.path", &data]].concat());
        assert!(is_good, "{arguments:?}: {said}");
        said
    };
    let person = Person::signed_in(&server, OPERATE);
    for token in ["wrong", "token-that-only-pings"] {
        let refused = Person::nobody(&server).post("/sign-in", &[("token", token), ("to", "")]);
        assert_eq!(refused.header("set-cookie"), "", "{token}");
    }
    for (method, path, body) in [
        ("POST", "/api/v1/checks", json!({"name": "queue", "every": "5m"})),
        ("PUT", "/api/v1/checks/queue", json!({"every": "10m"})),
        ("PATCH", "/api/v1/checks/queue", json!({"title": "The queue"})),
        ("POST", "/api/v1/checks/queue/pause", json!({"comment": "moving", "by": "ann"})),
        ("POST", "/api/v1/checks/queue/unpause", json!({})),
        ("DELETE", "/api/v1/checks/queue", Value::Null),
        // Nothing of these was done.
        ("DELETE", "/api/v1/checks/backup", Value::Null),
        ("DELETE", "/api/v1/mutes/77", Value::Null),
        ("POST", "/api/v1/messages/77/drop", json!({})),
    ] {
        ask(&server, method, path, &body);
    }
    command(&["mute", "backup", "--for", "1h", "-c", "night", "--by", "bob"]);
    command(&["unmute", "1", "--by", "bob"]);
    let form = form_of(&person.get("/").text());
    assert_eq!(person.post("/sign-out", &[("form", &form)]).status, 303);
    server.write_config(&format!(
        "{CONFIG}checks: [{{name: backup, every: 2h}}, {{name: other, every: 1h}}]\n"
    ));
    command(&["reload"]);
    server.write_config(&format!("{CONFIG}{CHECKS}max_checks: 7\n"));
    server.signal(Signal::HUP);
    wait_until("a reload", PATIENCE, || audit(&server, "?what=reload").len() == 3);
    // It is kept when it is taken; a start would finish what is not done by then, and keep that.
    wait_until("its end", PATIENCE, || {
        ask(&server, "GET", "/api/v1/checks/other", &Value::Null).status == 404
    });
    server.restart();
    let expected = [
        "start - by punctual",
        "reload - by punctual",
        "sign_in - by oncall (token)",
        "create queue by ci (token)",
        "edit queue by ci (token)",
        "edit queue by ci (token)",
        "pause queue by ann (token ci)",
        "unpause queue by ci (token)",
        "delete queue by ci (token)",
        "mute backup by bob (user 0)",
        "unmute backup by bob (user 0)",
        "sign_out - by oncall (token)",
        "reload - by user 0",
        "reload - by SIGHUP",
        "stop - by punctual",
        "start - by punctual",
    ];
    assert_eq!(told(&server), expected);
    let details = |query: &str| audit(&server, query)[0]["details"].as_str().unwrap().to_owned();
    assert_eq!(details("?what=reload&cursor=14"), "checks: 1 added, 1 changed: backup other");
    assert_eq!(
        details("?what=reload"),
        "checks: 1 changed, 1 archived: backup other; also changed: max_checks"
    );
    assert_eq!(details("?what=edit"), "title");
    assert_eq!(audit(&server, "?what=pause")[0]["comment"], "moving");
    let (json_said, table) =
        (command(&["audit", "--output", "json"]), command(&["audit", "--check", "backup"]));
    let as_json: Value = serde_json::from_str(&json_said).unwrap();
    assert_eq!(as_json["audit"].as_array().unwrap(), &audit(&server, ""));
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.lines().nth(1).unwrap().contains("unmute"), "{table}");
    let page = page(&server, "/audit?check=backup");
    assert_eq!(page.matches("<bdi>bob (user ").count(), 2, "{page}");
    assert!(page.contains("href=\"checks/backup\"") && page.contains("<bdi>night</bdi>"), "{page}");
    for secret in [OPERATE, WRITE, "token-that-only-pings"] {
        assert!(!json_said.contains(secret) && !page.contains(secret), "{secret}");
    }
}

fn page(server: &Punctual, path: &str) -> String {
    let answer = http::send(http::client().get(server.url(path)).bearer_auth(OPERATE));
    assert_eq!(answer.status, 200, "{path}");
    answer.text()
}

/// 22.10, 23.2
#[test]
fn whoever_may_not_read_does_not_see_it_and_a_page_of_it_leads_to_the_next() {
    let server = Punctual::start(&format!("{CONFIG}{CHECKS}"));
    assert_eq!(http::get(&server.url("/api/v1/audit")).status, 401);
    let answer = http::get(&server.url("/audit?what=pause"));
    assert_eq!((answer.status, answer.header("location")), (303, "sign-in?to=audit%3Fwhat%3Dpause"));
    for number in 0..102 {
        let wish = if number % 2 == 0 { "pause" } else { "unpause" };
        let done = ask(&server, "POST", &format!("/api/v1/checks/backup/{wish}"), &json!({}));
        assert_eq!(done.status, 200, "{}", done.text());
    }
    let newest = page(&server, "/audit?check=backup&actor=ci");
    assert_eq!(newest.matches("<tr>").count(), 101, "a head, and a hundred");
    let older = newest.split("href=\"?").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    assert_eq!(older, "actor=ci&check=backup&before=5");
    assert_eq!(page(&server, &format!("/audit?{older}")).matches("<tr>").count(), 3);
    let first = ask(&server, "GET", "/api/v1/audit?limit=100", &Value::Null).json();
    let next = format!("/api/v1/audit?limit=100&cursor={}", first["next_cursor"].as_str().unwrap());
    let rest = ask(&server, "GET", &next, &Value::Null).json();
    assert_eq!((rest["audit"].as_array().unwrap().len(), &rest["next_cursor"]), (4, &Value::Null));
    for (query, why) in [
        ("what=everything", "`what` is one of start, stop"),
        ("since=noon", "`since`"),
        ("limit=0", "`limit`"),
        ("who=ann", "no parameter `who`"),
    ] {
        let answer = ask(&server, "GET", &format!("/api/v1/audit?{query}"), &Value::Null);
        assert!(answer.status == 400 && answer.text().contains(why), "{query}: {}", answer.text());
    }
    let odd = page(&server, "/audit?what=everything&before=x&actor=%00%ff");
    assert!(odd.contains("Nothing.") && !odd.contains('\0'), "{odd}");
}

/// 22.10: who they say to be, and what they say, is a stranger's text.
#[test]
fn names_and_comments_are_shown_as_text_and_as_nothing_else() {
    let server = Punctual::start(&format!("{CONFIG}{CHECKS}"));
    let evil = "<script>alert(1)</script>\"'";
    for wish in ["pause", "unpause"] {
        let said = json!({"comment": evil, "by": evil});
        assert_eq!(ask(&server, "POST", &format!("/api/v1/checks/backup/{wish}"), &said).status, 200);
    }
    let page = page(&server, "/audit?actor=%3Cscript%3E%22");
    assert!(!page.contains("<script>"), "{page}");
    let page = self::page(&server, "/audit");
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;alert(1)"), "{page}");
    assert_eq!(audit(&server, "?what=unpause")[0]["comment"], evil);
}
