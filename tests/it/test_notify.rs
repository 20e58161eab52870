//! `punctual test-notify`: the way of real messages, tried by hand.

use clap::Parser;
use punctual::cli::test_notify::{self, TestNotifyError};
use punctual::clock::Clock;
use tempfile::TempDir;

use crate::support::http::runtime;
use crate::support::process::PATIENCE;
use crate::support::sink::{Answer, WebhookSink};
use crate::support::smtp::{SmtpServer, Tls};

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    args: test_notify::TestNotifyArgs,
}

/// Runs the command on a configuration: how it ended, and what it said.
fn run(config: &str, receiver: &str) -> (Result<(), TestNotifyError>, String) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("punctual.yaml");
    std::fs::write(&file, config).unwrap();
    let command = Command::parse_from(["test-notify", receiver, "--config.file", file.to_str().unwrap()]);
    let mut out = Vec::new();
    let result = runtime().block_on(test_notify::run(&command.args, &Clock::new(), &mut out));
    (result, String::from_utf8(out).unwrap())
}

#[test]
fn a_mail_and_its_end_arrive_in_one_thread() {
    let server = SmtpServer::start(Tls::None, None);
    let config = format!(
        "smtp: {{host: 127.0.0.1, port: {}, tls: none, from: punctual@example.org}}
receivers: [{{name: ops-mail, email: {{to: [ops@example.org]}}}}]
checks: [{{name: backup, every: 5m}}]",
        server.port()
    );
    let (result, said) = run(&config, "ops-mail");
    assert!(result.is_ok(), "{result:?} {said}");
    assert!(said.starts_with("alert: ops-mail took it within "), "{said}");
    let mails = server.mails.wait_for_count("two mails", PATIENCE, 2);
    assert_eq!(mails[0].header("subject"), "[LATE] Test message, nothing is wrong");
    assert_eq!(mails[1].header("subject"), "[RECOVERED] Test message, nothing is wrong");
    assert_eq!(mails[1].header("in-reply-to"), mails[0].header("message-id"));
}

#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let sink = WebhookSink::start();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("punctual.yaml");
    let url = sink.url();
    let receivers = format!("receivers: [{{name: chat, webhook: {{url: '{url}'}}}}]");
    std::fs::write(&file, receivers + "\nchecks: [{name: backup, every: 5m}]").unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_punctual"));
    command
        .args(["test-notify", "chat", "--config.file"])
        .arg(&file)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        // Nobody listens there.
        command.env(name, "http://127.0.0.1:1");
    }
    let (is_good, said) = crate::support::process::run(&mut command);
    assert!(is_good, "{said}");
    assert!(!sink.received.all().is_empty());
}

#[test]
fn a_webhook_that_refuses_is_told_apart_from_one_that_is_busy() {
    let sink = WebhookSink::start();
    let config = format!(
        "receivers: [{{name: chat, webhook: {{url: '{}'}}, send_resolved: false}}]
checks: [{{name: backup, every: 5m}}]",
        sink.url()
    );
    let (result, said) = run(&config, "chat");
    assert!(result.is_ok(), "{result:?} {said}");
    assert_eq!(sink.received.all().len(), 1, "it does not hear of recoveries");
    for (status, expected) in [
        (400, "a real message would be given up"),
        (404, "whatever it says; a real message would be tried again"),
        (503, "would be tried again"),
    ] {
        sink.answer_with(Answer::Status(status));
        let (result, said) = run(&config, "chat");
        assert!(matches!(result, Err(TestNotifyError::NotTaken)), "{result:?}");
        assert!(said.contains(expected) && said.contains(&status.to_string()), "{said}");
    }
    let (result, _) = run(&config, "chatt");
    assert_eq!(result.unwrap_err().to_string(), "there is no receiver `chatt`; there are: chat");
}
