//! Rows of history, by which nothing is judged and nobody is told (14.6): one spoilt page of flips is no reason to judge nothing
//! any more.
//!
//! SQLite commits no transaction that has met a damaged page. So the call that meets one fails, and from then on nobody touches
//! that table: all else goes on without it, until a start tries it again.

use std::sync::atomic::Ordering;

use rusqlite::{Row, ToSql};

use super::error::failed;
use super::history_tables::History;
use super::tx::Tx;
use crate::store::StoreError;

impl History {
    /// Runs a statement. Answers how many rows it changed: none where they cannot be kept.
    pub(super) fn change(self, tx: &Tx<'_>, sql: &str, values: &[&dyn ToSql]) -> Result<usize, StoreError> {
        self.touch(tx, || tx.db.prepare_cached(sql)?.execute(values))
    }

    /// Reads all rows of a query: none where they cannot be read.
    pub(super) fn all<R>(
        self,
        tx: &Tx<'_>,
        sql: &str,
        values: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<R>,
    ) -> Result<Vec<R>, StoreError> {
        self.touch(tx, || tx.db.prepare_cached(sql)?.query_map(values, read)?.collect())
    }

    /// Does something with its rows: nothing where it is damaged.
    pub(super) fn touch<R: Default>(
        self,
        tx: &Tx<'_>,
        act: impl FnOnce() -> rusqlite::Result<R>,
    ) -> Result<R, StoreError> {
        if tx.memory.damaged.has(self) {
            tx.live.totals.history_lost.fetch_add(1, Ordering::Relaxed);
            return Ok(R::default());
        }
        let done = act().map_err(failed);
        if let Err(StoreError::Damaged(why)) = &done {
            tracing::error!(
                table = self.table(),
                "history is damaged, and no more of it is kept until a start: {why}"
            );
            tx.live.totals.history_lost.fetch_add(1, Ordering::Relaxed);
            tx.memory.damaged.add(self);
        }
        done
    }
}

/// At a start, what is known of history is what can be read of it.
pub(super) fn at_start(table: &str, read: Result<(), StoreError>) -> Result<(), StoreError> {
    match read {
        Err(StoreError::Damaged(why)) => {
            tracing::error!(table, "history is damaged, and some of it is not known: {why}");
            Ok(())
        }
        read => read,
    }
}
