//! Signs of life, and their lack (9.1).

use std::sync::atomic::Ordering;

use crate::clock::Clock;
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

/// The last thing before a stop. While the clock is doubted no later time than the trusted one is stored (1.1).
pub(super) fn say_goodbye(store: &mut dyn Store, clock: &Clock) {
    let ended = match (clock.doubted(), store.last_sign_of_life()) {
        (Some(spent), Some(trusted)) => store.doubt(spent).and_then(|()| store.end(trusted)),
        _ => store.end(clock.now()),
    };
    if let Err(error) = ended {
        tracing::warn!(%error, "cannot store that this is a stop: the next start has more to do");
    }
}
