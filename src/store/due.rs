//! What is due, judged in slices.

use super::{Entry, Store, StoreError, What};
use crate::core::time::Time;

/// The most checks that one transaction judges, so that a wave of expiries does not keep pings waiting.
const MAX_EXPIRED: usize = 256;

/// The result of one look at the deadlines; empty once nothing is due any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// The deadline of each judged check.
    pub deadlines: Vec<Time>,
}

/// Judges every check whose deadline has passed, at most [`MAX_EXPIRED`] of them. The stored deadline is only a hint:
/// `step` decides, and leaves a check that is not due as it was.
pub fn expire(store: &mut dyn Store, now: Time) -> Result<Expired, StoreError> {
    let due = store.due(now, MAX_EXPIRED);
    if due.is_empty() {
        return Ok(Expired::default());
    }
    let deadlines = due.iter().map(|(_, deadline)| *deadline).collect();
    let ticks = due.iter().map(|(check, _)| Entry { check: *check, at: now, what: What::Tick }).collect();
    store.apply(ticks)?;
    Ok(Expired { deadlines })
}
