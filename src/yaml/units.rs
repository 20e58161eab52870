//! Durations and sizes as people write them.

use crate::core::time::Span;

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number without a unit.
    #[error("a duration needs a unit: `{0}s`, or ms, m, h, d, w, y")]
    NoUnit(String),
    /// A fraction.
    #[error("a duration has whole numbers: `1h30m` rather than 1.5h")]
    Fraction,
    /// A unit occurs twice, or the units do not go from the longest to the shortest.
    #[error("the units of a duration go from the longest to the shortest, each once: `1d12h`")]
    Order,
    /// Longer than the supported range.
    #[error("this duration is longer than ten thousand years")]
    TooLong,
    /// Anything else.
    #[error("a duration is written like `30s`, `5m`, `1h30m` or `7d`")]
    Syntax,
}

const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Parses a duration as Prometheus writes it: `1h30m`, `7d`, `250ms`. `0` needs no unit.
pub fn parse_duration(text: &str) -> Result<Span, DurationError> {
    if text == "0" {
        return Ok(Span::ZERO);
    }
    if !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DurationError::NoUnit(text.to_owned()));
    }
    if text.contains('.') && text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(DurationError::Fraction);
    }
    let mut total: i64 = 0;
    let mut allowed: &[(&str, i64)] = &UNITS;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_lowercase).count();
        let (number, unit) = (&rest[..digits], &rest[digits..digits + letters]);
        rest = &rest[digits + letters..];
        if number.is_empty() || !UNITS.iter().any(|(name, _)| *name == unit) {
            return Err(DurationError::Syntax);
        }
        let place = allowed.iter().position(|(name, _)| *name == unit).ok_or(DurationError::Order)?;
        let number: i64 = number.parse().map_err(|_| DurationError::TooLong)?;
        let ms = number.checked_mul(allowed[place].1).ok_or(DurationError::TooLong)?;
        total = total.checked_add(ms).ok_or(DurationError::TooLong)?;
        allowed = &allowed[place + 1..];
    }
    match Span::ms(total) {
        _ if text.is_empty() => Err(DurationError::Syntax),
        span if span > Span::MAX => Err(DurationError::TooLong),
        span => Ok(span),
    }
}

/// Parses a size in bytes: `500MB`, `1GB`, `64MiB`. `KB` is a thousand bytes, `KiB` is 1,024.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let factor: u64 = match text[digits..].trim_start() {
        "B" => 1,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<i64, &str>) {
        match (parse_duration(text), expected) {
            (Ok(span), Ok(ms)) => assert_eq!(span.as_ms(), ms, "{text}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
            (found, expected) => panic!("{text}: {found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        check("1h30m", Ok(5_400_000));
        check("7d", Ok(604_800_000));
        check("1y2w3d4h5m6s7ms", Ok(33_019_506_007));
        check("0", Ok(0));
        check("0s", Ok(0));
        check("250ms", Ok(250));
    }

    #[test]
    fn what_is_no_duration_says_what_would_be_right() {
        check("300", Err("`300s`"));
        check("1.5h", Err("`1h30m`"));
        check("30m1h", Err("longest to the shortest"));
        check("1h1h", Err("longest to the shortest"));
        check("5 m", Err("written like"));
        check("5min", Err("written like"));
        check("5M", Err("written like"));
        check("", Err("written like"));
        check("-5m", Err("written like"));
        check("h", Err("written like"));
        check("5mä", Err("written like"));
        check("99999999999999999999y", Err("ten thousand years"));
        check("9999999999y", Err("ten thousand years"));
        check("20000y", Err("ten thousand years"));
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("1GB"), Some(1_000_000_000));
        assert_eq!(parse_size("64 MiB"), Some(64 << 20));
        assert_eq!(parse_size("1"), None);
        assert_eq!(parse_size("99999999999999999999GB"), None);
        assert_eq!(parse_size("GB"), None);
    }

    proptest::proptest! {
        #[test]
        fn a_duration_that_is_shown_is_read_again(ms in 0..Span::MAX.as_ms()) {
            proptest::prop_assert_eq!(parse_duration(&Span::ms(ms).to_string()), Ok(Span::ms(ms)));
        }
    }
}
