//! Periods that depend on the time: coal-mine's schedule periodicity (docs/semantics.md, 2.6).
//!
//! `* * * * sat,sun 300; * 0-12 * * mon-fri 300; * 13-23 * * mon-fri 90`: each entry names the minutes, in UTC, in
//! which its period applies. Consecutive minutes with the same period are a range; minutes without one are a gap, in
//! which nothing is due. The text is parsed once ([`parse`]); everything else walks over days by their months' masks,
//! never over minutes.

mod error;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::cron::{MINUTES_PER_DAY, Month, Pattern};
use super::time::{Span, Time};
pub use error::{MAX_ENTRIES, MAX_LEN, MAX_PERIOD, PeriodsError};
use parse::PeriodEntry;

/// The most ranges that are shown: as many as a week has minutes.
pub const MAX_RANGES: usize = 7 * MINUTES_PER_DAY as usize;

const WEEK_MINUTES: i64 = 7 * MINUTES_PER_DAY;
/// How far ahead to look for entries that have not been shown: 29 February comes within eight years.
const HORIZON_MINUTES: i64 = 3650 * MINUTES_PER_DAY;
/// How many ways to cover a whole day are cached.
const MAX_REMEMBERED: usize = 8;
const MINUTE_MS: i64 = 60_000;
/// All minutes of an hour.
const WHOLE_HOUR: u64 = (1 << 60) - 1;

/// Periods that depend on the time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Periods {
    text: String,
    /// At least one. No minute is in two of them.
    entries: Vec<PeriodEntry>,
}

/// Consecutive minutes with one period, or with none, as they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodRange {
    /// The first minute.
    pub start: Time,
    /// The last minute, or the end of what is shown if the range goes on beyond it.
    pub end: Time,
    /// `None`: a gap.
    pub period: Option<Span>,
}

/// A deadline, and the period that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub at: Time,
    pub period: Span,
}

impl Periods {
    /// Parses entries `minute hour day-of-month month day-of-week SECONDS`, joined by `;`.
    ///
    /// An entry that begins with `#` is a comment. The fields are those of [`Cron`](super::cron::Cron); `L5` for `5L`
    /// and ranges of weekdays that end with Sunday are accepted too. A day must match both day fields. Seconds may have
    /// a fraction. No two entries may apply to the same minute.
    pub fn parse(text: &str) -> Result<Periods, PeriodsError> {
        Ok(Periods { text: text.to_owned(), entries: parse::entries(text)? })
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn shortest(&self) -> Span {
        self.entries.iter().map(|entry| entry.period).min().unwrap_or(Span::ZERO)
    }

    pub fn longest(&self) -> Span {
        self.entries.iter().map(|entry| entry.period).max().unwrap_or(Span::ZERO)
    }

    /// The deadline of the next success after one at `whence`; `None` only outside the years 1900 to 2200.
    pub fn deadline(&self, whence: Time) -> Option<Time> {
        self.due(whence).map(|due| due.at)
    }

    /// [`Periods::deadline`] with the period that made it.
    ///
    /// 1. `whence` + its period, if that is not later than the last minute of the range that contains `whence`.
    /// 2. In a gap, or if a gap follows that range: the next range's start + that range's period.
    /// 3. Otherwise the next range's start or `whence` + that range's period, whichever is later.
    ///
    /// So no range is skipped, even if its period is longer than the range itself.
    pub fn due(&self, whence: Time) -> Option<Due> {
        let minute = minute_of(whence);
        let Some(period) = self.period_at(minute) else { return self.due_after_gap(minute) };
        let at = whence + period;
        // The limit's last minute begins at or after `at`, so a range that reaches the limit is long enough.
        let end = self.end_of(period, minute, minute_of(at) + 2);
        if at <= time_of(end - 1) {
            return Some(Due { at, period });
        }
        match self.period_at(end) {
            None => self.due_after_gap(end),
            Some(period) => Some(Due { at: time_of(end).max(whence + period), period }),
        }
    }

    /// The ranges from the minute of `from` on, for seven days or until every entry has been in a range, whichever
    /// gives more of them. At most [`MAX_RANGES`], and none beyond ten years.
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
        // Going on until every entry was in a range gives more only if there are more ranges than begin in the week.
        let is_cut = ranges.len() <= in_week;
        let shown = |&(start, end, period): &(i64, i64, Option<Span>)| PeriodRange {
            start: time_of(start),
            end: if is_cut && end >= week_end { time_of(week_end) } else { time_of(end - 1) },
            period,
        };
        ranges.iter().map(shown).collect()
    }

    /// The first minute after the range that contains `start`, at most `limit`, and the range's period.
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

    /// The first minute from `minute` on in which this period does not apply, at most `limit`.
    fn end_of(&self, period: Span, minute: i64, limit: i64) -> i64 {
        let day = minute.div_euclid(MINUTES_PER_DAY);
        let Some((mut month, mut day_of_month)) = Month::of(day) else { return minute };
        let mut from = minute.rem_euclid(MINUTES_PER_DAY);
        // The sets of entries, as bits, that are known to cover a whole day together. Usually there are one or two.
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

/// The first minute of a day, from `from` on, that none of these patterns covers.
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

/// The minute that contains a time, counted from the epoch.
fn minute_of(time: Time) -> i64 {
    time.as_ms().div_euclid(MINUTE_MS)
}

/// The start of a minute.
fn time_of(minute: i64) -> Time {
    Time::from_ms(minute * MINUTE_MS)
}
