//! The state of a check: everything that judging needs, and nothing else (15.1).

use thin_vec::ThinVec;

use super::cause::{Causes, Family, Status};
use super::check::{PingKind, Rid};
use super::record::RecordTotals;
use super::refusals::Refusals;
use super::results::LastResults;
use super::successes::Successes;
use super::time::{Span, Time};

/// A run that has begun and not ended (§4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// The run's id. Starts without one share a run.
    pub rid: Option<Rid>,
    /// When its start was received.
    pub start: Time,
    /// Whether another run was open at some time during it (4.5).
    pub overlapped: bool,
}

/// The last counted fact of a run id: enough to recognise a repeated ping (4.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RidMemory {
    pub rid: Rid,
    pub kind: PingKind,
    /// Its exit status.
    pub exit_status: Option<u8>,
    /// When it was received.
    pub at: Time,
    /// The run was open when the check was paused (7.2).
    pub closed_by_pause: bool,
}

/// The start that serves the current due time (4.2, 4.3). There is at most one for each due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// When the start was received.
    pub start: Time,
    /// Its overrun has been judged, so this due time has no further deadline.
    pub judged: bool,
}

/// How far the occurrences of a counted check have been judged (§3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counted {
    /// Occurrences up to and including this time are judged, except `pending`.
    pub judged_to: Time,
    /// An occurrence with a shortfall that successes in its grace may still fill.
    pub pending: Option<Time>,
    /// The occurrence whose shortfall is the cause `too_few` (3.3).
    pub late_for: Option<Time>,
}

/// The pauses of a check (§7). Each time is when the pause began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pause {
    /// The pause by the file (7.1).
    pub by_file: Option<Time>,
    /// The pause at run time (7.2).
    pub at_run_time: Option<Time>,
    /// When the pause at run time ends by itself; only set during such a pause.
    pub until: Option<Time>,
}

impl Pause {
    /// The beginning of the earlier of the two pauses.
    pub fn since(self) -> Option<Time> {
        match (self.by_file, self.at_run_time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Ends the pause at run time.
    pub(super) fn end_at_run_time(&mut self) {
        self.at_run_time = None;
        self.until = None;
    }

    /// 1.1: moves a pause back with the clock; it lasts as long as was meant.
    fn bring_back_to(&mut self, now: Time) {
        let ahead = self.at_run_time.map_or(Span::ZERO, |since| since - now);
        if ahead > Span::ZERO {
            self.until = self.until.map(|until| until - ahead);
        }
        self.by_file = self.by_file.map(|since| since.min(now));
        self.at_run_time = self.at_run_time.map(|since| since.min(now));
    }
}

/// Counters that only grow, so that neither a restart nor pruning resets them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Counted pings, in the order of [`PingKind::ALL`].
    pub pings: [u64; 4],
    /// How often the check became late.
    pub late: u64,
    /// How often the check became failing.
    pub failing: u64,
}

/// Everything that judging needs to know of a check (15.1). Only [`super::step`] makes it; history is never read.
///
/// The default is a placeholder, so that a step can move a state instead of copying it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The newest time in this state. It reveals a clock that was set back (1.1).
    pub newest: Time,
    /// When the check was archived (10.3).
    pub archived: Option<Time>,
    /// The latest of declaration, unpausing and return from the archive (2.1).
    pub armed_since: Time,
    /// Nothing due before this time is judged, because the schedule changed (10.2) or we were blind (9.5).
    pub floor: Time,
    pub pause: Pause,
    pub causes: Causes,
    /// When it last stopped being late or failing (8.3).
    pub recovered_at: Option<Time>,
    /// The last ping of each kind, in the order of [`PingKind::ALL`]. A success that came too soon is a failure (4.4).
    pub last: [Option<Time>; 4],
    /// The last ping of any kind, including repeated ones.
    pub last_seen: Option<Time>,
    /// The last success or fail (2.4).
    pub last_discharge: Option<Time>,
    /// The duration of the last run that ended with a known start.
    pub last_duration: Option<Span>,
    /// The exit status of the last success or fail, if it had one.
    pub last_exit_status: Option<u8>,
    /// The start that serves the current due time.
    pub claim: Option<Claim>,
    /// Open runs, oldest first; at most [`State::MAX_RUNS`].
    pub runs: ThinVec<Run>,
    /// Recently seen run ids, oldest first; at most [`State::MAX_RUNS`].
    pub rids: ThinVec<RidMemory>,
    /// A run without id was open when the check was paused. The next end without id belongs to it (7.2).
    pub nameless_run_before_pause: bool,
    pub failures_in_a_row: u32,
    pub successes_in_a_row: u32,
    /// Of an assertion: results that could not tell, since the last one that could (17.4).
    pub unknowns_in_a_row: u32,
    /// Of an assertion: how its records stand; `None`: there never was any.
    pub records: Option<Box<RecordTotals>>,
    /// The newest max(N, M + 1) successes of a check with `expect`; empty for other checks.
    pub successes: Successes,
    /// Only for checks that are counted at occurrences.
    pub counted: Option<Counted>,
    /// The refused pings of this check (9.1).
    pub refusals: Refusals,
    /// For people.
    pub results: LastResults,
    /// For metrics.
    pub counters: Counters,
}

