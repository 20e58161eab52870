//! The step, and what it is where judging panics (1.6): then nothing of the schedule is asked, so that nothing can panic again.

use super::guard::guarded;
use super::next::EARLY;
use super::outcome::{FlipReason, Step};
use super::{Input, Judge, judged};
use crate::core::blind::BlindWindows;
use crate::core::cause::CauseKind;
use crate::core::check::{Ping, PingKind, Spec};
use crate::core::results::ResultKind;
use crate::core::schedule::Schedule;
use crate::core::state::State;
use crate::core::time::{Span, Time};

/// Settles everything that is past, then applies the input. Total: it has an answer for any state, input and time, also where
/// judging panics (1.6).
///
/// `spec` is the one by which `state` has been judged until now, even if the input brings another.
pub fn step(spec: &Spec, state: State, input: &Input, now: Time, blind: &BlindWindows) -> Step {
    let judge = |state| Judge {
        spec,
        state,
        now,
        not_before: Time::MIN,
        blind,
        flips: Vec::new(),
        began: None,
        judgements: Vec::new(),
    };
    let before = state.clone();
    let made = guarded(spec, || judged(judge(state), input));
    made.unwrap_or_else(|| without_judging(judge(before), input))
}

/// The check stays as it was, and is unjudgeable. What people and files ordered holds all the same.
fn without_judging(mut judge: Judge<'_>, input: &Input) -> Step {
    let now = judge.now;
    match input {
        Input::SetBack => judge.state.set_back_to(now),
        _ => judge.state.bring_back_to(now),
    }
    judge.state.newest = judge.state.newest.max(now);
    end_pause(&mut judge);
    if *input == Input::Archive {
        judge.archive();
    } else {
        // Before an order ends other causes: its incident goes on.
        be_unjudgeable(&mut judge);
        obey(&mut judge, input);
        be_unjudgeable(&mut judge);
    }
    let Judge { state, flips, judgements, .. } = judge;
    Step { state, flips, judgements, ping: None }
}

fn be_unjudgeable(judge: &mut Judge<'_>) {
    let now = judge.now;
    if judge.state.archived.is_none() {
        if !judge.state.causes.has(CauseKind::Unjudgeable) {
            judge.state.results.push(now, ResultKind::Unknown, None);
        }
        judge.flip(now, FlipReason::Judged, |state| state.set(CauseKind::Unjudgeable, true, now));
    }
}

fn obey(judge: &mut Judge<'_>, input: &Input) {
    match input {
        Input::Tick | Input::SetBack | Input::Archive => {}
        Input::Ping(ping) => leave_uncounted(judge, ping),
        Input::Result(_) => leave_result_uncounted(judge),
        Input::Records(totals) => judge.records(*totals),
        // Nobody can say which of them are evidence.
        Input::Refused(refused) => judge.state.refusals.add(*refused, Time::MIN),
        Input::Pause => judge.pause(None, false),
        Input::PauseUntil(until) => judge.pause(Some(*until), false),
        Input::PauseAndForgive => judge.pause(None, true),
        Input::Unpause => judge.unpause(),
        Input::Return(new) if judge.state.archived.is_some() => {
            let now = judge.now;
            judge.flip(now, FlipReason::Returned, |state| state.come_back(new, now));
        }
        Input::Change(new) | Input::Rearm { spec: new, .. } | Input::Return(new) => take(judge, new),
    }
}

/// 7.2: a pause that ends by itself does so, or the check would be silent for good.
fn end_pause(judge: &mut Judge<'_>) {
    if let Some(until) = judge.state.pause.until.filter(|until| *until < judge.now) {
        judge.flip(until, FlipReason::Unpaused, |state| {
            state.pause.end_at_run_time();
            state.arm_unless_paused(until);
        });
    }
}

/// It is judged by another spec from now on, whenever that is. What was late by the one before may be nothing that the new
/// one could end.
fn take(judge: &mut Judge<'_>, new: &Spec) {
    let now = judge.now;
    if judge.state.archived.is_some() {
        return;
    }
    judge.forget_unless_of(new);
    judge.pause_as(new);
    judge.flip(now, FlipReason::Changed, |state| {
        state.claim = None;
        state.floor = state.floor.max(now);
        state.fit_to(&new.schedule, now);
        state.end_lateness();
        super::change::keep_failures(state, new, true, now);
    });
}

/// A ping counts for nothing. What it may have served, discharged, ended or filled is not called late for want of it.
fn leave_uncounted(judge: &mut Judge<'_>, ping: &Ping) {
    let now = judge.now;
    judge.state.last_seen = Some(now);
    if ping.kind == PingKind::Log {
        return;
    }
    if judge.ends_pause(ping) {
        judge.unpause();
    }
    let ahead = ahead(judge.spec);
    let state = &mut judge.state;
    state.floor = state.floor.max(now + ahead);
    state.claim = None;
    state.runs.clear();
    if ping.kind == PingKind::Start {
        return;
    }
    if let Some(counted) = &mut state.counted {
        counted.pending = None;
    }
    if ping.kind == PingKind::Success {
        end_want_of_success(judge, FlipReason::Pinged);
    }
}

/// Likewise: whatever it says, it came (17.8).
fn leave_result_uncounted(judge: &mut Judge<'_>) {
    let ahead = ahead(judge.spec);
    let (now, state) = (judge.now, &mut judge.state);
    state.last_seen = Some(now);
    state.floor = state.floor.max(now + ahead);
    end_want_of_success(judge, FlipReason::Reported);
}

/// An occurrence that is a little ahead may be served by what comes now.
fn ahead(spec: &Spec) -> Span {
    match spec.schedule {
        Schedule::At(_) => spec.early.unwrap_or(EARLY),
        _ => Span::ZERO,
    }
}

fn end_want_of_success(judge: &mut Judge<'_>, reason: FlipReason) {
    judge.flip(judge.now, reason, |state| {
        state.causes.retain(|cause| !cause.kind.is_for_want_of_success());
    });
}
