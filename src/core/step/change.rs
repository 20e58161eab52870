//! Pauses, archives, and changes of the spec (§7, §10).

use super::Judge;
use super::next::{self, TransitionKind};
use super::outcome::FlipReason;
use crate::core::cause::{Cause, CauseKind, Causes, Family};
use crate::core::check::{Overlap, PingKind, Spec};
use crate::core::schedule::{Expect, Schedule};
use crate::core::state::{Counted, Counters, Pause, RidMemory, State};
use crate::core::time::Time;

impl<'a> Judge<'a> {
    /// Pauses the check. If it is already paused at run time, only the end of the pause changes.
    pub(super) fn pause(&mut self, until: Option<Time>, forgives: bool) {
        let now = self.now;
        if self.state.archived.is_some() {
            return;
        }
        self.state.newest = self.state.newest.max(now);
        self.state.pause.until = until.map(|until| until.max(now));
        if self.state.pause.at_run_time.is_some() {
            return;
        }
        self.flip(now, FlipReason::Paused, |state| {
            state.pause.at_run_time = Some(now);
            state.close_runs_for_pause();
            if forgives {
                state.end_lateness();
            }
        });
    }

    pub(super) fn unpause(&mut self) {
        let now = self.now;
        if self.state.pause.at_run_time.is_none() {
            return;
        }
        self.state.newest = self.state.newest.max(now);
        self.flip(now, FlipReason::Unpaused, |state| {
            state.pause.end_at_run_time();
            state.arm_unless_paused(now);
        });
    }

    pub(super) fn archive(&mut self) {
        let now = self.now;
        if self.state.archived.is_some() {
            return;
        }
        self.state.newest = self.state.newest.max(now);
        self.flip(now, FlipReason::Archived, |state| {
            state.archived = Some(now);
            state.pause = Pause::default();
            state.causes = Causes::default();
            state.runs.clear();
            state.claim = None;
        });
    }

