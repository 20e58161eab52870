//! The commands of docs/backup.md, as they stand there: a backup of a running server is restored, looked at while nothing
//! leaves, and takes over.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::http;
use crate::support::process::{PATIENCE, Process, free_port, run};
use crate::support::punctual::Punctual;
use crate::support::sink::WebhookSink;
use crate::support::smtp::{SmtpServer, Tls};

/// The lines of each block of shell commands.
fn blocks() -> Vec<Vec<String>> {
    let manual = include_str!("../../docs/backup.md");
    let blocks = manual.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.map(|block| block.lines().map(str::to_owned).collect()).collect()
}

fn shell(line: &str, folder: &Path) {
    let (is_good, said) = run(Command::new("sh").args(["-ec", line]).current_dir(folder));
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
