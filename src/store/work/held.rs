//! The end of a time in which nothing left (`--no-deliveries`): what is still bad is told, and the rest is not.

use super::reminders::hand_over;
use super::rows::{Rows, Settled};
use super::settle::{TakenBefore, settle_the_rest};
use crate::core::outbox::{CancelReason, Delivery, DeliveryState, Message};
use crate::core::time::Time;
use crate::store::{LetGo, StoreError};

/// Lets go what is still bad, and cancels the rest; `None`: nothing was held.
pub(in crate::store) fn let_go(rows: &mut dyn Rows, now: Time) -> Result<Option<LetGo>, StoreError> {
    if !rows.is_held()? {
        return Ok(None);
    }
    rows.put_held(false)?;
    for message in rows.messages()? {
        thaw(rows, &message, now)?;
    }
    let mut let_go = LetGo::default();
    // What was given up rests, and is tried again while it is still bad (12.4).
    let waits = |row: &Delivery| row.state == DeliveryState::Waiting;
    for row in rows.all_unfinished()?.into_iter().filter(waits) {
        if is_still_bad(rows, &row)? {
            let_go.told += 1;
            continue;
        }
        let_go.cancelled += 1;
        let state = DeliveryState::Cancelled(CancelReason::NotDelivering);
        rows.update_delivery(Delivery { state, ..row.clone() })?;
        if row.is_record_reminder() {
            hand_over(rows, row.check, &[row])?;
        }
    }
    rows.look_everywhere(now);
    Ok(Some(let_go))
}

/// What a message that was not settled says may be long over: its members wait, to be told as things stand now.
fn thaw(rows: &mut dyn Rows, message: &Message, now: Time) -> Result<(), StoreError> {
    while settle_the_rest(rows, message, now)? == TakenBefore::InPart {}
    if rows.message(message.id)?.is_none() {
        return Ok(());
    }
    for row in rows.members(message)? {
        rows.update_delivery(Delivery { state: DeliveryState::Waiting, ..row })?;
    }
    rows.settle_message(message.id, Settled::Dropped, None, now)
}

fn is_still_bad(rows: &dyn Rows, row: &Delivery) -> Result<bool, StoreError> {
    let is_told = rows.incident(row.incident)?.is_some_and(|incident| incident.status.is_still_told());
    Ok(row.kind.tells_bad() && is_told)
}
