//! How a check has been over a time (§25): from the flips and incidents that are kept, and from nothing else.
//!
//! What cannot be known is [`UptimeKind::Unseen`], so that no report calls good what nobody has seen.

mod calendar;
mod incidents;
#[cfg(test)]
mod tests;

pub use calendar::{MAX_PARTS, PartLength, TimePart, begin_of_parts, parts};
pub use incidents::{IncidentNumbers, Lengths, UptimeIncident};

use super::cause::{Cause, CauseKind, Status};
use super::state::State;
use super::time::{Span, Time};

/// What a stretch of time counts as (25.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UptimeKind {
    /// Nothing was wrong.
    Good,
    /// Something did not happen, and nothing below was so.
    Late,
    /// Something happened and was bad.
    Failing,
    /// We could not tell.
    Unknown,
    /// It was not judged.
    Paused,
    /// It was not declared, or what it was is not kept.
    Unseen,
}

impl UptimeKind {
    /// All kinds.
    pub const ALL: [UptimeKind; 6] = [
        UptimeKind::Good,
        UptimeKind::Late,
        UptimeKind::Failing,
        UptimeKind::Unknown,
        UptimeKind::Paused,
        UptimeKind::Unseen,
    ];

    /// The word in the API and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            UptimeKind::Good => "good",
            UptimeKind::Late => "late",
            UptimeKind::Failing => "failing",
            UptimeKind::Unknown => "unknown",
            UptimeKind::Paused => "paused",
            UptimeKind::Unseen => "unseen",
        }
    }

    /// A status is the worst of what holds already, in the order of 25.1 (6.2).
    pub fn of(status: Status) -> UptimeKind {
        match status {
            Status::Up | Status::New | Status::Grace => UptimeKind::Good,
            Status::Late => UptimeKind::Late,
            Status::Failing => UptimeKind::Failing,
            Status::Unknown => UptimeKind::Unknown,
            Status::Paused => UptimeKind::Paused,
            Status::Archived => UptimeKind::Unseen,
        }
    }
}

/// A flip, as far as uptime depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UptimeFlip {
    pub at: Time,
    /// From which status to which; `None` if its row cannot be read.
    change: Option<(Status, Status)>,
    /// The oldest cause that makes the status after it.
    reason: Option<CauseKind>,
}

impl UptimeFlip {
    /// A flip with all causes that hold after it.
    pub fn new(at: Time, from: Status, to: Status, causes: &[Cause]) -> UptimeFlip {
        let reason = cause_of(to, causes).map(|cause| cause.kind);
        UptimeFlip { at, change: Some((from, to)), reason }
    }

    /// A flip of which nothing else is known (14.6).
    pub fn unreadable(at: Time) -> UptimeFlip {
        UptimeFlip { at, change: None, reason: None }
    }
}

fn cause_of(status: Status, causes: &[Cause]) -> Option<&Cause> {
    causes.iter().find(|cause| cause.kind.family().as_str() == status.as_str())
}

/// How a check was before its oldest flip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UptimeBeginning {
    since: Time,
    kind: UptimeKind,
    reason: Option<CauseKind>,
}

impl UptimeBeginning {
    /// What its state tells of the time before its oldest flip, or of all time if it has none. All its flips must be kept.
    ///
    /// A check counts from its declaration until a flip makes it count from a later time. What another system judged before
    /// an import left no flip: of that, only what still holds has a beginning.
    pub fn of(state: &State, oldest: Option<&UptimeFlip>) -> Option<UptimeBeginning> {
        let (status, cause) = match oldest {
            Some(flip) if flip.at <= state.armed_since => return None,
            Some(flip) => (flip.change?.0, None),
            None => (state.status(), cause_of(state.status(), state.causes.as_slice())),
        };
        let kind = UptimeKind::of(status);
        let since = match kind {
            UptimeKind::Good => state.armed_since,
            UptimeKind::Paused => {
                state.pause.since().map_or(state.armed_since, |since| since.max(state.armed_since))
            }
            _ => cause?.since,
        };
        Some(UptimeBeginning { since, kind, reason: cause.map(|cause| cause.kind) })
    }
}

/// A stretch of time in which a check was of one kind for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UptimeInterval {
    pub kind: UptimeKind,
    pub part: TimePart,
    /// The oldest cause, while it is late, failing or unknown.
    pub reason: Option<CauseKind>,
}

