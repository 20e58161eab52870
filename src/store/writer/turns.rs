//! The writer's turns. Its thread takes one after the other; the simulation takes them when its clock says so.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::apart::RefusalsApart;
use super::queue::{Queue, QueuedOrder, QueuedPing, Shared, UnstoredRefusals, WaitingPing};
use crate::clock::Stopwatch;
use crate::core::blind::Window;
use crate::core::refusals::Refused;
use crate::core::time::{Span, Time};
use crate::store::halves::{MOST_ALONE, apply_in_halves};
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

/// What a turn takes from the queue.
struct Taken {
    now: Time,
    pings: Vec<QueuedPing>,
    /// The time of the first ping that still waits: after a turn that was broken off there may be one.
    left: Option<Time>,
    refused: UnstoredRefusals,
    /// How many orders wait. Those that come later may be of a later time.
    orders: usize,
    /// The turn before could not be stored.
    was_failing: bool,
}

/// The writer's state. Nothing else touches the store.
pub struct Turns {
    pub(super) store: Box<dyn Store>,
    pub(super) shared: Arc<Shared>,
    wakes: watch::Sender<Wakes>,
    on_commit: OnCommit,
    pub(super) last_life: Option<Time>,
    /// When the last turn was taken, if it was stored: until then somebody has listened, though a sign of life may be of before,
    /// while pings that cannot be stored wait.
    pub(super) heard_to: Option<Time>,
    /// A time in which nobody was listening. Kept until it is over and logged.
    pub(super) absence: Option<Window>,
    pub(super) apart: RefusalsApart,
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
            heard_to: None,
            absence: None,
            apart: RefusalsApart::default(),
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

