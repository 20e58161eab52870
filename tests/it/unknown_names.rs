//! Names that are pinged and that no check has: kept, shown, told, declared, forgotten.

use serde_json::{Value, json};

use crate::support::http::{self, Response};
use crate::support::punctual::{Punctual, punctual};

const TOKENS: &str = "auth: {anonymous: read, tokens: [{name: oncall, scope: operate, token: token-of-people-on-call}, {name: viewer, scope: read, token: token-of-a-mere-viewer}]}\n";

fn unknown(server: &Punctual) -> Value {
    let answer = server.get("/api/v1/unknown-names");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn names(server: &Punctual) -> Vec<String> {
    let listed = unknown(server)["unknown_names"].clone();
    listed.as_array().unwrap().iter().map(|known| known["name"].as_str().unwrap().to_owned()).collect()
}

fn ping(server: &Punctual, path: &str, status: u16) {
    let answer = http::post(&server.url(path), "");
    assert_eq!(answer.status, status, "{path}: {}", answer.text());
}

fn delete(server: &Punctual, path: &str, token: &str) -> Response {
    http::send(http::client().delete(server.url(&format!("/api/v1/unknown-names{path}"))).bearer_auth(token))
}

#[test]
fn unknown_names_are_kept_over_a_restart_and_go_once_they_are_declared() {
    let mut server = Punctual::start("checks: [{name: backup, every: 1h}]\n");
    assert_eq!(unknown(&server), json!({"unknown_names": [], "next_cursor": null, "yaml": null}));
    assert_eq!(server.value("punctual_unknown_names"), 0.0);
    for _ in 0..3 {
        ping(&server, "/ping/backpu/start", 404);
        ping(&server, "/ping/backpu", 404);
    }
    ping(&server, "/ping/Not%20a%20name", 404);
    let before = unknown(&server);
    let [bad, known] = before["unknown_names"].as_array().unwrap().as_slice() else { panic!("{before}") };
    assert_eq!(
        (&known["name"], &known["count"], &known["source"]),
        (&json!("backpu"), &json!(6), &json!("127.0.0.1"))
    );
    assert!(known["first_at"].as_str() <= known["last_at"].as_str(), "{known}");
    assert_eq!((&known["yaml"], &known["why_not"]), (&json!("- {name: backpu, every: 1m}"), &Value::Null));
    assert_eq!((&bad["name"], &bad["yaml"]), (&json!("Not a name"), &Value::Null));
    assert!(bad["why_not"].as_str().unwrap().contains("a name is made of"), "{bad}");
    server.restart();
    assert_eq!(unknown(&server), before);
    assert_eq!(server.value("punctual_unknown_names"), 2.0);
    let first = server.get("/").text();
    assert!(first.contains("Pings to names that no check has: "), "{first}");
    let page = server.get("/config").text();
    for part in ["id=\"unknown-names\"", "- {name: backpu, every: 1m}", "Not a name", "127.0.0.1"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // What is proposed is what declares it.
    let file = before["yaml"].as_str().unwrap();
    std::fs::write(server.folder().join("adopted.yaml"), file).unwrap();
    server.write_config("checks: [{name: backup, every: 1h}]\ncheck_files: [adopted.yaml]\n");
    assert_eq!(server.reload().status, 200);
    assert_eq!(names(&server), ["Not a name"]);
    ping(&server, "/ping/backpu", 200);
    server.restart();
    assert_eq!(names(&server), ["Not a name"]);
}

#[test]
fn where_keys_are_required_only_who_has_one_is_heard() {
    let config = "auth: {anonymous: read, ping_keys: [{name: jobs, key: a-key-of-all-the-jobs}, {name: web, key: a-key-of-web-jobs-alone, checks: ['group=web']}], tokens: [{name: ci, scope: ping, token: a-token-that-may-ping}]}\n\
        checks: [{name: backup, every: 1h}]\n";
    let server = Punctual::start(config);
    ping(&server, "/ping/without-a-key", 401);
    ping(&server, "/ping/a-wrong-key-of-somebody/wrong-key", 403);
    ping(&server, "/ping/a-key-of-web-jobs-alone/of-others", 403);
    ping(&server, "/ping/a-key-of-all-the-jobs", 401);
    assert_eq!(names(&server), Vec::<String>::new());
    ping(&server, "/ping/a-key-of-all-the-jobs/with-a-key", 404);
    let by_api = http::client()
        .post(server.url("/api/v1/checks/by-the-api/ping"))
        .bearer_auth("a-token-that-may-ping");
    assert_eq!(http::send(by_api).status, 404);
    assert_eq!(names(&server), ["by-the-api", "with-a-key"]);
    for path in ["/api/v1/unknown-names", "/config"] {
        let shown = server.get(path).text();
        assert!(!shown.contains("a-key-of") && !shown.contains("somebody"), "{path}: {shown}");
    }
}

#[test]
fn who_is_on_call_has_names_forgotten_and_it_is_kept_who_that_was() {
    let mut server = Punctual::start(&format!("{TOKENS}checks: []\n"));
    for name in ["one", "two", "three", "a%2Fb%3F%C3%BC"] {
        ping(&server, &format!("/ping/{name}"), 404);
    }
    assert_eq!(delete(&server, "/one", "token-of-a-mere-viewer").status, 403);
    assert_eq!(delete(&server, "/none", "token-of-people-on-call").status, 404);
    assert_eq!(delete(&server, "/one", "token-of-people-on-call").status, 204);
    assert_eq!(delete(&server, "/a%2Fb%3F%C3%BC?by=ann", "token-of-people-on-call").status, 204);
    assert_eq!(names(&server), ["three", "two"]);
    server.kill9();
    server.start_again();
    assert_eq!(names(&server), ["three", "two"], "it was stored when it was answered");
    assert_eq!(delete(&server, "", "token-of-people-on-call").status, 204);
    assert_eq!(names(&server), Vec::<String>::new());
    ping(&server, "/ping/one", 404);
    assert_eq!(names(&server), ["one"]);
    let done = server.get("/api/v1/audit?what=forget").json();
    let details: Vec<&str> =
        done["audit"].as_array().unwrap().iter().map(|done| done["details"].as_str().unwrap()).collect();
    assert_eq!(details.len(), 3, "{done}");
    assert!(details[0].contains("three") && details[2].ends_with(": one"), "{done}");
}

/// A stranger fills neither memory nor disk.
#[test]
fn names_without_end_are_bounded() {
    let mut server = Punctual::start("checks: []\n");
    let long = "%F0%9F%92%A3".repeat(200);
    for i in 0..600 {
        ping(&server, &format!("/ping/{i}-{long}"), 404);
    }
    let listed = unknown(&server)["unknown_names"].clone();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 500);
    assert!(listed.iter().all(|known| known["name"].as_str().unwrap().chars().count() <= 128));
    server.restart();
    assert_eq!(unknown(&server)["unknown_names"].as_array().unwrap().len(), 500);
}

#[test]
fn adopt_writes_what_declares_them_and_forgets_what_was_a_mistake() {
    let server = Punctual::start("checks: []\n");
    ["nightly", "weekly", "typo"].iter().for_each(|name| ping(&server, &format!("/ping/{name}"), 404));
    let adopt = |arguments: &[&str]| {
        let data = server.data().display().to_string();
        punctual(&[&["adopt", "--storage.path", &data][..], arguments].concat())
    };
    let (is_good, said) = adopt(&["--forget", "typo"]);
    assert!(is_good, "{said}");
    let (is_good, file) = adopt(&[]);
    assert!(is_good && file.starts_with("checks:\n  # 1 ping, "), "{file}");
    let file_of_one = adopt(&["nightly"]).1;
    assert!(
        file_of_one.contains("- {name: nightly, every: 1d}") && !file_of_one.contains("weekly"),
        "{file_of_one}"
    );
    let (is_good, said) = adopt(&["nobody"]);
    assert!(!is_good && said.contains("nobody"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checks.yaml");
    std::fs::write(&path, file).unwrap();
    let (is_good, said) = punctual(&["check-config", path.to_str().unwrap()]);
    assert!(is_good && said.contains("weekly") && !said.contains("typo"), "{said}");
}

const HELD: [&str; 9] = [
    "token-of-the-people",
    "key-of-the-jobs",
    "short",
    "auth-key-of-the-night",
    "password-of-the-mails",
    "part-of-the-chat-s-url",
    "credentials-of-the-hook",
    "password-of-the-proxy",
    "password-of-ann",
];

fn with_secrets(auth_key: &str) -> String {
    let [token, key, mine, _, mail, chat, hook, proxy, _] = HELD;
    format!(
        "auth: {{anonymous: read, ping_keys_required: false, ping_keys: [{{name: jobs, key: {key}}}], tokens: [{{name: ci, scope: read, token: {token}}}]}}\n\
         compat: {{coal_mine: {{enabled: true, auth_key: {mine}}}, nights_watch: {{enabled: true, auth_key: {auth_key}}}}}\n\
         smtp: {{host: 127.0.0.1, port: 9, tls: starttls, username: me, password: {mail}, from: a@example.org}}\n\
         receivers:\n\
         \x20 - {{name: chat, webhook: {{url: 'http://127.0.0.1:9/services/{chat}'}}}}\n\
         \x20 - {{name: hook, webhook: {{url: 'http://127.0.0.1:9', http_config: {{authorization: {{credentials: {hook}}}, proxy_url: 'http://me:{proxy}@127.0.0.1:9'}}}}}}\n\
         checks: [{{name: backup, every: 1h}}]\n"
    )
}

/// 23.12
#[test]
fn a_secret_in_the_place_of_a_name_is_neither_kept_nor_shown() {
    let hash = bcrypt::hash(HELD[8], 4).unwrap();
    let mut server = Punctual::new(&with_secrets("of-before-it-changed"))
        .web_config(&format!("basic_auth_users: {{ann: '{hash}'}}\n"));
    server.start_again();
    // What was kept as a name is none any more once it is a secret.
    ping(&server, &format!("/ping/{}", HELD[3]), 404);
    assert_eq!(names(&server), [HELD[3]]);
    server.restart();
    server.write_config(&with_secrets(HELD[3]));
    assert_eq!(server.reload().status, 200);
    assert_eq!(names(&server), Vec::<String>::new());
    let as_ann = http::client().get(server.url("/")).basic_auth("ann", Some(HELD[8]));
    assert_eq!(http::send(as_ann).status, 200);
    let create = format!("/coal-mine/v1/canary/create?name=Mine&periodicity=3600&auth_key={}", HELD[2]);
    let id = server.get(&create).json()["canary"]["id"].as_str().unwrap().to_owned();
    for secret in HELD.iter().chain([&id.as_str()]) {
        for path in [
            format!("/ping/{secret}"),
            format!("/ping/{secret}/start"),
            format!("/ping/{}/{secret}", HELD[1]),
        ] {
            ping(&server, &path, 404);
        }
    }
    ping(&server, "/ping/services", 404);
    assert_eq!(names(&server), ["services"]);
    let data = server.data().display().to_string();
    let adopted = punctual(&["adopt", "--storage.path", &data]).1;
    for shown in [adopted, server.get("/config").text(), server.get("/").text()] {
        assert!(!HELD.iter().any(|secret| *secret != "short" && shown.contains(secret)), "{shown}");
    }
    server.restart();
    assert_eq!(names(&server), ["services"]);
}
