//! How an attempt ended, stored (12.4).

use crate::core::outbox::{Attempt, MessageId};
use crate::core::time::Time;
use crate::store::sqlite::SqliteStore;
use crate::store::{StoreError, work};

impl SqliteStore {
    pub(in crate::store::sqlite) fn settle_message(
        &mut self,
        id: MessageId,
        attempt: &Attempt,
        now: Time,
    ) -> Result<(), StoreError> {
        self.transact(|tx| work::settle(tx, id, attempt, now))?;
        self.handed.remove(&id);
        Ok(())
    }
}
