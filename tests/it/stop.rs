//! What comes while the server stops, on connections that it has already.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use punctual::http::limits::Limits;

use crate::support::doors::Doors;
use crate::support::http::connect_from;
use crate::support::process::{PATIENCE, wait_until};

const JOB: &str = "127.0.0.1";
const PING: &[u8] = b"GET /ping/worker HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn stop(doors: &mut Doors) {
    doors.stop();
    wait_until("a refusal", PATIENCE, || TcpStream::connect((JOB, doors.port())).is_err());
}

/// The rest of what the server says.
fn answer(mut stream: &TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_stop_answers_a_ping_on_a_connection_of_which_nothing_had_come() {
    let mut doors = Doors::open(Limits::default());
    let mut fresh = connect_from(JOB, doors.port());
    stop(&mut doors);
    fresh.write_all(PING).unwrap();
    let answer = answer(&fresh);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    doors.wait();
    assert_eq!(doors.ledger.facts.all().len(), 1);
}

/// Hyper takes a connection for idle until it has read the whole head of the next request.
#[test]
fn a_stop_answers_a_ping_of_which_a_part_has_come_on_a_connection_that_is_kept() {
    let mut doors = Doors::open(Limits::default());
    let mut kept = connect_from(JOB, doors.port());
    kept.write_all(PING).unwrap();
    let mut first = Vec::new();
    while !first.ends_with(b"OK") {
        let mut piece = [0; 512];
        let length = kept.read(&mut piece).unwrap();
        first.extend_from_slice(&piece[..length]);
    }
    // All that are there at the stop are looked at half a second later, and these are closed then.
    let silent: Vec<TcpStream> = (0..4).map(|_| connect_from(JOB, doors.port())).collect();
    stop(&mut doors);
    let (part, rest) = PING.split_at(PING.len() / 2);
    kept.write_all(part).unwrap();
    silent.iter().for_each(|mut silent| assert_eq!(silent.read(&mut [0]).unwrap_or(0), 0));
    kept.write_all(rest).unwrap();
    let second = answer(&kept);
    assert!(second.starts_with("HTTP/1.1 200"), "{second}");
    doors.wait();
    assert_eq!(doors.ledger.facts.all().len(), 2);
}
