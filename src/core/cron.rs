//! Cron expressions.

use chrono_tz::Tz;

use super::time::Time;

/// A cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
}

impl Cron {
    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first occurrence strictly after a time.
    pub fn next_after(&self, _zone: Tz, _after: Time) -> Option<Time> {
        None
    }

    /// The last occurrence strictly before a time.
    pub fn prev_before(&self, _zone: Tz, _before: Time) -> Option<Time> {
        None
    }
}
