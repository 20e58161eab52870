//! Checks made, changed and looked at through the API.

mod races;

use punctual::config::{Scope, Token};
use punctual::core::secret::Secret;
use punctual::http::limits::Limits;
use punctual::http::{Access, Tokens};
use serde_json::{Value, json};

use crate::support::disk;
use crate::support::doors::{Doors, Mode};
use crate::support::http::{self, Response};
use crate::support::process::{PATIENCE, run, tool, wait_for, wait_until};
use crate::support::punctual::{Punctual, punctual};

const TOKEN: &str = "token-that-may-write";
const CONFIG: &str = "auth: {tokens: [{name: ci, scope: write, token: token-that-may-write}]}\n";
const DECLARED: &str = "checks:\n  - {name: declared, every: 1h, labels: {team: dba}}\n";

fn start() -> Punctual {
    Punctual::start(&format!("{CONFIG}{DECLARED}"))
}

fn ask(server: &Punctual, method: &str, path: &str, body: &str) -> Response {
    let request =
        http::client().request(method.parse().unwrap(), server.url(&format!("/api/v1/checks{path}")));
    http::send(request.bearer_auth(TOKEN).body(body.to_owned()))
}

/// A request that must succeed.
fn done(server: &Punctual, method: &str, path: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = ask(server, method, path, &body);
    assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
    if answer.status == 204 { Value::Null } else { answer.json() }
}

fn show(server: &Punctual, name: &str) -> Value {
    done(server, "GET", &format!("/{name}"), &Value::Null)
}

/// A request that is refused with this status; its problem.
fn refused(server: &Punctual, (method, path, body): (&str, &str, &str), status: u16, detail: &str) -> Value {
    let answer = ask(server, method, path, body);
    let what = format!("{method} {path} {}", &body[..body.len().min(200)]);
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    let problem = answer.json();
    assert_eq!(
        (problem["status"].as_u64(), problem["type"].as_str()),
        (Some(status.into()), Some("about:blank"))
    );
    assert!(problem["detail"].as_str().unwrap().contains(detail), "{what}: {problem}");
    problem
}

