//! Results of one check are taken one after the other where they name records: the slices of two would undo each other (18.7).

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::core::check::CheckId;

/// So many turns there are. Two checks that have one wait for each other, which harms neither.
const TURNS: u64 = 1024;

/// The turns of all checks.
#[derive(Debug)]
pub(super) struct ReportTurns(Vec<Semaphore>);

impl Default for ReportTurns {
    fn default() -> ReportTurns {
        ReportTurns((0..TURNS).map(|_| Semaphore::new(1)).collect())
    }
}

impl ReportTurns {
    /// Waits until it is this check's turn, which lasts as long as what is answered.
    pub(super) async fn wait(&self, check: CheckId) -> SemaphorePermit<'_> {
        let turn = &self.0[(check.0 % TURNS) as usize];
        turn.acquire().await.expect("this semaphore is never closed")
    }
}
