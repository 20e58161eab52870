//! A time in which nothing leaves (`--no-deliveries`), and its end: what is still bad is told, and the rest is not.

use rusqlite::OptionalExtension;

use crate::core::time::Time;
use crate::store::sqlite::error::failed;
use crate::store::sqlite::tx::Tx;
use crate::store::{LetGo, StoreError, work};

/// In `meta`: 1 since a start after which nothing leaves.
const HELD: &str = "deliveries_held";

impl Tx<'_> {
    pub(in crate::store::sqlite) fn hold(&mut self) -> Result<(), StoreError> {
        self.set_meta(HELD, 1)
    }

    pub(in crate::store::sqlite) fn let_go_if_held(
        &mut self,
        now: Time,
    ) -> Result<Option<LetGo>, StoreError> {
        if !self.is_held()? {
            return Ok(None);
        }
        self.set_meta(HELD, 0)?;
        work::let_go(self, now).map(Some)
    }

    fn is_held(&self) -> Result<bool, StoreError> {
        let sql = "SELECT value <> 0 FROM meta WHERE key = ?1";
        let held = self.db.query_row(sql, [HELD], |row| row.get(0)).optional().map_err(failed)?;
        Ok(held.unwrap_or(false))
    }
}
