//! Methods, headers, paths, parameters, and how the JSON is written.

use std::time::Duration;

use serde_json::Value;

use super::{COAL_MINE, Mine, text};
use crate::support::http;
use crate::support::punctual::Punctual;

#[test]
fn every_method_carries_out_a_command_and_what_a_body_says_is_ignored() {
    let mine = Mine::coal();
    for method in ["GET", "HEAD", "POST", "PUT"] {
        let url = mine.server.url(&format!("{COAL_MINE}create?name={method}&periodicity=60"));
        let request = http::client().request(method.parse().unwrap(), url).body("name=other&froodle=1");
        let answer = http::send(request);
        assert_eq!(answer.status, 200, "{method}");
        assert_eq!(answer.header("content-type"), "text/json; charset=utf-8");
        assert_eq!(answer.text().is_empty(), method == "HEAD");
    }
    assert_eq!(mine.names(""), ["GET", "HEAD", "POST", "PUT"]);
    let answer = http::send(http::client().delete(mine.server.url(&format!("{COAL_MINE}list"))));
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD, POST, PUT"));
}

#[test]
fn what_is_made_changed_paused_and_deleted_is_in_the_log() {
    let mine = Mine::coal();
    let id = text(&mine.canary("create?name=%C3%A9&periodicity=60")["id"]);
    mine.ok(&format!("update?id={id}&periodicity=61"));
    mine.ok(&format!("pause?id={id}&comment=a%0Ab"));
    mine.ok(&format!("unpause?id={id}"));
    mine.ok(&format!("get?id={id}"));
    mine.ok(&format!("delete?id={id}"));
    let log = mine.server.log();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let done: Vec<Value> =
        lines.filter(|line| text(&line["msg"]).starts_with("by another system's")).collect();
    let expected = ["made", "changed", "paused", "unpaused", "deleted"];
    assert_eq!(done.len(), expected.len(), "{log}");
    for (line, done) in done.iter().zip(expected) {
        assert_eq!(line["msg"], format!("by another system's interface: {done}"));
        let who = ["check", "id", "interface", "source"].map(|field| line[field].as_str().unwrap());
        assert_eq!(who, [&id, &id, "coal_mine", "127.0.0.1"]);
    }
}

#[test]
fn json_is_indented_and_escaped_as_scripts_grep_for_it() {
    let mine = Mine::coal();
    let created =
        mine.ask("create?name=H%C3%A9llo_W%C3%B6rld+/+2+%F0%9F%98%80&periodicity=3600&email=a%40example.org");
    let id = text(&created.json()["canary"]["id"]);
    let history = created.json()["canary"]["history"][0][0].clone();
    let deadline = created.json()["canary"]["deadline"].clone();
    let expected = format!(
        r#"{{
    "status": "ok",
    "canary": {{
        "id": "{id}",
        "name": "H\u00e9llo_W\u00f6rld / 2 \ud83d\ude00",
        "slug": "h\u00e9llo-w\u00f6rld--2-",
        "periodicity": 3600.0,
        "description": "",
        "emails": [
            "a@example.org"
        ],
        "paused": false,
        "history": [
            [
                {history},
                "Canary created"
            ]
        ],
        "late": false,
        "deadline": {deadline}
    }}
}}
"#
    );
    assert_eq!(created.text(), expected);
    assert_eq!(mine.ask(&format!("get?id={id}")).text(), expected);
    let list = "{\n    \"status\": \"ok\",\n    \"canaries\": []\n}\n";
    assert_eq!(mine.ask("list?paused=yes").text(), list);
    let triggered = "{\n    \"status\": \"ok\",\n    \"recovered\": false,\n    \"unpaused\": false\n}\n";
    assert_eq!(mine.ask(&format!("trigger?id={id}")).text(), triggered);
    assert_eq!(mine.ask(&format!("delete?id={id}")).text(), "{\n    \"status\": \"ok\"\n}\n");
    let error = "{\n    \"status\": \"error\",\n    \"error\": \"Canary Not Found\"\n}\n";
    assert_eq!(mine.ask(&format!("get?id={id}")).text(), error);
}

