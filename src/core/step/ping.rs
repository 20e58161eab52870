//! The effect of a ping (§4, §5, 7.2).

use super::Judge;
use super::next::{due, early, start_window};
use super::outcome::{FlipReason, Judgement, PingEffect};
use super::result::judge_result;
use crate::core::assertion::{AssertionResult, Outcome};
use crate::core::cause::CauseKind;
use crate::core::check::{Overlap, Ping, PingKind, Rid};
use crate::core::record::RecordTotals;
use crate::core::results::ResultKind;
use crate::core::schedule::{Expect, Schedule};
use crate::core::state::{Claim, Counted, RidMemory, Run, State};
use crate::core::time::{Span, Time};

/// A ping equal to its run id's previous fact is a repetition if it comes within this time of it (4.1).
const REPEAT_WITHIN: Span = Span::mins(10);

impl Judge<'_> {
    /// Returns `None` if the check is archived: nothing is counted.
    pub(super) fn ping(&mut self, ping: &Ping) -> Option<PingEffect> {
        if self.state.archived.is_some() {
            return None;
        }
        let now = self.now;
        self.state.newest = self.state.newest.max(now);
        self.state.last_seen = Some(now);
        if repeats(&self.state, ping, now) {
            return Some(PingEffect { repeat: true, success: false, duration: None });
        }
        self.state.counters.pings[ping.kind as usize] += 1;
        if matches!(ping.kind, PingKind::Start | PingKind::Log) {
            self.state.last[ping.kind as usize] = Some(now);
        }
        if ping.kind == PingKind::Log {
            return Some(PingEffect { repeat: false, success: false, duration: None });
        }
        if self.ends_pause(ping) {
            self.unpause_by(ping.kind);
        }
        let from = self.state.status();
        let before = self.state.causes.clone();
        let counted = match ping.kind {
            PingKind::Start => self.start(ping.rid.as_ref()),
            _ => {
                self.state.last_exit_status = ping.exit_status;
                self.end(ping.kind, ping.rid.as_ref())
            }
        };
        remember(&mut self.state, ping, now);
        self.record(now, FlipReason::Pinged, from, &before);
        Some(counted)
    }

    /// Likewise of a result. While the check is paused it is a fact, and judges nothing: unlike a job's ping it says nothing of
    /// whether the pause should end (17.7).
    pub(super) fn result(&mut self, result: &AssertionResult) -> Option<PingEffect> {
        if self.state.archived.is_some() {
            return None;
        }
        let AssertionResult { outcome, took, .. } = *result;
        let (now, ping) = (self.now, result.kept_as());
        let from = self.state.status();
        let before = self.state.causes.clone();
        let state = &mut self.state;
        state.newest = state.newest.max(now);
        state.last_seen = Some(now);
        if repeats(state, &ping, now) {
            return Some(PingEffect { repeat: true, success: false, duration: None });
        }
        remember(state, &ping, now);
        state.counters.pings[ping.kind as usize] += 1;
        if state.pause.since().is_none() {
            state.last[ping.kind as usize] = Some(now);
            state.last_duration = took.or(state.last_duration);
            judge_result(state, self.spec, result, now);
        }
        self.record(now, FlipReason::Reported, from, &before);
        Some(PingEffect { repeat: false, success: outcome == Outcome::Holds, duration: took })
    }

    /// So many records stand so now (18.5). Of an archived check they only end.
    pub(super) fn records(&mut self, totals: RecordTotals) {
        let now = self.now;
        let is_archived = self.state.archived.is_some();
        self.state.newest = self.state.newest.max(now);
        self.flip(now, FlipReason::Reported, |state| {
            state.put_records(totals);
            state.set(CauseKind::RecordsViolated, totals.violated() > 0 && !is_archived, now);
        });
    }

    fn start(&mut self, rid: Option<&Rid>) -> PingEffect {
        let counted = PingEffect { repeat: false, success: false, duration: None };
        if self.state.pause.since().is_some() {
            return counted;
        }
        let now = self.now;
        self.claim();
        let state = &mut self.state;
        state.runs.retain(|run| run.rid.as_ref() != rid);
        let overlapped = !state.runs.is_empty();
        if overlapped {
            for run in &mut state.runs {
                run.overlapped = true;
            }
            if self.spec.overlap == Overlap::Fail {
                state.set(CauseKind::Overlapping, true, now);
            }
        }
        if state.runs.len() == State::MAX_RUNS {
            state.runs.remove(0);
        }
        state.runs.push(Run { rid: rid.cloned(), start: now, overlapped });
        counted
    }

    /// 4.2: the first start in the window of the current due time serves it.
    fn claim(&mut self) {
        if self.state.claim.is_some() {
            return;
        }
        let Some(due) = due(self.spec, &self.state) else { return };
        let in_window = due.evidence_from <= self.now && self.now <= due.at + start_window(self.spec);
        if due.period.is_some() || in_window {
            self.state.claim = Some(Claim { start: self.now, judged: false });
        }
    }

    fn end(&mut self, kind: PingKind, rid: Option<&Rid>) -> PingEffect {
        let now = self.now;
        let state = &mut self.state;
        // An end without rid ends the latest run, whatever its id, and so does one by hand (22.2b); an end with an unknown
        // rid ends none (4.1).
        let place = match rid.filter(|rid| !rid.is_of_form()) {
            Some(rid) => state.runs.iter().position(|run| run.rid.as_ref() == Some(rid)),
            None => state.runs.len().checked_sub(1),
        };
        let run = place.map(|place| state.runs.remove(place));
        let duration = run.as_ref().map(|run| now - run.start);
        if duration.is_some() {
            state.last_duration = duration;
        }
        let too_short = matches!((duration, self.spec.min_runtime), (Some(took), Some(min)) if took < min);
        let success = kind == PingKind::Success && !too_short;
        // 4.4: a success that came too soon is a failure.
        let counts_as = if success { PingKind::Success } else { PingKind::Fail };
        state.last[counts_as as usize] = Some(now);
        state.last_discharge = Some(now);
        state.claim = None;
        state.set(CauseKind::Blind, false, now);
        self.result_of_run(success);
        if success {
            self.succeed(run.as_ref());
        } else {
            self.fail(if kind == PingKind::Fail { CauseKind::Failed } else { CauseKind::TooShort });
        }
        PingEffect { repeat: false, success, duration }
    }

    fn succeed(&mut self, run: Option<&Run>) {
        let now = self.now;
        let state = &mut self.state;
        state.failures_in_a_row = 0;
        state.successes_in_a_row = state.successes_in_a_row.saturating_add(1);
        let recovered = state.successes_in_a_row >= self.spec.successes_to_recover;
        let clean_run = run.is_some_and(|run| !run.overlapped);
        state.causes.retain(|cause| match cause.kind {
            CauseKind::Failed | CauseKind::TooShort => !recovered,
            CauseKind::Overlapping => !clean_run,
            kind => !kind.is_for_want_of_success(),
        });
        if let Some(run) = run {
            state.runs.retain(|other| other.start >= run.start);
        }
        if let Some(expect) = self.spec.schedule.expect() {
            state.successes.push(now, expect.within);
            state.successes.keep(expect.memory());
            self.count_success();
        }
    }

    /// Applies a success to the count. It is already among the successes. The caller records the flip.
    fn count_success(&mut self) {
        let now = self.now;
        match self.spec.schedule {
            Schedule::Counted(expect) => {
                let count = self.state.successes.count(now - expect.within, now);
                if expect.at_most.is_some_and(|at_most| count > at_most) {
                    if !self.state.causes.has(CauseKind::TooMany) {
                        self.state.results.push(now, ResultKind::NotMet, Some(count));
                    }
                    self.state.set(CauseKind::TooMany, true, now);
                }
                if expect.at_least.is_some_and(|at_least| count >= at_least) {
                    if self.state.causes.has(CauseKind::TooFew) {
                        self.state.results.push(now, ResultKind::Met, Some(count));
                    }
                    self.state.set(CauseKind::TooFew, false, now);
                }
            }
            Schedule::CountedAt(_, expect) => self.fill(&expect),
            Schedule::Every(_) | Schedule::Periods(_) | Schedule::At(_) | Schedule::Unscheduled => {}
        }
    }

    /// 3.1, 3.3: a success may fill the shortfall of the pending occurrence, and of the one for which the check is
    /// late.
    fn fill(&mut self, expect: &Expect) {
        let (Some(counted), Some(at_least)) = (self.state.counted, expect.at_least) else { return };
        let fits = |state: &State, at: Time| state.successes.count(at - expect.within, self.now);
        if let Some(occurrence) = counted.pending {
            let count = fits(&self.state, occurrence);
            if count >= at_least {
                self.state.count_is_met();
                let met = !self.state.causes.has(CauseKind::TooMany);
                let (at_least, at_most) = (Some(at_least), expect.at_most);
                self.judged_count(Judgement { occurrence, count, at_least, at_most, met });
                return;
            }
        }
        if let Some(occurrence) = counted.late_for
            && fits(&self.state, occurrence) >= at_least
        {
            self.state.set(CauseKind::TooFew, false, self.now);
            self.state.counted = Some(Counted { late_for: None, ..counted });
        }
    }

    fn fail(&mut self, kind: CauseKind) {
        let state = &mut self.state;
        state.successes_in_a_row = 0;
        state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
        if state.failures_in_a_row >= self.spec.failures_before_alert {
            state.set(kind, true, self.now);
        }
    }

    /// 2.2, 7.2: a ping ends a pause. A start then serves the occurrence whose start window it is in.
    /// 7.2: whether the job works again, by this ping.
    pub(super) fn ends_pause(&mut self, ping: &Ping) -> bool {
        let of_old_run = ends_run_from_before_pause(&mut self.state, ping);
        self.state.pause.at_run_time.is_some() && !self.spec.manual_resume && !of_old_run
    }

    fn unpause_by(&mut self, kind: PingKind) {
        let served = if kind == PingKind::Start { self.served_occurrence() } else { None };
        self.unpause();
        if let Some(before_window) = served {
            self.state.armed_since = before_window;
        }
    }

    /// The moment before the start window that contains now, for a check that is due at occurrences.
    fn served_occurrence(&self) -> Option<Time> {
        let Schedule::At(occurrences) = &self.spec.schedule else { return None };
        let soon = occurrences.next_after(self.now - Span::MS)?;
        let begins = |occurrence| occurrence - early(self.spec, occurrences, occurrence);
        if begins(soon) <= self.now {
            return Some(begins(soon) - Span::MS);
        }
        let last = occurrences.prev_before(self.now)?;
        (self.now <= last + start_window(self.spec)).then(|| begins(last) - Span::MS)
    }
}

