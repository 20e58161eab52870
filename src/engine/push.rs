//! The projection to Alertmanager: at every flip, at most once a second, and every minute (13.1).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Engine, STORE_RETRY};
use crate::notify::alertmanager::Outcome;

/// Alertmanager forgets its alerts when it restarts: they are pushed again this often.
const EVERY: Duration = Duration::from_secs(60);
/// The least time between two pushes.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn run(engine: &Arc<Engine>) {
    let mut outward = engine.outward.clone();
    let mut wakes = engine.writer.wakes();
    loop {
        let flips = wakes.borrow_and_update().flips;
        let current = outward.borrow_and_update().clone();
        if let Some(pusher) = &current.pusher {
            match engine.writer.call(|store, now| store.alerts(now)).await {
                Ok(alerts) => {
                    let now = engine.clock.now();
                    count(engine, &pusher.push(&alerts, now, &engine.external_url).await);
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot tell which alerts fire");
                    tokio::time::sleep(STORE_RETRY).await;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = wakes.wait_for(|wakes| wakes.flips != flips) => {}
            _ = outward.changed() => {}
        }
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
