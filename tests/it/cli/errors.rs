//! What goes wrong says what to do, and ends with an exit status that has a meaning.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

#[test]
fn a_refusal_says_what_would_be_right_and_ends_with_1() {
    let server = start();
    let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN);
    user.done(&["checks", "create", "worker", "--every", "5m"]);
    let refused = |arguments: &[&str], expected: &str| {
        let arguments = [&["checks"], arguments].concat();
        assert_eq!(timeless(&user.fails(&arguments, 1, "punctual: ")), expected);
    };
    refused(&["show", "wroker"], "punctual: there is no check `wroker`: did you mean `worker`? (404)\n");
    refused(&["pause", "wroker"], "punctual: there is no check `wroker`: did you mean `worker`? (404)\n");
    refused(
        &["update", "declared", "--every", "2h"],
        "punctual: this check is declared in punctual.yaml:3: change it there and reload; only pausing and unpausing work from here (409)\n",
    );
    refused(
        &["create", "worker", "--every", "2h"],
        "punctual: worker: there is a check of the name `worker` already: choose another `name`, or change that one at /api/v1/checks/worker (409)\n",
    );
    refused(
        &["create", "x", "--every", "0s", "--set", "tiemzone=UTC"],
        "punctual: x: `every` is at least 1s, not 0s\n\
         punctual: a check has no key `tiemzone`; did you mean `timezone`? (422)\n",
    );
    // Those before it are made, which is said.
    let ran =
        user.run_with(&["checks", "create", "-f", "-"], "[{name: y, every: 1h}, {name: z, every: soon}]");
    assert_eq!(
        (ran.status, timeless(&ran.out)),
        (1, "y is made; its job pings http://SERVER/ping/y\n".to_owned())
    );
    assert!(ran.error.starts_with("punctual: z: `every` is `soon`"), "{}", ran.error);
}

#[test]
fn without_a_token_on_the_server_everybody_reads_and_nobody_writes() {
    let server = Punctual::start("checks: [{name: job, every: 1h}]");
    let user = User::of(&server);
    assert_eq!(user.done(&["checks", "list"]).lines().count(), 2);
    assert_eq!(user.done(&["checks", "ping", "job"]), "OK\n");
    assert!(user.done(&["checks", "show", "job"]).starts_with("name           job\n"));
    for arguments in [
        &["pause", "job"][..],
        &["create", "x", "--every", "1h"],
        &["update", "job", "--grace", "1m"],
        &["delete", "job"],
    ] {
        user.fails(&[&["checks"], arguments].concat(), 1, "add one under `auth.tokens` of the configuration");
    }
    assert_eq!(user.done(&["export"]), "checks: []\n");
}

#[test]
fn what_was_never_asked_ends_with_2() {
    let mut server = start();
    let url = server.url("");
    server.stop();
    let user = User { home: server.folder(), environment: Vec::new() };
    let list =
        |server: &str, expected: &str| user.fails(&["checks", "list", "--server", server], 2, expected);
    let said = list(&url, "is a server running there? --server or PUNCTUAL_URL names another");
    assert!(said.contains("onnection refused"), "{said}");
    list("127.0.0.1:1", "no answer from http://127.0.0.1:1/");
    list("10.0.0.1:1", "write it as http://HOST:PORT or https://HOST");
    list("", "write it as http://HOST:PORT");
    list("http://me:s3cret@127.0.0.1", "leave the name and the password out");
    for (arguments, expected) in [
        (&["show"][..], "<NAME>"),
        (&["show", "../etc"], "a name is made of a-z, 0-9, _ and -"),
        (&["create"], "--title <TITLE>"),
        (&["create", "-f", "-", "--every", "1h"], "cannot be used with"),
        (&["create", "x", "--label", "team"], "a name and a value, with = between them"),
        (&["create", "-f", "missing.yaml"], "missing.yaml: No such file"),
        (&["update", "x"], "say what changes"),
        (&["list", "--token=s3cret"], "unexpected argument '--token'"),
    ] {
        user.fails(&[&["checks"], arguments].concat(), 2, expected);
    }
    let ran = user.run_with(&["checks", "create", "-f", "-"], "- {name: x\n");
    assert!(ran.status == 2 && ran.error.starts_with("punctual: -:"), "{}", ran.error);
    let ran = user.run_with(&["checks", "update", "x", "-f", "-"], "[{grace: 1m}, {grace: 2m}]");
    assert!(ran.status == 2 && ran.error.contains("one check is changed at a time, not 2"), "{}", ran.error);
}

