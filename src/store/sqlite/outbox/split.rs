//! A message whose content was refused (12.4): it is split until what offends stands alone. So is one that has more members
//! than its receiver names by now.

use rusqlite::params;

use crate::core::check::CheckId;
use crate::core::notice::Notice;
use crate::core::outbox::{Delivery, DeliveryId, DeliveryState, Message, MessageId, ParkReason, halves};
use crate::core::time::Time;
use crate::store::sqlite::error::failed;
use crate::store::sqlite::key;
use crate::store::sqlite::tx::Tx;
use crate::store::{StoreError, row};

/// So many stood alone and were refused, and none was taken: it is not the content of one of them.
const ENOUGH_REFUSED: i64 = 8;

impl Tx<'_> {
    /// The receiver refused what a message says: each half is a message of its own. What is told of one check alone is
    /// given up.
    pub(super) fn refused(&mut self, message: &Message, answer: &str, now: Time) -> Result<(), StoreError> {
        if !self.split(message, Some(answer), now)? {
            self.park(message, ParkReason::Refused, Some(answer), now)?;
            return self.give_up_the_rest(message, now);
        }
        tracing::warn!(
            receiver = %message.receiver, key = message.key, members = message.members.len(), error = answer,
            "a message was refused: it is split in two"
        );
        Ok(())
    }

    /// 12.3: a message that was frozen when its receiver named more than it does now is split before it is tried again, for
    /// what is not named is told to nobody. Answers whether it was; what is told of one check alone stays together.
    pub(super) fn split_to_fit(
        &mut self,
        id: MessageId,
        max_members: usize,
        now: Time,
    ) -> Result<bool, StoreError> {
        let message = self.memory.outbox.messages[&id].clone();
        Ok(message.members.len() > max_members && self.split(&message, None, now)?)
    }

    /// Each half becomes a message of its own. Answers whether there are two: not if all is told of one check.
    fn split(&mut self, message: &Message, answer: Option<&str>, now: Time) -> Result<bool, StoreError> {
        let check = |id: &DeliveryId| (*id, self.memory.outbox.deliveries[id].check);
        let members: Vec<(DeliveryId, CheckId)> = message.members.iter().map(check).collect();
        let Some(halves) = halves(&members) else { return Ok(false) };
        let notices = self.frozen(message)?;
        for half in halves {
            let said = notices.as_ref().map(|notices| notices_of(message, notices, &half));
            self.insert_half(message, half, said.as_deref())?;
        }
        self.finish_message(message.id, "split", answer, now)?;
        Ok(true)
    }

    fn insert_half(
        &mut self,
        whole: &Message,
        members: Vec<DeliveryId>,
        notices: Option<&[Notice]>,
    ) -> Result<(), StoreError> {
        let mut half = Message {
            id: MessageId(0),
            key: String::new(),
            members,
            attempts: 0,
            attempts_here: 0,
            // At once, before anything else.
            retry_at: Some(whole.created_at),
            origin: Some(whole.origin.unwrap_or(whole.id)),
            ..whole.clone()
        };
        half.id = self.insert_message(&half, &notices.map(row::write_notices).unwrap_or_default())?;
        half.key = self.key_of(half.id);
        for id in &half.members {
            let delivery = self.memory.outbox.deliveries[id].clone();
            self.update_delivery(Delivery { state: DeliveryState::InMessage(half.id), ..delivery })?;
        }
        self.update_message(half, None)
    }

    /// Where enough stood alone and none was taken, the rest is given up as it is.
    fn give_up_the_rest(&mut self, refused: &Message, now: Time) -> Result<(), StoreError> {
        let Some(origin) = refused.origin else { return Ok(()) };
        // What nobody took in time is given up as well, and says nothing of what the others say.
        let sql = "SELECT count(*) FILTER (WHERE state = 'refused'), count(*) FILTER (WHERE state = 'sent')
                   FROM messages WHERE origin = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (alone, taken): (i64, i64) =
            self.db.query_row(sql, params![key(origin.0)], read).map_err(failed)?;
        if alone < ENOUGH_REFUSED || taken > 0 {
            return Ok(());
        }
        let rest = self.memory.outbox.messages.values().filter(|message| message.origin == Some(origin));
        for message in rest.cloned().collect::<Vec<Message>>() {
            self.park(&message, ParkReason::Refused, None, now)?;
        }
        Ok(())
    }
}

/// What is said of some of a message's members.
fn notices_of(whole: &Message, notices: &[Notice], members: &[DeliveryId]) -> Vec<Notice> {
    let all = whole.members.iter().zip(notices);
    all.filter(|(id, _)| members.contains(id)).map(|(_, notice)| notice.clone()).collect()
}
