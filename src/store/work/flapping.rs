//! Checks that go bad and recover again and again, each time too soon to be told (12.5).

use super::rows::Rows;
use super::wait::let_wait;
use crate::core::incident::Incident;
use crate::core::outbox::{
    Bout, CancelReason, Delivery, DeliveryKind, DeliveryState, after_too_short, flapping_notice,
};
use crate::core::time::Time;
use crate::store::StoreError;

/// An incident has ended of which a receiver is not told since it was too short: this `row` is to be cancelled.
pub(super) fn note_too_short(
    rows: &mut dyn Rows,
    incident: &Incident,
    row: &Delivery,
    now: Time,
) -> Result<(), StoreError> {
    let bout = Bout { from: incident.opened_at, to: incident.ended_at.unwrap_or(now) };
    let known = rows.flapping(row.check, &row.receiver)?;
    let is_record = !row.key.is_own();
    if let Some(widened) = known.as_ref().filter(|_| is_record).and_then(|known| known.widened(bout)) {
        return rows.put_flapping(row.check, &row.receiver, &widened);
    }
    let (flapping, flaps) = after_too_short(known, bout);
    rows.put_flapping(row.check, &row.receiver, &flapping)?;
    let Some(flaps) = flaps else { return Ok(()) };
    let waiting = rows.waiting_notice(row.check, &row.receiver)?;
    let notice = flapping_notice(row, flaps, waiting.as_ref(), now);
    if let Some(waiting) = waiting {
        let state = DeliveryState::Cancelled(CancelReason::Merged);
        rows.update_delivery(Delivery { state, ..waiting })?;
    }
    let_wait(rows, notice).map(drop)
}

/// A notice that is never told: what comes from now on is counted anew.
pub(super) fn forget_flapping(rows: &mut dyn Rows, notice: &Delivery) -> Result<(), StoreError> {
    match notice.kind {
        DeliveryKind::Flapping(_) => rows.delete_flapping(notice.check, &notice.receiver),
        _ => Ok(()),
    }
}
