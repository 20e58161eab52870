//! What the server offers to its doors.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::config::Trigger;
use crate::core::check::CheckId;
use crate::core::time::Time;
use crate::store::history::Reader;
use crate::store::live::{AsOf, Live};
use crate::store::writer::{Overloaded, PingAnswer};
use crate::store::{PingFact, Store};

/// The server, as far as its doors need it.
pub trait Host: Send + Sync {
    /// The live view of the checks.
    fn live(&self) -> &Live;

    /// Engine time.
    fn now(&self) -> Time;

    /// How to judge checks that are shown (1.5). Call it before looking at their states.
    fn as_of(&self) -> AsOf;

    /// The history of the checks. Without it, no history is shown.
    fn history(&self) -> Option<&Reader>;

    /// The configuration of a system's door; `None` if it is switched off.
    fn settings(&self, system: &str) -> Option<DoorSettings>;

    /// Judges a key shown at a system's door. Wrong keys are counted and limited.
    fn judge_key(&self, system: &str, key: &str, source: IpAddr) -> KeyVerdict;

    /// Queues a ping. The result comes when the ping is durable.
    fn ping(&self, check: CheckId, fact: PingFact) -> Result<PingAnswer, Overloaded>;

    /// Runs work on the writer's thread, unless nobody waits for it any more. Call it through `on_store`.
    fn run_on_store(&self, work: StoreWork) -> Pending<'_>;

    /// Runs work on a thread that may block. Call it through `aside`.
    fn run_aside(self: Arc<Self>, work: Work) -> Pending<'static>;
}

/// Work for the writer's thread. Its time is that of its place in the queue.
pub type StoreWork = Box<dyn FnOnce(&mut dyn Store, Time) + Send>;

/// Work for a blocking thread.
pub type Work = Box<dyn FnOnce() + Send>;

/// Resolves when the work is done, or says that it may not be.
pub type Pending<'h> = Pin<Box<dyn Future<Output = Result<(), Unavailable>> + Send + 'h>>;

/// The work may not have been done: the server is overloaded or stopping, its disk hangs, or there is a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server cannot do this now")]
pub struct Unavailable;

/// The configuration of a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorSettings {
    /// Whether it asks for a key.
    pub needs_key: bool,
    /// What a ping needs.
    pub trigger: Trigger,
    /// Whether a mail server is configured, so that checks may have addresses of their own.
    pub mail: bool,
}

impl DoorSettings {
    /// Whether a ping needs the key. If the door has no key, nobody can show one.
    pub fn trigger_needs_key(&self, by_id: bool) -> bool {
        match self.trigger {
            Trigger::Open => false,
            Trigger::Id => !by_id,
            Trigger::Key => true,
        }
    }
}

/// The result of checking a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyVerdict {
    /// It is the door's key.
    Right,
    /// It is not the door's key.
    Wrong,
    /// It was not checked: too many wrong keys came from this address.
    TooMany {
        /// When to try again.
        again_in_secs: u32,
    },
}

impl dyn Host {
    /// Runs work on the writer's thread, after everything that is already queued, with the time of its place in the
    /// queue. Work that nobody waits for any more is not started.
    pub async fn on_store<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Store, Time) -> R + Send + 'static,
    ) -> Result<R, Unavailable> {
        let (sender, receiver) = oneshot::channel();
        let answering: StoreWork = Box::new(move |store, now| {
            // The caller may have gone meanwhile.
            let _ = sender.send(work(store, now));
        });
        self.run_on_store(answering).await?;
        receiver.await.map_err(|_| Unavailable)
    }

    /// Runs work that takes a while on a thread that may block, so that no ping waits for it.
    pub async fn aside<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Unavailable> {
        let (sender, receiver) = oneshot::channel();
        let answering: Work = Box::new(move || {
            // The caller may have gone meanwhile.
            let _ = sender.send(work());
        });
        self.clone().run_aside(answering).await?;
        receiver.await.map_err(|_| Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_asks_for_what_its_door_says() {
        let check = |trigger: Trigger, expected: [bool; 2]| {
            let door = DoorSettings { needs_key: false, trigger, mail: false };
            assert_eq!([true, false].map(|by_id| door.trigger_needs_key(by_id)), expected, "{trigger:?}");
        };
        check(Trigger::Open, [false, false]);
        check(Trigger::Id, [false, true]);
        check(Trigger::Key, [true, true]);
    }
}
