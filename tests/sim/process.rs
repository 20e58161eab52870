//! The real writer, whose turns are taken on a clock of the simulation's own.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use punctual::clock::{Clock, Hands};
use punctual::core::time::Time;
use punctual::store::Store;
use punctual::store::live::Live;
use punctual::store::sqlite::SqliteStore;
use punctual::store::writer::{QueueLimits, Turns, Wakes, Writer};

use crate::fate::Fate;
use crate::hand::{Grip, Hand};

/// In every other world more of what stood aside returns at once than a call takes.
pub(crate) fn returns_in_pieces(database_id: u64) -> bool {
    database_id.is_multiple_of(2)
}

/// A process that lives.
pub(crate) struct Process {
    pub(crate) writer: Arc<Writer>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) live: Arc<Live>,
    turns: Turns,
    /// Until then the writer does nothing: it hangs, or waits after a failure.
    pub(crate) held_up_until: Time,
}

impl Process {
    pub(crate) fn open(folder: &Path, database_id: u64, catch_up: usize, grip: &Grip) -> Hand {
        grip.revive();
        let mut store = SqliteStore::open_with(folder, database_id).expect("the folder can be opened");
        store.set_catch_up(catch_up);
        if returns_in_pieces(database_id) {
            store.set_pieces(3, 2);
        }
        Hand::new(store, grip.clone())
    }

    pub(crate) fn clock(hands: &Arc<Hands>) -> Arc<Clock> {
        Arc::new(Clock::with_hands(hands.clone()))
    }

    pub(crate) fn run(hand: Hand, clock: Arc<Clock>, limits: QueueLimits) -> Process {
        let live = hand.live();
        let (writer, turns) = Writer::without_thread(Box::new(hand), clock.clone(), limits, |_| {});
        Process { writer: Arc::new(writer), clock, live, turns, held_up_until: Time::MIN }
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.writer.is_healthy()
    }

    /// What the writer said last.
    pub(crate) fn wakes(&self) -> Wakes {
        *self.writer.wakes().borrow()
    }

    pub(crate) fn may_turn(&self, now: Time) -> bool {
        self.held_up_until <= now
    }

    /// A turn, and those of all orders that wait. After one that could not be stored the writer waits.
    pub(crate) fn turn(&mut self, tries_again_at: Time) {
        assert!(self.turns.step(), "nobody stops it");
        while self.is_healthy() && self.turns.has_waiting() {
            assert!(self.turns.step(), "nobody stops it");
        }
        if !self.is_healthy() {
            self.held_up_until = tries_again_at;
        }
    }

    /// Stores all that is queued, and ends.
    pub(crate) fn stop(&mut self) {
        self.writer.stop();
        while self.turns.step() {}
    }

    /// Queues a call.
    pub(crate) fn ask<R: Send + 'static>(
        &self,
        grip: &Grip,
        fate: Fate,
        act: impl FnOnce(&mut dyn Store, Time) -> R + Send + 'static,
    ) -> Asked<R> {
        let (writer, grip) = (self.writer.clone(), grip.clone());
        let call = move |store: &mut dyn Store, at| {
            grip.enter(fate);
            let answer = act(store, at);
            Done { answer, commits: grip.leave(), at }
        };
        let mut asked = Asked(Box::pin(async move { writer.call(call).await }));
        assert!(asked.answer().is_none(), "it waits for its turn");
        asked
    }
}

/// A call that waits for its turn.
pub(crate) struct Asked<R>(Pin<Box<dyn Future<Output = Done<R>>>>);

impl<R> Asked<R> {
    /// Once.
    pub(crate) fn answer(&mut self) -> Option<Done<R>> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }
}

/// What a call came to, how many transactions it committed, and its time.
pub(crate) struct Done<R> {
    pub(crate) answer: R,
    pub(crate) commits: u32,
    pub(crate) at: Time,
}
