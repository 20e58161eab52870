//! Makes texts of strangers harmless, and times and durations readable.
//!
//! Titles, comments and labels come from files and pings. This module removes whatever could break a line, reverse the
//! reading order or be followed by a chat's preview. Each message format then escapes its own markup.

use crate::core::outbox::Attempt;
use crate::core::text::{cut, cut_bytes, first_bytes};
use crate::core::time::{Span, Time};
use crate::core::zone::Zone;

/// One line of at most `max` characters, with `…` where it was cut. Control characters and invisible characters that
/// change how the rest is read (bidi overrides, zero-width spaces) are removed.
pub fn line(text: &str, max: usize) -> String {
    // Nobody reads more; the bound keeps a hostile text from costing time.
    let read = first_bytes(text, 4 * max + 64);
    let mut line = String::with_capacity(read.len());
    for c in read.chars().filter(|c| !is_invisible(*c)) {
        let c = if c.is_control() || c.is_whitespace() { ' ' } else { c };
        if c != ' ' || !(line.is_empty() || line.ends_with(' ')) {
            line.push(c);
        }
    }
    let line = line.trim_end();
    if read.len() < text.len() && line.chars().count() <= max {
        return cut(&format!("{line}…"), max);
    }
    cut(line, max)
}

/// At most `max_lines` lines of at most `max` characters, each made harmless like [`line()`]. Empty lines are dropped.
pub fn lines(text: &str, max_lines: usize, max: usize) -> String {
    let mut kept = text.lines().map(|text| line(text, max)).filter(|line| !line.is_empty());
    let mut lines: Vec<String> = kept.by_ref().take(max_lines).collect();
    if kept.next().is_some() {
        lines.push("…".to_owned());
    }
    lines.join("\n")
}

/// How an attempt ended, for [`Attempt`]: one line of at most [`Attempt::MAX_ANSWER_BYTES`].
pub fn reason(why: &str) -> String {
    cut_bytes(&line(why, Attempt::MAX_ANSWER_BYTES), Attempt::MAX_ANSWER_BYTES)
}

pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Whether this is a link that is safe to show: `http` or `https`, of sane length, without blanks or control
/// characters.
pub fn is_link(url: &str) -> bool {
    let http = url.starts_with("http://") || url.starts_with("https://");
    http && url.len() <= 2000
        && !url
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || is_invisible(c) || "\"<>`\\".contains(c))
}

/// A duration for people, in at most two units: `23h53m`, `4m10s`, `250ms`.
pub fn span(span: Span) -> String {
    let ms = span.as_ms().max(0);
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let first = units.iter().position(|(_, size)| ms >= *size).unwrap_or(3);
    let (name, size) = units[first];
    let rest = ms % size;
    match units.get(first + 1) {
        Some((lower, lower_size)) if *lower != "ms" && rest >= *lower_size => {
            format!("{}{name}{}{lower}", ms / size, rest / lower_size)
        }
        _ => format!("{}{name}", ms / size),
    }
}

/// `4 min ago`, `23h53m ago`, `just now`; `in 4 min` for a time to come.
pub fn ago(time: Time, now: Time) -> String {
    let away = if time <= now { now - time } else { time - now };
    let words = match away.as_ms() / 1000 {
        0 => return "just now".to_owned(),
        secs @ 1..60 => format!("{secs} s"),
        secs @ 60..3600 => format!("{} min", secs / 60),
        _ => span(away),
    };
    if time <= now { format!("{words} ago") } else { format!("in {words}") }
}

/// `02:30`, with the date if it is another day than `now`'s, and with the seconds if they are not zero.
fn clock(time: Time, zone: Zone, now: Time) -> String {
    let local = zone.local(time);
    let today = zone.local(now).date_naive();
    let hour = if time.as_ms() / 1000 % 60 == 0 { "%H:%M" } else { "%H:%M:%S" };
    if local.date_naive() == today {
        local.format(hour).to_string()
    } else {
        local.format(&format!("%Y-%m-%d {hour}")).to_string()
    }
}

/// `02:30 CEST`. Without a zone, readers would take a time for their own.
pub fn zoned_clock(time: Time, zone: Zone, now: Time) -> String {
    format!("{} {}", clock(time, zone, now), zone_name(time, zone))
}

/// `02:30 CEST / 00:30 UTC`: in the check's zone and in UTC, or once if they are the same.
pub fn both_clocks(time: Time, zone: Zone, now: Time) -> String {
    let here = zoned_clock(time, zone, now);
    if zone_name(time, zone) == "UTC" {
        return here;
    }
    format!("{here} / {} UTC", utc_beside(time, zone, now))
}

/// The zone's abbreviation at this time: `CEST`.
fn zone_name(time: Time, zone: Zone) -> String {
    zone.abbreviation(time)
}

/// `02:00–02:05 CEST / 00:00–00:05 UTC`.
pub fn both_stretches(from: Time, to: Time, zone: Zone, now: Time) -> String {
    // The end has a date only if it differs from the beginning's.
    let here = format!("{}–{}", clock(from, zone, now), clock(to, zone, from));
    let name = zone_name(to, zone);
    if name == "UTC" {
        return format!("{here} UTC");
    }
    format!("{here} {name} / {}–{} UTC", utc_beside(from, zone, now), clock(to, Zone::UTC, from))
}

