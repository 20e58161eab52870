//! More connections than there are places: who makes room, and what is said of it (9.1).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;

use punctual::http::limits::Limits;

use crate::support::doors::Doors;
use crate::support::http::connect_from;

const PLACES: usize = 8;
const JOB: &str = "127.0.0.1";
const CROWD: &str = "127.0.0.2";
const PING: &str = "GET /ping/worker HTTP/1.1\r\nHost: localhost\r\n\r\n";
const HALF_A_HEAD: &str = "GET /ping/worker HTTP/1.1\r\nHost:";
const SLOW_BODY: &str = "POST /ping/worker HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nx";

fn open() -> Doors {
    Doors::open(Limits { max_connections: PLACES, ..Limits::default() })
}

/// A new connection of this address, on which this was said.
fn say(doors: &Doors, address: &str, what: &str) -> TcpStream {
    let stream = connect_from(address, doors.port());
    (&stream).write_all(what.as_bytes()).unwrap();
    stream
}

/// The first line of the answer; nothing if there is none.
fn status(mut stream: &TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

fn refused_unread(doors: &Doors) -> u64 {
    doors.ledger.refused_unread.load(Ordering::Relaxed)
}

/// Ten jobs, each with a connection of its own.
fn all_jobs_get_through(doors: &Doors) {
    for round in 0..10 {
        let answer = status(&say(doors, JOB, PING));
        assert!(answer.starts_with("HTTP/1.1 200"), "round {round}: {answer}");
    }
}

#[test]
fn one_address_that_opens_connections_without_end_keeps_nobody_out() {
    let doors = open();
    let mut held = Vec::new();
    for _ in 0..10 {
        held.extend((0..10).map(|_| say(&doors, CROWD, "")));
        all_jobs_get_through(&doors);
    }
    assert_eq!(doors.ledger.facts.all().len(), 100);
    assert_eq!(refused_unread(&doors), 0, "nothing was said on what was closed");
}

#[test]
fn one_address_with_slow_bodies_keeps_nobody_out() {
    let doors = open();
    let _held: Vec<_> = (0..2 * PLACES).map(|_| say(&doors, CROWD, SLOW_BODY)).collect();
    all_jobs_get_through(&doors);
    assert!(refused_unread(&doors) > 0, "what was cut may have been a ping");
}

#[test]
fn one_address_with_slow_heads_keeps_nobody_out() {
    let doors = open();
    let _held: Vec<_> = (0..2 * PLACES).map(|_| say(&doors, CROWD, HALF_A_HEAD)).collect();
    all_jobs_get_through(&doors);
    assert!(refused_unread(&doors) > 0, "what was cut may have been a ping");
}

#[test]
fn a_request_that_is_coming_makes_no_room_for_its_own_address() {
    let doors = open();
    let slow = say(&doors, JOB, HALF_A_HEAD);
    all_jobs_get_through(&doors);
    let _held: Vec<_> = (0..5 * PLACES).map(|_| say(&doors, JOB, "")).collect();
    all_jobs_get_through(&doors);
    (&slow).write_all(b" localhost\r\n\r\n").unwrap();
    assert!(status(&slow).starts_with("HTTP/1.1 200"));
    assert_eq!(refused_unread(&doors), 0);
}

#[test]
fn a_connection_that_was_answered_makes_room_and_nothing_is_lost() {
    let doors = open();
    let held: Vec<_> = (0..PLACES).map(|_| say(&doors, CROWD, PING)).collect();
    assert!(held.iter().all(|stream| status(stream).starts_with("HTTP/1.1 200")));
    all_jobs_get_through(&doors);
    assert_eq!(refused_unread(&doors), 0);
}

/// So many at once that all who were there have gone, and those who follow still wait for their places.
#[test]
fn whoever_waits_for_a_place_makes_room_as_well() {
    for _ in 0..20 {
        let doors = open();
        let _held: Vec<_> = (0..5 * PLACES).map(|_| say(&doors, CROWD, "")).collect();
        all_jobs_get_through(&doors);
    }
}
