//! A look by a command (17.15): its exit status says whether it holds, and its first line why, as of a plug-in for Nagios.

use std::collections::BTreeMap;

use crate::core::assertion::Outcome;
use crate::core::probe::{ExecProbe, ProbeFound};
use crate::core::text::{begun, one_line};
use crate::core::time::Span;
use crate::exec::{self, ExecCommand, ExecEnd, ExecRun};

/// The longest reason.
const MAX_WHY_CHARS: usize = 400;
/// What follows in the line of a plug-in is numbers for programs.
const NUMBERS: char = '|';

/// Runs it once. Dropping this kills whatever it has started.
pub(super) async fn look(probe: &ExecProbe, within: Span) -> ProbeFound {
    let command = ExecCommand {
        line: probe.line.iter().map(|text| text.to_string()).collect(),
        env: BTreeMap::new(),
        timeout: within,
        limits: probe.limits,
    };
    found(exec::run(&command, &[], &[]).await)
}

fn found(ExecRun { end, output, is_cut: _ }: ExecRun) -> ProbeFound {
    let text = String::from_utf8_lossy(&output).trim_end().to_owned();
    let outcome = outcome(&end);
    let why = match (outcome, first_line(&text)) {
        (Outcome::Holds, _) => String::new(),
        (Outcome::Violated, Some(line)) => line,
        (Outcome::Violated | Outcome::Unknown, None) => end.to_string(),
        // That it could not tell is said first: a line of a command that was killed may say that all is well.
        (Outcome::Unknown, Some(line)) => format!("{end}: {line}"),
    };
    ProbeFound { outcome, why, text, rows: Vec::new(), are_more: false }
}

/// As plug-ins for Nagios say it: 1 is a warning, and 2 is critical.
fn outcome(end: &ExecEnd) -> Outcome {
    match end {
        ExecEnd::Exited(0) => Outcome::Holds,
        ExecEnd::Exited(1 | 2) => Outcome::Violated,
        ExecEnd::Exited(_)
        | ExecEnd::Signalled(_)
        | ExecEnd::TimedOut
        | ExecEnd::TooManyProcesses
        | ExecEnd::NotStarted(_)
        | ExecEnd::NotRun(_) => Outcome::Unknown,
    }
}

/// The first line that says something to people.
fn first_line(text: &str) -> Option<String> {
    let mut lines = text.lines().map(|line| line.split(NUMBERS).next().unwrap_or_default().trim());
    lines.find(|line| !line.is_empty()).map(|line| begun(&one_line(line), MAX_WHY_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(end: ExecEnd, output: &[u8]) -> (Outcome, String) {
        let ProbeFound { outcome, why, .. } = found(ExecRun { end, output: output.to_vec(), is_cut: false });
        (outcome, why)
    }

    /// 17.15b
    #[test]
    fn the_exit_status_says_whether_it_holds() {
        use Outcome::{Holds, Unknown, Violated};
        let ends = [
            (ExecEnd::Exited(0), Holds, ""),
            (ExecEnd::Exited(1), Violated, "it exited with status 1"),
            (ExecEnd::Exited(2), Violated, "it exited with status 2"),
            (ExecEnd::Exited(3), Unknown, "it exited with status 3"),
            (ExecEnd::Exited(126), Unknown, "it exited with status 126"),
            (ExecEnd::Exited(127), Unknown, "it exited with status 127"),
            (ExecEnd::Exited(255), Unknown, "it exited with status 255"),
            (ExecEnd::Signalled(9), Unknown, "signal 9 ended it"),
            (ExecEnd::TimedOut, Unknown, "it took too long, and was killed"),
            (ExecEnd::TooManyProcesses, Unknown, "it had too many processes, and was killed"),
            (ExecEnd::NotStarted("no such file".to_owned()), Unknown, "it cannot be started: no such file"),
            (ExecEnd::NotRun("no memory".to_owned()), Unknown, "it could not be run: no memory"),
        ];
        for (end, outcome, why) in ends {
            assert_eq!(of(end.clone(), b""), (outcome, why.to_owned()), "{end}");
        }
    }

    /// 17.15b
    #[test]
    fn the_first_line_says_why() {
        let violated = |output: &[u8]| of(ExecEnd::Exited(2), output).1;
        assert_eq!(violated(b"DISK CRITICAL - / is full | /=99%;80;90\nmore\n"), "DISK CRITICAL - / is full");
        assert_eq!(violated(b"\n  \nlate\n"), "late");
        assert_eq!(violated(b"| only=1\n"), "it exited with status 2");
        assert_eq!(violated(b"a\x1b[31mred\xff\x07b\n"), "a [31mred\u{fffd} b");
        assert_eq!(violated(&[b'x'; 60_000]).chars().count(), MAX_WHY_CHARS + 1);
        assert_eq!(
            of(ExecEnd::Exited(3), b"OK - but no answer\n").1,
            "it exited with status 3: OK - but no answer"
        );
        assert_eq!(of(ExecEnd::TimedOut, b"OK\n").1, "it took too long, and was killed: OK");
    }

    /// 17.2b
    #[test]
    fn what_it_wrote_is_the_text_also_where_it_holds() {
        let run = ExecRun { end: ExecEnd::Exited(0), output: b"LOAD OK\nall\n".to_vec(), is_cut: false };
        assert_eq!(found(run).text, "LOAD OK\nall");
    }
}
