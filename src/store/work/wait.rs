//! Something is to be told, and waits for its turn.

use super::rows::Rows;
use crate::core::outbox::{Delivery, DeliveryState, Message, NewDelivery};
use crate::core::time::Span;
use crate::store::StoreError;

/// Writes what is to be told. Its receiver is looked at when it may leave with others, or at once where a message of those
/// that wait is full.
pub(super) fn let_wait(rows: &mut dyn Rows, new: NewDelivery) -> Result<Delivery, StoreError> {
    let delivery = rows.insert_delivery(new, DeliveryState::Waiting)?;
    let policy = rows.policy();
    let receiver = policy.receiver(&delivery.receiver);
    let group_wait = receiver.map_or(Span::ZERO, |receiver| receiver.group_wait);
    let is_full = rows.count_waiting(&delivery.receiver)? >= Message::MAX_MEMBERS;
    let mut pace = rows.pace(&delivery.receiver);
    pace.look_by(if is_full { delivery.queued_at } else { delivery.ready_at() + group_wait });
    rows.set_pace(&delivery.receiver, pace);
    Ok(delivery)
}
