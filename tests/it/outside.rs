//! What is outside of us and never ends: a resolver, certificates, a tree of folders.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::preload;
use crate::support::process::{PATIENCE, run, wait_until};
use crate::support::punctual::Punctual;
use crate::support::sink::WebhookSink;

/// More than there are threads for what blocks.
const HANGING: usize = 600;

/// Threads that look names up.
fn resolvers(server: &Punctual) -> usize {
    let folder = format!("/proc/{}/task", server.pid().as_raw_nonzero());
    let threads = std::fs::read_dir(folder).unwrap().map(|thread| thread.unwrap().path().join("comm"));
    threads.filter(|name| std::fs::read_to_string(name).is_ok_and(|name| name.trim() == "resolver")).count()
}

/// 12.7
#[test]
fn a_resolver_that_never_answers_keeps_nothing_else_waiting_and_no_stop() {
    let quick = WebhookSink::start();
    let mut config = "receivers:\n".to_owned();
    let _ = writeln!(config, "- {{name: quick, webhook: {{url: '{}'}}, group_wait: 0s}}", quick.url());
    for n in 0..HANGING {
        let url = format!("http://n{n}.hanging.example/");
        let _ = writeln!(config, "- {{name: n{n}, webhook: {{url: '{url}'}}, group_wait: 0s}}");
    }
    config.push_str("responders:\n- {matchers: ['check=\"job\"'], actions: [{notify: quick}]}\n");
    for first in (0..HANGING).step_by(200) {
        let actions: Vec<String> = (first..first + 200).map(|n| format!("{{notify: n{n}}}")).collect();
        let _ = writeln!(config, "- {{matchers: ['check=\"job\"'], actions: [{}]}}", actions.join(", "));
    }
    config.push_str("checks: [{name: job, every: 1h}]\n");
    let folder = tempfile::tempdir().unwrap();
    let library = preload::build("hanging_names", folder.path());
    let mut server = Punctual::new(&config).environment("LD_PRELOAD", library.to_str().unwrap());
    server.start_again();
    server.ping("job/fail");
    wait_until("names that are looked up", PATIENCE, || resolvers(&server) > 200);
    quick.received.wait_for_count("the message elsewhere", PATIENCE, 1);
    // Each of these needs a thread that may block.
    assert_eq!(server.get("/").status, 200);
    assert_eq!(server.get("/metrics").status, 200);
    assert_eq!(server.reload().status, 200);
    server.ping("job");
    quick.received.wait_for_count("the recovery elsewhere", PATIENCE, 2);
    assert!(resolvers(&server) <= 256, "{}", resolvers(&server));
    let begun = std::time::Instant::now();
    assert!(server.stop().success());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test]
fn certificates_that_never_end_are_refused_and_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let (pipe, huge) = (folder.path().join("pipe"), folder.path().join("folder"));
    fifo(&pipe);
    std::fs::create_dir(&huge).unwrap();
    std::fs::File::create(huge.join("huge.pem")).unwrap().set_len(1 << 40).unwrap();
    let config = "smtp: {host: 127.0.0.1, port: 9, tls: implicit, from: a@example.org}\n\
        receivers:\n\
        - {name: hook, webhook: {url: 'https://127.0.0.1:9/'}, group_wait: 0s}\n\
        - {name: mail, email: {to: [b@example.org]}, group_wait: 0s}\n\
        default_receivers: [hook, mail]\nchecks: [{name: job, every: 1h}]\n";
    for (variable, path, why) in
        [("SSL_CERT_FILE", &pipe, "is no regular file"), ("SSL_CERT_DIR", &huge, "has more than 64 MB")]
    {
        let path = path.to_str().unwrap();
        let mut server = Punctual::new(config).environment(variable, path);
        server.start_again();
        server.ping("job/fail");
        let said = format!("{variable}: {path} {why}");
        let told = |receiver: &str| {
            let is_it =
                |line: &str| line.contains(&said) && line.contains(&format!("\"receiver\":\"{receiver}\""));
            server.log().lines().any(is_it)
        };
        wait_until("both attempts", PATIENCE, || told("hook") && told("mail"));
        assert!(server.stop().success());
        let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
        command.args(["checks", "list", "--server", "http://127.0.0.1:9"]).env(variable, path);
        let (is_good, text) = run(&mut command);
        assert!(!is_good && text.contains(&said), "{text}");
    }
}

/// 10.4: nothing is removed because a pattern leads too far.
#[test]
fn a_pattern_that_leads_anywhere_is_a_fault_and_is_told_at_once() {
    let mut server = Punctual::new("check_files: ['here/**/*.yaml']\n");
    let here = server.folder().join("here");
    std::fs::create_dir(&here).unwrap();
    std::fs::write(here.join("one.yaml"), "checks: [{name: job, every: 1h}]").unwrap();
    server.start_again();
    for n in 0..12 {
        std::os::unix::fs::symlink(".", here.join(n.to_string())).unwrap();
    }
    let answer = server.reload();
    let why =
        "punctual.yaml:1:15: `here/**/*.yaml`: `check_files` look at more than 100000 files and folders";
    assert!(answer.status == 500 && answer.text().contains(why), "{}", answer.text());
    assert_eq!(server.get("/ping/job").status, 200);
}
