//! How an attempt ended, stored (12.4).

use super::again::offends;
use crate::core::outbox::{
    AfterAttempt, Attempt, CancelReason, Delivery, DeliveryId, DeliveryKind, DeliveryState, Message,
    MessageId, ParkReason, Telling, after_alone, after_attempt, after_sent,
};
use crate::core::route::is_own_receiver;
use crate::core::text::first_bytes;
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::tx::Tx;

impl SqliteStore {
    pub(in crate::store::sqlite) fn settle_message(
        &mut self,
        id: MessageId,
        attempt: &Attempt,
        now: Time,
    ) -> Result<(), StoreError> {
        self.transact(|tx| {
            // Settled already, or of a server before: nothing is to be done twice.
            let Some(message) = tx.memory.outbox.messages.get(&id).cloned() else { return Ok(()) };
            tx.settle(message, attempt, now)
        })?;
        self.handed.remove(&id);
        Ok(())
    }
}

impl Tx<'_> {
    fn settle(&mut self, mut message: Message, attempt: &Attempt, now: Time) -> Result<(), StoreError> {
        let answer = first_bytes(attempt.answer(), Attempt::MAX_ANSWER_BYTES);
        if is_own_receiver(&message.receiver) {
            self.note_server(&message, attempt, now);
        }
        let policy = self.policy();
        let is_alone = self.is_alone(&message);
        let after = match policy.receiver(&message.receiver) {
            None if !attempt.is_taken() => AfterAttempt::Park(ParkReason::ReceiverGone),
            None => AfterAttempt::Sent,
            Some(_) if is_alone => after_alone(attempt),
            Some(receiver) => {
                let entropy = entropy(self.memory.database_id, &message);
                let away = self.memory.blind.absent_after(message.created_at);
                after_attempt(&message, attempt, receiver.give_up_after + away, now, entropy)
            }
        };
        match after {
            AfterAttempt::RetryAt(at) => {
                let what = if message.attempts > 1 { Telling::Retried } else { Telling::Failed };
                self.note_attempt(&message, |_| what, answer, now)?;
                message.retry_at = Some(at);
                return self.update_message(message, Some(answer));
            }
            AfterAttempt::Sent => {
                self.note_attempt(&message, |_| Telling::Told, answer, now)?;
                let offended = |id: &DeliveryId| offends(&self.memory.outbox.deliveries[id]);
                let was_to_find_out = is_alone && !message.members.iter().any(offended);
                for id in &message.members {
                    self.sent(*id, message.id, now)?;
                }
                self.finish_message(message.id, "sent", Some(answer), now)?;
                self.follow_up(&message.receiver, was_to_find_out, now)?;
            }
            AfterAttempt::Refused => self.refused(&message, answer, now)?,
            AfterAttempt::Park(reason) => self.park(&message, reason, Some(answer), now)?,
        }
        // What was blocked behind it may go.
        self.memory.outbox.look_at_lane(&message.receiver, now);
        Ok(())
    }

    fn sent(&mut self, id: DeliveryId, message: MessageId, now: Time) -> Result<(), StoreError> {
        let delivery = self.memory.outbox.deliveries[&id].clone();
        let outbox = &self.memory.outbox;
        let is_its_reminder = |other: &&Delivery| {
            other.kind == DeliveryKind::Reminder
                && other.receiver == delivery.receiver
                && other.state == DeliveryState::Waiting
        };
        let waiting = outbox.unfinished(delivery.incident).find(is_its_reminder).cloned();
        let incident = outbox.incidents.get(&delivery.incident);
        let repeat = incident.and_then(|incident| {
            let causes = self.with_state(delivery.check, |state| state.causes.clone());
            let stands = incident.stands_for(delivery.action, causes.as_slice());
            after_sent(&delivery, stands, waiting.as_ref(), now)
        });
        if let Some(repeat) = repeat {
            if let Some(waiting) = waiting.filter(|waiting| Some(waiting.id) == repeat.instead_of) {
                let state = DeliveryState::Cancelled(CancelReason::RemindedSooner);
                self.update_delivery(Delivery { state, ..waiting })?;
            }
            self.insert_delivery(repeat.reminder)?;
        }
        self.update_delivery(Delivery { state: DeliveryState::Sent(message), ..delivery })
    }

    /// Gives a message up.
    pub(super) fn park(
        &mut self,
        message: &Message,
        reason: ParkReason,
        answer: Option<&str>,
        now: Time,
    ) -> Result<(), StoreError> {
        let was_given_up = |delivery: &Delivery| delivery.given_up.is_some();
        let what = |row: &Delivery| if was_given_up(row) { Telling::Retried } else { Telling::Parked };
        self.note_attempt(message, what, answer.unwrap_or(""), now)?;
        let rows = message.members.iter().map(|id| &self.memory.outbox.deliveries[id]);
        let is_known = rows.clone().all(was_given_up);
        for id in &message.members {
            let delivery = self.memory.outbox.deliveries[id].clone();
            self.park_delivery(delivery, reason, Some(message.id), now)?;
        }
        let state = if reason == ParkReason::Refused { "refused" } else { "parked" };
        self.finish_message(message.id, state, answer, now)?;
        if is_known {
            return Ok(());
        }
        tracing::error!(receiver = %message.receiver, key = message.key, ?reason, error = answer, "a message was given up");
        Ok(())
    }
}

/// Spreads retries, the same way in every run of one database.
pub(super) fn entropy(database_id: i64, message: &Message) -> u64 {
    let seed = database_id.cast_unsigned() ^ message.id.0.rotate_left(32) ^ u64::from(message.attempts);
    // The last step of SplitMix64: every bit of the seed moves every bit of the answer.
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
