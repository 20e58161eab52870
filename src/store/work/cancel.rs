//! What need not be told any more.

use super::rows::Rows;
use crate::core::incident::IncidentId;
use crate::core::outbox::{CancelReason, Delivery, DeliveryState, cancel_waiting};
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
