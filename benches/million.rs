//! A million checks: start, memory, reloads, a minute without time, scrapes by shards, and starts after a stop and after
//! kill -9, each beside a job that pings; then starts with twenty million stored pings.
//!
//! `cargo bench --bench million`. `PUNCTUAL_BENCH_CHECKS` is another number of checks, `PUNCTUAL_BENCH_PINGS` one of stored
//! pings, of which there are else twenty of each check; they take two gigabytes of the temporary folder. With
//! `PUNCTUAL_BENCH_OLD=FILE` the same is done with an older release binary first, but for the stored pings, which are of this
//! version. It fails if a goal is missed: repeat it on a machine that does nothing else.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use common::jobs::{Jobs, Waits};
use common::stored::Stored;
use common::{Server, THIS, exit_code, get, goal, memory_mb, metric, older, start_punctual, wait_for, write};

/// How long pings are measured while nothing else happens, and beside scrapes.
const PHASE: Duration = Duration::from_secs(20);
/// How long the server gets no time: more than a sign of life may be old.
const ASLEEP: Duration = Duration::from_secs(65);
/// Jobs that ping without a pause before kill -9.
const JOBS: usize = 64;
/// Parts of a scrape.
const SHARDS: usize = 16;

const LONGEST_START_S: f64 = 10.0;
const LONGEST_START_AFTER_KILL_S: f64 = 30.0;
const MOST_MEMORY_MB: f64 = 1024.0;
const LONGEST_WAIT_MS: f64 = 50.0;
const MOST_TIMES: f64 = 2.0;

fn main() -> ExitCode {
    let count = std::env::var("PUNCTUAL_BENCH_CHECKS").map(|text| text.parse().expect("a number of checks"));
    let count = count.unwrap_or(1_000_000);
    if let Some(binary) = older() {
        println!("older:");
        measure(&binary, count);
        println!("\nthis:");
    }
    exit_code(&[measure(Path::new(THIS), count), measure_stored(count)].concat())
}

/// Measures one binary. Returns which goals were met.
fn measure(binary: &Path, count: usize) -> Vec<bool> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut bench = Bench { folder: folder.path(), count, met: Vec::new() };
    let begun = Instant::now();
    let first = config(count, "");
    let mut server = start_punctual(binary, folder.path(), &first);
    println!(
        "{count} checks are declared for the first time and served after {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    bench.memory(&server, "after the first start");
    server.stop();
    server = bench.start(binary, &first, "after a stop", LONGEST_START_S);
    bench.memory(&server, "after a start");

    let quiet = bench.beside(&server, "alone", || std::thread::sleep(PHASE));
    let scraped = bench.beside(&server, "scrapes by shards", || scrape_for(&server, PHASE));
    let times = scraped.p99_ms / quiet.p99_ms;
    bench.goal("p99 of pings beside scrapes, times that alone", times, MOST_TIMES);
    let tenth = first.replacen("every: 1d", "every: 3d", count / 10);
    for (what, text) in [
        ("a reload of lines alone", &config(count, "# A line more.\n")),
        ("a reload of one check", &first.replacen("every: 1d", "every: 2d", 1)),
        ("a reload of a tenth", &tenth),
    ] {
        let waits = bench.beside(&server, what, || reload(&server, folder.path(), text));
        bench.goal(&format!("longest wait of a ping, {what}, ms"), waits.longest_ms, LONGEST_WAIT_MS);
        bench.memory(&server, what);
    }
    let asleep = bench.asleep(&server);
    bench.goal("longest wait of a ping after a minute without time, ms", asleep.longest_ms, LONGEST_WAIT_MS);
    bench.memory(&server, "at the end");
    server.kill();
    drop(bench.start(binary, &tenth, "after kill -9", LONGEST_START_AFTER_KILL_S));
    bench.met
}

