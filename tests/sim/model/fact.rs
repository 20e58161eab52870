//! What facts do to a check.

use punctual::core::assertion::{AssertionResult, Outcome};
use punctual::core::cause::{CauseKind, Family};
use punctual::core::check::{Overlap, Ping, PingKind, Rid};
use punctual::core::refusals::Refused;
use punctual::core::schedule::{Expect, Schedule};
use punctual::core::time::{Span, Time};

use super::{Model, Plan, Remembered, Run};

/// 4.1
const REPEAT_WITHIN: Span = Span::mins(10);
/// 4.1
const MAX_RUNS: usize = 16;

impl Model {
    /// The caller has walked to `now`. Answers whether it counted (4.1).
    pub(crate) fn ping(&mut self, plan: &Plan, ping: &Ping, now: Time) -> bool {
        if self.archived || self.repeats(ping, now) {
            return false;
        }
        if ping.kind == PingKind::Log {
            return true;
        }
        let ends_older_run = ping.kind != PingKind::Start
            && match &ping.rid {
                Some(rid) => self.rids.get(rid).is_some_and(|last| last.run_closed_by_pause),
                None => std::mem::take(&mut self.nameless_run_closed_by_pause),
            };
        if self.paused_at_run_time && !plan.spec.manual_resume && !ends_older_run {
            let served =
                (ping.kind == PingKind::Start).then(|| self.start_window_around(plan, now)).flatten();
            self.unpause(now);
            self.armed = served.unwrap_or(self.armed);
        }
        match ping.kind {
            PingKind::Start => self.start(plan, ping.rid.as_ref(), now),
            kind => self.end_run(plan, kind, ping.rid.as_ref(), now),
        }
        self.remember(ping, now);
        true
    }

    fn remember(&mut self, ping: &Ping, now: Time) {
        if let Some(rid) = &ping.rid {
            let last = Remembered {
                kind: ping.kind,
                exit_status: ping.exit_status,
                at: now,
                run_closed_by_pause: false,
            };
            self.rids.insert(rid.clone(), last);
        }
    }

    /// The caller has walked to `now`. Answers whether it counted.
    pub(crate) fn result(&mut self, plan: &Plan, result: &AssertionResult, now: Time) -> bool {
        let ping = result.kept_as();
        // 17.2d
        if self.archived || self.repeats(&ping, now) {
            return false;
        }
        self.remember(&ping, now);
        // 17.7
        if self.is_paused() {
            return true;
        }
        let assertion = plan.spec.assert.as_ref().expect("results are of assertions");
        // 17.8: whatever it says, it came.
        self.discharge = Some(now);
        let for_want_of_it =
            [CauseKind::Missing, CauseKind::NeverSeen, CauseKind::NotStarted, CauseKind::Overrun];
        self.end(&for_want_of_it);
        self.end(&[CauseKind::Blind]);
        match result.outcome {
            // 17.3, 17.4: it neither counts nor breaks a row.
            Outcome::Unknown => {
                self.unknowns_in_a_row += 1;
                if self.unknowns_in_a_row >= assertion.unknowns_before_alert {
                    self.begin(CauseKind::Unprobed, now);
                }
                return true;
            }
            Outcome::Holds => {
                (self.fails_in_a_row, self.successes_in_a_row) = (0, self.successes_in_a_row + 1);
                if self.successes_in_a_row >= plan.spec.successes_to_recover {
                    self.end(&[CauseKind::Violated]);
                }
            }
            Outcome::Violated => {
                (self.fails_in_a_row, self.successes_in_a_row) = (self.fails_in_a_row + 1, 0);
                if self.fails_in_a_row >= plan.spec.failures_before_alert {
                    self.begin(CauseKind::Violated, now);
                }
            }
        }
        self.unknowns_in_a_row = 0;
        self.end(&[CauseKind::Unprobed]);
        true
    }

    fn repeats(&self, ping: &Ping, now: Time) -> bool {
        let last = ping.rid.as_ref().and_then(|rid| self.rids.get(rid));
        last.is_some_and(|last| {
            (last.kind, last.exit_status) == (ping.kind, ping.exit_status)
                && !last.run_closed_by_pause
                && now - last.at <= REPEAT_WITHIN
        })
    }

    /// 2.2: just before the start window that holds `now`.
    fn start_window_around(&self, plan: &Plan, now: Time) -> Option<Time> {
        if !matches!(plan.spec.schedule, Schedule::At(_)) {
            return None;
        }
        let begins = |at: Time| at - plan.early(at);
        let holds = |at: &&Time| begins(**at) <= now && now <= **at + plan.start_window();
        plan.occurrences.iter().rev().find(holds).map(|at| begins(*at) - Span::MS)
    }

