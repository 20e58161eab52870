//! How often, depending on the time: coal-mine's schedule periodicity (docs/semantics.md, 2.6).
//!
//! `* * * * sat,sun 300; * 0-12 * * mon-fri 300; * 13-23 * * mon-fri 90`: each entry says in which minutes, in UTC, its
//! period applies. Minutes of one period in a row are a range; minutes without one are a gap, in which nothing is due.
//! The text is read once ([`parse`]); everything else walks over days by their months' masks, never over minutes.

mod error;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::cron::{MINUTES_PER_DAY, Month, Pattern};
use super::time::{Span, Time};
pub use error::{MAX_ENTRIES, MAX_LEN, MAX_PERIOD, PeriodsError};
use parse::PeriodEntry;

/// The most ranges that are shown: a week of minutes.
pub const MAX_RANGES: usize = 7 * MINUTES_PER_DAY as usize;

const WEEK_MINUTES: i64 = 7 * MINUTES_PER_DAY;
/// So far ahead it is looked for entries that have not been shown: 29 February comes within eight years.
const HORIZON_MINUTES: i64 = 3650 * MINUTES_PER_DAY;
/// So many ways to cover a whole day are remembered.
const MAX_REMEMBERED: usize = 8;
const MINUTE_MS: i64 = 60_000;
/// All minutes of an hour.
const WHOLE_HOUR: u64 = (1 << 60) - 1;

/// How often, depending on the time.
#[derive(Clone, Debug, PartialEq)]
pub struct Periods {
    text: String,
    /// At least one; no minute is in two.
    entries: Vec<PeriodEntry>,
}

/// Minutes in a row of one period, or without any, as they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodRange {
    /// Its first minute.
    pub start: Time,
    /// Its last minute; of a range that goes on beyond what is shown, where that ends.
    pub end: Time,
    /// `None`: a gap.
    pub period: Option<Span>,
}

/// By when, and which period said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The deadline.
    pub at: Time,
    /// The period that applied.
    pub period: Span,
}

