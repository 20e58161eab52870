//! A hundred thousand checks that are late at once: two receivers, one of them down, half of the checks muted, a tenth mailed
//! to addresses of their own while the mail server is down, an Alertmanager and one that hangs, beside jobs that ping.
//!
//! `tests/run --tools-only` brings Alertmanager; then: `cargo bench --bench outbox`. `PUNCTUAL_BENCH_CHECKS` is another number
//! of checks; with `PUNCTUAL_BENCH_OLD=FILE` the same is done with an older release binary first. It fails if a goal is
//! missed: repeat it on a machine that does nothing else.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::jobs::{Jobs, Waits};
use common::outside::{alertmanager, answering, lists};
use common::{
    Server, THIS, exit_code, free_address, get, goal, memory_mb, metric, older, start_punctual, wait_for,
};

/// Checks that are good, which the jobs ping; and how many jobs there are.
const GOOD: usize = 5_000;
const JOBS: usize = 4;
/// Jobs without a pause, which bring the recovery.
const UNPAUSED: usize = 8;
/// Mutes of one check each, beside the one that mutes half of them all.
const MUTES: usize = 900;
/// How long pings are measured while nothing else happens, beside the unpaused jobs alone, and while all is held.
const PHASE: Duration = Duration::from_secs(20);
/// What is not done then is not waited for.
const PATIENCE: Duration = Duration::from_secs(180);
/// At least so long before all are late the server is started.
const LEAST_BEFORE: u64 = 75;

/// Half of the pings wait for nothing.
const MOST_TIMES_P50: f64 = 2.0;
/// The others wait for the order under way: a message of 256 is frozen in one transaction, which takes as long as some pings.
/// Beside what sends and what is told, all on two processors, that was 3.5 to 4.5 times.
const MOST_TIMES_P99: f64 = 5.0;
/// Each of these pings ends an incident, and plans that somebody hears of it.
const MOST_TIMES_OF_RECOVERIES: f64 = 4.0;
const LONGEST_ALERT_S: f64 = 2.0;

fn main() -> ExitCode {
    let count = std::env::var("PUNCTUAL_BENCH_CHECKS").map(|text| text.parse().expect("a number of checks"));
    let count = count.unwrap_or(100_000);
    if let Some(binary) = older() {
        println!("older:");
        measure(&binary, count);
        println!("\nthis:");
    }
    exit_code(&measure(Path::new(THIS), count))
}

/// Measures one binary. Returns which goals were met.
fn measure(binary: &Path, count: usize) -> Vec<bool> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let outside = Outside::start(folder.path());
    let late_at = (seconds_now() + LEAST_BEFORE).next_multiple_of(60);
    let server = start_punctual(binary, folder.path(), &outside.config(count, late_at));
    mute(binary, folder.path());
    let mut bench = Bench { server, outside, count, met: Vec::new() };
    let quiet = bench.quiet();
    let beside_unpaused = bench.beside_unpaused();
    wait_for(PATIENCE, || (seconds_now() + 1 >= late_at).then_some(()));
    bench.all_are_late(&quiet);
    bench.all_are_held(&quiet);
    bench.all_recover(&beside_unpaused);
    bench.met
}

/// What pings are compared with, and how many times as long p50 and p99 may be.
struct Compared<'w> {
    whose: &'static str,
    waits: &'w Waits,
    most_times: [f64; 2],
}

impl Compared<'_> {
    fn quiet(waits: &Waits) -> Compared<'_> {
        Compared { whose: "of a quiet server", waits, most_times: [MOST_TIMES_P50, MOST_TIMES_P99] }
    }
}

struct Bench {
    server: Server,
    outside: Outside,
    count: usize,
    met: Vec<bool>,
}

impl Bench {
    fn jobs(&self) -> Jobs {
        Jobs::start(self.server.address, JOBS, good)
    }

    fn unpaused(&self, path: impl Fn(usize) -> String + Clone + Send + 'static) -> Jobs {
        Jobs::start_with(self.server.address, UNPAUSED, Duration::ZERO, path)
    }

    fn quiet(&self) -> Waits {
        let jobs = self.jobs();
        std::thread::sleep(PHASE);
        self.tell("quiet", jobs)
    }

