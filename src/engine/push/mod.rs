//! Pushes alerts to Alertmanager: what changed at once (at most once a second), and all of it in a round within a minute
//! (13.1).
//!
//! The store decides what fires, and shows it on a board. Each address has a task of its own, which reads that board and
//! repeats what is there on its own timer, even while the store does not answer: otherwise Alertmanager would resolve what
//! is as bad as before.

mod round;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::{AT_ONCE, Engine, STORE_RETRY, duration};
use crate::clock::Stopwatch;
use crate::notify::alertmanager::{Address, PushOutcome, Pusher};
use round::PushRound;

/// The store is asked so often, whatever it said.
const EVERY: Duration = Duration::from_secs(55);
/// The shortest time between two looks for what changed; after a push that failed, the time until the next.
const PAUSE: Duration = Duration::from_secs(1);
/// How often names are resolved.
const RESOLVE_EVERY: Duration = Duration::from_secs(10);
/// How often the log says that an address takes no alerts.
const COMPLAIN_EVERY: Duration = Duration::from_secs(55);

/// The newest change on the board; `None`: the store has not yet said what fires, and stored alerts may be over.
type Newest = Option<u64>;

pub(super) async fn run(engine: &Arc<Engine>) {
    let mut outward = engine.outward.clone();
    // Kept over reloads: a new Alertmanager gets the alerts even if the store does not answer.
    let newest = watch::Sender::new(None);
    loop {
        let current = outward.borrow_and_update().clone();
        tokio::select! {
            () = push_to_all(engine, &current.pushers, &newest) => {}
            changed = outward.changed() => if changed.is_err() {
                // The reloader is gone: the server is about to stop.
                return push_to_all(engine, &current.pushers, &newest).await;
            },
        }
    }
}

/// Pushes to each Alertmanager in a task of its own. Returns only if one of the tasks ended by a bug.
async fn push_to_all(engine: &Arc<Engine>, pushers: &[Arc<Pusher>], newest: &watch::Sender<Newest>) {
    engine.counters.forget_alertmanagers();
    if pushers.is_empty() {
        // What nobody hears of is not brought up to date either.
        newest.send_replace(None);
        return std::future::pending().await;
    }
    let mut pushes = JoinSet::new();
    for pusher in pushers {
        pushes.spawn(push_to(engine.clone(), pusher.clone(), newest.subscribe()));
    }
    tokio::select! {
        () = bring_up_to_date(engine, newest) => {}
        ended = pushes.join_next() => {
            tracing::error!(?ended, "the pushes to an Alertmanager ended by a bug: beginning anew");
        }
    }
}

/// Has the store say what changed, at every flip and when held ones may fire. Never returns.
async fn bring_up_to_date(engine: &Engine, newest: &watch::Sender<Newest>) {
    let mut wakes = engine.writer.wakes();
    loop {
        let flips = wakes.borrow_and_update().flips;
        let read = engine.writer.call(|store, now| store.alerts(AT_ONCE, now)).await;
        let now = engine.clock.now();
        engine.counters.alerts.note(read.is_ok(), now);
        let next_look = match read {
            Ok(next_look) => next_look.map_or(EVERY, |at| duration(at - now).min(EVERY)),
            Err(error) => {
                tracing::warn!(%error, "cannot tell which alerts fire");
                tokio::time::sleep(STORE_RETRY).await;
                continue;
            }
        };
        let change = engine.live.board().newest();
        // What is found in pieces is told as it comes, but for the first time: then all must have been looked at.
        if next_look > Duration::ZERO || newest.borrow().is_some() {
            newest.send_if_modified(|known| known.replace(change) != Some(change));
        }
        if next_look > Duration::ZERO {
            tokio::time::sleep(PAUSE).await;
            tokio::select! {
                () = tokio::time::sleep(next_look.saturating_sub(PAUSE)) => {}
                _ = wakes.wait_for(|wakes| wakes.flips != flips) => {}
            }
        }
    }
}

/// Pushes to each address of an Alertmanager in a task of its own: one that hangs keeps the alerts from no other. Never
/// returns.
async fn push_to(engine: Arc<Engine>, pusher: Arc<Pusher>, mut newest: watch::Receiver<Newest>) {
    let mut pushes = JoinSet::new();
    let mut by_target: BTreeMap<String, AbortHandle> = BTreeMap::new();
    let mut complaint = Complaint::default();
    // Whether its name could not be resolved when that was last tried.
    let mut is_lost = false;
    // Whoever has nothing to tell asks nobody where to.
    while newest.wait_for(Option::is_some).await.is_ok() && engine.live.board().is_empty() {
        if newest.changed().await.is_err() {
            break;
        }
    }
    loop {
        match pusher.addresses().await {
            Ok(addresses) => {
                if std::mem::take(&mut is_lost) {
                    engine.counters.forget_alertmanager(&pusher.target());
                }
                by_target.retain(|target, push| {
                    let stays = addresses.iter().any(|address| address.target() == target);
                    if !stays {
                        push.abort();
                        engine.counters.forget_alertmanager(target);
                    }
                    stays && !push.is_finished()
                });
                for address in addresses {
                    by_target
                        .entry(address.target().to_owned())
                        .or_insert_with(|| pushes.spawn(repeat(engine.clone(), address, newest.clone())));
                }
            }
            Err(outcome) => {
                is_lost = true;
                complaint.note(&engine, &outcome);
            }
        }
        tokio::time::sleep(RESOLVE_EVERY).await;
        while let Some(ended) = pushes.try_join_next() {
            if ended.is_err_and(|error| error.is_panic()) {
                tracing::error!("the pushes to an address of an Alertmanager ended by a bug: beginning anew");
            }
        }
    }
}

/// Pushes to one address whatever changes, and all of it again in rounds (13.1).
async fn repeat(engine: Arc<Engine>, address: Arc<Address>, mut newest: watch::Receiver<Newest>) {
    let (mut round, mut complaint, since) = (PushRound::default(), Complaint::default(), Stopwatch::start());
    loop {
        newest.mark_unchanged();
        let alerts = round.next(&engine.live.board(), since.took());
        if alerts.is_empty() {
            if let Ok(Err(_gone)) = tokio::time::timeout(round.rests(since.took()), newest.changed()).await {
                return;
            }
            continue;
        }
        let outcome = address.post(alerts, engine.clock.now(), &engine.external_url).await;
        match &outcome {
            Some(outcome) => complaint.note(&engine, outcome),
            None => engine.counters.forget_alertmanager(address.target()),
        }
        if outcome.is_none_or(|outcome| outcome.result.is_err()) {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// When the log last said that a target takes no alerts.
#[derive(Default)]
struct Complaint(Option<Stopwatch>);

impl Complaint {
    fn note(&mut self, engine: &Engine, PushOutcome { target, result }: &PushOutcome) {
        engine.counters.pushed(target, result.is_ok(), engine.clock.now());
        let Err(why) = result else {
            tracing::debug!(%target, "alerts pushed to Alertmanager");
            return;
        };
        if self.0.is_none_or(|last| last.took() >= COMPLAIN_EVERY) {
            tracing::warn!(%target, why, "Alertmanager did not take the alerts; all of them are pushed within a minute again");
            self.0 = Some(Stopwatch::start());
        }
    }
}