/// Measures starts with many stored pings. Returns whether the goals were met.
fn measure_stored(count: usize) -> Vec<bool> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut bench = Bench { folder: folder.path(), count, met: Vec::new() };
    let (stored, config) = (Stored::of(count), config(count, ""));
    stored.make(folder.path(), &config);
    let begun = Instant::now();
    let mut server = start_punctual(Path::new(THIS), folder.path(), &config);
    println!("start after a stop with {} stored pings: {:.1} s", stored.pings, begun.elapsed().as_secs_f64());
    bench.memory(&server, "after a start with stored pings");
    let path = move |turn| format!("/ping/check-{}", stored.check(turn));
    let jobs = Jobs::start_with(server.address, JOBS, Duration::ZERO, path);
    std::thread::sleep(PHASE);
    let waits = jobs.stop();
    server.kill();
    let taken = waits.pings - waits.refused;
    println!("{taken} more pings, p99 {:.2} ms, longest {:.1} ms", waits.p99_ms, waits.longest_ms);
    let when = format!("after kill -9 with {} stored pings", stored.pings);
    server = bench.start(Path::new(THIS), &config, &when, LONGEST_START_AFTER_KILL_S);
    bench.memory(&server, &when);
    stored.assert_there(folder.path(), server.address, taken);
    bench.met
}

struct Bench<'a> {
    folder: &'a Path,
    count: usize,
    met: Vec<bool>,
}

impl Bench<'_> {
    fn goal(&mut self, what: &str, value: f64, most: f64) {
        self.met.push(goal(what, value, value <= most, format!("at most {most}")));
    }

    /// Starts with the files of before.
    fn start(&mut self, binary: &Path, text: &str, when: &str, most_s: f64) -> Server {
        let begun = Instant::now();
        let server = start_punctual(binary, self.folder, text);
        self.goal(&format!("start {when}, s"), begun.elapsed().as_secs_f64(), most_s);
        server
    }

    fn memory(&mut self, server: &Server, when: &str) {
        let (now, peak) = (memory_mb(server.id(), "VmRSS:"), memory_mb(server.id(), "VmHWM:"));
        println!("memory {when}: {now:.0} MB, peak {peak:.0} MB");
        self.goal(&format!("memory {when}, MB"), now, MOST_MEMORY_MB);
    }

    /// Pings while something is done.
    fn beside(&mut self, server: &Server, what: &str, work: impl FnOnce()) -> Waits {
        let blind_before = metric(server, "punctual_blind_seconds_total");
        let count = self.count;
        // A prime, so that the job comes to every part of the memory.
        let job = Jobs::start(server.address, 1, move |turn| format!("/ping/check-{}", turn * 7_919 % count));
        let begun = Instant::now();
        work();
        let took = begun.elapsed();
        let waits = job.stop();
        let blind = metric(server, "punctual_blind_seconds_total") - blind_before;
        println!(
            "{what}: {:.2} s, {} pings, {} refused, p99 {:.2} ms, longest {:.1} ms, blind {blind:.1} s",
            took.as_secs_f64(),
            waits.pings,
            waits.refused,
            waits.p99_ms,
            waits.longest_ms
        );
        waits
    }

    /// Takes the processor away from the server for longer than a sign of life may be old. The job begins when it goes on.
    fn asleep(&mut self, server: &Server) -> Waits {
        let blind_before = metric(server, "punctual_blind_seconds_total");
        server.signal(Signal::STOP);
        std::thread::sleep(ASLEEP);
        server.signal(Signal::CONT);
        let waits = self.beside(server, "after a minute without time", || std::thread::sleep(PHASE));
        let blind = metric(server, "punctual_blind_seconds_total") - blind_before;
        println!("blind since before that minute: {blind:.1} s");
        waits
    }
}

fn scrape_for(server: &Server, while_: Duration) {
    let begun = Instant::now();
    let mut bytes = 0;
    for shard in (1..=SHARDS).cycle().take_while(|_| begun.elapsed() < while_) {
        bytes += get(server.address, &format!("/metrics?shard={shard}/{SHARDS}")).len();
    }
    println!("{:.0} MB of metrics a second", bytes as f64 / 1e6 / begun.elapsed().as_secs_f64());
}

/// Replaces the file, and waits until it is taken.
fn reload(server: &Server, folder: &Path, text: &str) {
    const TAKEN: &str = "punctual_config_last_reload_success_timestamp_seconds";
    let before = metric(server, TAKEN);
    write(folder, "punctual.yaml", text);
    server.signal(Signal::HUP);
    wait_until(|| metric(server, TAKEN) > before);
}

fn wait_until(is_so: impl Fn() -> bool) {
    wait_for(Duration::from_secs(300), || is_so().then_some(())).expect("what was waited for comes");
}

fn config(count: usize, first_line: &str) -> String {
    let mut config = format!("{first_line}checks:\n");
    for number in 0..count {
        writeln!(config, "  - {{name: check-{number}, every: 1d}}").expect("a string takes text");
    }
    config
}