/// The UTC time beside a local one, with its date only if the reader could take it for another day.
fn utc_beside(time: Time, zone: Zone, now: Time) -> String {
    let local_day = zone.local(time).date_naive();
    let is_plain = time.to_utc().date_naive() == local_day;
    if is_plain { clock(time, Zone::UTC, time) } else { clock(time, Zone::UTC, other_day(time, now)) }
}

/// A time on another UTC day than `time`, so that [`clock`] includes the date.
fn other_day(time: Time, now: Time) -> Time {
    if now.to_utc().date_naive() == time.to_utc().date_naive() { now + Span::mins(24 * 60) } else { now }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(line(text, 20), expected, "{text:?}");
    }

    #[test]
    fn a_hostile_text_becomes_one_harmless_line() {
        check("plain", "plain");
        check("two\r\nlines\t and   gaps ", "two lines and gaps");
        check("a\0b\u{7}c\u{1b}[31m", "a b c [31m");
        check("pay\u{202e}lru\u{2066}x\u{200b}y\u{feff}", "paylruxy");
        check("line\u{2028}sep\u{85}next", "line sep next");
        check("日本語のバックアップ", "日本語のバックアップ");
        check("می‌خواهم 👨‍👩‍👧", "می‌خواهم 👨‍👩‍👧");
        check(&"x".repeat(20), &"x".repeat(20));
        check(&"x".repeat(21), &format!("{}…", "x".repeat(19)));
        check(&"é".repeat(10_000), &format!("{}…", "é".repeat(19)));
        check(&"\u{200b}".repeat(10_000), "…");
        check("", "");
    }

    #[test]
    fn several_lines_stay_several_harmless_lines() {
        assert_eq!(lines("Runs ETL.\r\n\nCall\u{202e} Bob.\n", 5, 20), "Runs ETL.\nCall Bob.");
        assert_eq!(lines("1\n2\n3", 2, 20), "1\n2\n…");
    }

    #[test]
    fn what_is_no_safe_link_is_none() {
        assert!(is_link("https://wiki.example.org/a?b=c&d=%20#e"));
        for bad in ["javascript:alert(1)", "https://a b", "https://a\"b", "", "ftp://a"] {
            assert!(!is_link(bad), "{bad}");
        }
    }

    #[test]
    fn a_reason_is_as_short_as_attempts_keep_it() {
        assert!(reason(&"ü\n".repeat(5_000)).len() <= Attempt::MAX_ANSWER_BYTES);
    }

    #[test]
    fn lengths_of_time_have_at_most_two_units() {
        let cases = [
            (0, "0s"),
            (250, "250ms"),
            (1_250, "1s"),
            (250_000, "4m10s"),
            (85_980_000, "23h53m"),
            (3_600_000, "1h"),
            (3_630_000, "1h"),
            (90_061_001, "1d1h"),
        ];
        for (ms, expected) in cases {
            assert_eq!(span(Span::ms(ms)), expected);
        }
    }

    #[test]
    fn relative_times_count_from_the_time_given() {
        let now = Time::from_secs(1_000_000);
        for (before, expected) in [
            (0, "just now"),
            (59, "59 s ago"),
            (240, "4 min ago"),
            (85_980, "23h53m ago"),
            (-240, "in 4 min"),
        ] {
            assert_eq!(ago(now - Span::secs(before), now), expected);
        }
    }

    #[test]
    fn a_date_is_said_where_a_reader_could_be_wrong() {
        let at = |text: &str| {
            Time::from_ms(chrono::DateTime::parse_from_rfc3339(text).expect("a time").timestamp_millis())
        };
        let berlin = Zone::bundled("Europe/Berlin").expect("it is built in");
        let both = |time: &str, zone: Zone, now: &str| both_clocks(at(time), zone, at(now));
        assert_eq!(both("2026-03-30T00:30:00Z", berlin, "2026-03-30T00:34:00Z"), "02:30 CEST / 00:30 UTC");
        assert_eq!(
            both("2026-03-30T00:30:05Z", berlin, "2026-04-02T00:34:00Z"),
            "2026-03-30 02:30:05 CEST / 00:30:05 UTC"
        );
        // Half past one at night in Berlin is still yesterday in UTC.
        assert_eq!(
            both("2026-03-29T23:30:00Z", berlin, "2026-03-29T23:34:00Z"),
            "01:30 CEST / 2026-03-29 23:30 UTC"
        );
        assert_eq!(both("2026-03-29T23:30:00Z", Zone::UTC, "2026-03-29T23:34:00Z"), "23:30 UTC");
        let stretch =
            |from: &str, to: &str, zone: Zone, now: &str| both_stretches(at(from), at(to), zone, at(now));
        assert_eq!(
            stretch("2026-03-30T00:00:00Z", "2026-03-30T00:05:00Z", berlin, "2026-03-30T00:06:00Z"),
            "02:00–02:05 CEST / 00:00–00:05 UTC"
        );
        assert_eq!(
            stretch("2026-03-29T23:55:00Z", "2026-03-30T00:05:00Z", Zone::UTC, "2026-03-30T00:06:00Z"),
            "2026-03-29 23:55–2026-03-30 00:05 UTC"
        );
    }
}
