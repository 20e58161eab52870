//! Durable pings a second, beside a bare hyper server and Pushgateway, in one run on one machine.
//!
//! `tests/run --tools-only` brings wrk and Pushgateway; then: `cargo bench --bench throughput`.
//! With `PUNCTUAL_BENCH_OLD=FILE` an older release binary takes part. Rounds of all take turns, so that what else the
//! machine does hits all alike; the table shows medians. At the end punctual is killed and started again, and every ping
//! that was answered 200 is counted in `/metrics`. It fails if a goal is missed: repeat it on a machine that does nothing
//! else.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use common::{Server, THIS, exit_code, free_address, get, goal, older, start, start_punctual, tool, write};

const CHECKS: usize = 10_000;
const CONNECTIONS: usize = 256;
const ROUNDS: usize = 5;
const ROUND_SECS: u64 = 6;
/// The goal.
const LEAST_RATIO: f64 = 0.6;
/// 10^6 bytes, without debug information.
const MOST_MEGABYTES: u64 = 15;
/// No change may cost more than this, nor may many small ones together.
const LEAST_RATIO_TO_OLDER: f64 = 0.95;

fn main() -> ExitCode {
    if let Ok(address) = std::env::var("PUNCTUAL_BENCH_BARE") {
        serve_bare(address.parse().expect("the bench passes an address to itself"));
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let script = |name: &str, path: &str| {
        let text = format!(
            "request = function() return wrk.format(\"{}\", \"{path}\" .. math.random({CHECKS})) end",
            "GET"
        );
        write(folder.path(), name, &text)
    };
    let ping = script("ping.lua", "/ping/check-");
    let push = write(
        folder.path(),
        "push.lua",
        &format!(
            "request = function() return wrk.format(\"POST\", \"/metrics/job/job-\" .. math.random({CHECKS}), nil, \"\") end"
        ),
    );
    let punctual = start_punctual(Path::new(THIS), folder.path(), &config());
    let mut rivals = vec![
        Rival { name: "bare hyper", server: start_bare(), script: ping.clone() },
        Rival { name: "punctual", server: punctual, script: ping.clone() },
        Rival { name: "Pushgateway", server: start_pushgateway(), script: push },
    ];
    let old_folder = tempfile::tempdir().expect("a temporary folder can be made");
    if let Some(binary) = older() {
        let server = start_punctual(&binary, old_folder.path(), &config());
        rivals.push(Rival { name: "older", server, script: ping });
    }
    let mut rounds: Vec<Vec<Round>> = rivals.iter().map(|_| Vec::new()).collect();
    for number in 1..=ROUNDS {
        for (rival, rounds) in rivals.iter().zip(&mut rounds) {
            let round = rival.round();
            println!(
                "round {number}  {:<12} {:>9.0}/s  p99 {:>7.2} ms",
                rival.name, round.per_second, round.p99_ms
            );
            rounds.push(round);
        }
    }
    let median = |pick: fn(&Round) -> f64, rounds: &[Round]| {
        let mut values: Vec<f64> = rounds.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let bare = median(|round| round.per_second, &rounds[0]);
    println!("\n{CONNECTIONS} connections, {CHECKS} checks, medians of {ROUNDS} rounds of {ROUND_SECS} s");
    for (rival, rounds) in rivals.iter().zip(&rounds) {
        let rate = median(|round| round.per_second, rounds);
        let p99 = median(|round| round.p99_ms, rounds);
        println!("{:<12} {rate:>9.0}/s  ratio {:>5.2}  p99 {p99:>7.2} ms", rival.name, rate / bare);
    }
    let answered: u64 = rounds[1].iter().map(|round| round.answered).sum();
    rivals[1].server.kill();
    rivals[1].server = start_punctual(Path::new(THIS), folder.path(), &config());
    let stored = stored_pings(rivals[1].server.address);
    println!(
        "\npunctual answered {answered} pings with 200, and shows {stored} after kill -9 and a new start"
    );
    assert!(stored >= answered, "a ping that was answered 200 must be counted");
    let ratio = median(|round| round.per_second, &rounds[1]) / bare;
    let limit = format!("at least {LEAST_RATIO:.2}");
    let mut met = vec![goal("ratio to bare hyper", ratio, ratio >= LEAST_RATIO, limit)];
    if let Some(older) = rounds.get(3) {
        let ratio = median(|round| round.per_second, &rounds[1]) / median(|round| round.per_second, older);
        let limit = format!("at least {LEAST_RATIO_TO_OLDER:.2}");
        met.push(goal("ratio to the older one", ratio, ratio >= LEAST_RATIO_TO_OLDER, limit));
    }
    met.push(size_goal());
    exit_code(&met)
}

/// The binary is one file that is copied to servers.
fn size_goal() -> bool {
    let bytes = std::fs::metadata(THIS).expect("the binary was built").len();
    let limit = format!("under {MOST_MEGABYTES}");
    goal("megabytes of the binary", bytes as f64 / 1e6, bytes < MOST_MEGABYTES * 1_000_000, limit)
}

/// Who is measured, and with which requests.
struct Rival {
    name: &'static str,
    server: Server,
    script: PathBuf,
}

struct Round {
    per_second: f64,
    p99_ms: f64,
    answered: u64,
}

impl Rival {
    fn round(&self) -> Round {
        let output = Command::new(tool("wrk"))
            .args(["--threads", "1", "--connections", &CONNECTIONS.to_string(), "--latency"])
            .args(["--duration", &format!("{ROUND_SECS}s"), "--script"])
            .arg(&self.script)
            .arg(format!("http://{}", self.server.address))
            .output()
            .expect("wrk runs (tests/run --tools-only brings it)");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.contains("Non-2xx"), "{} refused requests:\n{text}", self.name);
        let after = |label: &str| {
            let line = text.lines().find(|line| line.trim_start().starts_with(label));
            line.unwrap_or_else(|| panic!("no {label} in:\n{text}")).trim_start()[label.len()..]
                .trim()
                .to_owned()
        };
        let requests = text.lines().find(|line| line.contains(" requests in ")).expect("wrk counts requests");
        Round {
            per_second: after("Requests/sec:").parse().expect("wrk prints a rate"),
            p99_ms: milliseconds(&after("99%")),
            answered: requests
                .split_whitespace()
                .next()
                .and_then(|n| n.parse().ok())
                .expect("wrk counts requests"),
        }
    }
}

fn milliseconds(text: &str) -> f64 {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let value: f64 = digits.parse().expect("wrk prints a latency");
    match &text[digits.len()..] {
        "us" => value / 1000.0,
        "ms" => value,
        _ => value * 1000.0,
    }
}

fn start_bare() -> Server {
    let address = free_address();
    let itself = std::env::current_exe().expect("the bench knows its own file");
    start(address, Command::new(itself).env("PUNCTUAL_BENCH_BARE", address.to_string()))
}

fn start_pushgateway() -> Server {
    let address = free_address();
    let listen = format!("--web.listen-address={address}");
    start(address, Command::new(tool("pushgateway")).args([&listen, "--push.disable-consistency-check"]))
}

fn config() -> String {
    let mut config = String::from("checks:\n");
    for number in 1..=CHECKS {
        writeln!(config, "  - {{name: check-{number}, every: 1h, grace: 5m}}").expect("a string takes text");
    }
    config
}

/// The sum of all counted successes.
fn stored_pings(address: SocketAddr) -> u64 {
    let text = get(address, "/metrics");
    let successes = text
        .lines()
        .filter(|line| line.starts_with("punctual_check_pings_total{") && line.contains("kind=\"success\""));
    successes.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>() as u64
}

/// Answers 200 to everything and does nothing else: the most that this HTTP library can do here.
fn serve_bare(address: SocketAddr) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.expect("the address is free");
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let answer = service_fn(|_: Request<hyper::body::Incoming>| async {
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"OK"))))
                });
                // A connection that breaks is wrk's end of a round.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
}
