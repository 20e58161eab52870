//! What the API and other systems' interfaces change: on the writer's thread, within limits.

use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::App;
use crate::core::time::Time;
use crate::store::Store;

/// Changes that wait at a time: they are rare, and pings go first.
pub(super) const MAX_AT_A_TIME: usize = 64;
/// So long a change may wait for the writer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Nothing was changed: the server is too busy, or its disk hangs. To be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server is too busy, or its disk hangs: nothing was changed, try again")]
pub struct Busy;

pub(super) fn places() -> Semaphore {
    Semaphore::new(MAX_AT_A_TIME)
}

impl App {
    /// Runs something on the writer's thread, after what is queued already, with the time of its place in the queue. What
    /// nobody waits for any more is not begun; what has begun just then may still be done.
    pub async fn on_store<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Store, Time) -> R + Send + 'static,
    ) -> Result<R, Busy> {
        let _place = self.write_places.try_acquire().map_err(|_| Busy)?;
        let (sender, receiver) = oneshot::channel();
        self.writer.call(Box::new(move |store, now| {
            if !sender.is_closed() {
                // Whoever asked may have gone in between.
                let _ = sender.send(work(store, now));
            }
        }));
        match timeout(TIMEOUT, receiver).await {
            Ok(Ok(answer)) => Ok(answer),
            // Too late, or the writer has ended: we are stopping.
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }
}
