//! The last results of a check as marks, the newest at the end (22.8). A mark is a sign, so that no colour is all that tells it.

use maud::{Markup, html};

use super::words;
use crate::core::results::{LastResult, LastResults, ResultKind};
use crate::core::schedule::Schedule;
use crate::core::time::Time;

/// Each by itself, for the page of the check.
pub(super) fn marks(results: &LastResults, schedule: &Schedule, now: Time) -> Markup {
    html! {
        @if !results.is_empty() {
            ol.marks aria-label="Last results, the newest at the end" {
                @for result in oldest_first(results) {
                    @let said = said(&result, schedule, now);
                    li class=(class(result.kind)) title=(said) {
                        span aria-hidden="true" { (sign(result.kind)) }
                        span.unseen { (said) }
                    }
                }
            }
        }
    }
}

/// All in one, for a list of many checks: a screen reader says how many there are of each.
pub(super) fn in_a_row(results: &LastResults, schedule: &Schedule, now: Time) -> Markup {
    let counted = |kind: ResultKind| {
        let count = results.newest_first().filter(|result| result.kind == kind).count();
        (count > 0).then(|| format!("{count} {}", meaning(kind)))
    };
    let all: Vec<String> = ResultKind::ALL.into_iter().filter_map(counted).collect();
    html! {
        @if !results.is_empty() {
            div.marks role="img" aria-label={ "Last results: " (all.join(", ")) } {
                @for result in oldest_first(results) {
                    span class=(class(result.kind)) title=(said(&result, schedule, now)) { (sign(result.kind)) }
                }
            }
        }
    }
}

/// `2 of the last 10 failed, 1 missed`, if any are so.
pub(super) fn how_many_failed(results: &LastResults) -> Markup {
    let count =
        |kinds: &[ResultKind]| results.newest_first().filter(|result| kinds.contains(&result.kind)).count();
    let bad = [
        (count(&[ResultKind::Fail]), "failed"),
        (count(&[ResultKind::NotMet]), "not as expected"),
        (count(&[ResultKind::Missed]), "missed"),
    ];
    let some = bad.iter().filter(|(count, _)| *count > 0).enumerate();
    let of_the_last = |place: usize| match place {
        0 => format!(" of the last {}", results.newest_first().count()),
        _ => String::new(),
    };
    let said: Vec<String> =
        some.map(|(place, (count, words))| format!("{count}{} {words}", of_the_last(place))).collect();
    html! { @if !said.is_empty() { p.small { (said.join(", ")) } } }
}

fn oldest_first(results: &LastResults) -> Vec<LastResult> {
    let mut all: Vec<LastResult> = results.newest_first().collect();
    all.reverse();
    all
}

/// `as expected 01:00:00 UTC: 2, wanted at least 1 within 20m`
fn said(LastResult { at, kind, count }: &LastResult, schedule: &Schedule, now: Time) -> String {
    let said = format!("{} {}", meaning(*kind), words::clock(*at, now));
    match (count, schedule.expect()) {
        (Some(count), Some(expect)) => format!("{said}: {count}, wanted {expect}"),
        _ => said,
    }
}

fn meaning(kind: ResultKind) -> &'static str {
    match kind {
        ResultKind::Success => "success",
        ResultKind::Fail => "failure",
        ResultKind::Met => "as expected",
        ResultKind::NotMet => "not as expected",
        ResultKind::Unknown => "unknown",
        ResultKind::Missed => "missed",
    }
}

fn sign(kind: ResultKind) -> &'static str {
    match kind {
        ResultKind::Success | ResultKind::Met => "✓",
        ResultKind::Fail | ResultKind::NotMet => "✗",
        ResultKind::Unknown => "?",
        ResultKind::Missed => "○",
    }
}

fn class(kind: ResultKind) -> &'static str {
    match kind {
        ResultKind::Success | ResultKind::Met => "s-up",
        ResultKind::Fail | ResultKind::NotMet => "s-failing",
        ResultKind::Unknown => "s-unknown",
        ResultKind::Missed => "s-late",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::blind::BlindWindows;
    use crate::core::check::{Ping, PingKind, Spec};
    use crate::core::state::State;
    use crate::core::step::{Input, step};
    use crate::core::time::Span;

    /// 22.8: no colour is all that tells them apart, and whoever hears the page hears it.
    #[test]
    fn a_mark_has_a_sign_and_says_what_it_is() {
        let spec = Spec::new(Schedule::Every(Span::mins(5)));
        let (blind, mut now) = (BlindWindows::default(), Time::from_secs(1_700_000_000));
        let mut state = State::declared(&spec, now);
        for (secs, kind) in [(10, PingKind::Success), (400, PingKind::Fail)] {
            now = now + Span::secs(secs);
            let ping = Ping { kind, rid: None, exit_status: None };
            state = step(&spec, state, &Input::Ping(ping), now, &blind).state;
        }
        let each = marks(&state.results, &spec.schedule, now).into_string();
        let expected = "<li class=\"s-up\" title=\"success 22:13:30 UTC\"><span aria-hidden=\"true\">✓</span>\
            <span class=\"unseen\">success 22:13:30 UTC</span></li>";
        assert!(each.contains(expected), "{each}");
        let signs: Vec<&str> = each.split("aria-hidden=\"true\">").skip(1).map(|rest| &rest[..3]).collect();
        assert_eq!(signs, ["✓", "○", "✗"]);
        let row = in_a_row(&state.results, &spec.schedule, now).into_string();
        assert!(
            row.contains("role=\"img\" aria-label=\"Last results: 1 success, 1 failure, 1 missed\""),
            "{row}"
        );
        assert_eq!(marks(&LastResults::default(), &spec.schedule, now).into_string(), "");
        let said = how_many_failed(&state.results).into_string();
        assert_eq!(said, "<p class=\"small\">1 of the last 3 failed, 1 missed</p>");
        assert_eq!(how_many_failed(&LastResults::default()).into_string(), "");
    }
}