    /// Takes one turn: stores pings that wait and a sign of life, and carries out orders. Returns false once nothing is left
    /// before a stop.
    pub fn step(&mut self) -> bool {
        let Some(taken) = self.take() else {
            self.say_goodbye();
            return false;
        };
        let stored = self.turn(taken);
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

    /// Something waits for a turn.
    pub fn has_waiting(&self) -> bool {
        !self.shared.queue().is_empty()
    }

    /// Waits until there is something to do or it is time for a sign of life.
    fn wait(&self, since_commit: Stopwatch) {
        let until_life = Duration::from_millis(SIGN_OF_LIFE_EVERY.as_ms().unsigned_abs());
        let mut queue = self.shared.queue();
        // A failing store is tried again once a second, whatever waits for it.
        let is_idle = |queue: &mut Queue| {
            queue.idle = (queue.is_empty() || queue.failing) && !queue.stopping;
            queue.idle
        };
        if is_idle(&mut queue) {
            let waited = self.shared.filled.wait_timeout_while(queue, until_life, is_idle);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            queue.idle = false;
        }
        let early = self.shared.limits.pace.saturating_sub(since_commit.took());
        if !queue.pings.is_empty() && queue.orders.is_empty() && !early.is_zero() && !queue.stopping {
            // More pings will have come by then, and one sync serves them all.
            drop(queue);
            std::thread::sleep(early);
        }
    }

    /// Takes what the next turn is of; `None` once nothing is left before a stop.
    fn take(&mut self) -> Option<Taken> {
        let mut queue = self.shared.queue();
        // Refusals are stored before the end, unless nothing can be stored.
        if queue.is_empty() && queue.stopping && (queue.refused.is_empty() || queue.failing) {
            return None;
        }
        let now = self.shared.clock.now();
        let now = queue.closed_at.map_or(now, |closed| closed.min(now));
        // Where many cannot be stored, they are not taken and put back again and again.
        let most = if queue.broken_off > 0 { self.shared.limits.max_batch } else { usize::MAX };
        let pings = queue.take_pings(most);
        // An order may have set the clock back while they waited.
        let at = |ping: &QueuedPing| ping.entry.at.min(now);
        let (from, left) = (pings.first().map_or(now, at), queue.pings.front().map(at));
        queue.turn_from = Some(queue.refused_since().map_or(from, |since| since.min(from)));
        let (refused, orders) = (std::mem::take(&mut queue.refused), queue.orders.len());
        Some(Taken { now, pings, left, refused, orders, was_failing: queue.failing })
    }

    /// One turn: our own absence first, then refusals, then pings in their order, then orders. Returns false if
    /// something could not be stored; everything after it is put off. A sign of life vouches for waiting pings, so it
    /// comes after them, and is of a time before those that are left.
    fn turn(&mut self, taken: Taken) -> bool {
        let Taken { now, pings, mut left, mut refused, orders, was_failing } = taken;
        // A refusal is stored at the time of the first ping, if there is one, so that nothing is judged past that.
        let first = pings.first().map_or(now, |ping| ping.entry.at).min(now);
        if let Err(error) = self.tell_of_lacks(now, &mut refused, first) {
            self.give_up(&error);
            self.put_off(pings, refused);
            return false;
        }
        let mut pings_took = Duration::ZERO;
        if !pings.is_empty() {
            let storing = Stopwatch::start();
            match self.store_pings(pings, now) {
                Stored::All => {}
                Stored::Until(first_left) => left = Some(first_left),
                Stored::Nothing => return false,
            }
            pings_took = storing.took();
        }
        if let Err(error) = self.show_life(left.map_or(now, |left| left - Span::MS)) {
            self.give_up(&error);
            self.put_off(Vec::new(), UnstoredRefusals::default());
            return false;
        }
        self.heard_to = Some(now);
        // After a failure all that waits is carried out: the next ping may make the next one.
        let share = if was_failing { Duration::MAX } else { pings_took };
        self.carry_out_some(orders, left.unwrap_or(now), share);
        true
    }

    /// Stores pings in their order, as many together as may be.
    fn store_pings(&mut self, pings: Vec<QueuedPing>, now: Time) -> Stored {
        let mut pings = pings.into_iter();
        let mut alone = 0;
        while pings.len() > 0 && alone < MOST_ALONE {
            let mut batch = Batch::of(pings.by_ref().take(self.shared.limits.max_batch), now);
            let Some(stood_alone) = self.commit(&mut batch) else {
                self.put_off(pings.collect(), UnstoredRefusals::default());
                return Stored::Nothing;
            };
            alone += stood_alone;
            if !batch.entries.is_empty() {
                pings = batch.into_pings().chain(pings).collect::<Vec<_>>().into_iter();
            }
        }
        let Some(first_left) = pings.as_slice().first().map(|ping| ping.entry.at.min(now)) else {
            return Stored::All;
        };
        // The rest goes before what came since, in the next turn. Not for long does nobody hear that the server is alive, and
        // what is not about them goes on (9.1, 14.7).
        let mut queue = self.shared.queue();
        queue.put_back(pings);
        queue.broken_off = queue.pings.len();
        Stored::Until(first_left)
    }

    /// Carries out an order, and others until they have taken their share of the time, and so many at most. Whatever came
    /// before `at` is stored.
    fn carry_out_some(&mut self, most: usize, at: Time, share: Duration) {
        let began = Stopwatch::start();
        for _ in 0..most {
            let order = self.shared.queue().orders.pop_front();
            match order {
                Some(QueuedOrder::Command(command)) => command.run(&mut *self.store, at),
                Some(QueuedOrder::Call(call)) => call(&mut *self.store, at),
                None => return,
            }
            // Where it has set the clock back, this turn's time is not valid any more.
            if began.took() >= share || self.shared.now() < at {
                return;
            }
        }
    }

    /// No sign of life could be stored.
    fn give_up(&mut self, error: &StoreError) {
        self.complain(error);
        (self.last_life, self.heard_to) = (None, None);
    }

    /// Puts off: our absence, or a ping that could not be stored, must be known before anything is judged (9.1). All pings
    /// that wait are refused. Orders wait for a turn that is stored; at a stop they are dropped, as if the program had ended
    /// before them.
    fn put_off(&self, pings: Vec<QueuedPing>, refused: UnstoredRefusals) {
        let mut queue = self.shared.queue();
        queue.refused.put_back(refused, self.shared.limits.max_refused);
        let left = queue.take_pings(usize::MAX);
        for QueuedPing { entry, waiting } in pings.into_iter().chain(left) {
            queue.refused.note(entry.check, entry.at, self.shared.limits.max_refused);
            let _ = waiting.answer.send(Err(StoreError::Failed("nothing is stored now".to_owned())));
        }
        if queue.stopping {
            queue.orders.clear();
        }
    }

    /// Limits the log: a failing store is tried again each second.
    fn complain(&mut self, error: &StoreError) {
        if self.complained.is_none_or(|(last, _)| last.took() >= COMPLAIN_EVERY) {
            tracing::error!(%error, "nothing can be stored: pings are answered 503 until it can");
            self.complained = Some((Stopwatch::start(), false));
        }
    }

    /// Stores a batch of pings and answers them. One that cannot be stored is refused, and that is stored in its place: before
    /// anything that came after it is judged (9.1d). What is left of the batch, where many stand alone, waits for another turn.
    /// Answers how many stood alone; `None`: not all is stored, and what is not is refused.
    fn commit(&mut self, batch: &mut Batch) -> Option<usize> {
        let Turns { store, shared, on_commit, apart, .. } = self;
        let mut waiting = std::mem::take(&mut batch.answers).into_iter();
        let mut alone = 0;
        let heard = apply_in_halves(&mut **store, &batch.entries, &mut |store, some, done| match done {
            Ok(applied) => {
                let committed = Stopwatch::start();
                for (applied, waiting) in applied.into_iter().zip(waiting.by_ref().take(some.len())) {
                    on_commit(waiting.since.before(committed));
                    // The client may have gone away; its ping counts all the same.
                    let _ = waiting.answer.send(Ok(applied));
                }
                Ok(())
            }
            Err(error) => {
                alone += 1;
                let Entry { check, at, .. } = some[0];
                let told = apart.tell(store, &mut [(check, Refused::once(at))].into(), at, at);
                if told.is_err() {
                    shared.queue().refused.note(check, at, shared.limits.max_refused);
                }
                waiting.by_ref().take(1).for_each(|one| refuse(one, &error));
                told
            }
        });
        batch.answers = waiting.collect();
        let heard = match heard {
            Ok(heard) => heard,
            Err(error) => {
                self.complain(&error);
                let left = batch.entries.split_off(batch.entries.len() - batch.answers.len());
                let mut queue = self.shared.queue();
                for (entry, waiting) in left.iter().zip(batch.answers.drain(..)) {
                    queue.refused.note(entry.check, entry.at, self.shared.limits.max_refused);
                    refuse(waiting, &error);
                }
                batch.entries.clear();
                return None;
            }
        };
        batch.entries.drain(..heard);
        Some(alone)
    }

    fn publish(&self) {
        let new = wakes_of(&*self.store);
        self.wakes.send_if_modified(|wakes| std::mem::replace(wakes, new) != new);
    }
}

/// Pings that are stored together, and who waits for each.
struct Batch {
    entries: Vec<Entry>,
    answers: Vec<WaitingPing>,
}

impl Batch {
    /// None of them is of a time after `now`: an order may have set the clock back while they waited, and nothing comes from
    /// the future (1.1).
    fn of(pings: impl ExactSizeIterator<Item = QueuedPing>, now: Time) -> Batch {
        let (mut entries, mut answers) = (Vec::with_capacity(pings.len()), Vec::with_capacity(pings.len()));
        for QueuedPing { mut entry, waiting } in pings {
            entry.at = entry.at.min(now);
            entries.push(entry);
            answers.push(waiting);
        }
        Batch { entries, answers }
    }

    fn into_pings(self) -> impl DoubleEndedIterator<Item = QueuedPing> {
        self.entries.into_iter().zip(self.answers).map(|(entry, waiting)| QueuedPing { entry, waiting })
    }
}

/// What became of the pings of a turn.
enum Stored {
    /// All are stored, or refused for rows of their own.
    All,
    /// The first of those that wait again is of this time.
    Until(Time),
    /// Not all are, and those that are not are refused.
    Nothing,
}

fn refuse(waiting: WaitingPing, error: &StoreError) {
    let _ = waiting.answer.send(Err(StoreError::Failed(error.to_string())));
}

fn wakes_of(store: &dyn Store) -> Wakes {
    let flips = store.live().totals.flips.load(std::sync::atomic::Ordering::Relaxed);
    Wakes { deadline: store.next_deadline(), claim: store.next_claim(), flips }
}