    fn start(&mut self, plan: &Plan, rid: Option<&Rid>, now: Time) {
        if self.is_paused() {
            return;
        }
        if self.serving.is_none() && self.serves(plan, now) {
            self.serving = Some((now, false));
        }
        self.runs.retain(|run| run.rid.as_ref() != rid);
        let overlapped = !self.runs.is_empty();
        if overlapped {
            self.runs.iter_mut().for_each(|run| run.overlapped = true);
            if plan.spec.overlap == Overlap::Fail {
                self.begin(CauseKind::Overlapping, now);
            }
        }
        if self.runs.len() == MAX_RUNS {
            self.runs.remove(0);
        }
        self.runs.push(Run { rid: rid.cloned(), start: now, overlapped });
    }

    fn end_run(&mut self, plan: &Plan, kind: PingKind, rid: Option<&Rid>, now: Time) {
        let place = match rid {
            Some(rid) if rid.as_str().starts_with("form/") => self.runs.len().checked_sub(1),
            Some(_) => self.runs.iter().position(|run| run.rid.as_ref() == rid),
            None => self.runs.len().checked_sub(1),
        };
        let run = place.map(|place| self.runs.remove(place));
        let took = run.as_ref().map(|run| now - run.start);
        let too_short = took.zip(plan.spec.min_runtime).is_some_and(|(took, min)| took < min);
        self.discharge = Some(now);
        self.serving = None;
        self.end(&[CauseKind::Blind]);
        if kind == PingKind::Success && !too_short {
            self.succeed(plan, run.as_ref(), now);
        } else {
            self.successes_in_a_row = 0;
            self.fails_in_a_row += 1;
            if self.fails_in_a_row >= plan.spec.failures_before_alert {
                let cause = if kind == PingKind::Fail { CauseKind::Failed } else { CauseKind::TooShort };
                self.begin(cause, now);
            }
        }
    }

    /// 5.1, and §3 for what is counted.
    fn succeed(&mut self, plan: &Plan, run: Option<&Run>, now: Time) {
        self.fails_in_a_row = 0;
        self.successes_in_a_row += 1;
        self.end(&[CauseKind::Missing, CauseKind::NeverSeen, CauseKind::NotStarted, CauseKind::Overrun]);
        if self.successes_in_a_row >= plan.spec.successes_to_recover {
            self.end(&[CauseKind::Failed, CauseKind::TooShort]);
        }
        if let Some(run) = run {
            self.runs.retain(|other| other.start >= run.start);
            if !run.overlapped {
                self.end(&[CauseKind::Overlapping]);
            }
        }
        match plan.spec.schedule {
            Schedule::Every(_) | Schedule::Periods(_) | Schedule::At(_) | Schedule::Unscheduled => {}
            Schedule::CountedAt(_, expect) => {
                self.count_success(&expect, now);
                let Some(at_least) = expect.at_least else { return };
                if let Some(occurrence) = self.short_for
                    && self.count(occurrence - expect.within, now) >= at_least
                {
                    self.short_for = None;
                    self.late_for = None;
                    self.end(&[CauseKind::TooFew]);
                }
                if let Some(occurrence) = self.late_for
                    && self.count(occurrence - expect.within, now) >= at_least
                {
                    self.late_for = None;
                    self.end(&[CauseKind::TooFew]);
                }
            }
            Schedule::Counted(expect) => {
                self.count_success(&expect, now);
                let count = self.count(now - expect.within, now);
                if expect.at_most.is_some_and(|at_most| count > at_most) {
                    self.begin(CauseKind::TooMany, now);
                }
                if expect.at_least.is_some_and(|at_least| count >= at_least) {
                    self.end(&[CauseKind::TooFew]);
                }
            }
        }
    }

    /// 15.1: the newest max(N, M + 1) are remembered, and no others.
    fn count_success(&mut self, expect: &Expect, now: Time) {
        self.successes.push(now);
        let most = expect.at_least.unwrap_or(0).max(expect.at_most.map_or(0, |at_most| at_most + 1));
        self.successes.drain(..self.successes.len().saturating_sub(most as usize));
    }

    pub(crate) fn pause(&mut self, until: Option<Time>, now: Time) {
        if !self.archived {
            self.paused_until = until;
        }
        if !self.archived && !self.paused_at_run_time {
            self.paused_since = now;
            self.paused_at_run_time = true;
            self.close_runs();
        }
    }

    fn close_runs(&mut self) {
        self.serving = None;
        self.short_for = None;
        for run in std::mem::take(&mut self.runs) {
            let Some(rid) = run.rid else {
                self.nameless_run_closed_by_pause = true;
                continue;
            };
            let last = Remembered {
                kind: PingKind::Start,
                exit_status: None,
                at: run.start,
                run_closed_by_pause: true,
            };
            self.rids.insert(rid, last);
        }
    }

