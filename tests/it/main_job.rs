//! The main job on real parts: declared in YAML, pinged, scraped, and told when it is late.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::process::{PATIENCE, wait_until};
use crate::support::prometheus::{Alertmanager, Prometheus, Setup};
use crate::support::punctual::Punctual;
use crate::support::sink::{Received, WebhookSink};
use crate::support::smtp::{SmtpServer, Tls};

/// Every alert is pushed again within it (13.1).
const MINUTE: Duration = Duration::from_secs(60);

const CHECK: &str =
    "checks: [{name: job, title: Nightly backup, every: 2s, grace: 1s, labels: {team: dba}}]\n";

fn told_by_punctual(smtp: &SmtpServer, sink: &WebhookSink, alerting: &str) -> String {
    format!(
        "smtp: {{host: localhost, port: {}, tls: starttls, from: punctual@example.org, username: punctual, password_file: mail-password}}\n\
         {alerting}\n\
         receivers:\n\
         - {{name: ops, email: {{to: [ops@example.org]}}, group_wait: 0s}}\n\
         - {{name: hook, webhook: {{url: \"{}\"}}, group_wait: 0s}}\n\
         default_receivers: [ops, hook]\n\
         {CHECK}",
        smtp.port(),
        sink.url(),
    )
}

fn push_to(alertmanager: &Alertmanager) -> String {
    format!("alerting: {{alertmanagers: [{{url: \"{}\"}}]}}", alertmanager.url())
}

fn late_alert(alerts: &[Value]) -> Option<Value> {
    alerts.iter().find(|alert| alert["labels"]["alertname"] == "PunctualCheckLate").cloned()
}

fn statuses(received: &[Received]) -> Vec<String> {
    received.iter().map(|request| request.json()["status"].as_str().unwrap().to_owned()).collect()
}

fn shipped_rules() -> [PathBuf; 2] {
    let alerts = Path::new(env!("CARGO_MANIFEST_DIR")).join("alerts");
    [alerts.join("punctual-self.rules.yaml"), alerts.join("punctual-checks.rules.yaml")]
}

fn start(config: &str, smtp: &SmtpServer) -> Punctual {
    let mut punctual = Punctual::new(config).trusting(smtp.authority());
    std::fs::write(punctual.folder().join("mail-password"), "secret\n").unwrap();
    punctual.start_again();
    punctual
}

/// How Alertmanager hears.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Push,
    Rule,
}

/// All parts: punctual, Prometheus with the shipped rules, Alertmanager, a mail server and a webhook. A check goes late and
/// recovers: each of them says so once, in order.
fn check_main_job(by: By) {
    let (smtp, sink, alertmanager) = (
        SmtpServer::start(Tls::Starttls, Some("punctual:secret")),
        WebhookSink::start(),
        Alertmanager::start(None),
    );
    // Who hears by both is told twice: check-config warns of it.
    let (alerting, told_by_rules) = match by {
        By::Push => (push_to(&alertmanager), vec![]),
        By::Rule => (String::new(), vec![alertmanager.port()]),
    };
    let punctual = start(&told_by_punctual(&smtp, &sink, &alerting), &smtp);
    let rules = shipped_rules();
    let rule_files: Vec<&Path> = rules.iter().map(PathBuf::as_path).collect();
    let prometheus = Prometheus::start(&Setup {
        scrape: &[punctual.port()],
        rule_files: &rule_files,
        alertmanagers: &told_by_rules,
        ..Setup::default()
    });
    punctual.ping("job");

    let seen = prometheus.wait_for_series("punctual_check_late{check=\"job\"} == 1");
    assert_eq!(seen[0].labels["team"], "dba");
    let alert = alertmanager.wait_for_alerts("the alert", late_alert);
    assert_eq!((&alert["labels"]["check"], &alert["labels"]["team"]), (&json!("job"), &json!("dba")));
    match by {
        By::Push => assert_eq!(alert["annotations"]["reason"], "missing"),
        By::Rule => assert_eq!(alert["labels"]["severity"], "warning"),
    }
    let late = smtp.mails.wait_for_count("the mail", PATIENCE, 1);
    assert_eq!(late[0].header("subject"), "[LATE] Nightly backup");
    let posted = sink.received.wait_for_count("the webhook", PATIENCE, 1);
    assert_eq!((late.len(), posted.len()), (1, 1), "once");

    punctual.ping("job");
    let mails = smtp.mails.wait_for_count("the mail of the recovery", PATIENCE, 2);
    let posted = sink.received.wait_for_count("the recovery", PATIENCE, 2);
    alertmanager.wait_for_alerts("the end of the alert", |alerts| {
        punctual.ping("job");
        late_alert(alerts).is_none().then_some(())
    });
    assert_eq!(mails[1].header("in-reply-to"), late[0].header("message-id"));
    assert_eq!(mails[1].header("subject"), "[RECOVERED] Nightly backup");
    assert_eq!(statuses(&posted[..2]), ["firing", "resolved"]);
}

/// 12.1, 12.5, 12.6, 13.1, 13.2
#[test]
fn a_late_check_is_pushed_mailed_and_posted_once_and_resolves_in_order() {
    check_main_job(By::Push);
}

/// 12.1, 12.5, 12.6
#[test]
fn a_late_check_is_told_by_the_shipped_rules_mailed_and_posted_once_and_resolves_in_order() {
    check_main_job(By::Rule);
}

/// 13.1: every minute, all that fires is pushed again.
#[test]
fn a_restarted_alertmanager_has_its_alerts_back_within_a_minute() {
    let mut alertmanager = Alertmanager::start(None);
    let punctual = Punctual::start(&format!("{}\n{CHECK}", push_to(&alertmanager)));
    alertmanager.wait_for_alerts("the pushed alert", late_alert);
    alertmanager.start_again();
    wait_until("the alert after the restart", MINUTE, || late_alert(&alertmanager.alerts()).is_some());
    drop(punctual);
}

/// 12.4, 12.7: what could not be sent is sent by the next server, once.
#[test]
fn a_mail_outlives_a_mail_server_and_a_restart_and_comes_once() {
    let (mut smtp, sink) = (SmtpServer::start(Tls::Starttls, Some("punctual:secret")), WebhookSink::start());
    smtp.stop();
    let mut punctual = start(&told_by_punctual(&smtp, &sink, ""), &smtp);
    sink.received.wait_for_count("the webhook, which does not wait for mail", PATIENCE, 1);
    wait_until("a failed attempt", PATIENCE, || {
        punctual.get("/metrics").text().lines().any(|line| {
            line.starts_with("punctual_deliveries_failed_total{receiver=\"ops\"}") && !line.ends_with(" 0")
        })
    });
    punctual.restart();
    smtp.start_again();
    let late = smtp.mails.wait_for_count("the mail", PATIENCE, 1).remove(0);
    assert_eq!(late.header("subject"), "[LATE] Nightly backup");
    punctual.ping("job");
    let mails = smtp.mails.wait_for_count("the mail of the recovery", PATIENCE, 2);
    assert_eq!(mails[1].header("in-reply-to"), late.header("message-id"), "the late mail came once");
}
