//! What the benchmarks share: real servers on loopback, ended when they go out of scope.
#![allow(dead_code, reason = "each benchmark uses its part")]
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

pub(crate) mod jobs;
pub(crate) mod outside;
pub(crate) mod stored;

use std::fmt::Display;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The longest time until a server listens.
const LONGEST_START: Duration = Duration::from_secs(180);

/// A server of its own process.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Ends it as a service manager does, and waits until it has stored all.
    pub(crate) fn stop(mut self) {
        self.signal(Signal::TERM);
        self.child.wait().expect("it is our child");
    }

    /// Ends it as kill -9 does.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Says whether a figure is within its goal; `limit` is that in words.
pub(crate) fn goal(what: &str, value: f64, is_met: bool, limit: impl Display) -> bool {
    println!("goal {}: {what} {value:.2}, {limit}", if is_met { "met" } else { "MISSED" });
    is_met
}

/// What the program ends with: 1 if a goal was missed. It is returned, so that the servers that it started end before.
pub(crate) fn exit_code(met: &[bool]) -> ExitCode {
    ExitCode::from(u8::from(met.contains(&false)))
}

/// Starts a server and waits until it listens.
pub(crate) fn start(address: SocketAddr, command: &mut Command) -> Server {
    let child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server can be started");
    let server = Server { child, address };
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(begun.elapsed() < LONGEST_START, "nothing listens on {address}");
        std::thread::sleep(Duration::from_millis(10));
    }
    server
}

/// The release binary of this tree.
pub(crate) const THIS: &str = env!("CARGO_BIN_EXE_punctual");

/// An older release binary that is measured in the same run, if `PUNCTUAL_BENCH_OLD` names one: what the machine does
/// beside hits both alike.
pub(crate) fn older() -> Option<PathBuf> {
    std::env::var_os("PUNCTUAL_BENCH_OLD").map(PathBuf::from)
}

/// Starts a release binary with this configuration, in a folder that exists, and waits until it answers.
pub(crate) fn start_punctual(binary: &Path, folder: &Path, config: &str) -> Server {
    start_punctual_with(binary, folder, config, Needs::default())
}

/// What a server is started with beside its files.
#[derive(Clone, Copy, Default)]
pub(crate) struct Needs {
    /// How much it may open.
    pub(crate) descriptors: Option<u32>,
    pub(crate) is_exec_allowed: bool,
}

/// The same with what it needs.
pub(crate) fn start_punctual_with(binary: &Path, folder: &Path, config: &str, needs: Needs) -> Server {
    let address = free_address();
    let file = write(folder, "punctual.yaml", config);
    let limit = needs.descriptors.map_or(String::new(), |most| format!("ulimit -n {most}; "));
    let server = start(
        address,
        Command::new("sh")
            .args(["-c", &format!("{limit}exec \"$@\""), "sh"])
            .arg(binary)
            .arg("serve")
            .arg("--config.file")
            .arg(file)
            .arg("--storage.path")
            .arg(folder.join("data"))
            .args(["--web.listen-address", &address.to_string()])
            .args(needs.is_exec_allowed.then_some("--config.allow-exec")),
    );
    // It listens before it has read its files and its database, so that no client is turned away: it is there once it answers.
    get(address, "/-/ready");
    server
}

/// What comes within this time.
pub(crate) fn wait_for<T>(patience: Duration, found: impl Fn() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = found() {
            return Some(found);
        }
        if begun.elapsed() > patience {
            return None;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The body of an answer.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nAccept: */*\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the server reads a request");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("the server answers with text");
    text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).expect("an answer has a head")
}

/// A figure of a server's metrics.
pub(crate) fn metric(server: &Server, name: &str) -> f64 {
    metric_in(&get(server.address, "/metrics?shard=1/1000"), name)
}

/// The same, of metrics that were read before.
pub(crate) fn metric_in(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in /metrics"))
}

/// The first line of a request or an answer; its head and body are read past.
pub(crate) fn read_message(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut first = String::new();
    stream.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
    }
    stream.read_exact(&mut vec![0; length])?;
    Ok(first)
}

/// What the kernel says of a process's memory, in MiB: `VmRSS` is what it has now, `VmHWM` the most that it had.
pub(crate) fn memory_mb(process: u32, what: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with(what)).expect("Linux has it");
    let kb: f64 = line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).expect("a number of kB");
    kb / 1024.0
}

pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("a listener has an address")
}

pub(crate) fn tool(name: &str) -> PathBuf {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin").join(name);
    if ours.exists() { ours } else { PathBuf::from(name) }
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("the temporary folder takes a file");
    path
}
