//! `exec`: a command, whose exit status says whether it holds (17.15).

use std::sync::Arc;

use crate::core::time::Span;

/// A command that is run without a shell, and with nothing in its environment but a `PATH`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExecProbe {
    /// The path of the program, and its arguments.
    pub line: Arc<[Arc<str>]>,
    /// So long a look may take; never more than half of its period (17.6).
    pub timeout: Span,
    pub limits: ExecLimits,
    /// Each line that it writes is a record that violates (17.15c).
    pub names_records: bool,
}

impl ExecProbe {
    /// `timeout` where nothing is said.
    pub const DEFAULT_TIMEOUT: Span = Span::mins(1);
}

/// How much a command may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExecLimits {
    /// Of each of its processes, in bytes.
    pub memory: u64,
    /// That each of its processes has open.
    pub files: u64,
    /// All that it has started and that runs at a time.
    pub processes: u64,
}

impl Default for ExecLimits {
    fn default() -> ExecLimits {
        ExecLimits { memory: 512 << 20, files: 256, processes: 256 }
    }
}
