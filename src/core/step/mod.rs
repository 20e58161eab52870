//! The judge: one input, one state, the next state and what is to be told (1.3, 1.4).
//!
//! [`step`] first settles every transition whose time has passed, oldest first, each stamped with its own time, and then
//! applies the input. A transition of time t holds from the millisecond after t on: a ping at t still counts, whatever
//! was asked first. So a tick inserted anywhere changes nothing.

mod change;
mod counted;
mod next;
mod past;
mod ping;
mod sight;
#[cfg(test)]
mod tests;
mod view;

use super::blind::BlindWindows;
use super::cause::{Cause, CauseKind, Causes, Family, Status};
use super::check::{Ping, Spec};
use super::refusals::Refused;
use super::state::State;
use super::time::{Span, Time};

pub use past::PastState;
pub use view::{View, promised_deadline, view};

/// What happens to a check.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A job spoke.
    Ping(Ping),
    /// Time passed.
    Tick,
    /// Somebody paused it at run time (7.1).
    Pause,
    /// The same, until this time (7.2).
    PauseUntil(Time),
    /// The same, and what was late is so no more: a pause that forgives (16.6).
    PauseAndForgive,
    /// Somebody ended that pause; a pause by the file stays.
    Unpause,
    /// Its spec is another one from now on (10.1).
    Change(Box<Spec>),
    /// Its spec is another one from now on, and counts from a time that has passed. It is judged anew at
    /// once, late or not; while it is paused, only the spec changes.
    Rearm {
        /// The new one.
        spec: Box<Spec>,
        /// What its deadline counts from; not later than now.
        from: Time,
    },
    /// Pings of this check were answered 503 (9.1). It may lie before `now`, since what was refused could not be stored
    /// then; or after it, where pings that came before it wait to be judged.
    Refused(Refused),
    /// It is no longer declared (10.3).
    Archive,
    /// It is declared again, thus (10.3).
    Return(Box<Spec>),
}

/// What a step made.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The state after it.
    pub state: State,
    /// What changed, oldest first.
    pub flips: Vec<Flip>,
    /// Evaluations of a counted check, oldest first (3.6).
    pub judgements: Vec<Judgement>,
    /// What the ping counted for; `None` for every other input.
    pub ping: Option<PingEffect>,
}

/// What a ping counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingEffect {
    /// It only repeated its run id's previous fact (4.1).
    pub repeat: bool,
    /// It counts as a success in windows (3.1, 3.7).
    pub success: bool,
    /// How long the run took that it ended, if the start is known.
    pub duration: Option<Span>,
}

/// A change of status or of the set of causes (6.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The time of the transition itself.
    pub at: Time,
    /// The status before and after.
    pub from: Status,
    /// The status before and after.
    pub to: Status,
    /// Causes that began.
    pub begun: Vec<Cause>,
    /// Kinds of causes that ended.
    pub ended: Vec<CauseKind>,
    /// All causes after it, also those that a pause hides.
    pub causes: Causes,
    /// Why.
    pub reason: FlipReason,
}

/// Why a check flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlipReason {
    /// A time passed.
    Judged,
    /// A ping came.
    Pinged,
    /// Somebody paused it, or its file did.
    Paused,
    /// Somebody unpaused it, or its file or a ping did, or its time was over.
    Unpaused,
    /// Its spec changed, and by the new one it is not bad (10.2).
    Changed,
    /// It is no longer declared.
    Archived,
    /// It is declared again.
    Returned,
}

impl FlipReason {
    /// All of them.
    pub const ALL: [FlipReason; 7] = [
        FlipReason::Judged,
        FlipReason::Pinged,
        FlipReason::Paused,
        FlipReason::Unpaused,
        FlipReason::Changed,
        FlipReason::Archived,
        FlipReason::Returned,
    ];

    /// As it stands in the database, in the log and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            FlipReason::Judged => "judged",
            FlipReason::Pinged => "pinged",
            FlipReason::Paused => "paused",
            FlipReason::Unpaused => "unpaused",
            FlipReason::Changed => "changed",
            FlipReason::Archived => "archived",
            FlipReason::Returned => "returned",
        }
    }
}

