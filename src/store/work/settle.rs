//! How an attempt ended (12.4).

use super::again::{follow_up, is_alone, offends};
use super::entropy::entropy;
use super::own::note_server;
use super::park::park;
use super::record::note_attempt;
use super::rows::{Rows, Settled};
use super::split::refused;
use super::wait::let_wait;
use crate::core::outbox::{
    AfterAttempt, Attempt, CancelReason, Delivery, DeliveryId, DeliveryKind, DeliveryState, Message,
    MessageId, ParkReason, Telling, after_alone, after_attempt, after_sent,
};
use crate::core::route::is_own_receiver;
use crate::core::text::first_bytes;
use crate::core::time::Time;
use crate::store::StoreError;

/// An attempt to send a message ended. Nothing is done of one that is settled already, or of a server before.
pub(in crate::store) fn settle(
    rows: &mut dyn Rows,
    id: MessageId,
    attempt: &Attempt,
    now: Time,
) -> Result<(), StoreError> {
    let Some(message) = rows.message(id)? else { return Ok(()) };
    if is_own_receiver(&message.receiver) {
        note_server(rows, &message, attempt, now)?;
    }
    let answer = first_bytes(attempt.answer(), Attempt::MAX_ANSWER_BYTES);
    let is_alone = is_alone(rows, &message)?;
    match after(rows, &message, attempt, is_alone, now)? {
        AfterAttempt::RetryAt(at) => {
            let what = if message.attempts > 1 { Telling::Retried } else { Telling::Failed };
            note_attempt(rows, &message, |_| what, answer, now)?;
            return rows.update_message(Message { retry_at: Some(at), ..message }, Some(answer));
        }
        AfterAttempt::Sent => taken(rows, &message, answer, is_alone, now)?,
        AfterAttempt::Refused => refused(rows, &message, answer, now)?,
        AfterAttempt::Park(reason) => park(rows, &message, reason, Some(answer), now)?,
    }
    // What was blocked behind it may go.
    rows.look_at(&message.receiver, now);
    Ok(())
}

fn after(
    rows: &dyn Rows,
    message: &Message,
    attempt: &Attempt,
    is_alone: bool,
    now: Time,
) -> Result<AfterAttempt, StoreError> {
    Ok(match rows.policy().receiver(&message.receiver) {
        None if !attempt.is_taken() => AfterAttempt::Park(ParkReason::ReceiverGone),
        None => AfterAttempt::Sent,
        Some(_) if is_alone => after_alone(attempt),
        Some(receiver) => {
            let give_up_after = receiver.give_up_after + rows.blind()?.absent_after(message.created_at);
            after_attempt(message, attempt, give_up_after, now, entropy(rows.database_id()?, message))
        }
    })
}

fn taken(
    rows: &mut dyn Rows,
    message: &Message,
    answer: &str,
    is_alone: bool,
    now: Time,
) -> Result<(), StoreError> {
    note_attempt(rows, message, |_| Telling::Told, answer, now)?;
    let was_to_find_out = is_alone && !rows.members(message)?.iter().any(offends);
    for id in &message.members {
        sent(rows, *id, message.id, now)?;
    }
    rows.settle_message(message.id, Settled::Sent, Some(answer), now)?;
    follow_up(rows, &message.receiver, was_to_find_out, now)
}

fn sent(rows: &mut dyn Rows, id: DeliveryId, message: MessageId, now: Time) -> Result<(), StoreError> {
    let delivery = rows.member(id)?;
    let is_its_reminder = |other: &Delivery| {
        other.kind == DeliveryKind::Reminder
            && other.receiver == delivery.receiver
            && other.state == DeliveryState::Waiting
    };
    let waiting = rows.unfinished(delivery.incident)?.into_iter().find(is_its_reminder);
    let causes = rows.check_now(delivery.check)?.causes;
    let repeat = rows.incident(delivery.incident)?.and_then(|incident| {
        let stands = incident.stands_for(delivery.action, causes.as_slice());
        after_sent(&delivery, stands, waiting.as_ref(), now)
    });
    if let Some(repeat) = repeat {
        if let Some(waiting) = waiting.filter(|waiting| Some(waiting.id) == repeat.instead_of) {
            let state = DeliveryState::Cancelled(CancelReason::RemindedSooner);
            rows.update_delivery(Delivery { state, ..waiting })?;
        }
        let_wait(rows, repeat.reminder)?;
    }
    rows.update_delivery(Delivery { state: DeliveryState::Sent(message), ..delivery })
}
