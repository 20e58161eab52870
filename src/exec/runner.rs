//! The runner of a command: `punctual run-probe`, which nobody types.
//!
//! It comes twice. First it waits: whatever the command leaves behind becomes its child, and is killed when the command ends, when
//! whoever gave the order lets go or dies, or when the runner itself is to end. Then, as its own child, it becomes the
//! command: in a session of its own, with what that may take, and dying with the runner that waits.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus, getpid, getppid, getuid, kill_process,
    set_child_subreaper, set_parent_process_death_signal, setpriority_process, setrlimit, setsid, wait,
};
use rustix::thread::set_no_new_privs;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::{interval, sleep};

use super::ended::ExecEnd;
use super::order::{ExecOrder, OURSELVES};

/// The name of the subcommand.
pub const NAME: &str = "run-probe";
/// So often its processes are counted.
const COUNTED_EVERY: Duration = Duration::from_millis(50);
/// So long it is waited for what was killed, before it is looked for what came meanwhile.
const DYING: Duration = Duration::from_millis(1);
/// So often in a row nothing new is found: what has not died then is stuck in the kernel, and dies when it leaves that.
const MAX_ROUNDS: usize = 5_000;
/// How nice a command is: pings come first.
const NICE: i32 = 10;
/// How nice its runner is, if that is allowed: a crowd of processes must not keep it from killing them.
const SWIFT: i32 = -20;
/// How many threads are reckoned for each process.
const THREADS: u64 = 16;

/// Runs what standard input orders, and says on standard error how that ended.
pub fn attend() -> ExitCode {
    let word = ordered().unwrap_or_else(|error| error.to_string());
    let _ = writeln!(io::stderr(), "{word}");
    ExitCode::SUCCESS
}

fn ordered() -> io::Result<String> {
    let (ordering, order) = oneshot::channel();
    let (holding, let_go) = oneshot::channel::<()>();
    thread::Builder::new().name("lifeline".to_owned()).spawn(move || {
        let mut stdin = io::stdin().lock();
        let _ = ordering.send(ExecOrder::read(&mut stdin));
        // Nothing more comes, but for its end.
        let _ = stdin.read(&mut [0]);
        drop(holding);
    })?;
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let (order, input) = order.await.map_err(io::Error::other)??;
        tokio::select! {
            word = watch(&order, &input) => word,
            _ = let_go => {
                kill_all().await;
                Ok("let go".to_owned())
            }
        }
    })
}

/// Runs the command until it ends, or is to end.
async fn watch(order: &ExecOrder, input: &[u8]) -> io::Result<String> {
    set_child_subreaper(Some(getpid()))?;
    set_no_new_privs(true)?;
    let _ = setpriority_process(None, SWIFT);
    let mut ended = signal(SignalKind::child())?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let child = start(order, input)?;
    let mut count = interval(COUNTED_EVERY);
    let word = loop {
        tokio::select! {
            _ = ended.recv() => if let Some(status) = reap(Some(child)) {
                break how(status);
            },
            _ = count.tick() => if descendants().len() as u64 > order.processes {
                break ExecEnd::TOO_MANY.to_owned();
            },
            _ = terminate.recv() => break "told to end".to_owned(),
            _ = interrupt.recv() => break "told to end".to_owned(),
        }
    };
    kill_all().await;
    Ok(word)
}

fn how(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => format!("{}{status}", ExecEnd::EXITED),
        (None, Some(signal)) => format!("{}{signal}", ExecEnd::SIGNALLED),
        (None, None) => "neither exited nor signalled".to_owned(),
    }
}

/// Starts what becomes the command.
fn start(order: &ExecOrder, input: &[u8]) -> io::Result<Pid> {
    let mut stdin = File::from(memfd_create("input", MemfdFlags::CLOEXEC)?);
    stdin.write_all(input)?;
    stdin.rewind()?;
    let mut command = Command::new(OURSELVES);
    command.arg0("punctual").arg(NAME);
    for (name, value) in [
        ("--below", i64::from(getpid().as_raw_nonzero().get()).to_string()),
        ("--memory", order.memory.to_string()),
        ("--files", order.files.to_string()),
        ("--tasks", (tasks() + order.processes * THREADS).to_string()),
    ] {
        command.args([name, &value]);
    }
    command.arg("--").args(&order.line).env_clear().envs(&order.env).stdin(Stdio::from(stdin));
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::other("a process has no number"))
}

/// Takes leave of all children that have ended: the status of this one, if it has.
fn reap(child: Option<Pid>) -> Option<WaitStatus> {
    let mut found = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if Some(pid) == child {
            found = Some(status);
        }
    }
    found
}