/// Whoever guards a path before us should not have to think of its other spellings.
#[test]
fn a_path_is_answered_as_it_is_written_and_in_no_other_spelling() {
    let mine = Mine::coal();
    let id = text(&mine.canary("create?name=a&periodicity=60")["id"]);
    let ask = |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = http::raw(mine.server.port(), request.as_bytes(), Duration::from_secs(20));
        String::from_utf8(answer).unwrap()
    };
    for path in [&format!("{COAL_MINE}get?name=a"), &format!("/{id}")] {
        assert!(ask(path).starts_with("HTTP/1.1 200 "), "{path}");
    }
    for path in [
        &format!("/{COAL_MINE}get?name=a"),
        &format!("{COAL_MINE}%67et?name=a"),
        "/coal-mine/v1%2Fcanary/get?name=a",
        "/coal-mine//v1/canary/get?name=a",
        "/coal%2Dmine/v1/canary/get?name=a",
        &format!("//{id}"),
        &format!("///{id}?comment=x"),
        &format!("/%{:x}{}", id.as_bytes()[0], &id[1..]),
    ] {
        assert!(ask(path).starts_with("HTTP/1.1 404 "), "{path}");
    }
}

#[test]
fn blank_values_count_for_nothing_and_the_last_value_wins() {
    let mine = Mine::coal();
    let canary = mine
        .canary("create?name=x&name=a&periodicity=1&periodicity=60&description=&paused=true&paused=&slug=");
    assert_eq!((text(&canary["name"]), canary["periodicity"].as_f64()), ("a".to_owned(), Some(60.0)));
    assert_eq!((text(&canary["description"]), canary["paused"].as_bool()), (String::new(), Some(true)));
    let emails = "email=a%40example.org&email=&email=b%40example.org&email=a%40example.org";
    let canary = mine.canary(&format!("update?slug=a&{emails}"));
    assert_eq!(canary["emails"], serde_json::json!(["a@example.org", "b@example.org", "a@example.org"]));
    assert_eq!(mine.names("late=&paused="), ["a"]);
    mine.refused("create?name=&periodicity=60", 400, r#"Exception('Missing argument "name"')"#);
}

#[test]
fn the_short_address_triggers_without_a_key() {
    let mine = Mine::of(
        Punctual::start("compat: {coal_mine: {enabled: true, auth_key: a-key-that-is-long}}\n"),
        COAL_MINE,
    );
    let created = mine.canary("create?name=a&periodicity=60&paused=1&auth_key=a-key-that-is-long");
    let short = format!("/{}", text(&created["id"]));
    let answer = mine.server.get(&format!("{short}?m=by+alias"));
    assert_eq!((answer.status, answer.json()["unpaused"].as_bool()), (200, Some(true)), "{}", answer.text());
    let answer = http::post(&mine.server.url(&format!("{short}?auth_key=whatever&comment=c&m=d")), "body");
    assert_eq!((answer.status, answer.json()["unpaused"].as_bool()), (200, Some(false)), "{}", answer.text());
    let canary = mine.canary("get?name=a&auth_key=a-key-that-is-long");
    let comments: Vec<String> =
        canary["history"].as_array().unwrap().iter().map(|entry| text(&entry[1])).collect();
    assert_eq!(comments, ["Triggered (c)", "Triggered (by alias)", "Canary created"]);
    let answer = mine.server.get("/aaaaaaaa");
    assert_eq!((answer.status, text(&answer.json()["error"])), (404, "Canary Not Found".to_owned()));
    assert_eq!(mine.server.get("/aaaaaaa").status, 404);
}

#[test]
fn what_is_not_switched_on_is_not_there() {
    let server = Punctual::start("compat: {coal_mine: {enabled: false}}\n");
    for path in ["/coal-mine/v1/canary/list", "/nights-watch/v1/watcher/list", "/abcdefgh"] {
        let answer = server.get(path);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (404, "text/plain; charset=utf-8"),
            "{path}"
        );
        assert!(answer.text().starts_with("not found"), "{path}: {}", answer.text());
    }
}
