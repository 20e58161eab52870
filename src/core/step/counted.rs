//! Counted checks at their occurrences, and the effect of a success on a count (§3).

use super::{FlipReason, Judge, Judgement};
use crate::core::cause::{Cause, CauseKind};
use crate::core::schedule::{Expect, Schedule};
use crate::core::state::State;
use crate::core::time::Time;

impl Judge<'_> {
    /// 3.1: judges the occurrence itself. A shortfall may still be filled within the grace. If blindness has delayed an
    /// earlier occurrence beyond this one, the earlier one stays pending: endless restarts must not delay it for ever.
    pub(super) fn count_at(&mut self, occurrence: Time) {
        let Schedule::CountedAt(_, expect) = self.spec.schedule else { return };
        let count = self.state.successes_in(occurrence - expect.within, occurrence);
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
            self.judged(occurrence, count, &expect, at_least, !many);
        }
    }

    /// 3.1: the grace is over and the count is still too low.
    pub(super) fn shortfall(&mut self, occurrence: Time, at: Time) {
        let Schedule::CountedAt(_, expect) = self.spec.schedule else { return };
        let count = self.state.successes_in(occurrence - expect.within, at);
        self.judged(occurrence, count, &expect, expect.at_least, false);
        self.flip(at, FlipReason::Judged, |state| {
            if let Some(counted) = &mut state.counted {
                counted.pending = None;
                counted.late_for = Some(occurrence);
            }
            state.judge_late(CauseKind::TooFew, at);
        });
    }

    /// Applies a success to the count. It is already among the successes. The caller records the flip.
    pub(super) fn count_success(&mut self) {
        let now = self.now;
        match self.spec.schedule {
            Schedule::Counted(expect) => {
                let count = self.state.successes_in(now - expect.within, now);
                if expect.at_most.is_some_and(|at_most| count > at_most) {
                    self.state.set(CauseKind::TooMany, true, now);
                }
                if expect.at_least.is_some_and(|at_least| count >= at_least) {
                    self.state.set(CauseKind::TooFew, false, now);
                }
            }
            Schedule::CountedAt(_, expect) => self.fill(&expect),
            Schedule::Every(_) | Schedule::Periods(_) | Schedule::At(_) => {}
        }
    }

    /// 3.1, 3.3: a success may fill the shortfall of the pending occurrence, and of the one that the check is late for.
    fn fill(&mut self, expect: &Expect) {
        let (Some(counted), Some(at_least)) = (self.state.counted, expect.at_least) else { return };
        let fits = |state: &State, at: Time| state.successes_in(at - expect.within, self.now);
        if let Some(occurrence) = counted.pending {
            let count = fits(&self.state, occurrence);
            if count >= at_least {
                self.state.count_is_met();
                let met = !self.state.causes.has(CauseKind::TooMany);
                self.judged(occurrence, count, expect, Some(at_least), met);
                return;
            }
        }
        if let Some(occurrence) = counted.late_for
            && fits(&self.state, occurrence) >= at_least
        {
            self.state.set(CauseKind::TooFew, false, self.now);
            self.state.counted = Some(crate::core::state::Counted { late_for: None, ..counted });
        }
    }

    fn judged(&mut self, occurrence: Time, count: u32, expect: &Expect, at_least: Option<u32>, met: bool) {
        self.judgements.push(Judgement { occurrence, count, at_least, at_most: expect.at_most, met });
    }
}

impl State {
    /// The n-th newest success, counted from 1.
    pub(super) fn newest_success(&self, n: u32) -> Option<Time> {
        let back = self.successes.len().checked_sub(n as usize)?;
        self.successes.get(back).copied()
    }

    /// How many of the remembered successes lie in (from, to].
    pub(super) fn successes_in(&self, from: Time, to: Time) -> u32 {
        let count = self.successes.iter().rev().take_while(|at| **at > from).filter(|at| **at <= to).count();
        u32::try_from(count).expect("the ring of successes is far smaller than u32")
    }

    /// The count reaches `at_least` over a whole window: there is no shortfall, and we can tell again.
    pub(super) fn count_is_met(&mut self) {
        if let Some(counted) = &mut self.counted {
            counted.pending = None;
            counted.late_for = None;
        }
        self.causes.retain(|cause| !matches!(cause.kind, CauseKind::TooFew | CauseKind::Blind));
    }

    /// Begins or ends a cause.
    pub(super) fn set(&mut self, kind: CauseKind, holds: bool, since: Time) {
        if holds {
            self.causes.insert(Cause { kind, since, would_be: None });
        } else {
            self.causes.retain(|cause| cause.kind != kind);
        }
    }

    /// Begins a late cause. With it we can tell again, so blindness ends (9.5).
    pub(super) fn judge_late(&mut self, kind: CauseKind, since: Time) {
        self.set(CauseKind::Blind, false, since);
        self.set(kind, true, since);
    }
}
