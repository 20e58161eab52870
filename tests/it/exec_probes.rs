//! Looks by commands (17.15): what their ends mean, what they get and say, and that nothing of them is left.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::commands::{is_gone, left, script};
use crate::support::process::{PATIENCE, tool, wait_for, wait_until};
use crate::support::punctual::{Punctual, punctual};

/// A check of this name, whose command is this text of a shell. `more` goes into its `exec`.
fn by_shell(name: &str, text: &str, more: &str) -> String {
    check(name, &["/bin/sh", "-c", text], more)
}

fn check(name: &str, command: &[&str], more: &str) -> String {
    let command = serde_json::to_string(command).unwrap();
    format!(
        "  - {{name: {name}, every: 20s, unknowns_before_alert: 1, assert: {{exec: {{command: {command}{more}}}}}}}\n"
    )
}

/// A server with these checks, which may run commands.
fn running(checks: &str) -> Punctual {
    let mut server = Punctual::new(&format!("checks:\n{checks}")).argument("--config.allow-exec");
    server.start_again();
    server
}

/// A server with a check `look`, whose command is this script.
fn looking(text: &str, more: &str) -> Punctual {
    let mut server = Punctual::new("checks: []\n").argument("--config.allow-exec");
    let file = script(&server, "look", text);
    server.write_config(&format!("checks:\n{}", check("look", &[file.to_str().unwrap()], more)));
    server.start_again();
    server
}

/// The newest result of a check, once there is one.
fn result(server: &Punctual, name: &str) -> Value {
    wait_for(&format!("a result of {name}"), PATIENCE, || {
        let pings = server.get(&format!("/api/v1/checks/{name}/pings?limit=1")).json();
        pings["pings"].as_array()?.first().cloned()
    })
}

/// What a command wrote, as it is kept with the first result that said it.
fn text(server: &Punctual, name: &str) -> String {
    let pings = server.get(&format!("/api/v1/checks/{name}/pings")).json();
    let pings = pings["pings"].as_array().unwrap();
    let with_text = pings.iter().find(|ping| ping["has_body"] == true).expect("one has a text");
    server.get(&format!("/api/v1/checks/{name}/pings/{}/body", with_text["id"])).text()
}

/// 17.15b
#[test]
fn how_a_command_ends_says_whether_it_holds() {
    let ends = [
        ("zero", "echo all is well", "holds", ""),
        ("one", "echo 'WARNING - nearly full | /=90%'; exit 1", "violated", "WARNING - nearly full"),
        ("two", "exit 2", "violated", "it exited with status 2"),
        ("three", "echo no such host >&2; exit 3", "unknown", "it exited with status 3: no such host"),
        ("not-run", "exit 126", "unknown", "it exited with status 126"),
        ("not-found", "exit 127", "unknown", "it exited with status 127"),
        ("signal", "kill -9 $$", "unknown", "signal 9 ended it"),
        ("hangs", "echo OK; sleep 600", "unknown", "it took too long, and was killed: OK"),
    ];
    let mut checks: String =
        ends.iter().map(|(name, text, ..)| by_shell(name, text, ", timeout: 3s")).collect();
    checks += &check("not-there", &["/nowhere/look"], "");
    checks += &check("no-program", &["/etc"], "");
    let server = running(&checks);
    let not_there =
        ("not-there", "", "unknown", "it cannot be started: No such file or directory (os error 2)");
    let no_program = ("no-program", "", "unknown", "it cannot be started: Permission denied (os error 13)");
    for (name, _, outcome, why) in ends.into_iter().chain([not_there, no_program]) {
        let found = result(&server, name);
        assert_eq!(
            (&found["result"], found["comment"].as_str().unwrap_or_default(), &found["source"]),
            (&outcome.into(), why, &"probe".into()),
            "{name}: {found}"
        );
        let status = server.get(&format!("/api/v1/checks/{name}")).json()["status"].take();
        let expected = match outcome {
            "holds" => "up",
            "violated" => "failing",
            _ => "unknown",
        };
        assert_eq!(status, expected, "{name}");
    }
    assert_eq!(text(&server, "zero"), "all is well");
    assert!(server.sum("punctual_probes_total", "exec") >= 10);
    assert!(server.sum("punctual_probes_unknown_total", "exec") >= 7);
    let page = server.get("/checks/one").text();
    assert!(page.contains("By a command of the server's machine") && page.contains("/bin/sh -c"), "{page}");
}

/// 17.15a, 17.15b: nothing of the server's is in it.
#[test]
fn a_command_gets_nothing_on_its_input_and_a_path_in_its_environment() {
    let (env, input) =
        (check("env", &["/usr/bin/env"], ""), by_shell("input", "cat; pwd; ls -l /proc/self/fd", ""));
    let mut server = Punctual::new(&format!("checks:\n{env}{input}"))
        .argument("--config.allow-exec")
        .environment("DATABASE_PASSWORD", "hunter2");
    server.start_again();
    assert_eq!(result(&server, "env")["result"], "holds");
    assert_eq!(text(&server, "env"), "PATH=/usr/local/bin:/usr/bin:/bin");
    let seen = text(&server, "input");
    assert!(seen.starts_with("/\n") && !seen.contains("/data/"), "{seen}");
}

