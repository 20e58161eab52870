//! What is known of a check: all that judging needs, and nothing else (15.1).

use std::collections::VecDeque;

use super::cause::{Causes, Family, Status};
use super::check::{PingKind, Rid};
use super::refusals::Refusals;
use super::schedule::Expect;
use super::time::{Span, Time};

/// A run that has begun and not ended (§4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// Its identity; starts without one share a run.
    pub rid: Option<Rid>,
    /// When its start came.
    pub start: Time,
    /// Another run was open beside it at some time (4.5).
    pub overlapped: bool,
}

/// What is remembered of a run id after its last counted fact: enough to know a repeated ping (4.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RidMemory {
    /// Whose.
    pub rid: Rid,
    /// Its last counted fact.
    pub kind: PingKind,
    /// The exit status that came with it.
    pub exit_status: Option<u8>,
    /// When.
    pub at: Time,
    /// Its run was open when the check was paused (7.2).
    pub closed_by_pause: bool,
}

/// The start that serves the current due time (4.2, 4.3): at most one for each due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// When it came.
    pub start: Time,
    /// Its overrun has been judged: this due time has no further deadline.
    pub judged: bool,
}

/// How far the occurrences of a counted check have been judged (§3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counted {
    /// Occurrences up to and including this time are done with, but for `pending`.
    pub judged_to: Time,
    /// An occurrence with a shortfall that its grace may still fill.
    pub pending: Option<Time>,
    /// The occurrence whose shortfall is the cause `too_few` (3.3).
    pub late_for: Option<Time>,
}

/// Who paused a check, and since when (§7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pause {
    /// By its file (7.1).
    pub by_file: Option<Time>,
    /// At run time (7.2).
    pub at_run_time: Option<Time>,
    /// When the one at run time ends by itself; only while there is one.
    pub until: Option<Time>,
}

impl Pause {
    /// Since when it is paused, by whomever first.
    pub fn since(self) -> Option<Time> {
        match (self.by_file, self.at_run_time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// The one at run time is over.
    pub(super) fn end_at_run_time(&mut self) {
        self.at_run_time = None;
        self.until = None;
    }

    /// 1.1: the clock was set back, and the pause lasts as long as was meant.
    fn bring_back_to(&mut self, now: Time) {
        let ahead = self.at_run_time.map_or(Span::ZERO, |since| since - now);
        if ahead > Span::ZERO {
            self.until = self.until.map(|until| until - ahead);
        }
        self.by_file = self.by_file.map(|since| since.min(now));
        self.at_run_time = self.at_run_time.map(|since| since.min(now));
    }
}

/// Counters that only ever grow, so that a restart or pruning is no reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Counted pings, in the order of [`PingKind::ALL`].
    pub pings: [u64; 4],
    /// How often the check became late.
    pub late: u64,
    /// How often the check became failing.
    pub failing: u64,
}

/// All that judging needs to know of a check (15.1). Made only by [`super::step`]; history is never read.
///
/// The default is a state of no check: it lets a step move a state instead of copying it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The newest time in here: a clock that was set back shows in it (1.1).
    pub newest: Time,
    /// Gone from the files since (10.3).
    pub archived: Option<Time>,
    /// The latest of declaration, unpausing and return from the archive (2.1).
    pub armed_since: Time,
    /// Nothing due before this is judged: the schedule changed (10.2), or we were blind (9.5).
    pub floor: Time,
    /// Whether it is paused.
    pub pause: Pause,
    /// Why it is bad.
    pub causes: Causes,
    /// When it last stopped being late or failing (8.3).
    pub recovered_at: Option<Time>,
    /// The last of each kind, in the order of [`PingKind::ALL`]; a success that came too soon is a failure (4.4).
    pub last: [Option<Time>; 4],
    /// The last ping of any kind, repeated ones too.
    pub last_seen: Option<Time>,
    /// The last success or fail (2.4).
    pub last_discharge: Option<Time>,
    /// How long the last run took that ended with a known start.
    pub last_duration: Option<Span>,
    /// The exit status of the last success or fail, if it gave one.
    pub last_exit_status: Option<u8>,
    /// The start that serves the current due time.
    pub claim: Option<Claim>,
    /// Open runs, oldest first; at most [`State::MAX_RUNS`].
    pub runs: Vec<Run>,
    /// Run ids seen lately, oldest first; at most [`State::MAX_RUNS`].
    pub rids: VecDeque<RidMemory>,
    /// A run without id was open when the check was paused: the next end without id is its end (7.2).
    pub nameless_run_before_pause: bool,
    /// Failures since the last success.
    pub failures_in_a_row: u32,
    /// Successes since the last failure.
    pub successes_in_a_row: u32,
    /// The newest max(N, M + 1) successes of a check with `expect`, oldest first; empty for others.
    pub successes: VecDeque<Time>,
    /// For checks counted at occurrences.
    pub counted: Option<Counted>,
    /// When pings of this check were refused (9.1).
    pub refusals: Refusals,
    /// For metrics.
    pub counters: Counters,
}

impl State {
    /// The most open runs, and the most run ids remembered (4.1).
    pub const MAX_RUNS: usize = 16;

    /// When a ping of this kind last came.
    pub fn last(&self, kind: PingKind) -> Option<Time> {
        self.last[kind as usize]
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
        } else if self.last_discharge.is_some() {
            Status::Up
        } else {
            Status::New
        }
    }

    /// 1.1: no time in a state is later than now; a wrong date that a clock once had silences nothing.
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
        self.bring_successes_back_to(now);
        self.refusals.bring_back_to(now);
        if let Some(counted) = &mut self.counted {
            back(&mut counted.judged_to);
            counted.pending.iter_mut().for_each(back);
            counted.late_for.iter_mut().for_each(back);
        }
    }

    /// Successes keep their distances: many at one moment would be too many.
    fn bring_successes_back_to(&mut self, now: Time) {
        let Some(newest) = self.successes.back().copied().filter(|newest| *newest > now) else { return };
        let mut previous = Time::MIN;
        for at in &mut self.successes {
            if *at > now {
                *at = (now - (newest - *at)).max(previous);
            }
            previous = *at;
        }
    }

    /// What must hold of every state that a step made.
    pub(super) fn assert_bounds(&self) {
        assert!(self.runs.len() <= State::MAX_RUNS, "too many open runs");
        assert!(self.rids.len() <= State::MAX_RUNS, "too many run ids");
        assert!(self.successes.len() <= Expect::MAX_COUNT as usize + 1, "too many successes");
        assert!(self.archived.is_none() || self.causes.is_empty(), "an archived check is not bad");
        let ends_without_a_pause = self.pause.until.is_some() && self.pause.at_run_time.is_none();
        assert!(!ends_without_a_pause, "what ends by itself has begun");
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
            runs: Vec::new(),
            rids: VecDeque::new(),
            nameless_run_before_pause: false,
            failures_in_a_row: 0,
            successes_in_a_row: 0,
            successes: VecDeque::new(),
            counted: None,
            refusals: Refusals::default(),
            counters: Counters::default(),
        }
    }
}
