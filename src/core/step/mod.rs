//! The judge: from one state and one input to the next state and what is to be told (1.3, 1.4).
//!
//! [`step`] first settles every transition whose time has passed, oldest first, each stamped with its own time, and
//! then applies the input. A transition at time t takes effect from the millisecond after t: a ping at t still counts,
//! whatever was asked first. So inserting a tick anywhere changes nothing.
//!
//! A new rule is in three places: `next.rs` says when it speaks, `Judge::transit` what it does then, `ping.rs` what a ping
//! ends. What it remembers is a field of [`State`], which `src/store/row/state.rs` stores. It gets a number in
//! docs/semantics.md, and the judge in `tests/sim/model/` learns it.

mod change;
mod counted;
mod guard;
mod next;
mod outcome;
mod past;
mod ping;
mod result;
mod sight;
#[cfg(test)]
mod tests;
mod unjudged;
mod view;

use std::sync::Arc;

use super::assertion::AssertionResult;
use super::blind::BlindWindows;
use super::cause::{Cause, CauseKind, Causes, Family, Status};
use super::check::{Ping, Spec};
use super::record::RecordTotals;
use super::refusals::Refused;
use super::results::ResultKind;
use super::schedule::{Expect, Schedule};
use super::state::State;
use super::time::{Span, Time};

#[doc(hidden)]
pub use guard::break_judging_by;
pub use next::served_from;
pub use outcome::{Flip, FlipReason, Judgement, PingEffect, Step};
pub use past::PastState;
pub use ping::repeats;
pub use unjudged::step;
pub use view::{View, promised_deadline, view};

/// What can happen to a check.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A job pinged it.
    Ping(Ping),
    /// Somebody looked whether what it asserts holds (17.1).
    Result(AssertionResult),
    /// Of its records some began or ended, or people want to hear of others (18.5): they stand so from now on.
    Records(RecordTotals),
    /// Time passed.
    Tick,
    /// Somebody paused it at run time (7.1).
    Pause,
    /// Somebody paused it until this time (7.2).
    PauseUntil(Time),
    /// Somebody paused it, and lateness ends: a pause that forgives (16.6).
    PauseAndForgive,
    /// Somebody ended the pause at run time. A pause by the file stays.
    Unpause,
    /// It gets another spec from now on (10.1).
    Change(Arc<Spec>),
    /// It gets another spec that counts from a time in the past, and is judged by it at once. While it is paused, only
    /// the spec changes.
    Rearm {
        spec: Arc<Spec>,
        /// The time from which its deadline counts; not later than now.
        from: Time,
    },
    /// Pings of this check were answered with 503 (9.1). Their time may be before `now`, because a refusal could not be
    /// stored at that time, or after it, while earlier pings wait to be judged.
    Refused(Refused),
    /// The clock was set back to now (1.1).
    SetBack,
    /// It is no longer declared (10.3).
    Archive,
    /// It is declared again, with this spec (10.3).
    Return(Arc<Spec>),
}

/// The most transitions that one step settles; further occurrences of a counted check are skipped. Reached only if a
/// check was not judged for thousands of occurrences, and that was not a blind window.
const MAX_TRANSITIONS: usize = 4096;

/// Settles everything that is past, then applies the input.
fn judged(mut judge: Judge<'_>, input: &Input) -> Step {
    let now = judge.now;
    match input {
        Input::SetBack => judge.set_back(),
        _ => judge.state.bring_back_to(now),
    }
    if let Some(cause) = judge.state.causes.iter().find(|cause| cause.kind == CauseKind::Unjudgeable) {
        // What was due just before is found only now, and follows it.
        judge.not_before = cause.since;
    }
    if let Input::Refused(refused) = input {
        // What is due before the refusal is judged without it: the refused ping could not have come in time.
        judge.settle(refused.first.min(now));
        let since = next::evidence_since(judge.spec, &judge.state);
        judge.state.refusals.add(*refused, since);
    }
    judge.settle(now);
    if judge.state.causes.has(CauseKind::Unjudgeable) {
        judge.flip(now, FlipReason::Judged, |state| state.set(CauseKind::Unjudgeable, false, now));
    }
    let mut counted = None;
    match input {
        Input::Tick | Input::SetBack | Input::Refused(_) => {}
        Input::Ping(ping) => counted = judge.ping(ping),
        Input::Result(result) => counted = judge.result(result),
        Input::Records(totals) => judge.records(*totals),
        Input::Pause => judge.pause(None, false),
        Input::PauseUntil(until) => judge.pause(Some(*until), false),
        Input::PauseAndForgive => judge.pause(None, true),
        Input::Unpause => judge.unpause(),
        Input::Archive => judge.archive(),
        Input::Change(new) => return judge.change(new).finish(None),
        Input::Rearm { spec: new, from } => return judge.rearm(new, *from).finish(None),
        Input::Return(new) => return judge.come_back(new).finish(None),
    }
    judge.finish(counted)
}

