//! What a runner is told on its standard input: a line of JSON, and then what the command reads. So neither a secret nor a
//! message stands in the list of processes.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};

use super::command::ExecCommand;

/// The program that runs: also if its file was replaced meanwhile.
pub(super) const OURSELVES: &str = "/proc/self/exe";

/// The longest line, in bytes: more than files may say.
const MAX_LINE_BYTES: u64 = 16 << 20;

#[derive(Serialize, Deserialize)]
pub(super) struct ExecOrder {
    pub(super) line: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) memory: u64,
    pub(super) files: u64,
    pub(super) processes: u64,
    input_bytes: u64,
}

impl ExecOrder {
    pub(super) fn new(command: &ExecCommand, env: &[(&str, &str)], input_bytes: usize) -> ExecOrder {
        let own = command.env.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
        let more = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let path = ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned());
        ExecOrder {
            line: command.line.clone(),
            env: std::iter::once(path).chain(own).chain(more).collect(),
            memory: command.limits.memory,
            files: command.limits.files,
            processes: command.limits.processes,
            input_bytes: input_bytes as u64,
        }
    }

    pub(super) fn written(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("texts and numbers are always JSON");
        line.push(b'\n');
        line
    }

    /// Reads one, and what the command is to read.
    pub(super) fn read(from: &mut impl BufRead) -> io::Result<(ExecOrder, Vec<u8>)> {
        let mut line = String::new();
        from.take(MAX_LINE_BYTES).read_line(&mut line)?;
        let order: ExecOrder = serde_json::from_str(&line)?;
        let mut input = Vec::new();
        from.take(order.input_bytes).read_to_end(&mut input)?;
        if input.len() as u64 == order.input_bytes {
            Ok((order, input))
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}