/// Kills whatever the command has started, until nothing of it is left.
async fn kill_all() {
    let (mut killed, mut rounds) = (BTreeSet::new(), 0);
    while rounds < MAX_ROUNDS {
        let mut are_new = false;
        for pid in descendants() {
            are_new |= killed.insert(pid.as_raw_nonzero());
            let _ = kill_process(pid, Signal::KILL);
        }
        reap(None);
        // Of whatever is left somewhere below, one is always our child: orphans become that.
        if wait(WaitOptions::NOHANG).is_err() {
            return;
        }
        if are_new {
            rounds = 0;
        } else {
            rounds += 1;
            sleep(DYING).await;
        }
    }
}

/// All living processes that come from this one.
fn descendants() -> Vec<Pid> {
    let mut children: HashMap<i32, Vec<(i32, bool)>> = HashMap::new();
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    for number in numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        let Ok(stat) = fs::read(format!("/proc/{number}/stat")) else { continue };
        if let Some((parent, is_alive)) = parent_in(&String::from_utf8_lossy(&stat)) {
            children.entry(parent).or_default().push((number, is_alive));
        }
    }
    let (mut found, mut next) = (Vec::new(), vec![getpid().as_raw_nonzero().get()]);
    while let Some(parent) = next.pop() {
        for (child, is_alive) in children.remove(&parent).unwrap_or_default() {
            next.push(child);
            found.extend(Pid::from_raw(child).filter(|_| is_alive));
        }
    }
    found
}

/// How many threads the user has whose the runner is: the kernel bounds these, unless that is root.
fn tasks() -> u64 {
    let own = getuid().as_raw();
    let of_user = |entry: &fs::DirEntry| entry.metadata().is_ok_and(|process| process.uid() == own);
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().filter(of_user);
    let threads = |entry: fs::DirEntry| fs::read_dir(entry.path().join("task")).map_or(0, Iterator::count);
    processes.map(threads).sum::<usize>() as u64
}

/// The parent in a line of `/proc/PID/stat`, and whether the process lives. Its name, in brackets, may be anything.
fn parent_in(stat: &str) -> Option<(i32, bool)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    let is_alive = !matches!(words.next()?, "Z" | "X");
    Some((words.next()?.parse().ok()?, is_alive))
}

/// What the command may take.
#[derive(Clone, Copy, Debug)]
pub struct Becoming {
    /// The runner that waits for it.
    pub below: i32,
    pub memory: u64,
    pub files: u64,
    /// Of all threads that its user has.
    pub tasks: u64,
}

/// Becomes the command. It comes back only if that cannot be started, and says why to the runner.
pub fn become_command(becoming: Becoming, line: &[String]) -> ExitCode {
    // Standard error is the runner's, and becomes the command's output.
    let runner = io::stderr().as_fd().try_clone_to_owned().map(File::from);
    let Err(error) = prepare(becoming).and_then(|()| replaced_by(line));
    if let Ok(mut runner) = runner {
        let _ = writeln!(runner, "{}{error}", ExecEnd::NOT_STARTED);
    }
    ExitCode::from(127)
}

fn prepare(Becoming { below, memory, files, tasks }: Becoming) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before it would have been told.
    if getppid().is_none_or(|parent| parent.as_raw_nonzero().get() != below) {
        return Err(io::Error::other("its runner is gone"));
    }
    setsid()?;
    // Where a service may not say so it is as urgent as the server.
    let _ = setpriority_process(None, NICE);
    set_no_new_privs(true)?;
    let exactly = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Core, exactly(0))?;
    setrlimit(Resource::Nofile, exactly(files))?;
    setrlimit(Resource::Nproc, exactly(tasks))?;
    setrlimit(Resource::As, exactly(memory))?;
    Ok(())
}

fn replaced_by(line: &[String]) -> io::Result<std::convert::Infallible> {
    let [program, arguments @ ..] = line else { return Err(io::Error::other("there is no command")) };
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    Err(Command::new(program).args(arguments).stderr(Stdio::from(output)).exec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_whatever_it_calls_itself() {
        assert_eq!(parent_in("12 (sh) S 7 12 12 0"), Some((7, true)));
        assert_eq!(parent_in("12 (a) Z 9 (b) R 7 12"), Some((7, true)));
        assert_eq!(parent_in("12 (sh) Z 7 12 12 0"), Some((7, false)));
        assert_eq!(parent_in("nothing"), None);
    }

    #[test]
    fn its_own_children_are_found_and_no_others() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep is there");
        let found: Vec<i32> = descendants().iter().map(|pid| pid.as_raw_nonzero().get()).collect();
        child.kill().and_then(|()| child.wait()).expect("it is ours");
        assert!(found.contains(&i32::try_from(child.id()).unwrap_or_default()), "{found:?}");
        assert!(!found.contains(&1) && !found.contains(&getpid().as_raw_nonzero().get()), "{found:?}");
    }
}
