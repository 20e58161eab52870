//! What is due, judged in slices.

use super::halves::apply_in_halves;
use super::{Entry, Store, StoreError, What};
use crate::core::check::CheckId;
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
    let tick = |(check, _): &(CheckId, Time)| Entry { check: *check, at: now, what: What::Tick };
    let ticks: Vec<Entry> = due.iter().map(tick).collect();
    let (mut rest, mut deadlines) = (due.iter().map(|(_, deadline)| *deadline), Vec::new());
    apply_in_halves(store, &ticks, &mut |done| match done {
        Ok(applied) => deadlines.extend(rest.by_ref().take(applied.len())),
        Err(_) => drop(rest.next()),
    })?;
    // Those that cannot be stored stay due, and keep none back that is due after them.
    if deadlines.is_empty() && due.len() == limit {
        expire_some(store, 2 * limit, now)
    } else {
        Ok(Expired { deadlines })
    }
}
