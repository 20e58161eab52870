//! Times, statuses and ping URLs in words.

use maud::{Markup, html};

use super::super::decode::encoded;
use crate::core::cause::{Cause, Status};
use crate::core::check::{Definition, Name, PingMethods};
use crate::core::route::{HoldReason, MatchTest, Matcher};
use crate::core::time::{Span, Time};

/// A length of time, as exactly as people want it: `42s`, `5m`, `3h 12m`, `2d 4h`, `40d`.
pub(super) fn rough(span: Span) -> String {
    let secs = span.as_ms().abs() / 1000;
    let (mins, hours, days) = (secs / 60, secs / 3600, secs / 86_400);
    match secs {
        0..60 => format!("{secs}s"),
        60..3600 => format!("{mins}m"),
        3600..86_400 => format!("{hours}h {}m", mins % 60),
        86_400..1_209_600 => format!("{days}d {}h", hours % 24),
        _ => format!("{days}d"),
    }
}

/// A time as seen from now, and as the clock shows it.
pub(super) fn when(time: Time, now: Time) -> Markup {
    html! { time datetime=(time) { (from_now(time, now)) " " small { (clock(time, now)) } } }
}

/// The same, where the clock's time stands beside it already.
pub(super) fn about(time: Time, now: Time) -> Markup {
    html! { time datetime=(time) { (from_now(time, now)) } }
}

fn from_now(time: Time, now: Time) -> String {
    match time - now {
        ahead if ahead > Span::ZERO => format!("in {}", rough(ahead)),
        ago if ago > Span::ms(-1000) => "just now".to_owned(),
        ago => format!("{} ago", rough(ago)),
    }
}

/// How long something lasts by now, and when it began.
pub(super) fn lasting(since: Time, now: Time) -> Markup {
    html! { "for " time.lasts datetime=(since) { (rough(now - since)) " " small { "since " (clock(since, now)) } } }
}

/// To the second, with the date where that is not today's: people are somewhere else, so always in UTC.
pub(super) fn clock(time: Time, now: Time) -> String {
    let (time, now) = (time.to_utc(), now.to_utc());
    let format = if time.date_naive() == now.date_naive() { "%H:%M:%S UTC" } else { "%Y-%m-%d %H:%M:%S UTC" };
    time.format(format).to_string()
}

/// The same, or what is said instead.
pub(super) fn when_or(time: Option<Time>, now: Time, instead: &str) -> Markup {
    match time {
        Some(time) => when(time, now),
        None => html! { span.quiet { (instead) } },
    }
}

/// A status: its colour is never all that tells it.
pub(super) fn status(status: Status) -> Markup {
    html! { span class={ "status s-" (status.as_str()) } { (status.as_str()) } }
}

/// Why messages about a check are held, where they are.
///
/// `checks` leads to the folder of the checks' pages.
pub(super) fn held(held: Option<&HoldReason>, checks: &str, now: Time) -> Markup {
    let other = |name: &Name| html! { a href={ (checks) (name) } { (name) } };
    html! {
        @match held {
            Some(HoldReason::Muted { until, id }) => span.label { "muted by mute " (id) ", ends " (when(*until, now)) },
            Some(HoldReason::Quiet { until }) => span.label { "quiet, ends " (when(*until, now)) },
            Some(HoldReason::Dependency { name }) => span.label { "nothing is sent: waits for " (other(name)) },
            Some(HoldReason::DependencyRecovering { name, until }) => span.label {
                "nothing is sent before " (when(*until, now)) ": " (other(name)) " has just recovered"
            },
            Some(HoldReason::Paused | HoldReason::AwaitingDependencies { .. }) | None => {}
        }
    }
}

/// Why a check is bad.
pub(super) fn cause(cause: &Cause, now: Time) -> Markup {
    html! { (cause.kind.meaning()) " " span.quiet { "(" (cause.kind.as_str()) ")" } ", " (lasting(cause.since, now)) }
}

/// The query of a list of checks that finds those with a label.
pub(super) fn search_for(label: &str, value: &str) -> String {
    let matcher = Matcher { label: label.to_owned(), test: MatchTest::Equal(value.to_owned()) };
    format!("?q={}", encoded(&matcher.to_string()))
}

/// A check's own labels, and its group; each leads to the checks that have it. `list` is the address of a list of checks.
pub(super) fn labels(definition: &Definition, list: &str) -> Markup {
    html! {
        @if !definition.group.is_empty() {
            a.label href={ (list) (search_for("group", &definition.group)) } { bdi { (definition.group) } }
        }
        @for (name, value) in definition.labels.iter() {
            a.label href={ (list) (search_for(name, value)) } { bdi { (name) "=" (value) } }
        }
    }
}

/// The line for the end of a job, with a method that the check takes for a ping.
pub(super) fn curl(url: &str, methods: PingMethods) -> String {
    let method = match methods {
        PingMethods::Any => "",
        PingMethods::Post => "-X POST ",
    };
    format!("curl -fsS -m 10 --retry 5 --retry-connrefused {method}-o /dev/null {url}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_told_as_people_would() {
        let check = |secs: i64, expected: &str| assert_eq!(rough(Span::secs(secs)), expected, "{secs}");
        check(0, "0s");
        check(-59, "59s");
        check(60, "1m");
        check(3599, "59m");
        check(3600, "1h 0m");
        check(86_399, "23h 59m");
        check(100_000, "1d 3h");
        check(14 * 86_400, "14d");
    }

    #[test]
    fn a_time_is_told_from_now_and_by_the_clock() {
        let now = Time::from_secs(1_700_000_000);
        let check = |time: Time, expected: &str| {
            let text = when(time, now).into_string();
            assert_eq!(text, format!("<time datetime=\"{time}\">{expected}</small></time>"));
        };
        check(now, "just now <small>22:13:20 UTC");
        check(now - Span::ms(999), "just now <small>22:13:19 UTC");
        check(now - Span::secs(90), "1m ago <small>22:11:50 UTC");
        check(now + Span::secs(90), "in 1m <small>22:14:50 UTC");
        check(now + Span::mins(120), "in 2h 0m <small>2023-11-15 00:13:20 UTC");
        check(now - Span::mins(24 * 60), "1d 0h ago <small>2023-11-13 22:13:20 UTC");
        assert_eq!(
            lasting(now - Span::secs(90), now).into_string(),
            "for <time class=\"lasts\" datetime=\"2023-11-14T22:11:50Z\">1m <small>since 22:11:50 UTC</small></time>"
        );
    }
}
