//! Commands that the server runs: what they get and say (12.9), and that nothing of them is left (17.15).

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::support::commands::{is_gone, left, mark, script};
use crate::support::process::{PATIENCE, wait_for, wait_until};
use crate::support::punctual::{Punctual, punctual};

/// A server with a check, and a receiver that is this script of a shell. `more` goes into its `exec`.
fn telling(text: &str, more: &str) -> Punctual {
    let server = Punctual::new("checks: []\n").argument("--config.allow-exec");
    let file = script(&server, "tell", text);
    server.write_config(&format!(
        "receivers: [{{name: drain, group_wait: 0s, exec: {{command: ['{}', one, 'two words'], env: {{MARK: '{}'}}{more}}}}}]\n\
         responders: [{{actions: [{{notify: drain, with: {{queue: orders}}}}]}}]\n\
         checks: [{{name: a, every: 1h}}]\n",
        file.display(),
        mark(&server),
    ));
    let mut server = server;
    server.start_again();
    server
}

/// The message of the failure, once an attempt has ended.
fn message(server: &Punctual) -> Value {
    wait_for("an attempt's end", PATIENCE, || {
        let messages = server.get("/api/v1/messages").json();
        let message = messages["messages"].as_array()?.last()?.clone();
        (message["state"] != "sending").then_some(message)
    })
}

fn text(message: &Value, key: &str) -> String {
    message[key].as_str().unwrap_or_default().to_owned()
}

/// 12.9a
#[test]
fn a_command_gets_the_message_and_takes_it() {
    let server = telling(
        "env >env.new; cat >message; echo \"$*\" >arguments; pwd >folder; ulimit -n >files; ulimit -c >core\n\
         grep NoNewPrivs /proc/self/status >privileges; ps -o pid=,sid= -p $$ >session; ls -l /proc/self/fd >open\n\
         echo drained; echo also this >&2; mv env.new env",
        "",
    );
    server.ping("a/fail");
    let message = message(&server);
    assert_eq!(message["state"], "sent", "{message}");
    assert_eq!(text(&message, "answer"), "it exited with status 0: drained also this");
    let read = |name: &str| fs::read_to_string(server.folder().join(name)).unwrap();
    let told: Value = serde_json::from_str(&read("message")).unwrap();
    assert_eq!((&told["status"], &told["alerts"][0]["with"]["queue"]), (&"firing".into(), &"orders".into()));
    assert_eq!(told["alerts"][0]["labels"]["check"], "a");
    assert_eq!(read("arguments"), "one two words\n");
    let environment = read("env");
    let mut names: Vec<&str> = environment.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name));
    names.sort_unstable();
    assert_eq!(names, ["MARK", "PATH", "PUNCTUAL_MESSAGE_KEY", "PUNCTUAL_RECEIVER"], "{environment}");
    assert!(environment.contains("PUNCTUAL_RECEIVER=drain"), "{environment}");
    assert!(environment.contains(&format!("PUNCTUAL_MESSAGE_KEY={}", text(&message, "key"))));
    assert_eq!((read("files").trim(), read("core").trim()), ("256", "0"));
    assert!(read("privileges").contains('1'), "{}", read("privileges"));
    let session = read("session");
    let [process, session] = session.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{session}") };
    assert_eq!(process, session, "it leads a session of its own");
    assert!(!read("open").contains("/data/"), "it has the server's files open: {}", read("open"));
}

