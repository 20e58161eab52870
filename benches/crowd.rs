//! One address opens connections without end: whether the pings of others get through, and how long they take (9.1).
//!
//! `cargo bench --bench crowd`. 10,000 checks and room for about a thousand connections, which one address takes again and
//! again from several threads, while a job of another address opens a connection for each ping. The time from a ping's
//! entry into the queue to its commit spans the turn that waits before it and its own, so it bounds the writer's turns.
//! It fails if a goal is missed: repeat it on a machine that does nothing else.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use common::{Needs, Server, THIS, exit_code, goal, metric, start_punctual_with};

const CHECKS: usize = 10_000;
/// What the server may open: files, and about a thousand connections.
const DESCRIPTORS: u32 = 1_200;
/// The crowd: so many threads, each of which holds so many connections at a time.
const THREADS: usize = 2;
const HELD: usize = 1_000;
const PHASE: Duration = Duration::from_secs(15);
/// Between two pings of the job.
const PAUSE: Duration = Duration::from_millis(5);
/// How long the job waits for an answer, as the curl line of the README does.
const PATIENCE: Duration = Duration::from_secs(10);
const LEAST_ANSWERED: f64 = 0.99;
const LONGEST_TURN_S: f64 = 0.05;
const LEAST_WITHIN: f64 = 0.99;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let needs = Needs { descriptors: Some(DESCRIPTORS), ..Needs::default() };
    let server = start_punctual_with(Path::new(THIS), folder.path(), &config(), needs);
    println!("{:<14} {:>7} {:>9} {:>9} {:>9}", "", "pings", "answered", "p99 ms", "longest");
    let (alone, _) = phase(&server, "alone");
    let crowd = Crowd::gather(server.address);
    let (beside, within) = phase(&server, "beside a crowd");
    let opened = crowd.leave();
    let refused = metric(&server, "punctual_connections_refused_total");
    println!("the crowd opened {opened} connections; {refused} were refused");
    let (after, _) = phase(&server, "after it");
    let limit = format!("at least {LEAST_ANSWERED}");
    let answered =
        |share: f64, when: &str| goal(&format!("answered {when}"), share, share >= LEAST_ANSWERED, &limit);
    exit_code(&[
        answered(alone, "alone"),
        answered(beside, "beside a crowd"),
        answered(after, "after it"),
        goal(
            "commits within 50 ms beside a crowd",
            within,
            within >= LEAST_WITHIN,
            format!("at least {LEAST_WITHIN}"),
        ),
    ])
}

/// Pings for a while: the share that was answered 200, and the share that was committed within [`LONGEST_TURN_S`].
fn phase(server: &Server, name: &str) -> (f64, f64) {
    let before = commits(server);
    let begun = Instant::now();
    let mut took_ms = Vec::new();
    let mut answered = 0;
    while begun.elapsed() < PHASE {
        let sent = Instant::now();
        let path = format!("/ping/check-{}", took_ms.len() % CHECKS);
        answered += usize::from(ping(server.address, &path).is_ok_and(|status| status.contains(" 200 ")));
        took_ms.push(sent.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(PAUSE);
    }
    took_ms.sort_by(f64::total_cmp);
    let share = answered as f64 / took_ms.len() as f64;
    let p99 = took_ms[took_ms.len() * 99 / 100];
    let longest = took_ms.last().expect("a phase has pings");
    println!("{name:<14} {:>7} {:>8.2}% {p99:>9.1} {longest:>9.1}", took_ms.len(), share * 100.0);
    let after = commits(server);
    (share, (after.1 - before.1) / (after.0 - before.0))
}

/// One ping on a connection of its own; the line of the answer's status.
fn ping(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

/// All commits of pings, and those within [`LONGEST_TURN_S`].
fn commits(server: &Server) -> (f64, f64) {
    let bucket = format!("punctual_ping_commit_duration_seconds_bucket{{le=\"{LONGEST_TURN_S}\"}}");
    (metric(server, "punctual_ping_commit_duration_seconds_count"), metric(server, &bucket))
}

/// One address that opens connections without end and says nothing on them.
struct Crowd {
    is_over: Arc<AtomicBool>,
    opened: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Crowd {
    fn gather(address: SocketAddr) -> Crowd {
        let (is_over, opened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = (0..THREADS).map(|_| {
            let (is_over, opened) = (is_over.clone(), opened.clone());
            std::thread::spawn(move || crowd_in(address, &is_over, &opened))
        });
        let threads = threads.collect();
        let crowd = Crowd { is_over, opened, threads };
        // It is full before anything is measured.
        while crowd.opened.load(Ordering::Relaxed) < u64::from(DESCRIPTORS) {
            std::thread::sleep(Duration::from_millis(10));
        }
        crowd
    }

    fn leave(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("a thread of the crowd ends");
        }
        self.opened.load(Ordering::Relaxed)
    }
}

fn crowd_in(address: SocketAddr, is_over: &AtomicBool, opened: &AtomicU64) {
    let mut held = VecDeque::new();
    while !is_over.load(Ordering::Relaxed) {
        let other = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket can be made");
        bind(&other, &SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), 0)).expect("all of 127/8 is ours");
        // Refused ones are part of it.
        if connect(&other, &address).is_ok() {
            opened.fetch_add(1, Ordering::Relaxed);
        }
        held.push_back(other);
        if held.len() > HELD {
            held.pop_front();
        }
    }
}

fn config() -> String {
    let mut config = String::from("checks:\n");
    for number in 0..CHECKS {
        writeln!(config, "  - {{name: check-{number}, every: 1h, grace: 5m}}").expect("a string takes text");
    }
    config
}
