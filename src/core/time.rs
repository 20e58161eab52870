//! Times and spans, both in whole milliseconds.
//!
//! Nothing here reads a clock; only `clock.rs` does.

use std::fmt;
use std::num::NonZeroU64;
use std::ops::{Add, AddAssign, Sub};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, never before year 1 or after year 9999.
///
/// Stored as the milliseconds since the beginning of year 1, plus one, so that an `Option<Time>` is no larger than a
/// `Time`: times are half of a check's state, and every ping copies it several times.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(NonZeroU64);

/// A length of time in milliseconds. It is negative only as a difference of two times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Time {
    /// 0001-01-01T00:00:00Z, the earliest time.
    pub const MIN: Time = Time(NonZeroU64::MIN);
    /// 9999-12-31T23:59:59.999Z, the latest time.
    pub const MAX: Time = Time::new(253_402_300_799_999);
    /// `MIN`, in milliseconds since the epoch.
    const MIN_MS: i64 = -62_135_596_800_000;

    /// The time `ms` milliseconds after the epoch, clamped to the supported range.
    pub fn from_ms(ms: i64) -> Time {
        Time::new(ms.min(Time::MAX.as_ms()))
    }

    const fn new(ms: i64) -> Time {
        let since_min = ms.saturating_sub(Time::MIN_MS);
        // Times before `MIN` become `MIN`.
        Time(NonZeroU64::MIN.saturating_add(if since_min > 0 { since_min.unsigned_abs() } else { 0 }))
    }

    /// The time `secs` seconds after the epoch, clamped to the supported range.
    pub fn from_secs(secs: i64) -> Time {
        Time::from_ms(secs.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn as_ms(self) -> i64 {
        (self.0.get() - 1).cast_signed() + Time::MIN_MS
    }

    /// Seconds since the epoch with a fraction, as in Prometheus' timestamps.
    pub fn as_secs_f64(self) -> f64 {
        self.as_ms() as f64 / 1000.0
    }

    /// The same instant as chrono's UTC time.
    pub fn to_utc(self) -> chrono::DateTime<chrono::Utc> {
        chrono::DateTime::from_timestamp_millis(self.as_ms()).expect("Time is kept within chrono's range")
    }
}

impl Span {
    pub const ZERO: Span = Span(0);
    /// A millisecond, the smallest step of time.
    pub const MS: Span = Span(1);
    /// The longest span between two times.
    pub const MAX: Span = Span(Time::MAX.as_ms() - Time::MIN.as_ms());

    pub const fn ms(ms: i64) -> Span {
        Span(ms)
    }

    /// A span of this many seconds.
    pub const fn secs(secs: i64) -> Span {
        Span(secs.saturating_mul(1000))
    }

    /// A span of this many minutes.
    pub const fn mins(mins: i64) -> Span {
        Span::secs(mins.saturating_mul(60))
    }

    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// Seconds with a fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time::from_ms(self.as_ms().saturating_add(span.0))
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time::from_ms(self.as_ms().saturating_sub(span.0))
    }
}

impl Sub<Time> for Time {
    type Output = Span;
    fn sub(self, earlier: Time) -> Span {
        Span(self.as_ms() - earlier.as_ms())
    }
}

impl Add<Span> for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl AddAssign<Span> for Span {
    fn add_assign(&mut self, other: Span) {
        *self = *self + other;
    }
}

impl Sub<Span> for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Time").field(&self.as_ms()).finish()
    }
}

/// RFC 3339 in UTC, with milliseconds only if they are not zero.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format =
            if self.as_ms().rem_euclid(1000) == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.3fZ" };
        write!(f, "{}", self.to_utc().format(format))
    }
}

/// As Prometheus writes durations: `1d2h`, `90s` as `1m30s`, `250ms`; zero is `0s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        for (unit, ms) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            let count = rest / ms;
            rest %= ms;
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_as_rfc_3339() {
        assert_eq!(Time::from_ms(1_774_656_000_000).to_string(), "2026-03-28T00:00:00Z");
        assert_eq!(Time::from_ms(1_774_656_000_250).to_string(), "2026-03-28T00:00:00.250Z");
    }

    #[test]
    fn spans_print_as_prometheus_durations() {
        assert_eq!(Span::secs(90).to_string(), "1m30s");
        assert_eq!(Span::ms(86_400_250).to_string(), "1d250ms");
        assert_eq!(Span::ZERO.to_string(), "0s");
        assert_eq!(Span::ms(-1500).to_string(), "-1s500ms");
    }

    #[test]
    fn arithmetic_stays_within_the_supported_years() {
        assert_eq!(Time::MAX + Span::MAX, Time::MAX);
        assert_eq!(Time::MIN - Span::MAX, Time::MIN);
        assert_eq!(Time::MIN.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(Time::MAX.to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_time_is_its_milliseconds_and_ordered_by_them() {
        let (min, max) = (Time::MIN.as_ms(), Time::MAX.as_ms());
        let all =
            [i64::MIN, min - 1, min, min + 1, -1, 0, 1, 1_774_656_000_250, max - 1, max, max + 1, i64::MAX];
        for ms in all {
            assert_eq!(Time::from_ms(ms).as_ms(), ms.clamp(min, max));
        }
        assert!(all.is_sorted() && all.map(Time::from_ms).is_sorted());
        assert!(Time::from_ms(-1) < Time::from_ms(0) && Time::from_ms(0) < Time::from_ms(1));
        assert_eq!(format!("{:?}", Time::from_ms(-250)), "Time(-250)");
        assert_eq!(size_of::<Option<Time>>(), size_of::<i64>());
    }
}
