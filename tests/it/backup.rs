//! The commands of docs/backup.md, as they stand there: a backup of a running server is restored, looked at while nothing
//! leaves, and takes over.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::http;
use crate::support::process::{PATIENCE, Process, free_port, run, wait_until};
use crate::support::punctual::{Punctual, punctual};
use crate::support::sink::WebhookSink;
use crate::support::smtp::{SmtpServer, Tls};

/// The lines of each block of shell commands.
fn blocks() -> Vec<Vec<String>> {
    let manual = include_str!("../../docs/backup.md");
    let blocks = manual.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.map(|block| block.lines().map(str::to_owned).collect()).collect()
}

fn shell(line: &str, folder: &Path) {
    let ours = Path::new(env!("CARGO_BIN_EXE_punctual")).parent().unwrap();
    let path = format!("{}:{}", ours.display(), std::env::var("PATH").unwrap());
    let (is_good, said) = run(Command::new("sh").args(["-ec", line]).env("PATH", path).current_dir(folder));
    assert!(is_good, "{line}: {said}");
}

/// Starts the server of a line, on a port of its own.
fn serve(line: &str, folder: &Path) -> (Process, u16) {
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[..2], ["punctual", "serve"], "{line}");
    let port = free_port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
    command
        .args(&words[1..])
        .args(["--web.listen-address", &format!("127.0.0.1:{port}")])
        .current_dir(folder);
    let mut process = Process::start("restored", &mut command, folder);
    process.wait_until_ready(&format!("http://127.0.0.1:{port}/-/ready"));
    (process, port)
}

fn stop(process: &mut Process) {
    process.signal(Signal::TERM);
    assert!(process.wait(Duration::from_secs(15)).success());
}

