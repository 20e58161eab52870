//! What a job said last, beside what it said when it failed last.

use maud::{Markup, html};

use super::super::App;
use super::words;
use crate::core::check::{CheckId, PingKind};
use crate::core::time::Time;
use crate::store::history::{BodyRecord, PingRecord};

/// So much of an output is shown, in characters: its end, which says most. All of it is a link away.
const MAX_CHARS: usize = 3000;
/// So many of its last lines.
const MAX_LINES: usize = 30;

/// The outputs, of these pings, newest first.
pub(super) fn outputs(app: &App, check: CheckId, pings: &[PingRecord], now: Time) -> Markup {
    let has_body = |ping: &&PingRecord| matches!(ping.body, BodyRecord::Kept(_));
    let last = pings.iter().find(has_body);
    let failed = pings.iter().filter(|ping| ping.kind == PingKind::Fail).find(has_body);
    let is_same = last.zip(failed).is_some_and(|(last, failed)| last.seq == failed.seq);
    html! {
        @if let Some(last) = last {
            h2 { "What it said" }
            div.outputs {
                (output(app, check, last, if is_same { "Last output, of a failure" } else { "Last output" }, now))
                @if let Some(failed) = failed.filter(|_| !is_same) { (output(app, check, failed, "Output of the last failure", now)) }
            }
        }
    }
}

fn output(app: &App, check: CheckId, ping: &PingRecord, title: &str, now: Time) -> Markup {
    let body = app.services.history.body(check, ping.seq).ok().flatten();
    html! {
        @if let Some(body) = body {
            section aria-label=(title) {
                h3 { (title) }
                p.small.quiet { (ping.word()) ", " (words::when(ping.at, now)) " · " a href={ "?body=" (ping.seq) } { "all of it" } }
                pre { (end_of(&body)) }
            }
        }
    }
}

/// The end of a text from outside, without what commands a terminal; the mark says that there is more.
fn end_of(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).replace("\r\n", "\n");
    let is_shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let clean: String = text.trim_end().chars().filter(is_shown).collect();
    let from_chars = clean.char_indices().rev().nth(MAX_CHARS - 1).map_or(0, |(at, _)| at);
    let from_lines = clean.rmatch_indices('\n').nth(MAX_LINES - 1).map_or(0, |(at, _)| at + 1);
    match from_chars.max(from_lines) {
        0 => clean,
        begin => format!("…\n{}", &clean[begin..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_output_the_end_is_shown() {
        assert_eq!(end_of(b"one\r\ntwo\n\n"), "one\ntwo");
        assert_eq!(end_of(b"\x1b[31mred\tand \xff"), "[31mred\tand \u{fffd}");
        assert_eq!(end_of(b""), "");
        let lines: Vec<String> = (1..=40).map(|number| format!("line {number}")).collect();
        let shown = end_of(lines.join("\n").as_bytes());
        assert!(shown.starts_with("…\nline 11\nline 12\n") && shown.ends_with("\nline 40"), "{shown}");
        let long = "ä".repeat(MAX_CHARS + 1);
        assert_eq!(end_of(long.as_bytes()), format!("…\n{}", "ä".repeat(MAX_CHARS)));
        assert_eq!(end_of("ä".repeat(MAX_CHARS).as_bytes()), "ä".repeat(MAX_CHARS));
    }
}