/// 12.9a
#[test]
fn how_a_command_ends_says_whether_it_is_tried_again() {
    let ends = |script: &str, state: &str, answer: &str| {
        let server = telling(script, ", timeout: 1s");
        server.ping("a/fail");
        let message = message(&server);
        let said = text(&message, "answer");
        assert!(message["state"] == state && said.contains(answer), "{script}: {message}");
        is_gone(&server, PATIENCE);
    };
    ends("echo not now; exit 75", "waiting", "status 75: not now");
    ends("echo never; exit 3", "parked", "status 3: never");
    ends("kill -9 $$", "waiting", "signal 9 ended it");
    ends("sleep 600", "waiting", "it took too long, and was killed");
    ends("echo \"$MARK\" is secret; exit 3", "parked", "… is secret");
    let server = telling("", "");
    fs::remove_file(server.folder().join("tell")).unwrap();
    server.ping("a/fail");
    let message = message(&server);
    assert!(message["state"] == "waiting", "{message}");
    assert!(text(&message, "answer").contains("cannot be started: No such file"), "{message}");
}

/// 17.15a: it hangs, forks and leaves its group, prints a gigabyte, and ignores SIGTERM.
#[test]
fn a_command_that_would_stay_is_gone_after_its_time() {
    let server = telling(
        "trap '' TERM HUP INT\n\
         sleep 600 &\n\
         setsid sh -c 'trap \"\" TERM HUP; sleep 600' &\n\
         (setsid sh -c '(setsid sleep 600 &) ; sleep 600' &)\n\
         head -c 1000000000 /dev/zero\n\
         echo done >done\n\
         while :; do sleep 600; done",
        ", timeout: 4s",
    );
    server.ping("a/fail");
    wait_until("all of it", PATIENCE, || left(&server).len() >= 5);
    let message = message(&server);
    assert!(text(&message, "answer").contains("took too long"), "{message}");
    is_gone(&server, Duration::from_secs(5));
    // Meanwhile nothing waited for it.
    server.ping("a");
}

/// 17.15a: what it leaves in the background is gone with it, and holds nobody up by what it has open.
#[test]
fn what_a_command_leaves_behind_is_gone_when_it_ends() {
    let server = telling("setsid sleep 600 & (setsid sleep 600 &); echo away; exit 0", "");
    server.ping("a/fail");
    let message = message(&server);
    assert_eq!(
        (text(&message, "state"), text(&message, "answer")),
        ("sent".to_owned(), "it exited with status 0: away".to_owned())
    );
    is_gone(&server, Duration::from_secs(5));
}

/// 17.15a
#[test]
fn a_command_with_too_many_processes_is_stopped() {
    let many = "sleep 600 & ".repeat(30);
    let server = telling(&format!("{many} sleep 600"), ", limits: {processes: 20}, timeout: 30s");
    server.ping("a/fail");
    let message = message(&server);
    assert!(text(&message, "answer").contains("too many processes"), "{message}");
    is_gone(&server, Duration::from_secs(5));
}

/// 17.15a: also where the server cannot say anything any more.
#[test]
fn nothing_of_a_command_is_left_when_its_server_is_killed() {
    let mut server = telling(
        "trap '' TERM HUP INT\n(setsid sh -c 'trap \"\" HUP TERM; sleep 600; sleep 600' &)\nsleep 600; sleep 600",
        "",
    );
    server.ping("a/fail");
    wait_until("the command", PATIENCE, || left(&server).len() >= 3);
    server.kill9();
    is_gone(&server, Duration::from_secs(2));
    server.start_again();
    wait_until("it is told again", PATIENCE, || !left(&server).is_empty());
    // A stop waits for nobody who does not end.
    assert!(server.stop().success());
    is_gone(&server, Duration::from_secs(2));
}

/// 12.9b
#[test]
fn no_command_is_run_that_nobody_has_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("punctual.yaml");
    fs::write(&file, "receivers: [{name: drain, exec: {command: [/bin/true]}}]\nchecks: []\n").unwrap();
    let (is_good, said) = punctual(&["check-config", file.to_str().unwrap()]);
    assert!(
        !is_good && said.contains("punctual.yaml:1:27") && said.contains("--config.allow-exec"),
        "{said}"
    );
    let (is_good, said) = punctual(&["check-config", "--config.allow-exec", file.to_str().unwrap()]);
    assert!(is_good, "{said}");
}
