//! What was given up, and waits for its turn again while its incident goes on (12.4).

use super::pace::Pace;
use super::reminders::waiting_reminder;
use super::rows::Rows;
use crate::core::outbox::{Delivery, DeliveryId, DeliveryKind, Message, Occasion, follows};
use crate::core::route::{ALL_OWN, ReceiverName};
use crate::core::time::Time;
use crate::store::StoreError;

/// So many follow at a time once one was taken: more follow those.
const FOLLOW_AT_A_TIME: usize = 2 * Message::MAX_MEMBERS;

/// Whether a message is one that was given up before, and has one attempt.
pub(super) fn is_alone(rows: &dyn Rows, message: &Message) -> Result<bool, StoreError> {
    let [member] = message.members.as_slice() else { return Ok(false) };
    Ok(rows.member(*member)?.given_up.is_some_and(|given_up| given_up.is_alone))
}

/// A receiver took a message: what it did not take before follows it, if this one was to find out.
pub(super) fn follow_up(
    rows: &mut dyn Rows,
    name: &ReceiverName,
    was_to_find_out: bool,
    now: Time,
) -> Result<(), StoreError> {
    may_take_more(rows, name, now)?;
    if !was_to_find_out {
        return Ok(());
    }
    let mut to_follow = Vec::new();
    for id in rows.resting_first(name)? {
        if to_follow.len() == FOLLOW_AT_A_TIME {
            break;
        }
        if rows.delivery(id)?.is_some_and(|row| follows(&row)) {
            to_follow.push(id);
        }
    }
    for id in to_follow {
        wait_again(rows, id, now)?;
    }
    Ok(())
}

/// A receiver took something: what it did not take before may be tried.
fn may_take_more(rows: &mut dyn Rows, name: &ReceiverName, now: Time) -> Result<(), StoreError> {
    if rows.resting_first(name)?.next().is_some() {
        let mut pace = rows.pace(name);
        pace.occasion = pace.occasion.max(Some(Occasion::Took));
        pace.try_by(now);
        rows.set_pace(name, pace);
    }
    Ok(())
}

/// Receivers whose settings are others from now on, or may be (12.4h): what was refused may be taken, and what failed may
/// arrive.
pub(super) fn mend(
    rows: &mut dyn Rows,
    occasion: Occasion,
    is_changed: impl Fn(&ReceiverName) -> bool,
    now: Time,
) -> Result<(), StoreError> {
    if is_changed(&ALL_OWN.into()) {
        rows.own_mails().try_by(now);
    }
    for name in rows.resting_receivers()?.into_iter().filter(|name| is_changed(name)) {
        rows.may_be_mended(&name);
        let mut pace = Pace { occasion: Some(occasion), ..rows.pace(&name) };
        pace.try_by(now);
        rows.set_pace(&name, pace);
    }
    Ok(())
}

/// A given-up delivery waits for its turn again, unless another reminder does. Answers whether it does.
pub(super) fn wait_again(rows: &mut dyn Rows, id: DeliveryId, now: Time) -> Result<bool, StoreError> {
    let row = rows.delivery(id)?.expect("what rests is unfinished");
    if is_reminded_by_another(rows, &row)? {
        return Ok(false);
    }
    let receiver = row.receiver.clone();
    rows.update_delivery(row.leave_again(false))?;
    rows.look_at(&receiver, now);
    Ok(true)
}

/// 12.4: one reminder of an incident, or of a check's records, waits for each receiver.
pub(super) fn is_reminded_by_another(rows: &dyn Rows, row: &Delivery) -> Result<bool, StoreError> {
    let is_reminder = row.kind == DeliveryKind::Reminder;
    Ok(is_reminder && waiting_reminder(rows, row)?.is_some_and(|other| other.id != row.id))
}

pub(super) fn offends(row: &Delivery) -> bool {
    row.given_up.is_some_and(|given_up| given_up.offends())
}