impl State {
    /// The most open runs, and the most run ids that are remembered (4.1).
    pub const MAX_RUNS: usize = 16;

    /// When the last ping of this kind was received.
    pub fn last(&self, kind: PingKind) -> Option<Time> {
        self.last[kind as usize]
    }

    /// How its records stand (18.5).
    pub fn records(&self) -> RecordTotals {
        self.records.as_deref().copied().unwrap_or_default()
    }

    pub(super) fn put_records(&mut self, totals: RecordTotals) {
        self.records = (totals != RecordTotals::default()).then(|| Box::new(totals));
    }

    /// The status without [`Status::Grace`], which depends on the current time (6.2).
    pub fn status(&self) -> Status {
        if self.archived.is_some() {
            Status::Archived
        } else if self.pause.since().is_some() {
            Status::Paused
        } else if self.causes.any(Family::Unknown) {
            Status::Unknown
        } else if self.causes.any(Family::Failing) {
            Status::Failing
        } else if self.causes.any(Family::Late) {
            Status::Late
        } else if self.last(PingKind::Success).is_some() || self.last(PingKind::Fail).is_some() {
            // Who could not tell has not said that it is good.
            Status::Up
        } else {
            Status::New
        }
    }

    /// Neither archived nor paused.
    pub(super) fn is_judged(&self) -> bool {
        self.archived.is_none() && self.pause.since().is_none()
    }

    /// Whether anything in it is later than `now`, as it may be after the clock was set back.
    pub fn knows_later_than(&self, now: Time) -> bool {
        self.newest > now || self.refusals.iter().last().is_some_and(|refused| refused.last > now)
    }

    /// 1.1: the clock was set back to `now`. Refusals are brought back too where nothing else is later: they may be told
    /// at a time before their own (9.1), and so do not count as the newest that is known.
    pub(crate) fn set_back_to(&mut self, now: Time) {
        self.bring_back_to(now);
        self.refusals.bring_back_to(now);
    }

    /// 1.1: brings all times back to `now` at the latest: a wrong date that the clock once had silences nothing.
    pub(super) fn bring_back_to(&mut self, now: Time) {
        if self.newest <= now {
            return;
        }
        let back = |time: &mut Time| *time = (*time).min(now);
        back(&mut self.newest);
        back(&mut self.armed_since);
        back(&mut self.floor);
        let options =
            [&mut self.archived, &mut self.recovered_at, &mut self.last_seen, &mut self.last_discharge];
        options.into_iter().chain(&mut self.last).flatten().for_each(back);
        self.pause.bring_back_to(now);
        self.causes.each_since(back);
        self.claim.iter_mut().for_each(|claim| back(&mut claim.start));
        self.runs.iter_mut().for_each(|run| back(&mut run.start));
        self.rids.iter_mut().for_each(|memory| back(&mut memory.at));
        self.successes.bring_back_to(now);
        self.refusals.bring_back_to(now);
        self.results.bring_back_to(now);
        if let Some(records) = &mut self.records {
            records.occurrences.oldest.iter_mut().chain(&mut records.begun).for_each(back);
        }
        if let Some(counted) = &mut self.counted {
            back(&mut counted.judged_to);
            counted.pending.iter_mut().for_each(back);
            counted.late_for.iter_mut().for_each(back);
        }
    }

    /// Checks what must hold of every state that a step makes.
    pub(super) fn assert_bounds(&self) {
        assert!(self.runs.len() <= State::MAX_RUNS, "too many open runs");
        assert!(self.rids.len() <= State::MAX_RUNS, "too many run ids");
        assert!(self.successes.exact().len() <= Successes::EXACT, "too many successes");
        assert!(self.successes.buckets().len() <= Successes::MAX_BUCKETS, "too many buckets of successes");
        assert!(self.archived.is_none() || self.causes.is_empty(), "an archived check is not bad");
        let is_in_order = self.causes.iter().is_sorted_by_key(|cause| (cause.since, cause.kind));
        assert!(is_in_order, "causes stand as their row is read");
        let ends_without_a_pause = self.pause.until.is_some() && self.pause.at_run_time.is_none();
        assert!(!ends_without_a_pause, "what ends by itself has begun");
        let records = self.records();
        assert!(records.wont_fix <= records.open, "who is not wanted to be heard of is there");
        let (remembered, oldest) = (records.occurrences.remembered, records.occurrences.oldest);
        assert_eq!(remembered > 0, oldest.is_some(), "what is remembered occurred at some time");
        assert!(self.pause.since().is_none() || self.runs.is_empty(), "a paused check has no open run");
    }
}

impl Default for State {
    fn default() -> State {
        State {
            newest: Time::MIN,
            archived: None,
            armed_since: Time::MIN,
            floor: Time::MIN,
            pause: Pause::default(),
            causes: Causes::default(),
            recovered_at: None,
            last: [None; 4],
            last_seen: None,
            last_discharge: None,
            last_duration: None,
            last_exit_status: None,
            claim: None,
            runs: ThinVec::new(),
            rids: ThinVec::new(),
            nameless_run_before_pause: false,
            failures_in_a_row: 0,
            successes_in_a_row: 0,
            unknowns_in_a_row: 0,
            records: None,
            successes: Successes::default(),
            counted: None,
            refusals: Refusals::default(),
            results: LastResults::default(),
            counters: Counters::default(),
        }
    }
}
