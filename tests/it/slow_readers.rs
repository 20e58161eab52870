//! Readers that are slow, or do not read at all: what they cost.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use punctual::http::limits::Limits;

use crate::support::doors::Doors;
use crate::support::http;
use crate::support::process::{PATIENCE, wait_for};
use crate::support::punctual::Punctual;

const READERS: usize = 300;

fn resident_bytes(server: &Punctual) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid().as_raw_nonzero())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Sends a request and reads its answer's first line; the rest is left where it is.
fn asked(port: u16, path: &str) -> (TcpStream, String) {
    asked_from("127.0.0.1", port, path)
}

fn asked_from(address: &str, port: u16, path: &str) -> (TcpStream, String) {
    let mut stream = http::connect_from(address, port);
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    (stream, String::from_utf8_lossy(&first).into_owned())
}

#[test]
fn slow_readers_of_large_answers_hold_a_bounded_part_of_the_memory() {
    let mut checks = "checks:\n".to_owned();
    for n in 0..1000 {
        let text = "x".repeat(4000);
        let _ = writeln!(checks, "  - {{name: check-{n}, every: 1h, description: {text}}}");
    }
    let server = Punctual::start(&checks);
    let before = resident_bytes(&server);
    let size = server.get("/api/v1/checks?limit=1000").body.len() as u64;
    assert!(size * READERS as u64 > 1 << 30, "an answer has {size} bytes");
    for path in ["/api/v1/checks?limit=1000", "/"] {
        let readers: Vec<(TcpStream, String)> = (0..READERS).map(|_| asked(server.port(), path)).collect();
        let grown = resident_bytes(&server).saturating_sub(before);
        assert!(grown < 200 << 20, "{path}: {} MB", grown >> 20);
        let served = readers.iter().filter(|(_, first)| first.ends_with("200")).count();
        assert!(
            served > 0 && readers.iter().all(|(_, first)| first.ends_with("200") || first.ends_with("503"))
        );
        // They hold neither pings up nor what is small.
        server.ping("check-1");
        assert_eq!(server.get("/api/v1/checks/check-1").status, 200);
        drop(readers);
        let again = || Some(server.get(path).status).filter(|status| *status == 200);
        wait_for("a place for another reader", PATIENCE, again);
    }
}

/// What slow readers hold is shared by their addresses: large answers, and the places of scrapes.
#[test]
fn one_address_that_reads_nothing_keeps_neither_answers_nor_scrapes_from_others() {
    let mut checks = "checks:\n".to_owned();
    let text = "x".repeat(4000);
    for n in 0..3000 {
        let description = if n < 1000 { format!(", description: {text}") } else { String::new() };
        let _ = writeln!(
            checks,
            "  - {{name: {}-{n}, every: 1h{description}}}",
            if n < 1000 { 'a' } else { 'b' }
        );
    }
    let server = Punctual::start(&checks);
    let mut held = Vec::new();
    for path in ["/api/v1/checks?limit=1000", "/metrics"] {
        let crowd: Vec<(TcpStream, String)> =
            (0..20).map(|_| asked_from("127.0.0.2", server.port(), path)).collect();
        let served = crowd.iter().filter(|(_, first)| first.ends_with("200")).count();
        assert!(served > 0 && served < crowd.len(), "{path}: {served}");
        let refused = crowd.iter().filter(|(_, first)| first.ends_with("503")).count();
        assert_eq!(served + refused, crowd.len());
        held.push(crowd);
    }
    for _ in 0..3 {
        for path in ["/api/v1/checks?limit=1000", "/metrics"] {
            assert_eq!(server.get(path).status, 200, "{path}, from another address");
        }
    }
}

#[test]
fn a_reader_that_takes_too_long_is_cut_off_though_it_reads_now_and_then() {
    let limits = Limits {
        head_timeout: Duration::from_millis(400),
        idle_timeout: Duration::from_secs(1),
        answer_timeout: Duration::from_secs(2),
        ..Limits::default()
    };
    let doors = Doors::open(limits);
    let fault = "x".repeat(20 << 20);
    doors.app.services.in_force.set_reload_fault(fault);
    let (mut slow, first) = asked(doors.port(), "/");
    assert!(first.ends_with("200"), "{first}");
    // It is never without a byte for as long as `idle_timeout`.
    let mut bytes = vec![0; 8 << 10];
    let mut taken = 0;
    let begun = std::time::Instant::now();
    let cut = || {
        let read = slow.read(&mut bytes);
        taken += read.as_ref().map_or(0, |read| *read);
        matches!(read, Ok(0) | Err(_)).then_some(())
    };
    wait_for("the end of a slow answer", PATIENCE, cut);
    assert!(taken < 20 << 20, "it was cut off, not read to its end");
    assert!(begun.elapsed() > Duration::from_secs(2));
    assert_eq!(http::get(&doors.url("/")).status, 200);
}

/// Whoever looks at pages keeps neither programs nor operators waiting: each have places of their own.
#[test]
fn many_who_look_at_pages_keep_no_program_and_no_operator_waiting() {
    let mut checks = "checks:\n".to_owned();
    for n in 0..3000 {
        let _ = writeln!(checks, "  - {{name: check-{n}, every: 1h}}");
    }
    let server = Punctual::start(&checks);
    let port = server.port();
    let lookers: Vec<_> = (0..64)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            write!(stream, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            stream
        })
        .collect();
    let answered = |lookers: &[TcpStream]| {
        let has_answer = |stream: &&TcpStream| {
            stream.set_nonblocking(true).unwrap();
            stream.peek(&mut [0]).is_ok()
        };
        lookers.iter().filter(has_answer).count()
    };
    assert_eq!(server.get("/api/v1/checks/check-1").status, 200);
    let data = server.data();
    let (done, said) =
        crate::support::punctual::punctual(&["status", "--storage.path", data.to_str().unwrap()]);
    assert!(done, "{said}");
    let before_us = answered(&lookers);
    assert!(before_us < lookers.len(), "all {before_us} pages were made first");
}
