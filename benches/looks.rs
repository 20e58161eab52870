//! Five thousand checks that punctual looks at by itself, half by HTTP and half in a database of SQLite beside a writer, each once a
//! minute, and two hundred commands a minute beside them: how soon each look begins (17.5), and what all of it costs the pings.
//!
//! `cargo bench --bench looks`, which takes six minutes. Jobs ping a server that looks at nothing, then one that looks, then the first
//! again: the two times without are taken together, so that what else the machine does hits all alike. It fails if a goal is missed:
//! repeat it on a machine that does nothing else.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use common::jobs::{Jobs, Waits};
use common::outside::answering;
use common::{
    Needs, Server, THIS, exit_code, get, goal, memory_mb, metric_in, start_punctual_with, wait_for,
};

const BY_HTTP: usize = 2_500;
const BY_SQL: usize = 2_500;
const BY_EXEC: usize = 200;
/// Checks that the jobs ping.
const GOOD: usize = 1_000;
const JOBS: usize = 4;
/// Each check is looked at once in this time.
const MINUTE: Duration = Duration::from_secs(60);
const WITHOUT: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(180);
/// A writer of the database writes so often.
const WRITES_EVERY: Duration = Duration::from_millis(10);

const MOST_LAG_S: f64 = 1.0;
const MOST_TIMES_P99: f64 = 2.0;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let database = folder.path().join("app.db");
    let writer = DatabaseWriter::start(&database);
    let site = answering("200 OK", "{\"queue\": 3}", |_| ());
    println!("{:<16} {:>8} {:>8} {:>8} {:>9}", "", "pings", "p50 ms", "p99 ms", "longest");
    let before = without(&folder.path().join("before"), "without looks");
    let (beside, looks) = beside(&folder.path().join("looks"), &config(site, &database));
    let after = without(&folder.path().join("after"), "without again");
    writer.stop();
    let ratio = beside.p99_ms * 2.0 / (before.p99_ms + after.p99_ms);
    exit_code(&[
        goal(
            "p99 of the lag in s",
            looks.p99_lag_s,
            looks.p99_lag_s <= MOST_LAG_S,
            format!("at most {MOST_LAG_S}"),
        ),
        goal("looks that were left out", looks.skipped, looks.skipped == 0.0, "none"),
        goal("looks that could not tell", looks.unknown, looks.unknown == 0.0, "none"),
        goal(
            "p99 of pings to that without looks",
            ratio,
            ratio < MOST_TIMES_P99,
            format!("under {MOST_TIMES_P99}"),
        ),
    ])
}

/// What looks came to in a minute.
struct Looks {
    /// Of a hundred, 99 began no later than this.
    p99_lag_s: f64,
    skipped: f64,
    unknown: f64,
}

fn start(folder: &Path, checks: &str) -> Server {
    std::fs::create_dir(folder).expect("the temporary folder takes a folder");
    let mut config = checks.to_owned();
    for number in 0..GOOD {
        writeln!(config, "  - {{name: good-{number}, every: 1d}}").expect("a string takes text");
    }
    let needs = Needs { is_exec_allowed: true, ..Needs::default() };
    start_punctual_with(Path::new(THIS), folder, &config, needs)
}

fn jobs_of(server: &Server, what: &str, time: Duration) -> Waits {
    let jobs = Jobs::start(server.address, JOBS, |number| format!("/ping/good-{}", number % GOOD));
    std::thread::sleep(time);
    let waits = jobs.stop();
    let Waits { pings, refused, p50_ms, p99_ms, longest_ms } = waits;
    assert_eq!(refused, 0, "every ping is taken");
    println!("{what:<16} {pings:>8} {p50_ms:>8.2} {p99_ms:>8.2} {longest_ms:>9.1}");
    waits
}

fn without(folder: &Path, what: &str) -> Waits {
    let server = start(folder, "checks:\n");
    jobs_of(&server, what, WITHOUT)
}

