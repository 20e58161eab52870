//! coal-mine: its checks are canaries.

mod ini;

use super::canaries::{Dialect, Interface};
use crate::core::origin::Habits;

pub(super) static DOOR: Interface = Interface(&DIALECT);

const DIALECT: Dialect = Dialect {
    system: "coal_mine",
    habits: Habits { max_events: 1000, pause_forgives: false, created: "Canary created" },
    title: "coal-mine",
    about: "coal-mine: `/coal-mine/v1/canary/…` and `/ID`.",
    prefix: "/coal-mine/",
    path: "v1/canary/",
    one: "canary",
    many: "canaries",
    noun: "Canary",
    sender: Some("Coal Mine"),
    zone: "+00:00",
    whole_seconds: false,
    pause_clears_late: false,
    configuration: Some(ini::to_yaml),
    extras: true,
};

#[cfg(test)]
mod tests {
    use super::super::canaries::{check_seconds, schedule};
    use super::*;
    use crate::core::schedule::Schedule;

    fn check(text: &str, expected: Result<i64, &str>) {
        check_seconds(text, &DIALECT, expected);
    }

    #[test]
    fn a_number_of_seconds_may_have_a_fraction() {
        check("3600", Ok(3_600_000));
        check("0.5", Ok(500));
        check(".25", Ok(250));
        check("60.", Ok(60_000));
        check("0.001", Ok(1));
        let not_positive = Err("TypeError('numeric periodicities must be positive')");
        check("0", not_positive);
        check("0.0001", not_positive);
        let no_float = r#"ValueError("could not convert string to float: '1.2.3'")"#;
        check("1.2.3", Err(no_float));
        check(&"9".repeat(400), Err("OverflowError('date value out of range')"));
        check("* *\n* * * 60", Err("TypeError('malformed periodicity: no newlines allowed')"));
    }

    #[test]
    fn what_is_no_number_is_a_schedule() {
        let read = schedule("* * * * * 300", &DIALECT);
        assert!(matches!(read, Ok(Schedule::Periods(_))), "{read:?}");
        for bad in ["-5", "1e3", "inf", "nan", "hourly", "* * * * * 0", "* * * * * 60; 0 * * * * 30"] {
            let fault = schedule(bad, &DIALECT).expect_err(bad).text("Canary");
            assert!(fault.starts_with("TypeError('malformed periodicity: "), "{bad}: {fault}");
        }
    }
}
