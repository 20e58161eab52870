//! What is given up: somebody is not told (12.4).

use super::record::note_attempt;
use super::rows::{Rows, Settled};
use crate::core::outbox::{Delivery, Message, MessageId, ParkReason, Telling};
use crate::core::time::Time;
use crate::store::StoreError;

/// Gives a message up.
pub(in crate::store) fn park(
    rows: &mut dyn Rows,
    message: &Message,
    reason: ParkReason,
    answer: Option<&str>,
    now: Time,
) -> Result<(), StoreError> {
    let was_given_up = |delivery: &Delivery| delivery.given_up.is_some();
    let what = |row: &Delivery| if was_given_up(row) { Telling::Retried } else { Telling::Parked };
    note_attempt(rows, message, what, answer.unwrap_or(""), now)?;
    let mut is_known = true;
    for id in &message.members {
        let delivery = rows.member(*id);
        is_known &= was_given_up(&delivery);
        park_delivery(rows, delivery, reason, Some(message.id), now)?;
    }
    let settled = if reason == ParkReason::Refused { Settled::Refused } else { Settled::Parked };
    rows.settle_message(message.id, settled, answer, now)?;
    if !is_known {
        tracing::error!(receiver = %message.receiver, key = message.key, ?reason, error = answer, "a message was given up");
    }
    Ok(())
}

/// Gives a delivery up: somebody is not told. It counts from the first time on.
pub(in crate::store) fn park_delivery(
    rows: &mut dyn Rows,
    delivery: Delivery,
    reason: ParkReason,
    message: Option<MessageId>,
    now: Time,
) -> Result<(), StoreError> {
    let is_first = delivery.given_up.is_none();
    rows.update_delivery(delivery.give_up(reason, message, now))?;
    if is_first {
        rows.note_parked(now);
    }
    Ok(())
}
