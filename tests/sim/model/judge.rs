//! What time alone does to a check, point by point.

use punctual::core::cause::{CauseKind, Family};
use punctual::core::schedule::{Expect, Schedule};
use punctual::core::time::{Span, Time};

use super::fact::join;
use super::{Model, Plan};

/// 9.4
const MAX_BLIND: Span = Span::mins(2);
const MARGIN: Span = Span::mins(2);
const MAX_MARGIN: Span = Span::mins(15);
const MAX_MOVE: Span = Span::mins(15);

/// When something is judged, and whether it can be (9.4, 9.5).
enum Sight {
    Seen(Time),
    Blind { at: Time, window_end: Time },
}

impl Sight {
    fn at(&self) -> Time {
        let (Sight::Seen(at) | Sight::Blind { at, .. }) = self;
        *at
    }
}

struct Due {
    at: Time,
    is_occurrence: bool,
    evidence_from: Time,
}

impl Model {
    /// Judges what is due at or before `point`; what begins is stamped `stamp`.
    pub(super) fn judge(&mut self, plan: &Plan, point: Time, stamp: Time) {
        assert!(point <= plan.to, "the plan ends at {}, and it is {point}", plan.to);
        if let Some(until) = self.paused_until.filter(|until| !self.archived && *until <= point) {
            self.unpause(until);
        }
        if self.archived || self.is_paused() {
            return;
        }
        match plan.spec.schedule {
            Schedule::Every(_) | Schedule::Periods(_) | Schedule::At(_) => self.judge_due(plan, point, stamp),
            Schedule::Unscheduled => {}
            Schedule::CountedAt(_, expect) => self.judge_occurrence(plan, &expect, point, stamp),
            Schedule::Counted(expect) => self.judge_sliding(plan, &expect, point, stamp),
        }
        self.judge_runs(plan, point, stamp);
        // A run that we could not tell of serves no more: what is due since then may be past by now (9.5). What is counted
        // is never due.
        self.judge_due(plan, point, stamp);
    }

    /// 2.1, 2.2, and 10.2's and 9.5's floor.
    fn due(&self, plan: &Plan) -> Option<Due> {
        let base = self.discharge.map_or(self.armed, |at| at.max(self.armed));
        match plan.spec.schedule {
            Schedule::Every(period) => {
                let from = base.max(self.floor);
                Some(Due { at: from + period, is_occurrence: false, evidence_from: from })
            }
            Schedule::Periods(ref periods) => {
                let from = base.max(self.floor);
                Some(Due { at: periods.deadline(from)?, is_occurrence: false, evidence_from: from })
            }
            Schedule::At(_) => {
                let first = plan.occurrences.partition_point(|at| *at <= base.max(self.floor));
                let served = |at: &&Time| **at - plan.early(**at) <= base;
                let at = *plan.occurrences[first..].iter().find(|at| !served(at))?;
                Some(Due { at, is_occurrence: true, evidence_from: at - plan.early(at) })
            }
            _ => None,
        }
    }

    /// 4.2: whether a start now serves the current due time.
    pub(super) fn serves(&self, plan: &Plan, now: Time) -> bool {
        self.due(plan).is_some_and(|due| {
            let in_window = due.evidence_from <= now && now <= due.at + plan.start_window();
            !due.is_occurrence || in_window
        })
    }

    /// 2.5, 4.3: oldest first (1.3). Both at one time (blindness moved them together) are one: it is missing.
    fn judge_due(&mut self, plan: &Plan, point: Time, stamp: Time) {
        let missed = [CauseKind::Missing, CauseKind::NeverSeen];
        while !missed.iter().any(|kind| self.causes.contains_key(kind)) {
            let Some(due) = self.due(plan) else { return };
            let margin = self.margin(plan, &due);
            let look = |(kind, after)| (kind, self.look(due.evidence_from, due.at + after, margin));
            // Of equal ones that is the first.
            let oldest = self.late_kinds(plan).into_iter().map(look).min_by_key(|(_, sight)| sight.at());
            let Some((kind, sight)) = oldest.filter(|(_, sight)| sight.at() <= point) else { return };
            match sight {
                Sight::Seen(_) => {
                    self.end(&[CauseKind::Blind]);
                    self.begin(kind, stamp);
                }
                Sight::Blind { window_end, .. } => {
                    self.cannot_tell(kind, stamp);
                    // 2.6: what periods make of the window's end may have been due by now.
                    self.judge_again_after(window_end, Some(&due));
                }
            }
        }
    }

