//! What takes a while and stores nothing: on a thread that may block, so that no ping waits for it.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::App;

/// Such work at a time: each takes a thread, and a look at many checks takes a while.
const MAX_AT_A_TIME: usize = 4;

/// It panicked: the log says where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server could not do this, by a bug: its log says more")]
pub(super) struct Bug;

pub(super) fn places() -> Semaphore {
    Semaphore::new(MAX_AT_A_TIME)
}

impl App {
    /// Does something aside, when there is a place for it.
    pub(super) async fn aside<T: Send + 'static>(
        self: &Arc<App>,
        work: impl FnOnce(&App) -> T + Send + 'static,
    ) -> Result<T, Bug> {
        let _place = self.aside_places.acquire().await.expect("this semaphore is never closed");
        let app = self.clone();
        tokio::task::spawn_blocking(move || work(&app)).await.map_err(|error| {
            tracing::error!(%error, "a request was not answered, by a bug");
            Bug
        })
    }
}
