//! Commands of the configuration, each run so that nothing of it is left (17.15).
//!
//! Between us and the command stands a runner, this program under another name ([`runner`]): it starts the command in a
//! session of its own, and stays. Whatever the command leaves behind becomes its child, and when the command ends, when we
//! say so, or when we are gone, it kills all of these. It hears that from its standard input, which ends with us.
//!
//! **Invariant:** a call ends within its time-out and a few seconds, and its output is bounded, whatever the command does.

mod command;
mod ended;
mod order;
mod output;
pub mod runner;

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use self::command::{ExecCommand, ExecRun};
pub use self::ended::ExecEnd;
use self::order::{ExecOrder, OURSELVES};
use self::output::ExecOutput;

/// So long it is waited for the runner, which kills what is left.
const PATIENCE: Duration = Duration::from_secs(3);
/// So long the output is still read when nothing is left that should write to it.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The longest word of a runner, in bytes.
const MAX_WORD_BYTES: u64 = 4096;

/// Runs a command with this on its standard input, and `env` in its environment besides its own.
pub async fn run(command: &ExecCommand, env: &[(&str, &str)], input: &[u8]) -> ExecRun {
    let mut runner = match start() {
        Ok(runner) => runner,
        Err(error) => return not_run(&error),
    };
    let (Some(stdin), Some(stdout), Some(mut stderr)) =
        (runner.stdin.take(), runner.stdout.take(), runner.stderr.take())
    else {
        unreachable!("all three are pipes")
    };
    let output = ExecOutput::default();
    // Dropping it, with this call, closes our end of the pipe.
    let mut reading = JoinSet::new();
    reading.spawn(output.clone().read(stdout));
    let said = async {
        let lifeline = order(stdin, command, env, input).await?;
        let mut word = String::new();
        (&mut stderr).take(MAX_WORD_BYTES).read_to_string(&mut word).await?;
        drop(lifeline);
        Ok::<_, io::Error>(word)
    };
    let limit = Duration::from_millis(command.timeout.as_ms().unsigned_abs());
    let end = match timeout(limit, said).await {
        Ok(Ok(word)) => ExecEnd::of_word(&word),
        Ok(Err(error)) => ExecEnd::NotRun(error.to_string()),
        // Its lifeline is dropped.
        Err(_) => ExecEnd::TimedOut,
    };
    leave(runner).await;
    let _ = timeout(LAST_WORDS, reading.join_next()).await;
    let (output, is_cut) = output.take();
    ExecRun { end, output, is_cut }
}

fn start() -> io::Result<Child> {
    let mut runner = Command::new(OURSELVES);
    runner.arg0("punctual").arg(runner::NAME).env_clear().current_dir("/");
    runner.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // What a terminal sends to us is none of its business: it ends with us.
    runner.process_group(0).spawn()
}

/// Says what is to be run. What is answered is to be held as long as it may run.
async fn order(
    mut stdin: ChildStdin,
    command: &ExecCommand,
    env: &[(&str, &str)],
    input: &[u8],
) -> io::Result<ChildStdin> {
    stdin.write_all(&ExecOrder::new(command, env, input.len()).written()).await?;
    stdin.write_all(input).await?;
    stdin.flush().await?;
    Ok(stdin)
}

/// Lets the runner kill what is left, which it does as soon as it is let go. It is never killed itself: then nobody would.
async fn leave(mut runner: Child) {
    if timeout(PATIENCE, runner.wait()).await.is_err() {
        tracing::warn!("a command does not end, though it is being killed");
    }
}

fn not_run(error: &io::Error) -> ExecRun {
    ExecRun { end: ExecEnd::NotRun(error.to_string()), output: Vec::new(), is_cut: false }
}
