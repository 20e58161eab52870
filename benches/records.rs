//! Ten thousand records of one check at once (18.7): what they cost the pings beside them, how soon and in how many messages
//! they are told by mail, by webhook and to Alertmanager, and whether each is told once though the server is killed meanwhile.
//!
//! `tests/run --tools-only` brings Alertmanager and the SMTP server; then: `cargo bench --bench records`. It fails if a goal is
//! missed: repeat it on a machine that does nothing else.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use common::jobs::{Jobs, Waits};
use common::outside::{alertmanager, answering, lists};
use common::{Server, THIS, exit_code, free_address, get, goal, memory_mb, start_punctual, tool, wait_for};

const RECORDS: usize = 10_000;
const JOBS: usize = 4;
/// Checks that the jobs ping.
const GOOD: usize = 1_000;
const PHASE: Duration = Duration::from_secs(15);
/// How many records end one by one.
const ONE_BY_ONE: usize = 50;
/// Before that it is killed.
const KILLED_AT: f64 = 2_000.0;
const PATIENCE: Duration = Duration::from_secs(120);
/// `group_wait`, where nothing is said.
const GROUP_WAIT_S: f64 = 5.0;

const MOST_TIMES_P99: f64 = 2.0;
const MOST_MESSAGES: usize = 3;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut bench = Bench::start(folder.path());
    let quiet = bench.beside("quiet", |_| std::thread::sleep(PHASE));
    bench.begin_all(&quiet);
    bench.end_one_by_one();
    bench.end_all(&quiet);
    bench.begin_and_die();
    println!("memory: {:.0} MiB at most", memory_mb(bench.server.id(), "VmHWM"));
    exit_code(&bench.met)
}

struct Bench<'f> {
    folder: &'f Path,
    config: String,
    server: Server,
    alertmanager: Server,
    /// What each webhook said of records, as `12 new, 300 open`.
    told: Receiver<(Instant, String)>,
    mails: Mails,
    met: Vec<bool>,
}

