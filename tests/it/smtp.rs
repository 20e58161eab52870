//! What is said to a mail server word by word, and servers that no test should meet but in the wild.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use punctual::core::notice::Notice;
use punctual::core::outbox::Attempt;
use punctual::core::secret::Secret;
use punctual::core::time::{Span, Time};
use punctual::notify::{BasicAuth, Email, Receiver, ReceiverKind, Smtp, SmtpTls, TlsConfig};
use punctual::notify::{Notification, PingUrls, Transport, sample};

use crate::support::assert_taken;
use crate::support::http::runtime;

/// An answer without an end.
const ENDLESS: &str = "ENDLESS";

/// A server on loopback that answers each command by the first of the pairs that it begins with, and the greeting by that
/// of the empty text. Answers all that was said, and how many bytes of an endless answer went out.
struct Server {
    port: u16,
    served: JoinHandle<(Vec<String>, usize)>,
}

impl Server {
    fn start(connections: usize, answers: &'static [(&'static str, &'static str)]) -> Server {
        Server::of_each(vec![answers; connections])
    }

    /// With other answers at each connection.
    fn of_each(connections: Vec<&'static [(&'static str, &'static str)]>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = std::thread::spawn(move || {
            let (mut said, mut sent) = (Vec::new(), 0);
            for answers in connections {
                serve(listener.accept().unwrap().0, answers, &mut said, &mut sent);
            }
            (said, sent)
        });
        Server { port, served }
    }

    fn smtp(&self) -> Smtp {
        Smtp {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: SmtpTls::None,
            tls_config: TlsConfig::default(),
            login: None,
            from: "punctual@example.org".to_owned(),
            hello: "watch.example.org".to_owned(),
        }
    }

    fn end(self) -> (Vec<String>, usize) {
        self.served.join().unwrap()
    }
}

fn serve(mut stream: TcpStream, answers: &[(&str, &str)], said: &mut Vec<String>, sent: &mut usize) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut command = String::new();
    let mut is_data = false;
    loop {
        let usual = match command.as_str() {
            "" => "220 ready",
            "DATA" => "354 go on",
            _ => "250 fine",
        };
        let answer = answers.iter().find(|(start, _)| match *start {
            "" => command.is_empty(),
            start => command.starts_with(start),
        });
        let answer = answer.map_or(usual, |(_, answer)| answer);
        if answer == ENDLESS {
            let chunk = [b'x'; 65_536];
            while stream.write_all(&chunk).is_ok() {
                *sent += chunk.len();
            }
            return;
        }
        if !is_data && stream.write_all(format!("{answer}\r\n").as_bytes()).is_err() {
            return;
        }
        is_data |= command == "DATA" && answer.starts_with("354");
        let Some(Ok(line)) = lines.next() else { return };
        said.push(line.clone());
        if is_data && line == "." {
            is_data = false;
        }
        command = line;
    }
}

fn send(smtp: &Smtp, to: &[&str]) -> Attempt {
    let to = to.iter().map(|to| (*to).to_owned()).collect();
    let receiver = Receiver {
        name: "ops".into(),
        kind: ReceiverKind::Email(Email { to, ..Email::default() }),
        ack_links: true,
    };
    let transport = Transport::new(&receiver, Some(smtp), Span::secs(20), &PingUrls::default()).unwrap();
    let now = Time::from_secs(1_774_830_840);
    let notices = [sample::alert(now)];
    let external_url = "https://punctual.example.org";
    let notification =
        Notification { key: "m1", receiver: "ops", notices: &notices, external_url, ack_url: None, now };
    runtime().block_on(transport.send(&notification))
}

/// Whatever it sends without an end, wherever: the attempt ends, and little of it is read.
#[test]
fn an_answer_without_an_end_fills_no_memory() {
    for answers in [&[("", ENDLESS)][..], &[("EHLO", ENDLESS)], &[("MAIL", ENDLESS)], &[("RCPT", ENDLESS)]] {
        let server = Server::start(1, answers);
        let attempt = send(&server.smtp(), &["ops@example.org"]);
        let why = match &attempt {
            Attempt::Later { why, .. } => why,
            other => panic!("{answers:?}: {other:?}"),
        };
        assert!(why.contains("has more than 262144 bytes"), "{answers:?}: {why}");
        // The rest lies in the buffers of the two sockets.
        let (_, sent) = server.end();
        assert!(sent < 32 << 20, "{answers:?}: {sent} bytes were taken");
    }
}