/// The time up to and including which nothing needs judging; `None`: only an input can change anything.
pub fn deadline(spec: &Spec, state: &State, blind: &BlindWindows) -> Option<Time> {
    if rests(state) {
        return state.pause.until;
    }
    let next = guard::guarded(spec, || next::next(spec, state, blind).map(|next| next.at));
    next.unwrap_or_else(|| {
        // 1.6: a step finds out what is wrong, and not again and again.
        let at_earliest = deadline_at_earliest(spec, state)?;
        Some(at_earliest.max(state.newest) + Span::mins(1))
    })
}

/// The [`deadline`] if nothing had been blind: whatever was or will be, that is never earlier.
pub fn deadline_at_earliest(spec: &Spec, state: &State) -> Option<Time> {
    if rests(state) {
        return state.pause.until;
    }
    guard::guarded(spec, || next::at_earliest(spec, state)).unwrap_or(Some(Time::MIN))
}

/// No time but the end of its pause changes anything: it is archived, paused, or cannot be judged (1.6).
fn rests(state: &State) -> bool {
    !state.is_judged() || state.causes.has(CauseKind::Unjudgeable)
}

/// A step in progress.
struct Judge<'a> {
    spec: &'a Spec,
    state: State,
    now: Time,
    /// No transition is stamped earlier than this: a new spec judges from its change on, whatever it finds.
    not_before: Time,
    blind: &'a BlindWindows,
    flips: Vec<Flip>,
    /// The state before the last flip.
    began: Option<Began>,
    judgements: Vec<Judgement>,
}

/// The state before a flip.
struct Began {
    from: Status,
    causes: Causes,
    late: u64,
    failing: u64,
    recovered_at: Option<Time>,
}

impl<'a> Judge<'a> {
    /// 1.1: the clock was set back. What only absence had kept from being late is not late at once because that absence
    /// is forgotten (1.1h).
    fn set_back(&mut self) {
        let are_brought_back = self.state.successes.newest().is_some_and(|newest| newest > self.now);
        self.state.set_back_to(self.now);
        if are_brought_back && let Some(from) = next::count_from(self.spec, &self.state, self.blind, self.now)
        {
            self.state.floor = from;
        }
    }