/// Whether it came before (4.4, 17.2d).
pub fn repeats(state: &State, ping: &Ping, now: Time) -> bool {
    let Some(rid) = &ping.rid else { return false };
    state.rids.iter().any(|memory| {
        memory.rid == *rid
            && memory.kind == ping.kind
            && memory.exit_status == ping.exit_status
            && !memory.closed_by_pause
            && now - memory.at <= REPEAT_WITHIN
    })
}

fn remember(state: &mut State, ping: &Ping, now: Time) {
    let Some(rid) = &ping.rid else { return };
    state.rids.retain(|memory| memory.rid != *rid);
    if state.rids.len() == State::MAX_RUNS {
        state.rids.remove(0);
    }
    state.rids.push(RidMemory {
        rid: rid.clone(),
        kind: ping.kind,
        exit_status: ping.exit_status,
        at: now,
        closed_by_pause: false,
    });
}

/// 7.2: the end of a run that the pause closed does not end the pause. An end without rid is recognised only once.
fn ends_run_from_before_pause(state: &mut State, ping: &Ping) -> bool {
    match (&ping.rid, ping.kind) {
        (_, PingKind::Start | PingKind::Log) => false,
        (Some(rid), _) => state.rids.iter().any(|memory| memory.rid == *rid && memory.closed_by_pause),
        (None, _) => std::mem::take(&mut state.nameless_run_before_pause),
    }
}
