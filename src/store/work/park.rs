//! What is given up: somebody is not told (12.4).

use super::record::{Noted, note, note_attempt};
use super::reminders::remind_of_another;
use super::rows::{Rows, Settled};
use crate::core::incident::PUNCTUAL;
use crate::core::outbox::{Delivery, Message, MessageId, ParkReason, Telling};
use crate::core::route::ReceiverName;
use crate::core::time::Time;
use crate::store::StoreError;

/// Gives a message up.
pub(super) fn park(
    rows: &mut dyn Rows,
    message: &Message,
    reason: ParkReason,
    answer: Option<&str>,
    now: Time,
) -> Result<(), StoreError> {
    let was_given_up = |delivery: &Delivery| delivery.given_up.is_some();
    let what = |row: &Delivery| if was_given_up(row) { Telling::Retried } else { Telling::Parked };
    let members = rows.members(message)?;
    let (id, said) = (Some(message.id), answer.unwrap_or(""));
    note_attempt(rows, &members, |row| Noted { what: what(row), message: id, answer: said }, now)?;
    let mut is_known = true;
    for delivery in members {
        is_known &= was_given_up(&delivery);
        park_delivery(rows, &delivery, reason, id, now)?;
    }
    let settled = if reason == ParkReason::Refused { Settled::Refused } else { Settled::Parked };
    rows.settle_message(message.id, settled, answer, now)?;
    if !is_known {
        let (receiver, key) = (message.receiver.clone(), message.key.clone());
        let error = answer.map(str::to_owned);
        rows.story().say(move || {
            tracing::error!(%receiver, key, ?reason, error, "a message was given up");
        });
    }
    Ok(())
}

/// Gives a delivery up: somebody is not told. It counts from the first time on.
fn park_delivery(
    rows: &mut dyn Rows,
    delivery: &Delivery,
    reason: ParkReason,
    message: Option<MessageId>,
    now: Time,
) -> Result<(), StoreError> {
    let is_first = delivery.given_up.is_none();
    rows.update_delivery(delivery.clone().give_up(reason, message, now))?;
    remind_of_another(rows, delivery, now)?;
    if is_first {
        rows.note_parked(now);
    }
    Ok(())
}

/// 12.3: a receiver is no longer configured. What is not due yet waits: the receiver may be back by then. Answers when the
/// first of that is due.
pub(super) fn park_receiver(
    rows: &mut dyn Rows,
    name: &ReceiverName,
    now: Time,
) -> Result<Option<Time>, StoreError> {
    let waiting = rows.waiting_for(name)?;
    let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|row| row.ready_at() <= now);
    let next = later.iter().map(|row| row.ready_at()).min();
    let messages = rows.messages_to(name)?;
    if due.is_empty() && messages.is_empty() {
        return Ok(next);
    }
    for message in messages {
        park(rows, &message, ParkReason::ReceiverGone, None, now)?;
    }
    for delivery in due {
        let noted = Noted { what: Telling::Parked, message: None, answer: "" };
        note(rows, &delivery, noted, PUNCTUAL, now)?;
        park_delivery(rows, &delivery, ParkReason::ReceiverGone, None, now)?;
    }
    let receiver = name.clone();
    rows.story().say(move || {
        tracing::error!(%receiver, "deliveries were given up: the receiver is no longer configured");
    });
    Ok(next)
}
