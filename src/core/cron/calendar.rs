//! Finds the matching minutes of the calendar, without time zones.
//!
//! Days are counted from 1970-01-01, minutes from its midnight. Months, days, hours and minutes are found by their
//! masks. The only loop is over months, of which there are 3,612.

use chrono::{Datelike, NaiveDate};

/// 1900-01-01, the first day that can match.
const FIRST_DAY: i64 = -25_567;
/// 2200-12-31, the last day that can match.
const LAST_DAY: i64 = 84_370;
pub(in crate::core) const MINUTES_PER_DAY: i64 = 1440;

/// In [`DayRule::weekdays`]: the last such weekday of the month.
pub(super) const LAST_OF_MONTH: u8 = 1 << 6;

/// The five fields as masks: bit n stands for the number n.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::core) struct Pattern {
    pub(in crate::core) minutes: u64,
    pub(in crate::core) hours: u32,
    pub(super) months: u32,
    pub(super) days: DayRule,
    /// Whether the minute or the hour starts with `*`: the job follows real time and no change of clocks moves it.
    pub(super) is_wildcard: bool,
}

/// The two day fields together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct DayRule {
    /// Bits 1 to 31.
    pub(super) days: u32,
    pub(super) last_day: bool,
    /// The last day of the month from Monday to Friday.
    pub(super) last_weekday: bool,
    /// Starts with Sunday. Bit n stands for the n-th such weekday of the month; see also [`LAST_OF_MONTH`].
    pub(super) weekdays: [u8; 7],
    /// Whether one of the two fields is enough.
    pub(super) either: bool,
}

/// A month of a year.
#[derive(Clone, Copy)]
pub(in crate::core) struct Month {
    year: i64,
    /// 1 to 12.
    number: u32,
    pub(in crate::core) first_day: i64,
    /// 28 to 31.
    pub(in crate::core) len: u32,
}

impl Pattern {
    /// Whether any date matches.
    pub(super) fn occurs(&self) -> bool {
        assert!(self.minutes != 0 && self.hours != 0 && self.months != 0, "every field names a number");
        kinds_of_month().any(|kind| self.days_in(kind) != 0)
    }

    pub(in crate::core) fn matches(&self, minute: i64) -> bool {
        let time = minute.rem_euclid(MINUTES_PER_DAY);
        self.hours >> (time / 60) & 1 == 1
            && self.minutes >> (time % 60) & 1 == 1
            && Month::of(minute.div_euclid(MINUTES_PER_DAY))
                .is_some_and(|(month, day)| self.days_in(month) >> day & 1 == 1)
    }

    /// The first matching minute at or after `minute`.
    pub(in crate::core) fn first_from(&self, minute: i64) -> Option<i64> {
        let minute = minute.max(FIRST_DAY * MINUTES_PER_DAY);
        let day = minute.div_euclid(MINUTES_PER_DAY);
        let (mut month, day_of_month) = Month::of(day)?;
        let days = self.days_in(month);
        if days >> day_of_month & 1 == 1
            && let Some(time) = self.time_from(minute.rem_euclid(MINUTES_PER_DAY))
        {
            return Some(day * MINUTES_PER_DAY + time);
        }
        // Clears the bits up to this day. Shifted as 64 bits, because for day 31 the shift is by 32.
        let mut days = (u64::from(days) >> (day_of_month + 1) << (day_of_month + 1)) as u32;
        while days == 0 {
            month = month.next()?;
            days = self.days_in(month);
        }
        let day = month.first_day + i64::from(days.trailing_zeros()) - 1;
        Some(day * MINUTES_PER_DAY + self.time_from(0)?)
    }

    /// The last matching minute at or before `minute`.
    pub(super) fn last_until(&self, minute: i64) -> Option<i64> {
        let minute = minute.min((LAST_DAY + 1) * MINUTES_PER_DAY - 1);
        let day = minute.div_euclid(MINUTES_PER_DAY);
        let (mut month, day_of_month) = Month::of(day)?;
        let days = self.days_in(month);
        if days >> day_of_month & 1 == 1
            && let Some(time) = self.time_until(minute.rem_euclid(MINUTES_PER_DAY))
        {
            return Some(day * MINUTES_PER_DAY + time);
        }
        let mut days = days & ((1 << day_of_month) - 1);
        while days == 0 {
            month = month.previous()?;
            days = self.days_in(month);
        }
        let day = month.first_day + i64::from(days.ilog2()) - 1;
        Some(day * MINUTES_PER_DAY + self.time_until(MINUTES_PER_DAY - 1)?)
    }

    /// The first matching minute of a day at or after `minute`.
    fn time_from(&self, minute: i64) -> Option<i64> {
        let (hour, minute) = (minute / 60, minute % 60);
        let minutes = self.minutes >> minute;
        if self.hours >> hour & 1 == 1 && minutes != 0 {
            return Some(hour * 60 + minute + i64::from(minutes.trailing_zeros()));
        }
        let hours = self.hours >> (hour + 1);
        (hours != 0).then(|| {
            (hour + 1 + i64::from(hours.trailing_zeros())) * 60 + i64::from(self.minutes.trailing_zeros())
        })
    }