#[test]
fn a_server_is_greeted_as_the_settings_say() {
    for hello in ["watch.example.org", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
        let server = Server::start(1, &[]);
        assert_taken(&send(&Smtp { hello: hello.to_owned(), ..server.smtp() }, &["ops@example.org"]));
        assert_eq!(server.end().0[0], format!("EHLO {hello}"));
    }
}

/// RFC 5321 §3.2.
#[test]
fn a_server_that_does_not_know_ehlo_is_greeted_by_helo() {
    let server = Server::start(2, &[("EHLO", "502 what?")]);
    assert_taken(&send(&server.smtp(), &["ops@example.org"]));
    let (said, _) = server.end();
    assert!(said.contains(&"HELO watch.example.org".to_owned()), "{said:?}");
    // It offers no TLS, and nothing goes to it in the clear where TLS is asked for.
    let server = Server::start(1, &[("EHLO", "502 what?")]);
    let attempt = send(&Smtp { tls: SmtpTls::Starttls, ..server.smtp() }, &["ops@example.org"]);
    assert!(matches!(attempt, Attempt::Misdirected { .. }), "{attempt:?}");
    assert!(!server.end().0.iter().any(|line| line.starts_with("HELO") || line.starts_with("MAIL")));
}

/// RFC 6531 §3.2: only what stands before the `@` needs a server that takes UTF-8.
#[test]
fn what_goes_to_a_server_that_takes_ascii_is_ascii() {
    let server = Server::start(1, &[]);
    let smtp = Smtp { from: "Pünktlich <punctual@exämple.org>".to_owned(), ..server.smtp() };
    let to = ["ops@exämple.org", "Jürgen <j@bücher.example>", "jürgen@example.org"];
    assert_taken(&send(&smtp, &to));
    let (said, _) = server.end();
    let envelope = ["MAIL FROM:<punctual@xn--exmple-cua.org>", "RCPT TO:<ops@xn--exmple-cua.org>"];
    assert!(said[1].starts_with(envelope[0]) && said[2].starts_with(envelope[1]), "{said:?}");
    assert!(said[3].starts_with("RCPT TO:<j@xn--bcher-kva.example>"), "{said:?}");
    assert!(said.iter().all(|line| line.is_ascii()), "{said:?}");

    // A sender whom it cannot name: nothing is sent.
    let server = Server::start(1, &[]);
    let attempt =
        send(&Smtp { from: "pünktlich@example.org".to_owned(), ..server.smtp() }, &["ops@example.org"]);
    assert!(matches!(&attempt, Attempt::Misdirected { why } if why.contains("SMTPUTF8")), "{attempt:?}");
    assert!(!server.end().0.iter().any(|line| line.starts_with("MAIL")));
}

#[test]
fn a_server_that_takes_utf_8_is_asked_for_it() {
    let server = Server::start(1, &[("EHLO", "250-here\r\n250 SMTPUTF8")]);
    assert_taken(&send(&server.smtp(), &["jürgen@example.org"]));
    let (said, _) = server.end();
    assert!(said[1].ends_with("SMTPUTF8"), "{said:?}");
    assert!(said[2].starts_with("RCPT TO:<jürgen@example.org>"), "{said:?}");
}

/// 11.3: a queue's number is what a postmaster asks for.
#[test]
fn the_answer_to_the_mail_is_kept() {
    let server =
        Server::start(1, &[("RCPT TO:<gone@", "550 no such mailbox"), (".", "250 2.0.0 Ok: queued as 4F2A")]);
    let attempt = send(&server.smtp(), &["gone@example.org", "ops@example.org"]);
    server.end();
    let Attempt::Taken { answer } = attempt else { panic!("{attempt:?}") };
    assert!(answer.starts_with("250 2.0.0 Ok: queued as 4F2A; but not by gone@example.org: "), "{answer}");
    assert!(answer.contains("no such mailbox"), "{answer}");
}