/// 17.2b, 17.15a: both ends of what it wrote, as far as it is read; pages show it, and do not obey it.
#[test]
fn what_a_command_writes_is_bounded_and_harmless() {
    let server = running(&by_shell(
        "wordy",
        "printf '<script>alert(1)</script>\\033[31m\\n'; head -c 40000 /dev/zero | tr '\\0' x; echo; echo the end; \
         head -c 1000000 /dev/zero | tr '\\0' y; exit 2",
        "",
    ));
    let found = result(&server, "wordy");
    assert_eq!(found["comment"], "<script>alert(1)</script> [31m");
    let kept = text(&server, "wordy");
    assert!(kept.starts_with("<script>") && kept.len() < 11_000, "{}", kept.len());
    assert!(kept.ends_with("yyy"), "{kept}");
    let left_out = 64 * 1024 - 10_000;
    assert!(kept.contains(&format!("{left_out}")), "{kept}");
    let page = server.get("/checks/wordy").text();
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert(1)"), "{page}");
}

/// 17.15a: it hangs, forks and leaves its group, prints a gigabyte, and ignores SIGTERM.
#[test]
fn a_look_that_would_stay_is_gone_after_its_time() {
    let server = looking(
        "trap '' TERM HUP INT\n\
         sleep 600 &\n\
         setsid sh -c 'trap \"\" TERM HUP; sleep 600' &\n\
         (setsid sh -c '(setsid sleep 600 &) ; sleep 600' &)\n\
         head -c 1000000000 /dev/zero\n\
         while :; do sleep 600; done",
        ", timeout: 4s",
    );
    wait_until("all of it", PATIENCE, || left(&server).len() >= 5);
    let found = result(&server, "look");
    assert_eq!(found["result"], "unknown", "{found}");
    assert!(found["comment"].to_string().contains("it took too long, and was killed"), "{found}");
    is_gone(&server, Duration::from_secs(5));
}

/// 17.15a, 17.5b: also where the server cannot say anything any more; what nobody knows then is looked at at once.
#[test]
fn nothing_of_a_look_is_left_when_its_server_is_killed_and_it_is_made_again() {
    let mut server = looking(
        "trap '' TERM HUP INT\n(setsid sh -c 'trap \"\" HUP TERM; sleep 600; sleep 600' &)\n\
         head -c 1000000000 /dev/zero\nsleep 600; sleep 600",
        "",
    );
    wait_until("the look", PATIENCE, || left(&server).len() >= 4);
    server.kill9();
    is_gone(&server, Duration::from_secs(2));
    server.start_again();
    wait_until("it is looked at again", Duration::from_secs(10), || !left(&server).is_empty());
    // A stop waits for nobody who does not end.
    assert!(server.stop().success());
    is_gone(&server, Duration::from_secs(2));
}

/// 17.11, 10.4c: a command that the database still has.
#[test]
fn a_server_that_may_run_no_commands_runs_none_that_it_has_kept() {
    let mut allowed = Punctual::new("checks: []\n").argument("--config.allow-exec");
    let file = script(&allowed, "look", "echo ran >>ran");
    let checks: String =
        (0..12).map(|number| check(&format!("kept-{number}"), &[file.to_str().unwrap()], "")).collect();
    allowed.write_config(&format!("checks:\n{checks}"));
    allowed.start_again();
    for number in 0..12 {
        assert_eq!(result(&allowed, &format!("kept-{number}"))["result"], "holds");
    }
    allowed.kill9();
    let ran = || fs::read_to_string(allowed.folder().join("ran")).unwrap();
    let before = ran();
    let mut other = Punctual::new("checks: [{name: job, every: 1h}]\n");
    fs::rename(allowed.data(), other.data()).unwrap();
    other.start_again();
    let found = wait_for("a look", PATIENCE, || {
        Some(result(&other, "kept-7")).filter(|newest| newest["result"] == "unknown")
    });
    assert!(found["comment"].to_string().contains("--config.allow-exec"), "{found}");
    assert_eq!(ran(), before);
}

