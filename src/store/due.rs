//! What is due, judged in slices.

use super::{Entry, Store, StoreError, What};
use crate::core::time::Time;

/// The most checks that one transaction judges.
const MAX_EXPIRED: usize = 256;

/// The result of one look at the deadlines; empty once nothing is due any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// The deadline of each judged check.
    pub deadlines: Vec<Time>,
}

/// [`expire_some`] for as many as one transaction judges.
pub fn expire(store: &mut dyn Store, now: Time) -> Result<Expired, StoreError> {
    expire_some(store, MAX_EXPIRED, now)
}

/// Judges every check whose deadline has passed, at most `limit` of them, so that pings do not wait for a wave of
/// expiries. The stored deadline is only a hint: `step` decides, and leaves a check that is not due as it was.
pub fn expire_some(store: &mut dyn Store, limit: usize, now: Time) -> Result<Expired, StoreError> {
    let due = store.due(now, limit);
    if due.is_empty() {
        return Ok(Expired::default());
    }
    let deadlines = due.iter().map(|(_, deadline)| *deadline).collect();
    let ticks = due.iter().map(|(check, _)| Entry { check: *check, at: now, what: What::Tick }).collect();
    store.apply(ticks)?;
    Ok(Expired { deadlines })
}
