//! What is said while a start reads many rows.

use std::time::Duration;

use crate::clock::Stopwatch;

/// Between two lines.
const EVERY: Duration = Duration::from_secs(5);
/// So many rows are read between two looks at the clock.
const ROWS: i64 = 1024;

/// How far the reading of some rows has come.
pub(super) struct RowsRead {
    what: &'static str,
    of: i64,
    done: i64,
    last_told: Stopwatch,
}

impl RowsRead {
    /// Nothing of so many rows is read.
    pub(super) fn new(what: &'static str, of: i64) -> RowsRead {
        RowsRead { what, of, done: 0, last_told: Stopwatch::start() }
    }

    /// One more is read.
    pub(super) fn count(&mut self) {
        self.done += 1;
        if self.done % ROWS == 0 && self.last_told.took() >= EVERY {
            self.last_told = Stopwatch::start();
            tracing::info!(done = self.done, of = self.of, "reading {}", self.what);
        }
    }
}