    /// 10.3: the check returns from the archive, armed from now and with its history.
    pub(super) fn come_back(mut self, new: &'a Spec) -> Judge<'a> {
        let now = self.now;
        if self.state.archived.is_none() {
            return self.change(new);
        }
        self.state.newest = self.state.newest.max(now);
        self.forget_unless_of(new);
        self.flip(now, FlipReason::Returned, |state| {
            state.come_back(new, now);
            state.late_for_last_of(&new.schedule, now);
        });
        Judge { spec: new, ..self }
    }

    /// 10.2
    pub(super) fn change(mut self, new: &'a Spec) -> Judge<'a> {
        let now = self.now;
        if self.state.archived.is_some() || *new == *self.spec {
            return Judge { spec: new, ..self };
        }
        self.state.newest = self.state.newest.max(now);
        self.pause_as(new);
        let old = self.spec;
        let rescheduled = new.schedule != old.schedule || new.early != old.early;
        let due_otherwise = rescheduled
            || new.is_probed() != old.is_probed()
            || (new.grace, new.max_runtime, new.start_within)
                != (old.grace, old.max_runtime, old.start_within);
        let from = self.state.status();
        let before = self.state.causes.clone();
        self.forget_unless_of(new);
        if due_otherwise && let Some(claim) = &mut self.state.claim {
            claim.judged = false;
        }
        if rescheduled {
            self.state.claim = None;
            self.state.fit_to(&new.schedule, now);
        }
        if due_otherwise {
            let late = self.late_by(new);
            keep_lateness(&mut self.state.causes, old, new, late);
            if never_late(new) {
                // Nothing else would ever end it.
                self.state.set(CauseKind::Blind, false, now);
            }
        }
        keep_failures(&mut self.state, new, rescheduled, now);
        if rescheduled {
            self.state.floor = now;
            self.state.late_for_last_of(&new.schedule, now);
        }
        self.record(now, FlipReason::Changed, from, &before);
        let mut judge = Judge { spec: new, not_before: now, ..self };
        judge.settle(now);
        judge
    }

    /// Judges by a new spec whose deadline counts from `from`, even if that deadline has already passed (16.7). A
    /// lateness that the new spec does not have ends, one that it has begins now, and all of that is one flip.
    pub(super) fn rearm(mut self, new: &'a Spec, from: Time) -> Judge<'a> {
        let now = self.now;
        if self.state.archived.is_some() {
            return Judge { spec: new, ..self };
        }
        self.state.newest = self.state.newest.max(now);
        self.pause_as(new);
        let old = self.spec;
        let status = self.state.status();
        let before = self.state.causes.clone();
        self.forget_unless_of(new);
        let (flips, recovered_at) = (self.flips.len(), self.state.recovered_at);
        let Counters { late, failing, .. } = self.state.counters;
        self.state.claim = None;
        self.state.fit_to(&new.schedule, now);
        keep_failures(&mut self.state, new, true, now);
        if self.state.pause.since().is_none() {
            self.state.armed_since = from.min(now);
            self.state.floor = self.state.armed_since;
            let late = self.late_by(new);
            keep_lateness(&mut self.state.causes, old, new, late);
            self.state.set(CauseKind::Blind, false, now);
            self.state.late_for_last_of(&new.schedule, now);
        }
        let mut judge = Judge { spec: new, not_before: now, ..self };
        judge.settle(now);
        if let Some(blind) = before.iter().find(|cause| cause.kind == CauseKind::Blind)
            && judge.state.causes.has(CauseKind::Blind)
        {
            // It still cannot be told, which is not news.
            judge.state.causes.retain(|cause| cause.kind != CauseKind::Blind);
            judge.state.causes.insert(*blind);
        }
        judge.flips.truncate(flips);
        judge.began = None;
        judge.state.recovered_at = recovered_at;
        (judge.state.counters.late, judge.state.counters.failing) = (late, failing);
        judge.record(now, FlipReason::Changed, status, &before);
        judge
    }

    /// Results of what is expected no more say nothing of what is, and are not in a row with it (17.3).
    pub(super) fn forget_unless_of(&mut self, new: &Spec) {
        let asserts_otherwise = self.spec.asserts_otherwise(new);
        if self.spec.schedule.expect() != new.schedule.expect() || asserts_otherwise {
            self.state.results.clear();
        }
        if asserts_otherwise {
            self.state.forget_rows();
        }
    }

    pub(super) fn pause_as(&mut self, new: &Spec) {
        let now = self.now;
        match (self.state.pause.by_file, new.paused) {
            (None, true) => self.flip(now, FlipReason::Paused, |state| {
                state.pause.by_file = Some(now);
                state.close_runs_for_pause();
            }),
            (Some(_), false) => self.flip(now, FlipReason::Unpaused, |state| {
                state.pause.by_file = None;
                state.arm_unless_paused(now);
            }),
            _ => {}
        }
    }

    /// Whether the check is late by a new spec, judged as if it had always had that spec.
    fn late_by(&self, new: &Spec) -> Option<CauseKind> {
        let state = &self.state;
        if let Some(expect) = new.schedule.expect() {
            let judged_at = match new.schedule.occurrences() {
                Some(occurrences) => occurrences.prev_before(self.now)?,
                None => self.now,
            };
            let count = state.successes.count(judged_at - expect.within, self.now);
            return (count < expect.at_least?).then_some(CauseKind::TooFew);
        }
        let mut probe = state.clone();
        probe.causes = Causes::default();
        probe.pause = Pause::default();
        let next = next::next(new, &probe, self.blind).filter(|next| next.at < self.now)?;
        // Blindness is ignored here: a lateness continues until it is known that the check is not late.
        match next.what {
            TransitionKind::Late(kind) => Some(kind),
            TransitionKind::Overrun { .. } => Some(CauseKind::Overrun),
            _ => None,
        }
    }
}

/// Whether the spec expects nothing to happen, so the check can neither be late nor unknown.
fn never_late(spec: &Spec) -> bool {
    spec.is_probed()
        || spec.schedule == Schedule::Unscheduled
        || spec.schedule.expect().is_some_and(|expect| expect.at_least.is_none())
}

/// Ends a lateness only if the check is not late by the new spec. Otherwise keeps the causes that still make sense.
fn keep_lateness(causes: &mut Causes, old: &Spec, new: &Spec, late: Option<CauseKind>) {
    let Some(since) =
        causes.iter().find(|cause| cause.kind.family() == Family::Late).map(|cause| cause.since)
    else {
        return;
    };
    let counted = new.schedule.expect().is_some();
    // The run that took too long is closed and forgotten, so only a longer limit or none can clear it.
    let as_short = matches!((old.max_runtime, new.max_runtime), (Some(old), Some(new)) if new <= old);
    causes.retain(|cause| match cause.kind {
        _ if cause.kind.family() != Family::Late => true,
        CauseKind::Overrun if as_short => true,
        _ if late.is_none() => false,
        CauseKind::TooFew => counted,
        CauseKind::Missing | CauseKind::NeverSeen => !counted,
        CauseKind::NotStarted => !counted && new.start_within.is_some(),
        CauseKind::Overrun => new.max_runtime.is_some(),
        _ => true,
    });
    if let Some(kind) = late
        && !causes.any(Family::Late)
    {
        causes.insert(Cause { kind, since, would_be: None });
    }
}

/// Ends causes that the new spec cannot have. A count is only taken again if the schedule has changed.
pub(super) fn keep_failures(state: &mut State, new: &Spec, rescheduled: bool, now: Time) {
    let is_exceeded = |expect: Expect| {
        expect.at_most.is_some_and(|at_most| state.successes.count(now - expect.within, now) > at_most)
    };
    let too_many = !rescheduled || new.schedule.expect().is_some_and(is_exceeded);
    state.causes.retain(|cause| match cause.kind {
        CauseKind::TooMany => too_many,
        // What is asserted is not pinged, and the other way round: nothing would ever end them (17.2).
        CauseKind::Overlapping => new.overlap == Overlap::Fail && new.assert.is_none(),
        CauseKind::Failed | CauseKind::TooShort => new.assert.is_none(),
        CauseKind::Violated | CauseKind::Unprobed | CauseKind::TooManyRecords => new.assert.is_some(),
        _ => true,
    });
}

impl State {
    /// A check that is declared for the first time (2.1).
    pub fn declared(spec: &Spec, now: Time) -> State {
        let mut state = State { newest: now, armed_since: now, floor: now, ..State::default() };
        state.pause.by_file = spec.paused.then_some(now);
        state.fit_to(&spec.schedule, now);
        state
    }

    /// Due times count from now on.
    fn arm(&mut self, now: Time) {
        self.armed_since = now;
        self.claim = None;
        self.nameless_run_before_pause = false;
        for memory in &mut self.rids {
            memory.closed_by_pause = false;
        }
        if let Some(counted) = &mut self.counted {
            counted.judged_to = now;
            counted.pending = None;
        }
    }

    pub(super) fn arm_unless_paused(&mut self, now: Time) {
        if self.pause.since().is_none() {
            self.arm(now);
        }
    }

    /// What was asserted before, or pinged, is not what is asserted now.
    pub(super) fn forget_rows(&mut self) {
        (self.failures_in_a_row, self.successes_in_a_row, self.unknowns_in_a_row) = (0, 0, 0);
        self.assert_otherwise();
        // Until a result can tell, nobody knows how it is (6.2c).
        self.last[PingKind::Success as usize] = None;
        self.last[PingKind::Fail as usize] = None;
        self.runs.clear();
        self.claim = None;
    }

    /// 18.8: what the next result does not name was something else.
    fn assert_otherwise(&mut self) {
        if let Some(totals) = &mut self.records {
            totals.is_asserted_otherwise = true;
        }
    }

    /// Whatever was due is asked for no more. What failed did so all the same.
    pub(super) fn end_lateness(&mut self) {
        let stays = |kind: CauseKind| kind == CauseKind::Unjudgeable || kind.family() == Family::Failing;
        self.causes.retain(|cause| stays(cause.kind));
    }

    /// 10.3: it returns from the archive, armed from now.
    pub(super) fn come_back(&mut self, new: &Spec, now: Time) {
        self.archived = None;
        self.floor = now;
        self.failures_in_a_row = 0;
        self.successes_in_a_row = 0;
        self.unknowns_in_a_row = 0;
        // Those that have not ended by now go on, and what the next result does not name ends.
        self.assert_otherwise();
        self.set(CauseKind::RecordsViolated, self.records().violated() > 0, now);
        self.pause.by_file = new.paused.then_some(now);
        self.arm(now);
        self.fit_to(&new.schedule, now);
    }

    /// Keeps what this schedule needs, and nothing else.
    pub(super) fn fit_to(&mut self, schedule: &Schedule, now: Time) {
        let late_for = self.counted.and_then(|counted| counted.late_for);
        self.counted = matches!(schedule, Schedule::CountedAt(..)).then_some(Counted {
            judged_to: now,
            pending: None,
            late_for,
        });
        let memory = schedule.expect().map_or(0, |expect| expect.memory());
        self.successes.keep(memory);
    }

    /// 3.3: a lateness left by another spec ends with the successes of the last occurrence.
    fn late_for_last_of(&mut self, schedule: &Schedule, now: Time) {
        let Schedule::CountedAt(occurrences, _) = schedule else { return };
        let is_late = self.causes.has(CauseKind::TooFew);
        if let Some(counted) = &mut self.counted {
            counted.late_for = if is_late { occurrences.prev_before(now) } else { None };
        }
    }

    /// 7.2, 7.3: pausing closes runs. Their ends are recognised when they come.
    fn close_runs_for_pause(&mut self) {
        self.claim = None;
        if let Some(counted) = &mut self.counted {
            counted.pending = None;
        }
        for run in std::mem::take(&mut self.runs) {
            let Some(rid) = run.rid else {
                self.nameless_run_before_pause = true;
                continue;
            };
            self.rids.retain(|memory| memory.rid != rid);
            if self.rids.len() == State::MAX_RUNS {
                self.rids.remove(0);
            }
            self.rids.push(RidMemory {
                rid,
                kind: PingKind::Start,
                exit_status: None,
                at: run.start,
                closed_by_pause: true,
            });
        }
    }

    /// Closes the run that began at `start` and took too long, and the due time that it served.
    pub(super) fn close_overrun(&mut self, start: Time) {
        self.runs.retain(|run| run.start != start);
        if let Some(claim) = &mut self.claim
            && claim.start == start
        {
            claim.judged = true;
        }
    }
}
