//! Deliveries: claim, send with no transaction open, settle (12.3, 12.4).

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Engine, STORE_RETRY, duration};
use crate::core::notice::Notice;
use crate::core::outbox::{Attempt, DeliveryKind, Message};
use crate::core::route::{ALL_OWN, is_own_receiver};
use crate::core::time::Time;
use crate::notify::{AckLink, Notification};
use crate::store::{Outgoing, Settling, StoreError};

/// How long a shutdown waits for running attempts. Those not settled by then are repeated at the next start (12.7).
const DRAIN: Duration = Duration::from_secs(5);
/// So many claims may follow each other that send nothing, while the store says that more is due: a piece is many
/// deliveries, so that only a fault makes more of them.
const MOST_IN_VAIN: u32 = 1_000;
/// How many checks of a message are named in the log.
const LOGGED_CHECKS: usize = 10;

/// Each receiver has at most one attempt at a time, in a task of its own, so that one that hangs does not delay the
/// others (12.7).
pub(super) async fn run(engine: &Arc<Engine>, mut stop: watch::Receiver<bool>) {
    let mut attempts = JoinSet::new();
    let mut wakes = engine.writer.wakes();
    let mut in_vain = 0;
    while !*stop.borrow() {
        let claim = wakes.borrow_and_update().claim;
        tokio::select! {
            // The watch's guard must not be held over an await.
            () = async { drop(stop.wait_for(|stop| *stop).await) } => break,
            Some(ended) = attempts.join_next() => report_panic(ended),
            due = engine.wait_past(claim, &mut wakes) => if due {
                in_vain = match claim_and_send(engine, &mut attempts).await {
                    Claimed::Something => 0,
                    Claimed::NothingYet if in_vain < MOST_IN_VAIN => in_vain + 1,
                    Claimed::NothingYet | Claimed::Nothing => {
                        engine.rest(&mut wakes).await;
                        0
                    }
                };
            },
        }
    }
    let drained = async {
        while let Some(ended) = attempts.join_next().await {
            report_panic(ended);
        }
    };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::warn!("stopped while messages were being sent: they will be sent again");
    }
}

/// What a claim came to.
enum Claimed {
    Something,
    /// It was a piece of the work, and more follows: much has returned at once.
    NothingYet,
    Nothing,
}

async fn claim_and_send(engine: &Arc<Engine>, attempts: &mut JoinSet<()>) -> Claimed {
    let claimed = engine.writer.call(|store, now| {
        let outgoing = store.claim(now)?;
        Ok((outgoing, store.next_claim().is_some_and(|at| at <= now)))
    });
    let claimed: Result<_, StoreError> = claimed.await;
    engine.counters.claims.note(claimed.is_ok(), engine.clock.now());
    match claimed {
        Ok((outgoing, is_more)) => {
            let claimed = match (outgoing.is_empty(), is_more) {
                (false, _) => Claimed::Something,
                (true, true) => Claimed::NothingYet,
                (true, false) => Claimed::Nothing,
            };
            for outgoing in outgoing {
                let engine = engine.clone();
                attempts.spawn(async move { attempt(&engine, outgoing).await });
            }
            claimed
        }
        Err(error) => {
            tracing::warn!(%error, "cannot claim what is to be sent");
            Claimed::Nothing
        }
    }
}

/// Code that could panic runs under [`survive`] or after the settling: an attempt that is never settled would silence
/// its receiver until the next start.
async fn attempt(engine: &Engine, outgoing: Outgoing) {
    let attempt = survive(send(engine, &outgoing)).await;
    let ended_at = engine.clock.now();
    settle(engine, &outgoing.message, &attempt).await;
    report(engine, &outgoing, &attempt, ended_at);
}

async fn send(engine: &Engine, outgoing: &Outgoing) -> Attempt {
    let message = &outgoing.message;
    let transport = engine.outward.borrow().receiver(&message.receiver);
    match transport {
        Ok(transport) => {
            let secret = engine.live.secret().filter(|_| engine.is_reached);
            let ack_url = secret.map(|secret| AckLink::of(message).url(&secret, &engine.external_url));
            let notification = Notification {
                key: &message.key,
                receiver: &message.receiver,
                notices: &outgoing.notices,
                external_url: &engine.external_url,
                ack_url: ack_url.as_deref(),
                now: engine.clock.now(),
            };
            transport.send(&notification).await
        }
        Err(why) if is_own_receiver(&message.receiver) => {
            Attempt::Unreachable { why: why.to_owned(), is_misdirected: true }
        }
        Err(why) => Attempt::Later { after: None, why: why.to_owned() },
    }
}