/// One evaluation of a counted check at an occurrence (3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The occurrence T.
    pub occurrence: Time,
    /// Successes that counted for it.
    pub count: u32,
    /// `at_least`, where it was judged.
    pub at_least: Option<u32>,
    /// `at_most`, where it was judged.
    pub at_most: Option<u32>,
    /// Whether the count fits.
    pub met: bool,
}

/// The most transitions that one step settles; what remains of a counted check's occurrences is passed over. Reached
/// only when a check was not looked at for thousands of its occurrences, and nobody called that a blind window.
const MAX_TRANSITIONS: usize = 4096;

/// Settles what is past, then applies the input. Total: any state, input and time give an answer.
///
/// `spec` is the one that `state` was judged by until now, also where the input brings another.
pub fn step(spec: &Spec, state: State, input: Input, now: Time, blind: &BlindWindows) -> Step {
    let mut judge = Judge {
        spec,
        state,
        now,
        not_before: Time::MIN,
        blind,
        flips: Vec::new(),
        began: None,
        judgements: Vec::new(),
    };
    judge.state.bring_back_to(now);
    if let Input::Refused(refused) = input {
        // What is due before it is judged without it: no ping that was refused then could have come in time.
        judge.settle(refused.first.min(now));
        let since = next::evidence_since(spec, &judge.state);
        judge.state.refusals.add(refused, since);
    }
    judge.settle(now);
    let mut counted = None;
    match input {
        Input::Tick | Input::Refused(_) => {}
        Input::Ping(ping) => counted = judge.ping(&ping),
        Input::Pause => judge.pause(None, false),
        Input::PauseUntil(until) => judge.pause(Some(until), false),
        Input::PauseAndForgive => judge.pause(None, true),
        Input::Unpause => judge.unpause(),
        Input::Archive => judge.archive(),
        Input::Change(new) => return judge.change(&new).finish(None),
        Input::Rearm { spec: new, from } => return judge.rearm(&new, from).finish(None),
        Input::Return(new) => return judge.come_back(&new).finish(None),
    }
    judge.finish(counted)
}

/// The time up to and including which nothing needs judging; `None`: only an input can change anything.
pub fn deadline(spec: &Spec, state: &State, blind: &BlindWindows) -> Option<Time> {
    next::next(spec, state, blind).map(|next| next.at)
}

/// A step under way.
struct Judge<'a> {
    spec: &'a Spec,
    state: State,
    now: Time,
    /// No transition is stamped earlier: a new spec judges from its change on, whatever it finds.
    not_before: Time,
    blind: &'a BlindWindows,
    flips: Vec<Flip>,
    /// What the last of them began with.
    began: Option<Began>,
    judgements: Vec<Judgement>,
}

/// What a flip began with.
struct Began {
    from: Status,
    causes: Causes,
    late: u64,
    failing: u64,
    recovered_at: Option<Time>,
}

impl<'a> Judge<'a> {
    /// All transitions before a time.
    fn settle(&mut self, before: Time) {
        for _ in 0..MAX_TRANSITIONS {
            match next::next(self.spec, &self.state, self.blind) {
                Some(next) if next.at < before => self.transit(next),
                _ => return,
            }
        }
        self.state.newest = self.state.newest.max(before);
        if let Some(counted) = &mut self.state.counted {
            counted.judged_to = before;
            counted.pending = None;
        }
    }

    fn transit(&mut self, next: next::Next) {
        let at = next.at.max(self.not_before);
        self.state.newest = self.state.newest.max(at);
        if let Some(window) = next.blind {
            return self.cannot_tell(at, &next.what, window);
        }
        match next.what {
            next::TransitionKind::Late(kind) => {
                self.flip(at, FlipReason::Judged, |state| {
                    state.judge_late(kind, at);
                });
            }
            next::TransitionKind::Overrun { start } => self.flip(at, FlipReason::Judged, |state| {
                state.close_overrun(start);
                state.judge_late(CauseKind::Overrun, at);
            }),
            next::TransitionKind::Count { occurrence } => self.count_at(occurrence),
            next::TransitionKind::Shortfall { occurrence } => self.shortfall(occurrence, at),
            next::TransitionKind::PauseEnds => self.flip(at, FlipReason::Unpaused, |state| {
                state.pause.end_at_run_time();
                state.arm_unless_paused(at);
            }),
            next::TransitionKind::CountFits => self.flip(at, FlipReason::Judged, |state| {
                state.causes.retain(|cause| cause.kind != CauseKind::TooMany);
            }),
        }
    }

