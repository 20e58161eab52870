//! The one thread that writes: it owns the store, commits pings in groups, and answers them once they are durable.
//!
//! Everything that changes the store comes through its queue, in the order of arrival (1.2): pings, and calls for all the
//! rest. The queue is bounded; what does not fit, or cannot be stored, is refused at once and said so to the check (9.1).

mod life;
mod queue;

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use self::life::say_goodbye;
pub use self::life::watch_over;
use self::queue::{Item, Queue, Refusals, Shared, Waiting, bytes_of};
use super::live::Live;
use super::{Applied, Entry, PingFact, Store, StoreError, What};
use crate::clock::{Clock, Stopwatch};
use crate::core::check::CheckId;
use crate::core::time::{Span, Time};

/// How often a sign of life is stored (9.1), and how often a failing store is tried again.
const SIGN_OF_LIFE_EVERY: Span = Span::secs(1);

/// How often the log says that nothing can be stored.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// Bounds of the writer's queue (15.3).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Pings that wait.
    pub max_queued: usize,
    /// Bytes of the bodies and comments that wait.
    pub max_queued_bytes: usize,
    /// Pings in one transaction.
    pub max_batch: usize,
    /// The least time between two commits while pings keep coming; an idle writer does not wait. Longer means fewer syncs,
    /// and that more connections wait for an answer instead of asking: of 0, 0.25, 0.5, 1 and 2 ms, a quarter and a half
    /// took the most pings (`benches/throughput`).
    pub pace: Duration,
    /// Checks that are remembered as refused in one turn: to tell each costs as much as a ping, and beyond these it is
    /// told to all.
    pub max_refused: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_queued: 65_536,
            max_queued_bytes: 64 << 20,
            max_batch: 2_048,
            pace: Duration::from_micros(500),
            max_refused: 1_000,
        }
    }
}

/// The ping cannot be taken now: the queue is full, the store fails, or the server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pings cannot be stored now")]
pub struct Overloaded;

/// What became of a ping, once it is durable.
pub type Answer = oneshot::Receiver<Result<Applied, StoreError>>;

/// When there is something to do next, after the last commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wakes {
    /// The earliest deadline.
    pub deadline: Option<Time>,
    /// When a message may leave.
    pub claim: Option<Time>,
    /// Flips since the start.
    pub flips: u64,
}

/// Something to do on the writer's thread, with the time of its place in the queue.
pub type Call = Box<dyn FnOnce(&mut dyn Store, Time) + Send>;

