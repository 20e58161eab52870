//! A command, and what became of it.

use std::collections::BTreeMap;

use super::ended::ExecEnd;
use crate::core::probe::ExecLimits;
use crate::core::secret::Secret;
use crate::core::time::Span;

/// A command, and how it is run. No shell reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecCommand {
    /// The path of the program, and its arguments.
    pub line: Vec<String>,
    /// What is in its environment besides a `PATH`; its values may be secrets.
    pub env: BTreeMap<String, Secret>,
    pub timeout: Span,
    pub limits: ExecLimits,
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecRun {
    pub end: ExecEnd,
    /// What it wrote to its standard output and error, at most [`ExecRun::MAX_OUTPUT_BYTES`].
    pub output: Vec<u8>,
    /// It wrote more.
    pub is_cut: bool,
}

impl ExecRun {
    /// So much of the output is read; the rest is dropped.
    pub const MAX_OUTPUT_BYTES: usize = 64 * 1024;
}
