//! Webhooks, as a real server gets and answers them.

use std::io::{Read, Write};
use std::net::TcpListener;

use punctual::core::outbox::Attempt;
use punctual::core::secret::Secret;
use punctual::core::time::{Span, Time};
use punctual::notify::{
    Authorization, BasicAuth, HttpConfig, Receiver, ReceiverKind, Webhook, WebhookFormat,
};
use punctual::notify::{Notification, PingUrls, Transport, sample};

use crate::support::assert_taken;
use crate::support::http::runtime;
use crate::support::process::PATIENCE;
use crate::support::sink::{Answer, WebhookSink};

fn now() -> Time {
    Time::from_secs(1_774_830_840)
}

pub(crate) fn transport(url: &str, format: WebhookFormat, http: HttpConfig, timeout: Span) -> Transport {
    let webhook = Webhook { url: Secret::new(url), format, max_checks: None, http };
    let receiver =
        Receiver { name: "chat".into(), kind: ReceiverKind::Webhook(Box::new(webhook)), ack_links: true };
    Transport::new(&receiver, None, timeout, &PingUrls::default()).unwrap()
}

pub(crate) fn send(transport: &Transport) -> Attempt {
    let notices = [sample::alert(now())];
    let external_url = "https://punctual.example.org";
    let notification = Notification {
        key: "m1",
        receiver: "chat",
        notices: &notices,
        external_url,
        ack_url: None,
        now: now(),
    };
    runtime().block_on(transport.send(&notification))
}

/// One attempt in Alertmanager's format that may take so long.
fn attempt_within(url: &str, timeout: Span) -> Attempt {
    send(&transport(url, WebhookFormat::Alertmanager, HttpConfig::default(), timeout))
}

fn chat(name: &str) -> WebhookFormat {
    WebhookFormat::named(name).expect("the chat is known")
}

fn attempt(url: &str) -> Attempt {
    attempt_within(url, Span::secs(30))
}

#[test]
fn every_format_is_posted_as_json_with_the_messages_key() {
    let sink = WebhookSink::start();
    let template = WebhookFormat::Template("{\"text\": {{ headline }}}".to_owned());
    let formats = [
        (WebhookFormat::Alertmanager, "version"),
        (chat("slack"), "blocks"),
        (chat("teams"), "attachments"),
        (chat("discord"), "embeds"),
        (chat("ntfy"), "topic"),
        (template, "text"),
    ];
    for (format, _) in &formats {
        let transport = transport(&sink.url(), format.clone(), HttpConfig::default(), Span::secs(30));
        assert_taken(&send(&transport));
    }
    let received = sink.received.wait_for_count("all formats", PATIENCE, formats.len());
    for (request, (format, member)) in received.iter().zip(&formats) {
        assert_eq!(request.method, "POST");
        // ntfy publishes JSON at its root.
        let path = if *format == chat("ntfy") { "/" } else { "/hook" };
        assert_eq!(request.path, path);
        assert_eq!(request.header("content-type"), "application/json");
        assert_eq!(request.header("idempotency-key"), "m1");
        assert!(request.header("user-agent").starts_with("punctual/"));
        assert!(request.json().get(member).is_some(), "{format:?}: {:#}", request.json());
    }
    assert_eq!(received[4].json()["topic"], "hook");
}