fn config(sink: &WebhookSink, alertmanager: &WebhookSink, smtp: &SmtpServer) -> String {
    let (url, port) = (sink.url(), smtp.port());
    let alerts = alertmanager.url();
    format!(
        "smtp: {{host: 127.0.0.1, port: {port}, tls: none, from: punctual@example.org}}
receivers: [{{name: ops, group_wait: 0s, webhook: {{url: \"{url}\", format: slack}}}}]
responders: [{{matchers: ['check=~\".*\"'], actions: [{{notify: ops}}]}}]
alerting: {{alertmanagers: [{{url: \"{alerts}\"}}]}}
checks:
  - {{name: told, title: Told, every: 1d}}
  - {{name: recovers, title: Recovers, every: 1d}}
  - {{name: brief, title: Brief, every: 1d}}
  - {{name: fresh, title: Fresh, every: 1d, emails: [ada@example.org]}}
"
    )
}

/// What it was told, in short.
fn told(sink: &WebhookSink, count: usize) -> Vec<String> {
    let all = sink.received.wait_for_count("messages", PATIENCE, count);
    all.iter()
        .map(|request| request.json()["text"].as_str().unwrap().lines().next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_restored_copy_tells_nobody_before_it_is_told_to() {
    let (sink, alertmanager, smtp) =
        (WebhookSink::start(), WebhookSink::start(), SmtpServer::start(Tls::None, None));
    let mut server = Punctual::start(&config(&sink, &alertmanager, &smtp));
    let blocks = blocks();
    let [backup, restore, again] = blocks.as_slice() else { panic!("three blocks: {blocks:?}") };
    for (place, name) in [(1, "told"), (2, "recovers")] {
        server.ping(&format!("{name}/fail"));
        told(&sink, place);
    }
    backup.iter().for_each(|line| shell(line, server.folder()));
    server.ping("brief/fail");
    told(&sink, 3);
    server.kill9();
    let pushes = alertmanager.received.all().len();

    let (line, commands) = restore.split_last().unwrap();
    commands.iter().for_each(|line| shell(line, server.folder()));
    let (mut copy, port) = serve(line, server.folder());
    let get = |path: &str| http::get(&format!("http://127.0.0.1:{port}{path}")).text();
    let ping =
        |path: &str| assert_eq!(http::post(&format!("http://127.0.0.1:{port}/ping/{path}"), "").status, 200);
    ["fresh/fail", "recovers", "brief/fail", "brief"].into_iter().for_each(ping);
    for page in ["/", "/checks/fresh"] {
        assert!(get(page).contains("Nobody is told"), "{page} has a banner");
    }
    assert!(
        get("/checks/fresh").contains("failing") && get("/checks/told").contains("failing"),
        "all is judged"
    );
    assert!(get("/metrics").contains("punctual_deliveries_held 1\n"));
    assert!(get("/-/healthy").contains("nothing leaves (--no-deliveries)"));
    let status =
        ["status", "--storage.path", server.folder().join("restored").to_str().unwrap()].map(str::to_owned);
    let (is_good, said) = run(Command::new(env!("CARGO_BIN_EXE_punctual")).args(status));
    assert!(is_good && said.contains("HELD: nothing leaves"), "{said}");
    // Whatever would leave is due at once.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(told(&sink, 3).len(), 3, "nobody is told");
    assert_eq!((alertmanager.received.all().len(), smtp.mails.all().len()), (pushes, 0));
    stop(&mut copy);

    let (mut copy, port) = serve(&again[0], server.folder());
    let expected = ["[FAILING] Told", "[FAILING] Recovers", "[FAILING] Brief", "[FAILING] Fresh"];
    let all = told(&sink, expected.len());
    assert!(all.iter().zip(expected).all(|(told, expected)| told.ends_with(expected)), "{all:?}");
    assert_eq!(http::post(&format!("http://127.0.0.1:{port}/ping/fresh"), "").status, 200);
    let all = told(&sink, 5);
    assert!(all[4].ends_with("[RECOVERED] Fresh"), "{all:?}");
    let mails = smtp.mails.wait_for_count("mails", PATIENCE, 2);
    let subjects: Vec<&str> = mails.iter().map(|mail| mail.header("Subject")).collect();
    assert_eq!(subjects, ["[FAILING] Fresh", "[RECOVERED] Fresh"]);
    alertmanager.received.wait_for_count("pushes go on", PATIENCE, pushes + 1);
    assert!(!http::get(&format!("http://127.0.0.1:{port}/")).text().contains("Nobody is told"));
    stop(&mut copy);
    assert_eq!(told(&sink, 5).len(), 5, "the rest is not told");
}

/// What is shown of checks that nobody pings: how they stand, since when, and who said what.
pub(crate) fn standing(url: &str, names: &[&str]) -> Vec<Value> {
    let of = |name: &&str| {
        let mut check = http::get(&format!("{url}/api/v1/checks/{name}")).json();
        let incidents = http::get(&format!("{url}/api/v1/checks/{name}/incidents")).json();
        for changes in ["as_of", "ping_url", "declared"] {
            check[changes] = Value::Null;
        }
        serde_json::json!([check, incidents])
    };
    names.iter().map(of).collect()
}

/// While jobs ping without a pause and history grows, the copy is of one moment.
#[test]
fn a_backup_that_was_made_under_load_has_the_same_states_and_tells_nobody() {
    let (sink, alertmanager, smtp) =
        (WebhookSink::start(), WebhookSink::start(), SmtpServer::start(Tls::None, None));
    let mut config = config(&sink, &alertmanager, &smtp);
    for number in 0..16 {
        let _ = writeln!(config, "  - {{name: busy-{number}, every: 1d}}");
    }
    let server = Punctual::start(&config);
    let data = server.data().display().to_string();
    server.ping("told/fail");
    server.ping("recovers");
    told(&sink, 1);
    for arguments in [
        &["incidents", "ack", "told", "--by", "ann"][..],
        &["pause", "brief", "-c", "moving", "--by", "ann"],
        &["mute", "fresh", "--for", "1h", "--by", "ann"],
    ] {
        let (is_good, said) = punctual(&[arguments, &["--storage.path", &data]].concat());
        assert!(is_good, "{said}");
    }
    let names = ["told", "recovers", "brief", "fresh"];
    let before = standing(&server.url(""), &names);
    let file = server.folder().join("backup.db");
    let is_over = AtomicBool::new(false);
    let answered = std::thread::scope(|scope| {
        let ping = |number: usize| {
            let (server, is_over) = (&server, &is_over);
            scope.spawn(move || {
                let mut pings = 0;
                while !is_over.load(Ordering::Relaxed) {
                    server.ping(&format!("busy-{number}?comment={}", "x".repeat(400)));
                    pings += 1;
                }
                pings
            })
        };
        let jobs: Vec<_> = (0..16).map(ping).collect();
        let count = || server.sum("punctual_check_pings_total", "busy");
        wait_until("load", PATIENCE, || count() > 500);
        let answered = count();
        let arguments = ["backup", file.to_str().unwrap(), "--storage.path", &data];
        let (is_good, said) = punctual(&arguments);
        assert!(is_good && said.contains("MB"), "{said}");
        let (is_good, said) = punctual(&arguments);
        assert!(!is_good && said.contains("is there already"), "{said}");
        is_over.store(true, Ordering::Relaxed);
        let pings: usize = jobs.into_iter().map(|job| job.join().unwrap()).sum();
        assert!(pings > 500, "jobs went on");
        answered
    });
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!server.folder().join("backup.db.punctual-part").exists());
    let pushes = alertmanager.received.all().len();
    let restored = server.folder().join("restored");
    std::fs::create_dir(&restored).unwrap();
    std::fs::copy(&file, restored.join("punctual.db")).unwrap();
    let (is_sound, said) = punctual(&["check-storage", "--storage.path", restored.to_str().unwrap()]);
    assert!(is_sound, "{said}");
    let line = "punctual serve --config.file punctual.yaml --storage.path restored --no-deliveries";
    let (mut copy, port) = serve(line, server.folder());
    let url = format!("http://127.0.0.1:{port}");
    assert_eq!(standing(&url, &names), before);
    let mutes = http::get(&format!("{url}/api/v1/mutes")).json();
    assert_eq!(mutes["mutes"].as_array().unwrap().len(), 1, "{mutes}");
    let metrics = http::get(&format!("{url}/metrics")).text();
    let of_busy = metrics.lines().filter(|line| line.starts_with("punctual_check_pings_total{check=\"busy-"));
    let counted: f64 = of_busy.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum();
    assert!(counted >= answered as f64, "{counted} of {answered}: what was answered before is in it");
    stop(&mut copy);
    assert_eq!((told(&sink, 1).len(), smtp.mails.all().len()), (1, 0), "nobody is told");
    assert!(alertmanager.received.all().len() >= pushes, "the server itself goes on");
}

/// Whole or absent.
#[test]
fn a_backup_that_cannot_be_made_leaves_nothing() {
    let server = Punctual::start("checks: [{name: a, every: 1h}]\n");
    let data = server.data();
    let file = server.folder().join("b.db");
    let backup = |data: &Path, file: &Path| {
        punctual(&["backup", file.to_str().unwrap(), "--storage.path", data.to_str().unwrap()])
    };
    let check = |data: &Path, file: &Path, why: &str| {
        let (is_good, said) = backup(data, file);
        assert!(!is_good && said.contains(why), "{said}");
        let mut part = file.as_os_str().to_owned();
        part.push(".punctual-part");
        assert!(!file.exists() && !Path::new(&part).exists(), "{said}");
    };
    check(&server.folder().join("none"), &file, "there is no ");
    check(&data, &server.folder().join("none/b.db"), "No such file");
    // What a killed one left is no obstacle, and what others named alike is theirs.
    let (part, others) = (server.folder().join("b.db.punctual-part"), server.folder().join("b.db.part"));
    std::fs::write(&part, "x".repeat(100_000)).unwrap();
    std::fs::set_permissions(&part, Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&others, "precious").unwrap();
    let (is_good, said) = backup(&data, &file);
    assert!(is_good, "{said}");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!part.exists());
    assert_eq!(std::fs::read_to_string(&others).unwrap(), "precious");
}

/// Nobody has it written elsewhere, and nobody loses what is not a backup's.
#[test]
fn a_backup_takes_nothing_away_that_no_backup_has_left() {
    let server = Punctual::start("checks: [{name: a, every: 1h}]\n");
    let (data, folder) = (server.data(), server.folder());
    let (file, part) = (folder.join("c.db"), folder.join("c.db.punctual-part"));
    let elsewhere = folder.join("elsewhere");
    let refused = |what: &str| {
        let (is_good, said) =
            punctual(&["backup", file.to_str().unwrap(), "--storage.path", data.to_str().unwrap()]);
        assert!(
            !is_good && said.contains("is in the way") && said.contains("name another file"),
            "{what}: {said}"
        );
        assert!(!file.exists(), "{what}");
    };
    std::os::unix::fs::symlink(&elsewhere, &part).unwrap();
    refused("a link to nothing");
    std::fs::write(&elsewhere, "precious").unwrap();
    std::fs::set_permissions(&elsewhere, Permissions::from_mode(0o600)).unwrap();
    refused("a link");
    std::fs::remove_file(&part).unwrap();
    std::fs::hard_link(&elsewhere, &part).unwrap();
    refused("another name");
    std::fs::remove_file(&part).unwrap();
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "precious");
    std::fs::write(&part, "of somebody whose files all may read").unwrap();
    std::fs::set_permissions(&part, Permissions::from_mode(0o644)).unwrap();
    refused("a file");
    assert!(part.exists());
    std::fs::remove_file(&part).unwrap();
    std::fs::create_dir(&part).unwrap();
    refused("a folder");
}

/// Of several at once to one name one is made, and the others say what to do.
#[test]
fn of_backups_to_one_name_one_is_made_and_it_is_whole() {
    let server = Punctual::start("checks: [{name: a, every: 1h}]\n");
    let data = server.data();
    (0..50).for_each(|_| server.ping(&format!("a?comment={}", "x".repeat(1000))));
    for round in 0..5 {
        let file = server.folder().join(format!("{round}.db"));
        // Now and then beside what a killed one has left.
        if round % 2 == 0 {
            let part = server.folder().join(format!("{round}.db.punctual-part"));
            std::fs::write(&part, "x").unwrap();
            std::fs::set_permissions(&part, Permissions::from_mode(0o600)).unwrap();
        }
        let backup =
            || punctual(&["backup", file.to_str().unwrap(), "--storage.path", data.to_str().unwrap()]);
        let ended: Vec<(bool, String)> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..6).map(|_| scope.spawn(backup)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let (good, bad): (Vec<_>, Vec<_>) = ended.iter().partition(|(is_good, _)| *is_good);
        assert_eq!(good.len(), 1, "{ended:?}");
        assert!(bad.iter().all(|(_, said)| said.contains("name another")), "{ended:?}");
        let restored = server.folder().join(format!("restored-{round}"));
        std::fs::create_dir(&restored).unwrap();
        std::fs::copy(&file, restored.join("punctual.db")).unwrap();
        let (is_sound, said) = punctual(&["check-storage", "--storage.path", restored.to_str().unwrap()]);
        assert!(is_sound, "{said}");
    }
}

/// The version before opens the database, or says that it cannot: this is what each says of one of a later version, and it
/// touches nothing.
#[test]
fn a_database_of_a_later_version_is_refused_by_every_command_and_left_as_it_is() {
    let mut server = Punctual::start("checks: [{name: a, every: 1h}]\n");
    server.stop();
    let (data, file) = (server.data(), server.data().join("punctual.db"));
    let db = Connection::open(&file).unwrap();
    let version: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    db.pragma_update(None, "user_version", version + 1).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(db);
    let before = std::fs::read(&file).unwrap();
    let (data, config) = (data.to_str().unwrap(), server.folder().join("punctual.yaml"));
    let copy = server.folder().join("b.db");
    for arguments in [
        &["serve", "--config.file", config.to_str().unwrap(), "--web.listen-address", "127.0.0.1:0"][..],
        &["check-storage"],
        &["backup", copy.to_str().unwrap()],
    ] {
        let (is_good, said) = punctual(&[arguments, &["--storage.path", data]].concat());
        let why = format!("of a newer version ({}) than this program knows ({version})", version + 1);
        assert!(
            !is_good && said.contains(&why) && said.contains("restore a backup"),
            "{arguments:?}: {said}"
        );
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert!(!copy.exists());
}
