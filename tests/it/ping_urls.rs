//! A chat's preview follows the URLs of a message: none that pings through another system's interface may stand in one.

use punctual::compat::{DOORS, mail, ping_urls};
use punctual::core::check::Origin;
use punctual::core::incident::IncidentKey;
use punctual::core::notice::{AliasNotice, LastRun, Notice};
use punctual::core::outbox::Attempt;
use punctual::core::secret::Secret;
use punctual::core::time::{Span, Time};
use punctual::notify::{Email, HttpConfig, Receiver, ReceiverKind, Webhook, WebhookFormat};
use punctual::notify::{Notification, PingUrls, Transport, sample};

use crate::mail::plain;
use crate::support::assert_taken;
use crate::support::http::runtime;
use crate::support::process::PATIENCE;
use crate::support::sink::WebhookSink;
use crate::support::smtp::{SmtpServer, Tls};

/// A template that prints all that a template may.
const ALL: &str = "{\"all\": {{ [checks, alerts, commonLabels, commonAnnotations, subject, text] }}}";

fn now() -> Time {
    Time::from_secs(1_774_830_840)
}

/// A notice that has a ping URL in each field that strangers write.
fn hostile(origin: &str, path: &str) -> Notice {
    // Invisible characters in it are not sent, and so do not hide it.
    let url = |field: &str| format!("see HTTPS://h.example.org/x{}?{field}", path.replace('/', "/\u{200b}"));
    let at = |field: &str| (now(), url(field));
    let alert = sample::alert(now());
    let run = alert.last_run.clone().map(|run| LastRun {
        comment: Some(url("comment")),
        source: url("source"),
        ..run
    });
    Notice {
        key: IncidentKey::parse(&url("key")).unwrap(),
        title: url("title"),
        group: url("group"),
        labels: vec![("severity".to_owned(), url("severity")), ("team".to_owned(), url("team"))],
        description: format!("one\n{}\ntwo", url("description")),
        runbook_url: url("runbook").replace("see ", "").replace('\u{200b}', ""),
        schedule: url("schedule"),
        last_run: run,
        last_log: Some(at("log")),
        output: Some((now(), format!("{}\n{}", url("output"), url("again")))),
        declared: url("declared"),
        responder: Some(1),
        asked_by: url("asked_by"),
        emails: vec!["ops@example.org".to_owned()],
        alias: Some(AliasNotice {
            origin: Origin::new(origin),
            id: "abcdefgh".to_owned(),
            deadline: None,
            events: vec![at("event")],
        }),
        ..alert
    }
}

fn send(transport: &Transport, notice: &Notice) -> Attempt {
    let external_url = "https://punctual.example.org";
    let notices = std::slice::from_ref(notice);
    let notification = Notification { key: "m1", receiver: "chat", notices, external_url, now: now() };
    runtime().block_on(transport.send(&notification))
}

fn chat(sink: &WebhookSink, format: WebhookFormat, hidden: &PingUrls) -> Transport {
    let url = Secret::new(sink.url());
    let webhook = Webhook { url, format, max_checks: None, http: HttpConfig::default() };
    let receiver = Receiver { name: "chat".into(), kind: ReceiverKind::Webhook(Box::new(webhook)) };
    Transport::new(&receiver, None, Span::secs(30), hidden).unwrap()
}

fn by_mail() -> Receiver {
    let email = Email { to: vec!["ops@example.org".to_owned()] };
    Receiver { name: "chat".into(), kind: ReceiverKind::Email(email) }
}

#[test]
fn no_format_shows_a_url_that_pings_through_a_door_whichever_field_it_stands_in() {
    let sink = WebhookSink::start();
    let named = |name: &str| WebhookFormat::named(name).expect("the chat is known");
    let formats = [
        WebhookFormat::Alertmanager,
        named("slack"),
        named("teams"),
        named("discord"),
        named("ntfy"),
        WebhookFormat::Template(ALL.to_owned()),
    ];
    let mut count = 0;
    for door in DOORS {
        let (path, notice) = (door.ping_path(), hostile(door.name(), &door.ping_path()));
        for (hidden, is_shown) in [(PingUrls::default(), true), (ping_urls(), false)] {
            for format in &formats {
                assert_taken(&send(&chat(&sink, format.clone(), &hidden), &notice));
                count += 1;
                let sent = sink.received.wait_for_count("the message", PATIENCE, count).remove(count - 1);
                let body = String::from_utf8_lossy(&sent.body).replace('\u{200b}', "");
                assert_eq!(body.contains(&path), is_shown, "{format:?}: {body}");
                assert_eq!(body.contains("(a ping URL)"), !is_shown, "{format:?}: {body}");
            }
        }
    }
}

#[test]
fn no_mail_shows_one_either_in_whichever_words() {
    let server = SmtpServer::start(Tls::None, None);
    let smtp = plain("localhost", server.port());
    let mut count = 0;
    for door in DOORS {
        let (path, notice) = (door.ping_path(), hostile(door.name(), &door.ping_path()));
        for (hidden, is_shown) in [(PingUrls::default(), true), (ping_urls(), false)] {
            let ours = Transport::new(&by_mail(), Some(&smtp), Span::secs(30), &hidden).unwrap();
            let theirs = Transport::of_checks(&smtp, mail, Span::secs(30), &hidden).unwrap();
            for transport in [ours, theirs] {
                assert_taken(&send(&transport, &notice));
                count += 1;
                let sent = server.mails.wait_for_count("the mail", PATIENCE, count).remove(count - 1);
                let said = format!("{} {:?} {:?}", sent.header("subject"), sent.text, sent.html);
                assert_eq!(said.contains(&path), is_shown, "{said}");
            }
        }
    }
}

/// A receiver may repeat what it was sent, or say what it likes.
#[test]
fn a_receivers_answer_is_kept_without_them() {
    for door in DOORS {
        let mut server = SmtpServer::start(Tls::None, None);
        server.start_refusing(&format!("550 no: http://h.example.org{}x", door.ping_path()));
        let smtp = plain("localhost", server.port());
        let transport = Transport::new(&by_mail(), Some(&smtp), Span::secs(30), &ping_urls()).unwrap();
        let why = match send(&transport, &sample::alert(now())) {
            Attempt::Never { why } | Attempt::Misdirected { why } => why,
            other => panic!("{other:?}"),
        };
        assert!(why.contains("no: (a ping URL)") && !why.contains(&door.ping_path()), "{why}");
    }
}
