//! `periodicity`: a number of seconds, or a schedule of them.

use super::dialect::Dialect;
use super::fault::CommandFault;
use crate::core::periods::{Periods, PeriodsError};
use crate::core::schedule::Schedule;
use crate::core::time::{Span, Time};

/// Longer than this from now there is no date to be late at.
const MAX_SECS: f64 = 7900.0 * 365.0 * 86_400.0;

/// Reads a periodicity. A schedule takes up to 50 ms: not on a thread that serves.
pub(super) fn schedule(text: &str, dialect: &Dialect) -> Result<Schedule, CommandFault> {
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
    // Finite, and within what an i64 of milliseconds holds: the bound above says so.
    let period = Span::ms((secs * 1000.0).round() as i64);
    if period <= Span::ZERO {
        return Err(malformed("numeric periodicities must be positive"));
    }
    Ok(Schedule::Every(period))
}

const _: () = assert!(MAX_SECS * 1000.0 < Time::MAX.as_ms() as f64, "now + a period is a time");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::check::System;

    fn check(system: System, text: &str, expected: Result<i64, &str>) {
        let read = schedule(text, Dialect::of(system));
        let expected = expected.map(|ms| Schedule::Every(Span::ms(ms))).map_err(CommandFault::bad);
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn a_number_of_seconds_may_have_a_fraction() {
        use System::CoalMine;
        check(CoalMine, "3600", Ok(3_600_000));
        check(CoalMine, "0.5", Ok(500));
        check(CoalMine, ".25", Ok(250));
        check(CoalMine, "60.", Ok(60_000));
        check(CoalMine, "0.001", Ok(1));
        let not_positive = Err("TypeError('numeric periodicities must be positive')");
        check(CoalMine, "0", not_positive);
        check(CoalMine, "0.0001", not_positive);
        let no_float = r#"ValueError("could not convert string to float: '1.2.3'")"#;
        check(CoalMine, "1.2.3", Err(no_float));
        check(CoalMine, &"9".repeat(400), Err("OverflowError('date value out of range')"));
        check(CoalMine, "* *\n* * * 60", Err("TypeError('malformed periodicity: no newlines allowed')"));
    }

    #[test]
    fn what_is_no_number_is_a_schedule() {
        let read = schedule("* * * * * 300", Dialect::of(System::CoalMine));
        assert!(matches!(read, Ok(Schedule::Periods(_))), "{read:?}");
        for bad in ["-5", "1e3", "inf", "nan", "hourly", "* * * * * 0", "* * * * * 60; 0 * * * * 30"] {
            let fault = schedule(bad, Dialect::of(System::CoalMine)).expect_err(bad).text("Canary");
            assert!(fault.starts_with("TypeError('malformed periodicity: "), "{bad}: {fault}");
        }
    }

    #[test]
    fn a_watcher_has_whole_seconds() {
        use System::NightsWatch;
        check(NightsWatch, "3600", Ok(3_600_000));
        check(NightsWatch, "0", Err("TypeError('numeric periodicities must be positive')"));
        check(NightsWatch, "-1", Err("TypeError('numeric periodicities must be positive')"));
        let no_integer = r#"ValueError("invalid literal for int() with base 10: '60.0'")"#;
        check(NightsWatch, "60.0", Err(no_integer));
        assert!(schedule("* * * * * 300", Dialect::of(NightsWatch)).is_err());
    }
}
