//! What people do with messages: have them tried again at once, or not any more (12.4).

use rusqlite::OptionalExtension as _;

use super::rows::delivery;
use crate::core::outbox::{
    CancelReason, Delivery, DeliveryId, DeliveryState, Message, MessageId, ParkReason, Telling,
};
use crate::core::route::ReceiverName;
use crate::core::time::Time;
use crate::store::sqlite::error::{damaged, failed};
use crate::store::sqlite::key;
use crate::store::sqlite::tx::Tx;
use crate::store::work::{self, Noted, Rows as _, Settled};
use crate::store::{ByHand, StoreError};

/// The most deliveries of a receiver that are tried again in one call: who has more asks again.
const AT_A_TIME: usize = 10_000;

impl Tx<'_> {
    pub(in crate::store::sqlite) fn retry_by_hand(
        &mut self,
        id: MessageId,
        now: Time,
    ) -> Result<ByHand, StoreError> {
        if let Some(message) = self.memory.outbox.message(id).cloned() {
            if message.retry_at.is_none() {
                return Ok(ByHand::UnderWay);
            }
            if self.policy().receiver(&message.receiver).is_none() {
                return Ok(ByHand::NoReceiver);
            }
            let count = message.members.len();
            self.memory.outbox.somebody_asks(&message.receiver, now);
            self.update_message(Message { retry_at: Some(now), ..message }, None)?;
            return Ok(ByHand::Done(count));
        }
        let Some(rows) = self.given_up_in(id)? else { return Ok(ByHand::NoSuchMessage) };
        if rows.iter().any(|row| self.policy().receiver(&row.receiver).is_none()) {
            return Ok(ByHand::NoReceiver);
        }
        let goes_on = |id: &DeliveryId| self.memory.outbox.deliveries.contains_key(id);
        let rows = rows.iter().map(|row| row.id).filter(goes_on).collect();
        self.wait_again_all(rows, now)
    }

    pub(in crate::store::sqlite) fn retry_all_by_hand(
        &mut self,
        name: &ReceiverName,
        now: Time,
    ) -> Result<ByHand, StoreError> {
        if self.policy().receiver(name).is_none() {
            return Ok(ByHand::NoReceiver);
        }
        let rows: Vec<DeliveryId> = self.memory.outbox.resting_of(name).take(AT_A_TIME).collect();
        self.wait_again_all(rows, now)
    }

    fn wait_again_all(&mut self, rows: Vec<DeliveryId>, now: Time) -> Result<ByHand, StoreError> {
        let mut count = 0;
        for id in rows {
            let receiver = self.memory.outbox.deliveries[&id].receiver.clone();
            self.memory.outbox.somebody_asks(&receiver, now);
            count += usize::from(work::wait_again(self, id, now)?);
        }
        Ok(if count == 0 { ByHand::Over } else { ByHand::Done(count) })
    }

    pub(in crate::store::sqlite) fn drop_by_hand(
        &mut self,
        id: MessageId,
        by: &str,
        now: Time,
    ) -> Result<ByHand, StoreError> {
        let open = self.memory.outbox.message(id).cloned();
        let rows: Vec<Delivery> = match &open {
            Some(message) if message.retry_at.is_none() => return Ok(ByHand::UnderWay),
            Some(message) => {
                message.members.iter().map(|id| self.memory.outbox.deliveries[id].clone()).collect()
            }
            None => match self.given_up_in(id)? {
                Some(rows) => rows,
                None => return Ok(ByHand::NoSuchMessage),
            },
        };
        if rows.is_empty() {
            return Ok(ByHand::Over);
        }
        for row in &rows {
            let told = Noted { what: Telling::Dropped, message: Some(id), answer: "" };
            work::note(self, row, told, by, now)?;
            self.drop_delivery(row.clone(), id, now)?;
        }
        self.settle_message(id, Settled::Dropped, None, now)?;
        // What was blocked behind it may go.
        self.memory.outbox.look_at_lane(&rows[0].receiver, now);
        Ok(ByHand::Done(rows.len()))
    }

    /// It is not told any more. It may have been told: the recovery still follows.
    fn drop_delivery(&mut self, row: Delivery, message: MessageId, now: Time) -> Result<(), StoreError> {
        let is_known = self.memory.outbox.deliveries.contains_key(&row.id);
        if row.is_given_up() && !is_known {
            // Of an incident that has ended: nobody but its row counts it.
            self.memory.outbox.parked = self.memory.outbox.parked.saturating_sub(1);
        }
        let row = row.give_up(ParkReason::GaveUp, Some(message), now);
        self.update_delivery(Delivery { state: DeliveryState::Cancelled(CancelReason::Dropped), ..row })
    }

    /// What was given up with a message, and not tried again since; `None`: there is no such message.
    fn given_up_in(&self, id: MessageId) -> Result<Option<Vec<Delivery>>, StoreError> {
        let sql = "SELECT members FROM messages WHERE id = ?1";
        let read = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        let Some(members) = self.db.query_row(sql, [key(id.0)], read).optional().map_err(failed)? else {
            return Ok(None);
        };
        let members: Vec<u64> =
            serde_json::from_str(&members).map_err(|_| damaged(format_args!("message {}", id.0)))?;
        let mut rows = Vec::new();
        for member in members {
            let row = delivery(self.db, DeliveryId(member))?;
            let is_of_it = |row: &Delivery| matches!(row.state, DeliveryState::Parked { message, .. } if message == Some(id));
            rows.extend(row.filter(is_of_it));
        }
        Ok(Some(rows))
    }
}
