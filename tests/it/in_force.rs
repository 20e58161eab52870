//! What is in force: the configuration as it is shown, receivers, and what flips.

use std::time::Duration;

use serde_json::{Value, json};

use crate::people::{OPERATE, Person, READ, TOKENS, form_of};
use crate::support::http::{self, Response};
use crate::support::process::{PATIENCE, wait_for, wait_until};
use crate::support::punctual::{Punctual, punctual};
use crate::support::sink::WebhookSink;

const SECRETS: [&str; 7] = [
    "token-that-nobody-may-see",
    "key-that-nobody-may-see",
    "path-that-nobody-may-see",
    "password-that-nobody-may-see",
    "door-key-that-nobody-may-see",
    "proxy-that-nobody-may-see",
    "template-that-nobody-may-see",
];

fn config(sink: &str) -> String {
    let [token, key, path, password, door, proxy, template] = SECRETS;
    format!(
        "auth: {{anonymous: read, ping_keys_required: false, ping_keys: [{{name: jobs, key: {key}}}], tokens: [{{name: ci, scope: write, token: {token}}}]}}\n\
         compat: {{coal_mine: {{enabled: true, auth_key: {door}}}}}\n\
         smtp: {{host: 127.0.0.1, port: 9, tls: starttls, username: me, password: {password}, from: a@example.org}}\n\
         receivers:\n  - {{name: hook, group_wait: 0s, webhook: {{url: '{sink}/{path}', http_config: {{basic_auth: {{username: me, password: {password}}}}}}}}}\n\
         \x20 - {{name: unused, webhook: {{url: 'http://127.0.0.1:9/{path}', http_config: {{proxy_url: 'http://me:{proxy}@127.0.0.1:9'}}}}}}\n\
         \x20 - {{name: service, webhook: {{url: 'http://127.0.0.1:9', template: '{template} {{{{ text }}}}'}}}}\n\
         responders:\n  - {{matchers: ['team=dba'], actions: [{{notify: hook, after: 0s, repeat_interval: 1h}}]}}\n\
         checks:\n  - {{name: backup, every: 1h, labels: {{team: dba}}}}\n  - {{name: unheard, cron: '0 2 * * *', group: web}}\n"
    )
}

fn get(server: &Punctual, path: &str) -> Response {
    let answer = http::get(&server.url(path));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer
}

