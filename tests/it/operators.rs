//! What people on call say, by the socket and over the network: who is on record, and what is refused.

use punctual::http::socket;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::support::http::{self, Response};
use crate::support::process::{PATIENCE, run, tool, wait_until};
use crate::support::punctual::Punctual;

const TOKEN: &str = "token-that-operates";
const KEY: &str = "key-of-the-jobs-here";
const CHECKS: &str = "checks: [{name: a, every: 1h}, {name: b, every: 1h}]\n";

/// A server with a token of this name, and a ping key.
fn server_with(token: &str) -> Punctual {
    Punctual::start(&format!(
        "auth:\n  ping_keys: [{{name: jobs, key: {KEY}}}]\n  tokens: [{{name: {token}, scope: operate, token: {TOKEN}}}]\n{CHECKS}"
    ))
}

/// Asks at the socket of this server.
fn at_socket(server: &Punctual, method: &str, path: &str) -> RequestBuilder {
    let _ = http::client();
    let client = Client::builder().no_proxy().timeout(PATIENCE).unix_socket(socket::path(&server.data()));
    let client = client.build().unwrap();
    client.request(method.parse().unwrap(), format!("http://localhost{path}"))
}

fn over_network(server: &Punctual, method: &str, path: &str) -> RequestBuilder {
    http::client().request(method.parse().unwrap(), server.url(path)).bearer_auth(TOKEN)
}

fn user() -> String {
    format!("user {}", rustix::process::geteuid().as_raw())
}

fn said_by(who: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost", [("by", who)]).unwrap();
    url.query().unwrap().to_owned()
}

