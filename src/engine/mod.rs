//! Everything that happens without a request: expiry, deliveries, pushes to Alertmanager, looks of our own, the wall clock and
//! pruning.
//!
//! What is judged is a plain function over a store, as [`expire_some`] is, so that the simulation runs the server's code.
//! [`Engine::run`] is a thin loop around such functions: it sleeps until the store's next deadline instead of polling, and
//! sends with no transaction open.

mod deliver;
mod outward;
mod probing;
mod push;
mod sample;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::{Clock, Stopwatch};
use crate::core::blind::Window;
use crate::core::time::{Span, Time};
use crate::store::{Store, StoreError, expire_some};

pub use outward::Outward;
pub use sample::{SampleSent, SampleWay, send_samples};
pub use shared::Engine;
use shared::{AT_ONCE, MAX_SLEEP, STORE_RETRY, duration};

/// How often to look for old history after there was none to remove.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// The pause between two slices of pruning: twice as long as the slice took, within these bounds. So pruning takes at
/// most a third of the writer's time and lets pings through.
const PRUNE_PAUSE: (Duration, Duration) = (Duration::from_millis(2), Duration::from_secs(2));
/// How often the names are stored that are pinged and that no check has: each ping by itself would cost as much as one that
/// counts, and whoever pings may be a stranger.
const NAMES_EVERY: Duration = Duration::from_secs(60);
/// How often the wall clock is compared with engine time.
const CLOCK_EVERY: Duration = Duration::from_secs(1);

/// Runs at the start, before anything is judged. Returns the blind window while nobody was listening (9.1).
///
/// While the clock is doubted, that window is unknown. So everything from the last trusted sign of life on is blind,
/// for longer than the doubt can last: pings are taken, and nothing that was due meanwhile is judged (1.1).
/// [`follow_wall_clock`] cuts the window to its true length.
pub fn begin(store: &mut dyn Store, clock: &Clock) -> Result<Option<Window>, StoreError> {
    let (last, spent) = (store.last_sign_of_life()?, store.doubted());
    if let Some(last) = last {
        clock.not_before(last, spent);
    }
    let now = clock.now();
    if let (Some(last), Some(spent)) = (last, clock.doubted()) {
        tracing::error!(%last, "the clock is behind what was stored: nothing is judged until it is set");
        store.begin(last)?;
        store.blind(Window { from: last, to: now + (Clock::PATIENCE - spent) + MAX_SLEEP })?;
        return Ok(None);
    }
    if spent > Span::ZERO {
        // The previous process doubted the clock and ended before it was set.
        store.reanchor(last.map_or(now, |last| last + spent), now)?;
    }
    let window = store.begin(now)?;
    store.doubt(Span::ZERO)?;
    Ok(window)
}

/// Makes engine time follow the wall clock, which is `ahead` of `before`. If the clock jumped ahead, the time between
/// is blind; if it was set back, nothing is, because we were listening all the time. States later than the new time are
/// brought back to it (1.1).
///
/// If the store refuses before it has changed anything, the clock stays as it is and the jump is tried again later.
/// Once states may have the new time, the clock is followed even if a later step fails: judged by a date days ahead of
/// its state, every check would be late. The jump then counts as unsettled, from `before` on, and is tried again too.
pub fn follow_wall_clock(
    clock: &Clock,
    store: &mut dyn Store,
    before: Time,
    ahead: Span,
) -> Result<(), StoreError> {
    let after = before + ahead;
    if after > before {
        store.blind(Window { from: before, to: after })?;
    }
    let before = date_before(clock, store, before)?;
    let reanchored = store.reanchor(before, after);
    if let Err(error) = reanchored.as_ref()
        && !matches!(error, StoreError::Unclear(_))
    {
        return reanchored;
    }
    clock.anchor();
    clock.settle(Some(before));
    reanchored?;
    store.sign_of_life(after)?;
    store.doubt(Span::ZERO)?;
    clock.settle(None);
    Ok(())
}

