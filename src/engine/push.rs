//! Pushes alerts to Alertmanager: at a flip (at most once a second), when held ones may go, and every minute (13.1).
//!
//! The store decides what fires. Each pusher repeats the newest alerts on its own timer, even while the store does not
//! answer: otherwise Alertmanager would resolve what is as bad as before.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Engine, STORE_RETRY, duration};
use crate::core::alert::Alert;
use crate::notify::alertmanager::{PushOutcome, Pusher};

/// Alertmanager forgets its alerts at a restart and must have them back within a minute (13.1). A push takes time.
const EVERY: Duration = Duration::from_secs(55);
/// The shortest time between two pushes.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn run(engine: &Arc<Engine>) {
    let mut outward = engine.outward.clone();
    // Kept over reloads: a new Alertmanager gets the alerts even if the store does not answer.
    let newest = watch::Sender::default();
    loop {
        let current = outward.borrow_and_update().clone();
        tokio::select! {
            () = push_to(engine, &current.pushers, &newest) => {}
            changed = outward.changed() => if changed.is_err() {
                // The reloader is gone: the server is about to stop.
                return push_to(engine, &current.pushers, &newest).await;
            },
        }
    }
}

/// Pushes to each Alertmanager in a task of its own. One that hangs gets the newest alerts once its last push ends, and
/// the others do not wait for it. Returns only if one of the tasks ended by a bug.
async fn push_to(engine: &Arc<Engine>, pushers: &[Arc<Pusher>], newest: &watch::Sender<Arc<Vec<Alert>>>) {
    engine.counters.forget_alertmanagers();
    if pushers.is_empty() {
        return std::future::pending().await;
    }
    let mut pushes = JoinSet::new();
    for pusher in pushers {
        let (engine, pusher) = (engine.clone(), pusher.clone());
        let mut alerts = newest.subscribe();
        alerts.mark_changed();
        pushes.spawn(repeat(alerts, EVERY, async move |alerts| {
            let now = engine.clock.now();
            count(&engine, &pusher.push(alerts, now, &engine.external_url).await);
        }));
    }
    let mut wakes = engine.writer.wakes();
    loop {
        let flips = wakes.borrow_and_update().flips;
        let read = engine.writer.call(|store, now| store.alerts(now)).await;
        engine.counters.alerts.note(read.is_ok(), engine.clock.now());
        let wait = match read {
            Ok(next_look) if next_look.is_some_and(|at| at <= engine.clock.now()) => continue,
            Ok(next_look) => {
                let all: Vec<Alert> = engine.live.board().all().cloned().collect();
                newest.send_if_modified(|known: &mut Arc<Vec<Alert>>| {
                    let is_news = **known != all;
                    if is_news {
                        *known = Arc::new(all);
                    }
                    is_news
                });
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

/// Pushes the alerts whenever they change, and again after each `every` (13.1). Ends when the sender is dropped.
async fn repeat(
    mut alerts: watch::Receiver<Arc<Vec<Alert>>>,
    every: Duration,
    push: impl AsyncFn(Arc<Vec<Alert>>),
) {
    loop {
        if let Ok(Err(_gone)) = tokio::time::timeout(every, alerts.changed()).await {
            return;
        }
        let newest = alerts.borrow_and_update().clone();
        push(newest).await;
    }
}

fn count(engine: &Engine, outcomes: &[PushOutcome]) {
    for outcome in outcomes {
        engine.counters.pushed(&outcome.target, outcome.result.is_ok(), engine.clock.now());
        if outcome.result.is_ok() {
            tracing::debug!(target = %outcome.target, "alerts pushed to Alertmanager");
        }
        if let Err(why) = &outcome.result {
            tracing::warn!(target = %outcome.target, why, "Alertmanager did not take the alerts; the next push is in a minute");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Time;

    fn firing(check: &str) -> Alert {
        let labels = vec![("check".to_owned(), check.to_owned())];
        Alert { labels, annotations: Vec::new(), starts_at: Time::from_secs(1), ended_at: None }
    }

    /// 13.1: an Alertmanager that gets nothing for four minutes resolves what fires.
    #[tokio::test]
    async fn what_fires_is_pushed_again_while_the_store_says_nothing() {
        let (newest, alerts) = watch::channel(Arc::default());
        let (pushed, mut pushes) = tokio::sync::mpsc::unbounded_channel();
        let pushing = tokio::spawn(repeat(alerts, Duration::from_millis(1), async move |alerts| {
            pushed.send(alerts).expect("the test hears all pushes");
        }));
        for check in ["first", "second"] {
            newest.send_replace(Arc::new(vec![firing(check)]));
            let mut times = 0;
            while times < 3 {
                let alerts = pushes.recv().await.expect("pushes go on");
                times += usize::from(*alerts == [firing(check)]);
            }
        }
        drop(newest);
        pushing.await.expect("it ends with the sender");
    }
}
