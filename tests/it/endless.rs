//! Receivers that answer without end: each costs its own attempt, and no ping (12.7).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use punctual::core::outbox::Attempt;
use punctual::core::secret::Secret;
use punctual::core::time::Span;
use punctual::notify::{HttpConfig, WebhookFormat};

use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::webhook::{send, transport};

/// What a socket may hold of bytes that nobody reads, and much more than an attempt reads.
const MAX_SENT_BYTES: usize = 32 << 20;

/// Reads a request's beginning and says this again and again, until the client has enough; answers how many bytes it said.
fn go_on(stream: &mut TcpStream, start: &[u8], again: &[u8]) -> usize {
    stream.read_exact(&mut [0; 4]).unwrap();
    let mut sent = 0;
    let mut next = start.to_vec();
    while stream.write_all(&next).is_ok() {
        sent += next.len();
        next = again.repeat(100);
    }
    sent
}

fn endless(start: &'static [u8], again: &'static [u8]) -> (String, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    (url, std::thread::spawn(move || go_on(&mut listener.accept().unwrap().0, start, again)))
}

fn attempt(url: &str, http: HttpConfig) -> Attempt {
    send(&transport(url, WebhookFormat::Alertmanager, http, Span::secs(30)))
}

#[test]
fn an_answer_that_never_begins_ends_the_attempt_soon() {
    let kinds: [(&[u8], &[u8]); 4] = [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"x-again: and again\r\n"),
        (b"HTTP/1.1 200 OK\r\nx-long: ", b"and on"),
    ];
    for (start, again) in kinds {
        let (url, endless) = endless(start, again);
        let began = Instant::now();
        let attempt = attempt(&url, HttpConfig::default());
        let said = String::from_utf8_lossy(again);
        assert!(matches!(attempt, Attempt::Later { .. }), "{said}: {attempt:?}");
        assert!(began.elapsed() < Duration::from_secs(15), "{said}: {:?}", began.elapsed());
        let sent = endless.join().unwrap();
        assert!(sent < MAX_SENT_BYTES, "{said}: {sent} bytes");
    }
}

#[test]
fn a_head_that_comes_drop_by_drop_ends_with_the_attempts_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let dripping = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 4]).unwrap();
        let drops = b"HTTP/1.1 200 OK\r\nx-slow: ".iter().chain(std::iter::repeat(&b'x'));
        for drop in drops {
            if stream.write_all(&[*drop]).is_err() {
                break;
            }
            // A drop is what this is about; nothing waits for it.
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let transport = transport(&url, WebhookFormat::Alertmanager, HttpConfig::default(), Span::ms(300));
    let attempt = send(&transport);
    assert!(matches!(&attempt, Attempt::Later { why, .. } if why.contains("within 300ms")), "{attempt:?}");
    dripping.join().unwrap();
}

/// Security 13: a ping took 0.6 s while a receiver did this, for 30 s at each attempt.
#[test]
fn pings_stay_fast_while_a_receiver_sends_interim_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, attempts) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            sender.send(()).unwrap();
            go_on(&mut stream, b"", b"HTTP/1.1 100 Continue\r\n\r\n");
        }
    });
    let punctual = Punctual::start(&format!(
        "receivers:\n- name: endless\n  group_wait: 0s\n  webhook: {{url: \"http://127.0.0.1:{port}/hook\"}}\n\
         default_receivers: [endless]\nchecks:\n- {{name: job, every: 1h}}\n"
    ));
    punctual.ping("job/fail");
    attempts.recv_timeout(PATIENCE).unwrap();
    let mut took: Vec<Duration> = (0..40)
        .map(|_| {
            let asked = Instant::now();
            punctual.ping("job/log");
            asked.elapsed()
        })
        .collect();
    took.sort_unstable();
    assert!(took[20] < Duration::from_millis(150), "{took:?}");
    wait_until("the attempt to end", Duration::from_secs(15), || {
        punctual.log().contains("has more bytes than are read")
    });
}

/// Who a proxy's URL says we are is the proxy's alone; a password in the receiver's URL is no part of where it leads.
#[test]
fn a_proxy_learns_where_to_and_who_and_nothing_of_the_message() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = listener.local_addr().unwrap();
    let proxying = std::thread::spawn(move || {
        let mut heads = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            heads.push(String::from_utf8(head).unwrap().to_ascii_lowercase());
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").unwrap();
        }
        heads
    });
    let proxy_url = Some(Secret::new(format!("http://me:pa%20ss@{proxy}")));
    let http = HttpConfig { proxy_url, ..HttpConfig::default() };
    let tunnel = attempt("https://hooks.invalid/s3cret", http.clone());
    assert!(matches!(tunnel, Attempt::Later { .. }), "{tunnel:?}");
    let whole = attempt("http://u:p@hooks.invalid/a", http);
    assert!(matches!(whole, Attempt::Misdirected { .. }), "{whole:?}");
    let heads = proxying.join().unwrap();
    assert!(heads[0].starts_with("connect hooks.invalid:443 http/1.1\r\n"), "{heads:?}");
    assert!(heads[1].starts_with("post http://hooks.invalid/a http/1.1\r\n"), "{heads:?}");
    for head in &heads {
        assert!(head.contains("\r\nproxy-authorization: basic bwu6cgegc3m=\r\n"), "{head}");
    }
    assert!(!heads[0].contains("s3cret") && !heads[0].contains("\r\nauthorization"), "{heads:?}");
    assert!(heads[1].contains("\r\nauthorization: basic dtpw\r\n"), "{heads:?}");
}