    pub(crate) fn unpause(&mut self, now: Time) {
        if self.paused_at_run_time {
            self.paused_at_run_time = false;
            self.paused_until = None;
            self.arm_unless_paused(now);
        }
    }

    fn arm_unless_paused(&mut self, now: Time) {
        if !self.is_paused() {
            self.arm(now);
        }
    }

    fn arm(&mut self, now: Time) {
        self.armed = now;
        self.serving = None;
        self.short_for = None;
        self.counted_to = now;
        self.nameless_run_closed_by_pause = false;
        self.rids.values_mut().for_each(|last| last.run_closed_by_pause = false);
    }

    pub(crate) fn refuse(&mut self, refused: Refused) {
        self.refusals.push(refused);
    }

    pub(crate) fn blind(&mut self, from: Time, to: Time) {
        join(&mut self.blind, from, to);
    }

    /// Requests were refused before anybody read them (9.1).
    pub(crate) fn unread(&mut self, from: Time, to: Time) {
        join(&mut self.unread, from, to);
    }

    pub(crate) fn archive(&mut self) {
        self.archived = true;
        self.paused_by_file = false;
        self.paused_at_run_time = false;
        self.paused_until = None;
        self.causes.clear();
        self.runs.clear();
        self.serving = None;
    }

    pub(crate) fn come_back(&mut self, new: &Plan, now: Time) {
        self.archived = false;
        self.floor = now;
        self.fails_in_a_row = 0;
        self.successes_in_a_row = 0;
        self.unknowns_in_a_row = 0;
        self.paused_by_file = new.spec.paused;
        self.arm(now);
    }

    /// 10.2
    pub(crate) fn change(&mut self, old: &Plan, new: &Plan, now: Time) {
        if self.archived || old.spec == new.spec {
            return;
        }
        match (self.paused_by_file, new.spec.paused) {
            (false, true) => {
                self.paused_by_file = true;
                self.close_runs();
            }
            (true, false) => {
                self.paused_by_file = false;
                self.arm_unless_paused(now);
            }
            _ => {}
        }
        self.assert_otherwise(old, new);
        let rescheduled = old.spec.schedule != new.spec.schedule || old.spec.early != new.spec.early;
        let bounds = |plan: &Plan| (plan.spec.grace, plan.spec.max_runtime, plan.spec.start_within);
        let bears_on_lateness = rescheduled || bounds(old) != bounds(new);
        if let Some((_, judged)) = self.serving.as_mut().filter(|_| bears_on_lateness) {
            *judged = false;
        }
        if rescheduled {
            self.serving = None;
            self.short_for = None;
            self.counted_to = now;
        }
        if bears_on_lateness {
            self.lateness_after_change(old, new, now);
            if new.spec.schedule == Schedule::Unscheduled {
                self.end(&[CauseKind::Blind]);
            }
        }
        if new.spec.overlap != Overlap::Fail {
            self.end(&[CauseKind::Overlapping]);
        }
        if rescheduled {
            self.floor = now;
        }
        // Twice: what is blind may by now be late again (9.5).
        self.judge(new, now - Span::MS, now);
        self.judge(new, now - Span::MS, now);
        // Where it is told late, as of a time before (10.5), what was judged since was so by the old plan.
        self.walked = self.walked.min(now);
    }

    /// 17.2: what is asserted is not pinged, and what is pinged is not asserted; what was found before is not in a row with what
    /// is found from now on.
    fn assert_otherwise(&mut self, old: &Plan, new: &Plan) {
        if old.spec.asserts() != new.spec.asserts() {
            (self.fails_in_a_row, self.successes_in_a_row, self.unknowns_in_a_row) = (0, 0, 0);
            self.runs.clear();
            self.serving = None;
        }
        match new.spec.assert {
            Some(_) => self.end(&[CauseKind::Failed, CauseKind::TooShort, CauseKind::Overlapping]),
            None => self.end(&[CauseKind::Violated, CauseKind::Unprobed]),
        }
    }

    /// Coal-mine's update: the deadline counts from a time that has passed, and lateness is judged anew at once.
    pub(crate) fn rearm(&mut self, old: &Plan, new: &Plan, from: Time, now: Time) {
        if self.archived {
            return;
        }
        self.assert_otherwise(old, new);
        self.serving = None;
        self.short_for = None;
        self.counted_to = now;
        if new.spec.overlap != Overlap::Fail {
            self.end(&[CauseKind::Overlapping]);
        }
        if self.is_paused() {
            return;
        }
        self.armed = from;
        self.floor = from;
        self.lateness_after_change(old, new, now);
        let blind = self.causes.remove(&CauseKind::Blind);
        self.judge(new, now - Span::MS, now);
        self.judge(new, now - Span::MS, now);
        if let (Some(before), Some(after)) = (blind, self.causes.get_mut(&CauseKind::Blind)) {
            *after = before;
        }
    }