#[test]
fn an_answer_decides_between_taken_later_and_never() {
    let sink = WebhookSink::start();
    let answered = |answer: Answer| {
        sink.answer_with(answer);
        attempt(&sink.url())
    };
    assert_taken(&answered(Answer::Status(204)));
    for status in [400, 410, 413] {
        let attempt = answered(Answer::Status(status));
        assert!(matches!(attempt, Attempt::Never { .. }), "{attempt:?}");
    }
    for status in [401, 403, 404, 407] {
        let attempt = answered(Answer::Status(status));
        assert!(matches!(attempt, Attempt::Misdirected { .. }), "{attempt:?}");
    }
    for status in [408, 425, 500, 503] {
        let attempt = answered(Answer::Status(status));
        assert!(matches!(attempt, Attempt::Later { after: None, .. }), "{attempt:?}");
    }
    let attempt = answered(Answer::RetryAfter(429, 7));
    assert!(
        matches!(attempt, Attempt::Later { after: Some(after), .. } if after == Span::secs(7)),
        "{attempt:?}"
    );
    let attempt = answered(Answer::RetryAfter(503, 1_000_000));
    assert!(
        matches!(attempt, Attempt::Later { after: Some(after), .. } if after == Span::mins(60)),
        "nobody silences us for days: {attempt:?}"
    );
    assert!(matches!(answered(Answer::Close), Attempt::Later { after: None, .. }));
}

#[test]
fn a_redirect_is_not_followed() {
    let (sink, other) = (WebhookSink::start(), WebhookSink::start());
    sink.answer_with(Answer::Redirect(other.url()));
    let attempt = attempt(&sink.url());
    assert!(matches!(&attempt, Attempt::Later { why, .. } if why.contains("not followed")), "{attempt:?}");
    assert!(other.received.all().is_empty());
}

#[test]
fn a_receiver_that_hangs_costs_no_more_than_the_time_out() {
    let sink = WebhookSink::start();
    sink.answer_with(Answer::Hang);
    let attempt = attempt_within(&sink.url(), Span::ms(200));
    assert!(
        matches!(&attempt, Attempt::Later { why, .. } if why.contains("no answer within 200ms")),
        "{attempt:?}"
    );
}

#[test]
fn an_answer_without_end_is_read_to_a_bound() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let endless = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 4]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nbad\0 field ").unwrap();
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let attempt = attempt(&url);
    endless.join().unwrap();
    let Attempt::Never { why } = attempt else { panic!("{attempt:?}") };
    assert!(why.contains("400 Bad Request: bad field xxx"), "{why}");
    assert!(why.len() <= Attempt::MAX_ANSWER_BYTES, "{} bytes", why.len());
}

/// Reads a request's head, answers this, and says nothing more, without closing.
fn answer_and_hold(answer: &'static [u8]) -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let holding = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 4]).unwrap();
        stream.write_all(answer).unwrap();
        // Until the client has had enough.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    (url, holding)
}