/// A good answer in JSON.
fn good(answer: &Response) -> Value {
    assert!(answer.status < 300, "{}: {}", answer.status, answer.text());
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

/// The fields of the log's last line that says this.
fn logged(server: &Punctual, says: &str) -> Value {
    let log = server.log();
    let line = log.lines().rfind(|line| line.contains(says)).unwrap_or_else(|| panic!("{says}: {log}"));
    serde_json::from_str(line).unwrap()
}

/// 22.1a: neither what somebody says nor what let them in replaces the other.
#[test]
fn the_log_and_the_history_have_who_says_so_and_by_what_they_were_let_in() {
    let server = server_with("oncall");
    let check = |request: RequestBuilder, name: &str, fields: &[(&str, Value)]| {
        let unpause = over_network(&server, "POST", "/api/v1/checks/a/unpause");
        http::send(unpause);
        let paused = good(&http::send(request));
        assert_eq!(paused["pause"]["by"], name);
        let line = logged(&server, &format!("a is paused, says {name}"));
        for field in ["by", "token", "user", "source", "check"] {
            let expected = fields.iter().find(|(known, _)| *known == field).map(|(_, value)| value);
            assert_eq!(line["fields"].get(field).or(line.get(field)), expected, "{field} in {line}");
        }
    };
    let pause = "/api/v1/checks/a/pause";
    let (ann, of_a) = (json!({"by": "ann"}), ("check", json!("a")));
    let by = ("by", json!("ann"));
    let token = [("token", json!("oncall")), ("source", json!("127.0.0.1")), of_a.clone()];
    let number = rustix::process::geteuid().as_raw();
    let at_door = [("user", json!(number)), of_a];
    check(over_network(&server, "POST", pause), "oncall (token)", &token);
    let said = http::with_json(over_network(&server, "POST", pause), &ann);
    check(said, "ann (token oncall)", &[&token[..], std::slice::from_ref(&by)].concat());
    check(at_socket(&server, "POST", pause), &user(), &at_door);
    let said = http::with_json(at_socket(&server, "POST", pause), &ann);
    check(said, &format!("ann ({})", user()), &[&at_door[..], &[by]].concat());
}

/// 22.1a, 23.1c: what a check is called in the log is what it is asked for by.
#[test]
fn making_and_deleting_a_check_is_logged_with_its_name() {
    let server = server_with("oncall");
    let body = json!({"title": "Nightly export", "every": "5m"});
    good(&http::send(http::with_json(at_socket(&server, "POST", "/api/v1/checks"), &body)));
    let line = logged(&server, "nightly-export is created");
    assert_eq!(line["fields"].get("check").or(line.get("check")), Some(&json!("nightly-export")), "{line}");
    assert_eq!(http::send(at_socket(&server, "DELETE", "/api/v1/checks/nightly-export")).status, 204);
    let line = logged(&server, "nightly-export is deleted");
    assert_eq!(line["fields"].get("check").or(line.get("check")), Some(&json!("nightly-export")), "{line}");
}

/// 22.1a: a token's name may have as many bytes as the configuration lets it.
#[test]
fn a_name_is_measured_by_itself_and_not_with_that_of_the_token() {
    let server = server_with(&"t".repeat(128));
    let said = |by: &str| {
        let body = json!({"for": "1h", "check": "a", "by": by});
        http::send(http::with_json(over_network(&server, "POST", "/api/v1/mutes"), &body))
    };
    good(&said(""));
    let made = good(&said(&"n".repeat(100)));
    assert!(made["by"].as_str().unwrap().len() > 228, "{made}");
    assert_eq!(said(&"n".repeat(101)).status, 422);
}

/// 22.1a: a name is one line that looks like what it is, wherever one may be said.
#[test]
fn a_name_that_a_terminal_would_obey_is_refused_wherever_one_is_said() {
    let server = server_with("oncall");
    let places = [
        ("POST", "/api/v1/checks/a/pause", json!({})),
        ("POST", "/api/v1/checks/a/unpause", json!({})),
        ("POST", "/api/v1/mutes", json!({"check": "a", "for": "1h"})),
        ("POST", "/api/v1/incidents/1/acknowledge", json!({})),
        ("POST", "/api/v1/incidents/reopen", json!({"check": "a"})),
        ("POST", "/api/v1/incidents/wont-fix", json!({"matchers": "check=a"})),
        ("POST", "/api/v1/messages/1/retry", json!({})),
        ("POST", "/api/v1/messages/1/drop", json!({})),
        ("POST", "/api/v1/messages/retry", json!({"receiver": "ops"})),
    ];
    for by in ["a\nb", "a\u{202e}b", "a\u{200b}b", "\u{feff}", "\u{1b}[2J", " ", &"x".repeat(101)] {
        for (method, path, body) in &places {
            let mut body = body.clone();
            body["by"] = by.into();
            let answer = http::send(http::with_json(over_network(&server, method, path), &body));
            assert_eq!(answer.status, 422, "{path} {by:?}: {}", answer.text());
            assert!(answer.text().contains("`by`"), "{path} {by:?}: {}", answer.text());
        }
        let delete = over_network(&server, "DELETE", &format!("/api/v1/mutes/1?{}", said_by(by)));
        assert_eq!(http::send(delete).status, 422, "{by:?}");
    }
}

/// 22.1: whoever ends a mute says so as whoever makes it.
#[test]
fn a_mute_is_shown_by_its_number_and_ended_by_somebody() {
    let server = server_with("oncall");
    let body = json!({"check": "a", "for": "1h", "comment": null, "by": "ann"});
    let made = good(&http::send(http::with_json(over_network(&server, "POST", "/api/v1/mutes"), &body)));
    let one = good(&http::send(over_network(&server, "GET", "/api/v1/mutes/1")));
    for key in ["id", "matchers", "since", "until", "comment", "by"] {
        assert_eq!((one.get(key), one[key].is_null()), (made.get(key), false), "{key}");
    }
    assert_eq!(http::send(over_network(&server, "GET", "/api/v1/mutes/2")).status, 404);
    let delete = over_network(&server, "DELETE", &format!("/api/v1/mutes/1?{}", said_by("bob")));
    assert_eq!(http::send(delete).status, 204);
    let line = logged(&server, "mute 1 has ended, says bob (token oncall)");
    assert_eq!(line["fields"].get("by").or(line.get("by")), Some(&json!("bob")), "{line}");
    assert_eq!(http::send(over_network(&server, "GET", "/api/v1/mutes/1")).status, 404);
}

/// A browser that reaches the socket through a forwarder is led here under a stranger's name as at a loopback address.
#[test]
fn at_the_socket_only_names_of_this_machine_and_of_the_external_url_are_answered() {
    let mut server = Punctual::new(CHECKS).argument("--web.external-url=https://punctual.example.org/");
    server.start_again();
    let ask = |host: &str, path: &str| {
        let request = at_socket(&server, "POST", path).header("Host", host);
        http::send(request.header("Origin", format!("http://{host}"))).status
    };
    for path in ["/api/v1/checks/a/pause", "/api/v1/checks/a/unpause", "/api/v1/reload", "/-/reload"] {
        assert_eq!(ask("rebind.evil.example", path), 421, "{path}");
        assert_eq!(ask("localhost", path), 200, "{path}");
        assert_eq!(ask("127.0.0.1:8080", path), 200, "{path}");
        assert_eq!(ask("punctual.example.org", path), 200, "{path}");
    }
    assert_eq!(
        http::send(at_socket(&server, "GET", "/ping/a").header("Host", "rebind.evil.example")).status,
        421
    );
}

/// 23.1: `POST …/ping` takes what `/ping/` takes.
#[test]
fn whoever_may_ping_may_do_so_through_the_api() {
    let ask = |server: &Punctual, secret: Option<&str>| {
        let request = http::client().post(server.url("/api/v1/checks/a/ping"));
        http::send(match secret {
            Some(secret) => request.bearer_auth(secret),
            None => request,
        })
    };
    let open = Punctual::start(CHECKS);
    assert_eq!(ask(&open, None).status, 200);
    assert_eq!(ask(&open, Some("whatever-it-is")).status, 200);
    let server = server_with("oncall");
    for _ in 0..20 {
        assert_eq!(ask(&server, Some(KEY)).status, 200, "a right key is no guess");
    }
    assert_eq!(ask(&server, Some(TOKEN)).status, 200);
    assert_eq!(server.sum("punctual_wrong_credentials_total", "kind=\"token\""), 0);
    assert_eq!((ask(&server, None).status, ask(&server, Some("wrong")).status), (401, 401));
    let soon =
        format!("auth: {{ping_keys_required: false, ping_keys: [{{name: jobs, key: {KEY}}}]}}\n{CHECKS}");
    let moving = Punctual::start(&soon);
    assert_eq!((ask(&moving, None).status, ask(&moving, Some(KEY)).status), (200, 200));
    assert_eq!(moving.value("punctual_ping_requests_unkeyed_total"), 1.0);
}

/// 23.1c: also by the addresses of other systems, whose keys are for the network.
#[test]
fn at_the_socket_the_doors_of_other_systems_ask_for_no_key_and_count_no_guess() {
    let server = Punctual::start(&format!(
        "compat: {{coal_mine: {{enabled: true, auth_key: key-of-the-coal-mine}}}}\n{CHECKS}"
    ));
    let ask = |path: &str| http::send(at_socket(&server, "GET", &format!("/coal-mine/v1/canary/{path}")));
    let made = ask("create?name=job&periodicity=60");
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(ask("get?slug=job").status, 200);
    for _ in 0..20 {
        assert_eq!(ask("list?auth_key=wrong").status, 401, "a key that is wrong is wrong here, too");
    }
    assert_eq!(server.sum("punctual_wrong_credentials_total", "kind=\"auth_key\""), 0);
    let network = |key: &str| server.get(&format!("/coal-mine/v1/canary/list?auth_key={key}")).status;
    assert_eq!((network("key-of-the-coal-mine"), network("wrong")), (200, 401));
    assert_eq!(server.get("/coal-mine/v1/canary/list").status, 401);
}

/// Somebody else at the socket is told nothing; the operator is.
#[test]
fn another_user_at_the_socket_is_in_the_log_once_a_minute() {
    use std::os::unix::fs::PermissionsExt;
    if !rustix::process::geteuid().is_root() {
        // Only root may try as somebody else.
        return;
    }
    let server = server_with("oncall");
    for path in [server.folder().to_owned(), server.data()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o711)).unwrap();
    }
    let path = socket::path(&server.data());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let script = "import os, socket, sys\nos.setgroups([]); os.setuid(4242)\nfor _ in range(5):\n s = socket.socket(socket.AF_UNIX)\n s.connect(sys.argv[1])\n assert s.recv(1) == b''";
    let (is_good, said) = run(tool("python3").args(["-c", script]).arg(&path));
    assert!(is_good, "{said}");
    wait_until("the line", PATIENCE, || server.log().contains("another user"));
    let line = logged(&server, "another user");
    assert_eq!(line["fields"].get("user").or(line.get("user")), Some(&json!(4242)), "{line}");
    assert_eq!(server.log().matches("another user").count(), 1);
    assert_eq!(http::send(at_socket(&server, "GET", "/-/ready")).status, 200);
}

