//! Cron expressions: their meaning, and their occurrences in a time zone (docs/semantics.md, 2.2).
//!
//! They follow cron(5) and cron(8) as in Debian's cron, and add the last and the n-th day of a month. An expression is
//! parsed once into bit masks ([`parse`]), which are matched against a calendar without zones ([`calendar`]) and then
//! mapped to real time, where an hour may be missing or come twice ([`occurrence`]).

mod calendar;
#[cfg(test)]
mod daylight_saving_tests;
mod error;
mod occurrence;
mod parse;
#[cfg(test)]
mod tests;
mod words;

use crate::core::time::Time;
use crate::core::zone::Zone;
pub(super) use calendar::{MINUTES_PER_DAY, Month, Pattern, kinds_of_month};
pub use error::{CronError, Field, FieldFault, MAX_LEN};
use parse::DayFields;

/// A cron expression that has occurrences: dates that never come are refused by the parser.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cron {
    text: String,
    pattern: Pattern,
}

impl Cron {
    /// Parses five fields, or one of the macros `@yearly @annually @monthly @weekly @daily @midnight @hourly`.
    ///
    /// Extensions of cron(5): `n/step` (from n to the field's end), `?` for `*` in a day field, `L` (the month's last
    /// day) and `LW` (its last day from Monday to Friday) as days of the month, `5L` (the last Friday) and `5#2` (the
    /// second) as days of the week.
    pub fn parse(text: &str) -> Result<Cron, CronError> {
        if text.len() > MAX_LEN {
            return Err(CronError::TooLong { len: text.len() });
        }
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let pattern = parse::pattern(&fields, DayFields::AsInCron5)?;
        Ok(Cron { text: fields.join(" "), pattern })
    }

    /// The expression as written, with single spaces.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first entry whose step is larger than its field, such as `*/90` for minutes, and the interval that was
    /// probably meant. Such an entry selects one number only.
    pub fn idle_step(&self) -> Option<(&str, String)> {
        let sizes = [(60, "m"), (24, "h"), (31, "d")];
        let parts = self
            .text
            .split(' ')
            .zip(sizes)
            .flat_map(|(field, size)| field.split(',').zip(std::iter::repeat(size)));
        parts.into_iter().find_map(|(part, (size, unit))| {
            let step: u32 = part.strip_prefix("*/")?.parse().ok()?;
            (step >= size).then(|| (part, format!("every: {step}{unit}")))
        })
    }

    /// The first occurrence strictly after `after`; `None` only if it would be later than the year 2200.
    pub fn next_after(&self, zone: Zone, after: Time) -> Option<Time> {
        let from = after.as_ms().div_euclid(1000) + 1;
        occurrence::first_from(&self.pattern, zone, from).map(Time::from_secs)
    }

    /// The last occurrence strictly before `before`; `None` only if it would be earlier than the year 1900.
    pub fn prev_before(&self, zone: Zone, before: Time) -> Option<Time> {
        let until = (before.as_ms() - 1).div_euclid(1000);
        occurrence::last_until(&self.pattern, zone, until).map(Time::from_secs)
    }
}

/// Parses five fields like [`Cron::parse`], except that a day must match both day fields.
pub(super) fn minutes_of_all_fields(fields: [&str; 5]) -> Result<Pattern, CronError> {
    let len = fields.iter().map(|field| field.len()).sum();
    if len > MAX_LEN {
        return Err(CronError::TooLong { len });
    }
    parse::pattern(&fields, DayFields::Both)
}
