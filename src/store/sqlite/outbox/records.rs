//! What is to be told of records: many of one check, and told together.

use super::Outbox;
use crate::core::check::CheckId;
use crate::core::incident::{IncidentId, IncidentKey, Matter};
use crate::core::outbox::{Delivery, DeliveryId, Topic};
use crate::core::route::ReceiverName;

/// The open incidents of a check's records, in the order of their keys, after this one.
pub(in crate::store::sqlite) fn open_records(
    outbox: &Outbox,
    check: CheckId,
    after: Option<&IncidentKey>,
) -> impl Iterator<Item = IncidentId> {
    // The check's own key is the first of all.
    let after = Matter { check, key: after.cloned().unwrap_or_default() };
    let from = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
    outbox.open.range(from).take_while(move |(of, _)| of.check == check).map(|(_, id)| *id)
}

/// The reminders of a check's records that wait, are in a message, or rest.
pub(in crate::store::sqlite) fn record_reminders(
    outbox: &Outbox,
    check: CheckId,
) -> impl Iterator<Item = &Delivery> {
    let from = outbox.record_reminders.range((check, DeliveryId(0))..);
    from.take_while(move |(of, _)| *of == check).map(|(_, id)| &outbox.deliveries[id])
}

/// What waits of a check's records, for no message, and does not stand aside, in the order of their ids.
pub(in crate::store::sqlite) fn waiting_of_records(
    outbox: &Outbox,
    check: CheckId,
    receiver: &ReceiverName,
    limit: usize,
) -> Vec<DeliveryId> {
    let Some(lane) = outbox.lanes.get(receiver) else { return Vec::new() };
    // That something flaps is told by itself.
    let is_of_record = |id: &DeliveryId| matches!(outbox.deliveries[id].topic(), Topic::Records(_));
    let mut ids: Vec<DeliveryId> = lane.waiting.candidates_of(check).filter(is_of_record).collect();
    ids.sort_unstable();
    ids.truncate(limit);
    ids
}
