//! Mail, as a real SMTP server takes it and a mail program reads it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::Duration;

use chrono::DateTime;
use punctual::core::check::Name;
use punctual::core::notice::Notice;
use punctual::core::outbox::{Attempt, DeliveryKind};
use punctual::core::secret::Secret;
use punctual::core::time::{Span, Time};
use punctual::notify::{BasicAuth, Email, Receiver, ReceiverKind, Smtp, SmtpTls, TlsConfig};
use punctual::notify::{Notification, PingUrls, Transport, sample};

use crate::support::assert_taken;
use crate::support::http::runtime;
use crate::support::process::PATIENCE;
use crate::support::smtp::{Mail, SmtpServer, Tls};

const PASSWORD: &str = "correct horse";

fn now() -> Time {
    Time::from_secs(1_774_830_840)
}

/// The settings that fit a server, as a user would write them.
fn settings(server: &SmtpServer, tls: SmtpTls) -> Smtp {
    let authority = std::fs::read_to_string(server.authority()).unwrap();
    Smtp {
        host: "localhost".to_owned(),
        port: server.port(),
        tls,
        tls_config: TlsConfig { ca_pem: Some(authority), ..TlsConfig::default() },
        login: None,
        from: "Pünktlich <punctual@example.org>".to_owned(),
        hello: "punctual.example.org".to_owned(),
    }
}

/// A server without TLS, login or anything.
pub(crate) fn plain(host: &str, port: u16) -> Smtp {
    Smtp {
        host: host.to_owned(),
        port,
        tls: SmtpTls::None,
        tls_config: TlsConfig::default(),
        login: None,
        from: "punctual@example.org".to_owned(),
        hello: "punctual.example.org".to_owned(),
    }
}

fn login(password: &str) -> Option<BasicAuth> {
    Some(BasicAuth { username: "punctual".to_owned(), password: Secret::new(password) })
}

fn transport(smtp: &Smtp, to: &[&str], timeout: Span) -> Transport {
    let to = to.iter().map(|to| (*to).to_owned()).collect();
    let receiver = Receiver {
        name: "ops-mail".into(),
        kind: ReceiverKind::Email(Email { to, ..Email::default() }),
        ack_links: true,
    };
    Transport::new(&receiver, Some(smtp), timeout, &PingUrls::default()).unwrap()
}

fn send_all(transport: &Transport, key: &str, notices: &[Notice]) -> Attempt {
    let external_url = "https://punctual.example.org";
    let notification =
        Notification { key, receiver: "ops-mail", notices, external_url, ack_url: None, now: now() };
    runtime().block_on(transport.send(&notification))
}

fn send(transport: &Transport, key: &str, notice: &Notice) -> Attempt {
    send_all(transport, key, std::slice::from_ref(notice))
}

/// Sends one message to `ops@example.org` with these settings.
fn attempt(smtp: &Smtp) -> Attempt {
    let transport = transport(smtp, &["ops@example.org"], Span::secs(30));
    send(&transport, "m1", &sample::alert(now()))
}

fn received(server: &SmtpServer, count: usize) -> Vec<Mail> {
    let mails = server.mails.wait_for_count("mails", PATIENCE, count);
    assert_eq!(mails.len(), count);
    mails
}

#[track_caller]
fn assert_misdirected(attempt: &Attempt, reason: &str) {
    match attempt {
        Attempt::Misdirected { why } if why.contains(reason) => {
            assert!(!why.contains(PASSWORD), "{why}");
        }
        other => panic!("not refused whatever it says because of {reason}: {other:?}"),
    }
}

fn assert_later(attempt: &Attempt, reason: &str) {
    match attempt {
        Attempt::Later { after: None, why } if why.contains(reason) => {
            assert!(!why.contains(PASSWORD), "{why}");
        }
        other => panic!("not later because of {reason}: {other:?}"),
    }
}

#[test]
fn a_mail_goes_over_starttls_with_a_login() {
    let server = SmtpServer::start(Tls::Starttls, Some("punctual:correct horse"));
    let smtp = Smtp { login: login(PASSWORD), ..settings(&server, SmtpTls::Starttls) };
    let transport = transport(&smtp, &["Ops Ünit <ops@example.org>", "boss@example.com"], Span::secs(30));
    assert_taken(&send(&transport, "m1", &sample::alert(now())));

    let mail = received(&server, 1).remove(0);
    assert!(mail.tls);
    assert_eq!(mail.login.as_deref(), Some("punctual"));
    assert_eq!(mail.from, "punctual@example.org");
    assert_eq!(mail.to, ["ops@example.org", "boss@example.com"]);
    assert_eq!(mail.header("from"), "Pünktlich <punctual@example.org>");
    assert_eq!(mail.header("to"), "Ops Ünit <ops@example.org>, boss@example.com");
    assert_eq!(mail.header("subject"), "[LATE] Test message, nothing is wrong");
    assert_eq!(mail.header("message-id"), "<m1@example.org>");
    assert_eq!(mail.header("auto-submitted"), "auto-generated");
    assert_eq!(mail.header("list-id"), "punctual <ops-mail.punctual.example.org>");
    let date = DateTime::parse_from_rfc2822(mail.header("date")).unwrap();
    assert_eq!(date.timestamp_millis(), now().as_ms());
    assert!(!mail.has_header("in-reply-to"));
    let text = mail.text.unwrap();
    assert!(text.starts_with("LATE (missing) since 00:30 UTC, 4 min ago\n"), "{text}");
    assert!(mail.html.unwrap().contains("LATE (missing) since 00:30 UTC, 4 min ago"));
}

