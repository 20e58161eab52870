//! Cron expressions in plain words, where these are short.

use super::Cron;
use super::calendar::DayRule;

/// So many times a day, or minutes of an hour, are told one by one.
const MOST: u32 = 6;
const EVERY_HOUR: u32 = (1 << 24) - 1;
const EVERY_MINUTE: u64 = (1 << 60) - 1;
/// Bits 1 to 12, and 1 to 31.
const EVERY_MONTH: u32 = ((1 << 12) - 1) << 1;
const EVERY_DATE: u32 = !1;
/// Each of its kind in a month.
const EVERY_ONE: u8 = 0b11_1110;
const DAYS: [&str; 7] = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];

impl Cron {
    /// `at 01:00, 07:00 and 16:00 on weekdays`; `None`: it is best understood as it is written.
    pub fn in_words(&self) -> Option<String> {
        let pattern = &self.pattern;
        if pattern.months != EVERY_MONTH {
            return None;
        }
        let days = days(&pattern.days)?;
        if pattern.hours == EVERY_HOUR {
            let often = within_the_hour(pattern.minutes)?;
            return Some(days.map_or(often.clone(), |days| format!("{often}, {days}")));
        }
        if pattern.hours.count_ones() * pattern.minutes.count_ones() > MOST {
            return None;
        }
        let hours = (0..24_u32).filter(|hour| pattern.hours >> hour & 1 == 1);
        let times = hours.flat_map(|hour| {
            let minutes = (0..60_u32).filter(|minute| pattern.minutes >> minute & 1 == 1);
            minutes.map(move |minute| format!("{hour:02}:{minute:02}"))
        });
        let times: Vec<String> = times.collect();
        Some(format!("at {} {}", listed(&times), days.unwrap_or_else(|| "every day".to_owned())))
    }
}

/// `None`: every day, whatever it is; and none at all: these need more words.
fn days(rule: &DayRule) -> Option<Option<String>> {
    let is_every_date = rule.days == EVERY_DATE;
    let is_every_weekday = rule.weekdays.iter().all(|which| *which == EVERY_ONE);
    match (is_every_date, is_every_weekday) {
        _ if rule.either => None,
        (true, true) => Some(None),
        (true, false) => weekdays(rule.weekdays).map(Some),
        (false, true) => dates(rule).map(Some),
        (false, false) => None,
    }
}

fn weekdays(which: [u8; 7]) -> Option<String> {
    if which.iter().any(|which| *which != 0 && *which != EVERY_ONE) {
        return None;
    }
    let is_named = which.map(|which| which != 0);
    if is_named == [false, true, true, true, true, true, false] {
        return Some("on weekdays".to_owned());
    }
    // A week begins on Monday.
    let names = (1..=7).map(|day| day % 7).filter(|day| is_named[*day]).map(|day| DAYS[day].to_owned());
    Some(format!("on {}", listed(&names.collect::<Vec<_>>())))
}

fn dates(rule: &DayRule) -> Option<String> {
    match (rule.days.count_ones(), rule.last_day, rule.last_weekday) {
        (0, true, false) => Some("on the last day of each month".to_owned()),
        (0, false, true) => Some("on the last weekday of each month".to_owned()),
        (count @ 1..=MOST, false, false) => {
            let days: Vec<String> =
                (1..=31_u32).filter(|day| rule.days >> day & 1 == 1).map(|day| day.to_string()).collect();
            Some(format!("on day{} {} of each month", if count == 1 { "" } else { "s" }, listed(&days)))
        }
        _ => None,
    }
}

/// Of all hours.
fn within_the_hour(minutes: u64) -> Option<String> {
    let count = minutes.count_ones();
    let is_even = 60 % count == 0 && {
        let step = 60 / count;
        (0..60_u32).all(|minute| (minutes >> minute & 1 == 1) == (minute % step == 0))
    };
    match count {
        _ if minutes == EVERY_MINUTE => Some("every minute".to_owned()),
        1 if is_even => Some("every hour, on the hour".to_owned()),
        _ if is_even => Some(format!("every {} minutes", 60 / count)),
        1 => Some(format!("every hour at minute {}", minutes.trailing_zeros())),
        2..=MOST => {
            let named = (0..60_u32).filter(|minute| minutes >> minute & 1 == 1);
            let named: Vec<String> = named.map(|minute| minute.to_string()).collect();
            Some(format!("every hour at minutes {}", listed(&named)))
        }
        _ => None,
    }
}

/// `a, b and c`
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_in_words_is_told_in_words() {
        for (text, expected) in [
            ("0 1,7,16 * * 1-5", "at 01:00, 07:00 and 16:00 on weekdays"),
            ("0 2 * * *", "at 02:00 every day"),
            ("@daily", "at 00:00 every day"),
            ("30 9,17 * * *", "at 09:30 and 17:30 every day"),
            ("0,30 9-11 * * mon", "at 09:00, 09:30, 10:00, 10:30, 11:00 and 11:30 on Mondays"),
            ("0 6 * * 6,7", "at 06:00 on Saturdays and Sundays"),
            ("0 6 * * 0,1,3", "at 06:00 on Mondays, Wednesdays and Sundays"),
            ("0 6 1 * *", "at 06:00 on day 1 of each month"),
            ("0 6 1,15 * *", "at 06:00 on days 1 and 15 of each month"),
            ("0 6 L * *", "at 06:00 on the last day of each month"),
            ("0 6 LW * *", "at 06:00 on the last weekday of each month"),
            ("@hourly", "every hour, on the hour"),
            ("17 * * * *", "every hour at minute 17"),
            ("5,35 * * * *", "every hour at minutes 5 and 35"),
            ("*/15 * * * *", "every 15 minutes"),
            ("0,30 * * * *", "every 30 minutes"),
            ("*/5 * * * 1-5", "every 5 minutes, on weekdays"),
            ("* * * * *", "every minute"),
        ] {
            let cron = Cron::parse(text).expect("it is one");
            assert_eq!(cron.in_words().as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_is_left_as_it_is_written() {
        for text in [
            "0 2 1 * 1",
            "0 2 * 3 *",
            "@yearly",
            "0 2 * * 5L",
            "0 2 * * 1#2",
            "*/10 9-17 * * *",
            "1,2,3,4,5,6,7 * * * *",
            "0 2 1-20 * *",
            "0 2 1,L * *",
        ] {
            assert_eq!(Cron::parse(text).expect("it is one").in_words(), None, "{text}");
        }
    }
}