/// 7.1b: as before the application had a room of its own.
#[test]
fn a_pause_takes_null_for_nothing_and_answers_in_the_order_of_the_list() {
    let server = Punctual::start("checks: [{name: a, every: 1h}, {name: c, every: 1h, paused: true}]\n");
    let pause = at_socket(&server, "POST", "/api/v1/checks/a/pause");
    let null = json!({"comment": null, "for": null, "until": null, "by": null});
    let answer = http::send(http::with_json(pause, &null));
    good(&answer);
    let text = answer.text();
    let places: Vec<Option<usize>> =
        ["\"name\":", "\"title\":", "\"as_of\":", "\"status\":", "\"definition\":", "\"done\":"]
            .iter()
            .map(|key| text.find(key))
            .collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {text}");
    let one = http::get(&server.url("/api/v1/checks/a")).text();
    let listed = http::get(&server.url("/api/v1/checks")).text();
    let first =
        |text: &str, from: &str| text.split_once(from).unwrap().1.split(',').next().unwrap().to_owned();
    assert_eq!(first(&one, "{"), first(&listed, "[{"));
    let refused = http::send(at_socket(&server, "POST", "/api/v1/checks/c/unpause"));
    assert!(
        refused.status == 409 && refused.text().contains("c is paused by its file"),
        "{}",
        refused.text()
    );
}
