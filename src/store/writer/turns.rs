//! The writer's turns. Its thread takes one after the other; the simulation takes them when its clock says so.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::queue::{Queue, QueueItem, Shared, UnstoredRefusals, WaitingPing};
use crate::clock::Stopwatch;
use crate::core::blind::Window;
use crate::core::time::{Span, Time};
use crate::store::halves::apply_in_halves;
use crate::store::{Entry, Store, StoreError};

/// How often a sign of life is stored (9.1), and how often a failing store is tried again.
pub(super) const SIGN_OF_LIFE_EVERY: Span = Span::secs(1);

/// How often the log says that nothing can be stored.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// Called for each ping with the time from its entry into the queue to its commit.
type OnCommit = Box<dyn Fn(Duration) + Send>;

/// When there is something to do next, as of the last commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wakes {
    /// The earliest deadline.
    pub deadline: Option<Time>,
    /// When a message may be sent.
    pub claim: Option<Time>,
    /// Flips since the start.
    pub flips: u64,
}

/// The writer's state. Nothing else touches the store.
pub struct Turns {
    pub(super) store: Box<dyn Store>,
    pub(super) shared: Arc<Shared>,
    wakes: watch::Sender<Wakes>,
    on_commit: OnCommit,
    pub(super) last_life: Option<Time>,
    /// A time in which nobody was listening. Kept until it is over and logged.
    pub(super) absence: Option<Window>,
    /// When the log last said that nothing can be stored, and whether it has said since that storing works again.
    complained: Option<(Stopwatch, bool)>,
}

impl std::fmt::Debug for Turns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turns").finish_non_exhaustive()
    }
}

impl Turns {
    pub(super) fn new(
        store: Box<dyn Store>,
        shared: Arc<Shared>,
        on_commit: OnCommit,
    ) -> (Turns, watch::Receiver<Wakes>) {
        let (sender, wakes) = watch::channel(wakes_of(&*store));
        let turns = Turns {
            store,
            shared,
            wakes: sender,
            on_commit,
            last_life: None,
            absence: None,
            complained: None,
        };
        (turns, wakes)
    }

    pub(super) fn run(&mut self) {
        let mut since_commit = Stopwatch::start();
        loop {
            self.wait(since_commit);
            if !self.step() {
                return;
            }
            since_commit = Stopwatch::start();
        }
    }

    /// Takes one turn: stores what is queued and a sign of life. Returns false once nothing is left before a stop.
    pub fn step(&mut self) -> bool {
        let Some((now, items, refused)) = self.take() else {
            self.say_goodbye();
            return false;
        };
        let stored = self.turn(now, items, refused);
        let mut queue = self.shared.queue();
        (queue.failing, queue.turn_from) = (!stored, None);
        drop(queue);
        if stored && let Some((_, is_over @ false)) = &mut self.complained {
            tracing::info!("pings can be stored again");
            *is_over = true;
        }
        self.publish();
        true
    }

