//! Days, weeks and months of a time zone (25.1).

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::core::time::Time;
use crate::core::zone::Zone;

/// The most parts of a report: a year of days.
pub const MAX_PARTS: usize = 400;

/// A time from one moment up to, and without, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimePart {
    pub from: Time,
    pub to: Time,
}

/// By what a time is parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartLength {
    Day,
    /// From Monday on.
    Week,
    Month,
}

impl PartLength {
    pub const ALL: [PartLength; 3] = [PartLength::Day, PartLength::Week, PartLength::Month];

    /// The word in the API and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            PartLength::Day => "day",
            PartLength::Week => "week",
            PartLength::Month => "month",
        }
    }

    /// The first day of the part that has this day.
    fn first_day(self, day: NaiveDate) -> Option<NaiveDate> {
        match self {
            PartLength::Day => Some(day),
            PartLength::Week => day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into())),
            PartLength::Month => day.with_day(1),
        }
    }

    /// The first day so many parts later.
    fn later(self, first: NaiveDate, parts: u32) -> Option<NaiveDate> {
        match self {
            PartLength::Day => first.checked_add_days(Days::new(parts.into())),
            PartLength::Week => first.checked_add_days(Days::new(u64::from(parts) * 7)),
            PartLength::Month => first.checked_add_months(Months::new(parts)),
        }
    }

    /// The first day so many parts earlier.
    fn earlier(self, first: NaiveDate, parts: u32) -> Option<NaiveDate> {
        match self {
            PartLength::Day => first.checked_sub_days(Days::new(parts.into())),
            PartLength::Week => first.checked_sub_days(Days::new(u64::from(parts) * 7)),
            PartLength::Month => first.checked_sub_months(Months::new(parts)),
        }
    }
}

/// The parts of a time, newest first; the first and the last may be shorter than the others. `None` if there are more than
/// [`MAX_PARTS`].
pub fn parts(whole: TimePart, length: PartLength, zone: Zone) -> Option<Vec<TimePart>> {
    let first = length.first_day(zone.local(whole.from).date_naive())?;
    let (mut parts, mut from) = (Vec::new(), whole.from);
    for number in 1.. {
        let next = zone.start_of_day(length.later(first, number)?);
        let to = next.clamp(from, whole.to);
        // Samoa had no 30 December 2011: what lasts for no time is no part.
        if to > from {
            parts.push(TimePart { from, to });
        }
        if to == whole.to {
            break;
        }
        if number as usize >= MAX_PARTS {
            return None;
        }
        from = to;
    }
    parts.reverse();
    Some(parts)
}

/// When so many parts begin of which the last one has this time or ends with it.
pub fn begin_of_parts(to: Time, count: u32, length: PartLength, zone: Zone) -> Time {
    let last = zone.local(Time::from_ms(to.as_ms() - 1)).date_naive();
    let first = length.first_day(last).and_then(|day| length.earlier(day, count.saturating_sub(1)));
    first.map_or(Time::MIN, |day| zone.start_of_day(day))
}
