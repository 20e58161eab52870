//! How checks have been (§25) as bars: a part of the time is as high as all others, and shows by height how much of it was of which
//! kind. Kinds differ by their patterns, so that no colour is all that tells them.

use maud::{Markup, html};

use super::words;
use crate::core::time::Span;
use crate::core::uptime::{UptimeKind, UptimePart, UptimeTally, percent};

/// The height of a bar, in px.
pub(super) const HEIGHT: i64 = 32;
/// What happened is never too thin to be seen, in px.
const LEAST: i64 = 4;

/// From the top of a bar.
const FROM_TOP: [UptimeKind; 6] = [
    UptimeKind::Failing,
    UptimeKind::Late,
    UptimeKind::Unknown,
    UptimeKind::Paused,
    UptimeKind::Unseen,
    UptimeKind::Good,
];

/// A part of the time.
pub(super) struct Bar {
    /// `None`: it has not begun.
    pub(super) tally: Option<UptimeTally>,
    /// What is said of it where somebody points at it.
    pub(super) title: String,
}

/// Bars from left to right, as wide as there is room for them.
pub(super) fn row(label: &str, bars: &[Bar]) -> Markup {
    html! {
        svg.bars width="100%" height=(HEIGHT) role="img" aria-label=(label) shape-rendering="crispEdges" { (several(bars, 0)) }
    }
}

/// The same within a drawing that there is already, so many px below its top.
pub(super) fn several(bars: &[Bar], top: i64) -> Markup {
    html! { @for (place, bar) in bars.iter().enumerate() { (one(bar, place, bars.len(), top)) } }
}

fn one(bar: &Bar, place: usize, of: usize, top: i64) -> Markup {
    let (x, width) = (share(place as f64, of), share(0.84, of));
    let across = (x.as_str(), width.as_str());
    html! {
        @if let Some(tally) = &bar.tally {
            g {
                title { (bar.title) }
                @for (kind, y, height) in pieces(tally) { (piece(kind, across, (top + y, height))) }
            }
        }
    }
}

/// A rectangle in the pattern of a kind.
pub(super) fn piece(kind: UptimeKind, (x, width): (&str, &str), (y, height): (i64, i64)) -> Markup {
    html! { rect class=(class(kind)) fill=(fill(kind)) x=(x) y=(y) width=(width) height=(height) {} }
}

/// `12.5%`, of so many.
pub(super) fn share(part: f64, of: usize) -> String {
    format!("{:.3}%", part * 100.0 / of.max(1) as f64)
}

fn class(kind: UptimeKind) -> &'static str {
    match kind {
        UptimeKind::Good => "s-up",
        UptimeKind::Late => "s-late",
        UptimeKind::Failing => "s-failing",
        UptimeKind::Unknown => "s-unknown",
        UptimeKind::Paused => "s-paused",
        UptimeKind::Unseen => "unseen-time",
    }
}

fn fill(kind: UptimeKind) -> &'static str {
    match kind {
        UptimeKind::Good | UptimeKind::Unseen => "currentColor",
        UptimeKind::Late => "url(#pattern-late)",
        UptimeKind::Failing => "url(#pattern-failing)",
        UptimeKind::Unknown => "url(#pattern-unknown)",
        UptimeKind::Paused => "url(#pattern-paused)",
    }
}

/// What a bar consists of, from its top: each kind with its place and height in px.
fn pieces(tally: &UptimeTally) -> Vec<(UptimeKind, i64, i64)> {
    let all: i64 = FROM_TOP.iter().map(|kind| tally.span(*kind).as_ms()).sum();
    let some = FROM_TOP.into_iter().filter(|kind| tally.span(*kind) > Span::ZERO);
    let height = |kind| tally.span(kind).as_ms() * HEIGHT / all;
    let mut heights: Vec<(UptimeKind, i64)> = some.map(|kind| (kind, height(kind).max(LEAST))).collect();
    let rest = HEIGHT - heights.iter().map(|(_, height)| height).sum::<i64>();
    // The largest has room enough: six of the least are less than all.
    if let Some((_, largest)) = heights.iter_mut().max_by_key(|(_, height)| *height) {
        *largest += rest;
    }
    let mut top = 0;
    let below = |(kind, height)| {
        top += height;
        (kind, top - height, height)
    };
    heights.into_iter().map(below).collect()
}

/// `late 2h 0m, good 4h 0m`; of a single kind `good`.
pub(super) fn said(tally: &UptimeTally) -> String {
    let some: Vec<UptimeKind> = FROM_TOP.into_iter().filter(|kind| tally.span(*kind) > Span::ZERO).collect();
    match some.as_slice() {
        [] => "nothing yet".to_owned(),
        [one] => one.as_str().to_owned(),
        more => {
            let each = more.iter().map(|kind| format!("{} {}", kind.as_str(), span(tally.span(*kind))));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

/// The patterns, once for a page that has bars.
pub(super) fn patterns() -> Markup {
    html! {
        svg.patterns width="0" height="0" aria-hidden="true" {
            defs {
                pattern #pattern-late width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    g.s-late {
                        rect width="6" height="6" fill="currentColor" fill-opacity=".35" {}
                        rect width="3" height="6" fill="currentColor" {}
                    }
                }
                pattern #pattern-failing width="6" height="6" patternUnits="userSpaceOnUse" {
                    g.s-failing {
                        rect width="6" height="6" fill="currentColor" fill-opacity=".55" {}
                        path d="M0 0L6 6M6 0L0 6" stroke="currentColor" stroke-width="1.6" {}
                    }
                }
                pattern #pattern-unknown width="6" height="6" patternUnits="userSpaceOnUse" {
                    g.s-unknown {
                        rect width="6" height="6" fill="currentColor" fill-opacity=".25" {}
                        circle cx="3" cy="3" r="1.7" fill="currentColor" {}
                    }
                }
                pattern #pattern-paused width="6" height="6" patternUnits="userSpaceOnUse" {
                    g.s-paused {
                        rect width="6" height="6" fill="currentColor" fill-opacity=".15" {}
                        rect width="6" height="2" fill="currentColor" {}
                    }
                }
            }
        }
    }
}