#[test]
fn a_mail_goes_over_implicit_tls() {
    let server = SmtpServer::start(Tls::Implicit, Some("punctual:correct horse"));
    let smtp = Smtp { login: login(PASSWORD), ..settings(&server, SmtpTls::Implicit) };
    assert_taken(&attempt(&smtp));
    assert!(received(&server, 1)[0].tls);
}

#[test]
fn a_mail_goes_plainly_where_that_is_asked_for() {
    let server = SmtpServer::start(Tls::None, None);
    assert_taken(&attempt(&settings(&server, SmtpTls::None)));
    assert!(!received(&server, 1)[0].tls);
}

#[test]
fn starttls_that_is_not_offered_is_never_done_without() {
    let server = SmtpServer::start(Tls::None, None);
    assert_later(&attempt(&settings(&server, SmtpTls::Starttls)), "STARTTLS is not supported");
    assert!(server.mails.all().is_empty());
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_believed() {
    let server = SmtpServer::start(Tls::Starttls, None);
    let other = SmtpServer::start(Tls::Starttls, None);
    let strange = settings(&other, SmtpTls::Starttls).tls_config;
    let smtp = Smtp { tls_config: strange, ..settings(&server, SmtpTls::Starttls) };
    assert_later(&attempt(&smtp), "certificate");

    let insecure_skip_verify = true;
    let tls_config = TlsConfig { insecure_skip_verify, ..TlsConfig::default() };
    assert_taken(&attempt(&Smtp { tls_config, ..smtp }));
}

/// Somebody may mend the password before the message is given up.
#[test]
fn a_wrong_password_is_tried_again_later_and_not_shown() {
    let server = SmtpServer::start(Tls::Starttls, Some("punctual:mended"));
    let wrong = Smtp { login: login(PASSWORD), ..settings(&server, SmtpTls::Starttls) };
    assert_misdirected(&attempt(&wrong), "535");
    assert_misdirected(&attempt(&Smtp { login: None, ..wrong.clone() }), "530");
    assert_taken(&attempt(&Smtp { login: login("mended"), ..wrong }));
}

#[test]
fn a_server_that_hangs_costs_no_more_than_the_time_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let smtp = plain("127.0.0.1", listener.local_addr().unwrap().port());
    let transport = transport(&smtp, &["ops@example.org"], Span::ms(200));
    // It takes connections, in the backlog, and says nothing.
    assert_later(&send(&transport, "m1", &sample::alert(now())), "no answer within 200ms");
    // It greets, and then says nothing.
    let greeting = std::thread::spawn(move || {
        let (_first, _) = listener.accept().unwrap();
        let (mut second, _) = listener.accept().unwrap();
        second.write_all(b"220 hello\r\n").unwrap();
        // Until the client gives up.
        let _ = std::io::copy(&mut second, &mut std::io::sink());
    });
    assert_later(&send(&transport, "m1", &sample::alert(now())), "no answer within 200ms");
    greeting.join().unwrap();
}

/// A mail of which the server says late that it took it must not be sent again.
#[test]
fn a_server_may_think_longer_about_a_mail_it_has() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let smtp = plain("127.0.0.1", listener.local_addr().unwrap().port());
    let thinking = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        stream.write_all(b"220 hello\r\n").unwrap();
        for answer in ["250 hello", "250 sender", "250 recipient", "354 go on"] {
            lines.next().unwrap();
            stream.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
        }
        assert!(lines.any(|line| line == "."));
        // Longer than the time-out: nothing else shows that it is not what ends the wait.
        std::thread::sleep(Duration::from_millis(1500));
        stream.write_all(b"250 taken\r\n").unwrap();
    });
    let transport = transport(&smtp, &["ops@example.org"], Span::secs(1));
    assert_taken(&send(&transport, "m1", &sample::alert(now())));
    thinking.join().unwrap();
}

