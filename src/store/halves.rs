//! Entries of which some cannot be stored: the others are (14.7).

use super::live::InputKind;
use super::{Applied, Entry, Store, StoreError, What};
use crate::core::check::CheckId;

/// After so many stand alone the rest waits for another call: each costs some transactions.
pub(super) const MOST_ALONE: usize = 32;

/// What became of one entry, or of a stretch of them; an error is of one entry. Fails for what is no entry's.
pub(super) type Done<'a> =
    dyn FnMut(&mut dyn Store, &[Entry], Result<Vec<Applied>, StoreError>) -> Result<(), StoreError> + 'a;

/// Applies entries, all together where that can be. While a row of one cannot be stored they are halved, until that one stands
/// alone: it is left out and said, and the others are stored. `done` hears of each stretch, in their order.
///
/// Answers how many it has heard of: not of all if too many stand alone. Fails for what is no entry's; then nothing is stored of
/// those that it has not heard of.
pub(super) fn apply_in_halves(
    store: &mut dyn Store,
    entries: &[Entry],
    done: &mut Done<'_>,
) -> Result<usize, StoreError> {
    let mut halves = Halves { store, done, heard: 0, alone: 0, only: Some(Vec::new()) };
    halves.apply(entries)?;
    Ok(halves.heard)
}

struct Halves<'a, 'done> {
    store: &'a mut dyn Store,
    done: &'a mut Done<'done>,
    /// So many `done` has heard of, and so many stood alone.
    heard: usize,
    alone: usize,
    /// The checks of pings that stood alone, while nothing else was heard of.
    only: Option<Vec<CheckId>>,
}

impl Halves<'_, '_> {
    fn apply(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        if self.alone == MOST_ALONE || entries.is_empty() {
            return Ok(());
        }
        match (self.store.apply(entries), entries) {
            (Ok(applied), _) => self.stored(entries, applied),
            (Err(error), _) if !error.is_of_a_row() => Err(error),
            (Err(_), [entry]) => self.apply_alone(entry),
            (Err(_), _) => {
                let (first, rest) = entries.split_at(entries.len() / 2);
                self.apply(first)?;
                self.apply(rest)
            }
        }
    }

    fn stored(&mut self, entries: &[Entry], applied: Vec<Applied>) -> Result<(), StoreError> {
        self.only = None;
        self.heard += entries.len();
        let stored = entries.iter().map(|entry| (entry.check, kind_of(&entry.what)));
        self.store.live().quarantine().remove(stored);
        (self.done)(self.store, entries, Ok(applied))
    }

    /// Once more: what stands alone may have failed for others before.
    fn apply_alone(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let entries = std::slice::from_ref(entry);
        let error = match self.store.apply(entries) {
            Ok(applied) => return self.stored(entries, applied),
            Err(error) => error,
        };
        let is_ping = matches!(entry.what, What::Ping(_) | What::Result(_));
        if let Some(checks) = self.only.as_mut().filter(|checks| is_ping && !checks.contains(&entry.check)) {
            checks.push(entry.check);
        }
        // Where pings of so many checks stand alone and none is stored, it is not they.
        let is_of_all = self.only.as_ref().is_some_and(|checks| checks.len() == MOST_ALONE);
        if !error.is_of_a_row() || is_of_all {
            return Err(error);
        }
        self.heard += 1;
        self.alone += 1;
        self.store.live().note_apart(entry.check, kind_of(&entry.what), &error);
        (self.done)(self.store, entries, Err(error))
    }
}

fn kind_of(what: &What) -> InputKind {
    match what {
        What::Ping(_) | What::Result(_) => InputKind::Ping,
        What::Refused(_) => InputKind::Refusal,
        What::Tick => InputKind::Tick,
        What::Pause { .. } | What::Unpause { .. } => InputKind::ByHand,
    }
}
