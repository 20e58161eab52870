//! The real binary.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use super::disk::SmallDisk;
use super::http::{self, Response};
use super::process::{Process, free_port, whole_lines};

/// `punctual serve` in a folder of its own, which holds `punctual.yaml` and `data`.
pub(crate) struct Punctual {
    port: u16,
    binary: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// Holds `data`, if that is no part of the folder.
    disk: Option<SmallDisk>,
    /// How many files and connections it may have open, if not as many as the test.
    descriptors: Option<u32>,
    process: Option<Process>,
    /// `http`, or `https`.
    scheme: &'static str,
    folder: TempDir,
}

impl Punctual {
    /// Starts it with this configuration and waits until it is ready.
    pub(crate) fn start(config: &str) -> Punctual {
        let mut punctual = Punctual::new(config);
        punctual.start_again();
        punctual
    }

    /// Not started yet: for more files, arguments and environment.
    pub(crate) fn new(config: &str) -> Punctual {
        let punctual = Punctual {
            port: free_port(),
            binary: env!("CARGO_BIN_EXE_punctual").into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            disk: None,
            descriptors: None,
            process: None,
            scheme: "http",
            folder: TempDir::new().unwrap(),
        };
        punctual.write_config(config);
        punctual
    }

    pub(crate) fn argument(mut self, argument: &str) -> Punctual {
        self.arguments.push(argument.to_owned());
        self
    }

    pub(crate) fn environment(mut self, name: &str, value: &str) -> Punctual {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Is served by this file of `--web.config.file`, which stands in its folder as `web.yml`.
    pub(crate) fn web_config(self, text: &str) -> Punctual {
        self.write_web_config(text);
        self.argument("--web.config.file=web.yml")
    }

    pub(crate) fn write_web_config(&self, text: &str) {
        std::fs::write(self.folder().join("web.yml"), text).unwrap();
    }

    /// Is asked by https.
    pub(crate) fn over_tls(mut self) -> Punctual {
        self.scheme = "https";
        self
    }

    /// Trusts the authority of a PEM file, and no other.
    pub(crate) fn trusting(self, authority: &Path) -> Punctual {
        self.environment("SSL_CERT_FILE", authority.to_str().unwrap())
    }

    /// Keeps `data` on a disk of this size, which ends with this object.
    pub(crate) fn on_small_disk(mut self, size_bytes: u64) -> Punctual {
        self.disk = Some(SmallDisk::mount(self.folder(), "data", size_bytes));
        self
    }

    /// Is another version from the next start on.
    pub(crate) fn run_by(&mut self, binary: &Path) {
        self.binary = binary.to_owned();
    }

    /// May have so many files and connections open.
    pub(crate) fn descriptors(mut self, most: u32) -> Punctual {
        self.descriptors = Some(most);
        self
    }

    /// Where `data` is seen from outside.
    pub(crate) fn data(&self) -> PathBuf {
        self.disk.as_ref().map_or_else(|| self.folder().join("data"), SmallDisk::path)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path begins with `/`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        http::get(&self.url(path))
    }

    /// The values of a metric's series that have this label.
    pub(crate) fn values(&self, metric: &str, label: &str) -> Vec<f64> {
        let metrics = self.get("/metrics").text();
        let start = format!("{metric}{{");
        let series = metrics.lines().filter(|line| line.starts_with(&start) && line.contains(label));
        series.map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect()
    }

    /// The value of a metric of which there is one series.
    pub(crate) fn value(&self, metric: &str) -> f64 {
        let metrics = self.get("/metrics").text();
        let is_of_it =
            |line: &&str| line.strip_prefix(metric).is_some_and(|rest| rest.starts_with([' ', '{']));
        let lines: Vec<&str> = metrics.lines().filter(is_of_it).collect();
        let [line] = lines[..] else { panic!("not one {metric} in\n{metrics}") };
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Their sum, of a metric that counts.
    pub(crate) fn sum(&self, metric: &str, label: &str) -> u64 {
        self.values(metric, label).iter().sum::<f64>() as u64
    }

    /// A ping that must be accepted: `NAME`, `NAME/fail`, `NAME/start?rid=…`.
    pub(crate) fn ping(&self, path: &str) {
        let response = http::post(&self.url(&format!("/ping/{path}")), "");
        assert_eq!(response.status, 200, "{}", response.text());
    }

    pub(crate) fn write_config(&self, config: &str) {
        std::fs::write(self.folder().join("punctual.yaml"), config).unwrap();
    }

    /// Asks it to read its configuration again; the answer comes when that is done.
    pub(crate) fn reload(&self) -> Response {
        http::post(&self.url("/-/reload"), "")
    }

    pub(crate) fn pid(&self) -> Pid {
        self.running().pid()
    }

    /// What the processors have done for it so far.
    pub(crate) fn processor_time(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.running().id())).unwrap();
        // The first number is nanoseconds. A thread may have ended since.
        let of_one = |schedstat: String| schedstat.split(' ').next().unwrap().parse::<u64>().unwrap();
        let stats = threads.filter_map(|thread| {
            std::fs::read_to_string(thread.unwrap().path().join("schedstat")).ok().map(of_one)
        });
        Duration::from_nanos(stats.sum())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.running().signal(signal);
    }

