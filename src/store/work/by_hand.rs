//! What people do with messages: have them tried again at once, or not any more (12.4).

use super::again::wait_again;
use super::audit::keep;
use super::record::{Noted, note};
use super::rows::{Rows, Settled};
use crate::core::audit::{Audit, AuditKind};
use crate::core::outbox::{
    CancelReason, Delivery, DeliveryId, DeliveryState, Message, MessageId, ParkReason, Telling,
};
use crate::core::route::{ReceiverName, is_own_receiver};
use crate::core::time::Time;
use crate::store::{ByHand, StoreError};

/// The most deliveries of a receiver that are tried again in one call: who has more asks again.
const AT_A_TIME: usize = 10_000;

/// Somebody wants a message tried again at once.
pub(in crate::store) fn retry(
    rows: &mut dyn Rows,
    id: MessageId,
    by: &str,
    now: Time,
) -> Result<ByHand, StoreError> {
    let done = retry_now(rows, id, now)?;
    keep_done(rows, Audit::new(now, by, AuditKind::Retry), &format!("message {}", id.0), done)
}

fn retry_now(rows: &mut dyn Rows, id: MessageId, now: Time) -> Result<ByHand, StoreError> {
    if let Some(message) = rows.message(id)? {
        if message.retry_at.is_none() {
            return Ok(ByHand::UnderWay);
        }
        if rows.policy().receiver(&message.receiver).is_none() {
            return Ok(ByHand::NoReceiver);
        }
        let count = message.members.len();
        somebody_asks(rows, &message.receiver, now);
        rows.update_message(Message { retry_at: Some(now), ..message }, None)?;
        return Ok(ByHand::Done(count));
    }
    let Some(given_up) = rows.given_up_with(id)? else { return Ok(ByHand::NoSuchMessage) };
    let policy = rows.policy();
    if given_up.iter().any(|row| policy.receiver(&row.receiver).is_none()) {
        return Ok(ByHand::NoReceiver);
    }
    let mut resting = Vec::new();
    for row in &given_up {
        resting.extend(rows.delivery(row.id)?.map(|row| row.id));
    }
    wait_again_all(rows, resting, now)
}

/// Somebody wants all that a receiver did not take tried again.
pub(in crate::store) fn retry_all(
    rows: &mut dyn Rows,
    name: &ReceiverName,
    by: &str,
    now: Time,
) -> Result<ByHand, StoreError> {
    if rows.policy().receiver(name).is_none() {
        return Ok(ByHand::NoReceiver);
    }
    let resting = rows.resting_first(name)?.take(AT_A_TIME).collect();
    let done = wait_again_all(rows, resting, now)?;
    keep_done(rows, Audit::new(now, by, AuditKind::Retry), &format!("what was given up of {name}"), done)
}

/// If it was done.
fn keep_done(rows: &mut dyn Rows, audit: Audit, of: &str, done: ByHand) -> Result<ByHand, StoreError> {
    if let ByHand::Done(count) = done {
        keep(rows, &audit.with_details(&format!("{of}, deliveries: {count}")))?;
    }
    Ok(done)
}

fn wait_again_all(rows: &mut dyn Rows, resting: Vec<DeliveryId>, now: Time) -> Result<ByHand, StoreError> {
    let mut count = 0;
    for id in resting {
        let row = rows.delivery(id)?.expect("what rests is unfinished");
        somebody_asks(rows, &row.receiver, now);
        count += usize::from(wait_again(rows, id, now)?);
    }
    Ok(if count == 0 { ByHand::Over } else { ByHand::Done(count) })
}

/// What they have mended may be the mail server.
fn somebody_asks(rows: &mut dyn Rows, receiver: &ReceiverName, now: Time) {
    if is_own_receiver(receiver) {
        rows.own_mails().try_by(now);
    }
}

/// Somebody wants a message told no more.
pub(in crate::store) fn drop_message(
    rows: &mut dyn Rows,
    id: MessageId,
    by: &str,
    now: Time,
) -> Result<ByHand, StoreError> {
    let members = match rows.message(id)? {
        Some(message) if message.retry_at.is_none() => return Ok(ByHand::UnderWay),
        Some(message) => rows.members(&message)?,
        None => match rows.given_up_with(id)? {
            Some(given_up) => given_up,
            None => return Ok(ByHand::NoSuchMessage),
        },
    };
    let Some(first) = members.first() else { return Ok(ByHand::Over) };
    for row in &members {
        let noted = Noted { what: Telling::Dropped, message: Some(id), answer: "" };
        note(rows, row, noted, by, now)?;
        drop_delivery(rows, row.clone(), id, now)?;
    }
    rows.settle_message(id, Settled::Dropped, None, now)?;
    // What was blocked behind it may go.
    rows.look_at(&first.receiver, now);
    let done = ByHand::Done(members.len());
    keep_done(
        rows,
        Audit::new(now, by, AuditKind::Drop),
        &format!("message {} to {}", id.0, first.receiver),
        done,
    )
}

/// It is not told any more. It may have been told: the recovery still follows.
fn drop_delivery(
    rows: &mut dyn Rows,
    row: Delivery,
    message: MessageId,
    now: Time,
) -> Result<(), StoreError> {
    if row.is_given_up() && rows.delivery(row.id)?.is_none() {
        rows.note_dropped();
    }
    let row = row.give_up(ParkReason::GaveUp, Some(message), now);
    rows.update_delivery(Delivery { state: DeliveryState::Cancelled(CancelReason::Dropped), ..row })
}