fn names(page: &Value) -> Vec<&str> {
    page["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect()
}

/// 16.3: its users would not find it any more.
#[test]
fn a_check_that_another_system_knows_is_renamed_there_alone() {
    let server = Punctual::start(&format!("{CONFIG}compat: {{coal_mine: {{enabled: true}}}}\n"));
    let made = server.get("/coal-mine/v1/canary/create?name=a&periodicity=3600").json();
    let id = made["canary"]["id"].as_str().unwrap();
    let detail = format!("rename it there, with the id `{id}`");
    for (body, pointers) in
        [(json!({"name": "b", "title": "B"}), &["/name", "/title"][..]), (json!({"title": "B"}), &["/title"])]
    {
        let problem = refused(&server, ("PATCH", "/a", &body.to_string()), 422, "");
        let errors = problem["errors"].as_array().unwrap();
        assert!(errors.iter().all(|error| error["detail"].as_str().unwrap().ends_with(&detail)), "{problem}");
        assert_eq!(
            errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect::<Vec<_>>(),
            pointers
        );
    }
    assert_eq!(show(&server, "a")["name"], "a");
}

/// 16.1, 16.3
#[test]
fn a_check_is_made_changed_renamed_and_deleted_and_survives_restart_and_reload() {
    let mut server = start();
    let body = json!({"title": "Nightly backup", "every": "1h", "grace": "10m", "labels": {"team": "web"}});
    let answer = ask(&server, "POST", "", &body.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(answer.header("location").ends_with("/api/v1/checks/nightly-backup"), "{:?}", answer.headers);
    let made = answer.json();
    assert_eq!(
        (&made["name"], &made["source"], &made["declared"]),
        (&json!("nightly-backup"), &json!("api"), &Value::Null)
    );
    assert_eq!(
        (&made["status"], &made["paused"], &made["last_seen"]),
        (&json!("new"), &json!(false), &Value::Null)
    );
    assert_eq!(
        made["definition"],
        json!({"name": "nightly-backup", "title": "Nightly backup", "every": "1h", "grace": "10m", "labels": {"team": "web"}})
    );
    let page = http::send(http::client().get(server.url("/checks/nightly-backup")).bearer_auth(TOKEN)).text();
    assert!(page.contains("made through the API"), "{page}");
    let metrics = http::get(&server.url("/metrics")).text();
    assert!(metrics.contains("source=\"api\"} 1\n"), "{metrics}");
    for source in ["source=\"file\"", "source=\"api\""] {
        assert_eq!(server.values("punctual_checks", source), [1.0], "{source}");
    }
    server.ping("nightly-backup");
    server.restart();
    assert_eq!(server.reload().status, 200);
    let kept = show(&server, "nightly-backup");
    assert_eq!((&kept["definition"], &kept["status"]), (&made["definition"], &json!("up")));

    let changed = done(
        &server,
        "PATCH",
        "/nightly-backup",
        &json!({"grace": null, "every": "2h", "labels": {"team": null, "tier": "1"}}),
    );
    assert_eq!(
        changed["definition"],
        json!({"name": "nightly-backup", "title": "Nightly backup", "every": "2h", "grace": "5m", "labels": {"tier": "1"}})
    );
    let replaced = done(&server, "PUT", "/nightly-backup", &json!({"cron": "0 2 * * *"}));
    assert_eq!(
        replaced["definition"],
        json!({"name": "nightly-backup", "cron": "0 2 * * *", "timezone": "UTC", "grace": "5m"})
    );
    let again = done(&server, "PUT", "/nightly-backup", &replaced["definition"]);
    assert_eq!(again["definition"], replaced["definition"], "what is shown is good for PUT");

    let renamed = done(&server, "PATCH", "/nightly-backup", &json!({"name": "backup"}));
    assert_eq!((&renamed["name"], &renamed["last_success"]), (&json!("backup"), &kept["last_success"]));
    server.ping("nightly-backup");
    assert_ne!(
        show(&server, "backup")["last_success"],
        kept["last_success"],
        "the old address still leads to it"
    );

    assert_eq!(done(&server, "DELETE", "/backup", &Value::Null), Value::Null);
    refused(&server, ("GET", "/backup", ""), 404, "GET /api/v1/checks lists them");
    assert_eq!(http::post(&server.url("/ping/backup"), "").status, 404);
    done(&server, "POST", "", &json!({"name": "backup", "every": "5m"}));
    assert_eq!(
        show(&server, "backup")["last_seen"],
        Value::Null,
        "a new one of this name has another history"
    );
}

/// 16.1
#[test]
fn what_the_files_say_of_all_their_checks_is_not_said_of_these() {
    let mut server = start();
    let made = done(&server, "POST", "", &json!({"name": "a", "cron": "0 2 * * *"}));
    let defaults =
        "defaults: {grace: 1h, timezone: Europe/Berlin, failures_before_alert: 3, ping_methods: post}\n";
    let config = format!("{CONFIG}{defaults}{DECLARED}");
    server.write_config(&config);
    assert_eq!(server.reload().status, 200);
    assert_eq!(show(&server, "declared")["definition"]["grace"], "1h");
    assert_eq!(show(&server, "a")["definition"], made["definition"]);
    server.restart();
    assert_eq!(show(&server, "a")["definition"], made["definition"]);
    let other = done(&server, "POST", "", &json!({"name": "b", "cron": "0 2 * * *"}));
    assert_eq!(
        other["definition"],
        json!({"name": "b", "cron": "0 2 * * *", "timezone": "UTC", "grace": "5m"})
    );
}

/// 16.2
#[test]
fn what_is_exported_is_a_configuration_that_takes_the_checks_over() {
    let server = start();
    done(
        &server,
        "POST",
        "",
        &json!({"title": "Jöb: \"one\" # {x}", "name": "one", "cron": "0 2 * * *", "timezone": "Europe/Berlin", "group": "web # 1", "labels": {"team": "a'b"}}),
    );
    for n in 0..150 {
        done(
            &server,
            "POST",
            "",
            &json!({"name": format!("n{n}"), "every": "90s", "grace": "0s", "description": "a\n- b"}),
        );
    }
    server.ping("one");
    let before = show(&server, "one");
    let token = server.folder().join("token");
    std::fs::write(&token, format!("{TOKEN}\n")).unwrap();
    let export = ["export", "--server", &server.url("/"), "--token-file", token.to_str().unwrap()];
    let (is_good, yaml) = punctual(&export);
    assert!(is_good, "{yaml}");
    let (is_good, said) = punctual(&export[..3]);
    assert!(!is_good && said.contains("401"), "{said}");

    let exported = server.folder().join("exported.yaml");
    std::fs::write(&exported, &yaml).unwrap();
    let (is_good, said) = punctual(&["check-config", exported.to_str().unwrap()]);
    assert!(is_good && said.contains("OK: 151 checks"), "{said}");
    server.write_config(&format!("{CONFIG}{yaml}"));
    assert_eq!(server.reload().status, 200);
    let after = show(&server, "one");
    assert_eq!((&after["source"], &after["definition"]), (&json!("file"), &before["definition"]));
    assert_eq!(after["last_success"], before["last_success"]);
}

fn ask_if(server: &Punctual, (method, path, body): (&str, &str, &str), header: (&str, &str)) -> Response {
    let request =
        http::client().request(method.parse().unwrap(), server.url(&format!("/api/v1/checks{path}")));
    http::send(request.bearer_auth(TOKEN).header(header.0, header.1).body(body.to_owned()))
}

/// 16.3f
#[test]
fn a_change_of_what_somebody_else_has_changed_is_refused_and_a_ping_is_no_change() {
    let server = start();
    let made = ask(&server, "POST", "", r#"{"name": "a", "every": "5m"}"#);
    let tag = made.header("etag").to_owned();
    assert_eq!(ask(&server, "GET", "/a", "").header("etag"), tag);
    server.ping("a");
    assert_ne!(ask(&server, "GET", "/a", "").header("etag"), tag, "all else that is shown has a version too");
    let amended = ask_if(&server, ("PATCH", "/a", r#"{"every": "10m"}"#), ("if-match", &tag));
    assert_eq!(amended.status, 200, "{}", amended.text());
    let changed = amended.header("etag");
    for (method, body) in [("PUT", r#"{"every": "1h"}"#), ("PATCH", r#"{"every": "1h"}"#), ("DELETE", "")] {
        for other in [tag.as_str(), "\"\"", &format!("W/{changed}")] {
            let refused = ask_if(&server, (method, "/a", body), ("if-match", other));
            assert_eq!(refused.status, 412, "{method} {other}: {}", refused.text());
        }
    }
    assert_eq!(show(&server, "a")["definition"]["every"], "10m");
    let several = format!("{tag}, {changed}");
    for (method, condition, status) in [("PUT", several.as_str(), 200), ("DELETE", "*", 204)] {
        let done = ask_if(&server, (method, "/a", r#"{"every": "2h"}"#), ("if-match", condition));
        assert_eq!(done.status, status, "{method}: {}", done.text());
    }
    let again = ask(&server, "POST", "", r#"{"name": "a", "every": "5m"}"#);
    assert_ne!(again.header("etag"), tag, "it is another check");
}

/// 16.3f
#[test]
fn of_several_who_change_what_they_have_seen_one_succeeds() {
    let server = start();
    let tag = ask(&server, "POST", "", r#"{"name": "a", "every": "5m"}"#).header("etag").to_owned();
    let change = |n: usize| {
        let (method, body) =
            if n == 0 { ("DELETE", String::new()) } else { ("PATCH", format!(r#"{{"every": "{n}h"}}"#)) };
        ask_if(&server, (method, "/a", &body), ("if-match", &tag)).status
    };
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|n| scope.spawn(move || change(n))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let done = statuses.iter().filter(|status| **status < 300).count();
    assert_eq!(done, 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 204, 404, 412].contains(status)), "{statuses:?}");
}

/// 16.3g
#[test]
fn a_check_that_has_not_changed_is_not_sent_again() {
    let server = start();
    let get = |tag: &str| ask_if(&server, ("GET", "/declared", ""), ("if-none-match", tag));
    let first = ask(&server, "GET", "/declared", "");
    let tag = first.header("etag");
    let same = get(tag);
    assert_eq!((same.status, same.header("etag"), same.body.len()), (304, tag, 0));
    assert_eq!(get(&format!("\"x\", W/{tag}")).status, 304);
    server.ping("declared");
    let other = get(tag);
    assert_eq!((other.status, other.json()["status"].as_str()), (200, Some("up")));
}

/// 16.1
#[test]
fn what_a_file_declares_can_be_paused_and_pinged_here_and_nothing_else() {
    let server = start();
    for (method, body) in [("PUT", r#"{"every": "5m"}"#), ("PATCH", r#"{"every": "5m"}"#), ("DELETE", "")] {
        let problem = refused(&server, (method, "/declared", body), 409, "punctual.yaml:3: change it there");
        assert_eq!(problem["declared"], json!({"file": "punctual.yaml", "line": 3}));
    }
    refused(
        &server,
        ("POST", "", r#"{"name": "declared", "every": "5m"}"#),
        409,
        "of the name `declared` already",
    );
    assert_eq!(show(&server, "declared")["definition"]["every"], "1h");

    let paused = done(&server, "POST", "/declared/pause", &json!({"comment": "on purpose"}));
    assert_eq!((&paused["paused"], &paused["status"]), (&json!(true), &json!("paused")));
    done(&server, "POST", "/declared/pause", &Value::Null);
    let unpaused = done(&server, "POST", "/declared/unpause", &Value::Null);
    assert_eq!(unpaused["paused"], false);
    done(&server, "POST", "/declared/unpause", &Value::Null);
    assert_eq!(done(&server, "POST", "/declared/ping", &Value::Null)["message"], "OK");
    assert_eq!(show(&server, "declared")["status"], "up");
}

/// 7.1
#[test]
fn what_its_file_pauses_is_not_unpaused_here() {
    let server = Punctual::start(&format!("{CONFIG}checks: [{{name: a, every: 1h, paused: true}}]"));
    refused(&server, ("POST", "/a/unpause", ""), 409, "take `paused: true` out of it");
}

#[test]
fn a_check_may_begin_paused_and_a_ping_ends_it() {
    let server = start();
    let made = done(&server, "POST", "", &json!({"name": "a", "every": "5m", "paused": true}));
    assert_eq!((&made["paused"], &made["deadline"]), (&json!(true), &Value::Null));
    let problem = refused(&server, ("PATCH", "/a", r#"{"paused": false}"#), 422, "/unpause");
    assert_eq!(problem["errors"][0]["pointer"], "/paused");
    server.ping("a");
    assert_eq!(show(&server, "a")["status"], "up");
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_nothing_is_made() {
    let server = start();
    let unprocessable = |body: &Value, expected: &[(&str, &str)]| {
        let problem = refused(&server, ("POST", "", &body.to_string()), 422, expected[0].1);
        let errors: Vec<(&str, &str)> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| (error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap()))
            .collect();
        assert_eq!(errors.len(), expected.len(), "{errors:?}");
        for ((pointer, detail), (place, part)) in errors.iter().zip(expected) {
            assert!(pointer == place && detail.contains(part), "{errors:?}");
        }
    };
    unprocessable(&json!({"name": "a"}), &[("", "a check needs to know when")]);
    unprocessable(
        &json!({"name": "A", "every": "5", "colour": "red"}),
        &[("/colour", "no key `colour`"), ("/every", "`5s`"), ("/name", "is no name of a check")],
    );
    unprocessable(
        &json!({"name": "a", "every": "5m", "depends_on": ["b"]}),
        &[("/depends_on", "`b`, which is no check")],
    );
    unprocessable(
        &json!({"name": "a", "every": "5m", "emails": ["a@example.org"]}),
        &[("/emails", "mail needs the section `smtp`")],
    );
    done(&server, "POST", "", &json!({"name": "b", "every": "5m", "depends_on": ["declared"]}));
    let problem = refused(&server, ("PATCH", "/b", r#"{"depends_on": ["b"]}"#), 422, "depend on itself");
    assert_eq!(problem["errors"][0]["pointer"], "/depends_on");

    let long = format!(r#"{{"name": "a", "every": "5m", "description": "{}"}}"#, "x".repeat(65_536));
    refused(&server, ("POST", "", &long), 413, "at most 65536 bytes");
    for body in ["", "{", "every: 5m", "null x", "\u{0}"] {
        refused(&server, ("POST", "", body), 400, "this is not JSON");
    }
    refused(&server, ("PATCH", "/b", "[]"), 400, "null takes a key away");
    refused(&server, ("POST", "/b/pause", r#"{"reason": "x"}"#), 400, "{\"comment\": \"why\"}");
    refused(&server, ("POST", "/b/pause", r#"{"comment": "a\nb"}"#), 422, "one line");
    refused(&server, ("POST", "/b/ping?kind=ok", ""), 400, "success, fail, start, log");
    refused(&server, ("POST", "/b/ping?exit_status=256", ""), 400, "0 to 255");
    refused(&server, ("POST", "/b/ping?exit_status=1&kind=fail", ""), 400, "not both");
    refused(&server, ("POST", "/b/ping?rid=a%20b", ""), 400, "bad rid");
    refused(&server, ("GET", "?limit=0", ""), 400, "from 1 to 1000");
    refused(&server, ("GET", "?limit=1001", ""), 400, "from 1 to 1000");
    refused(&server, ("GET", "?limit=1&limit=2", ""), 400, "more than once");
    refused(&server, ("GET", "?stauts=late", ""), 400, "no parameter `stauts`");
    refused(&server, ("GET", "?status=bad", ""), 400, "failing, late");
    refused(&server, ("GET", "?label=team", ""), 400, "label=team=dba");
    refused(&server, ("GET", "/b/pings?cursor=x", ""), 400, "`next_cursor`");
    for (method, path) in
        [("GET", "/c"), ("PUT", "/c"), ("DELETE", "/%ff"), ("POST", "/c/pause"), ("GET", "/c/pings")]
    {
        refused(&server, (method, path, ""), 404, "there is no check of this name");
    }
    refused(&server, ("POST", "/c/ping", ""), 404, "not found");
    refused(&server, ("GET", "/b/unknown", ""), 404, "/api/v1/checks");
    assert_eq!(names(&done(&server, "GET", "", &Value::Null)), ["b", "declared"]);
}

/// 16.3
#[test]
fn no_more_checks_are_made_than_may_be() {
    let server = Punctual::start(&format!("max_checks: 2\n{CONFIG}{DECLARED}"));
    done(&server, "POST", "", &json!({"name": "a", "every": "5m"}));
    refused(&server, ("POST", "", r#"{"name": "b", "every": "5m"}"#), 409, "`max_checks`");
    done(&server, "DELETE", "/a", &Value::Null);
    done(&server, "POST", "", &json!({"name": "b", "every": "5m"}));
}

#[test]
fn the_list_comes_page_by_page_and_filtered() {
    let server = Punctual::start(&format!("{CONFIG}checks: []\n"));
    std::fs::write(
        server.folder().join("dba.yaml"),
        "group: dba\nchecks: [{name: vacuum, every: 1h, labels: {team: dba}}]",
    )
    .unwrap();
    server.write_config(&format!("{CONFIG}check_files: [dba.yaml]\n"));
    assert_eq!(server.reload().status, 200);
    for i in 0..5 {
        let team = if i % 2 == 0 { "web" } else { "dba" };
        let body =
            json!({"name": format!("job-{i}"), "every": "1h", "labels": {"team": team, "n": i.to_string()}});
        done(&server, "POST", "", &body);
    }
    server.ping("job-1");
    let list = |query: &str| done(&server, "GET", query, &Value::Null);
    let check = |query: &str, expected: &[&str]| assert_eq!(names(&list(query)), expected, "{query}");
    check("", &["job-0", "job-1", "job-2", "job-3", "job-4", "vacuum"]);
    check("?status=up", &["job-1"]);
    check("?source=file", &["vacuum"]);
    check("?source=api&label=team%3Ddba", &["job-1", "job-3"]);
    check("?label=team=dba&label=n=3", &["job-3"]);
    check("?group=dba", &["vacuum"]);
    done(&server, "PATCH", "/job-0", &json!({"group": "dba"}));
    check("?group=dba", &["job-0", "vacuum"]);
    assert_eq!(server.values("punctual_check_late", "check=\"job-0\",group=\"dba\""), [0.0]);
    done(&server, "PATCH", "/job-0", &json!({"group": null}));
    check("?group=", &["job-0", "job-1", "job-2", "job-3", "job-4"]);
    check("?label=team=none", &[]);
    for (limit, filter) in [(1, ""), (2, ""), (5, ""), (6, ""), (1000, ""), (1, "&label=team=dba")] {
        let all = list(&format!("?{filter}"));
        let (mut walked, mut cursor) = (Vec::new(), Some(String::new()));
        while let Some(at) = cursor {
            let page = list(&format!("?limit={limit}{filter}&cursor={at}"));
            walked.extend(names(&page).into_iter().map(str::to_owned));
            assert!(names(&page).len() <= limit && !names(&page).is_empty(), "{limit}{filter}");
            cursor = page["next_cursor"].as_str().map(str::to_owned);
        }
        assert_eq!(walked, names(&all), "{limit}{filter}");
    }
}

#[test]
fn what_happened_to_a_check_is_listed_newest_first_page_by_page() {
    let server = start();
    done(&server, "POST", "/declared/ping?kind=start&rid=r1", &Value::Null);
    let body = ask(&server, "POST", "/declared/ping?exit_status=3&rid=r1&comment=it+broke", "what it said");
    assert_eq!(body.status, 200);
    done(&server, "POST", "/declared/ping?kind=log", &Value::Null);
    done(&server, "POST", "/declared/ping", &Value::Null);
    let page = |path: &str| done(&server, "GET", &format!("/declared/{path}"), &Value::Null);
    let pings = page("pings");
    let kinds = |page: &Value| -> Vec<String> {
        page["pings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|ping| ping["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(kinds(&pings), ["success", "log", "fail", "start"]);
    let fail = &pings["pings"][2];
    assert_eq!(
        (&fail["exit_status"], &fail["rid"], &fail["comment"], &fail["has_body"], &fail["source"]),
        (&json!(3), &json!("r1"), &json!("it broke"), &json!(true), &json!("127.0.0.1"))
    );
    let said = |ping: &Value| ask(&server, "GET", &format!("/declared/pings/{}/body", ping["id"]), "");
    let body = said(fail);
    assert_eq!((body.status, body.text().as_str()), (200, "what it said"));
    assert_eq!(body.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(body.header("x-content-type-options"), "nosniff");
    assert_eq!(http::post(&server.url("/ping/declared"), b"\xff\0<b>".to_vec()).status, 200);
    let binary = said(&page("pings?limit=1")["pings"][0]);
    assert_eq!(
        (binary.body.as_slice(), binary.header("content-type")),
        (&b"\xff\0<b>"[..], "application/octet-stream")
    );
    for without in [&pings["pings"][0]["id"], &json!(99), &json!("x"), &json!("-1")] {
        let without = without.to_string().replace('"', "");
        refused(&server, ("GET", &format!("/declared/pings/{without}/body"), ""), 404, "not kept any more");
    }
    refused(
        &server,
        ("GET", &format!("/nobody/pings/{}/body", fail["id"]), ""),
        404,
        "no check of this name",
    );
    done(&server, "POST", "", &json!({"name": "other", "every": "1h"}));
    refused(&server, ("GET", &format!("/other/pings/{}/body", fail["id"]), ""), 404, "not kept any more");
    let first = page("pings?cursor=5&limit=3");
    let rest = page(&format!("pings?limit=3&cursor={}", first["next_cursor"].as_str().unwrap()));
    assert_eq!((kinds(&rest), &rest["next_cursor"]), (vec!["start".to_owned()], &Value::Null));
    let run = &page("runs")["runs"][0];
    assert_eq!((&run["kind"], &run["rid"], &run["exit_status"]), (&json!("fail"), &json!("r1"), &json!(3)));
    let flips = page("flips");
    assert_eq!((&flips["flips"][0]["to"], &flips["flips"][0]["reason"]), (&json!("up"), &json!("pinged")));
    assert_eq!(flips["flips"][1]["causes"], json!(["failed"]));
    let incident = &page("incidents")["incidents"][0];
    assert_eq!((&incident["status"], &incident["reason"]), (&json!("resolved"), &json!("failed")));
    assert_eq!(page("judgements")["judgements"], json!([]));
}

/// A check of the API is late like any other.
#[test]
fn a_check_of_the_api_is_judged_and_exported() {
    let server = start();
    done(&server, "POST", "", &json!({"name": "soon", "every": "1s", "grace": "0s"}));
    let late =
        wait_for("lateness", PATIENCE, || Some(show(&server, "soon")).filter(|check| check["late"] == true));
    assert_eq!((&late["status"], &late["causes"][0]["kind"]), (&json!("late"), &json!("never_seen")));
    assert_eq!(server.values("punctual_check_late", "check=\"soon\""), [1.0]);
    assert_eq!(server.values("punctual_checks", "source=\"api\""), [1.0]);
}

#[test]
fn of_several_who_make_a_check_of_one_name_one_succeeds() {
    let server = start();
    let make = || ask(&server, "POST", "", r#"{"name": "a", "every": "5m"}"#).status;
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

/// 16.2
#[test]
fn a_check_that_moves_into_a_file_keeps_its_history_and_is_the_files() {
    let server = start();
    done(&server, "POST", "", &json!({"name": "moved", "every": "5m"}));
    server.ping("moved");
    let before = show(&server, "moved");
    server.write_config(&format!("{CONFIG}{DECLARED}  - {{name: moved, every: 5m}}\n"));
    assert_eq!(server.reload().status, 200);
    let after = show(&server, "moved");
    assert_eq!((&after["source"], &after["declared"]["line"]), (&json!("file"), &json!(4)));
    assert_eq!(
        (&after["last_success"], &after["definition"]),
        (&before["last_success"], &before["definition"])
    );
    refused(&server, ("DELETE", "/moved", ""), 409, "punctual.yaml:4");
    let pings = done(&server, "GET", "/moved/pings", &Value::Null);
    assert_eq!(pings["pings"].as_array().unwrap().len(), 1);
}

/// Whoever was told to try again does: what was given up must not be done as well, later.
#[test]
fn what_a_full_disk_refuses_is_not_done_when_there_is_room_again() {
    let mut server = Punctual::new(&format!("{CONFIG}{DECLARED}")).on_small_disk(4 << 20);
    server.start_again();
    let filler = server.data().join("filler");
    disk::fill(&filler);
    let ping = || http::post(&server.url("/ping/declared"), "x".repeat(9_000)).status;
    wait_until("a refused ping", PATIENCE, || ping() == 503);
    let problem = refused(&server, ("POST", "", r#"{"name": "a", "every": "5m"}"#), 503, "try again");
    assert!(problem["detail"].as_str().unwrap().contains("nothing was changed"), "{problem}");
    std::fs::remove_file(&filler).unwrap();
    wait_until("a ping taken again", PATIENCE, || ping() == 200);
    assert_eq!(names(&done(&server, "GET", "", &Value::Null)), ["declared"]);
    done(&server, "POST", "", &json!({"name": "a", "every": "5m"}));
}

/// The disk hangs, or the server is stopping: nobody is told that something was done.
#[test]
fn what_cannot_be_stored_is_answered_503_and_to_be_tried_again() {
    let doors = Doors::open(Limits::default());
    let token = Token { name: "ci".to_owned(), scope: Scope::Write, token: Secret::new(TOKEN), checks: None };
    doors.app.set_access(Access { tokens: Tokens::new(&[token]), ..Access::default() });
    for (path, body) in [("", r#"{"name": "a", "every": "5m"}"#), ("/worker/pause", "")] {
        let request = http::client().post(doors.url(&format!("/api/v1/checks{path}")));
        let answer = http::send(request.bearer_auth(TOKEN).body(body));
        assert_eq!((answer.status, answer.header("retry-after")), (503, "5"), "{path}: {}", answer.text());
        assert!(answer.text().contains("nothing was changed, try again"), "{}", answer.text());
    }
    doors.ledger.set_mode(Mode::Refuse);
    let ping = http::send(http::client().post(doors.url("/api/v1/checks/worker/ping")).bearer_auth(TOKEN));
    assert_eq!((ping.status, ping.header("retry-after")), (503, "1"), "{}", ping.text());
    assert_eq!(ping.header("content-type"), "application/problem+json");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(300))]
    /// Whatever is asked for is answered, and never by a fault of ours.
    #[test]
    fn any_request_at_the_api_is_answered(
        method in "GET|HEAD|POST|PUT|PATCH|DELETE",
        path in "(/(backup|worker|checks|ping|pings|runs|flips|pause|%[0-9a-f]{2}|%|[a-z0-9.~_-]{0,3})){0,4}",
        query in "(\\?((limit|cursor|label|status|kind|rid|exit_status|x)=(%[0-9a-f]{2}|%|[a-z0-9&=+]{0,4})&?){0,3})?",
        body in "\\PC{0,20}|(\\{\"(name|title|every|comment|paused)\":(\"[a-z5m]{0,4}\"|null|true|[0-9]{1,3}|\\[\\]|\\{\\})\\})",
    ) {
        static DOORS: std::sync::OnceLock<Doors> = std::sync::OnceLock::new();
        let doors = DOORS.get_or_init(|| {
            let doors = Doors::open(Limits::default());
            let token = Token { name: "ci".to_owned(), scope: Scope::Write, token: Secret::new(TOKEN), checks: None };
            doors.app.set_access(Access { tokens: Tokens::new(&[token]), ..Access::default() });
            doors
        });
        let url = doors.url(&format!("/api/v1/checks{path}{query}"));
        let request = http::client().request(method.parse().unwrap(), url);
        let answer = http::send(request.bearer_auth(TOKEN).body(body));
        // There is no store behind these doors: 503 is as far as a right request comes.
        proptest::prop_assert!(answer.status != 500, "{}", answer.text());
        if answer.status >= 400 && method != "HEAD" {
            proptest::prop_assert_eq!(answer.header("content-type"), "application/problem+json");
            proptest::prop_assert!(answer.json()["detail"].is_string());
        }
    }
}

/// Every line of shell in the manual, one after the other.
#[test]
fn the_manual_s_lines_work() {
    let asserted = "  - {name: agent-running, assert: {reported: {}}}\n";
    let server = Punctual::start(&format!("{CONFIG}{DECLARED}{asserted}"));
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md")).unwrap();
    let blocks = manual.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert!(lines.len() > 12, "{lines:?}");
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_punctual")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    for line in lines {
        let mut shell = tool("sh");
        shell.args(["-c", line]).current_dir(server.folder()).env("PATH", &path).env("NO_PROXY", "*");
        shell.env("URL", server.url("")).env("TOKEN", TOKEN);
        shell.env("PUNCTUAL_URL", server.url("")).env("PUNCTUAL_TOKEN", TOKEN);
        // The second ping of the manual has a body.
        shell.env("ID", "2");
        let (is_good, said) = run(&mut shell);
        assert!(is_good, "{line}: {said}");
        if line.contains("status=new") {
            assert!(said.contains("\"name\":\"nightly-export\""), "{line}: {said}");
        }
    }
}
