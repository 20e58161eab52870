//! The server as a process: what it says when it starts, takes from operators while it runs, and leaves when it stops.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use punctual::clock::Clock;
use punctual::core::time::Span;
use rustix::process::{Resource, Rlimit, Signal, prlimit};
use serde_json::{Value, json};

use crate::support::http;
use crate::support::process::{PATIENCE, Process, tool, wait_until};
use crate::support::punctual::{Punctual, as_user_0, punctual};

const CONFIG: &str = "checks:\n\
    - {name: job, title: A job, every: 1h}\n\
    - {name: by-file, every: 1h, paused: true}\n";

/// A command for the server: whether it succeeded, and what it said.
fn command(server: &Punctual, arguments: &[&str]) -> (bool, String) {
    let data = server.folder().join("data");
    punctual(&[arguments, &["--storage.path", data.to_str().unwrap()]].concat())
}

fn done(server: &Punctual, arguments: &[&str]) -> String {
    let (is_done, said) = command(server, arguments);
    assert!(is_done, "{arguments:?}: {said}");
    as_user_0(&said)
}

fn failed(server: &Punctual, arguments: &[&str]) -> String {
    let (is_done, said) = command(server, arguments);
    assert!(!is_done, "{arguments:?}: {said}");
    said
}

fn status_of(server: &Punctual, name: &str) -> String {
    let list: Value = serde_json::from_str(&done(server, &["checks", "list", "--output", "json"])).unwrap();
    let check = list["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap();
    check["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_start_says_where_each_check_is_pinged_and_that_the_database_is_new() {
    let server = Punctual::start(CONFIG);
    let log = server.log();
    assert!(log.contains(&server.url("/ping/job")), "{log}");
    assert!(log.contains("the database is new"), "{log}");
    assert!(log.lines().all(|line| line.starts_with("{\"time\":\"")), "{log}");
}

/// 14.4: a standby may wait for months.
#[test]
fn a_standby_takes_over_with_the_configuration_of_now() {
    let mut server = Punctual::start(CONFIG);
    let mut standby = Punctual::new(CONFIG);
    std::os::unix::fs::symlink(server.data(), standby.data()).unwrap();
    standby.start_unready();
    wait_until("the standby to wait", PATIENCE, || {
        standby.log().contains("another server holds this folder")
    });
    standby.write_config(&CONFIG.replace("name: job", "name: newer"));
    // To all servers at once, as those who roll files out do.
    standby.signal(Signal::HUP);
    assert!(server.stop().success());
    standby.wait_ready();
    assert!(standby.log().contains("/ping/newer"), "{}", standby.log());

    standby.stop();
    standby.write_config(CONFIG);
    server.start_again();
    standby.start_unready();
    let waits = || standby.log().matches("another server holds this folder").count() == 2;
    wait_until("the standby to wait", PATIENCE, waits);
    standby.write_config("checks: 7");
    assert!(server.stop().success());
    // Rather the configuration of then than none.
    standby.wait_ready();
    assert!(standby.get("/").text().contains("The configuration could not be reloaded"));
}

/// Says when somebody opens the file, who then waits until standard input ends.
const LEASE: &str = r#"
import fcntl, os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
os.write(1, b"held\n")
if signal.sigtimedwait({signal.SIGIO}, 30) is None: sys.exit("nobody opens it")
os.write(1, b"opened\n")
sys.stdin.read()
"#;

#[test]
fn a_hangup_while_the_first_configuration_is_read_makes_it_read_again() {
    let mut server = Punctual::new(CONFIG);
    let mut command = tool("python3");
    command.args(["-c", LEASE, "punctual.yaml"]).current_dir(server.folder());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut lease = Process::start_piped("lease", &mut command, server.folder());
    let mut lines = BufReader::new(lease.child().stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().as_deref(), Some("held"), "{}", lease.log());
    server.start_unready();
    assert_eq!(lines.next().as_deref(), Some("opened"), "{}", lease.log());
    server.signal(Signal::HUP);
    drop(lease);
    server.wait_ready();
    wait_until("the reload", PATIENCE, || server.log().contains("configuration reloaded"));
}

#[test]
fn a_flag_may_stand_in_the_environment() {
    let mut server = Punctual::new(CONFIG)
        .environment("PUNCTUAL_WEB_EXTERNAL_URL", "https://punctual.example.org/")
        .environment("PUNCTUAL_CONFIG_ALLOW_MASS_REMOVAL", "1")
        .environment("PUNCTUAL_CONFIG_AUTO_RELOAD_INTERVAL", "1s");
    server.start_again();
    assert!(server.log().contains("https://punctual.example.org/ping/job"), "{}", server.log());
    server.write_config("checks: [{name: later, every: 1h}]\n");
    wait_until("the new check", PATIENCE, || server.get("/ping/later").status == 200);
}

// 7.1
#[test]
fn a_check_is_paused_and_unpaused_at_run_time_but_not_against_its_file() {
    let server = Punctual::start(CONFIG);
    server.ping("job");
    assert!(done(&server, &["pause", "job"]).contains("is paused"));
    assert_eq!(status_of(&server, "job"), "paused");
    assert!(done(&server, &["pause", "job"]).contains("is paused already"));
    assert!(done(&server, &["unpause", "job"]).contains("not paused any more"));
    assert!(done(&server, &["unpause", "job"]).contains("is not paused"));
    assert_eq!(status_of(&server, "job"), "up");
    assert!(failed(&server, &["unpause", "by-file"]).contains("by its file"));
    assert_eq!(status_of(&server, "by-file"), "paused");
    assert!(failed(&server, &["pause", "nobody"]).contains("no check `nobody`"));
}

/// 7.1
#[test]
fn a_pause_is_shown_with_who_made_it_and_why_and_both_survive_a_restart() {
    let mut server = Punctual::start(CONFIG);
    server.ping("job");
    let said = done(&server, &["pause", "job", "-m", "vendor <outage>", "--by", "ann"]);
    assert_eq!(said, "job is paused, says ann (user 0): vendor <outage>\n");
    assert!(
        as_user_0(&server.log()).contains("job is paused, says ann (user 0): vendor <outage>"),
        "{}",
        server.log()
    );
    for _ in 0..2 {
        let page = as_user_0(&server.get("/checks/job").text());
        assert!(
            page.contains("<p>Paused by <bdi>ann (user 0)</bdi>: <bdi>vendor &lt;outage&gt;</bdi></p>"),
            "{page}"
        );
        assert!(
            page.contains("it was paused, by <bdi>ann (user 0)</bdi>: <bdi>vendor &lt;outage&gt;</bdi>"),
            "{page}"
        );
        let shown: Value = serde_json::from_str(&server.get("/api/v1/checks/job").text()).unwrap();
        assert_eq!(
            (&shown["pause"]["by"], &shown["pause"]["comment"]),
            (
                &json!(format!("ann (user {})", rustix::process::geteuid().as_raw())),
                &"vendor <outage>".into()
            )
        );
        assert!(shown["pause"]["since"].is_string(), "{shown}");
        let (_, shown) = punctual(&["checks", "show", "job", "--server", &server.url("")]);
        assert!(as_user_0(&shown).contains(" by ann (user 0): vendor <outage>\n"), "{shown}");
        server.restart();
    }
    done(&server, &["unpause", "job", "--comment", "over", "--by", "bob"]);
    let page = as_user_0(&server.get("/checks/job").text());
    assert!(page.contains("its pause ended, by <bdi>bob (user 0)</bdi>: <bdi>over</bdi>"), "{page}");
    assert!(!page.contains("Paused by"), "{page}");
    // A ping ends a pause, and what was said of it.
    done(&server, &["pause", "job", "--by", "ann"]);
    server.ping("job");
    let shown: Value = serde_json::from_str(&server.get("/api/v1/checks/job").text()).unwrap();
    assert_eq!((&shown["status"], &shown["pause"]), (&"up".into(), &Value::Null));
    assert!(failed(&server, &["pause", "job", "--by", "ann\nbob"]).contains("who says so"));
    assert!(failed(&server, &["pause", "job", "-c", &"x".repeat(1001)]).contains("a comment"));
}

/// 7.2
#[test]
fn a_pause_with_an_end_is_over_then_by_itself_also_over_a_restart() {
    let mut server = Punctual::start(CONFIG);
    server.ping("job");
    let said = done(&server, &["pause", "job", "--for", "3s", "--by", "ann"]);
    assert!(said.starts_with("job is paused until 20") && said.ends_with("Z, says ann (user 0)\n"), "{said}");
    let shown: Value = serde_json::from_str(&server.get("/api/v1/checks/job").text()).unwrap();
    assert!(shown["pause"]["until"].is_string(), "{shown}");
    assert!(server.get("/checks/job").text().contains("at run time, "));
    assert_eq!(status_of(&server, "job"), "paused");
    server.restart();
    wait_until("the end of the pause", PATIENCE, || status_of(&server, "job") == "up");
    // Whoever looks sees it at once; that it is stored may take a moment.
    let is_told =
        || server.get("/checks/job").text().contains("its pause ended: <bdi>its time was over</bdi>");
    wait_until("the end in the history", PATIENCE, is_told);
    // Said again, it is another end; without one, there is none any more.
    let until = (Clock::new().now() + Span::mins(60)).to_string();
    done(&server, &["pause", "job", "--until", &until]);
    assert!(done(&server, &["pause", "job", "--until", &until]).contains("is paused already"));
    done(&server, &["pause", "job", "--comment", "for longer", "--by", "bob"]);
    let page = as_user_0(&server.get("/checks/job").text());
    assert!(page.contains("Paused by <bdi>bob (user 0)</bdi>: <bdi>for longer</bdi>"), "{page}");
    let shown: Value = serde_json::from_str(&server.get("/api/v1/checks/job").text()).unwrap();
    assert_eq!((&shown["status"], &shown["pause"]["until"]), (&"paused".into(), &Value::Null));
    for (arguments, why) in [
        (&["--for", "soon"][..], "--for soon"),
        (&["--for", "0s"], "a pause ends later than now"),
        (&["--for", "367d"], "a pause ends later than now, and within 366d"),
        (&["--until", "2000-01-01T00:00:00Z"], "a pause ends later than now"),
        (&["--until", "tomorrow"], "`tomorrow` is no time"),
        (&["--for", "1h", "--until", "2000-01-01T00:00:00Z"], "cannot be used with"),
    ] {
        let said = failed(&server, &[&["pause", "job"], arguments].concat());
        assert!(said.contains(why), "{said}");
    }
}

// 8.2
#[test]
fn a_mute_is_made_listed_seen_in_the_metrics_and_ended() {
    let mut server = Punctual::start(CONFIG);
    let is_muted =
        |server: &Punctual| server.get("/metrics").text().contains("punctual_check_muted{check=\"job\"} 1");
    assert!(!is_muted(&server));
    let said = done(&server, &["mute", "job", "--for", "1h", "--comment", "moving house", "--by", "ann"]);
    assert!(said.contains("it matches 1 check now"), "{said}");
    assert!(is_muted(&server));
    assert!(
        done(&server, &["mutes"]).contains("ann (user 0)  moving house"),
        "{}",
        done(&server, &["mutes"])
    );
    server.restart();
    assert!(is_muted(&server), "a mute outlives the server");
    done(&server, &["unmute", "1"]);
    assert!(!is_muted(&server));
    assert!(failed(&server, &["unmute", "1"]).contains("no mute 1"));
    let until = (Clock::new().now() + Span::mins(60)).to_string();
    done(&server, &["mute", "--matcher", "check=~\"j.*\"", "--until", &until]);
    // Perhaps one that is still to be declared.
    let said = done(&server, &["mute", "--matcher", "team=\"nobody\"", "--for", "1h"]);
    assert!(said.contains("WARNING: no check matches it now"), "{said}");
    assert!(is_muted(&server));
}

#[test]
fn a_mute_that_means_nothing_is_refused() {
    let server = Punctual::start(CONFIG);
    assert!(failed(&server, &["mute", "job"]).contains("--for"));
    assert!(failed(&server, &["mute", "--for", "1h"]).contains("--matcher"));
    assert!(failed(&server, &["mute", "job", "--for", "soon"]).contains("soon"));
    let said = failed(&server, &["mute", "job", "jop", "--for", "1h"]);
    assert!(said.contains("there is no check `jop`"), "{said}");
    assert!(failed(&server, &["mute", "job", "--until", "2000-01-01T00:00:00Z"]).contains("later than now"));
    assert!(failed(&server, &["mute", "a|b", "--for", "1h"]).contains("--matcher"));
    assert!(
        failed(&server, &["mute", "--matcher", "team=~\"(\"", "--for", "1h"]).contains("regular expression")
    );
    assert!(done(&server, &["mutes"]).lines().count() == 1, "only the head");
}

// 11.2
#[test]
fn an_incident_is_listed_acknowledged_and_opened_again() {
    let server = Punctual::start(CONFIG);
    let list = || done(&server, &["incidents", "list"]);
    assert_eq!(list().lines().count(), 1, "only the head");
    assert!(failed(&server, &["incidents", "ack", "job", "--by", "ann"]).contains("no open incident"));
    server.ping("job/fail");
    assert!(list().contains("job    open    failed"), "{}", list());
    assert!(done(&server, &["incidents", "ack", "job", "--by", "ann"]).contains("says ann"));
    assert!(list().contains("acknowledged"));
    let again = failed(&server, &["incidents", "ack", "job", "--by", "bob"]);
    assert!(
        again.contains("stands so already: acknowledged since 2") && again.contains("says ann"),
        "{again}"
    );
    let listed = list();
    assert!(listed.contains(" ann ") && listed.contains("s ago"), "{listed}");
    done(&server, &["incidents", "wont-fix", "job", "--by", "bob"]);
    done(&server, &["incidents", "reopen", "job", "--by", "bob"]);
    assert!(list().contains("job    open    failed"), "{}", list());
    server.ping("job");
    assert_eq!(list().lines().count(), 1, "{}", list());
}

#[test]
fn an_incident_is_named_by_its_check_or_by_the_number_that_the_list_shows() {
    let server = Punctual::start("checks: [{name: a, every: 1h}, {name: b, every: 1h}]");
    server.ping("a/fail");
    server.ping("b/fail");
    let list: Value = serde_json::from_str(&done(&server, &["incidents", "list", "-o", "json"])).unwrap();
    let id = |check: &str| {
        let incident =
            list["incidents"].as_array().unwrap().iter().find(|incident| incident["check"] == check);
        incident.unwrap()["id"].to_string()
    };
    let ack = |which: &str| done(&server, &["incidents", "ack", which, "--by", "ann"]);
    let fails = |which: &str| failed(&server, &["incidents", "ack", which, "--by", "bob"]);
    assert_eq!(ack(&id("b")), format!("incident {} of b is acknowledged, says ann (user 0)\n", id("b")));
    assert!(fails("b").contains("stands so already"));
    assert_eq!(ack("a"), format!("incident {} of a is acknowledged, says ann (user 0)\n", id("a")));
    server.ping("a");
    assert!(fails(&id("a")).contains("of a has ended"));
    for none in ["0", "77", "99999999999999999999999"] {
        assert!(fails(none).contains(&format!("there is no incident {none}")));
    }
    server.write_config("checks: [{name: a, every: 1h}]");
    assert_eq!(server.reload().status, 200);
    assert!(fails(&id("b")).contains("is no longer declared"));
    for command in ["ack", "wont-fix", "reopen", "comment"] {
        let (_, help) = punctual(&["incidents", command, "--help"]);
        assert!(help.contains("[CHECK|ID]...") && help.contains("incidents list"), "{help}");
    }
}

/// 11.2, 11.3
#[test]
fn a_checks_page_tells_how_its_incident_stands_and_who_said_so() {
    let server = Punctual::start(CONFIG);
    let is_told = |part: &str| {
        let page = as_user_0(&server.get("/checks/job").text());
        assert!(page.contains(part), "{part} is not in {page}");
    };
    let says = |what: &str, who: &str| done(&server, &["incidents", what, "job", "--by", who]);
    assert!(!server.get("/checks/job").text().contains("Incident"));
    server.ping("job/fail");
    is_told(
        "<p><a href=\"../incidents/1\">Incident 1</a>: open<span class=\"quiet\"> · nobody has said to be on it</span></p>",
    );
    says("ack", "<b>ann");
    is_told(
        "<p><a href=\"../incidents/1\">Incident 1</a>: acknowledged by <bdi>&lt;b&gt;ann (user 0)</bdi>, <time datetime=",
    );
    is_told("</time><span class=\"quiet\"> · only its recovery will be told</span></p>");
    server.ping("job/fail");
    says("wont-fix", "bob");
    is_told("<p><a href=\"../incidents/1\">Incident 1</a>: marked wont-fix by <bdi>bob (user 0)</bdi>, ");
    says("reopen", "eve");
    is_told("<p><a href=\"../incidents/1\">Incident 1</a>: open again by <bdi>eve (user 0)</bdi>, ");
    server.ping("job");
    assert!(!server.get("/checks/job").text().contains("Incident"), "it has ended");
}

/// 11.2
#[test]
fn the_first_page_tells_who_is_on_what() {
    let server =
        Punctual::start("checks: [{name: a, every: 1h}, {name: b, every: 1h}, {name: c, every: 1h}]");
    let is_told = |headline: &str, label: &str| {
        let page = as_user_0(&server.get("/").text());
        assert!(page.contains(&format!("<h1>{headline}</h1>")) && page.contains(label), "{page}");
    };
    for name in ["a", "b", "c"] {
        server.ping(&format!("{name}/fail"));
    }
    is_told("3 checks need somebody", "");
    assert!(!server.get("/").text().contains("acknowledged"));
    done(&server, &["incidents", "ack", "a", "--by", "<b>ann"]);
    let label = "<span class=\"label\">acknowledged by <bdi>&lt;b&gt;ann (user 0)</bdi>, <time ";
    is_told("2 checks need somebody, 1 is acknowledged", label);
    done(&server, &["incidents", "ack", "b", "--by", "bob"]);
    done(&server, &["incidents", "wont-fix", "c", "--by", "eve"]);
    let label = "<span class=\"label\">marked wont-fix by <bdi>eve (user 0)</bdi>, <time ";
    is_told("2 checks are acknowledged, 1 is marked wont-fix", label);
    done(&server, &["incidents", "reopen", "a", "--by", "bob"]);
    is_told("1 check needs somebody, 1 is acknowledged, 1 is marked wont-fix", label);
    for name in ["a", "b", "c"] {
        server.ping(name);
    }
    is_told("All 3 checks are as they should be", "");
}

#[test]
fn the_control_socket_is_for_its_owner_and_survives_nonsense() {
    use std::os::unix::net::UnixStream;
    let mut server = Punctual::start(CONFIG);
    let path = server.folder().join("data/control.sock");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    for nonsense in [
        "\n",
        "{}\n",
        "{\"request\":\"launch\"}\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "\u{0}\u{1}\n",
        &"x".repeat(100_000),
    ] {
        let mut stream = UnixStream::connect(&path).unwrap();
        // The server may have had enough before the end.
        let _ = stream.write_all(nonsense.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let said = std::io::read_to_string(&stream).unwrap_or_default();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    }
    assert!(done(&server, &["status"]).contains("1 new, 1 paused"));
    server.stop();
    assert!(failed(&server, &["status"]).contains("the server has ended"));
}

#[test]
fn a_command_without_a_server_says_so() {
    let server = Punctual::new(CONFIG);
    assert!(failed(&server, &["pause", "job"]).contains("is a server running"));
}

// 10.4
#[test]
fn a_reload_takes_all_or_nothing() {
    let server = Punctual::start(CONFIG);
    server.write_config("checks:\n- {name: job, every: 2h}\n- {name: new, every: 1h}\n");
    let answer = server.reload();
    assert_eq!(
        (answer.status, answer.text().trim()),
        (
            200,
            "checks: 1 added, 1 judged differently, 1 archived\nadded: new\njudged differently: job\narchived: by-file"
        )
    );
    server.ping("new");

    server.write_config("checks:\n- {name: newer, every: 1h}\n- {name: Bad Name, every: 1h}\n");
    let answer = server.reload();
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("punctual.yaml:3:"), "{}", answer.text());
    assert_eq!(server.get("/ping/newer").status, 404);
    server.ping("new");
    assert!(server.get("/").text().contains("could not be reloaded"));
    assert!(server.get("/metrics").text().contains("punctual_config_last_reload_successful 0"));

    server.write_config("checks:\n- {name: newer, every: 1h}\n");
    server.signal(Signal::HUP);
    wait_until("the reload", PATIENCE, || server.get("/ping/newer").status == 200);
    wait_until("the banner gone", PATIENCE, || !server.get("/").text().contains("could not be reloaded"));
}

#[test]
fn changed_files_are_noticed_where_that_is_asked_for() {
    let mut server = Punctual::new(CONFIG).argument("--config.auto-reload-interval=1s");
    server.start_again();
    server.write_config("checks: [{name: later, every: 1h}]\n");
    wait_until("the new check", PATIENCE, || server.get("/ping/later").status == 200);
}

/// 10.3, case 13: scp was at it for some seconds.
#[test]
fn a_file_that_is_half_written_for_a_while_archives_nothing() {
    let whole = "checks:\n- {name: a, every: 1h}\n- {name: b, every: 1h}\n";
    let mut server = Punctual::new(whole).argument("--config.auto-reload-interval=1s");
    server.start_again();
    server.write_config("checks:\n- {name: a, every: 1h}\n");
    // Nothing is to happen, which no event tells.
    std::thread::sleep(std::time::Duration::from_millis(3500));
    server.write_config(&format!("{whole}- {{name: c, every: 1h}}\n"));
    wait_until("the new check", PATIENCE, || server.get("/ping/c").status == 200);
    assert!(!server.log().contains("archived"), "{}", server.log());
}

/// W17
#[test]
fn a_port_that_is_taken_leaves_no_folder_behind_and_a_file_that_is_no_database_is_named() {
    let server = Punctual::start(CONFIG);
    let mut second = Punctual::new(CONFIG);
    let address = format!("--web.listen-address=127.0.0.1:{}", server.port());
    second = second.argument(&address);
    second.start_unready();
    assert_eq!(second.wait(PATIENCE).code(), Some(1), "{}", second.log());
    assert!(second.log().contains("cannot listen at") && !second.data().exists(), "{}", second.log());

    let mut third = Punctual::new(CONFIG);
    std::fs::create_dir(third.data()).unwrap();
    std::fs::write(third.data().join("punctual.db"), "no database at all".repeat(100)).unwrap();
    third.start_unready();
    assert_eq!(third.wait(PATIENCE).code(), Some(1), "{}", third.log());
    let log = third.log();
    assert!(log.contains("data/punctual.db") && log.contains("put a backup in its place"), "{log}");
}

/// W13
#[test]
fn a_line_of_usage_shows_no_option_as_required_because_its_variable_is_set() {
    for command in [&["incidents", "ack"][..], &["pause"], &["unmute"]] {
        let mut line = std::process::Command::new(env!("CARGO_BIN_EXE_punctual"));
        line.args(command).env("USER", "ann").env("PUNCTUAL_STORAGE_PATH", "data");
        let output = line.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let usage = said.lines().find(|line| line.starts_with("Usage:")).unwrap();
        assert!(!usage.contains("--by") && !usage.contains("--storage.path"), "{said}");
    }
}

#[test]
fn the_worst_stand_first_and_a_status_is_no_name() {
    let server =
        Punctual::start("checks: [{name: a, every: 1h}, {name: b, every: 1h}, {name: c, every: 1h}]");
    server.ping("a");
    server.ping("c/fail");
    let list = done(&server, &["checks", "list"]);
    let names: Vec<&str> = list.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["NAME", "c", "b", "a"]);
    assert!(failed(&server, &["checks", "list", "late"]).contains("punctual checks list --status late"));
}

#[test]
fn a_bad_configuration_is_told_and_nothing_starts() {
    let mut server = Punctual::new("checks:\n- {name: job, evry: 1h}\n");
    server.start_unready();
    assert!(!server.wait(PATIENCE).success());
    assert!(server.log().contains("punctual.yaml:2:"), "{}", server.log());
    assert!(!server.folder().join("data").exists());
}

#[test]
fn pings_need_the_key_of_the_file() {
    let server = Punctual::start(&format!("auth: {{ping_keys: [{{name: a, key: secret-key}}]}}\n{CONFIG}"));
    assert_eq!(server.get("/ping/job").status, 401);
    assert_eq!(server.get("/ping/wrong/job").status, 403);
    assert_eq!(server.get("/ping/secret-key/job").status, 200);
    assert!(!server.log().contains("secret-key"));
    assert!(!server.get("/").text().contains("secret-key"));
}

#[test]
fn a_lack_of_open_files_passes() {
    let server = Punctual::start(CONFIG);
    let open_files = || std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count() as u64;
    let limit_to = |count| {
        let limit = Rlimit { current: Some(count), maximum: Some(4096) };
        prlimit(Some(server.pid()), Resource::Nofile, limit).unwrap();
    };
    limit_to(open_files());
    let mut waiting = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    waiting.write_all(b"GET /ping/job HTTP/1.0\r\n\r\n").unwrap();
    wait_until("the lack to be noticed", PATIENCE, || server.log().contains("connections are not taken"));
    limit_to(1024);
    assert!(std::io::read_to_string(&waiting).unwrap().starts_with("HTTP/1.0 200"));
}

#[test]
fn a_checks_page_shows_its_last_pings_and_what_they_said() {
    let server = Punctual::start(CONFIG);
    for i in 0..30 {
        server.ping(&format!("job?rid=run-{i}&m=<i>said</i>"));
    }
    let body = http::post(&server.url("/ping/job/fail"), "<script>alert(1)</script>\u{fffd}");
    assert_eq!(body.status, 200);
    let page = server.get("/checks/job").text();
    assert!(page.contains("run-29") && !page.contains(">run-5<"));
    assert!(page.contains("&lt;i&gt;said") && !page.contains("<i>said"));
    assert!(page.contains("the job said that it failed"));
    assert!(page.contains(" from 127.0.0.1</dd>"), "where it was last seen from");
    let link = |part: &str| page[page.find(part).unwrap()..].split('"').next().unwrap().to_owned();
    let older = server.get(&format!("/checks/job{}", link("?before=").replace("#pings", ""))).text();
    assert!(older.contains(">run-5<") && !older.contains("run-29"));
    let body = server.get(&format!("/checks/job{}", link("?body=")));
    assert_eq!(body.text(), "<script>alert(1)</script>\u{fffd}");
    assert_eq!(body.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(body.header("x-content-type-options"), "nosniff");
    assert_eq!(server.get("/checks/job?body=999999").status, 404);
    assert_eq!(server.get("/checks/by-file?body=31").status, 404, "another check's body is not shown here");
}

/// What is on its way when the server is told to stop is stored and answered; then the process ends well.
/// A ping of `job` that is under way: two bytes of its body are still to come.
fn half_a_ping(server: &Punctual) -> TcpStream {
    let mut half = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    half.write_all(b"POST /ping/job HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nha").unwrap();
    // Another request, so that the first has surely begun.
    server.ping("job");
    half
}

#[test]
fn a_stop_loses_nothing() {
    let mut server = Punctual::start(CONFIG);
    let mut half = half_a_ping(&server);
    server.signal(Signal::TERM);
    wait_until("no more connections", PATIENCE, || TcpStream::connect(("127.0.0.1", server.port())).is_err());
    half.write_all(b"lf").unwrap();
    let answer = std::io::read_to_string(&half).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(server.wait(PATIENCE).success());
    server.start_again();
    let metrics = server.get("/metrics").text();
    let counted = "punctual_check_pings_total{check=\"job\",kind=\"success\"} 2";
    assert!(metrics.contains(counted), "{metrics}");
    assert_eq!(http::get(&server.url("/-/healthy")).status, 200);
}

#[test]
fn who_asks_twice_to_stop_is_not_kept_waiting() {
    let mut server = Punctual::start(CONFIG);
    let _half = half_a_ping(&server);
    // At once: also one that comes while the first is being taken is heard.
    server.signal(Signal::TERM);
    server.signal(Signal::INT);
    assert_eq!(server.wait(PATIENCE).code(), Some(1), "{}", server.log());
    assert!(server.log().contains("stopping at once"));
}

/// The file that a newcomer starts with.
#[test]
fn the_example_is_checked_and_served_as_it_is() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.yaml");
    let (is_good, said) = punctual(&["check-config", example]);
    assert!(is_good && said.contains("hello"), "{said}");
    let server = Punctual::start(&std::fs::read_to_string(example).unwrap());
    assert!(server.log().contains(&server.url("/ping/hello")), "{}", server.log());
    server.ping("hello");
    assert_eq!(status_of(&server, "hello"), "up");
    assert_eq!(server.values("punctual_check_late", "").len(), 4);
}