/// `punctual probe`
#[test]
fn a_command_is_looked_at_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("punctual.yaml");
    let checks = [
        by_shell("well", "echo fine", ""),
        by_shell("ill", "printf 'CRITICAL: \\033[2Jgone|a=1\\nmore\\033[2J\\n'; exit 2", ""),
    ];
    fs::write(&file, format!("checks:\n{}", checks.concat())).unwrap();
    let probe = |name: &str| {
        let file: &Path = &file;
        punctual(&["probe", name, "--config.file", file.to_str().unwrap()])
    };
    let (is_good, said) = probe("well");
    assert!(is_good && said.starts_with("well holds (took ") && said.ends_with("\nfine\n"), "{said}");
    let (is_good, said) = probe("ill");
    assert!(!is_good && said.contains("ill violated: CRITICAL:  [2Jgone (took "), "{said}");
    assert!(said.contains("\nmore\u{fffd}[2J\n") && !said.contains('\u{1b}'), "{said:?}");
}

/// 17.15b: as they come with Debian.
#[test]
fn plug_ins_for_nagios_are_understood() {
    let plug_in = |name: &str| tool(name).get_program().to_str().unwrap().to_owned();
    let (dummy, http, load) = (plug_in("check_dummy"), plug_in("check_http"), plug_in("check_load"));
    let target = Punctual::start("checks: []\n");
    let port = target.port().to_string();
    let asked = |path| [http.as_str(), "-I", "127.0.0.1", "-p", &port, "-u", path].map(str::to_owned);
    let of = |name: &str, command: &[String]| {
        check(name, &command.iter().map(String::as_str).collect::<Vec<_>>(), "")
    };
    let server = running(
        &[
            check("ok", &[&dummy, "0", "fine"], ""),
            check("warning", &[&dummy, "1", "nearly"], ""),
            check("critical", &[&dummy, "2", "gone"], ""),
            check("cannot-tell", &[&dummy, "3"], ""),
            check("load", &[&load, "-w", "9000", "-c", "10000"], ""),
            of("answers", &asked("/-/healthy")),
            of("refused", &asked("/nothing-here")),
            check("usage", &[&http], ""),
        ]
        .concat(),
    );
    for (name, outcome, why) in [
        ("ok", "holds", ""),
        ("warning", "violated", "WARNING: nearly"),
        ("critical", "violated", "CRITICAL: gone"),
        ("cannot-tell", "unknown", "it exited with status 3: UNKNOWN"),
        ("load", "holds", ""),
        ("answers", "holds", ""),
        ("refused", "violated", "HTTP WARNING: HTTP/1.0 404 Not Found"),
        ("usage", "unknown", "it exited with status 3: "),
    ] {
        let found = result(&server, name);
        let comment = found["comment"].as_str().unwrap_or_default();
        assert!(
            found["result"] == outcome && comment.starts_with(why) && !comment.contains('|'),
            "{name}: {found}"
        );
    }
    assert!(text(&server, "load").starts_with("LOAD OK"), "{}", text(&server, "load"));
}

/// 17.15c, 18.3b: what it names begins and ends by itself, and a line that is none ends nothing.
#[test]
fn each_line_of_a_command_is_a_record() {
    let mut server = Punctual::new("checks: []\n").argument("--config.allow-exec");
    let file = script(&server, "look", "said=$(cat found); echo \"${said%exit*}\"; exit ${said##*exit }");
    let says = |server: &Punctual, status: u8, found: &str| {
        let file = |name| server.folder().join(name);
        fs::write(file("found.new"), format!("{found}exit {status}\n")).unwrap();
        fs::rename(file("found.new"), file("found")).unwrap();
    };
    says(
        &server,
        0,
        "{\"key\": \"7\", \"title\": \"ada\", \"labels\": {\"region\": \"EU\"}}\n{\"key\": \"8\"}\n",
    );
    let command = file.display();
    server.write_config(&format!(
        "checks: [{{name: look, every: 4s, unknowns_before_alert: 1, assert: {{exec: {{command: '{command}', records: jsonl}}}}}}]\n"
    ));
    server.start_again();
    let is = |server: &Punctual, status: &str, records: u64| {
        let shown = server.get("/api/v1/checks/look").json();
        shown["status"] == status && shown["records"] == records
    };
    wait_until("two records", PATIENCE, || is(&server, "failing", 2));
    let records = server.get("/api/v1/checks/look/records").json();
    assert_eq!(
        (&records["records"][0]["title"], &records["records"][0]["labels"]["region"]),
        (&"ada".into(), &"EU".into())
    );
    says(&server, 1, "{\"key\": \"8\"}\n");
    wait_until("one is over", PATIENCE, || is(&server, "failing", 1));
    says(&server, 1, "{\"key\": \"8\"}\nSegmentation fault\n");
    wait_until("it cannot tell", PATIENCE, || {
        result(&server, "look")["comment"].to_string().contains("line 2 is no record")
    });
    assert!(
        is(&server, "failing", 1) || is(&server, "unknown", 1),
        "{}",
        server.get("/api/v1/checks/look").text()
    );
    says(&server, 0, "");
    wait_until("all is well", PATIENCE, || is(&server, "up", 0));
    says(&server, 2, "");
    wait_until("the whole is violated", PATIENCE, || is(&server, "failing", 0));
}
