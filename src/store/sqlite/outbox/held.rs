//! A time in which nothing leaves (`--no-deliveries`), and its end: what is still bad is told, and the rest is not.

use rusqlite::OptionalExtension;

use crate::core::outbox::{CancelReason, Delivery, DeliveryKind, DeliveryState, Message};
use crate::core::time::Time;
use crate::store::sqlite::error::failed;
use crate::store::sqlite::tx::Tx;
use crate::store::work::{Rows as _, Settled};
use crate::store::{LetGo, StoreError};

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
        self.let_go(now).map(Some)
    }

    fn is_held(&self) -> Result<bool, StoreError> {
        let sql = "SELECT value <> 0 FROM meta WHERE key = ?1";
        let held = self.db.query_row(sql, [HELD], |row| row.get(0)).optional().map_err(failed)?;
        Ok(held.unwrap_or(false))
    }

    fn let_go(&mut self, now: Time) -> Result<LetGo, StoreError> {
        let messages: Vec<Message> = self.memory.outbox.messages.values().cloned().collect();
        for message in messages {
            self.thaw(&message, now)?;
        }
        // What was given up rests, and is tried again while it is still bad (12.4).
        let waits = |row: &&Delivery| row.state == DeliveryState::Waiting;
        let rows: Vec<Delivery> = self.memory.outbox.deliveries.values().filter(waits).cloned().collect();
        let mut let_go = LetGo::default();
        for row in rows {
            if self.is_still_bad(&row) {
                let_go.told += 1;
                continue;
            }
            let_go.cancelled += 1;
            let state = DeliveryState::Cancelled(CancelReason::NotDelivering);
            self.update_delivery(Delivery { state, ..row })?;
        }
        self.memory.outbox.look_everywhere(now);
        Ok(let_go)
    }

    /// What a message that was not settled says may be long over: its members wait, to be told as things stand now.
    fn thaw(&mut self, message: &Message, now: Time) -> Result<(), StoreError> {
        for id in &message.members {
            let row = self.memory.outbox.deliveries[id].clone();
            self.update_delivery(Delivery { state: DeliveryState::Waiting, ..row })?;
        }
        self.settle_message(message.id, Settled::Dropped, None, now)
    }

    fn is_still_bad(&self, row: &Delivery) -> bool {
        let tells_bad = matches!(row.kind, DeliveryKind::Alert | DeliveryKind::Reminder);
        let incident = self.memory.outbox.incidents.get(&row.incident);
        tells_bad && incident.is_some_and(|incident| !incident.status.is_ended())
    }
}
