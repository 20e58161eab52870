//! Refusals that cannot be stored, for a row of their check: they keep nothing else back (14.7).

use std::collections::BTreeMap;

use crate::core::check::CheckId;
use crate::core::refusals::Refused;
use crate::core::time::{Span, Time};
use crate::store::halves::apply_in_halves;
use crate::store::{Entry, Store, StoreError, What};

/// So many are tried again at once, and so often: each costs some transactions.
const SOME: usize = 16;
const AGAIN_AFTER: Span = Span::secs(1);

/// They are tried again once a second, some of them. A stop loses them.
#[derive(Debug, Default)]
pub(super) struct RefusalsApart {
    of: BTreeMap<CheckId, Refused>,
    tried_at: Option<Time>,
    /// The first one that is to be tried next.
    next: u64,
}

impl RefusalsApart {
    pub(super) fn len(&self) -> usize {
        self.of.len()
    }

    /// Stores refusals at this time and takes them out. Those that cannot be stored stand apart, and so do others of their checks
    /// from now on. If it fails, what is left is not stored.
    pub(super) fn tell(
        &mut self,
        store: &mut dyn Store,
        refused: &mut BTreeMap<CheckId, Refused>,
        at: Time,
        now: Time,
    ) -> Result<(), StoreError> {
        refused.retain(|check, more| {
            let apart = self.of.get_mut(check).map(|apart| *apart = apart.joined(*more));
            apart.is_none()
        });
        let entry = |(check, stretch): (&CheckId, &Refused)| {
            let (first, last) = (stretch.first.min(now), stretch.last.min(now));
            Entry { check: *check, at, what: What::Refused(Refused { first, last, ..*stretch }) }
        };
        let entries: Vec<Entry> = refused.iter().map(entry).collect();
        let mut left = entries.as_slice();
        while !left.is_empty() {
            let heard = apply_in_halves(store, left, &mut |_, some, done| {
                let told = some.iter().filter_map(|entry| refused.remove_entry(&entry.check));
                match done {
                    Ok(_) => told.for_each(drop),
                    Err(_) => self.of.extend(told),
                }
                Ok(())
            })?;
            left = &left[heard..];
        }
        Ok(())
    }

    /// Tries some again, if it is time.
    pub(super) fn try_some(&mut self, store: &mut dyn Store, at: Time, now: Time) -> Result<(), StoreError> {
        if self.of.is_empty() || self.tried_at.is_some_and(|tried| tried <= now && now - tried < AGAIN_AFTER)
        {
            return Ok(());
        }
        self.tried_at = Some(now);
        let following = self.of.range(CheckId(self.next)..).chain(self.of.range(..CheckId(self.next)));
        let checks: Vec<CheckId> = following.take(SOME).map(|(check, _)| *check).collect();
        let mut some = checks.iter().filter_map(|check| self.of.remove_entry(check)).collect();
        self.next = checks.last().map_or(0, |last| last.0 + 1);
        let done = self.tell(store, &mut some, at, now);
        self.of.extend(some);
        done
    }
}
