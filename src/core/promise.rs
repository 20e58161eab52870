//! What is expected of a check, in plain words.

use super::schedule::{Expect, Occurrences, Schedule};
use super::time::Span;

impl Schedule {
    /// `at least every 5 minutes`; `at 02:00 every day (Europe/Berlin)`. What has no short form is as it is written.
    pub fn promise(&self) -> String {
        match self {
            Schedule::Every(period) => match length(*period).as_str() {
                "1 minute" => "at least every minute".to_owned(),
                "1 hour" => "at least every hour".to_owned(),
                "1 day" => "at least every day".to_owned(),
                length => format!("at least every {length}"),
            },
            Schedule::Periods(_) => self.to_string(),
            Schedule::At(occurrences) => times(occurrences),
            Schedule::CountedAt(occurrences, expect) => {
                format!("{}, {} in the {} before", times(occurrences), number(expect), length(expect.within))
            }
            Schedule::Counted(expect) => {
                format!("at all times {} in the last {}", number(expect), length(expect.within))
            }
            Schedule::Unscheduled => "at any time".to_owned(),
        }
    }
}

fn times(occurrences: &Occurrences) -> String {
    match occurrences.cron.in_words() {
        Some(words) => format!("{words} ({})", occurrences.zone.name()),
        None => occurrences.to_string(),
    }
}

fn number(expect: &Expect) -> String {
    let count = |count: u32| if count == 1 { "one".to_owned() } else { count.to_string() };
    match (expect.at_least, expect.at_most) {
        (_, Some(0)) => "none".to_owned(),
        (Some(least), Some(most)) if least == most => format!("exactly {}", count(least)),
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {}", count(least)),
        (None, Some(most)) => format!("at most {}", count(most)),
        (None, None) => "any number".to_owned(),
    }
}

/// `20 minutes`, `1 hour 30 minutes`
fn length(span: Span) -> String {
    const UNITS: [(i64, &str); 5] =
        [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second"), (1, "millisecond")];
    let mut left = span.as_ms();
    let mut parts = Vec::new();
    for (unit, name) in UNITS {
        let count = left / unit;
        left %= unit;
        if count != 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::cron::Cron;
    use crate::core::periods::Periods;
    use crate::core::zone::Zone;

    fn at(cron: &str, zone: &str) -> Occurrences {
        Occurrences {
            cron: Cron::parse(cron).expect("it is one"),
            zone: Zone::bundled(zone).expect("there is one"),
        }
    }

    fn expect(at_least: Option<u32>, at_most: Option<u32>, minutes: i64) -> Expect {
        Expect { at_least, at_most, within: Span::mins(minutes) }
    }

    #[test]
    fn what_is_expected_is_told_in_plain_words() {
        let berlin = "Europe/Berlin";
        let check = |schedule: Schedule, expected: &str| assert_eq!(schedule.promise(), expected);
        check(Schedule::Every(Span::mins(5)), "at least every 5 minutes");
        check(Schedule::Every(Span::mins(60)), "at least every hour");
        check(Schedule::Every(Span::secs(90)), "at least every 1 minute 30 seconds");
        check(Schedule::Every(Span::mins(26 * 60)), "at least every 1 day 2 hours");
        check(Schedule::At(at("0 2 * * *", berlin)), "at 02:00 every day (Europe/Berlin)");
        check(Schedule::At(at("0 2 1 * 1", "UTC")), "cron \"0 2 1 * 1\" UTC");
        check(
            Schedule::CountedAt(at("0 1,7,16 * * 1-5", berlin), expect(Some(1), None, 20)),
            "at 01:00, 07:00 and 16:00 on weekdays (Europe/Berlin), at least one in the 20 minutes before",
        );
        check(
            Schedule::CountedAt(at("0 18 * * *", "UTC"), expect(Some(3), Some(3), 24 * 60)),
            "at 18:00 every day (UTC), exactly 3 in the 1 day before",
        );
        check(
            Schedule::CountedAt(at("@hourly", "UTC"), expect(None, Some(0), 60)),
            "every hour, on the hour (UTC), none in the 1 hour before",
        );
        check(Schedule::Counted(expect(Some(4), Some(9), 5)), "at all times 4 to 9 in the last 5 minutes");
        check(Schedule::Counted(expect(None, Some(2), 60)), "at all times at most 2 in the last 1 hour");
        let periods = Periods::parse("* * * * * 300").expect("they are some");
        check(Schedule::Periods(periods), "periods \"* * * * * 300\"");
    }
}
