//! The writer's queue: pings in the order of arrival, and bounded (15.3); orders in theirs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::clock::{Clock, Stopwatch};
use crate::core::blind::Window;
use crate::core::check::CheckId;
use crate::core::refusals::Refused;
use crate::core::time::{Span, Time};
use crate::store::command::StoreCommand;
use crate::store::{Applied, Entry, PingFact, ResultFact, Store, StoreError, What};

/// Without a sign of life for longer than this, readers no longer judge now (1.5). One is due each second, and after ten
/// (9.1) all that came since the last is blind: whoever judged until then would have to take back what he said.
const SILENCE: Span = Span::secs(5);

/// Bounds of the writer's queue (15.3).
#[derive(Clone, Copy, Debug)]
pub struct QueueLimits {
    /// The most waiting pings.
    pub max_queued: usize,
    /// The most bytes of waiting bodies and comments.
    pub max_queued_bytes: usize,
    /// The most pings in one transaction.
    pub max_batch: usize,
    /// The shortest time between two commits while pings keep coming; an idle writer does not wait. A longer pace means
    /// fewer syncs, but also that more connections wait for an answer instead of sending. Of 0, `0.25`, `0.5`, 1 and 2
    /// ms, `0.25` and `0.5` took the most pings (`benches/throughput.rs`).
    pub pace: Duration,
    /// The most checks whose refusals are remembered one by one in a turn. Storing each costs as much as a ping, so
    /// beyond these a refusal counts for all checks.
    pub max_refused: usize,
}

impl Default for QueueLimits {
    fn default() -> QueueLimits {
        QueueLimits {
            max_queued: 65_536,
            max_queued_bytes: 64 << 20,
            max_batch: 2_048,
            pace: Duration::from_micros(500),
            max_refused: 1_000,
        }
    }
}

/// What the server does by itself on the writer's thread, with the time of its turn: the engine's plain functions over a
/// store. What people and programs have it do is a [`StoreCommand`].
pub type Call = Box<dyn FnOnce(&mut dyn Store, Time) + Send>;

/// What waits for a turn of its own and is no ping.
pub(super) enum QueuedOrder {
    Command(Box<StoreCommand>),
    Call(Call),
}

/// A ping that waits.
pub(super) struct QueuedPing {
    pub(super) entry: Entry,
    pub(super) waiting: WaitingPing,
}

impl QueuedPing {
    fn bytes(&self) -> usize {
        bytes_of(&self.entry.what)
    }
}

/// A client that waits for a ping's commit, and since when.
pub(super) struct WaitingPing {
    pub(super) answer: oneshot::Sender<Result<Applied, StoreError>>,
    pub(super) since: Stopwatch,
}

/// Everything that waits, and what others need to know of the writer.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) pings: VecDeque<QueuedPing>,
    /// The size of the pings.
    pub(super) bytes: usize,
    pub(super) orders: VecDeque<QueuedOrder>,
    /// Refusals since the last turn.
    pub(super) refused: UnstoredRefusals,
    /// The oldest time that the running turn has not stored yet; `None` if no turn is running.
    pub(super) turn_from: Option<Time>,
    /// A turn met so many pings that cannot be stored that it left others: so many of the first are still such.
    pub(super) broken_off: usize,
    /// The last turn could not be stored. Pings are refused until one can.
    pub(super) failing: bool,
    /// When the listeners were closed. We are deaf to what comes after it (9.1).
    pub(super) closed_at: Option<Time>,
    pub(super) stopping: bool,
    /// The writer is waiting and must be woken. Most pings can skip that system call.
    pub(super) idle: bool,
}

/// Shared by the writer's thread and all others.
pub(super) struct Shared {
    pub(super) limits: QueueLimits,
    pub(super) clock: Arc<Clock>,
    pub(super) queue: Mutex<Queue>,
    pub(super) filled: Condvar,
}

impl Shared {
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current time, or the time at which the listeners were closed (9.1).
    pub(super) fn now(&self) -> Time {
        let now = self.clock.now();
        self.queue().closed_at.map_or(now, |closed| closed.min(now))
    }

    /// 1.5: the time up to which everything that came is stored. `last_life` is the last durable sign of life.
    pub(super) fn applied_to(&self, last_life: Time) -> Time {
        let queue = self.queue();
        let now = self.clock.now();
        let is_silent = queue.failing || now - last_life > SILENCE || !self.clock.is_trusted();
        let up_to = if is_silent { now.min(last_life) } else { now };
        // An order has the time of its turn, so that nobody's judgement before that is of its time.
        let first = queue.pings.front().map(|ping| ping.entry.at);
        [first, queue.turn_from, queue.refused_since(), queue.closed_at]
            .into_iter()
            .flatten()
            .fold(up_to, Time::min)
    }
}

impl Queue {
    /// Nothing waits for a turn.
    pub(super) fn is_empty(&self) -> bool {
        self.pings.is_empty() && self.orders.is_empty()
    }

    /// The first pings, so many at most.
    pub(super) fn take_pings(&mut self, most: usize) -> Vec<QueuedPing> {
        let taken: Vec<QueuedPing> = self.pings.drain(..most.min(self.pings.len())).collect();
        self.bytes -= taken.iter().map(QueuedPing::bytes).sum::<usize>();
        self.broken_off = self.broken_off.saturating_sub(taken.len());
        taken
    }

