//! When something must happen: the schedules a check can have.

use chrono_tz::Tz;

use super::cron::Cron;
use super::time::{Span, Time};

/// When something must happen (§2, §3).
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// A success at least this often (2.1).
    Every(Span),
    /// A success for each occurrence (2.2).
    At(Occurrences),
    /// Successes are counted at each occurrence (3.1).
    CountedAt(Occurrences, Expect),
    /// Successes are counted all the time (3.4).
    Counted(Expect),
}

/// How many successes are expected within which trailing window (§3). At least one of the two bounds is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expect {
    /// N, 1 to [`Expect::MAX_COUNT`].
    pub at_least: Option<u32>,
    /// M, 0 to [`Expect::MAX_COUNT`].
    pub at_most: Option<u32>,
    /// W.
    pub within: Span,
}

impl Expect {
    /// The largest N and M (3.5).
    pub const MAX_COUNT: u32 = 1000;

    /// How many of the newest successes judging needs: max(N, M + 1) (15.1).
    pub fn memory(&self) -> usize {
        let at_most = self.at_most.map_or(0, |m| m + 1);
        self.at_least.unwrap_or(0).max(at_most) as usize
    }
}

/// The times that a schedule names, in a time zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrences {
    /// Which.
    pub cron: Cron,
    /// Where the expression's local time is.
    pub zone: Tz,
}

impl Occurrences {
    /// The first occurrence strictly after `after`; `None` beyond the supported years.
    pub fn next_after(&self, after: Time) -> Option<Time> {
        self.cron.next_after(self.zone, after)
    }

    /// The last occurrence strictly before `before`; `None` beyond the supported years.
    pub fn prev_before(&self, before: Time) -> Option<Time> {
        self.cron.prev_before(self.zone, before)
    }
}

/// A quiet time: from each occurrence, for so long (8.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Quiet {
    /// When it begins.
    pub at: Occurrences,
    /// How long it lasts.
    pub lasts: Span,
}

impl Quiet {
    /// When the quiet time ends that holds `now`, if one does: it holds its beginning, not its end.
    pub fn until(&self, now: Time) -> Option<Time> {
        let begun = self.at.prev_before(now + Span::MS)?;
        let end = begun + self.lasts;
        (now < end).then_some(end)
    }
}
