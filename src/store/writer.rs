//! The writer: the one thread that owns the store. It commits pings in groups and answers them once they are durable.
//!
//! Everything that changes the store comes through its queue (1.2): pings, commands of people and programs, and calls of
//! the engine. A turn takes the pings that wait and then one of the others, or several until they took as long as the pings:
//! neither keeps the other waiting. The queue is bounded. A ping that does not fit, or cannot be stored, is refused at once,
//! and that makes its check blind (9.1).

mod apart;
mod life;
mod queue;
mod turns;

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

pub use self::queue::{Call, QueueLimits};
use self::queue::{QueuedOrder, QueuedPing, Shared, WaitingPing, bytes_of};
#[doc(hidden)]
pub use self::turns::Turns;
pub use self::turns::Wakes;
use super::command::StoreCommand;
use super::live::Live;
use super::{Applied, Entry, PingFact, ResultFact, Store, StoreError, What};
use crate::clock::{Clock, Stopwatch};
use crate::core::check::CheckId;
use crate::core::time::Time;

/// The ping cannot be taken now: the queue is full, the store fails, or the server is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pings cannot be stored now")]
pub struct Overloaded;

/// The outcome of a ping, or of a result, once it is durable.
pub type PingAnswer = oneshot::Receiver<Result<Applied, StoreError>>;

/// The handle to the writer's thread. Dropping it stores everything that is queued and ends the thread.
pub struct Writer {
    shared: Arc<Shared>,
    live: Arc<Live>,
    wakes: watch::Receiver<Wakes>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the thread. `on_commit` gets, for each ping, the time from its entry into the queue to its commit.
    pub fn start(
        store: Box<dyn Store>,
        clock: Arc<Clock>,
        limits: QueueLimits,
        on_commit: impl Fn(Duration) + Send + 'static,
    ) -> std::io::Result<Writer> {
        let (mut writer, mut turns) = Writer::without_thread(store, clock, limits, on_commit);
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
            // Without this thread nothing is stored or judged: abort the process visibly instead of going on deaf.
            let _abort = AbortOnPanic;
            turns.run();
        })?;
        writer.thread = Mutex::new(Some(thread));
        Ok(writer)
    }

    /// A writer whose turns the caller takes.
    #[doc(hidden)]
    pub fn without_thread(
        store: Box<dyn Store>,
        clock: Arc<Clock>,
        limits: QueueLimits,
        on_commit: impl Fn(Duration) + Send + 'static,
    ) -> (Writer, Turns) {
        let shared = Arc::new(Shared { limits, clock, queue: Mutex::default(), filled: Condvar::new() });
        let live = store.live();
        let (turns, wakes) = Turns::new(store, shared.clone(), Box::new(on_commit));
        (Writer { shared, live, wakes, thread: Mutex::default() }, turns)
    }

    /// Queues a ping. Its outcome is sent when it is durable.
    pub fn ping(&self, check: CheckId, fact: PingFact) -> Result<PingAnswer, Overloaded> {
        self.queue_fact(check, What::Ping(fact))
    }

    /// Queues a result, as a ping (17.1).
    pub fn report(&self, check: CheckId, fact: ResultFact) -> Result<PingAnswer, Overloaded> {
        self.queue_fact(check, What::Result(fact))
    }

    fn queue_fact(&self, check: CheckId, what: What) -> Result<PingAnswer, Overloaded> {
        let bytes = bytes_of(&what);
        let limits = &self.shared.limits;
        let mut queue = self.shared.queue();
        // 1.2: read under the queue's lock, so that the queue's order is that of the times.
        let at = self.shared.clock.now();
        let full = queue.pings.len() >= limits.max_queued || queue.bytes + bytes > limits.max_queued_bytes;
        if full || queue.failing || queue.stopping {
            queue.refused.note(check, at, limits.max_refused);
            return Err(Overloaded);
        }
        let (answer, receiver) = oneshot::channel();
        let waiting = WaitingPing { answer, since: Stopwatch::start() };
        queue.pings.push_back(QueuedPing { entry: Entry { check, at, what }, waiting });
        queue.bytes += bytes;
        let idle = std::mem::take(&mut queue.idle);
        drop(queue);
        if idle {
            self.shared.filled.notify_one();
        }
        Ok(receiver)
    }

    /// Notes that something of this check was refused that had not come to the queue (9.1).
    pub fn refuse(&self, check: CheckId) {
        let mut queue = self.shared.queue();
        let at = self.shared.clock.now();
        queue.refused.note(check, at, self.shared.limits.max_refused);
    }

    /// Notes that a request was refused before it was read. It may have been a ping of any check (9.1).
    pub fn refuse_unread(&self) {
        let mut queue = self.shared.queue();
        let at = self.shared.clock.now();
        queue.refused.note_unread(at);
    }

    /// The listeners are closed: from now on we are deaf. No later sign of life is stored, nothing is judged beyond
    /// this moment, and what still arrives is stored with this time (9.1).
    pub fn close(&self) {
        let mut queue = self.shared.queue();
        let at = self.shared.clock.now();
        queue.closed_at.get_or_insert(at);
    }

    /// Runs a call on the writer's thread, after the pings and orders that are already queued, at the time of its turn. It is
    /// not run if the caller no longer waits when its turn comes. Never returns once the writer has ended: its callers then
    /// end too.
    pub async fn call<R: Send + 'static>(
        &self,
        call: impl FnOnce(&mut dyn Store, Time) -> R + Send + 'static,
    ) -> R {
        let (sender, receiver) = oneshot::channel();
        let call: Call = Box::new(move |store, now| {
            // A caller who was told that it took too long must not find it done later.
            if !sender.is_closed() {
                let _ = sender.send(call(store, now));
            }
        });
        self.queue_call(call);
        match receiver.await {
            Ok(answer) => answer,
            Err(_) => std::future::pending().await,
        }
    }

    /// Queues a command; whoever waits for its answer hears of it.
    pub fn queue_command(&self, command: StoreCommand) {
        self.queue(QueuedOrder::Command(Box::new(command)));
    }

    /// Queues a call without waiting for it. 1.2: its time is that of its turn, and whatever pings came before that are stored,
    /// so that it does not judge past one of them.
    pub fn queue_call(&self, call: Call) {
        self.queue(QueuedOrder::Call(call));
    }

    fn queue(&self, order: QueuedOrder) {
        self.shared.queue().orders.push_back(order);
        self.shared.filled.notify_one();
    }

    /// Tells when there is something to do next.
    pub fn wakes(&self) -> watch::Receiver<Wakes> {
        self.wakes.clone()
    }

    /// 1.5: the time up to which everything that came is stored and visible to readers, who judge at this time. Call it
    /// before looking at states. It is the current time while nothing waits and the store takes writes. It stands still
    /// while the store fails or the clock is doubted.
    pub fn applied_to(&self) -> Time {
        let last_life = self.live.totals.last_sign_of_life();
        self.shared.applied_to(last_life.unwrap_or(Time::MIN))
    }

    /// Whether the last turn was stored.
    pub fn is_healthy(&self) -> bool {
        !self.shared.queue().failing
    }

    /// Stores everything that is queued, refuses new pings, and ends the thread. Blocks until then.
    pub fn stop(&self) {
        self.shared.queue().stopping = true;
        self.shared.filled.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the thread aborts the process before it could be seen here.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the writer's thread ended by a bug: aborting, so that somebody notices");
            std::process::abort();
        }
    }
}
