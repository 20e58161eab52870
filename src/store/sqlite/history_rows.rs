//! Rows of history, by which nothing is judged and nobody is told (14.6): one spoilt page of flips is no reason to judge nothing
//! any more.
//!
//! SQLite commits no transaction that has met a damaged page. So the call that meets one fails, and from then on nobody touches
//! that table: all else goes on without it, until a start tries it again. A row that cannot be read, or written beside the
//! others, ends no call: it alone is passed over.

use std::sync::atomic::Ordering;

use rusqlite::{Connection, Error, Row, ToSql};

use super::error::{failed, is_refused, is_value_spoilt};
use super::history_tables::{DamagedTables, History};
use super::tx::Tx;
use crate::store::StoreError;

impl History {
    /// Runs a statement. Answers how many rows it changed: none where they cannot be kept.
    pub(super) fn change(self, tx: &Tx<'_>, sql: &str, values: &[&dyn ToSql]) -> Result<usize, StoreError> {
        self.touch(tx, || tx.db.prepare_cached(sql)?.execute(values))
    }

    /// Reads all rows of a query that can be read.
    pub(super) fn all<R>(
        self,
        tx: &Tx<'_>,
        sql: &str,
        values: &[&dyn ToSql],
        read: impl Fn(&Row<'_>) -> rusqlite::Result<R>,
    ) -> Result<Vec<R>, StoreError> {
        self.touch(tx, || {
            let mut all = Vec::new();
            for_each_row(tx.db, sql, values, |row| match read(row) {
                Err(error) if is_value_spoilt(&error) => {
                    self.lose_row(tx, &error);
                    Ok(())
                }
                read => read.map(|read| all.push(read)),
            })?;
            Ok(all)
        })
    }

    /// Does something with its rows: nothing where it is damaged.
    pub(super) fn touch<R: Default>(
        self,
        tx: &Tx<'_>,
        act: impl FnOnce() -> rusqlite::Result<R>,
    ) -> Result<R, StoreError> {
        let damaged = &tx.memory.damaged;
        if damaged.is_left_alone(self) {
            self.lose(tx);
            return Ok(R::default());
        }
        match act() {
            Err(error) if is_value_spoilt(&error) || is_refused(&error) => {
                self.lose_row(tx, &error);
                Ok(R::default())
            }
            done => done.map_err(failed).inspect_err(|error| {
                if let StoreError::Damaged(why) = error {
                    let table = self.table();
                    tracing::error!(
                        table,
                        "history is damaged, and no more of it is kept until a start: {why}"
                    );
                    self.lose(tx);
                    damaged.leave_alone(self);
                }
            }),
        }
    }

    fn lose_row(self, tx: &Tx<'_>, error: &Error) {
        self.lose(tx);
        tx.memory.damaged.tell_of_row(self, error);
    }

    fn lose(self, tx: &Tx<'_>) {
        tx.live.totals.history_lost.fetch_add(1, Ordering::Relaxed);
    }

    /// At a start, what is known of history is what can be read of it.
    pub(super) fn read_at_start(
        self,
        db: &Connection,
        damaged: &mut DamagedTables,
        sql: &str,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let done = for_each_row(db, sql, &[], |row| match read(row) {
            Err(error) if is_value_spoilt(&error) => {
                damaged.lost_at_start += 1;
                damaged.tell_of_row(self, &error);
                Ok(())
            }
            read => read,
        });
        match done.map_err(failed) {
            Err(StoreError::Damaged(why)) => {
                damaged.lost_at_start += 1;
                let table = self.table();
                tracing::error!(table, "history is damaged, and some of it is not known: {why}");
                Ok(())
            }
            done => done,
        }
    }
}

fn for_each_row(
    db: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
    mut act: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut find = db.prepare_cached(sql)?;
    let mut rows = find.query(values)?;
    while let Some(row) = rows.next()? {
        act(row)?;
    }
    Ok(())
}
