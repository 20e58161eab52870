//! Signs of life, and their lack (9.1).

use std::sync::atomic::Ordering;

use crate::core::blind::Window;
use crate::core::time::Time;
use crate::store::live::MAX_GAP;
use crate::store::{Store, StoreError};

/// Stores that we are here, and, if we were not, since when (9.1). To be called before anything else is judged at `now`.
pub fn watch_over(store: &mut dyn Store, now: Time) -> Result<Option<Window>, StoreError> {
    let gap = store.last_sign_of_life().map(|last| Window { from: last, to: now });
    let blind = gap.filter(|gap| gap.to - gap.from > MAX_GAP);
    if let Some(window) = blind {
        store.blind(window)?;
    }
    store.sign_of_life(now)?;
    Ok(blind)
}

/// Shows readers when a sign of life was last stored.
pub(super) fn show_sign_of_life(store: &dyn Store) {
    if let Some(last) = store.last_sign_of_life() {
        store.live().totals.last_sign_of_life_ms.store(last.as_ms(), Ordering::Relaxed);
    }
}

/// The last thing before a stop.
pub(super) fn say_goodbye(store: &mut dyn Store, now: Time) {
    if let Err(error) = store.end(now) {
        tracing::warn!(%error, "cannot store that this is a stop: the next start has more to do");
    }
}