#[test]
fn a_server_that_is_away_gets_the_mail_when_it_is_back() {
    let mut server = SmtpServer::start(Tls::None, None);
    let smtp = settings(&server, SmtpTls::None);
    server.stop();
    assert_later(&attempt(&smtp), "refused");
    server.start_refusing("451 4.3.0 try later");
    assert_later(&attempt(&smtp), "451");
    server.start_refusing("554 5.7.1 spam");
    let attempted = attempt(&smtp);
    assert!(matches!(&attempted, Attempt::Never { why } if why.contains("554")), "{attempted:?}");
    server.start_again();
    assert_taken(&attempt(&smtp));
    // Every attempt bears the same id, so that a mail program can tell repeats.
    assert_eq!(received(&server, 1)[0].header("message-id"), "<m1@example.org>");
    let smtp = Smtp { host: "nowhere.invalid".to_owned(), ..smtp };
    assert_later(&attempt(&smtp), "nowhere.invalid");
}

#[test]
fn a_dead_mailbox_keeps_the_mail_from_nobody_else() {
    let server = SmtpServer::start(Tls::None, None);
    let smtp = settings(&server, SmtpTls::None);
    let to = |to: &[&str]| send(&transport(&smtp, to, Span::secs(30)), "m1", &sample::alert(now()));
    assert_taken(&to(&["gone@example.org", "ops@example.org"]));
    assert_eq!(received(&server, 1)[0].to, ["ops@example.org"]);
    let nobody = to(&["gone@example.org", "gone2@example.org"]);
    assert!(matches!(&nobody, Attempt::Misdirected { why } if why.contains("no such mailbox")), "{nobody:?}");
}

/// At least once for each recipient, and as long as the process remembers, not more.
#[test]
fn a_full_mailbox_is_tried_again_without_telling_the_others_again() {
    let server = SmtpServer::start(Tls::None, None);
    let smtp = settings(&server, SmtpTls::None);
    let transport = transport(&smtp, &["ops@example.org", "full@example.org"], Span::secs(30));
    let alert = sample::alert(now());
    assert_later(&send(&transport, "m1", &alert), "full@example.org");
    assert_later(&send(&transport, "m1", &alert), "full@example.org");
    assert_later(&send(&transport, "m2", &alert), "full@example.org");
    // Messages take turns.
    assert_later(&send(&transport, "m1", &alert), "full@example.org");
    assert_later(&send(&transport, "m2", &alert), "full@example.org");
    let ids: Vec<String> =
        received(&server, 2).iter().map(|mail| mail.header("message-id").to_owned()).collect();
    assert_eq!(ids, ["<m1@example.org>", "<m2@example.org>"]);
}

/// Checks that mail their own addresses share a transport: each message goes to those that came with it.
#[test]
fn a_check_is_mailed_to_the_addresses_that_come_with_its_notice() {
    let server = SmtpServer::start(Tls::None, None);
    let of_checks = Transport::of_checks(
        &settings(&server, SmtpTls::None),
        |_| None,
        Span::secs(30),
        &PingUrls::default(),
    )
    .unwrap();
    let to = |key: &str, emails: &[&str]| {
        let emails = emails.iter().map(|email| (*email).to_owned()).collect();
        send(&of_checks, key, &Notice { emails, ..sample::alert(now()) })
    };
    assert_later(&to("m1", &["ada@example.org", "full@example.org"]), "full@example.org");
    assert_taken(&to("m2", &["no address", "Bob <bob@example.org>"]));
    assert_later(&to("m1", &["ada@example.org", "full@example.org"]), "full@example.org");
    let mails = received(&server, 2);
    assert_eq!(
        (&mails[0].to[..], &mails[1].to[..]),
        (&["ada@example.org".to_owned()][..], &["bob@example.org".to_owned()][..])
    );
    for nobody in [&[][..], &["a@example.org\nBcc: b@example.org"]] {
        let attempt = to("m3", nobody);
        assert!(
            matches!(&attempt, Attempt::Never { why } if why.contains("none of its addresses")),
            "{attempt:?}"
        );
    }
}

/// Who has the mail hears of reminders and of its end only if it counts as taken.
#[test]
fn a_recipient_that_refuses_at_last_does_not_undo_what_others_took() {
    let mut server = SmtpServer::start(Tls::None, None);
    let smtp = settings(&server, SmtpTls::None);
    let transport = transport(&smtp, &["ops@example.org", "full@example.org"], Span::secs(30));
    let alert = sample::alert(now());
    assert_later(&send(&transport, "m1", &alert), "full@example.org");
    server.start_refusing("550 5.1.1 no such mailbox");
    assert_taken(&send(&transport, "m1", &alert));
    // Nobody took this one.
    let nobody = send(&transport, "m2", &alert);
    assert!(matches!(&nobody, Attempt::Never { .. }), "{nobody:?}");
}

