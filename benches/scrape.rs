//! How long a scrape takes the server: every look at a check and every byte, into memory that is let go at once.
//!
//! `cargo bench --bench scrape`. Medians of five for 10,000 and 100,000 checks with two labels and a group; half of them
//! by `every`, half by cron in a zone with daylight saving. Time of the processor, which what else the machine does
//! hardly changes, and time of the clock. It fails if a goal is missed.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use punctual::app::ServerCounters;
use punctual::core::check::{CheckId, Definition, Name, Ping, PingKind, Source, SourceLine, Spec};
use punctual::core::cron::Cron;
use punctual::core::schedule::{Occurrences, Schedule};
use punctual::core::state::State;
use punctual::core::step::{Input, step};
use punctual::core::time::{Span, Time};
use punctual::core::window::WindowCount;
use punctual::core::zone::Zone;
use punctual::http::scrape::{self, Scrape};
use punctual::metrics::{Format, Negotiated, Shard};
use punctual::store::live::{Check, Directory, Known, Live};

use common::{exit_code, goal, memory_mb};

const ROUNDS: usize = 5;
/// By how much the peak of memory may grow from the first scrape to the last: it is flat, but for what an allocator keeps.
const MOST_GROWN_MB: f64 = 5.0;
/// A Saturday noon, so that cron has something to look for.
const NOW: i64 = 1_774_699_200;

fn main() -> ExitCode {
    println!("  checks  format        gzip     CPU ms   clock ms        MB   first ms  peak RSS MB");
    let mut goals = Vec::new();
    for (checks, most_ms) in [(10_000, 15.0), (100_000, 150.0)] {
        let live = live(checks);
        for (format, name) in [(Format::Text, "text"), (Format::OpenMetrics, "openmetrics")] {
            for gzip in [false, true] {
                let first = scrape(&live, Negotiated { format, gzip });
                let peak_before_mb = peak_rss_mb();
                let rounds = [(); ROUNDS].map(|()| scrape(&live, Negotiated { format, gzip }));
                let cpu = median(rounds.map(|round| round.cpu_ms));
                println!(
                    "{checks:>8}  {name:<12} {gzip:>5} {:>10.1} {:>10.1} {:>9.1} {:>10.1} {:>12.0}",
                    cpu,
                    median(rounds.map(|round| round.clock_ms)),
                    median(rounds.map(|round| round.bytes as f64 / 1e6)),
                    first.cpu_ms,
                    peak_rss_mb(),
                );
                if !gzip {
                    goals.push((format!("{checks} checks, {name}, CPU ms"), cpu, most_ms));
                }
                let grown_mb = peak_rss_mb() - peak_before_mb;
                goals.push((
                    format!("{checks} checks, {name}, gzip {gzip}, MB more"),
                    grown_mb,
                    MOST_GROWN_MB,
                ));
            }
        }
    }
    let met: Vec<bool> = goals
        .iter()
        .map(|(what, value, most)| goal(what, *value, value <= most, format!("at most {most}")))
        .collect();
    exit_code(&met)
}

#[derive(Clone, Copy)]
struct Round {
    cpu_ms: f64,
    clock_ms: f64,
    bytes: usize,
}

fn scrape(live: &Live, negotiated: Negotiated) -> Round {
    let counters = ServerCounters::default();
    let (now, external_url) = (Time::from_secs(NOW), "http://127.0.0.1:19099");
    let shard = Shard::WHOLE;
    let scrape = Scrape {
        now,
        applied_to: now,
        shard,
        negotiated,
        external_url,
        is_healthy: true,
        is_clock_doubted: false,
        is_held: false,
    };
    let mut bytes = 0;
    let (cpu, clock) = (cpu_ms(), Instant::now());
    let answered = scrape::answer(scrape, live, &counters, &mut |chunk| {
        bytes += chunk.len();
        Ok(())
    });
    answered.expect("everything was taken");
    Round { cpu_ms: cpu_ms() - cpu, clock_ms: clock.elapsed().as_secs_f64() * 1e3, bytes }
}

fn cpu_ms() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn median(mut values: [f64; ROUNDS]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[ROUNDS / 2]
}

fn live(checks: u64) -> Live {
    let live = Live::default();
    let checks = (0..checks).map(|number| Arc::new(check(number))).collect();
    live.set_directory(Directory::new(checks, []));
    live
}

fn check(number: u64) -> Check {
    let schedule = if number.is_multiple_of(2) {
        Schedule::Every(Span::mins(5))
    } else {
        let cron = Cron::parse(&format!("{} 2 * * 1-5", number % 60)).expect("an expression");
        Schedule::At(Occurrences { cron, zone: Zone::bundled("Europe/Berlin").expect("it is built in") })
    };
    let spec = Spec { grace: Span::mins(5), ..Spec::new(schedule) };
    let none = Default::default();
    let seconds_ago = |secs: i64| Time::from_secs(NOW - secs);
    let mut state = State::declared(&spec, seconds_ago(7200));
    let mut window = WindowCount::new(Span::mins(10));
    for (ago, kind) in [(100, PingKind::Start), (60, PingKind::Success)] {
        let ping = Input::Ping(Ping { kind, rid: None, exit_status: Some(0) });
        state = step(&spec, state, &ping, seconds_ago(ago), &none).state;
    }
    window.add(seconds_ago(60));
    let name = Name::parse(&format!("nightly-backup-{number:06}")).expect("a name");
    let source = Source::File { path: "checks/dba.yaml".into(), line: SourceLine::new(12) };
    let definition = Definition {
        title: format!("Nightly backup {number}").into(),
        group: format!("group-{}", number % 50).into(),
        labels: [("severity".to_owned(), "critical".to_owned()), ("team".to_owned(), "dba".to_owned())]
            .into(),
        ..Definition::new(name, spec, source)
    };
    Check::new(CheckId(number), Arc::new(definition), Known { state, window })
}

fn peak_rss_mb() -> f64 {
    memory_mb(std::process::id(), "VmHWM:")
}