/// Once each check was looked at since the start: what a minute after that is like.
fn beside(folder: &Path, config: &str) -> (Waits, Looks) {
    let server = start(folder, config);
    let all = (BY_HTTP + BY_SQL + BY_EXEC) as f64;
    wait_for(PATIENCE, || (looked(&metrics(&server)) >= all).then_some(())).expect("each is looked at");
    let before = metrics(&server);
    let waits = jobs_of(&server, "beside looks", MINUTE);
    let after = metrics(&server);
    let more = |name: &str| sum_of(&after, name) - sum_of(&before, name);
    let looks = Looks {
        p99_lag_s: p99_lag_s(&before, &after),
        skipped: more("punctual_probes_skipped_total"),
        unknown: more("punctual_probes_unknown_total{"),
    };
    let ended = looked(&after) - looked(&before);
    println!(
        "{ended} looks ended in that minute; memory: {:.0} MiB at most",
        memory_mb(server.id(), "VmHWM")
    );
    (waits, looks)
}

fn metrics(server: &Server) -> String {
    get(server.address, "/metrics?shard=1/1000")
}

fn looked(metrics: &str) -> f64 {
    sum_of(metrics, "punctual_probes_total{")
}

fn sum_of(metrics: &str, name: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// The bound of the histogram under which 99 of a hundred looks lie that began between the two.
fn p99_lag_s(before: &str, after: &str) -> f64 {
    let name = "punctual_probe_lag_seconds";
    let more = |what: &str| metric_in(after, what) - metric_in(before, what);
    let all = more(&format!("{name}_count"));
    let bounds = after.lines().filter_map(|line| {
        let bound = line.strip_prefix(name)?.strip_prefix("_bucket{le=\"")?.split_once('"')?.0;
        bound.parse::<f64>().ok()
    });
    let is_it = |bound: &f64| {
        let under = after.lines().find(|line| is_bucket(line, name, *bound)).and_then(value);
        let under_before = before.lines().find(|line| is_bucket(line, name, *bound)).and_then(value);
        under.zip(under_before).is_some_and(|(under, before)| under - before >= all * 0.99)
    };
    bounds.filter(is_it).fold(f64::INFINITY, f64::min)
}

fn is_bucket(line: &str, name: &str, bound: f64) -> bool {
    let le = line.strip_prefix(name).and_then(|line| line.strip_prefix("_bucket{le=\""));
    le.and_then(|line| line.split_once('"')).is_some_and(|(le, _)| le.parse() == Ok(bound))
}

fn value(line: &str) -> Option<f64> {
    line.rsplit(' ').next()?.parse().ok()
}

fn config(site: SocketAddr, database: &Path) -> String {
    let mut config =
        format!("databases: [{{name: app, sqlite: {{path: {}}}}}]\nchecks:\n", database.display());
    let mut check = |name: &str, number: usize, assert: &str| {
        writeln!(config, "  - {{name: {name}-{number}, every: 1m, assert: {{{assert}}}}}")
            .expect("a string takes text");
    };
    for number in 0..BY_HTTP {
        let json = "json: [{pointer: /queue, below: 1000}]";
        check("http", number, &format!("http: {{url: \"http://{site}/{number}\", {json}}}"));
    }
    for number in 0..BY_SQL {
        let query = format!("select id from profile where picture is null and id = {number}");
        check("sql", number, &format!("sql: {{database: app, query: \"{query}\"}}"));
    }
    for number in 0..BY_EXEC {
        check("exec", number, "exec: {command: [/bin/true]}");
    }
    config
}

/// Who writes to the database that is looked at.
struct DatabaseWriter {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl DatabaseWriter {
    fn start(path: &Path) -> DatabaseWriter {
        let db = rusqlite::Connection::open(path).expect("the folder takes a database");
        let made = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
                    CREATE TABLE profile (id INTEGER PRIMARY KEY, picture TEXT);
                    INSERT INTO profile WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
                      SELECT i, 'there' FROM n;";
        db.execute_batch(made).expect("it is written");
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = is_over.clone();
        let thread = std::thread::spawn(move || {
            for number in 0_i64.. {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let sql = "UPDATE profile SET picture = ?1 WHERE id = ?2";
                db.execute(sql, rusqlite::params![number.to_string(), number % 10_000])
                    .expect("it is written");
                std::thread::sleep(WRITES_EVERY);
            }
        });
        DatabaseWriter { is_over, thread }
    }

    fn stop(self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("it ends");
    }
}