/// The date from which the clock is set. Where it was in doubt whether an earlier change was stored, it is that one's as long
/// as the store is of the time before it; else all that is left is of the new time, and nothing has ended by that date
/// since (1.1d).
fn date_before(clock: &Clock, store: &mut dyn Store, before: Time) -> Result<Time, StoreError> {
    let Some(from) = clock.unsettled() else { return Ok(before) };
    let is_of_before =
        store.doubted() > Span::ZERO || store.last_sign_of_life()?.is_some_and(|last| last > before);
    Ok(if is_of_before { from.max(before) } else { before })
}

impl Engine {
    /// Runs until `stop` is true. It then waits a few seconds for attempts that are still running.
    pub async fn run(self: Arc<Engine>, stop: watch::Receiver<bool>) {
        tokio::join!(
            self.until(stop.clone(), self.expiry()),
            self.tell(stop.clone()),
            self.until(stop.clone(), self.clock_watch()),
            self.until(stop.clone(), self.pruning()),
            self.until(stop.clone(), self.keeping_names()),
            self.until(stop.clone(), probing::run(&self)),
        );
    }

    /// Sends messages and pushes to Alertmanager.
    async fn tell(self: &Arc<Engine>, stop: watch::Receiver<bool>) {
        if self.no_deliveries {
            return;
        }
        tokio::join!(deliver::run(self, stop.clone()), self.until(stop, push::run(self)));
    }

    async fn until(&self, mut stop: watch::Receiver<bool>, task: impl Future<Output = ()>) {
        tokio::select! {
            () = task => {}
            // A dropped sender also means to stop.
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Judges checks at the earliest deadline, to the millisecond.
    async fn expiry(&self) {
        let mut wakes = self.writer.wakes();
        loop {
            let deadline = wakes.borrow_and_update().deadline;
            if !self.wait_past(deadline, &mut wakes).await {
                continue;
            }
            if !self.clock.is_trusted() {
                tokio::time::sleep(CLOCK_EVERY).await;
                continue;
            }
            match self.writer.call(|store, now| expire_some(store, AT_ONCE, now)).await {
                Ok(expired) if expired.is_empty() => self.rest(&mut wakes).await,
                Ok(expired) => {
                    let now = self.clock.now();
                    let lags = expired.deadlines.iter().map(|deadline| duration(now - *deadline));
                    lags.for_each(|lag| self.counters.expiry_lag.observe(lag));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot judge what is due");
                    tokio::time::sleep(STORE_RETRY).await;
                }
            }
        }
    }

    /// Notices that the wall clock was set, and re-anchors engine time between two transactions.
    async fn clock_watch(&self) {
        loop {
            tokio::time::sleep(CLOCK_EVERY).await;
            let Some(ahead) = self.clock.jump() else { continue };
            let clock = self.clock.clone();
            let stored =
                self.writer.call(move |store, before| follow_wall_clock(&clock, store, before, ahead));
            match stored.await {
                Ok(()) => tracing::warn!(seconds = ahead.as_secs_f64(), "the clock was set"),
                Err(error) => tracing::error!(%error, "the clock was set, and that could not be stored"),
            }
        }
    }

    /// A stop stores them, too.
    async fn keeping_names(&self) {
        loop {
            tokio::time::sleep(NAMES_EVERY).await;
            if self.live.unknown_names().is_changed()
                && let Err(error) = self.writer.call(|store, _| store.keep_unknown_names()).await
            {
                tracing::warn!(%error, "names that are pinged and that no check has cannot be stored");
            }
        }
    }

    async fn pruning(&self) {
        loop {
            let slice = |store: &mut dyn Store, now| {
                let watch = Stopwatch::start();
                (store.prune(now), watch.took())
            };
            let pause = match self.writer.call(slice).await {
                (Ok(true), took) => (took * 2).clamp(PRUNE_PAUSE.0, PRUNE_PAUSE.1),
                (Ok(false), _) => PRUNE_EVERY,
                (Err(error), _) => {
                    tracing::warn!(%error, "cannot remove old history");
                    PRUNE_EVERY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }
}
