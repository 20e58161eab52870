//! Causes begin and end, and successes are counted (§3).

use crate::core::cause::{Cause, CauseKind};
use crate::core::state::State;
use crate::core::time::Time;

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
