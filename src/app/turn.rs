//! What people and programs change: on the writer's thread, within limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::writer::TakePings;
use crate::core::time::Time;
use crate::store::Store;

/// Changes that wait in the writer's queue at a time, those included that nobody waits for any more: they are rare, and
/// pings go first.
pub const MAX_WAITING_CHANGES: usize = 64;
/// So long a change may wait for the writer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why it is not known to be done: the server is too busy, its disk hangs, or it is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// It was not begun, and will not be.
    #[error("the server is too busy, or its disk hangs: nothing was changed, try again")]
    NotBegun,
    /// It was begun.
    #[error("the server's disk hangs: what was asked may still be done, look before you ask again")]
    Begun,
}

/// What waits is begun or given up: whoever takes its turn first says which.
#[derive(Clone, Default)]
struct Turn(Arc<AtomicBool>);

impl Turn {
    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// Places in the writer's queue.
#[derive(Debug)]
pub(super) struct WriterPlaces(Arc<Semaphore>);

impl Default for WriterPlaces {
    fn default() -> WriterPlaces {
        WriterPlaces(Arc::new(Semaphore::new(MAX_WAITING_CHANGES)))
    }
}

impl WriterPlaces {
    /// Runs something on the writer's thread, after what is queued already, with the time of its place in the queue. What
    /// nobody waits for any more is not begun.
    pub(super) async fn run<R: Send + 'static>(
        &self,
        writer: &dyn TakePings,
        work: impl FnOnce(&mut dyn Store, Time) -> R + Send + 'static,
    ) -> Result<R, Busy> {
        let place = self.0.clone().try_acquire_owned().map_err(|_| Busy::NotBegun)?;
        let (sender, receiver) = oneshot::channel();
        let turn = Turn::default();
        let begins = turn.clone();
        writer.call(Box::new(move |store, now| {
            let _place = place;
            if !sender.is_closed() && begins.take() {
                // Whoever asked may have gone in between.
                let _ = sender.send(work(store, now));
            }
        }));
        match timeout(TIMEOUT, receiver).await {
            Ok(Ok(answer)) => Ok(answer),
            // Too late, or the writer has ended: we are stopping.
            Ok(Err(_)) | Err(_) if turn.take() => Err(Busy::NotBegun),
            Ok(Err(_)) | Err(_) => Err(Busy::Begun),
        }
    }
}