    /// Starts it, or starts it again with the same folder and port.
    pub(crate) fn start_again(&mut self) {
        self.start_unready();
        self.wait_ready();
    }

    /// Waits until it is ready, after it was started without waiting.
    pub(crate) fn wait_ready(&mut self) {
        self.wait_ready_at("/-/ready");
    }

    /// The same of one that says so at another path.
    pub(crate) fn wait_ready_at(&mut self, path: &str) {
        let ready = self.url(path);
        self.process.as_mut().expect("it was started just now").wait_until_ready(&ready);
    }

    /// Starts it without waiting.
    pub(crate) fn start_unready(&mut self) {
        self.process = None;
        let binary = self.binary.to_str().unwrap();
        let mut command = match (&self.disk, self.descriptors) {
            (Some(disk), _) => disk.command(binary),
            (None, Some(most)) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit -n {most}; exec \"$@\""), "sh", binary]);
                shell
            }
            (None, None) => Command::new(binary),
        };
        command.current_dir(self.folder()).arg("serve");
        command.args(["--config.file", "punctual.yaml", "--storage.path", "data", "--web.enable-lifecycle"]);
        command.args(["--web.listen-address", &format!("127.0.0.1:{}", self.port), "--log.format", "json"]);
        command.args(&self.arguments).envs(self.environment.iter().cloned());
        self.process = Some(Process::start("punctual", &mut command, self.folder.path()));
    }

    /// Kills it at once (SIGKILL).
    pub(crate) fn kill9(&mut self) {
        self.process = None;
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait(Duration::from_secs(15))
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.as_mut().expect("it was started").child().try_wait().unwrap().is_some()
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(&mut self, within: Duration) -> ExitStatus {
        let mut process = self.process.take().expect("it was started");
        process.wait(within)
    }

    /// Stops it and starts it again.
    pub(crate) fn restart(&mut self) {
        let status = self.stop();
        assert!(status.success(), "it ended with {status}");
        self.start_again();
    }

    /// What it has logged since the first start, in whole lines.
    pub(crate) fn log(&self) -> String {
        whole_lines(&self.folder().join("punctual.log"))
    }

    fn running(&self) -> &Process {
        self.process.as_ref().expect("it was started")
    }
}

/// A text with the user who runs this test as user 0: who says something at the socket is on record with their number.
pub(crate) fn as_user_0(text: &str) -> String {
    text.replace(&format!("user {}", rustix::process::geteuid().as_raw()), "user 0")
}

/// Runs a command of the binary to its end: whether it succeeded, and all that it said.
pub(crate) fn punctual(arguments: &[&str]) -> (bool, String) {
    super::process::run(Command::new(env!("CARGO_BIN_EXE_punctual")).args(arguments))
}