    /// Waits until there is something to do or it is time for a sign of life.
    fn wait(&self, since_commit: Stopwatch) {
        let until_life = Duration::from_millis(SIGN_OF_LIFE_EVERY.as_ms().unsigned_abs());
        let mut queue = self.shared.queue();
        // A failing store is tried again once a second, whatever waits for it.
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
            // More pings will have come by then, and one sync serves them all.
            drop(queue);
            std::thread::sleep(early);
        }
    }

    /// Takes everything that waits, and the time until which that is all; `None` once nothing is left before a stop.
    fn take(&mut self) -> Option<(Time, VecDeque<QueueItem>, UnstoredRefusals)> {
        let mut queue = self.shared.queue();
        // Refusals are stored before the end, unless nothing can be stored.
        if queue.items.is_empty() && queue.stopping && (queue.refused.is_empty() || queue.failing) {
            return None;
        }
        queue.pings = 0;
        queue.bytes = 0;
        let now = self.shared.clock.now();
        let now = queue.closed_at.map_or(now, |closed| closed.min(now));
        let from = queue.items.front().map_or(now, QueueItem::at);
        queue.turn_from = Some(queue.refused_since().map_or(from, |since| since.min(from)));
        let items = std::mem::take(&mut queue.items);
        Some((now, items, std::mem::take(&mut queue.refused)))
    }

    /// One turn: our own absence first, then refusals, then the items in their order. Returns false if something could
    /// not be stored; everything after it is put off. A sign of life vouches for waiting pings, so it comes after them.
    fn turn(&mut self, now: Time, mut items: VecDeque<QueueItem>, refused: UnstoredRefusals) -> bool {
        let pings_wait = items.iter().any(QueueItem::is_ping);
        // A call may have set the clock back, now or in the turn before, and no item may come from the future (1.1).
        let mut latest = now;
        // A refusal is stored at the time of the first item, if there is one, so that nothing is judged past that item.
        let first = items.front().map_or(now, QueueItem::at).min(now);
        let told = self.tell_of_lacks(now, &refused, first);
        let told = told.and_then(|()| if pings_wait { Ok(()) } else { self.show_life(now) });
        if let Err(error) = told {
            self.give_up(&error);
            self.put_off(items, refused);
            return false;
        }
        let expected = items.len().min(self.shared.limits.max_batch);
        let mut batch = Vec::with_capacity(expected);
        let mut answers = Vec::with_capacity(expected);
        while let Some(item) = items.pop_front() {
            let stored = match item {
                QueueItem::Ping { mut entry, waiting } => {
                    entry.at = entry.at.min(latest);
                    batch.push(entry);
                    answers.push(waiting);
                    batch.len() < self.shared.limits.max_batch || self.commit(&mut batch, &mut answers)
                }
                other => {
                    let stored = self.commit(&mut batch, &mut answers);
                    if stored {
                        self.carry_out(other, latest);
                        latest = self.shared.now();
                    } else {
                        items.push_front(other);
                    }
                    stored
                }
            };
            if !stored {
                self.put_off(items, UnstoredRefusals::default());
                return false;
            }
        }
        let is_stored = self.commit(&mut batch, &mut answers);
        // Not if a call has set the clock back: then `now` is no longer valid.
        if !is_stored || !pings_wait || latest < now {
            return is_stored;
        }
        let shown = self.show_life(now);
        shown.inspect_err(|error| self.give_up(error)).is_ok()
    }

    /// Carries out what is no ping.
    fn carry_out(&mut self, item: QueueItem, latest: Time) {
        let at = item.at().min(latest);
        match item {
            QueueItem::Ping { .. } => unreachable!("pings are committed in groups"),
            QueueItem::Command { command, .. } => command.run(&mut *self.store, at),
            QueueItem::Call { call, .. } => call(&mut *self.store, at),
        }
    }

    /// No sign of life could be stored.
    fn give_up(&mut self, error: &StoreError) {
        self.complain(error);
        self.last_life = None;
    }

    /// Puts items off: our absence, or a ping that could not be stored, must be known before anything is judged (9.1).
    /// Pings are refused. Calls go to the end of the queue, behind pings that came since. At a stop calls are dropped,
    /// as if the program had ended before them.
    fn put_off(&self, items: VecDeque<QueueItem>, refused: UnstoredRefusals) {
        let mut queue = self.shared.queue();
        let at = self.shared.clock.now();
        queue.refused.put_back(refused, self.shared.limits.max_refused);
        for item in items {
            match item {
                QueueItem::Ping { entry, waiting } => {
                    queue.refused.note(entry.check, entry.at, self.shared.limits.max_refused);
                    let _ = waiting.answer.send(Err(StoreError::Failed("nothing is stored now".to_owned())));
                }
                _ if queue.stopping => {}
                QueueItem::Command { command, .. } => {
                    queue.items.push_back(QueueItem::Command { command, at });
                }
                QueueItem::Call { call, .. } => queue.items.push_back(QueueItem::Call { call, at }),
            }
        }
    }

    /// Limits the log: a failing store is tried again each second.
    fn complain(&mut self, error: &StoreError) {
        if self.complained.is_none_or(|(last, _)| last.took() >= COMPLAIN_EVERY) {
            tracing::error!(%error, "nothing can be stored: pings are answered 503 until it can");
            self.complained = Some((Stopwatch::start(), false));
        }
    }

    /// Stores a batch of pings and answers them. An empty batch counts as stored.
    fn commit(&mut self, batch: &mut Vec<Entry>, answers: &mut Vec<WaitingPing>) -> bool {
        if batch.is_empty() {
            return true;
        }
        let entries = std::mem::take(batch);
        let mut waiting = entries.iter().zip(std::mem::take(answers));
        let Turns { store, shared, on_commit, .. } = self;
        let refuse = |(entry, waiting): (&Entry, WaitingPing), error: &StoreError| {
            shared.queue().refused.note(entry.check, entry.at, shared.limits.max_refused);
            let _ = waiting.answer.send(Err(StoreError::Failed(error.to_string())));
        };
        let stored = apply_in_halves(&mut **store, &entries, &mut |done| match done {
            Ok(applied) => {
                let committed = Stopwatch::start();
                for applied in applied {
                    let (_, waiting) = waiting.next().expect("one answer for each entry");
                    on_commit(waiting.since.before(committed));
                    // The client may have gone away; its ping counts all the same.
                    let _ = waiting.answer.send(Ok(applied));
                }
            }
            Err(error) => waiting.by_ref().take(1).for_each(|one| refuse(one, &error)),
        });
        if let Err(error) = &stored {
            waiting.for_each(|one| refuse(one, error));
            self.complain(error);
        }
        stored.is_ok()
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
