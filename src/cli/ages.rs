//! Times of answers as people say them: how long ago, or in how long. JSON has the times themselves.

use serde_json::Value;

use crate::clock::Clock;

/// A time of an answer, if there is one: `2m ago`, or a dash.
pub(super) fn when(time: &Value) -> String {
    time.as_str().map_or_else(|| "-".to_owned(), ago)
}

/// The same, behind the time itself.
pub(super) fn at(time: &Value) -> String {
    time.as_str().map_or_else(|| "-".to_owned(), |time| format!("{time} ({})", ago(time)))
}

/// `2m ago`; a time that is no time as it is.
pub(super) fn ago(time: &str) -> String {
    said(time, Clock::new().now().as_ms())
}

/// `2m ago` or `in 2m`, seen from a time in milliseconds since the epoch.
fn said(time: &str, now_ms: i64) -> String {
    let Ok(at) = chrono::DateTime::parse_from_rfc3339(time) else { return time.to_owned() };
    let seconds = (now_ms - at.timestamp_millis()).div_euclid(1000);
    match seconds {
        0.. => format!("{} ago", length(seconds)),
        // What is to come is rounded up: nothing is due in 0 s that is not due yet.
        _ => format!("in {}", length(-seconds)),
    }
}

fn length(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_its_largest_unit() {
        let now = chrono::DateTime::parse_from_rfc3339("2026-03-10T12:00:00.500Z").expect("a time");
        for (time, expected) in [
            ("2026-03-10T12:00:00.500Z", "0s ago"),
            ("2026-03-10T11:59:01Z", "59s ago"),
            ("2026-03-10T11:59:00Z", "1m ago"),
            ("2026-03-10T11:00:01Z", "59m ago"),
            ("2026-03-10T11:00:00Z", "1h ago"),
            ("2026-03-08T12:00:01Z", "47h ago"),
            ("2026-03-08T12:00:00Z", "2d ago"),
            ("2026-03-10T12:00:01Z", "in 1s"),
            ("2026-03-10T14:00:00+01:00", "in 1h"),
            ("2026-03-10T14:30:00+01:00", "in 1h"),
            ("2026-04-10T12:00:00Z", "in 31d"),
            ("-", "-"),
        ] {
            assert_eq!(said(time, now.timestamp_millis()), expected, "{time}");
        }
    }
}