/// Which pattern is what, of those that are drawn.
pub(super) fn legend(total: &UptimeTally) -> Markup {
    let drawn = FROM_TOP.into_iter().rev().filter(|kind| total.span(*kind) > Span::ZERO);
    html! { ul.legend { @for kind in drawn { li { (sample(kind)) " " (kind.as_str()) } } } }
}

fn sample(kind: UptimeKind) -> Markup {
    html! { svg width="14" height="14" aria-hidden="true" { (piece(kind, ("0", "14"), (0, 14))) } }
}

/// Every number of the parts of a time, for whoever does not see the bars: a line for each, by the words for it.
pub(super) fn table(first: &str, parts: impl Iterator<Item = (String, UptimePart)>) -> Markup {
    let kinds =
        [UptimeKind::Late, UptimeKind::Failing, UptimeKind::Unknown, UptimeKind::Paused, UptimeKind::Unseen];
    html! {
        table.numbers {
            thead { tr {
                th scope="col" { (first) } th scope="col" { "Up" }
                @for kind in kinds { th scope="col" { (kind.as_str()) } }
                th scope="col" { "incidents" }
            } }
            tbody { @for (words, UptimePart { tally, incidents, .. }) in parts {
                tr {
                    th scope="row" { (words) }
                    td data-label="Up" { (percent(tally.up())) }
                    @for kind in kinds { td data-label=(kind.as_str()) { (span(tally.span(kind))) } }
                    td data-label="incidents" { @match incidents { Some(numbers) => (numbers.opened), None => "–" } }
                }
            } }
        }
    }
}

/// None of it is a dash.
pub(super) fn span(span: Span) -> String {
    match span.as_ms() {
        ..=0 => "–".to_owned(),
        1..1000 => "<1s".to_owned(),
        _ => words::rough(span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Time;
    use crate::core::uptime::{TimePart, UptimeInterval};

    fn at(secs: i64) -> Time {
        Time::from_secs(1_700_000_000 + secs)
    }

    /// So many seconds of these kinds.
    fn tally(kinds: &[(UptimeKind, i64)]) -> UptimeTally {
        let (mut intervals, mut from) = (Vec::new(), 0);
        for (kind, secs) in kinds {
            let part = TimePart { from: at(from), to: at(from + secs) };
            intervals.insert(0, UptimeInterval { kind: *kind, part, reason: None });
            from += secs;
        }
        UptimeTally::of(TimePart { from: at(0), to: at(from) }, &intervals)
    }

    /// 22.8f
    #[test]
    fn what_lasted_a_second_is_seen_and_a_bar_is_never_higher_than_others() {
        let check = |kinds: &[(UptimeKind, i64)], expected: &[(UptimeKind, i64, i64)]| {
            assert_eq!(pieces(&tally(kinds)), expected, "{kinds:?}");
        };
        check(&[], &[]);
        check(&[(UptimeKind::Good, 1)], &[(UptimeKind::Good, 0, 32)]);
        check(
            &[(UptimeKind::Good, 21_599), (UptimeKind::Late, 1)],
            &[(UptimeKind::Late, 0, 4), (UptimeKind::Good, 4, 28)],
        );
        check(
            &[(UptimeKind::Late, 300), (UptimeKind::Failing, 100)],
            &[(UptimeKind::Failing, 0, 8), (UptimeKind::Late, 8, 24)],
        );
        let all = UptimeKind::ALL.map(|kind| (kind, if kind == UptimeKind::Paused { 1_000_000 } else { 1 }));
        let heights: Vec<i64> = pieces(&tally(&all)).iter().map(|(_, _, height)| *height).collect();
        assert_eq!(heights, [4, 4, 4, 12, 4, 4]);
    }

    #[test]
    fn a_bar_says_how_long_it_was_what() {
        assert_eq!(said(&tally(&[])), "nothing yet");
        assert_eq!(said(&tally(&[(UptimeKind::Unseen, 5)])), "unseen");
        let both = tally(&[(UptimeKind::Good, 7200), (UptimeKind::Late, 61)]);
        assert_eq!(said(&both), "late 1m, good 2h 0m");
        assert_eq!([0, 1, 1000].map(|ms| span(Span::ms(ms))), ["–", "<1s", "1s"]);
    }

    /// 22.8f: no colour is all that tells them.
    #[test]
    fn every_kind_is_drawn_in_another_pattern() {
        let (mut fills, patterns) = (UptimeKind::ALL.map(fill).to_vec(), patterns().into_string());
        fills.retain(|fill| fill.starts_with("url(#"));
        for fill in &fills {
            let id = fill.trim_start_matches("url(#").trim_end_matches(')');
            assert_eq!(patterns.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
        }
        fills.sort_unstable();
        fills.dedup();
        assert_eq!(fills.len(), 4, "what is good is full, and what is not seen is as the paper");
    }
}