async fn settle(engine: &Engine, message: &Message, attempt: &Attempt) {
    let mut from = 0;
    loop {
        let (id, attempt) = (message.id, attempt.clone());
        match engine.writer.call(move |store, now| store.settle(id, &attempt, from, now)).await {
            Ok(Settling::Ended) => return,
            Ok(Settling::GoesOn(settled)) => from = settled,
            // Try until it is stored: otherwise the message would be sent again at the next start. Sending twice is
            // better than never.
            Err(error) => {
                tracing::warn!(%error, receiver = %message.receiver, "cannot store how an attempt ended");
                tokio::time::sleep(STORE_RETRY).await;
            }
        }
    }
}

/// Turns a panic into a failed attempt, so that a bug in one message does not silence its receiver and the receiver's
/// other messages follow.
async fn survive(sending: impl Future<Output = Attempt>) -> Attempt {
    let mut sending = pin!(sending);
    // After a panic the future is not polled again, and nothing else sees the state that it left.
    let mut poll =
        |context: &mut Context<'_>| catch_unwind(AssertUnwindSafe(|| sending.as_mut().poll(context)));
    let ended = poll_fn(|context| match poll(context) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    });
    ended
        .await
        .unwrap_or_else(|| Attempt::Later { after: None, why: "punctual has a bug: see its log".to_owned() })
}

fn report(engine: &Engine, outgoing: &Outgoing, attempt: &Attempt, ended_at: Time) {
    let message = &outgoing.message;
    let (receiver, members, attempts) = (&message.receiver, message.members.len(), message.attempts);
    // A series for each check that mails to its own addresses would be too many.
    let counted = if is_own_receiver(receiver) { ALL_OWN } else { receiver };
    if let Some(counters) = engine.counters.receiver(counted) {
        counters.deliveries.fetch_add(1, Ordering::Relaxed);
        counters.failed.fetch_add(u64::from(!attempt.is_taken()), Ordering::Relaxed);
        counters.misdirected.fetch_add(u64::from(attempt.is_misdirected()), Ordering::Relaxed);
    }
    match attempt {
        Attempt::Taken { .. } => {
            let checks = checks(&outgoing.notices);
            tracing::info!(%receiver, members, attempts, checks, "message sent");
            for told_of in outgoing.notices.iter().filter_map(told_of) {
                engine.counters.delivery_latency.observe(duration(ended_at - told_of));
            }
        }
        // The store logs these, because it sees together what they say of their mail server.
        attempt if is_own_receiver(receiver) => {
            tracing::debug!(%receiver, members, attempts, why = attempt.answer(), "message not taken");
        }
        Attempt::Later { why, .. } | Attempt::Unreachable { why, .. } => {
            tracing::warn!(%receiver, members, attempts, why, "message not taken, trying again later");
        }
        Attempt::Misdirected { why } => {
            tracing::error!(
                %receiver, members, attempts, why,
                "the receiver refuses us, not what the message says: its settings should be mended; trying again later"
            );
        }
        // The store logs the outcome: the message may be split.
        Attempt::Never { why } => tracing::debug!(%receiver, members, attempts, why, "message refused"),
    }
}

/// The first checks of a message, each once, and how many more there are: `backup, report and 38 more`.
fn checks(notices: &[Notice]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for notice in notices {
        let name = notice.check.as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.len().saturating_sub(LOGGED_CHECKS) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..LOGGED_CHECKS].join(", ")),
    }
}

/// The time of the flip that a notice tells of; a reminder has none.
fn told_of(notice: &Notice) -> Option<Time> {
    match notice.kind {
        DeliveryKind::Alert => Some(notice.opened_at),
        DeliveryKind::Reminder | DeliveryKind::Diagnosis(_) => None,
        DeliveryKind::Recovery | DeliveryKind::Episode | DeliveryKind::Flapping(_) => notice.ended_at,
    }
}

fn report_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "an attempt to send a message ended by a bug");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 12.7
    #[tokio::test]
    async fn an_attempt_that_panics_is_one_that_failed() {
        let panics = async {
            tokio::task::yield_now().await;
            panic!("a test");
        };
        let attempt = survive(panics).await;
        assert!(matches!(&attempt, Attempt::Later { after: None, .. }), "{attempt:?}");
        assert_eq!(survive(async { Attempt::TAKEN }).await, Attempt::TAKEN);
    }
}
