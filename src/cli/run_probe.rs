//! `punctual run-probe`: how the server runs a command of its configuration. Nobody types it.

use std::process::ExitCode;

use clap::Args;

use crate::exec::runner::{Becoming, attend, become_command};

/// Without arguments it runs what its standard input orders; with them it becomes that.
#[derive(Args, Debug)]
pub(super) struct RunProbeArgs {
    /// The process that waits for it
    #[arg(long, requires_all = ["memory", "files", "tasks", "line"])]
    below: Option<i32>,
    /// In bytes
    #[arg(long)]
    memory: Option<u64>,
    /// How many
    #[arg(long)]
    files: Option<u64>,
    /// How many threads its user may have
    #[arg(long)]
    tasks: Option<u64>,
    /// The command
    #[arg(last = true)]
    line: Vec<String>,
}

impl RunProbeArgs {
    pub(super) fn run(&self) -> ExitCode {
        match (self.below, self.memory, self.files, self.tasks) {
            (Some(below), Some(memory), Some(files), Some(tasks)) => {
                become_command(Becoming { below, memory, files, tasks }, &self.line)
            }
            _ => attend(),
        }
    }
}
