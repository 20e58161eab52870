//! Two hundred people who have the first page open: what that costs the pings beside them (22.9).
//!
//! `cargo bench --bench viewers`. 10,000 checks, of which some are bad, and jobs that ping one after the other. They ping alone, then
//! beside viewers who ask every ten seconds as the page's script does, then alone again: the two times alone are taken
//! together, so that what else the machine does hits all alike. It fails if a goal is missed: repeat it on a machine that
//! does nothing else.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use common::jobs::{Jobs, Waits};
use common::{Server, THIS, exit_code, goal, start_punctual};

const CHECKS: usize = 10_000;
/// Every so many of them is bad.
const ONE_IS_BAD: usize = 100;
const JOBS: usize = 4;
const VIEWERS: usize = 200;
/// How often the page asks.
const EVERY: Duration = Duration::from_secs(10);
const PHASE: Duration = Duration::from_secs(30);
const LOADS: usize = 20;
const MOST_MS: f64 = 300.0;
const MOST_RATIO: f64 = 2.0;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let server = start_punctual(Path::new(THIS), folder.path(), &config());
    for number in (0..CHECKS).step_by(ONE_IS_BAD) {
        common::get(server.address, &format!("/ping/check-{number}/fail"));
    }
    let mut loads: Vec<f64> = (0..LOADS).map(|_| load(server.address)).collect();
    loads.sort_by(f64::total_cmp);
    let (median, longest) = (loads[LOADS / 2], loads[LOADS - 1]);
    println!("the first page of {CHECKS} checks: median {median:.1} ms, longest {longest:.1} ms\n");
    println!("{:<16} {:>8} {:>8} {:>8} {:>9}", "", "pings", "p50 ms", "p99 ms", "longest");
    let before = alone(&server, "alone");
    let audience = Audience::gather(server.address);
    let beside = alone(&server, "beside viewers");
    audience.leave();
    let after = alone(&server, "alone again");
    let ratio = beside.p99_ms * 2.0 / (before.p99_ms + after.p99_ms);
    let refused = (before.refused + beside.refused + after.refused) as f64;
    exit_code(&[
        goal("ms until the first page is there", median, median < MOST_MS, format!("under {MOST_MS}")),
        goal(
            "p99 of pings to that without viewers",
            ratio,
            ratio < MOST_RATIO,
            format!("under {MOST_RATIO}"),
        ),
        goal("pings refused", refused, refused == 0.0, "none"),
    ])
}

/// Pings for a while.
fn alone(server: &Server, name: &str) -> Waits {
    let jobs =
        Jobs::start(server.address, JOBS, |number| format!("/ping/check-{}", 1 + number % (ONE_IS_BAD - 1)));
    std::thread::sleep(PHASE);
    let waits = jobs.stop();
    let Waits { pings, p50_ms, p99_ms, longest_ms, .. } = waits;
    println!("{name:<16} {pings:>8} {p50_ms:>8.2} {p99_ms:>8.2} {longest_ms:>9.1}");
    waits
}

/// Loads the page as somebody who comes to it, in ms.
fn load(address: SocketAddr) -> f64 {
    let begun = Instant::now();
    let mut page = Open::of(address);
    assert_eq!(page.ask(), "200", "the page is there");
    begun.elapsed().as_secs_f64() * 1e3
}

/// A page that is open somewhere.
struct Open {
    stream: TcpStream,
    answers: BufReader<TcpStream>,
    tag: String,
}

impl Open {
    fn of(address: SocketAddr) -> Open {
        let stream = TcpStream::connect(address).expect("punctual listens");
        let answers = BufReader::new(stream.try_clone().expect("a socket can be shared"));
        Open { stream, answers, tag: String::new() }
    }

    /// Asks as a browser does, and takes in what comes: the answer's status.
    fn ask(&mut self) -> String {
        let has =
            if self.tag.is_empty() { String::new() } else { format!("If-None-Match: {}\r\n", self.tag) };
        let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n{has}\r\n");
        self.stream.write_all(request.as_bytes()).expect("punctual reads");
        let (mut status, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            self.answers.read_line(&mut line).expect("punctual answers");
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                match line.split(' ').nth(1) {
                    Some(answered) => answered.clone_into(&mut status),
                    None => break,
                }
                continue;
            };
            match name {
                "etag" => value.clone_into(&mut self.tag),
                "content-length" => length = value.parse().expect("a length is a number"),
                _ => {}
            }
        }
        self.answers.read_exact(&mut vec![0; length]).expect("the body follows");
        status
    }
}

/// All who look at the page.
struct Audience {
    is_over: Arc<AtomicBool>,
    viewers: Vec<JoinHandle<Vec<(f64, String)>>>,
}

impl Audience {
    fn gather(address: SocketAddr) -> Audience {
        let is_over = Arc::new(AtomicBool::new(false));
        let viewers = (0..VIEWERS).map(|number| {
            let is_over = is_over.clone();
            // They did not all come at once.
            let comes = EVERY * u32::try_from(number).expect("few") / u32::try_from(VIEWERS).expect("few");
            std::thread::spawn(move || view(address, comes, &is_over))
        });
        let viewers = viewers.collect();
        Audience { is_over, viewers }
    }

    fn leave(self) {
        self.is_over.store(true, Ordering::Relaxed);
        let seen = self.viewers.into_iter().flat_map(|viewer| viewer.join().expect("a viewer ends"));
        let seen: Vec<(f64, String)> = seen.collect();
        let same = seen.iter().filter(|(_, status)| status == "304").count();
        let mut took: Vec<f64> = seen.iter().map(|(took_ms, _)| *took_ms).collect();
        took.sort_by(f64::total_cmp);
        let (median, p99) = (took[took.len() / 2], took[took.len() * 99 / 100]);
        let asked = seen.len();
        println!(
            "{VIEWERS} viewers asked {asked} times, {same} without a change: median {median:.1} ms, p99 {p99:.1} ms"
        );
    }
}

/// Asks again and again; how long each answer took, in ms, and its status.
fn view(address: SocketAddr, comes: Duration, is_over: &AtomicBool) -> Vec<(f64, String)> {
    std::thread::sleep(comes);
    let (mut page, mut seen) = (Open::of(address), Vec::new());
    while !is_over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let status = page.ask();
        assert!(status == "200" || status == "304", "{status}");
        seen.push((begun.elapsed().as_secs_f64() * 1e3, status));
        std::thread::sleep(EVERY.saturating_sub(begun.elapsed()));
    }
    seen
}

fn config() -> String {
    let mut config = String::from("checks:\n");
    for number in 0..CHECKS {
        let group = number % 20;
        writeln!(
            config,
            "  - {{name: check-{number}, every: 1h, group: group-{group}, labels: {{team: team-{group}}}}}"
        )
        .expect("a string takes text");
    }
    config
}
