//! Started by systemd, which listens before punctual does and hands its sockets over.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use crate::support::http;
use crate::support::process::{PATIENCE, Process, free_port, tool, wait_for, wait_until};

const CONFIG: &str = "checks: [{name: a, every: 1h}]\n";

/// Starts the server again whenever it has ended, each time with the sockets, which it keeps open.
const SUPERVISOR: &str = r#"while :; do
  sh -c 'export LISTEN_PID=$$; echo $$ >server.pid.new; mv server.pid.new server.pid; exec "$@"' sh "$@" || exit
done"#;

/// The sockets of systemd-socket-activate, and the server that they are handed to, in a folder of its own.
struct Activated {
    port: u16,
    process: Process,
    folder: TempDir,
}

impl Activated {
    /// Listens at a port, and at a Unix socket `web.sock`. The first connection starts the server.
    fn listen() -> Activated {
        let (port, folder) = (free_port(), TempDir::new().unwrap());
        std::fs::write(folder.path().join("punctual.yaml"), CONFIG).unwrap();
        let mut command = tool("systemd-socket-activate");
        command.arg("-l").arg(format!("127.0.0.1:{port}"));
        command.arg("-l").arg(folder.path().join("web.sock"));
        command.args(["sh", "-c", SUPERVISOR, "sh", env!("CARGO_BIN_EXE_punctual"), "serve"]);
        command.args(["--config.file", "punctual.yaml", "--storage.path", "data"]);
        // One group, so that it ends as a whole.
        command.current_dir(folder.path()).process_group(0);
        let process = Process::start("activated", &mut command, folder.path());
        wait_until("the sockets", PATIENCE, || process.log().contains("Listening on"));
        Activated { port, process, folder }
    }

    fn server(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.folder.path().join("server.pid")).ok()?;
        Pid::from_raw(text.trim().parse().ok()?)
    }

    /// Stops the server by SIGTERM; the next one is started at once. Waits for its start.
    fn restart(&self) {
        let before = self.server().expect("it runs");
        kill_process(before, Signal::TERM).unwrap();
        wait_for("the next server", PATIENCE, || self.server().filter(|now| *now != before));
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join("web.sock")
    }
}

impl Drop for Activated {
    fn drop(&mut self) {
        // Fails only if all of it has ended.
        let _ = kill_process_group(self.process.pid(), Signal::KILL);
    }
}

/// What is answered to a request on a connection of its own.
fn exchange(mut stream: impl Read + Write, request: &str) -> std::io::Result<String> {
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn ping(port: u16) -> std::io::Result<String> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    exchange(stream, "GET /ping/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

fn over_unix(socket: &Path, request: &str) -> String {
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    exchange(stream, request).unwrap()
}

/// Pings without pause, each on a new connection, until told to end.
struct NewConnections {
    done: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    pingers: Vec<JoinHandle<Vec<String>>>,
}

impl NewConnections {
    fn on(port: u16) -> NewConnections {
        let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let pingers = (0..4).map(|_| {
            let (done, answered) = (done.clone(), answered.clone());
            std::thread::spawn(move || {
                let mut refused = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    match ping(port) {
                        Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => {
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(answer) => refused.push(format!("answered {answer:?}")),
                        Err(error) => refused.push(error.to_string()),
                    }
                }
                refused
            })
        });
        NewConnections { pingers: pingers.collect(), done, answered }
    }

    fn wait_for_more(&self) {
        let before = self.answered.load(Ordering::Relaxed);
        let more = || self.answered.load(Ordering::Relaxed) >= before + 100;
        wait_until("pings to be answered", PATIENCE, more);
    }

    /// How many were answered 200, and what became of the others.
    fn end(self) -> (usize, Vec<String>) {
        self.done.store(true, Ordering::Relaxed);
        let refused = self.pingers.into_iter().flat_map(|pinger| pinger.join().unwrap()).collect();
        (self.answered.load(Ordering::Relaxed), refused)
    }
}

/// 23.10
#[test]
fn a_restart_under_load_refuses_no_connection_and_loses_no_ping() {
    let activated = Activated::listen();
    let load = NewConnections::on(activated.port);
    for _ in 0..5 {
        load.wait_for_more();
        activated.restart();
    }
    load.wait_for_more();
    let (answered, refused) = load.end();
    assert!(refused.is_empty(), "beside {answered} that were answered: {refused:#?}");
    let metrics = http::get(&activated.url("/metrics")).text();
    let of_pings =
        |line: &&str| line.starts_with("punctual_check_pings_total{") && line.contains("\"success\"");
    let lines: Vec<&str> = metrics.lines().filter(of_pings).collect();
    assert!(lines.len() == 1 && lines[0].ends_with(&format!("}} {answered}")), "{answered}: {lines:?}");
}

/// 23.10
#[test]
fn a_socket_that_is_handed_over_is_a_door_like_a_port_and_no_more() {
    let activated = Activated::listen();
    let ask = |request: &str| over_unix(&activated.socket(), request);
    // Nothing has listened anywhere else: it comes from systemd's.
    let answer =
        ask("POST /ping/a HTTP/1.1\r\nHost: jobs.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer =
        ask("GET /api/v1/checks/a/pings HTTP/1.1\r\nHost: jobs.example\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"127.0.0.1\""), "{answer}");
    let pause = "POST /api/v1/checks/a/pause HTTP/1.1\r\nHost: jobs.example\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    let answer = ask(pause);
    assert!(answer.starts_with("HTTP/1.1 403 "), "the socket of the data folder is another: {answer}");
    // Pages and messages name the address that is really listened at.
    assert_eq!(http::get(&activated.url("/-/ready")).status, 200);
    let said = activated.process.log();
    assert!(said.contains(&format!("url=http://127.0.0.1:{}/ping/a", activated.port)), "{said}");
    assert!(said.contains("--web.listen-address is not used") && said.contains("web.sock"), "{said}");
}

/// 23.10
#[test]
fn what_is_handed_over_and_is_no_listening_socket_is_told() {
    let check = |script: &str| {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("punctual.yaml"), CONFIG).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_punctual"), "serve"]);
        command.current_dir(folder.path()).stdin(Stdio::null());
        let mut process = Process::start("mistaken", &mut command, folder.path());
        assert!(!process.wait(Duration::from_secs(20)).success(), "{script}");
        let said = process.log();
        assert!(said.contains("LISTEN_FDS: socket 1 "), "{script}: {said}");
        assert!(!folder.path().join("data").exists(), "{script}");
    };
    check("export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\" 3</dev/null");
    check("export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"");
}

/// 23.10: a shell in between, say, has another number than punctual.
#[test]
fn what_is_handed_over_to_another_process_is_told_and_not_used() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    std::fs::write(folder.path().join("punctual.yaml"), CONFIG).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
    command.args(["serve", "--web.listen-address", &format!("127.0.0.1:{port}")]);
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1").current_dir(folder.path());
    let mut process = Process::start("another", &mut command, folder.path());
    process.wait_until_ready(&format!("http://127.0.0.1:{port}/-/ready"));
    let said = process.log();
    assert!(said.contains("LISTEN_FDS=1 are not used") && said.contains("LISTEN_PID=1 is another"), "{said}");
}