    /// Puts pings back that were taken and not looked at: before those that came since.
    pub(super) fn put_back(&mut self, pings: impl DoubleEndedIterator<Item = QueuedPing>) {
        for ping in pings.rev() {
            self.bytes += ping.bytes();
            self.pings.push_front(ping);
        }
    }

    /// The time of the oldest refusal that is not stored yet.
    pub(super) fn refused_since(&self) -> Option<Time> {
        self.refused.since
    }
}

/// Refusals that are not stored yet (9.1).
#[derive(Debug, Default)]
pub(super) struct UnstoredRefusals {
    /// By check, as one stretch each. Sorted, so that a simulation can be repeated.
    pub(super) checks: BTreeMap<CheckId, Refused>,
    /// Refusals of unknown checks, from the first to the last.
    pub(super) unread: Option<Window>,
    /// When the oldest of them came.
    pub(super) since: Option<Time>,
}

impl UnstoredRefusals {
    /// Notes a refused ping of this check. With too many checks to remember, it counts as one of an unknown check.
    pub(super) fn note(&mut self, check: CheckId, at: Time, most: usize) {
        self.note_stretch(check, Refused::once(at), most);
    }

    fn note_stretch(&mut self, check: CheckId, refused: Refused, most: usize) {
        if let Some(known) = self.checks.get_mut(&check) {
            *known = known.joined(refused);
        } else if self.checks.len() < most {
            self.checks.insert(check, refused);
        } else {
            self.note_unread(refused.first);
            return self.note_unread(refused.last);
        }
        self.note_since(refused.first);
    }

    /// Notes a request that was refused unread.
    pub(super) fn note_unread(&mut self, at: Time) {
        self.unread = Some(from_to(self.unread, at));
        self.note_since(at);
    }

    fn note_since(&mut self, at: Time) {
        self.since = Some(self.since.map_or(at, |since| since.min(at)));
    }

    /// Puts back refusals that could not be stored.
    pub(super) fn put_back(&mut self, refused: UnstoredRefusals, most: usize) {
        for (check, stretch) in refused.checks {
            self.note_stretch(check, stretch, most);
        }
        if let Some(window) = refused.unread {
            self.note_unread(window.from);
            self.note_unread(window.to);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.since.is_none()
    }
}

fn from_to(known: Option<Window>, at: Time) -> Window {
    known.map_or(Window { from: at, to: at }, |known| Window {
        from: known.from.min(at),
        to: known.to.max(at),
    })
}

/// What a ping or result takes while it waits.
pub(super) fn bytes_of(what: &What) -> usize {
    // The cost of a row without its texts.
    const ROW_BYTES: usize = 256;
    let (body, comment, named) = match what {
        What::Ping(PingFact { body, comment, .. }) => (body, comment, None),
        What::Result(ResultFact { text, why, records, .. }) => (text, why, records.as_ref()),
        _ => return 0,
    };
    let named = named.map_or(0, |named| named.bytes() + named.len() * ROW_BYTES);
    ROW_BYTES + body.as_ref().map_or(0, Vec::len) + comment.as_ref().map_or(0, String::len) + named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::What;

    fn shared() -> (Shared, Time) {
        let clock = Arc::new(Clock::new());
        let now = clock.now();
        let shared =
            Shared { limits: QueueLimits::default(), clock, queue: Mutex::default(), filled: Condvar::new() };
        (shared, now)
    }

    /// 1.5
    #[test]
    fn readers_judge_now_unless_something_is_still_to_be_stored() {
        let (shared, now) = shared();
        let alive = now - Span::secs(1);
        assert!(shared.applied_to(alive) >= now);
        let waits = now - Span::ms(3);
        let (answer, _) = oneshot::channel();
        let waiting = WaitingPing { answer, since: Stopwatch::start() };
        let what = What::Refused(Refused::once(waits));
        shared
            .queue()
            .pings
            .push_back(QueuedPing { entry: Entry { check: CheckId(1), at: waits, what }, waiting });
        assert_eq!(shared.applied_to(alive), waits);
        let under_way = now - Span::ms(4);
        shared.queue().turn_from = Some(under_way);
        assert_eq!(shared.applied_to(alive), under_way);
        let refused = now - Span::ms(5);
        shared.queue().refused.note(CheckId(1), refused, 1);
        assert_eq!(shared.applied_to(alive), refused);
    }

    /// 1.5
    #[test]
    fn readers_judge_at_the_last_sign_of_life_while_nothing_can_be_stored() {
        let (shared, now) = shared();
        let alive = now - Span::secs(1);
        shared.queue().failing = true;
        assert_eq!(shared.applied_to(alive), alive);
        shared.queue().failing = false;
        // The machine was suspended, or the disk hangs.
        let silent = now - Span::secs(11);
        assert_eq!(shared.applied_to(silent), silent);
        shared.clock.not_before(now + Span::mins(60), Span::ZERO);
        assert_eq!(shared.applied_to(alive), alive, "a clock that is doubted");
    }
}