impl Periods {
    /// Reads entries `minute hour day-of-month month day-of-week SECONDS`, joined by `;`.
    ///
    /// What begins with `#` is a comment, up to the next `;`. The fields are those of [`Cron`](super::cron::Cron), also
    /// `L5` for `5L` and ranges of weekdays that end with Sunday; a day must match both of its fields. Seconds may have
    /// a fraction. No two entries may ever hold at the same minute.
    pub fn parse(text: &str) -> Result<Periods, PeriodsError> {
        Ok(Periods { text: text.to_owned(), entries: parse::entries(text)? })
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The shortest of the periods.
    pub fn shortest(&self) -> Span {
        self.entries.iter().map(|entry| entry.period).min().unwrap_or(Span::ZERO)
    }

    /// The longest of the periods.
    pub fn longest(&self) -> Span {
        self.entries.iter().map(|entry| entry.period).max().unwrap_or(Span::ZERO)
    }

    /// By when the next success is expected after one at `whence`; `None` only beyond the years 1900 to 2200.
    pub fn deadline(&self, whence: Time) -> Option<Time> {
        self.due(whence).map(|due| due.at)
    }

    /// [`Periods::deadline`], with the period that made it.
    ///
    /// 1. `whence` + its period, if that is no later than the last minute of the range that holds `whence`.
    /// 2. In a gap, or if that range is followed by one: the next range's start + that one's period.
    /// 3. Else the next range's start or `whence` + that one's period, whichever is later.
    ///
    /// So no range is ever passed over, even if its period is longer than itself.
    pub fn due(&self, whence: Time) -> Option<Due> {
        let minute = minute_of(whence);
        let Some(period) = self.period_at(minute) else { return self.due_after_gap(minute) };
        let at = whence + period;
        // The limit's last minute begins at `at` or after it, so that a range that goes on to there is long enough.
        let end = self.end_of(period, minute, minute_of(at) + 2);
        if at <= time_of(end - 1) {
            return Some(Due { at, period });
        }
        match self.period_at(end) {
            None => self.due_after_gap(end),
            Some(period) => Some(Due { at: time_of(end).max(whence + period), period }),
        }
    }

    /// The ranges from the minute of `from` on: of seven days, or until every entry has been in one, whichever gives
    /// more of them; never more than [`MAX_RANGES`], and none beyond ten years.
    pub fn ranges(&self, from: Time) -> Vec<PeriodRange> {
        let first = minute_of(from);
        let week_end = first + WEEK_MINUTES;
        let mut unseen: BTreeSet<usize> = (0..self.entries.len()).collect();
        let mut ranges = Vec::new();
        let mut in_week = 0;
        let mut start = first;
        while ranges.len() < MAX_RANGES && start < first + HORIZON_MINUTES {
            let (end, period) = self.range_at(start, first + HORIZON_MINUTES);
            in_week += usize::from(start < week_end);
            if unseen.is_empty() && start >= week_end {
                break;
            }
            ranges.push((start, end, period));
            unseen.retain(|entry| {
                self.entries[*entry].minutes.first_from(start).is_none_or(|next| next >= end)
            });
            start = end;
        }
        // Those until every entry has been in one are more only if they are more than those that begin in the week.
        let is_cut = ranges.len() <= in_week;
        let shown = |&(start, end, period): &(i64, i64, Option<Span>)| PeriodRange {
            start: time_of(start),
            end: if is_cut && end >= week_end { time_of(week_end) } else { time_of(end - 1) },
            period,
        };
        ranges.iter().map(shown).collect()
    }

    /// The first minute after the range that holds `start`, at most `limit`; and its period.
    fn range_at(&self, start: i64, limit: i64) -> (i64, Option<Span>) {
        match self.period_at(start) {
            Some(period) => (self.end_of(period, start, limit), Some(period)),
            None => (self.next_active(start).map_or(limit, |next| next.min(limit)), None),
        }
    }

    fn due_after_gap(&self, minute: i64) -> Option<Due> {
        let start = self.next_active(minute)?;
        let period = self.period_at(start)?;
        Some(Due { at: time_of(start) + period, period })
    }

    fn period_at(&self, minute: i64) -> Option<Span> {
        self.entries.iter().find(|entry| entry.minutes.matches(minute)).map(|entry| entry.period)
    }

    /// The first minute from this one on in which any period applies.
    fn next_active(&self, minute: i64) -> Option<i64> {
        self.entries.iter().filter_map(|entry| entry.minutes.first_from(minute)).min()
    }

    /// The first minute from `minute` on in which this period does not apply; `limit` if there is none before that.
    fn end_of(&self, period: Span, minute: i64, limit: i64) -> i64 {
        let day = minute.div_euclid(MINUTES_PER_DAY);
        let Some((mut month, mut day_of_month)) = Month::of(day) else { return minute };
        let mut from = minute.rem_euclid(MINUTES_PER_DAY);
        // Which entries together cover a day, seen before: as bits. Other than strange schedules have one or two of them.
        let mut whole: Vec<u64> = Vec::new();
        loop {
            let entries = || self.entries.iter().filter(|entry| entry.period == period);
            let days: Vec<u32> = entries().map(|entry| entry.minutes.days_in(month)).collect();
            for day_of_month in day_of_month..=month.len {
                let midnight = (month.first_day + i64::from(day_of_month) - 1) * MINUTES_PER_DAY;
                if midnight >= limit {
                    return limit;
                }
                let holding = days.iter().zip(0..).map(|(days, n)| u64::from(days >> day_of_month & 1) << n);
                let holding = holding.fold(0, |all, one| all | one);
                if !whole.contains(&holding) {
                    let held = entries().zip(0..).filter(|(_, n)| holding >> n & 1 == 1);
                    if let Some(hole) = first_hole(held.map(|(entry, _)| &entry.minutes), from) {
                        return (midnight + hole).min(limit);
                    }
                    if from == 0 && whole.len() < MAX_REMEMBERED {
                        whole.push(holding);
                    }
                }
                from = 0;
            }
            match month.next() {
                Some(next) => (month, day_of_month) = (next, 1),
                None => return limit,
            }
        }
    }
}

/// The first minute of a day, from `from` on, that is in none of these.
fn first_hole<'a>(patterns: impl Iterator<Item = &'a Pattern>, from: i64) -> Option<i64> {
    let mut covered = [0; 24];
    for pattern in patterns {
        for (hour, covered) in covered.iter_mut().enumerate() {
            if pattern.hours >> hour & 1 == 1 {
                *covered |= pattern.minutes;
            }
        }
    }
    covered[(from / 60) as usize] |= (1 << (from % 60)) - 1;
    let hour = (from / 60..24).find(|hour| covered[*hour as usize] != WHOLE_HOUR)?;
    Some(hour * 60 + i64::from(covered[hour as usize].trailing_ones()))
}

/// The minute that holds a time, counted from the epoch.
fn minute_of(time: Time) -> i64 {
    time.as_ms().div_euclid(MINUTE_MS)
}

/// When a minute begins.
fn time_of(minute: i64) -> Time {
    Time::from_ms(minute * MINUTE_MS)
}