/// It may be anything that listens there.
#[test]
fn what_is_not_punctual_is_not_taken_for_it() {
    let sink = WebhookSink::start();
    let folder = tempfile::tempdir().unwrap();
    let user = User { home: folder.path(), environment: Vec::new() }.with("PUNCTUAL_TOKEN", TOKEN);
    let list = ["checks", "list", "--server", &sink.url()];
    for status in [200, 404, 500] {
        sink.answer_with(Answer::Status(status));
        user.fails(&list, 2, &format!("is not punctual's API ({status}): is the URL right?"));
    }
    sink.answer_with(Answer::Redirect("http://127.0.0.1:9/elsewhere".to_owned()));
    let said = user.fails(&list, 2, "leads to http://127.0.0.1:9/elsewhere");
    assert!(said.contains("name that server"), "{said}");
}

/// A server that answers every request with this, whatever it is.
fn answering(kind: &'static str, status: u16, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 65_536];
            let _ = stream.read(&mut request);
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat());
        }
    });
    url
}

#[test]
fn a_hostile_server_commands_no_terminal_and_is_not_asked_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let user = User { home: folder.path(), environment: Vec::new() };
    let run = |kind, status, body: String, command: &[&str]| {
        let url = answering(kind, status, body);
        let ran = user.run(&[&["checks"], command, &["--server", &url]].concat());
        let said = format!("{}{}", ran.out, ran.error);
        assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
        (ran.status, said)
    };
    let problem = || {
        json!({"status": 409, "detail": "no\u{1b}[2J\u{9b}1m", "errors": [{"detail": "a\u{7}"}]}).to_string()
    };
    for command in [&["list"][..], &["show", "a"], &["pause", "a"], &["update", "a", "--grace", "1m"]] {
        let (status, said) = run("application/problem+json", 409, problem(), command);
        assert_eq!((status, said.contains("no\u{fffd}[2J\u{fffd}1m (409)")), (1, true), "{said}");
    }
    let check = json!({"name": "\u{1b}[31mx", "status": "\u{7}", "causes": [{"kind": "\r"}], "pings": 7, "definition": 3});
    // Its page leads back to itself.
    let page = || json!({"checks": [check], "next_cursor": ""}).to_string();
    let (status, said) = run("application/json", 200, page(), &["list"]);
    assert_eq!((status, said.lines().count()), (0, 2), "{said}");
    assert_eq!(run("application/json", 200, page(), &["list", "-o", "json"]).0, 0);
    assert_eq!(run("application/json", 200, check.to_string(), &["show", "a"]).0, 0);
    assert_eq!(run("application/json", 200, "[[[".to_owned(), &["list"]).0, 2);
    assert_eq!(run("application/json", 200, "[]".to_owned(), &["list"]).0, 2);
    assert_eq!(run("application/json", 200, "[]".to_owned(), &["show", "a"]).0, 2);
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(run("application/json", 200, deep, &["list"]).0, 2);
    let (status, said) = run("text/plain", 200, "OK\u{1b}[2J".to_owned(), &["ping", "a"]);
    assert_eq!((status, said.as_str()), (0, "OK\u{fffd}[2J\n"));
    assert_eq!(run("text/html", 502, "<html>".to_owned(), &["ping", "a"]).0, 2);
}

/// A server that runs on while its commands are of a newer version.
#[test]
fn a_server_of_another_version_is_said_to_be_one() {
    let home = tempfile::tempdir().unwrap();
    let user = User { home: home.path(), environment: Vec::new() };
    let path = home.path().join("control.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let old = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"{\"error\": \"expected value at line 1 column 1\"}\n").unwrap();
    });
    user.fails(&["status", "--storage.path", "."], 2, "of another version than this command: restart it");
    old.join().unwrap();
    let answers: [(&str, &str); 3] = [
        ("404 Not Found", "not found: jobs ping /ping/NAME, people read /"),
        ("405 Method Not Allowed", "this path does not take this method"),
        ("400 Bad Request", "the body is empty, or an object like {}: unknown field `by`"),
    ];
    for (status, detail) in answers {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let body = json!({"detail": detail}).to_string();
        let old = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let head = format!("Content-Type: application/problem+json\r\nContent-Length: {}", body.len());
            let answer = format!("HTTP/1.1 {status}\r\n{head}\r\nConnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).unwrap();
        });
        user.fails(&["pause", "a", "--server", &url], 1, "of another version than this command");
        old.join().unwrap();
    }
}

/// A name is a part of an address, and none is another path.
#[test]
fn what_is_no_name_of_a_check_is_bad_usage_of_every_command_that_takes_one() {
    let home = tempfile::tempdir().unwrap();
    let user = User { home: home.path(), environment: Vec::new() };
    for name in ["..", ".", "a/b", ""] {
        for command in [&["pause"][..], &["unpause"], &["checks", "pause"], &["checks", "show"], &["uptime"]]
        {
            user.fails(&[command, &[name]].concat(), 2, "invalid value");
        }
    }
}
