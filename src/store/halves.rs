//! Entries of which one cannot be stored: the others are (14.7).

use super::{Applied, Entry, Store, StoreError};

/// Where so many stand alone in one call, it is not they.
const MOST_ALONE: usize = 32;

/// Applies entries, all together where that can be. While a row of one cannot be stored they are halved, until that one stands
/// alone: it is left out and said, and the others are stored. `done` hears of each stretch, in their order; an error is of one
/// entry.
///
/// Fails for what is no entry's. Of those that `done` has not heard of then nothing is stored.
pub(super) fn apply_in_halves(
    store: &mut dyn Store,
    entries: &[Entry],
    done: &mut dyn FnMut(Result<Vec<Applied>, StoreError>),
) -> Result<(), StoreError> {
    Halves { store, done, alone: 0 }.apply(entries)
}

struct Halves<'a> {
    store: &'a mut dyn Store,
    done: &'a mut dyn FnMut(Result<Vec<Applied>, StoreError>),
    /// So many stood alone so far.
    alone: usize,
}

impl Halves<'_> {
    fn apply(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        match (self.store.apply(entries), entries) {
            (Ok(applied), _) => (self.done)(Ok(applied)),
            (Err(error), _) if !error.is_of_a_row() || self.alone == MOST_ALONE => return Err(error),
            (Err(error), []) => return Err(error),
            (Err(_), [entry]) => self.apply_alone(entry)?,
            (Err(_), _) => {
                let (first, rest) = entries.split_at(entries.len() / 2);
                self.apply(first)?;
                self.apply(rest)?;
            }
        }
        Ok(())
    }

    /// Once more: what stands alone may have failed for others before.
    fn apply_alone(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let done = self.store.apply(std::slice::from_ref(entry));
        if let Err(error) = &done {
            if !error.is_of_a_row() {
                return done.map(drop);
            }
            self.alone += 1;
            self.store.live().note_quarantined(entry.check, error);
        }
        (self.done)(done);
        Ok(())
    }
}
