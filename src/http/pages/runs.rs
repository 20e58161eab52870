//! The last runs of a check: how long each took as a bar, and each in a line.

use maud::{Markup, html};

use super::bars;
use super::history::{ping_kind, ping_said};
use super::words;
use crate::core::check::PingKind;
use crate::core::time::{Span, Time};
use crate::core::uptime::UptimeKind;
use crate::store::history::PingRecord;

/// So many of the newest pings are looked at.
pub(super) const LOOKED_AT: usize = 200;
/// The most bars.
const MAX_BARS: usize = 60;
/// The bars of fewer are as wide as those of so many.
const LEAST_BARS: usize = 20;
/// Lines.
const ROWS: usize = 15;
/// The highest bar, in px.
const HEIGHT: i64 = 84;
/// Above the bars is room for the sign of a failure, in px.
const TOP: i64 = 14;

/// A run that has ended, by the ping that ended it.
#[derive(Clone, Copy)]
struct Run<'p> {
    end: &'p PingRecord,
    took: Span,
}

impl Run<'_> {
    fn has_failed(self) -> bool {
        self.end.kind == PingKind::Fail
    }
}

/// Those of these pings, newest first.
fn of(pings: &[PingRecord]) -> Vec<Run<'_>> {
    let run = |end| Some(Run { end, took: end.duration? });
    pings.iter().filter(|ping| !ping.repeat).filter_map(run).collect()
}

/// Whether there are any among these pings.
pub(super) fn are_in(pings: &[PingRecord]) -> bool {
    pings.iter().any(|ping| ping.duration.is_some())
}

/// The section of them, if there are any.
pub(super) fn runs(pings: &[PingRecord], now: Time) -> Markup {
    let runs = of(pings);
    html! {
        @if !runs.is_empty() {
            h2 { "Last runs" }
            (plot(&runs[..runs.len().min(MAX_BARS)], now))
            (table(&runs[..runs.len().min(ROWS)], now))
        }
    }
}

/// Half of them took no longer; `runs` is not empty.
fn median(runs: &[Run<'_>]) -> Span {
    let mut spans: Vec<Span> = runs.iter().map(|run| run.took).collect();
    spans.sort_unstable();
    let (one, other) = (spans[(spans.len() - 1) / 2], spans[spans.len() / 2]);
    Span::ms(i64::midpoint(one.as_ms(), other.as_ms()))
}

fn plot(runs: &[Run<'_>], now: Time) -> Markup {
    let longest = runs.iter().map(|run| run.took).max().unwrap_or(Span::ZERO);
    let median = median(runs);
    let failed = runs.iter().filter(|run| run.has_failed()).count();
    let height = |took: Span| (took.as_ms() * HEIGHT / longest.as_ms().max(1)).clamp(2, HEIGHT);
    let said = format!(
        "{}: median {median}, longest {longest}, {failed} failed",
        if runs.len() == 1 { "The last run".to_owned() } else { format!("The last {} runs", runs.len()) }
    );
    let (bottom, of) = (TOP + HEIGHT, runs.len().max(LEAST_BARS));
    html! {
        p.small { (said) }
        svg.bars.durations width="100%" height=(bottom) role="img" aria-label=(said) {
            @for (place, run) in runs.iter().rev().enumerate() {
                @let (x, width) = (bars::share(place as f64, of), bars::share(0.84, of));
                @let height = height(run.took);
                g {
                    title { (title(run, now)) }
                    @if run.has_failed() {
                        text.s-failing x=(bars::share(place as f64 + 0.42, of)) y=(TOP - 3) text-anchor="middle" fill="currentColor" { "✗" }
                    }
                    (bars::piece(kind(run), (x.as_str(), width.as_str()), (bottom - height, height)))
                }
            }
            @let y = bottom - height(median);
            line.median x1="0" x2=(bars::share(runs.len() as f64, of)) y1=(y) y2=(y) stroke-dasharray="5 4" {}
        }
    }
}

fn kind(run: &Run<'_>) -> UptimeKind {
    if run.has_failed() { UptimeKind::Failing } else { UptimeKind::Good }
}

/// `fail 02:03:10 UTC, took 3m2s, exit status 1: no space left`
fn title(run: &Run<'_>, now: Time) -> String {
    let Run { end, took } = run;
    let mut said = format!("{} {}, took {took}", end.word(), words::clock(end.at, now));
    if let Some(status) = end.exit_status {
        said.push_str(&format!(", exit status {status}"));
    }
    if let Some(comment) = &end.comment {
        said.push_str(&format!(": {comment}"));
    }
    said
}

fn table(runs: &[Run<'_>], now: Time) -> Markup {
    html! {
        table.runs {
            thead { tr {
                th scope="col" { "Began" } th scope="col" { "Ended" } th scope="col" { "Took" }
                th scope="col" { "Result" } th scope="col" { "Said" }
            } }
            tbody { @for Run { end, took } in runs {
                tr {
                    td.time data-label="Began" { (words::when(end.at - *took, now)) }
                    td.time data-label="Ended" { (words::when(end.at, now)) }
                    td.time data-label="Took" { (took) }
                    td { (ping_kind(end)) }
                    td data-label="Said" { (ping_said(end)) }
                }
            } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::history::BodyRecord;

    fn ping(secs: i64, kind: PingKind, took: Option<i64>) -> PingRecord {
        PingRecord {
            seq: 1,
            at: Time::from_secs(1_700_000_000 + secs),
            kind,
            result: None,
            repeat: false,
            body: BodyRecord::None,
            exit_status: None,
            duration: took.map(Span::secs),
            rid: None,
            comment: Some("</title><script>alert(1)</script>".to_owned()),
            source: "127.0.0.1".to_owned(),
        }
    }

    /// 22.8g
    #[test]
    fn a_run_is_one_line_and_failed_ones_are_marked_and_no_comment_is_markup() {
        let now = Time::from_secs(1_700_001_000);
        let pings = [
            ping(300, PingKind::Fail, Some(90)),
            ping(210, PingKind::Start, None),
            ping(200, PingKind::Success, None),
            ping(120, PingKind::Success, Some(30)),
            ping(90, PingKind::Start, None),
        ];
        let text = runs(&pings, now).into_string();
        assert!(text.contains("The last 2 runs: median 1m, longest 1m30s, 1 failed"), "{text}");
        assert_eq!(text.matches("<tr>").count(), 3, "a head and two runs: {text}");
        assert_eq!(text.matches("✗").count(), 1);
        assert!(
            text.contains("<title>fail 22:18:20 UTC, took 1m30s: &lt;/title&gt;&lt;script&gt;"),
            "{text}"
        );
        assert!(!text.contains("<script"));
        assert_eq!(runs(&pings[1..3], now).into_string(), "", "it tells of no begin");
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let check = |took: &[i64], expected: i64| {
            let pings: Vec<PingRecord> =
                took.iter().map(|secs| ping(0, PingKind::Success, Some(*secs))).collect();
            assert_eq!(median(&of(&pings)), Span::secs(expected), "{took:?}");
        };
        check(&[7], 7);
        check(&[9, 1], 5);
        check(&[9, 1, 2], 2);
    }
}
