//! Causes begin and end, and successes are counted (§3).

use crate::core::cause::{Cause, CauseKind};
use crate::core::state::State;
use crate::core::time::Time;

impl State {
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