    /// The last matching minute of a day at or before `minute`.
    fn time_until(&self, minute: i64) -> Option<i64> {
        let (hour, minute) = (minute / 60, minute % 60);
        let minutes = self.minutes & (u64::MAX >> (63 - minute));
        if self.hours >> hour & 1 == 1 && minutes != 0 {
            return Some(hour * 60 + i64::from(minutes.ilog2()));
        }
        let hours = self.hours & ((1 << hour) - 1);
        (hours != 0).then(|| i64::from(hours.ilog2()) * 60 + i64::from(self.minutes.ilog2()))
    }

    /// The matching days of a month, as bits 1 to 31.
    pub(in crate::core) fn days_in(&self, month: Month) -> u32 {
        if self.months >> month.number & 1 == 0 {
            return 0;
        }
        self.days.matching(weekday(month.first_day), month.len)
    }
}

impl DayRule {
    /// The matching days of a month that begins on this weekday (0 is Sunday).
    fn matching(&self, first_weekday: u32, len: u32) -> u32 {
        let month = ((1 << len) - 1) << 1;
        let by_date = (self.days | self.last_days(first_weekday, len)) & month;
        let by_weekday = self.by_weekday(first_weekday, len) & month;
        if self.either { by_date | by_weekday } else { by_date & by_weekday }
    }

    fn last_days(&self, first_weekday: u32, len: u32) -> u32 {
        let mut days = 0;
        if self.last_day {
            days |= 1 << len;
        }
        if self.last_weekday {
            let back = match (first_weekday + len - 1) % 7 {
                0 => 2,
                6 => 1,
                _ => 0,
            };
            days |= 1 << (len - back);
        }
        days
    }

    fn by_weekday(&self, first_weekday: u32, len: u32) -> u32 {
        let mut days = 0;
        for (which, weekday) in self.weekdays.iter().zip(0..) {
            if *which == 0 {
                continue;
            }
            let first = 1 + (weekday + 7 - first_weekday) % 7;
            for nth in (1..=5).filter(|nth| which >> nth & 1 == 1) {
                // The fifth may lie in the next month: at most day 35, which `len` cuts off.
                let day = first + 7 * (nth - 1);
                days |= if day <= len { 1 << day } else { 0 };
            }
            if which & LAST_OF_MONTH != 0 {
                days |= 1 << (first + (len - first) / 7 * 7);
            }
        }
        days
    }
}

impl Month {
    /// The month of a day, and the day's number in it; `None` outside the supported years.
    pub(in crate::core) fn of(day: i64) -> Option<(Month, u32)> {
        if !(FIRST_DAY..=LAST_DAY).contains(&day) {
            return None;
        }
        let date = NaiveDate::from_epoch_days(i32::try_from(day).ok()?)?;
        let year = i64::from(date.year());
        let month = Month {
            year,
            number: date.month(),
            first_day: day - i64::from(date.day0()),
            len: month_len(date.month(), is_leap(year)),
        };
        Some((month, date.day()))
    }

    pub(in crate::core) fn next(self) -> Option<Month> {
        let (year, number) =
            if self.number == 12 { (self.year + 1, 1) } else { (self.year, self.number + 1) };
        let first_day = self.first_day + i64::from(self.len);
        (first_day <= LAST_DAY).then(|| Month {
            year,
            number,
            first_day,
            len: month_len(number, is_leap(year)),
        })
    }

    fn previous(self) -> Option<Month> {
        let (year, number) =
            if self.number == 1 { (self.year - 1, 12) } else { (self.year, self.number - 1) };
        let len = month_len(number, is_leap(year));
        let first_day = self.first_day - i64::from(len);
        (first_day >= FIRST_DAY).then_some(Month { year, number, first_day, len })
    }
}

/// One month for each number, length and first weekday. Whatever a pattern does in some month it does in one of these:
/// the 14 kinds of year contain every combination.
pub(in crate::core) fn kinds_of_month() -> impl Iterator<Item = Month> {
    let lens = (1..=12).map(|number| (number, month_len(number, false))).chain([(2, 29)]);
    // Days 3 to 9 after the epoch are a week that starts on Sunday.
    lens.flat_map(|(number, len)| (3..10).map(move |first_day| Month { year: 1970, number, first_day, len }))
}

/// 0 is Sunday; 1970-01-01 was a Thursday.
fn weekday(day: i64) -> u32 {
    (day + 4).rem_euclid(7) as u32
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_len(number: u32, is_leap: bool) -> u32 {
    match number {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_supported_days_begin_in_1900_and_end_with_2200() {
        let date = |day: i64| NaiveDate::from_epoch_days(day as i32).unwrap().to_string();
        assert_eq!((date(FIRST_DAY), date(LAST_DAY)), ("1900-01-01".into(), "2200-12-31".into()));
    }

    #[test]
    fn months_follow_each_other_as_in_chrono() {
        let (mut month, _) = Month::of(FIRST_DAY).unwrap();
        let mut months = 1;
        while let Some(next) = month.next() {
            let date = NaiveDate::from_ymd_opt(next.year as i32, next.number, 1).unwrap();
            assert_eq!(i64::from(date.to_epoch_days()), next.first_day);
            assert_eq!(date.weekday().num_days_from_sunday(), weekday(next.first_day));
            let back = next.previous().unwrap();
            assert_eq!((back.year, back.number, back.first_day), (month.year, month.number, month.first_day));
            month = next;
            months += 1;
        }
        assert_eq!(months, 301 * 12);
    }
}
