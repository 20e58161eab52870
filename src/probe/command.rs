//! A look by a command (17.15): its exit status says whether it holds, and its first line why, as of a plug-in for Nagios.

use std::collections::BTreeMap;

use crate::core::assertion::Outcome;
use crate::core::probe::{ExecProbe, ProbeFound};
use crate::core::record::Record;
use crate::core::text::{begun, one_line};
use crate::core::time::Span;
use crate::exec::{self, ExecCommand, ExecEnd, ExecRun};
use crate::record_words::RecordWords;

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
    let run = exec::run(&command, &[], &[]).await;
    if probe.names_records { named(run) } else { found(run) }
}

/// 17.15c: each line is a record. Of a line that is none, and of what was cut, nobody knows what it would have named.
fn named(run: ExecRun) -> ProbeFound {
    if outcome(&run.end) == Outcome::Unknown {
        return found(run);
    }
    let unknown = |why: String| {
        let text = String::from_utf8_lossy(&run.output).trim_end().to_owned();
        ProbeFound { text, ..ProbeFound::unknown(why) }
    };
    if run.is_cut {
        return unknown(format!(
            "it wrote more than {} bytes: not all records are known",
            ExecRun::MAX_OUTPUT_BYTES
        ));
    }
    match records(&run.output) {
        Err(why) => unknown(why),
        Ok(rows) if rows.is_empty() => found(run),
        Ok(rows) => {
            let first = begun(&one_line(rows[0].title()), MAX_WHY_CHARS);
            let why = match rows.len() {
                1 => format!("1 record: {first}"),
                count => format!("{count} records, the first: {first}"),
            };
            ProbeFound { why, ..ProbeFound::of_rows(rows, false) }
        }
    }
}

/// The records of all lines but empty ones; an error: a line is none.
fn records(output: &[u8]) -> Result<Vec<Record>, String> {
    let lines = output.split(|byte| *byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let record = |(at, line): (usize, &[u8])| {
        let why =
            |why: &str| format!("line {} is no record: {}", at + 1, begun(&one_line(why), MAX_WHY_CHARS));
        let words: RecordWords = serde_json::from_slice(line).map_err(|error| why(&error.to_string()))?;
        words.read().map_err(|error| why(&error))
    };
    lines.map(record).collect()
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

    /// 17.15c
    #[test]
    fn each_line_is_a_record() {
        let of =
            |end, output: &str, is_cut| named(ExecRun { end, output: output.as_bytes().to_vec(), is_cut });
        let two = "{\"key\": \"7\", \"title\": \"ada\", \"details\": {\"a\": 1}, \"labels\": {\"region\": \"EU\"}}\n\n{\"key\": \"8\"}\n";
        for status in [0, 1, 2] {
            let found = of(ExecEnd::Exited(status), two, false);
            assert_eq!((found.outcome, found.rows.len()), (Outcome::Violated, 2), "{status}");
            assert_eq!((found.rows[0].title(), found.rows[0].details()), ("ada", "{\"a\":1}"));
            assert_eq!(found.rows[0].labels()[..], [("region".to_owned(), "EU".to_owned())]);
            assert_eq!(found.why, "2 records, the first: ada");
        }
        assert_eq!(of(ExecEnd::Exited(0), "", false), ProbeFound::holds());
        let whole = of(ExecEnd::Exited(2), "\n", false);
        assert_eq!((whole.outcome, &*whole.why), (Outcome::Violated, "it exited with status 2"));
        assert!(whole.rows.is_empty());
    }

    /// 17.15c: of all of them nothing is known then, and none ends.
    #[test]
    fn a_line_that_is_no_record_makes_all_of_it_unknown() {
        let of = |end, output: &[u8], is_cut| named(ExecRun { end, output: output.to_vec(), is_cut });
        for (bad, why) in [
            (&b"{\"key\": \"7\"}\nWARNING: slow\n"[..], "line 2 is no record: expected value"),
            (b"{\"key\": \"\"}", "line 1 is no record: it has no key"),
            (b"{\"key\": \"a\", \"colour\": 1}", "line 1 is no record: unknown field `colour`"),
            (b"{\"key\": \"a\xff\"}", "line 1 is no record: "),
            (b"{\"key\": \"a\"", "line 1 is no record: EOF"),
            (b"7", "line 1 is no record: invalid type"),
        ] {
            let found = of(ExecEnd::Exited(1), bad, false);
            assert!(found.outcome == Outcome::Unknown && found.why.starts_with(why), "{found:?}");
            assert!(found.rows.is_empty() && !found.text.is_empty());
        }
        let cut = of(ExecEnd::Exited(1), b"{\"key\": \"7\"}\n", true);
        assert!(cut.outcome == Outcome::Unknown && cut.why.contains("65536 bytes"), "{cut:?}");
        for end in [ExecEnd::Exited(3), ExecEnd::TimedOut, ExecEnd::Signalled(9)] {
            let found = of(end, b"{\"key\": \"7\"}\n", false);
            assert_eq!((found.outcome, found.rows.len()), (Outcome::Unknown, 0));
        }
    }

    /// 17.2b
    #[test]
    fn what_it_wrote_is_the_text_also_where_it_holds() {
        let run = ExecRun { end: ExecEnd::Exited(0), output: b"LOAD OK\nall\n".to_vec(), is_cut: false };
        assert_eq!(found(run).text, "LOAD OK\nall");
    }
}