    /// The recovery is compared with this: the jobs that bring it take their share of any server.
    fn beside_unpaused(&self) -> Waits {
        let (jobs, unpaused) = (self.jobs(), self.unpaused(good));
        std::thread::sleep(PHASE);
        println!("{UNPAUSED} jobs without a pause: {} pings", unpaused.stop().pings);
        self.tell("beside jobs without a pause", jobs)
    }

    fn all_are_late(&mut self, quiet: &Waits) {
        let jobs = self.jobs();
        let begun = Instant::now();
        let judged = self.wait_for(|bench| bench.open_incidents() >= bench.count);
        // Half of them are muted, and a tenth is mailed.
        let told = self.wait_for(|bench| bench.outside.told() >= bench.count / 2 - bench.count / 10);
        println!(
            "all are late: judged after {judged} ({:.0} a second), the receiver that works was told of {} after {told} \
             in {} messages, {:.1} s in all",
            self.count as f64 / begun.elapsed().as_secs_f64(),
            self.outside.told(),
            self.outside.messages(),
            begun.elapsed().as_secs_f64()
        );
        let waits = self.tell("all are late", jobs);
        self.compare("all are late", &waits, &Compared::quiet(quiet));
    }

    /// A muted check recovers and fails again a hundred times a second, and one that is not muted fails for the first time.
    fn all_are_held(&mut self, quiet: &Waits) {
        let count = self.count;
        let flips = Jobs::start_with(self.server.address, 1, Duration::from_millis(10), move |turn| {
            let kind = if turn % 2 == 0 { "" } else { "/fail" };
            format!("/ping/late-{}{kind}", turn / 2 * 2 % count)
        });
        let jobs = self.jobs();
        std::thread::sleep(PHASE);
        let waits = self.tell("all are held, 100 flips a second", jobs);
        self.compare("all are held", &waits, &Compared::quiet(quiet));
        let flips = flips.stop();
        println!("flips of muted checks: {}, p99 {:.2} ms", flips.pings, flips.p99_ms);
        let begun = Instant::now();
        get(self.server.address, "/ping/good-0/fail");
        let listed = self.wait_for(|bench| lists(bench.outside.alertmanager.address, "good-0"));
        println!("a new alert is at Alertmanager after {listed}");
        let value = begun.elapsed().as_secs_f64();
        let limit = format!("at most {LONGEST_ALERT_S}");
        self.met.push(goal(
            "seconds until a new alert is at Alertmanager",
            value,
            value <= LONGEST_ALERT_S,
            limit,
        ));
    }

    fn all_recover(&mut self, beside_unpaused: &Waits) {
        let count = self.count;
        let jobs = self.jobs();
        let told_before = self.outside.told();
        let pings = self.unpaused(move |turn| format!("/ping/late-{}", turn % count));
        let recovered = self.wait_for(|bench| bench.open_incidents() <= 1);
        let told =
            self.wait_for(|bench| bench.outside.told() >= told_before + bench.count / 2 - bench.count / 10);
        println!(
            "all recover after {recovered} (with {} pings), told to the receiver that works after {told} more, in {} messages",
            pings.stop().pings,
            self.outside.messages()
        );
        let waits = self.tell("all recover", jobs);
        let whose = "beside jobs without a pause";
        let most_times = [MOST_TIMES_OF_RECOVERIES; 2];
        self.compare("all recover", &waits, &Compared { whose, waits: beside_unpaused, most_times });
    }

    /// Ends the jobs, and says how long their pings took.
    fn tell(&self, when: &str, jobs: Jobs) -> Waits {
        let waits = jobs.stop();
        println!(
            "{when}: {} pings, {} refused, p50 {:.2} ms, p99 {:.2} ms, longest {:.1} ms; memory {:.0} MB, peak {:.0} MB",
            waits.pings,
            waits.refused,
            waits.p50_ms,
            waits.p99_ms,
            waits.longest_ms,
            memory_mb(self.server.id(), "VmRSS:"),
            memory_mb(self.server.id(), "VmHWM:"),
        );
        waits
    }

    fn compare(&mut self, when: &str, waits: &Waits, with: &Compared<'_>) {
        let times = [waits.p50_ms / with.waits.p50_ms, waits.p99_ms / with.waits.p99_ms];
        for (what, (times, most)) in ["p50", "p99"].into_iter().zip(times.into_iter().zip(with.most_times)) {
            let what = format!("{what} of pings, {when}, times that {}", with.whose);
            self.met.push(goal(&what, times, times <= most, format!("at most {most}")));
        }
    }

