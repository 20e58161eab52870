//! Programs that a test runs: found, started, waited for, ended.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Long enough for any part to start or to answer on a busy machine; only a failing test waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A program that is killed when it is dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; what it says is appended to `NAME.log` in the folder.
    pub(crate) fn start(name: &str, command: &mut Command, folder: &Path) -> Process {
        let log = folder.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).unwrap();
        command.stderr(file.try_clone().unwrap());
        Process::spawn(name, command.stdout(file).stdin(Stdio::null()), log)
    }

    /// Starts it with standard input and output as they are in the command.
    pub(crate) fn start_piped(name: &str, command: &mut Command, folder: &Path) -> Process {
        let log = folder.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).unwrap();
        Process::spawn(name, command.stderr(file), log)
    }

    fn spawn(name: &str, command: &mut Command, log: PathBuf) -> Process {
        let child =
            command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}: {command:?}"));
        Process { name: name.to_owned(), child, log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// What it has said so far, in whole lines.
    pub(crate) fn log(&self) -> String {
        whole_lines(&self.log)
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(&mut self, within: Duration) -> ExitStatus {
        let what = format!("the end of {}", self.name);
        wait_for(&what, within, || self.child.try_wait().unwrap())
    }

    /// Panics with its log if it has ended.
    pub(crate) fn assert_alive(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("{} has ended ({status}):\n{}", self.name, self.log());
        }
    }

    /// Waits until it answers 200 there.
    pub(crate) fn wait_until_ready(&mut self, url: &str) {
        let what = format!("{} ready at {url}", self.name);
        wait_for(&what, PATIENCE, || {
            self.assert_alive();
            super::http::try_get(url).ok().filter(|response| response.status == 200)
        });
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("--- {} said last:\n{}", self.name, lines[lines.len().saturating_sub(40)..].join("\n"));
        }
    }
}

/// The lines of a log that are written to their end. Who reads beside the writer may meet half of one.
pub(crate) fn whole_lines(log: &Path) -> String {
    let mut said = std::fs::read(log).unwrap_or_default();
    said.truncate(said.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1));
    String::from_utf8_lossy(&said).into_owned()
}

/// Asks again until there is an answer, for what tells of itself in no other way.
pub(crate) fn wait_for<T>(what: &str, within: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < within, "waited {within:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, within: Duration, mut is_so: impl FnMut() -> bool) {
    wait_for(what, within, || is_so().then_some(()));
}

/// A port of 127.0.0.1 that nothing listens on, outside of the range from which the system takes ports for
/// connections, so that it stays free while its server is restarted. Tests in other processes start elsewhere.
pub(crate) fn free_port() -> u16 {
    const FIRST: u32 = 10_240;
    const COUNT: u32 = 22_000;
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(617);
    for _ in 0..COUNT {
        let offset = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let port = u16::try_from(FIRST + start.wrapping_add(offset) % COUNT).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port of 127.0.0.1");
}

/// A program that `tests/run` brings, in target/tools or on the PATH.
pub(crate) fn tool(name: &str) -> Command {
    let brought = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin").join(name);
    if brought.exists() {
        return Command::new(brought);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    Command::new(found.unwrap_or_else(|| panic!("{name} is missing: run `tests/run --tools-only` once")))
}

/// Runs a tool to its end: whether it succeeded, and all that it said.
pub(crate) fn run(command: &mut Command) -> (bool, String) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}
