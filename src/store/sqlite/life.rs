//! Signs of life, and what the files say at each of them.

use std::sync::atomic::Ordering;

use super::files;
use super::store::SqliteStore;
use crate::core::time::{Span, Time};
use crate::store::work::LifeRows as _;
use crate::store::{StoreError, work};

impl SqliteStore {
    pub(super) fn sign_of_life_at(&mut self, now: Time) -> Result<(), StoreError> {
        self.look_at_files()?;
        self.transact(|tx| work::sign_of_life(tx, now))
    }

    /// Once a second, whether the clock is trusted or not.
    fn look_at_files(&self) -> Result<(), StoreError> {
        self.file.is_still_there()?;
        self.live.totals.database_bytes.store(self.file.bytes(), Ordering::Relaxed);
        self.live.totals.log_bytes.store(self.file.log_bytes(), Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn doubted_for(&mut self, spent: Span) -> Result<(), StoreError> {
        self.look_at_files()?;
        self.ready()?;
        if spent == Span::ZERO && self.memory.numbers.doubted == Span::ZERO {
            return Ok(());
        }
        self.transact(|tx| tx.put_doubted(spent))
    }

    /// What was given back leaves the disk with the next checkpoint, which may be hours away.
    pub(super) fn shorten_file(&self) {
        if let Some(db) = &self.db
            && let Err(error) = files::shorten(db)
        {
            tracing::debug!(%error, "the file is shortened later");
        }
    }
}