    /// 9.5: the evidence was blind for too long to call it late.
    fn cannot_tell(&mut self, at: Time, what: &next::TransitionKind, window: super::blind::Window) {
        let would_be = match *what {
            next::TransitionKind::Late(kind) => kind,
            next::TransitionKind::Overrun { .. } => CauseKind::Overrun,
            _ => CauseKind::TooFew,
        };
        let due = next::due(self.spec, &self.state);
        // Counted from the window's end, periods may be due by now: a success in the window made no difference to that.
        self.not_before = self.not_before.max(at);
        self.flip(at, FlipReason::Judged, |state| {
            let mut floor = Some(window.to);
            match *what {
                next::TransitionKind::Overrun { start } => {
                    let serves = state.claim.is_some_and(|claim| claim.start == start);
                    state.close_overrun(start);
                    floor = floor.filter(|_| serves);
                }
                next::TransitionKind::Shortfall { .. } => {
                    if let Some(counted) = &mut state.counted {
                        counted.pending = None;
                    }
                }
                _ => {}
            }
            if let Some(floor) = floor {
                let judged_due = due.filter(|due| due.period.is_none()).map(|due| due.at);
                state.floor = state.floor.max(floor).max(judged_due.unwrap_or(floor));
                // A start that was seen after the window serves a period that is counted from its end.
                state.claim = state.claim.filter(|claim| judged_due.is_none() && claim.start > floor);
            }
            if !state.causes.any(Family::Late) {
                state.causes.insert(Cause { kind: CauseKind::Blind, since: at, would_be: Some(would_be) });
            }
        });
    }

    /// Does something to the state, and records a flip if the status or the causes are then others (6.3).
    fn flip(&mut self, at: Time, reason: FlipReason, act: impl FnOnce(&mut State)) {
        let from = self.state.status();
        let before = self.state.causes.clone();
        act(&mut self.state);
        self.record(at, reason, from, &before);
    }

    fn record(&mut self, at: Time, reason: FlipReason, from: Status, before: &Causes) {
        let State { counters, recovered_at, .. } = &self.state;
        let mut began = Began {
            from,
            causes: before.clone(),
            late: counters.late,
            failing: counters.failing,
            recovered_at: *recovered_at,
        };
        // Transitions of one time are one flip: nothing is good for no time at all, and then bad again.
        let is_same =
            |last: &mut Flip| reason == FlipReason::Judged && (last.at, last.reason) == (at, reason);
        if self.flips.pop_if(is_same).is_some()
            && let Some(first) = self.began.take()
        {
            began = first;
            self.state.counters.late = began.late;
            self.state.counters.failing = began.failing;
            self.state.recovered_at = began.recovered_at;
        }
        let (to, before, causes) = (self.state.status(), &began.causes, &self.state.causes);
        if began.from == to && *before == *causes {
            return;
        }
        let new = |cause: &&Cause| !before.iter().any(|old| old == *cause);
        let begun: Vec<Cause> = causes.iter().filter(new).copied().collect();
        let ended = before.iter().filter(|old| !causes.has(old.kind)).map(|old| old.kind).collect();
        let became = |family| causes.any(family) && !before.any(family);
        let was_bad = before.any(Family::Late) || before.any(Family::Failing);
        let is_bad = causes.any(Family::Late) || causes.any(Family::Failing);
        let flip = Flip { at, from: began.from, to, begun, ended, causes: causes.clone(), reason };
        self.state.counters.late += u64::from(became(Family::Late));
        self.state.counters.failing += u64::from(became(Family::Failing));
        if was_bad && !is_bad {
            self.state.recovered_at = Some(at);
        }
        self.flips.push(flip);
        self.began = Some(began);
    }

    fn finish(mut self, ping: Option<PingEffect>) -> Step {
        self.state.assert_bounds();
        Step { state: std::mem::take(&mut self.state), flips: self.flips, judgements: self.judgements, ping }
    }
}