/// Told again and again otherwise: the status is the answer.
#[test]
fn a_receiver_that_took_it_and_leaves_its_answer_open_is_told_once() {
    let (url, holding) = answer_and_hold(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n");
    assert_taken(&attempt_within(&url, Span::secs(30)));
    holding.join().unwrap();
}

#[test]
fn a_refusal_counts_also_if_its_reason_never_ends() {
    let (url, holding) = answer_and_hold(b"HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nno");
    let attempt = attempt_within(&url, Span::secs(30));
    assert!(matches!(&attempt, Attempt::Misdirected { why } if why.contains("404")), "{attempt:?}");
    holding.join().unwrap();
}

#[test]
fn secrets_stand_in_no_error() {
    let sink = WebhookSink::start();
    let secret = format!("http://user:hunter2000@127.0.0.1:{}/T0/s3cret-path?token=t0ken-value", sink.port());
    let http = HttpConfig {
        authorization: Some(Authorization {
            scheme: "Bearer".into(),
            credentials: Secret::new("b3arer-token"),
        }),
        ..HttpConfig::default()
    };
    let whys = [
        (Answer::Status(503), secret.clone()),
        (Answer::Status(404), secret.clone()),
        (Answer::Close, secret),
        (Answer::Status(200), "http://nowhere.invalid/s3cret-path".to_owned()),
        (Answer::Status(200), "https://127.0.0.1:1/s3cret-path".to_owned()),
        (Answer::Status(200), "s3cret-path".to_owned()),
    ]
    .map(|(answer, url)| {
        sink.answer_with(answer);
        let transport = transport(&url, chat("slack"), http.clone(), Span::secs(30));
        assert!(!format!("{transport:?}").contains("s3cret"), "{transport:?}");
        match send(&transport) {
            Attempt::Taken { .. } => panic!("{url}"),
            attempt => attempt.answer().to_owned(),
        }
    });
    for why in &whys {
        let shown =
            ["hunter2000", "s3cret-path", "t0ken-value", "b3arer-token"].iter().find(|s| why.contains(**s));
        assert_eq!(shown, None, "{why}");
    }
    assert!(whys[0].starts_with(&format!("http://127.0.0.1:{} answered 503", sink.port())), "{}", whys[0]);
    assert!(whys[3].starts_with("http://nowhere.invalid: "), "{}", whys[3]);
}

/// Also where it took the message: its answer is kept (11.3).
#[test]
fn a_server_that_repeats_secrets_is_not_quoted_with_them() {
    let Attempt::Misdirected { why } = answered_with_the_request("403 Forbidden") else {
        panic!("another end")
    };
    assert!(why.contains("403 Forbidden: POST /… HTTP/1.1") && why.contains("Bearer …"), "{why}");
    let Attempt::Taken { answer } = answered_with_the_request("202 Accepted") else { panic!("another end") };
    assert!(answer.starts_with("202 Accepted: POST /… HTTP/1.1") && answer.contains("Bearer …"), "{answer}");
    for secret in ["s3cret-path", "t0ken-value", "b3arer-token"] {
        assert!(!why.contains(secret) && !answer.contains(secret), "{why}\n{answer}");
    }
}

/// An attempt that is answered with this status, and the request itself as the body.
fn answered_with_the_request(status: &'static str) -> Attempt {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/T0/s3cret-path?token=t0ken-value", listener.local_addr().unwrap());
    let echo = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 2048];
        let mut length = 0;
        while !request[..length].windows(4).any(|end| end == b"\r\n\r\n") {
            length += stream.read(&mut request[length..]).unwrap();
        }
        stream.write_all(format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
        stream.write_all(&request[..length]).unwrap();
        // A close with the rest of the request unread would reset the connection and lose the answer.
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    });
    let credentials = Secret::new("b3arer-token");
    let authorization = Some(Authorization { scheme: "Bearer".to_owned(), credentials });
    let http = HttpConfig { authorization, ..HttpConfig::default() };
    let attempt = send(&transport(&url, chat("slack"), http, Span::secs(30)));
    echo.join().unwrap();
    attempt
}

#[test]
fn credentials_and_proxy_are_used_as_configured() {
    let sink = WebhookSink::start();
    let credentials = Secret::new("t0ken");
    let bearer = HttpConfig {
        authorization: Some(Authorization { scheme: "Bearer".to_owned(), credentials }),
        ..HttpConfig::default()
    };
    let basic = HttpConfig {
        basic_auth: Some(BasicAuth { username: "user".to_owned(), password: Secret::new("pass") }),
        ..HttpConfig::default()
    };
    let proxy = HttpConfig {
        proxy_url: Some(Secret::new(format!("http://127.0.0.1:{}", sink.port()))),
        ..bearer.clone()
    };
    for (http, url) in
        [(bearer, sink.url()), (basic, sink.url()), (proxy, "http://hooks.invalid/a".to_owned())]
    {
        let transport = transport(&url, WebhookFormat::Alertmanager, http, Span::secs(30));
        assert_taken(&send(&transport));
    }
    let received = sink.received.wait_for_count("three requests", PATIENCE, 3);
    assert_eq!(received[0].header("authorization"), "Bearer t0ken");
    assert_eq!(received[1].header("authorization"), "Basic dXNlcjpwYXNz");
    assert_eq!((received[2].header("host"), received[2].path.as_str()), ("hooks.invalid", "/a"));
}
