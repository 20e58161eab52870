//! `periodicity`: a number of seconds, or a schedule of them.

use super::dialect::Dialect;
use super::fault::CommandFault;
use crate::core::periods::{Periods, PeriodsError};
use crate::core::schedule::Schedule;
use crate::core::time::{Span, Time};

/// A longer period would lead to a date beyond the supported years.
const MAX_SECS: f64 = 7900.0 * 365.0 * 86_400.0;

/// Parses a periodicity. A schedule takes up to 50 ms, so do not call this on a thread that serves requests.
pub(in crate::compat) fn schedule(text: &str, dialect: &Dialect) -> Result<Schedule, CommandFault> {
    if dialect.whole_seconds {
        return whole_seconds(text);
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return seconds(text);
    }
    if text.contains('\n') {
        return Err(malformed("malformed periodicity: no newlines allowed"));
    }
    let malformed = |error: PeriodsError| malformed(&format!("malformed periodicity: {error}"));
    Ok(Schedule::Periods(Periods::parse(text).map_err(malformed)?))
}

fn malformed(text: &str) -> CommandFault {
    CommandFault::exception("TypeError", text)
}

fn seconds(text: &str) -> Result<Schedule, CommandFault> {
    let no_number =
        |_| CommandFault::exception("ValueError", &format!("could not convert string to float: '{text}'"));
    let secs: f64 = text.parse().map_err(no_number)?;
    every(secs)
}

fn whole_seconds(text: &str) -> Result<Schedule, CommandFault> {
    let no_number = |_| {
        CommandFault::exception(
            "ValueError",
            &format!("invalid literal for int() with base 10: {}", super::python::repr(text)),
        )
    };
    let secs: i32 = text.trim().parse().map_err(no_number)?;
    every(f64::from(secs))
}

fn every(secs: f64) -> Result<Schedule, CommandFault> {
    if secs > MAX_SECS {
        return Err(CommandFault::exception("OverflowError", "date value out of range"));
    }
    // The bound above ensures that this is finite and fits into an i64 of milliseconds.
    let period = Span::ms((secs * 1000.0).round() as i64);
    if period <= Span::ZERO {
        return Err(malformed("numeric periodicities must be positive"));
    }
    Ok(Schedule::Every(period))
}

const _: () = assert!(MAX_SECS * 1000.0 < Time::MAX.as_ms() as f64, "now + a period is a time");

/// Checks the period in ms of a number of seconds, or the error that the system's users get.
#[cfg(test)]
pub(in crate::compat) fn check_seconds(text: &str, dialect: &Dialect, expected: Result<i64, &str>) {
    let expected = expected.map(|ms| Schedule::Every(Span::ms(ms))).map_err(CommandFault::bad);
    assert_eq!(schedule(text, dialect), expected, "{text}");
}
