//! How a command ended: said by its runner in a word or two.

use std::fmt;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecEnd {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal, which came from elsewhere.
    Signalled(i32),
    /// It was killed since it took too long.
    TimedOut,
    /// It was killed since it had more processes than it may have.
    TooManyProcesses,
    /// There is no such program, or it cannot be run.
    NotStarted(String),
    /// The runner could not do its work.
    NotRun(String),
}

impl ExecEnd {
    pub(super) const EXITED: &str = "exited ";
    pub(super) const SIGNALLED: &str = "signalled ";
    pub(super) const TOO_MANY: &str = "too many processes";
    pub(super) const NOT_STARTED: &str = "not started: ";

    pub(super) fn of_word(word: &str) -> ExecEnd {
        // What could not be started has said so first.
        let line = word.lines().next().unwrap_or_default();
        let number = |begin: &str| line.strip_prefix(begin).and_then(|number| number.parse().ok());
        if let Some(why) = line.strip_prefix(ExecEnd::NOT_STARTED) {
            ExecEnd::NotStarted(why.to_owned())
        } else if let Some(status) = number(ExecEnd::EXITED) {
            ExecEnd::Exited(status)
        } else if let Some(signal) = number(ExecEnd::SIGNALLED) {
            ExecEnd::Signalled(signal)
        } else if line == ExecEnd::TOO_MANY {
            ExecEnd::TooManyProcesses
        } else if line.is_empty() {
            ExecEnd::NotRun("its runner was killed".to_owned())
        } else {
            ExecEnd::NotRun(line.to_owned())
        }
    }
}

/// For people.
impl fmt::Display for ExecEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExecEnd::Exited(status) => write!(f, "it exited with status {status}"),
            ExecEnd::Signalled(signal) => write!(f, "signal {signal} ended it"),
            ExecEnd::TimedOut => f.write_str("it took too long, and was killed"),
            ExecEnd::TooManyProcesses => f.write_str("it had too many processes, and was killed"),
            ExecEnd::NotStarted(why) => write!(f, "it cannot be started: {why}"),
            ExecEnd::NotRun(why) => write!(f, "it could not be run: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_says_how_a_command_ended() {
        for (word, expected) in [
            ("exited 0\n", ExecEnd::Exited(0)),
            ("signalled 9\n", ExecEnd::Signalled(9)),
            ("too many processes\n", ExecEnd::TooManyProcesses),
            ("not started: no such file\nexited 127\n", ExecEnd::NotStarted("no such file".to_owned())),
            ("", ExecEnd::NotRun("its runner was killed".to_owned())),
            ("exited x\n", ExecEnd::NotRun("exited x".to_owned())),
        ] {
            assert_eq!(ExecEnd::of_word(word), expected, "{word}");
        }
    }
}
