//! The projection to Alertmanager: at every flip, at most once a second, when what was held may go, and every
//! minute (13.1).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Engine, STORE_RETRY, duration};
use crate::core::alert::Alert;
use crate::notify::alertmanager::{Outcome, Pusher};
use crate::store::Alerts;

/// Alertmanager forgets its alerts when it restarts: within a minute it has them back (13.1), and a push takes time.
const EVERY: Duration = Duration::from_secs(55);
/// The least time between two pushes.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn run(engine: &Arc<Engine>) {
    let mut outward = engine.outward.clone();
    loop {
        let current = outward.borrow_and_update().clone();
        tokio::select! {
            () = push_to(engine, &current.pushers) => {}
            changed = outward.changed() => if changed.is_err() {
                // Nobody reloads any more: we are about to stop.
                return push_to(engine, &current.pushers).await;
            },
        }
    }
}

/// Pushes to each Alertmanager in a task of its own: one that hangs gets the newest alerts when it is done with those
/// before, and the others do not wait for it. Returns only if one of the tasks ended by a bug.
async fn push_to(engine: &Arc<Engine>, pushers: &[Arc<Pusher>]) {
    if pushers.is_empty() {
        return std::future::pending().await;
    }
    let (newest, alerts) = watch::channel(Arc::default());
    let mut pushes = JoinSet::new();
    for pusher in pushers {
        pushes.spawn(push_newest(engine.clone(), pusher.clone(), alerts.clone()));
    }
    let mut wakes = engine.writer.wakes();
    loop {
        let flips = wakes.borrow_and_update().flips;
        let wait = match engine.writer.call(|store, now| store.alerts(now)).await {
            Ok(Alerts { all, next_look }) => {
                newest.send_replace(Arc::new(all));
                let now = engine.clock.now();
                next_look.map_or(EVERY, |at| duration(at - now).min(EVERY))
            }
            Err(error) => {
                tracing::warn!(%error, "cannot tell which alerts fire");
                STORE_RETRY
            }
        };
        tokio::time::sleep(PAUSE).await;
        tokio::select! {
            () = tokio::time::sleep(wait.saturating_sub(PAUSE)) => {}
            _ = wakes.wait_for(|wakes| wakes.flips != flips) => {}
            Some(ended) = pushes.join_next() => {
                tracing::error!(?ended, "a push to Alertmanager ended by a bug: beginning anew");
                return;
            }
        }
    }
}

async fn push_newest(engine: Arc<Engine>, pusher: Arc<Pusher>, mut alerts: watch::Receiver<Arc<Vec<Alert>>>) {
    while alerts.changed().await.is_ok() {
        let newest = alerts.borrow_and_update().clone();
        let now = engine.clock.now();
        count(&engine, &pusher.push(newest, now, &engine.external_url).await);
    }
}

fn count(engine: &Engine, outcomes: &[Outcome]) {
    for outcome in outcomes {
        engine.counters.alertmanager_pushes.fetch_add(1, Ordering::Relaxed);
        if let Err(why) = &outcome.result {
            engine.counters.alertmanager_pushes_failed.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(target = %outcome.target, why, "Alertmanager did not take the alerts; the next push is in a minute");
        }
    }
}