/// 16.4: one mail to the addresses of its check.
/// 12.4: what may be mended is tried again for whoever has not got it yet, though others have.
#[test]
fn a_sender_that_is_refused_loses_no_recipient_that_was_to_be_tried_again() {
    let server =
        Server::of_each(vec![&[("RCPT TO:<full", "450 greylisted")], &[("MAIL", "550 not from you")], &[]]);
    let to = ["ops@example.org", "full@example.org"].map(str::to_owned).to_vec();
    let receiver = Receiver {
        name: "ops".into(),
        kind: ReceiverKind::Email(Email { to, ..Email::default() }),
        ack_links: true,
    };
    let transport =
        Transport::new(&receiver, Some(&server.smtp()), Span::secs(20), &PingUrls::default()).unwrap();
    let now = Time::from_secs(1_774_830_840);
    let notices = [sample::alert(now)];
    let external_url = "https://punctual.example.org";
    let notification =
        Notification { key: "m1", receiver: "ops", notices: &notices, external_url, ack_url: None, now };
    let attempt = || runtime().block_on(transport.send(&notification));
    assert!(matches!(attempt(), Attempt::Later { .. }));
    assert!(matches!(attempt(), Attempt::Misdirected { .. }));
    assert_taken(&attempt());
    let (said, _) = server.end();
    let asked: Vec<&String> = said.iter().filter(|line| line.starts_with("RCPT")).collect();
    assert_eq!(asked.len(), 3, "the second is asked for twice: {asked:?}");
}

fn send_own(smtp: &Smtp) -> Attempt {
    let transport = Transport::of_checks(smtp, |_| None, Span::secs(2), &PingUrls::default()).unwrap();
    let now = Time::from_secs(1_774_830_840);
    let notices = [Notice { emails: vec!["ops@example.org".to_owned()], ..sample::alert(now) }];
    let external_url = "https://punctual.example.org";
    let notification =
        Notification { key: "m1", receiver: "emails/a", notices: &notices, external_url, ack_url: None, now };
    runtime().block_on(transport.send(&notification))
}

/// 16.4: what would end every mail alike makes all of them wait together; what is of one mail is its own matter.
#[test]
fn what_is_of_the_mail_server_is_told_from_what_is_of_one_mail() {
    let attempt = |answers: &'static [(&'static str, &'static str)], change: fn(&mut Smtp)| {
        let server = Server::start(1, answers);
        let mut smtp = server.smtp();
        change(&mut smtp);
        let attempt = send_own(&smtp);
        server.end();
        attempt
    };
    let asks_for_login: &[_] = &[("EHLO", "250-here\r\n250 AUTH PLAIN LOGIN"), ("AUTH", "535 who?")];
    let wrong_login = |smtp: &mut Smtp| {
        smtp.login = Some(BasicAuth { username: "p".to_owned(), password: Secret::new("wrong") });
    };
    // What it refuses for good, somebody should mend.
    let of_the_server = [
        (true, attempt(&[("", "554 go away")], |_| {})),
        (false, attempt(&[("", "421 busy")], |_| {})),
        (false, attempt(&[("EHLO", "451 later")], |_| {})),
        (false, attempt(&[("", ENDLESS)], |_| {})),
        (false, attempt(&[], |smtp| smtp.tls = SmtpTls::Starttls)),
        (true, attempt(&[], |smtp| smtp.from = "pünktlich@example.org".to_owned())),
        (true, attempt(asks_for_login, wrong_login)),
        (true, attempt(&[("MAIL", "550 not from you")], |_| {})),
        (false, attempt(&[("MAIL", "451 later")], |_| {})),
    ];
    for (number, (is_misdirected, attempt)) in of_the_server.iter().enumerate() {
        assert!(matches!(attempt, Attempt::Unreachable { .. }), "{number}: {attempt:?}");
        assert_eq!(attempt.is_misdirected(), *is_misdirected, "{number}: {attempt:?}");
    }
    let of_one_mail = [
        attempt(&[("RCPT", "550 no such mailbox")], |_| {}),
        attempt(&[("RCPT", "450 greylisted")], |_| {}),
        // It may do so to whoever names this recipient, and keeps no other mail waiting.
        attempt(&[("RCPT", "421 closing")], |_| {}),
        attempt(&[("RCPT", ENDLESS)], |_| {}),
        attempt(&[("DATA", "421 closing")], |_| {}),
        attempt(&[("DATA", "451 later")], |_| {}),
        attempt(&[(".", "554 spam")], |_| {}),
        attempt(&[(".", "451 later")], |_| {}),
    ];
    for (number, attempt) in of_one_mail.iter().enumerate() {
        assert!(!attempt.is_taken(), "{number}");
        assert!(!matches!(attempt, Attempt::Unreachable { .. }), "{number}: {attempt:?}");
    }
    assert!(attempt(&[], |_| {}).is_taken());
}
