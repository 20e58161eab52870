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
    /// How many could not be stored: they are due again a while later (14.7).
    pub apart: usize,
}

impl Expired {
    pub fn is_empty(&self) -> bool {
        self.deadlines.is_empty() && self.apart == 0
    }
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
    let (mut rest, mut expired) = (due.iter().map(|(_, deadline)| *deadline), Expired::default());
    apply_in_halves(store, &ticks, &mut |store, some, done| {
        let deadlines = rest.by_ref().take(some.len());
        match done {
            Ok(_) => expired.deadlines.extend(deadlines),
            Err(_) => {
                expired.apart += deadlines.count();
                store.put_off(some[0].check, now);
            }
        }
        Ok(())
    })?;
    Ok(expired)
}