impl<'f> Bench<'f> {
    fn start(folder: &'f Path) -> Bench<'f> {
        let alertmanager = alertmanager(folder);
        let mails = Mails::start();
        let (sink, told) = webhooks();
        let mut config = format!(
            "smtp: {{host: 127.0.0.1, port: {}, tls: none, from: punctual@example.org}}\n\
             alerting: {{alertmanagers: [{{url: \"http://{}\"}}]}}\n\
             receivers:\n  - {{name: hook, webhook: {{url: \"http://{sink}/\"}}}}\n  \
             - {{name: mail, email: {{to: [oncall@example.org]}}}}\n\
             default_receivers: [hook, mail]\n\
             checks:\n  - {{name: profiles, assert: {{reported: {{}}, max_records: {RECORDS}}}}}\n",
            mails.port, alertmanager.address
        );
        for number in 0..GOOD {
            writeln!(config, "  - {{name: good-{number}, every: 1d}}").expect("a string takes text");
        }
        let server = start_punctual(Path::new(THIS), folder, &config);
        Bench { folder, config, server, alertmanager, told, mails, met: Vec::new() }
    }

    /// How long pings take beside something.
    fn beside(&mut self, what: &str, act: impl FnOnce(&mut Bench<'f>)) -> Waits {
        let jobs = Jobs::start(self.server.address, JOBS, |number| format!("/ping/good-{}", number % GOOD));
        act(self);
        let waits = jobs.stop();
        let Waits { pings, refused, p50_ms, p99_ms, longest_ms } = waits;
        println!(
            "{what}: {pings} pings, {refused} refused, p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, at most {longest_ms:.1} ms"
        );
        waits
    }

    fn begin_all(&mut self, quiet: &Waits) {
        let waits = self.beside("beside 10,000 that begin", |bench| {
            let begun = Instant::now();
            report(bench.server.address, 0..RECORDS).expect("it is taken");
            println!("reported: answered after {:.1} s", begun.elapsed().as_secs_f64());
            let (first, messages) = bench.told_of(RECORDS, "new");
            let to_first_s = (first - begun).as_secs_f64();
            let mails = bench.mails.of_all_until(begun + PATIENCE, messages);
            let first_mail_s = (mails[0] - begun).as_secs_f64();
            println!("told: {messages} webhooks, the first after {to_first_s:.1} s; {} mails", mails.len());
            let limit = format!("at most {MOST_MESSAGES}");
            let most = messages.max(mails.len());
            bench.met.push(goal("messages to a receiver", most as f64, most <= MOST_MESSAGES, limit));
            let longest = GROUP_WAIT_S + 2.0;
            let limit = format!("at most {longest} s");
            bench.met.push(goal("seconds to the first mail", first_mail_s, first_mail_s <= longest, limit));
            let is_listed = || lists(bench.alertmanager.address, "profiles").then_some(());
            wait_for(PATIENCE, is_listed).expect("Alertmanager is told");
        });
        self.compare("while they begin", &waits, quiet);
    }

    fn end_one_by_one(&mut self) {
        let begun = Instant::now();
        for left in 1..=ONE_BY_ONE {
            report(self.server.address, left..RECORDS).expect("it is taken");
        }
        let each_ms = begun.elapsed().as_secs_f64() * 1e3 / ONE_BY_ONE as f64;
        println!("{ONE_BY_ONE} end one by one: {each_ms:.0} ms for each result of {RECORDS}");
        let (_, messages) = self.told_of(ONE_BY_ONE, "over");
        println!("told in {messages} webhooks");
    }

    fn end_all(&mut self, quiet: &Waits) {
        let waits = self.beside("beside 9,950 that end at once", |bench| {
            let begun = Instant::now();
            report(bench.server.address, 0..0).expect("it is taken");
            println!("holds: answered after {:.1} s", begun.elapsed().as_secs_f64());
            let (_, messages) = bench.told_of(RECORDS - ONE_BY_ONE, "over");
            println!("told in {messages} webhooks");
        });
        self.compare("while they end", &waits, quiet);
    }

    /// T12: each is told once, though the server dies while it stores them.
    fn begin_and_die(&mut self) {
        let address = self.server.address;
        let reporting = std::thread::spawn(move || report(address, 0..RECORDS));
        wait_for(PATIENCE, || (open(&self.server) >= KILLED_AT).then_some(())).expect("some are open");
        self.server.kill();
        let answer = reporting.join().expect("it ends");
        assert!(answer.is_err(), "who reports is told of nothing that is not stored: {answer:?}");
        self.server = start_punctual(Path::new(THIS), self.folder, &self.config);
        println!("killed and started again with {} open", open(&self.server));
        report(self.server.address, 0..RECORDS).expect("it is taken");
        let (_, messages) = self.told_of(RECORDS, "new");
        let limit = format!("at most {MOST_MESSAGES}");
        let is_few = messages <= MOST_MESSAGES;
        self.met.push(goal("messages though it was killed", messages as f64, is_few, limit));
        // Nothing is told again.
        let more = self.told.recv_timeout(Duration::from_secs(8)).map(|(_, said)| said);
        assert!(more.is_err(), "{more:?}");
    }

    /// When the first message came, and how many there were until so many were told of so.
    fn told_of(&self, count: usize, word: &str) -> (Instant, usize) {
        let (mut told, mut messages, mut first) = (0, 0, None);
        while told < count {
            let (at, said) = self.told.recv_timeout(PATIENCE).expect("a message comes");
            told += said_of(&said, word);
            messages += 1;
            first.get_or_insert(at);
        }
        assert_eq!(told, count, "each is told once");
        (first.expect("there was one"), messages)
    }

    fn compare(&mut self, when: &str, waits: &Waits, quiet: &Waits) {
        let times = waits.p99_ms / quiet.p99_ms;
        let limit = format!("at most {MOST_TIMES_P99} times that of a quiet server");
        self.met.push(goal(&format!("p99 {when}"), times, times <= MOST_TIMES_P99, limit));
    }
}

/// The number before a word, as in `12 new, 300 open`; 0: it is not there.
fn said_of(said: &str, word: &str) -> usize {
    let mut parts = said.split(", ").filter_map(|part| part.split_once(' '));
    parts.find(|(_, what)| *what == word).map_or(0, |(number, _)| number.parse().expect("a number"))
}

fn open(server: &Server) -> f64 {
    let metrics = get(server.address, "/metrics");
    let name = "punctual_check_records{check=\"profiles\"";
    if metrics.contains(name) { common::metric_in(&metrics, name) } else { 0.0 }
}

/// Reports a result that names these; an error: there was no answer that says that it is taken.
fn report(address: SocketAddr, records: std::ops::Range<usize>) -> Result<(), String> {
    let named: Vec<String> = records
        .map(|number| format!("{{\"key\":\"{number}\",\"title\":\"user {number} has no picture\"}}"))
        .collect();
    let result = if named.is_empty() { "holds" } else { "violated" };
    let body = format!("{{\"result\":\"{result}\",\"records\":[{}]}}", named.join(","));
    let head = format!(
        "POST /api/v1/checks/profiles/report HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    stream.write_all(head.as_bytes()).map_err(|error| error.to_string())?;
    stream.write_all(body.as_bytes()).map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
    if answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(answer.lines().next().unwrap_or("no answer").to_owned())
    }
}

/// A receiver of webhooks, and what each says of records.
fn webhooks() -> (SocketAddr, Receiver<(Instant, String)>) {
    let (sender, told) = mpsc::channel();
    let address = answering("200 OK", "", move |body| {
        let at = Instant::now();
        let said: serde_json::Value = serde_json::from_slice(body).expect("a webhook is JSON");
        let records = said["alerts"][0]["annotations"]["records"].as_str().unwrap_or_default();
        let _ = sender.send((at, records.to_owned()));
    });
    (address, told)
}

/// A real SMTP server, and when mails came.
struct Mails {
    server: Child,
    port: u16,
    came: Receiver<Instant>,
}

impl Mails {
    fn start() -> Mails {
        let port = free_address().port();
        let mut server = Command::new(tool("smtp-server"))
            .args(["--port", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the SMTP server can be started");
        let mut lines = BufReader::new(server.stdout.take().expect("it is piped")).lines();
        assert_eq!(lines.next().and_then(Result::ok).as_deref(), Some("ready"));
        let (sender, came) = mpsc::channel();
        std::thread::spawn(move || {
            for _ in lines.map_while(Result::ok) {
                let _ = sender.send(Instant::now());
            }
        });
        Mails { server, port, came }
    }

    /// When so many came, or more that are there already.
    fn of_all_until(&self, end: Instant, count: usize) -> Vec<Instant> {
        let mut mails = Vec::new();
        while mails.len() < count {
            let left = end.saturating_duration_since(Instant::now());
            mails.push(self.came.recv_timeout(left).expect("a mail comes"));
        }
        mails.extend(self.came.try_iter());
        mails
    }
}

impl Drop for Mails {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
