//! The parts themselves: what the other tests lean on does what they think it does.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls as ClientTls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use serde_json::json;

use crate::support::http;
use crate::support::process::{PATIENCE, run, tool, wait_until};
use crate::support::prometheus::{Alertmanager, Prometheus, Setup, promtool};
use crate::support::sink::{Answer, WebhookSink};
use crate::support::smtp::{SmtpServer, Tls};

fn send_mail(server: &SmtpServer, tls: Tls, login: Option<(&str, &str)>) -> Result<(), String> {
    http::client(); // installs the provider of TLS
    let authority = Certificate::from_pem(&std::fs::read(server.authority()).unwrap()).unwrap();
    let trusted =
        || TlsParameters::builder("localhost".into()).add_root_certificate(authority).build().unwrap();
    let mut transport = SmtpTransport::builder_dangerous("127.0.0.1").port(server.port()).tls(match tls {
        Tls::None => ClientTls::None,
        Tls::Starttls => ClientTls::Required(trusted()),
        Tls::Implicit => ClientTls::Wrapper(trusted()),
    });
    if let Some((user, password)) = login {
        transport = transport.credentials(Credentials::new(user.to_owned(), password.to_owned()));
    }
    let mail = Message::builder()
        .from("punctual@example.org".parse().unwrap())
        .to("Nächtlich <ops@example.org>".parse().unwrap())
        .subject("[LATE] Nächtliche Sicherung")
        .header(ContentType::TEXT_PLAIN)
        .body("spät\r\n.\r\nseit 02:30".to_owned())
        .unwrap();
    transport.build().send(&mail).map(drop).map_err(|error| format!("{error}: {error:?}"))
}

#[test]
fn a_mail_arrives_over_starttls_with_login() {
    let server = SmtpServer::start(Tls::Starttls, Some("punctual:secret"));
    send_mail(&server, Tls::Starttls, Some(("punctual", "secret"))).unwrap();
    let mail = server.mails.wait_for_count("a mail", PATIENCE, 1).remove(0);
    assert_eq!(mail.from, "punctual@example.org");
    assert_eq!(mail.to, ["ops@example.org"]);
    assert!(mail.tls);
    assert_eq!(mail.login.as_deref(), Some("punctual"));
    assert_eq!(mail.header("subject"), "[LATE] Nächtliche Sicherung");
    assert!(!mail.has_header("bcc"));
    assert_eq!(mail.text.as_deref().map(str::trim_end), Some("spät\n.\nseit 02:30"));
    assert_eq!(mail.html, None);
    assert!(mail.raw.contains("Subject: [LATE] =?utf-8?"), "{}", mail.raw);
}

#[test]
fn a_mail_arrives_over_implicit_tls_with_login() {
    let server = SmtpServer::start(Tls::Implicit, Some("punctual:secret"));
    send_mail(&server, Tls::Implicit, Some(("punctual", "secret"))).unwrap();
    let mail = server.mails.wait_for_count("a mail", PATIENCE, 1).remove(0);
    assert!(mail.tls);
    assert_eq!(mail.login.as_deref(), Some("punctual"));
}

#[test]
fn the_mail_server_insists_on_tls_and_login() {
    let server = SmtpServer::start(Tls::Starttls, Some("punctual:secret"));
    let refusal = |tls, login| send_mail(&server, tls, login).unwrap_err();
    assert!(refusal(Tls::None, None).contains("STARTTLS"), "{}", refusal(Tls::None, None));
    assert!(refusal(Tls::Starttls, None).contains("Authentication required"));
    assert!(
        refusal(Tls::Starttls, Some(("punctual", "wrong"))).contains("Authentication credentials invalid")
    );
    assert!(server.mails.all().is_empty());
}

#[test]
fn the_mail_server_refuses_stops_and_comes_back() {
    let mut server = SmtpServer::start(Tls::None, None);
    send_mail(&server, Tls::None, None).unwrap();
    server.start_refusing("451 4.3.0 try later");
    assert!(send_mail(&server, Tls::None, None).unwrap_err().contains("try later"));
    server.stop();
    assert!(send_mail(&server, Tls::None, None).unwrap_err().contains("refused"));
    server.start_again();
    send_mail(&server, Tls::None, None).unwrap();
    assert_eq!(server.mails.wait_for_count("two mails", PATIENCE, 2).len(), 2);
}

