//! What a door may do: what the server that it is a door of lends it.

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

/// The server, as far as its doors know it.
pub trait Host: Send + Sync {
    /// What is known of the checks.
    fn live(&self) -> &Live;

    /// Engine time.
    fn now(&self) -> Time;

    /// How whoever shows checks judges them (1.5). To be asked before their states are looked at.
    fn as_of(&self) -> AsOf;

    /// What happened to the checks; without it, none of it is shown.
    fn history(&self) -> Option<&Reader>;

    /// How the door of a system is configured; `None`: it is switched off.
    fn settings(&self, system: &str) -> Option<DoorSettings>;

    /// Judges a key that a caller shows at the door of a system; wrong ones are counted, and are not taken without end.
    fn judge_key(&self, system: &str, key: &str, source: IpAddr) -> KeyVerdict;

    /// Queues a ping; what became of it is answered when it is durable.
    fn ping(&self, check: CheckId, fact: PingFact) -> Result<PingAnswer, Overloaded>;

    /// Runs something on the writer's thread; what nobody waits for any more is not begun. Called as `on_store`.
    fn run_on_store(&self, work: StoreWork) -> Pending<'_>;

    /// Runs something on a thread that may block. Called as `aside`.
    fn run_aside(self: Arc<Self>, work: Work) -> Pending<'static>;
}

/// What is to be done on the writer's thread, at the time of its place in the queue.
pub type StoreWork = Box<dyn FnOnce(&mut dyn Store, Time) + Send>;

/// What is to be done aside.
pub type Work = Box<dyn FnOnce() + Send>;

/// Whether it was done.
pub type Pending<'h> = Pin<Box<dyn Future<Output = Result<(), Unavailable>> + Send + 'h>>;

/// It is not known to be done: the server is too busy or stopping, its disk hangs, or it has a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server cannot do this now")]
pub struct Unavailable;

/// How a door is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorSettings {
    /// Whether it asks for a key.
    pub needs_key: bool,
    /// What a ping asks for.
    pub trigger: Trigger,
    /// Mail can leave: checks may have addresses of their own.
    pub mail: bool,
}

impl DoorSettings {
    /// Whether a ping needs the key; without a key of the door's own, nobody has it.
    pub fn trigger_needs_key(&self, by_id: bool) -> bool {
        match self.trigger {
            Trigger::Open => false,
            Trigger::Id => !by_id,
            Trigger::Key => true,
        }
    }
}

/// What a shown key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyVerdict {
    /// The door's key.
    Right,
    /// Another one.
    Wrong,
    /// Not looked at: too many wrong ones came from this address.
    TooMany {
        /// When it should come again.
        again_in_secs: u32,
    },
}

impl dyn Host {
    /// Runs something on the writer's thread, after what is queued already, with the time of its place in the queue. What
    /// nobody waits for any more is not begun.
    pub async fn on_store<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Store, Time) -> R + Send + 'static,
    ) -> Result<R, Unavailable> {
        let (sender, receiver) = oneshot::channel();
        let answering: StoreWork = Box::new(move |store, now| {
            // Whoever asked may have gone in between.
            let _ = sender.send(work(store, now));
        });
        self.run_on_store(answering).await?;
        receiver.await.map_err(|_| Unavailable)
    }

    /// Does something that takes a while on a thread that may block, so that no ping waits for it.
    pub async fn aside<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Unavailable> {
        let (sender, receiver) = oneshot::channel();
        let answering: Work = Box::new(move || {
            // Whoever asked may have gone in between.
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
