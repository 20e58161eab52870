//! How soon deadlines are noticed: 100,000 checks armed, 1,000 of them due within one second.
//!
//! `cargo bench --bench expiry`. Lags are punctual's own histogram of the time from a deadline to its judgement; messages
//! are counted by a real receiver. With `PUNCTUAL_BENCH_OLD=FILE` the same is done with an older release binary first.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::fmt::Write as _;
use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{THIS, get, metric_in, older, read_message, start_punctual};

const CHECKS: usize = 100_000;
const DUE: usize = 1_000;
const ROUNDS: usize = 5;
const PERIOD: Duration = Duration::from_secs(5);

fn main() {
    if let Some(binary) = older() {
        println!("older:");
        measure(&binary);
    }
    measure(Path::new(THIS));
}

fn measure(binary: &Path) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (receiver, messages) = start_receiver();
    let begun = Instant::now();
    let server = start_punctual(binary, folder.path(), &config(receiver));
    println!("{CHECKS} checks loaded and served after {:.1} s", begun.elapsed().as_secs_f64());
    for round in 1..=ROUNDS {
        ping_within_a_second(server.address);
        let before = lags(&get(server.address, "/metrics?shard=1/1000"));
        let messages_before = messages.load(Ordering::Relaxed);
        let deadline = Instant::now() + PERIOD + Duration::from_secs(20);
        let after = loop {
            let now = lags(&get(server.address, "/metrics?shard=1/1000"));
            if now.total - before.total >= DUE as f64 {
                break now;
            }
            assert!(Instant::now() < deadline, "only {} deadlines were noticed", now.total - before.total);
            std::thread::sleep(Duration::from_millis(100));
        };
        // Longer than the receiver's group_wait: what leaves together has left by then.
        std::thread::sleep(Duration::from_secs(3));
        let total = after.total - before.total;
        let within = after.within_50_ms - before.within_50_ms;
        let sent = messages.load(Ordering::Relaxed) - messages_before;
        println!(
            "round {round}: {total:.0} judged, {:.2} % within 50 ms, {sent} messages",
            100.0 * within / total
        );
        assert!(within / total >= 0.99, "p99 must be within 50 ms");
        assert!(sent <= 10, "a wave is told in a handful of messages");
    }
}

fn config(receiver: SocketAddr) -> String {
    let mut config = format!(
        "receivers: [{{name: sink, webhook: {{url: \"http://{receiver}/\"}}, group_wait: 1s}}]\n\
         default_receivers: [sink]\nchecks:\n"
    );
    for number in 0..CHECKS {
        let every = if number < DUE { PERIOD.as_secs() } else { 86_400 };
        writeln!(config, "  - {{name: check-{number}, every: {every}s, grace: 0s}}")
            .expect("a string takes text");
    }
    config
}

/// Spreads one ping to each of the checks evenly over a second, so that their deadlines are.
fn ping_within_a_second(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).expect("punctual listens");
    stream.set_nodelay(true).expect("a socket takes its options");
    let mut answers = BufReader::new(stream.try_clone().expect("a socket can be shared"));
    let begun = Instant::now();
    for number in 0..DUE {
        let at = Duration::from_micros(1_000_000 * number as u64 / DUE as u64);
        std::thread::sleep(at.saturating_sub(begun.elapsed()));
        write!(stream, "GET /ping/check-{number} HTTP/1.1\r\nHost: bench\r\n\r\n").expect("punctual reads");
        let status = read_message(&mut answers).expect("punctual answers");
        assert!(status.starts_with("HTTP/1.1 200"), "a ping is taken: {status}");
    }
}

struct Lags {
    total: f64,
    within_50_ms: f64,
}

fn lags(metrics: &str) -> Lags {
    let value = |name: &str| metric_in(metrics, name);
    Lags {
        total: value("punctual_expiry_lag_seconds_count"),
        within_50_ms: value("punctual_expiry_lag_seconds_bucket{le=\"0.05\"}"),
    }
}

/// A receiver that takes everything and counts.
fn start_receiver() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    let messages = Arc::new(AtomicUsize::new(0));
    let count = messages.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let Ok(copy) = stream.try_clone() else { continue };
            if read_message(&mut BufReader::new(copy)).is_ok() {
                count.fetch_add(1, Ordering::Relaxed);
                // A sender that does not wait for the answer has sent its message all the same.
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        }
    });
    (address, messages)
}
