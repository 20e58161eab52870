//! Checks that another system has judged until now.

use crate::core::cause::{Cause, CauseKind};
use crate::core::check::Spec;
use crate::core::schedule::Schedule;
use crate::core::state::State;
use crate::core::time::Time;

/// What another system knew of a check when we took it over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PastState {
    pub last_success: Option<Time>,
    /// When it will be, or would have been, late; `None` while it is paused.
    pub deadline: Option<Time>,
    /// What the deadline counts from, if known.
    pub counts_from: Option<Time>,
    /// Since when it is late.
    pub late_since: Option<Time>,
    /// Since when it is paused.
    pub paused_since: Option<Time>,
}

impl PastState {
    /// The state of a check that continues where another system left it.
    ///
    /// If its deadline has passed without being called late, it counts from now: whether it has reported since is
    /// unknown here, and an import must not cry wolf.
    pub fn take_over(&self, spec: &Spec, now: Time) -> State {
        let not_later = |time: Time| time.min(now);
        let counts_from = match (&spec.schedule, self.deadline) {
            (Schedule::Every(period), Some(deadline)) => Some(deadline - spec.grace - *period),
            _ => self.counts_from,
        };
        let is_overdue = self.late_since.is_none() && self.deadline.is_some_and(|deadline| deadline <= now);
        let armed_since = counts_from.filter(|_| !is_overdue).map_or(now, not_later);
        let last_success = self.last_success.map(not_later);
        let mut state = State { armed_since, floor: armed_since, ..State::declared(spec, now) };
        state.last_seen = last_success;
        state.last[crate::core::check::PingKind::Success as usize] = last_success;
        state.last_discharge = last_success.map(|success| success.min(armed_since));
        state.pause.at_run_time = self.paused_since.map(not_later);
        if let Some(since) = self.late_since {
            let kind = if last_success.is_some() { CauseKind::Missing } else { CauseKind::NeverSeen };
            state.causes.insert(Cause { kind, since: not_later(since), would_be: None });
        }
        state.assert_bounds();
        state
    }
}
