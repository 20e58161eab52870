//! Signs of life, and their lack (9.1).

use crate::clock::Clock;
use crate::core::blind::Window;
use crate::core::time::Time;
use crate::store::live::MAX_GAP;
use crate::store::{Store, StoreError};

/// Stores that we are here, and, if we were not, since when (9.1). To be called before anything else is judged at `now`.
pub fn watch_over(store: &mut dyn Store, now: Time) -> Result<Option<Window>, StoreError> {
    let gap = store.last_sign_of_life()?.map(|last| Window { from: last, to: now });
    let blind = gap.filter(|gap| gap.to - gap.from > MAX_GAP);
    if let Some(window) = blind {
        store.blind(window)?;
    }
    store.sign_of_life(now)?;
    Ok(blind)
}

/// The last thing before a stop.
pub(super) fn say_goodbye(store: &mut dyn Store, clock: &Clock) {
    if let Err(error) = end(store, clock) {
        tracing::warn!(%error, "cannot store that this is a stop: the next start has more to do");
    }
}

/// While the clock is doubted no later time than the trusted one is stored (1.1).
fn end(store: &mut dyn Store, clock: &Clock) -> Result<(), StoreError> {
    let Some(spent) = clock.doubted() else { return store.end(clock.now()) };
    store.doubt(spent)?;
    let trusted = store.last_sign_of_life()?;
    store.end(trusted.unwrap_or_else(|| clock.now()))
}
