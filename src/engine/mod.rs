//! What happens without being asked: expiry, deliveries, pushes to Alertmanager, reloads and housekeeping.
//!
//! [`expire`] is a plain function over a store, so that the simulation runs what the server runs. [`Engine::run`] is a thin
//! loop around it and its like: it waits for the store's next deadline, not by polling, and sends with no transaction open.

mod deliver;
mod outward;
mod push;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::{Clock, Stopwatch};
use crate::core::blind::Window;
use crate::core::time::{Span, Time};
use crate::store::{Entry, Store, StoreError, What};

pub use outward::Outward;
pub use shared::Engine;
use shared::{MAX_SLEEP, STORE_RETRY, duration};

/// Checks that one transaction judges at most, so that pings are never kept waiting by a wave of expiries.
const MAX_EXPIRED: usize = 256;
/// How often old history is looked for when there was none to remove.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// Between two slices of pruning, so that pings come first: twice as long as the slice took, within these bounds. So pruning
/// has a third of the writer's time at most, and keeps up with what comes.
const PRUNE_PAUSE: (Duration, Duration) = (Duration::from_millis(2), Duration::from_secs(2));
/// How often the wall clock is compared with engine time.
const CLOCK_EVERY: Duration = Duration::from_secs(1);
/// What one look at the deadlines did: nothing, once nothing is due any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// The deadline of each check that was judged.
    pub deadlines: Vec<Time>,
}

/// Judges every check whose deadline has passed, at most [`MAX_EXPIRED`] of them. The deadline is only a hint: `step`
/// decides, and what turns out not to be due is left as it was.
pub fn expire(store: &mut dyn Store, now: Time) -> Result<Expired, StoreError> {
    let due = store.due(now, MAX_EXPIRED);
    if due.is_empty() {
        return Ok(Expired::default());
    }
    let deadlines = due.iter().map(|(_, deadline)| *deadline).collect();
    let ticks = due.iter().map(|(check, _)| Entry { check: *check, at: now, what: What::Tick }).collect();
    store.apply(ticks)?;
    Ok(Expired { deadlines })
}

/// A start: before anything is judged. Answers for how long nobody was listening (9.1).
///
/// While the clock is doubted nobody knows that. So all from the last trusted sign of life on is blind, for longer than the
/// doubt can last: pings are taken, and judge nothing that was due meanwhile (1.1). [`follow_wall_clock`] cuts it to
/// what it was.
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
        // The process that doubted has ended before the clock was set.
        store.reanchor(last.map_or(now, |last| last + spent), now)?;
    }
    let window = store.begin(now)?;
    store.doubt(Span::ZERO)?;
    Ok(window)
}

/// Believes the wall clock, which is so much ahead of `before`, from now on: what lies between is blind, and no state stays
/// in the future (1.1). A clock that was set back hides nothing from us: we were listening all the time. We live at the new
/// time, lest the way there count twice. While that cannot be stored, the clock stays as it is, to be looked at again. But
/// once states may be of the new time it is followed, whatever fails then: judged by a date that is days ahead of them,
/// every check would be late. It is looked at again all the same.
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
    let before = clock.unsettled().map_or(before, |from| from.max(before));
    let reanchored = store.reanchor(before, after);
    if let Err(StoreError::Full | StoreError::Failed(_) | StoreError::Newer { .. }) = reanchored {
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

impl Engine {
    /// Runs until `stop` says true. Attempts that are under way then are waited for, for a few seconds.
    pub async fn run(self: Arc<Engine>, stop: watch::Receiver<bool>) {
        tokio::join!(
            self.until(stop.clone(), self.expiry()),
            self.tell(stop.clone()),
            self.until(stop.clone(), self.clock_watch()),
            self.until(stop.clone(), self.pruning()),
        );
    }

    /// Lets go what leaves: messages, and pushes to Alertmanager.
    async fn tell(self: &Arc<Engine>, stop: watch::Receiver<bool>) {
        if self.no_deliveries {
            return;
        }
        tokio::join!(deliver::run(self, stop.clone()), self.until(stop, push::run(self)));
    }

    async fn until(&self, mut stop: watch::Receiver<bool>, task: impl Future<Output = ()>) {
        tokio::select! {
            () = task => {}
            // The sender gone means the same.
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// Waits for the earliest deadline, to the millisecond.
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
            match self.writer.call(expire).await {
                Ok(expired) if expired.deadlines.is_empty() => self.rest(&mut wakes).await,
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
