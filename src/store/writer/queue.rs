//! What waits for the writer: in the order of arrival, and bounded (15.3).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::{Call, Limits};
use crate::clock::{Clock, Stopwatch};
use crate::core::blind::Window;
use crate::core::check::CheckId;
use crate::core::time::Time;
use crate::store::{Applied, Entry, PingFact, StoreError};

/// What comes to the writer.
pub(super) enum Item {
    Ping { entry: Entry, waiting: Waiting },
    Call { call: Call, at: Time },
}

/// Who waits for a ping's commit, and since when.
pub(super) struct Waiting {
    pub(super) answer: oneshot::Sender<Result<Applied, StoreError>>,
    pub(super) since: Stopwatch,
}

impl Item {
    /// When it entered the queue.
    pub(super) fn at(&self) -> Time {
        match self {
            Item::Ping { entry, .. } => entry.at,
            Item::Call { at, .. } => *at,
        }
    }
}

/// All that waits, and what it must know of the writer who takes it.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) items: VecDeque<Item>,
    /// Pings among the items, and the bytes they hold.
    pub(super) pings: usize,
    pub(super) bytes: usize,
    /// Checks of which pings were refused since the last turn, from the first to the last.
    pub(super) refused: HashMap<CheckId, Window>,
    /// The last turn could not be stored: pings are refused until one can.
    pub(super) failing: bool,
    pub(super) stopping: bool,
    /// The writer waits for something to do, and is to be woken: a system call that most pings need not make.
    pub(super) idle: bool,
}

/// Between the writer's thread and everybody else.
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) clock: Arc<Clock>,
    pub(super) queue: Mutex<Queue>,
    pub(super) filled: Condvar,
}

impl Shared {
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    pub(super) fn refuse(&mut self, check: CheckId, at: Time, most: usize) {
        if let Some(known) = self.refused.get_mut(&check) {
            *known = Window { from: known.from.min(at), to: known.to.max(at) };
        } else if self.refused.len() < most {
            self.refused.insert(check, Window { from: at, to: at });
        }
    }
}

pub(super) fn bytes_of(fact: &PingFact) -> usize {
    // What a row costs without its texts.
    const ROW_BYTES: usize = 256;
    let body = fact.body.as_ref().map_or(0, Vec::len);
    let comment = fact.comment.as_ref().map_or(0, String::len);
    ROW_BYTES + body + comment
}