#[test]
fn alertmanager_lists_what_was_posted_and_tells_its_webhook() {
    let sink = WebhookSink::start();
    let mut alertmanager = Alertmanager::start(Some(&sink.url()));
    let alert = json!([{"labels": {"alertname": "PunctualCheckLate", "check": "nightly-backup"}}]);
    let answer = http::post_json(&format!("{}/api/v2/alerts", alertmanager.url()), &alert);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let check = alertmanager.wait_for_alerts("the alert", |alerts| {
        alerts.first().map(|alert| alert["labels"]["check"].as_str().unwrap().to_owned())
    });
    assert_eq!(check, "nightly-backup");
    let told = sink.received.wait_for_count("Alertmanager's webhook", PATIENCE, 1).remove(0);
    assert_eq!(told.json()["alerts"][0]["status"], "firing");

    let (is_good, said) =
        run(tool("amtool").args(["alert", "query", "--alertmanager.url", &alertmanager.url()]));
    assert!(is_good && said.contains("PunctualCheckLate"), "{said}");

    alertmanager.start_again();
    assert!(alertmanager.alerts().is_empty(), "it forgets its alerts when it restarts");
}

#[test]
fn prometheus_evaluates_a_rule_and_tells_alertmanager() {
    let alertmanager = Alertmanager::start(None);
    let folder = tempfile::TempDir::new().unwrap();
    let rules = folder.path().join("rules.yaml");
    let always = "groups: [{name: test, rules: [{alert: Always, expr: 'up{job=\"punctual\"} == 1'}]}]";
    std::fs::write(&rules, always).unwrap();
    let (is_good, said) = promtool(&["check", "rules", rules.to_str().unwrap()]);
    assert!(is_good && said.contains("1 rules found"), "{said}");

    // Alertmanager has metrics of its own: something to scrape.
    let ports = [alertmanager.port()];
    let prometheus = Prometheus::start(&Setup {
        scrape: &ports,
        rule_files: &[&rules],
        alertmanagers: &ports,
        ..Setup::default()
    });
    let samples = prometheus.wait_for_series("up{job=\"punctual\"} == 1");
    assert_eq!(samples[0].labels["job"], "punctual");
    assert!((samples[0].value - 1.0).abs() < f64::EPSILON);
    alertmanager.wait_for_alerts("the rule's alert", |alerts| {
        alerts.iter().any(|alert| alert["labels"]["alertname"] == "Always").then_some(())
    });
    assert_eq!(prometheus.alerts()[0]["state"], "firing");
}

#[test]
fn the_webhook_sink_answers_as_told() {
    let sink = WebhookSink::start();
    let answer = http::post(&sink.url(), "one");
    assert_eq!(answer.status, 200);
    sink.answer_with(Answer::RetryAfter(429, 7));
    let answer = http::send(http::client().post(sink.url()).header("x-key", "k").body("two"));
    assert_eq!((answer.status, answer.header("retry-after")), (429, "7"));
    sink.answer_with(Answer::Status(503));
    assert_eq!(http::post(&sink.url(), "three").status, 503);
    sink.answer_with(Answer::Close);
    http::try_send(http::client().post(sink.url()).body("four")).unwrap_err();
    sink.answer_with(Answer::Hang);
    let short = http::client().post(sink.url()).timeout(Duration::from_millis(50)).body("five");
    assert!(http::try_send(short).unwrap_err().is_timeout());

    let received = sink.received.wait_for_count("five requests", PATIENCE, 5);
    let bodies: Vec<&[u8]> = received.iter().map(|request| &request.body[..]).collect();
    assert_eq!(bodies, [&b"one"[..], b"two", b"three", b"four", b"five"]);
    assert_eq!((received[1].method.as_str(), received[1].path.as_str()), ("POST", "/hook"));
    assert_eq!(received[1].header("x-key"), "k");
}

#[test]
fn a_webhook_sink_that_is_gone_refuses_and_its_port_can_be_taken_again() {
    let sink = WebhookSink::start();
    let (port, url) = (sink.port(), sink.url());
    http::post(&url, "kept alive");
    drop(sink);
    wait_until("a refusal", PATIENCE, || http::try_get(&url).is_err());
    let sink = WebhookSink::start_at(port);
    assert_eq!(http::get(&url).status, 200);
    assert_eq!(sink.received.all().len(), 1);
    let answer = http::raw(port, b"not HTTP\r\n\r\n", PATIENCE);
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
}