    /// Settles all transitions before a time.
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
                self.result_of_lateness(at);
                self.flip(at, FlipReason::Judged, |state| {
                    state.judge_late(kind, at);
                });
            }
            next::TransitionKind::Overrun { start } => self.flip(at, FlipReason::Judged, |state| {
                state.results.push(at, ResultKind::Missed, None);
                state.close_overrun(start);
                state.judge_late(CauseKind::Overrun, at);
            }),
            next::TransitionKind::Count { occurrence } => self.count_at(occurrence),
            next::TransitionKind::Shortfall { occurrence } => self.shortfall(occurrence, at),
            next::TransitionKind::PauseEnds => self.flip(at, FlipReason::Unpaused, |state| {
                state.pause.end_at_run_time();
                state.arm_unless_paused(at);
            }),
            next::TransitionKind::CountFits => {
                self.result_of_count(at, ResultKind::Met);
                self.flip(at, FlipReason::Judged, |state| {
                    state.causes.retain(|cause| cause.kind != CauseKind::TooMany);
                });
            }
        }
    }

    /// 9.5: the evidence was blind for too long to call the check late.
    fn cannot_tell(&mut self, at: Time, what: &next::TransitionKind, window: super::blind::Window) {
        let would_be = match *what {
            next::TransitionKind::Late(kind) => kind,
            next::TransitionKind::Overrun { .. } => CauseKind::Overrun,
            _ => CauseKind::TooFew,
        };
        let due = next::due(self.spec, &self.state);
        self.state.results.push(at, ResultKind::Unknown, None);
        // A period that is counted from the window's end may be due already; a success in the window would not have
        // changed that.
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
                // A start that was seen after the window serves the period that is counted from the window's end.
                state.claim = state.claim.filter(|claim| judged_due.is_none() && claim.start > floor);
            }
            if !state.causes.any(Family::Late) {
                state.causes.insert(Cause { kind: CauseKind::Blind, since: at, would_be: Some(would_be) });
            }
        });
    }

    /// 3.1: judges the occurrence itself. A shortfall may still be filled within the grace. If blindness has delayed an
    /// earlier occurrence beyond this one, the earlier one stays pending: endless restarts must not delay it for ever.
    fn count_at(&mut self, occurrence: Time) {
        let Schedule::CountedAt(_, expect) = self.spec.schedule else { return };
        let count = self.state.successes.count(occurrence - expect.within, occurrence);
        let seen_from = self.state.armed_since.max(self.state.floor);
        let at_least = expect.at_least.filter(|_| occurrence - expect.within >= seen_from);
        let short = at_least.is_some_and(|at_least| count < at_least);
        let many = expect.at_most.is_some_and(|at_most| count > at_most);
        self.flip(occurrence, FlipReason::Judged, |state| {
            if let Some(counted) = &mut state.counted {
                counted.judged_to = occurrence;
                counted.pending = counted.pending.or(short.then_some(occurrence));
            }
            state.set(CauseKind::TooMany, many, occurrence);
            if at_least.is_some() && !short {
                state.count_is_met();
            }
        });
        if !short && (at_least.is_some() || expect.at_most.is_some()) {
            let at_most = expect.at_most;
            self.judged_count(Judgement { occurrence, count, at_least, at_most, met: !many });
        }
    }

    /// 3.1: the grace is over and the count is still too low.
    fn shortfall(&mut self, occurrence: Time, at: Time) {
        let Schedule::CountedAt(_, expect) = self.spec.schedule else { return };
        let count = self.state.successes.count(occurrence - expect.within, at);
        let Expect { at_least, at_most, .. } = expect;
        self.judged_count(Judgement { occurrence, count, at_least, at_most, met: false });
        self.flip(at, FlipReason::Judged, |state| {
            if let Some(counted) = &mut state.counted {
                counted.pending = None;
                counted.late_for = Some(occurrence);
            }
            state.judge_late(CauseKind::TooFew, at);
        });
    }

    /// A count was judged at an occurrence.
    pub(super) fn judged_count(&mut self, judgement: Judgement) {
        let kind = if judgement.met { ResultKind::Met } else { ResultKind::NotMet };
        self.state.results.push(judgement.occurrence, kind, Some(judgement.count));
        self.judgements.push(judgement);
    }

    /// A sliding count is from now on as it should be, or is not.
    fn result_of_count(&mut self, at: Time, kind: ResultKind) {
        if let Schedule::Counted(expect) = self.spec.schedule {
            let count = self.state.successes.count(at - expect.within, at);
            self.state.results.push(at, kind, Some(count));
        }
    }

    fn result_of_lateness(&mut self, at: Time) {
        match self.spec.schedule {
            Schedule::Counted(_) => self.result_of_count(at, ResultKind::NotMet),
            _ => self.state.results.push(at, ResultKind::Missed, None),
        }
    }

    /// A run ended. Where successes are counted, the count is the result, and a failure by itself is another.
    pub(super) fn result_of_run(&mut self, is_success: bool) {
        let kind = if is_success { ResultKind::Success } else { ResultKind::Fail };
        if !is_success || self.spec.schedule.expect().is_none() {
            self.state.results.push(self.now, kind, None);
        }
    }

    /// Changes the state, and records a flip if the status or the causes have changed (6.3).
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
        // Transitions at one time are one flip: a check is not good for no time at all and then bad again.
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
