//! Times, statuses and ping URLs in words.

use maud::{Markup, html};

use crate::core::cause::{Cause, CauseKind, Status};
use crate::core::check::{Definition, PingMethods};
use crate::core::route::HoldReason;
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

/// A time as seen from now, with the exact one at hand.
pub(super) fn when(time: Time, now: Time) -> Markup {
    let words = match time - now {
        ahead if ahead > Span::ZERO => format!("in {}", rough(ahead)),
        ago if ago > Span::ms(-1000) => "just now".to_owned(),
        ago => format!("{} ago", rough(ago)),
    };
    exactly(time, &words)
}

/// How long something lasts by now, with the time at hand at which it began.
pub(super) fn lasting(since: Time, now: Time) -> Markup {
    html! { "for " (exactly(since, &rough(now - since))) }
}

fn exactly(time: Time, words: &str) -> Markup {
    let exact = time.to_string();
    html! { time datetime=(exact) title={ (exact.replace('T', " ").replace('Z', " UTC")) } { (words) } }
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
pub(super) fn held(held: Option<&HoldReason>, now: Time) -> Markup {
    html! {
        @match held {
            Some(HoldReason::Muted { until, id }) => span.label { "muted by mute " (id) ", ends " (when(*until, now)) },
            Some(HoldReason::Quiet { until }) => span.label { "quiet, ends " (when(*until, now)) },
            _ => {}
        }
    }
}

/// Why a check is bad.
pub(super) fn cause(cause: &Cause, now: Time) -> Markup {
    html! { (reason(cause.kind)) " " span.quiet { "(" (cause.kind.as_str()) ")" } ", " (lasting(cause.since, now)) }
}

/// Why, in words.
pub(super) fn reason(kind: CauseKind) -> &'static str {
    match kind {
        CauseKind::Missing => "no success in time",
        CauseKind::NeverSeen => "nothing was ever heard of it",
        CauseKind::NotStarted => "no start in time",
        CauseKind::Overrun => "it runs too long",
        CauseKind::TooFew => "too few successes",
        CauseKind::Failed => "it said that it failed",
        CauseKind::TooMany => "too many successes",
        CauseKind::TooShort => "it ended too soon",
        CauseKind::Overlapping => "two runs at a time",
        CauseKind::Blind => "it was due while punctual was not listening",
    }
}

/// A check's own labels, and its group.
pub(super) fn labels(definition: &Definition) -> Markup {
    html! {
        @if !definition.group.is_empty() { span.label { (definition.group) } }
        @for (name, value) in &definition.labels { span.label { (name) "=" (value) } }
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
    fn a_time_is_told_from_now_and_exactly() {
        let now = Time::from_secs(1_700_000_000);
        let check = |time: Time, expected: &str| {
            let text = when(time, now).into_string();
            assert!(text.ends_with(&format!(">{expected}</time>")), "{text}");
        };
        check(now, "just now");
        check(now - Span::ms(999), "just now");
        check(now - Span::secs(90), "1m ago");
        check(now + Span::secs(90), "in 1m");
        assert!(when(now, now).into_string().contains("title=\"2023-11-14 22:13:20 UTC\""));
    }
}
