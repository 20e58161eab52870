//! Threads that may block, for what takes a while and stores nothing, so that no ping waits for it.

use tokio::sync::Semaphore;

/// Such work at a time for each [`Room`], in their order: each takes a thread, and a look at many checks takes a while. Pages are
/// made two at a time (22.9a): many look at them at once, and pings go on beside them.
const MAX_AT_A_TIME: [usize; 3] = [2, 4, 4];

/// For whom something is done. Each has places of its own: whoever looks at pages, as anybody may, keeps neither programs
/// nor operators waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// People who look at pages.
    Pages,
    /// The API, and the interfaces of other systems.
    Programs,
    /// The socket of the data folder.
    Operators,
}

/// The places of all rooms.
#[derive(Debug)]
pub(super) struct Places([Semaphore; 3]);

impl Default for Places {
    fn default() -> Places {
        Places(MAX_AT_A_TIME.map(Semaphore::new))
    }
}

/// It panicked: the log says where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server could not do this, by a bug: its log says more")]
pub struct Bug;

impl Places {
    /// Does something aside, when there is a place for it in its room.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        room: Room,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Bug> {
        let _place = self.0[room as usize].acquire().await.expect("this semaphore is never closed");
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "a request was not answered, by a bug");
            Bug
        })
    }
}