/// The way to the writer's thread. Ends it when dropped, with all that is queued stored.
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
    /// Starts the thread. `on_commit` hears of each ping how long after its entry into the queue it was committed.
    pub fn start(
        store: Box<dyn Store>,
        clock: Arc<Clock>,
        limits: Limits,
        on_commit: impl Fn(Duration) + Send + 'static,
    ) -> std::io::Result<Writer> {
        let shared = Arc::new(Shared { limits, clock, queue: Mutex::default(), filled: Condvar::new() });
        let (sender, wakes) = watch::channel(wakes_of(&*store));
        let live = store.live();
        let mut turns = Turns {
            store,
            shared: shared.clone(),
            wakes: sender,
            on_commit: Box::new(on_commit),
            last_life: None,
            refused_to: None,
            complained: None,
            spare: VecDeque::new(),
        };
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
            // Without this thread nothing is stored or judged any more: better gone, and seen to be, than deaf.
            let _abort = AbortOnPanic;
            turns.run();
        })?;
        Ok(Writer { shared, live, wakes, thread: Mutex::new(Some(thread)) })
    }

    /// Queues a ping; what became of it is answered when it is durable.
    pub fn ping(&self, check: CheckId, fact: PingFact) -> Result<Answer, Overloaded> {
        let bytes = bytes_of(&fact);
        let limits = &self.shared.limits;
        let mut queue = self.shared.queue();
        // 1.2: read under the queue's lock, so that the queue's order is that of the times.
        let at = self.shared.clock.now();
        let full = queue.pings >= limits.max_queued || queue.bytes + bytes > limits.max_queued_bytes;
        if full || queue.failing || queue.stopping {
            queue.refused.note(check, at, limits.max_refused);
            return Err(Overloaded);
        }
        let (answer, receiver) = oneshot::channel();
        let waiting = Waiting { answer, since: Stopwatch::start() };
        queue.items.push_back(Item::Ping { entry: Entry { check, at, what: What::Ping(fact) }, waiting });
        queue.pings += 1;
        queue.bytes += bytes;
        let idle = std::mem::take(&mut queue.idle);
        drop(queue);
        if idle {
            self.shared.filled.notify_one();
        }
        Ok(receiver)
    }

    /// A request was refused before it was read: it may have been a ping of any check (9.1).
    pub fn refuse_unread(&self) {
        let mut queue = self.shared.queue();
        let at = self.shared.clock.now();
        queue.refused.note_unread(at);
    }

    /// The listeners close: from now on we are deaf. No later sign of life is stored and nothing is judged beyond this
    /// moment; what still comes is stored as of it (9.1).
    pub fn close(&self) {
        let mut queue = self.shared.queue();
        let at = self.shared.clock.now();
        queue.closed_at.get_or_insert(at);
    }

    /// Runs something on the writer's thread, after what is queued already; not at all if nobody waits for the answer any
    /// more when its turn comes. Never answers once the writer has ended: whoever still asks then is about to end as well.
    pub async fn call<R: Send + 'static>(
        &self,
        call: impl FnOnce(&mut dyn Store, Time) -> R + Send + 'static,
    ) -> R {
        let (sender, receiver) = oneshot::channel();
        let call: Call = Box::new(move |store, now| {
            // Whoever was told that it took too long must not find it done later.
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

    /// Queues something without waiting for it. 1.2: a call's time is that of its place in the queue, so that it judges
    /// nothing past a ping that came before it.
    pub fn queue_call(&self, call: Call) {
        let mut queue = self.shared.queue();
        let at = self.shared.clock.now();
        queue.items.push_back(Item::Call { call, at });
        drop(queue);
        self.shared.filled.notify_one();
    }

    /// Hears when there is something to do next.
    pub fn wakes(&self) -> watch::Receiver<Wakes> {
        self.wakes.clone()
    }

    /// 1.5: up to when all that came is stored and seen by readers, who judge at this time. To be asked before they look
    /// at states. Now while nothing waits and the store takes writes; it stands still while it does not, and while the
    /// clock is doubted.
    pub fn applied_to(&self) -> Time {
        let last_life = self.live.totals.last_sign_of_life();
        self.shared.applied_to(last_life.unwrap_or(Time::MIN))
    }

    /// Whether the last turn was stored.
    pub fn is_healthy(&self) -> bool {
        !self.shared.queue().failing
    }

    /// Stores all that is queued, takes nothing more, and ends the thread. Blocks until then.
    pub fn stop(&self) {
        self.shared.queue().stopping = true;
        self.shared.filled.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the thread aborts the program before it could be seen here.
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

/// The thread's own: nothing else touches the store.
struct Turns {
    store: Box<dyn Store>,
    shared: Arc<Shared>,
    wakes: watch::Sender<Wakes>,
    on_commit: Box<dyn Fn(Duration) + Send>,
    last_life: Option<Time>,
    /// Until when what was refused unread is stored as blind.
    refused_to: Option<Time>,
    /// When the log last said that nothing can be stored, and whether it said since that it can.
    complained: Option<(Stopwatch, bool)>,
    /// The queue's other room, empty: it is filled while this turn's items are stored.
    spare: VecDeque<Item>,
}

impl Turns {
    fn run(&mut self) {
        let mut since_commit = Stopwatch::start();
        loop {
            let Some((items, refused)) = self.wait(&since_commit) else {
                return say_goodbye(&mut *self.store, &self.shared);
            };
            let stored = self.turn(items, refused);
            since_commit = Stopwatch::start();
            let mut queue = self.shared.queue();
            (queue.failing, queue.turn_from) = (!stored, None);
            drop(queue);
            if stored && let Some((_, is_over @ false)) = &mut self.complained {
                tracing::info!("pings can be stored again");
                *is_over = true;
            }
            self.publish();
        }
    }

    /// The next items, or none when it is time for a sign of life; `None` once there is nothing left before a stop.
    fn wait(&mut self, since_commit: &Stopwatch) -> Option<(VecDeque<Item>, Refusals)> {
        let until_life = Duration::from_millis(SIGN_OF_LIFE_EVERY.as_ms().unsigned_abs());
        let mut queue = self.shared.queue();
        // A store that fails is tried again once a second, whatever waits for it.
        let is_idle = |queue: &mut Queue| {
            queue.idle = (queue.items.is_empty() || queue.failing) && !queue.stopping;
            queue.idle
        };
        if is_idle(&mut queue) {
            let waited = self.shared.filled.wait_timeout_while(queue, until_life, is_idle);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            queue.idle = false;
        }
        let early = self.shared.limits.pace.saturating_sub(since_commit.took());
        if !queue.items.is_empty() && !early.is_zero() && !queue.stopping {
            // More will have come by then, and one sync serves them all.
            drop(queue);
            std::thread::sleep(early);
            queue = self.shared.queue();
        }
        // What was refused is told before the end; where nothing can be stored, that neither.
        if queue.items.is_empty() && queue.stopping && (queue.refused.is_empty() || queue.failing) {
            return None;
        }
        queue.pings = 0;
        queue.bytes = 0;
        let from = queue.items.front().map_or_else(|| self.shared.clock.now(), Item::at);
        queue.turn_from = Some(queue.refused_since().map_or(from, |since| since.min(from)));
        let items = std::mem::replace(&mut queue.items, std::mem::take(&mut self.spare));
        Some((items, std::mem::take(&mut queue.refused)))
    }

    /// One turn: our own absence first, then what was refused, then the items in their order. False if something could
    /// not be stored; what comes after it is put off.
    fn turn(&mut self, mut items: VecDeque<Item>, refused: Refusals) -> bool {
        let now = self.shared.now();
        // A call may have set the clock back, in the turn before or in this one, and nothing comes from the future (1.1).
        let mut latest = now;
        // Not past what waits: a refusal is told at the time of the first item, if there is one.
        let first = items.front().map_or(now, Item::at).min(now);
        if let Err(error) = self.show_life(now, &refused, first) {
            self.complain(&error);
            self.last_life = None;
            self.put_off(items, refused);
            return false;
        }
        let expected = items.len().min(self.shared.limits.max_batch);
        let mut batch = Vec::with_capacity(expected);
        let mut answers = Vec::with_capacity(expected);
        while let Some(item) = items.pop_front() {
            let stored = match item {
                Item::Ping { mut entry, waiting } => {
                    entry.at = entry.at.min(latest);
                    batch.push(entry);
                    answers.push(waiting);
                    batch.len() < self.shared.limits.max_batch || self.commit(&mut batch, &mut answers)
                }
                Item::Call { call, at } => {
                    let stored = self.commit(&mut batch, &mut answers);
                    if stored {
                        call(&mut *self.store, at.min(latest));
                        latest = self.shared.now();
                    } else {
                        items.push_front(Item::Call { call, at });
                    }
                    stored
                }
            };
            if !stored {
                self.put_off(items, Refusals::default());
                return false;
            }
        }
        // A turn of an extraordinary length does not keep its memory.
        items.shrink_to(self.shared.limits.max_batch);
        self.spare = items;
        self.commit(&mut batch, &mut answers)
    }

    /// What could not be stored, our own absence or a ping, is to be known before anything is judged (9.1). Pings are
    /// refused, and calls go to the end of the queue, behind pings that came since; at a stop they are given up, as if
    /// the program had ended before them.
    fn put_off(&self, items: VecDeque<Item>, refused: Refusals) {
        let mut queue = self.shared.queue();
        let at = self.shared.clock.now();
        queue.refused.put_back(refused, self.shared.limits.max_refused);
        for item in items {
            match item {
                Item::Ping { entry, waiting } => {
                    queue.refused.note(entry.check, entry.at, self.shared.limits.max_refused);
                    let _ = waiting.answer.send(Err(StoreError::Failed("nothing is stored now".to_owned())));
                }
                Item::Call { .. } if queue.stopping => {}
                Item::Call { call, .. } => queue.items.push_back(Item::Call { call, at }),
            }
        }
    }

    /// A store that goes on failing is tried again each second, and would fill the log.
    fn complain(&mut self, error: &StoreError) {
        if self.complained.is_none_or(|(last, _)| last.took() >= COMPLAIN_EVERY) {
            tracing::error!(%error, "nothing can be stored: pings are answered 503 until it can");
            self.complained = Some((Stopwatch::start(), false));
        }
    }

    /// Stores a batch of pings and answers them. An empty batch is stored.
    fn commit(&mut self, batch: &mut Vec<Entry>, answers: &mut Vec<Waiting>) -> bool {
        if batch.is_empty() {
            return true;
        }
        let entries = std::mem::take(batch);
        let answers = std::mem::take(answers);
        let checks: Vec<(CheckId, Time)> = entries.iter().map(|entry| (entry.check, entry.at)).collect();
        match self.store.apply(entries) {
            Ok(applied) => {
                assert_eq!(applied.len(), answers.len(), "one answer for each entry");
                let committed = Stopwatch::start();
                answers.iter().for_each(|waiting| (self.on_commit)(waiting.since.before(committed)));
                for (waiting, applied) in answers.into_iter().zip(applied) {
                    // A client that has gone away has still pinged.
                    let _ = waiting.answer.send(Ok(applied));
                }
                true
            }
            Err(error) => {
                self.complain(&error);
                let mut queue = self.shared.queue();
                for (check, at) in checks {
                    queue.refused.note(check, at, self.shared.limits.max_refused);
                }
                drop(queue);
                for waiting in answers {
                    let _ = waiting.answer.send(Err(StoreError::Failed(error.to_string())));
                }
                false
            }
        }
    }

    fn publish(&self) {
        let new = wakes_of(&*self.store);
        self.wakes.send_if_modified(|wakes| std::mem::replace(wakes, new) != new);
    }
}

fn wakes_of(store: &dyn Store) -> Wakes {
    let flips = store.live().totals.flips.load(std::sync::atomic::Ordering::Relaxed);
    Wakes { deadline: store.next_deadline(), claim: store.next_claim(), flips }
}
