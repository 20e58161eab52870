//! The effect of a result (17.3, 17.4, 17.8).

use crate::core::assertion::{AssertionResult, Naming, Outcome};
use crate::core::cause::CauseKind;
use crate::core::check::Spec;
use crate::core::results::ResultKind;
use crate::core::state::State;
use crate::core::time::Time;

/// Applies a result to a check that is not paused.
pub(super) fn judge_result(state: &mut State, spec: &Spec, result: &AssertionResult, now: Time) {
    let AssertionResult { outcome, records, .. } = *result;
    let kind = match outcome {
        Outcome::Holds => ResultKind::Success,
        Outcome::Violated => ResultKind::Fail,
        Outcome::Unknown => ResultKind::Unknown,
    };
    state.results.push(now, kind, None);
    // 17.8: whatever it says, it came.
    state.last_discharge = Some(now);
    state.causes.retain(|cause| cause.kind != CauseKind::Blind && !cause.kind.is_for_want_of_success());
    if outcome == Outcome::Unknown {
        state.unknowns_in_a_row = state.unknowns_in_a_row.saturating_add(1);
        let most = spec.assert.as_deref().map_or(1, |assertion| assertion.unknowns_before_alert);
        if state.unknowns_in_a_row >= most {
            state.set(CauseKind::Unprobed, true, now);
        }
        return;
    }
    state.unknowns_in_a_row = 0;
    state.set(CauseKind::Unprobed, false, now);
    state.set(CauseKind::TooManyRecords, records == Naming::TooMany, now);
    if records == Naming::TooMany {
        return;
    }
    // What is violated is named, and tells of itself (18.5).
    if outcome == Outcome::Holds || records == Naming::All {
        state.failures_in_a_row = 0;
        state.successes_in_a_row = state.successes_in_a_row.saturating_add(1);
        if state.successes_in_a_row >= spec.successes_to_recover {
            state.set(CauseKind::Violated, false, now);
        }
    } else {
        state.successes_in_a_row = 0;
        state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
        if state.failures_in_a_row >= spec.failures_before_alert {
            state.set(CauseKind::Violated, true, now);
        }
    }
}