    /// 10.2: it ends only if the new spec over the stored facts, without the floor of the change, is not late.
    fn lateness_after_change(&mut self, old: &Plan, new: &Plan, now: Time) {
        if !self.is(Family::Late) {
            return;
        }
        if let Schedule::Counted(expect) | Schedule::CountedAt(_, expect) = new.spec.schedule {
            let last = match new.spec.schedule {
                Schedule::CountedAt(..) => new.occurrence_before(now),
                _ => Some(now),
            };
            let short = |at_least| last.is_some_and(|last| self.count(last - expect.within, now) < at_least);
            if !expect.at_least.is_some_and(short) {
                self.end(&[CauseKind::TooFew]);
            }
            return;
        }
        let mut facts = self.clone();
        facts.causes.clear();
        facts.paused_by_file = false;
        facts.paused_at_run_time = false;
        facts.paused_until = None;
        facts.judge(new, now - Span::MS, now);
        // What we cannot tell is not known to be on time.
        let would_be =
            |(kind, (_, would_be)): (&CauseKind, &(Time, Option<CauseKind>))| would_be.unwrap_or(*kind);
        let late: Vec<CauseKind> = facts.causes.iter().map(would_be).collect();
        let since = self
            .causes()
            .into_iter()
            .find(|(kind, ..)| kind.family() == Family::Late)
            .map(|(_, since, _)| since);
        let knows = |kind: CauseKind| match kind {
            CauseKind::NotStarted => new.spec.start_within.is_some(),
            CauseKind::Overrun => new.spec.max_runtime.is_some(),
            _ => true,
        };
        let as_short =
            matches!((old.spec.max_runtime, new.spec.max_runtime), (Some(old), Some(new)) if new <= old);
        self.causes.retain(|kind, _| {
            let stays = *kind == CauseKind::Overrun && as_short;
            stays || kind.family() != Family::Late || (!late.is_empty() && knows(*kind))
        });
        if let Some(kind) = late.first()
            && !self.is(Family::Late)
            && let Some(since) = since
        {
            self.begin(*kind, since);
        }
    }

    /// 1.1: the clock was set back; no fact and no state is later than now.
    pub(crate) fn bring_back_to(&mut self, plan: &Plan, now: Time) {
        let are_brought_back = self.successes.last().is_some_and(|newest| *newest > now);
        let back = |time: &mut Time| *time = (*time).min(now);
        for windows in [&mut self.blind, &mut self.unread] {
            windows.retain_mut(|(from, to)| {
                *to = (*to).min(now);
                *from < *to
            });
        }
        // 7.2: a pause lasts as long as was meant.
        let ahead = (self.paused_since - now).max(Span::ZERO);
        self.paused_until.iter_mut().for_each(|until| *until = *until - ahead);
        back(&mut self.paused_since);
        for time in [&mut self.walked, &mut self.armed, &mut self.floor, &mut self.counted_to] {
            back(time);
        }
        let times = [&mut self.discharge, &mut self.short_for, &mut self.late_for];
        times.into_iter().flatten().for_each(back);
        self.serving.iter_mut().for_each(|(start, _)| back(start));
        self.runs.iter_mut().for_each(|run| back(&mut run.start));
        self.rids.values_mut().for_each(|last| back(&mut last.at));
        for refused in &mut self.refusals {
            back(&mut refused.first);
            back(&mut refused.last);
        }
        // Successes keep their distances: they are not all of one moment.
        if let Some(ahead) =
            self.successes.last().map(|newest| *newest - now).filter(|ahead| *ahead > Span::ZERO)
        {
            let mut before = Time::MIN;
            for at in &mut self.successes {
                if *at > now {
                    *at = (*at - ahead).max(before);
                }
                before = *at;
            }
        }
        self.causes.values_mut().for_each(|(since, _)| back(since));
        if are_brought_back {
            self.count_anew(plan, now);
        }
    }
}

/// Adds a window: those that touch are one.
pub(super) fn join(windows: &mut Vec<(Time, Time)>, from: Time, to: Time) {
    let touches = |window: &(Time, Time)| window.0 <= to && from <= window.1;
    let (touching, mut apart): (Vec<_>, Vec<_>) = windows.drain(..).partition(touches);
    let joined = touching.iter().fold((from, to), |one, other| (one.0.min(other.0), one.1.max(other.1)));
    apart.push(joined);
    apart.sort();
    *windows = apart;
}