#[test]
fn what_is_in_force_is_shown_with_its_places_and_without_any_secret() {
    let sink = WebhookSink::start();
    let text = config(&sink.url());
    let server = Punctual::start(&text);
    let shown = get(&server, "/api/v1/config");
    let page = get(&server, "/config");
    for secret in SECRETS {
        assert!(text.contains(secret), "{secret} is in the file");
        assert!(!shown.text().contains(secret) && !page.text().contains(secret), "{secret}");
    }
    let shown = shown.json();
    let main = &shown["main_file"];
    assert_eq!(main["receivers"][0]["webhook"]["url"], "<secret>");
    assert_eq!(main["auth"]["tokens"][0], json!({"name": "ci", "scope": "write", "token": "<secret>"}));
    assert_eq!(main["compat"]["coal_mine"], json!({"enabled": true, "auth_key": "<secret>"}));
    assert_eq!(main["smtp"]["port"], 9);
    let [backup, unheard] = shown["checks"].as_array().unwrap().as_slice() else { panic!("{shown}") };
    assert_eq!(backup["declared"], json!({"file": "punctual.yaml", "line": 11}));
    let told =
        json!([{"receiver": "hook", "after": "0s", "repeat_interval": "1h", "responder": 1, "only": []}]);
    assert_eq!((&backup["told"], &backup["tells_nobody"]), (&told, &json!(false)));
    assert_eq!((&unheard["told"], &unheard["tells_nobody"]), (&json!([]), &json!(true)));
    let second = get(&server, "/api/v1/config?limit=1&cursor=backup").json();
    assert_eq!((&second["checks"][0], &second["next_cursor"]), (unheard, &Value::Null));
    let page = page.text();
    for part in ["punctual.yaml:11", "every 1h", "nobody", "team=dba", "hook", "unused", "again every 1h"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let row = |path: &str, name: &str| get(&server, path).text().find(&format!("checks/{name}\""));
    assert!(row("/config?q=web", "backup").is_none() && row("/config?q=web", "unheard").is_some());
    assert!(row("/config", "backup") < row("/config", "unheard"));
    assert!(row("/config?sort=schedule", "backup") > row("/config?sort=schedule", "unheard"));
    let faulty = get(&server, "/config?q=team%3D~%28");
    assert!(faulty.text().contains("role=\"alert\""), "{}", faulty.text());
}

#[test]
fn a_reload_changes_what_is_shown() {
    let mut server = Punctual::start("checks: [{name: a, every: 1h}]\n");
    assert_eq!(get(&server, "/api/v1/config").json()["main_file"], json!({}));
    server.write_config("max_checks: 7\nchecks: [{name: b, every: 1h}]\n");
    assert_eq!(server.reload().status, 200);
    let shown = get(&server, "/api/v1/config").json();
    assert_eq!((&shown["main_file"], &shown["checks"][0]["name"]), (&json!({"max_checks": 7}), &json!("b")));
    server.restart();
    assert_eq!(get(&server, "/api/v1/config").json(), shown);
}

#[test]
fn a_receiver_is_shown_with_what_came_of_its_last_message() {
    let sink = WebhookSink::start();
    let server = Punctual::start(&config(&sink.url()));
    let receivers = || get(&server, "/api/v1/receivers").json()["receivers"].clone();
    assert_eq!(receivers()[0], json!({"name": "hook", "kind": "webhook", "last": null}));
    assert_eq!(http::post(&server.url("/ping/backup/fail"), "").status, 200);
    let last = wait_for("a message that was taken", PATIENCE, || {
        Some(receivers()[0]["last"].clone()).filter(|last| last["state"] == "sent")
    });
    assert_eq!((&last["attempts"], last["answer"].is_string()), (&json!(1), true), "{last}");
    assert_eq!(receivers()[1]["last"], Value::Null);
    assert!(get(&server, "/config").text().contains("sent, "));
}

#[test]
fn a_receiver_is_sent_a_sample_and_what_came_of_it_is_said() {
    let sink = WebhookSink::start();
    let server = Punctual::start(&config(&sink.url()));
    let test = |name: &str| {
        let request = http::client().post(server.url(&format!("/api/v1/receivers/{name}/test")));
        http::send(request.bearer_auth(SECRETS[0]))
    };
    let taken = test("hook");
    assert_eq!((taken.status, taken.json()["taken"].as_bool()), (200, Some(true)), "{}", taken.text());
    let done = taken.json()["done"].as_str().unwrap().to_owned();
    assert!(done.starts_with("alert: hook took it within ") && done.contains("\nrecovery: "), "{done}");
    let refused = test("unused").json();
    assert_eq!(refused["taken"], false, "{refused}");
    assert!(refused["done"].as_str().unwrap().starts_with("alert: not taken; "), "{refused}");
    assert_eq!(test("nobody").status, 404);
    assert_eq!(http::post(&server.url("/api/v1/receivers/hook/test"), "").status, 401);
    assert!(!server.log().contains("that-nobody-may-see"));
    let mut held = Punctual::new(&config(&sink.url())).argument("--no-deliveries");
    held.start_again();
    let request = http::client().post(held.url("/api/v1/receivers/hook/test")).bearer_auth(SECRETS[0]);
    assert_eq!(http::send(request).status, 409);
}

fn flips(server: &Punctual, query: &str) -> Value {
    get(server, &format!("/api/v1/flips{query}")).json()
}

#[test]
fn flips_of_all_checks_come_in_their_order_and_who_asks_may_wait_for_the_next() {
    let server = Punctual::start("checks: [{name: a, every: 1h}, {name: b, every: 1h}]\n");
    let begin = flips(&server, "")["next_after"].as_u64().unwrap();
    assert_eq!(flips(&server, "")["flips"], json!([]));
    server.ping("a");
    server.ping("b/fail");
    let both = flips(&server, &format!("?after={begin}&wait=60s"));
    let seen: Vec<_> =
        both["flips"].as_array().unwrap().iter().map(|flip| (&flip["check"], &flip["to"])).collect();
    assert_eq!(seen, [(&json!("a"), &json!("up")), (&json!("b"), &json!("failing"))]);
    let one = flips(&server, &format!("?after={begin}&limit=1"));
    assert_eq!((one["flips"].as_array().unwrap().len(), &one["flips"][0]["check"]), (1, &json!("a")));
    let rest = flips(&server, &format!("?after={}", one["next_after"]));
    assert_eq!((&rest["flips"][0]["check"], &rest["next_after"]), (&json!("b"), &both["next_after"]));
    let url = server.url(&format!("/api/v1/flips?after={}&wait=60s", both["next_after"]));
    let waiting = std::thread::spawn(move || http::get(&url).json());
    // Whether it waits already or not: it hears of it.
    server.ping("b");
    let heard = waiting.join().unwrap();
    assert_eq!((&heard["flips"][0]["check"], &heard["flips"][0]["to"]), (&json!("b"), &json!("up")));
    assert_eq!(flips(&server, &format!("?after={}&wait=1ms", heard["next_after"]))["flips"], json!([]));
    // What is asked for after a flip that is not there yet hears of the next one all the same.
    let ahead = flips(&server, "?after=1000000");
    assert_eq!((&ahead["flips"], &ahead["next_after"]), (&json!([]), &heard["next_after"]));
    for query in ["after=x", "wait=61s", "wait=x", "limit=0"] {
        assert_eq!(http::get(&server.url(&format!("/api/v1/flips?{query}"))).status, 400, "{query}");
    }
}

#[test]
fn who_waits_for_flips_keeps_no_server_from_stopping() {
    let mut server = Punctual::new("checks: [{name: a, every: 1h}]\n").argument("--log.level=debug");
    server.start_again();
    let url = server.url("/api/v1/flips?wait=60s");
    let waiting = std::thread::spawn(move || http::get(&url));
    wait_until("a request that waits", PATIENCE, || server.log().contains("/api/v1/flips"));
    let before = std::time::Instant::now();
    assert!(server.stop().success());
    assert!(before.elapsed() < Duration::from_secs(8), "{:?}", before.elapsed());
    assert_eq!(waiting.join().unwrap().status, 200);
}

#[test]
fn who_is_on_call_tries_a_receiver_and_has_a_name_forgotten_on_the_page() {
    let sink = WebhookSink::start();
    let receivers = format!(
        "receivers: [{{name: hook, webhook: {{url: '{}'}}}}, {{name: dead, webhook: {{url: 'http://127.0.0.1:9'}}}}]\nchecks: []\n",
        sink.url()
    );
    let server = Punctual::start(&format!("{TOKENS}{receivers}"));
    assert_eq!(server.get("/ping/ping-key-of-the-jobs/typo").status, 404);
    let viewer = Person::signed_in(&server, READ);
    let page = viewer.get("/config").text();
    assert!(page.contains("typo") && !page.contains("Send a sample") && !page.contains("Forget"), "{page}");
    let refused = viewer.post("/config", &[("form", &form_of(&page)), ("forget", "typo")]);
    assert_eq!(refused.status, 403, "{}", refused.text());
    let on_call = Person::signed_in(&server, OPERATE);
    let form = form_of(&on_call.get("/config").text());
    assert_eq!(on_call.post("/config", &[("form", "another"), ("forget", "typo")]).status, 403);
    let taken = on_call.post("/config", &[("form", &form), ("test", "hook")]);
    let said = taken.text();
    assert!(taken.status == 200 && said.contains("A sample to <bdi>hook</bdi> was taken."), "{said}");
    let dead = on_call.post("/config", &[("form", &form), ("test", "dead")]).text();
    assert!(dead.contains("<bdi>dead</bdi> was not taken.") && dead.contains("role=\"alert\""), "{dead}");
    let none = on_call.post("/config", &[("form", &form), ("test", "<b>")]);
    assert!(
        none.status == 404 && none.text().contains("there is no receiver `&lt;b&gt;`"),
        "{}",
        none.text()
    );
    let forgotten = on_call.post("/config", &[("form", &form), ("forget", "typo")]);
    assert_eq!((forgotten.status, forgotten.header("location")), (303, "./config"), "{}", forgotten.text());
    assert!(!on_call.get("/config").text().contains("typo"));
}

#[test]
fn receivers_are_listed_and_tried_from_a_shell() {
    let sink = WebhookSink::start();
    let server = Punctual::start(&config(&sink.url()));
    let receivers = |arguments: &[&str]| {
        let data = server.data().display().to_string();
        punctual(&[&["receivers"][..], arguments, &["--storage.path", &data]].concat())
    };
    let (is_good, said) = receivers(&["list"]);
    assert!(is_good && said.contains("hook") && said.contains("webhook"), "{said}");
    let (is_good, said) = receivers(&["test", "hook"]);
    assert!(is_good && said.starts_with("alert: hook took it"), "{said}");
    let (is_good, said) = receivers(&["test", "unused"]);
    assert!(!is_good && said.contains("alert: not taken"), "{said}");
    assert!(!receivers(&["test", "nobody"]).0);
}
