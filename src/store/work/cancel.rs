//! What need not be told any more.

use super::rows::Rows;
use crate::core::incident::{Incident, IncidentId};
use crate::core::outbox::{CancelReason, Delivery, DeliveryState, cancel_waiting};
use crate::core::route::ActionId;
use crate::store::StoreError;

/// Cancels what waits or would be tried again of an incident that goes on.
pub(super) fn cancel_all(
    rows: &mut dyn Rows,
    incident: IncidentId,
    reason: CancelReason,
) -> Result<(), StoreError> {
    let unfinished = rows.unfinished(incident)?;
    cancel(rows, &unfinished, reason)
}

/// Cancels what waits or rests of these actions.
pub(super) fn cancel_of(
    rows: &mut dyn Rows,
    incident: &Incident,
    actions: &[ActionId],
    reason: CancelReason,
) -> Result<(), StoreError> {
    if actions.is_empty() {
        return Ok(());
    }
    let mut over = rows.unfinished(incident.id)?;
    over.retain(|row| actions.contains(&row.action));
    cancel(rows, &over, reason)
}

/// Cancels those of these that wait or rest.
pub(super) fn cancel(
    rows: &mut dyn Rows,
    deliveries: &[Delivery],
    reason: CancelReason,
) -> Result<(), StoreError> {
    for id in cancel_waiting(deliveries) {
        let row = deliveries.iter().find(|row| row.id == id).expect("it cancels one of these");
        rows.update_delivery(Delivery { state: DeliveryState::Cancelled(reason), ..row.clone() })?;
    }
    Ok(())
}