    /// What can be late of a due time, and how long after it.
    fn late_kinds(&self, plan: &Plan) -> Vec<(CauseKind, Span)> {
        let mut kinds = Vec::new();
        if self.serving.is_none() || plan.spec.max_runtime.is_none() {
            let kind = if self.discharge.is_none() { CauseKind::NeverSeen } else { CauseKind::Missing };
            kinds.push((kind, plan.spec.grace));
        }
        let may_start = self.serving.is_none() && !self.causes.contains_key(&CauseKind::NotStarted);
        if let Some(within) = plan.spec.start_within.filter(|_| may_start) {
            kinds.push((CauseKind::NotStarted, within));
        }
        kinds
    }

    /// 9.4
    fn margin(&self, plan: &Plan, due: &Due) -> Span {
        let margin = match plan.spec.schedule {
            Schedule::Every(period) => (period + plan.spec.grace).min(MAX_MARGIN),
            Schedule::Periods(ref periods) => {
                let period = periods.due(due.evidence_from).map_or(Span::ZERO, |due| due.period);
                (period + plan.spec.grace).min(MAX_MARGIN)
            }
            _ => MARGIN,
        };
        let window_end = due.at + plan.start_window();
        match plan.spec.max_runtime {
            Some(runtime) if self.may_lack_pings(due.evidence_from, window_end) => margin.max(runtime),
            _ => margin,
        }
    }

    /// 4.2: every run past its limit, and the start that replaced a deadline.
    fn judge_runs(&mut self, plan: &Plan, point: Time, stamp: Time) {
        let Some(limit) = plan.spec.max_runtime else { return };
        let serving = self.serving.filter(|(_, judged)| !judged).map(|(start, _)| start);
        let mut starts: Vec<Time> = self.runs.iter().map(|run| run.start).chain(serving).collect();
        starts.sort();
        starts.dedup();
        for start in starts {
            let (at, blind_until) = match self.look(start, start + limit, MARGIN) {
                Sight::Seen(at) => (at, None),
                Sight::Blind { at, window_end } => (at, Some(window_end)),
            };
            if at > point {
                continue;
            }
            let due = self.due(plan);
            let served = self.serving.is_some_and(|(serving, _)| serving == start);
            self.runs.retain(|run| run.start != start);
            if let Some((_, judged)) = self.serving.as_mut().filter(|(serving, _)| *serving == start) {
                *judged = true;
            }
            match blind_until {
                None => {
                    self.end(&[CauseKind::Blind]);
                    self.begin(CauseKind::Overrun, stamp);
                }
                Some(window_end) => {
                    self.cannot_tell(CauseKind::Overrun, stamp);
                    if served {
                        self.judge_again_after(window_end, due.as_ref());
                    }
                }
            }
        }
    }

    /// 3.1
    fn judge_occurrence(&mut self, plan: &Plan, expect: &Expect, point: Time, stamp: Time) {
        if plan.is_occurrence(point) && point > self.counted_to {
            self.counted_to = point;
            let count = self.count(point - expect.within, point);
            if expect.at_most.is_some_and(|at_most| count > at_most) {
                self.begin(CauseKind::TooMany, point);
            } else {
                self.end(&[CauseKind::TooMany]);
            }
            if let Some(at_least) = expect.at_least
                && point - expect.within >= self.armed.max(self.floor)
            {
                if count >= at_least {
                    self.short_for = None;
                    self.late_for = None;
                    self.end(&[CauseKind::TooFew, CauseKind::Blind]);
                } else if self.short_for.is_none() {
                    // One that blindness put off stays the one that is waited for.
                    self.short_for = Some(point);
                }
            }
        }
        let Some(occurrence) = self.short_for else { return };
        match self.look(occurrence - expect.within, occurrence + plan.spec.grace, MARGIN) {
            Sight::Seen(at) if at <= point => {
                self.short_for = None;
                self.late_for = Some(occurrence);
                self.end(&[CauseKind::Blind]);
                self.begin(CauseKind::TooFew, stamp);
            }
            Sight::Blind { at, window_end } if at <= point => {
                self.short_for = None;
                self.cannot_tell(CauseKind::TooFew, stamp);
                self.judge_again_after(window_end, None);
            }
            _ => {}
        }
    }

    /// 3.4
    fn judge_sliding(&mut self, plan: &Plan, expect: &Expect, point: Time, stamp: Time) {
        let count = self.count(point - expect.within, point);
        // Nothing ends during a pause, which a change of the files has ended only now (7.3).
        if point >= self.armed && expect.at_most.is_some_and(|at_most| count <= at_most) {
            self.end(&[CauseKind::TooMany]);
        }
        let Some(at_least) = expect.at_least.filter(|_| !self.causes.contains_key(&CauseKind::TooFew)) else {
            return;
        };
        match self.look_at_count(plan, expect, at_least, point) {
            Sight::Seen(at) if at <= point => {
                self.end(&[CauseKind::Blind]);
                self.begin(CauseKind::TooFew, stamp);
            }
            Sight::Blind { at, window_end } if at <= point => {
                self.cannot_tell(CauseKind::TooFew, stamp);
                self.judge_again_after(window_end, None);
            }
            _ => {}
        }
    }