    fn open_incidents(&self) -> usize {
        metric(&self.server, "punctual_incidents_open") as usize
    }

    /// How long it takes, in words.
    fn wait_for(&self, is_so: impl Fn(&Bench) -> bool) -> String {
        let begun = Instant::now();
        match wait_for(PATIENCE, || is_so(self).then_some(())) {
            Some(()) => format!("{:.1} s", begun.elapsed().as_secs_f64()),
            None => format!("more than {} s", PATIENCE.as_secs()),
        }
    }
}

/// The path of a ping of a check that is good.
fn good(turn: usize) -> String {
    format!("/ping/good-{}", turn * 7_919 % GOOD)
}

/// Whom punctual tells.
struct Outside {
    /// Answers 200, and counts.
    up: Sink,
    /// Answers 503.
    down: Sink,
    alertmanager: Server,
    /// Takes connections, and says nothing.
    hangs: TcpListener,
}

impl Outside {
    fn start(folder: &Path) -> Outside {
        let alertmanager = alertmanager(folder);
        let hangs = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        Outside { up: Sink::start("200 OK"), down: Sink::start("503 Unavailable"), alertmanager, hangs }
    }

    /// How many checks the receiver that works was told of, each time counted.
    fn told(&self) -> usize {
        self.up.told.load(Ordering::Relaxed)
    }

    fn messages(&self) -> usize {
        self.up.messages.load(Ordering::Relaxed)
    }

    /// All are late at this time, in seconds since 1970.
    fn config(&self, count: usize, late_at: u64) -> String {
        let hangs = self.hangs.local_addr().expect("a listener has an address");
        let (up, down, alertmanager) = (self.up.address, self.down.address, self.alertmanager.address);
        let refuses = free_address().port();
        let (minute, hour) = (late_at / 60 % 60, late_at / 3_600 % 24);
        let mut config = format!(
            "smtp: {{host: 127.0.0.1, port: {refuses}, tls: none, from: punctual@example.org}}\n\
             alerting: {{alertmanagers: [{{url: \"http://{hangs}\"}}, {{url: \"http://{alertmanager}\"}}]}}\n\
             receivers:\n  - {{name: up, webhook: {{url: \"http://{up}/\"}}}}\n  \
             - {{name: down, webhook: {{url: \"http://{down}/\"}}}}\n\
             default_receivers: [up, down]\nchecks:\n"
        );
        for number in 0..count {
            let half = if number % 2 == 0 { "muted" } else { "told" };
            let emails = format!(", emails: [\"job-{number}@example.org\"]");
            let emails = if number % 10 == 1 { emails } else { String::new() };
            writeln!(
                config,
                "  - {{name: late-{number}, cron: \"{minute} {hour} * * *\", grace: 0s, labels: {{half: {half}}}{emails}}}"
            )
            .expect("a string takes text");
        }
        for number in 0..GOOD {
            writeln!(config, "  - {{name: good-{number}, every: 1d}}").expect("a string takes text");
        }
        config
    }
}

/// Reads requests and answers each the same.
struct Sink {
    address: SocketAddr,
    messages: Arc<AtomicUsize>,
    told: Arc<AtomicUsize>,
}

impl Sink {
    fn start(answer: &'static str) -> Sink {
        let (messages, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counted = (messages.clone(), told.clone());
        let address = answering(answer, "", move |body| {
            counted.0.fetch_add(1, Ordering::Relaxed);
            let told = String::from_utf8_lossy(body).matches("\"startsAt\"").count();
            counted.1.fetch_add(told, Ordering::Relaxed);
        });
        Sink { address, messages, told }
    }
}

fn mute(binary: &Path, folder: &Path) {
    let mute = |what: &[&str]| {
        let mut command = Command::new(binary);
        command.args(["mute", "--for", "2h", "--storage.path"]).arg(folder.join("data")).args(what);
        let done = command.output().expect("it can be started");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    mute(&["--matcher", "half=muted"]);
    for number in 0..MUTES {
        mute(&[&format!("late-{}", number * 2)]);
    }
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs()
}
