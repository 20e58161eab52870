//! Formats values as Python does: scripts of the original's users compare texts.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

use crate::core::time::Time;

/// A time like Python's `isoformat`, followed by `zone`, without a fraction where it is zero.
pub(super) fn iso_time(time: Time, zone: &str) -> String {
    let micros = time.as_ms().rem_euclid(1000) * 1000;
    let mut text = time.to_utc().format("%Y-%m-%dT%H:%M:%S").to_string();
    if micros > 0 {
        let _ = write!(text, ".{micros:06}");
    }
    text + zone
}

/// A text like Python's `repr`: quoted, with unprintable characters escaped.
pub(super) fn repr(text: &str) -> String {
    static HIDDEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\p{C}\p{Z}]$").expect("the pattern is a constant"));
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::with_capacity(text.len() + 2);
    shown.push(quote);
    for c in text.chars() {
        match c {
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            ' ' => shown.push(' '),
            _ if c == quote => shown.extend(['\\', c]),
            _ if c.is_ascii_graphic() || !HIDDEN.is_match(c.encode_utf8(&mut [0; 4])) => shown.push(c),
            _ => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(shown, "\\x{code:02x}"),
                    0x100..=0xffff => write!(shown, "\\u{code:04x}"),
                    _ => write!(shown, "\\U{code:08x}"),
                };
            }
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_fraction_only_where_it_is_not_zero() {
        let check = |ms: i64, expected: &str| assert_eq!(iso_time(Time::from_ms(ms), "+00:00"), expected);
        check(1_795_250_735_504, "2026-11-21T08:45:35.504000+00:00");
        check(1_795_250_735_040, "2026-11-21T08:45:35.040000+00:00");
        check(1_795_250_735_000, "2026-11-21T08:45:35+00:00");
        assert_eq!(iso_time(Time::from_ms(1_795_250_735_500), ""), "2026-11-21T08:45:35.500000");
    }

    #[test]
    fn a_text_is_quoted_and_escaped_as_in_python() {
        let check = |text: &str, expected: &str| assert_eq!(repr(text), expected);
        check("Missing argument \"name\"", r#"'Missing argument "name"'"#);
        check("it's", r#""it's""#);
        check("it's \"x\"", r#"'it\'s "x"'"#);
        check("a\\b\n\r\t\u{1}\u{7f}", r"'a\\b\n\r\t\x01\x7f'");
        check("é😀e\u{301} \u{a0}\u{ad}", "'é😀e\u{301} \\xa0\\xad'");
        check("\u{200b}\u{2028}\u{e0001}", r"'\u200b\u2028\U000e0001'");
    }
}
