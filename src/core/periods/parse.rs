//! Parses schedules of periods into entries.

use super::error::{MAX_ENTRIES, MAX_LEN, MAX_PERIOD, PeriodsError};
use crate::core::cron::{self, Month, Pattern};
use crate::core::text::escaped;
use crate::core::time::Span;

/// How much of an entry an error shows.
const MAX_SHOWN_CHARS: usize = 60;

/// The minutes in which a period applies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PeriodEntry {
    pub(super) minutes: Pattern,
    pub(super) period: Span,
}

pub(super) fn entries(text: &str) -> Result<Vec<PeriodEntry>, PeriodsError> {
    if text.len() > MAX_LEN {
        return Err(PeriodsError::TooLong { len: text.len() });
    }
    if text.contains(|char: char| char.is_control() && char != '\t') {
        return Err(PeriodsError::NotOneLine);
    }
    let texts = || text.split(';').map(str::trim).filter(|text| !text.is_empty() && !text.starts_with('#'));
    let found = texts().count();
    if found > MAX_ENTRIES {
        return Err(PeriodsError::TooMany { found });
    }
    let entries = texts().map(entry).collect::<Result<Vec<PeriodEntry>, PeriodsError>>()?;
    if entries.is_empty() {
        return Err(PeriodsError::Empty);
    }
    if let Some((first, second)) = overlap(&entries) {
        let shown = |n| texts().nth(n).map(shown).unwrap_or_default();
        return Err(PeriodsError::Overlap { first: shown(first), second: shown(second) });
    }
    Ok(entries)
}

fn entry(text: &str) -> Result<PeriodEntry, PeriodsError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let &[minute, hour, day_of_month, month, day_of_week, seconds] = words.as_slice() else {
        return Err(PeriodsError::WordCount { entry: shown(text), found: words.len() });
    };
    let minutes = cron::minutes_of_all_fields([minute, hour, day_of_month, month, &weekdays(day_of_week)])
        .map_err(|error| PeriodsError::Fields { entry: shown(text), error })?;
    let period = period(seconds).ok_or_else(|| PeriodsError::Seconds { entry: shown(text) })?;
    Ok(PeriodEntry { minutes, period })
}

/// Rewrites the days of the week for [`cron`]: `L5` becomes `5L`, and a Sunday that ends a range becomes 7.
fn weekdays(field: &str) -> String {
    let part = |part: &str| {
        if let Some(day) = part.strip_prefix(['L', 'l'])
            && !day.is_empty()
        {
            return format!("{day}L");
        }
        let (range, step) = part.find('/').map_or((part, ""), |at| part.split_at(at));
        match range.split_once('-') {
            Some((first, last)) if last == "0" || last.eq_ignore_ascii_case("sun") => {
                format!("{first}-7{step}")
            }
            _ => part.to_owned(),
        }
    };
    field.split(',').map(part).collect::<Vec<String>>().join(",")
}

/// Parses seconds as a decimal number, rounded to the millisecond.
fn period(text: &str) -> Option<Span> {
    let secs: f64 = text.parse().ok()?;
    let ms = (secs * 1000.0).round();
    // NaN and infinity are not in this range.
    (1.0..=MAX_PERIOD.as_ms() as f64).contains(&ms).then(|| Span::ms(ms as i64))
}

/// Finds two entries that apply to the same minute of some day.
fn overlap(entries: &[PeriodEntry]) -> Option<(usize, usize)> {
    let months: Vec<Month> = cron::kinds_of_month().collect();
    let days_of = |entry: &PeriodEntry| months.iter().map(|month| entry.minutes.days_in(*month)).collect();
    let days: Vec<Vec<u32>> = entries.iter().map(days_of).collect();
    let meet = |first: usize, second: usize| {
        let (one, other) = (&entries[first].minutes, &entries[second].minutes);
        one.hours & other.hours != 0
            && one.minutes & other.minutes != 0
            && days[first].iter().zip(&days[second]).any(|(one, other)| one & other != 0)
    };
    let pairs = (0..entries.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
    pairs.into_iter().find(|(first, second)| meet(*first, *second))
}

/// Escapes and cuts a user's text for a message, so that it cannot move a terminal's cursor.
fn shown(text: &str) -> String {
    escaped(text, MAX_SHOWN_CHARS)
}