/// Which stretches a time consists of, newest first (25.3). The flips are the newest ones, newest first, and go back to one
/// that is not after its beginning; if they do not, `beginning` says what was before the oldest.
pub fn intervals(
    whole: TimePart,
    flips: &[UptimeFlip],
    beginning: Option<UptimeBeginning>,
) -> Vec<UptimeInterval> {
    let mut intervals = Backwards { begin: whole.from, end: whole.to, found: Vec::new() };
    let mut next_from = None;
    for flip in flips {
        let (from, to) = flip.change.unzip();
        let kind = to.map_or(UptimeKind::Unseen, UptimeKind::of);
        // A flip between the two is lost, as where pages of history are damaged (14.6).
        let is_torn = next_from.is_some_and(|next| UptimeKind::of(next) != kind);
        let (kind, reason) = if is_torn { (UptimeKind::Unseen, None) } else { (kind, flip.reason) };
        intervals.add(kind, flip.at, reason);
        next_from = from;
    }
    if let Some(UptimeBeginning { since, kind, reason }) = beginning {
        intervals.add(kind, since, reason);
    }
    intervals.add(UptimeKind::Unseen, whole.from, None);
    intervals.found
}

/// Intervals, put together from their end.
struct Backwards {
    begin: Time,
    /// What is later is put together.
    end: Time,
    found: Vec<UptimeInterval>,
}

impl Backwards {
    /// A flip of a clock that was ahead (1.1) has a later time than the one after it: it then lasted for no time.
    fn add(&mut self, kind: UptimeKind, from: Time, reason: Option<CauseKind>) {
        let from = from.clamp(self.begin, self.end);
        match self.found.last_mut() {
            _ if from == self.end => {}
            Some(last) if last.kind == kind && last.reason == reason => last.part.from = from,
            _ => self.found.push(UptimeInterval { kind, part: TimePart { from, to: self.end }, reason }),
        }
        self.end = from;
    }
}

/// How long a check was of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UptimeTally([Span; UptimeKind::ALL.len()]);

impl UptimeTally {
    /// Adds up a part of the time that the intervals cover, which are newest first.
    pub fn of(part: TimePart, intervals: &[UptimeInterval]) -> UptimeTally {
        let mut tally = UptimeTally::default();
        let first = intervals.partition_point(|interval| interval.part.from >= part.to);
        for interval in intervals[first..].iter().take_while(|interval| interval.part.to > part.from) {
            let (from, to) = (interval.part.from.max(part.from), interval.part.to.min(part.to));
            tally.0[interval.kind as usize] += to - from;
        }
        tally
    }

    /// Adds the time of another check.
    pub fn add(&mut self, other: &UptimeTally) {
        for (sum, span) in self.0.iter_mut().zip(other.0) {
            *sum += span;
        }
    }

    /// How long it was of this kind.
    pub fn span(&self, kind: UptimeKind) -> Span {
        self.0[kind as usize]
    }

    /// How long it was late or failing.
    pub fn down(&self) -> Span {
        self.span(UptimeKind::Late) + self.span(UptimeKind::Failing)
    }

    /// The share of the time that was good, of that in which it was good, late or failing; `None` if there was none (25.2).
    pub fn up(&self) -> Option<f64> {
        let good = self.span(UptimeKind::Good);
        let judged = good + self.down();
        (judged > Span::ZERO).then(|| good.as_secs_f64() / judged.as_secs_f64())
    }
}

/// The share of the time that was good, for people. It is rounded down, so that 100 % is all of it.
pub fn percent(up: Option<f64>) -> String {
    let Some(up) = up else { return "-".to_owned() };
    // What is exact in the tenth digit is meant so.
    let hundredths = (up * 10_000.0 + 1e-6).floor();
    format!("{:.2} %", hundredths / 100.0)
}

/// How a check was over a part of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UptimePart {
    pub part: TimePart,
    pub tally: UptimeTally,
    /// `None` if some of them may not be kept any more.
    pub incidents: Option<IncidentNumbers>,
}

/// What is known of a check over a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UptimeSeen {
    /// Newest first.
    pub intervals: Vec<UptimeInterval>,
    /// In any order.
    pub incidents: Vec<UptimeIncident>,
    /// All incidents are kept that ended then or later.
    pub incidents_since: Time,
}

impl UptimeSeen {
    /// Adds up a part of the time.
    pub fn over(&self, part: TimePart) -> UptimePart {
        UptimePart {
            part,
            tally: UptimeTally::of(part, &self.intervals),
            incidents: (self.incidents_since <= part.from)
                .then(|| IncidentNumbers::of(part, &self.incidents)),
        }
    }
}
