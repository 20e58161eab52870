//! The schedules that a check can have.

use std::fmt;

use super::cron::Cron;
use super::periods::Periods;
use super::time::{Span, Time};
use crate::core::zone::Zone;

/// When something must happen (§2, §3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// A success at least this often (2.1).
    Every(Span),
    /// A success at least once a period, which depends on the time (2.6).
    Periods(Periods),
    /// A success for each occurrence (2.2).
    At(Occurrences),
    /// Successes are counted at each occurrence (3.1).
    CountedAt(Occurrences, Expect),
    /// Successes are counted all the time (3.4).
    Counted(Expect),
    /// Nothing is ever due: whether it holds is reported whenever somebody has looked (17.8).
    Unscheduled,
}

/// How many successes are expected within a trailing window (§3). At least one of the two bounds is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Expect {
    /// N, from 1 to [`Expect::MAX_COUNT`].
    pub at_least: Option<u32>,
    /// M, from 0 to [`Expect::MAX_COUNT`].
    pub at_most: Option<u32>,
    /// W, the length of the window.
    pub within: Span,
}

impl Schedule {
    /// The expected count; `None`: each success counts by itself.
    pub fn expect(&self) -> Option<Expect> {
        match self {
            Schedule::CountedAt(_, expect) | Schedule::Counted(expect) => Some(*expect),
            Schedule::Every(_) | Schedule::Periods(_) | Schedule::At(_) | Schedule::Unscheduled => None,
        }
    }

    /// The schedule's occurrences, if it has any.
    pub fn occurrences(&self) -> Option<&Occurrences> {
        match self {
            Schedule::At(occurrences) | Schedule::CountedAt(occurrences, _) => Some(occurrences),
            Schedule::Every(_) | Schedule::Periods(_) | Schedule::Counted(_) | Schedule::Unscheduled => None,
        }
    }

    /// The zone in which people read its times: UTC, unless its occurrences have a zone.
    pub fn zone(&self) -> Zone {
        self.occurrences().map_or(Zone::UTC, |occurrences| occurrences.zone)
    }
}

impl Expect {
    /// The largest N and M (3.5).
    pub const MAX_COUNT: u32 = 10_000_000;

    /// How many of the newest successes judging needs: max(N, M + 1) (15.1).
    pub fn memory(&self) -> usize {
        let at_most = self.at_most.map_or(0, |m| m + 1);
        self.at_least.unwrap_or(0).max(at_most) as usize
    }
}

/// In words, for messages and pages: `every 5m`, `cron "0 2 * * *" Europe/Berlin`, `at least 4 within 5m, cron "…"
/// UTC`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::Every(period) => write!(f, "every {period}"),
            Schedule::Periods(periods) => write!(f, "periods \"{}\"", periods.text()),
            Schedule::At(occurrences) => occurrences.fmt(f),
            Schedule::CountedAt(occurrences, expect) => write!(f, "{expect}, {occurrences}"),
            Schedule::Counted(expect) => expect.fmt(f),
            Schedule::Unscheduled => f.write_str("no schedule"),
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (Some(n), Some(m)) if n == m => write!(f, "exactly {n}")?,
            (Some(n), Some(m)) => write!(f, "{n} to {m}")?,
            (Some(n), None) => write!(f, "at least {n}")?,
            (None, Some(m)) => write!(f, "at most {m}")?,
            (None, None) => f.write_str("any number")?,
        }
        write!(f, " within {}", self.within)
    }
}

impl fmt::Display for Occurrences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cron \"{}\" {}", self.cron.as_str(), self.zone.name())
    }
}

/// The times that a cron expression names, in a time zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Occurrences {
    pub cron: Cron,
    /// The zone of the expression's local times.
    pub zone: Zone,
}

impl Occurrences {
    /// The first occurrence strictly after `after`; `None` outside the supported years.
    pub fn next_after(&self, after: Time) -> Option<Time> {
        self.cron.next_after(self.zone, after)
    }

    /// The last occurrence strictly before `before`; `None` outside the supported years.
    pub fn prev_before(&self, before: Time) -> Option<Time> {
        self.cron.prev_before(self.zone, before)
    }
}

/// A quiet time: it begins at each occurrence and lasts for a fixed time (8.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Quiet {
    pub at: Occurrences,
    pub lasts: Span,
}

impl Quiet {
    /// The end of the quiet time that contains `now`, if there is one. It contains its beginning, but not its end.
    pub fn until(&self, now: Time) -> Option<Time> {
        let begun = self.at.prev_before(now + Span::MS)?;
        let end = begun + self.lasts;
        (now < end).then_some(end)
    }
}