    /// When a sliding count is too low, by the successes until `point`.
    fn look_at_count(&self, plan: &Plan, expect: &Expect, at_least: u32, point: Time) -> Sight {
        // The last moment at which the count was, or need not be, enough: the window that began there is too thin.
        let begins = self.armed.max(self.floor);
        let counted = self.successes.iter().filter(|at| **at <= point).rev().nth(at_least as usize - 1);
        let thin_from = counted.map_or(begins, |at| (*at).max(begins));
        let due = thin_from + expect.within + plan.spec.grace;
        self.look(thin_from, due, expect.within.min(MAX_MARGIN))
    }

    /// 1.1h: the clock was set back to `now`, and whatever kept a sliding count from being late is forgotten.
    pub(crate) fn count_anew(&mut self, plan: &Plan, now: Time) {
        let Schedule::Counted(expect) = &plan.spec.schedule else { return };
        let Some(at_least) = expect.at_least.filter(|_| !self.causes.contains_key(&CauseKind::TooFew)) else {
            return;
        };
        let at_earliest = now + expect.within.min(MAX_MARGIN);
        if self.look_at_count(plan, expect, at_least, now).at() < at_earliest {
            self.floor = at_earliest - expect.within - plan.spec.grace;
        }
    }

    /// 9.5: what is late already stays so.
    fn cannot_tell(&mut self, would_be: CauseKind, stamp: Time) {
        if !self.is(Family::Late) {
            self.causes.entry(CauseKind::Blind).or_insert((stamp, Some(would_be)));
        }
    }

    /// 9.5: the window's end, and for cron the next due after it and after the one that we could not tell.
    fn judge_again_after(&mut self, window_end: Time, due: Option<&Due>) {
        let judged = due.filter(|due| due.is_occurrence).map(|due| due.at);
        self.floor = self.floor.max(window_end).max(judged.unwrap_or(window_end));
        // A start after the window belongs to the period that begins with the window's end.
        self.serving = self.serving.filter(|(start, _)| judged.is_none() && *start > window_end);
    }

    /// 9.4: we were not there, or refused pings of this check: of whoever refused requests unread that is not known.
    fn may_lack_pings(&self, from: Time, to: Time) -> bool {
        self.blind.iter().any(|(begin, end)| *end > from && *begin < to)
            || self.refusals.iter().any(|refused| refused.last > from && refused.first <= to)
    }

    /// Blind stretches that end after `from`, refused pings too, with how much of each is blind: of pings that were refused
    /// from one time to another only a moment for each.
    fn windows(&self, from: Time) -> Vec<(Time, Time, Span)> {
        let is_later = |window: &&(Time, Time)| window.1 > from;
        let mut own: Vec<(Time, Time)> = self.blind.iter().filter(is_later).copied().collect();
        self.unread.iter().filter(is_later).for_each(|(begin, end)| join(&mut own, *begin, *end));
        let own = own.into_iter().map(|(begin, end)| (begin, end, end - begin.max(from)));
        let refused = self.refusals.iter().map(|refused| {
            let (begin, end) = (refused.first - Span::MS, refused.last);
            (begin, end, Span::ms(refused.times.into()).min(end - begin.max(from)))
        });
        let mut all: Vec<_> = own.chain(refused).filter(|(_, end, _)| *end > from).collect();
        all.sort();
        all
    }

    /// Up to this moment requests were refused unread, and nothing else was wrong.
    fn is_unread(&self, at: Time) -> bool {
        let holds = |window: &(Time, Time)| window.0 < at && at <= window.1;
        self.unread.iter().any(holds) && !self.blind.iter().any(holds)
    }

    /// 9.4: windows as they are met; a deadline that moved meets more of them.
    fn look(&self, from: Time, deadline: Time, margin: Span) -> Sight {
        let windows = self.windows(from);
        let latest = deadline + margin + MAX_MOVE;
        let (mut sum, mut at, mut blind_until) = (Span::ZERO, deadline, None);
        let mut end = from;
        for (begin, until, length) in windows {
            if begin >= at {
                break;
            }
            sum += length;
            // They may lie over each other.
            end = end.max(until);
            at = at.max(end + margin);
            if sum > MAX_BLIND || at > latest || blind_until.is_some() {
                // Whoever makes us refuse requests without end makes us wait no longer than this.
                at = deadline.max(if self.is_unread(end) { end.min(latest) } else { end });
                blind_until = Some(end);
            }
        }
        match blind_until {
            None => Sight::Seen(at),
            Some(window_end) => Sight::Blind { at, window_end },
        }
    }
}
