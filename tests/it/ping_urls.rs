//! A chat's preview follows the URLs of a message: none that pings may stand in one.

use punctual::compat::{DOORS, Door, mail, ping_urls};
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
use crate::support::logged::logged;
use crate::support::process::PATIENCE;
use crate::support::sink::WebhookSink;
use crate::support::smtp::{SmtpServer, Tls};

/// A template that prints all that a template may.
const ALL: &str = "{\"all\": {{ [checks, alerts, commonLabels, commonAnnotations, subject, text] }}}";

fn now() -> Time {
    Time::from_secs(1_774_830_840)
}

const EXTERNAL_URL: &str = "https://punctual.example.org/";

/// A URL in every field, and whether it may stand in a message.
struct Case {
    /// The door whose mails are written.
    door: &'static dyn Door,
    host: &'static str,
    path: String,
    hidden: PingUrls,
    is_shown: bool,
}

/// Each URL that pings, and those of doors where these are not known.
fn cases() -> Vec<Case> {
    let case =
        |door, host, path: &str, hidden, is_shown| Case { door, host, path: path.into(), hidden, is_shown };
    let of_door = |door: &&'static dyn Door| {
        let path = door.ping_path();
        [(PingUrls::default(), true), (ping_urls(), false)]
            .map(|(hidden, is_shown)| case(*door, "h.example.org/x", &path, hidden, is_shown))
    };
    let ours = case(DOORS[0], "h.example.org/x", "/ping/", ping_urls(), false);
    let id = |host, is_shown| case(DOORS[0], host, "/abcdefgh", ping_urls(), is_shown);
    let ids = [id("Punctual.example.org", false), id("another.example.org", true)];
    DOORS.iter().flat_map(of_door).chain([ours]).chain(ids).collect()
}

/// A notice that has the URL in each field that strangers write.
fn hostile(case: &Case) -> Notice {
    let origin = case.door.name();
    // Invisible characters in it are not sent, and so do not hide it.
    let path = case.path.replace('/', "/\u{200b}");
    let url = |field: &str| format!("see HTTPS://{}{path}?{field}", case.host);
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
        runbook_url: url("runbook").replace("see HTTPS", "https").replace('\u{200b}', ""),
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
    let notices = std::slice::from_ref(notice);
    let notification = Notification {
        key: "m1",
        receiver: "chat",
        notices,
        external_url: EXTERNAL_URL,
        ack_url: None,
        now: now(),
    };
    runtime().block_on(transport.send(&notification))
}

fn chat(sink: &WebhookSink, format: WebhookFormat, hidden: &PingUrls) -> Transport {
    let url = Secret::new(sink.url());
    let webhook = Webhook { url, format, max_checks: None, http: HttpConfig::default() };
    let receiver =
        Receiver { name: "chat".into(), kind: ReceiverKind::Webhook(Box::new(webhook)), ack_links: true };
    Transport::new(&receiver, None, Span::secs(30), hidden).unwrap()
}

fn by_mail() -> Receiver {
    let email = Email { to: vec!["ops@example.org".to_owned()], ..Email::default() };
    Receiver { name: "chat".into(), kind: ReceiverKind::Email(email), ack_links: true }
}

#[test]
fn no_format_shows_a_url_that_pings_whichever_field_it_stands_in() {
    let sink = WebhookSink::start();
    let others = [WebhookFormat::Alertmanager, WebhookFormat::Template(ALL.to_owned())];
    let formats: Vec<WebhookFormat> = WebhookFormat::chats().chain(others).collect();
    let mut count = 0;
    for case in cases() {
        let notice = hostile(&case);
        for format in &formats {
            assert_taken(&send(&chat(&sink, format.clone(), &case.hidden), &notice));
            count += 1;
            let sent = sink.received.wait_for_count("the message", PATIENCE, count).remove(count - 1);
            let body = String::from_utf8_lossy(&sent.body).replace('\u{200b}', "");
            assert_eq!(body.contains(&case.path), case.is_shown, "{format:?}: {body}");
            assert_eq!(body.contains("(a ping URL)"), !case.is_shown, "{format:?}: {body}");
        }
    }
}

#[test]
fn no_mail_shows_one_either_in_whichever_words() {
    let server = SmtpServer::start(Tls::None, None);
    let smtp = plain("localhost", server.port());
    let mut count = 0;
    for case in cases() {
        let ours = Transport::new(&by_mail(), Some(&smtp), Span::secs(30), &case.hidden).unwrap();
        let theirs = Transport::of_checks(&smtp, mail, Span::secs(30), &case.hidden).unwrap();
        for transport in [ours, theirs] {
            assert_taken(&send(&transport, &hostile(&case)));
            count += 1;
            let sent = server.mails.wait_for_count("the mail", PATIENCE, count).remove(count - 1);
            let said = format!("{} {:?} {:?}", sent.header("subject"), sent.text, sent.html);
            assert_eq!(said.contains(&case.path), case.is_shown, "{said}");
        }
    }
}

#[test]
fn what_is_logged_of_an_answer_is_without_them() {
    let mut server = SmtpServer::start(Tls::None, None);
    let smtp = plain("localhost", server.port());
    let email =
        Email { to: ["ops@example.org", "full@example.org"].map(str::to_owned).to_vec(), ..Email::default() };
    let receiver = Receiver { name: "chat".into(), kind: ReceiverKind::Email(email), ack_links: true };
    let transport = Transport::new(&receiver, Some(&smtp), Span::secs(30), &ping_urls()).unwrap();
    let alert = sample::alert(now());
    assert!(matches!(send(&transport, &alert), Attempt::Later { .. }));
    server.start_refusing("550 no: http://h.example.org/ping/x");
    let said = logged(|_| assert_taken(&send(&transport, &alert)));
    assert!(said.contains("reaches not all") && said.contains("no: (a ping URL)"), "{said}");
    assert!(!said.contains("/ping/"), "{said}");
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