/// Case 12: a recovery says so where people look first, and the thread is held by its headers.
#[test]
fn a_mail_program_shows_one_thread() {
    let server = SmtpServer::start(Tls::None, None);
    let smtp = settings(&server, SmtpTls::None);
    let transport = transport(&smtp, &["ops@example.org"], Span::secs(30));
    let thread = Some("m1".to_owned());
    let alert = sample::alert(now());
    let reminder = Notice { kind: DeliveryKind::Reminder, thread: thread.clone(), ..alert.clone() };
    let recovery = sample::recovery(now(), thread);
    for (key, notice) in [("m1", &alert), ("m2", &reminder), ("m3", &recovery)] {
        assert_taken(&send(&transport, key, notice));
    }
    let [first, second, third] = &received(&server, 3)[..] else { panic!("three mails") };
    let id = first.header("message-id");
    for reply in [second, third] {
        assert_eq!(reply.header("in-reply-to"), id);
        assert_eq!(reply.header("references"), id);
        assert_ne!(reply.header("message-id"), id);
    }
    let subjects = [first, second, third].map(|mail| mail.header("subject").to_owned());
    let [late, recovered] =
        ["LATE", "RECOVERED"].map(|word| format!("[{word}] Test message, nothing is wrong"));
    assert_eq!(subjects, [late.clone(), late, recovered]);
}

#[test]
fn a_digest_refers_to_the_threads_that_it_ends() {
    let server = SmtpServer::start(Tls::None, None);
    let transport = transport(&settings(&server, SmtpTls::None), &["ops@example.org"], Span::secs(30));
    let over = |i: usize| Notice {
        check: Name::parse(&format!("job-{i}")).unwrap(),
        title: "長".repeat(200),
        // Several checks of one thread: they were one digest when they were late.
        ..sample::recovery(now(), Some(format!("m{}", i / 4)))
    };
    let notices: Vec<Notice> = (40..296).map(over).collect();
    assert_taken(&send_all(&transport, "digest", &notices));
    let mail = received(&server, 1).remove(0);
    let references: Vec<&str> = mail.header("references").split_whitespace().collect();
    assert_eq!(references[..2], ["<m10@example.org>", "<m11@example.org>"]);
    assert_eq!(references.len(), 20, "a header has its limits");
    assert_eq!(mail.header("in-reply-to"), references[0]);
    assert!(mail.raw.lines().all(|line| line.len() <= 998), "RFC 5322 §2.1.1");
}

#[test]
fn titles_of_any_script_arrive_as_they_are() {
    let server = SmtpServer::start(Tls::None, None);
    let transport = transport(&settings(&server, SmtpTls::None), &["ops@example.org"], Span::secs(30));
    let titles = [
        "Größe – prüfen",
        "夜間バックアップ",
        "النسخ الاحتياطي الليلي",
        "Ночная резервная копия",
        "🚀 deploy",
    ];
    for (i, title) in titles.iter().enumerate() {
        let notice = Notice { title: (*title).to_owned(), ..sample::alert(now()) };
        assert_taken(&send(&transport, &format!("m{i}"), &notice));
    }
    for (mail, title) in received(&server, titles.len()).iter().zip(titles) {
        assert_eq!(mail.header("subject"), format!("[LATE] {title}"));
        assert!(mail.html.as_ref().unwrap().contains(title), "{title}");
        assert!(mail.raw.is_ascii(), "every server can carry it");
    }
}

#[test]
fn no_word_of_a_stranger_becomes_a_header() {
    let server = SmtpServer::start(Tls::None, None);
    let transport = transport(&settings(&server, SmtpTls::None), &["ops@example.org"], Span::secs(30));
    let evil = "x\r\nBcc: evil@example.org\r\n\r\n<script>\u{2028}\u{85}\0é";
    let notice = Notice {
        title: evil.to_owned(),
        description: evil.to_owned(),
        last_log: Some((now(), evil.to_owned())),
        thread: Some(evil.to_owned()),
        ..sample::alert(now())
    };
    let notification = Notification {
        key: evil,
        receiver: evil,
        notices: &[notice],
        external_url: "https://punctual.example.org",
        ack_url: Some("https://punctual.example.org/ack/x.1.y"),
        now: now(),
    };
    assert_taken(&runtime().block_on(transport.send(&notification)));
    let mail = received(&server, 1).remove(0);
    assert_eq!(mail.to, ["ops@example.org"]);
    assert!(!mail.has_header("bcc"));
    assert_eq!(mail.header("subject"), "[LATE] x Bcc: evil@example.org <script> é");
    assert!(mail.header("in-reply-to").ends_with("@example.org>"));
    assert!(mail.html.unwrap().contains("&lt;script&gt;"));
}
