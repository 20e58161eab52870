//! How an attempt ended (12.4).

use std::collections::HashSet;

use super::again::{follow_up, is_alone, offends};
use super::entropy::entropy;
use super::own::note_server;
use super::park::park;
use super::record::{Noted, note_attempt};
use super::reminders::{is_held, remind_of_another, waiting_reminder};
use super::rows::{Rows, Settled};
use super::split::refused;
use super::wait::let_wait;
use crate::core::incident::IncidentId;
use crate::core::outbox::{
    AfterAttempt, Attempt, CancelReason, Delivery, DeliveryState, Message, MessageId, ParkReason, Telling,
    after_alone, after_attempt, after_sent,
};
use crate::core::route::is_own_receiver;
use crate::core::text::first_bytes;
use crate::core::time::Time;
use crate::store::{Settling, StoreError};

/// An attempt to send a message ended, and that is stored for so many of its members: stores it for the next ones, or for all
/// where that is one row more. Nothing is done of a message that is settled already, or of a server before.
pub(in crate::store) fn settle(
    rows: &mut dyn Rows,
    id: MessageId,
    attempt: &Attempt,
    from: usize,
    now: Time,
) -> Result<Settling, StoreError> {
    let Some(message) = rows.message(id)? else { return Ok(Settling::Ended) };
    if is_own_receiver(&message.receiver) && from == 0 {
        note_server(rows, &message, attempt, now)?;
    }
    let answer = first_bytes(attempt.answer(), Attempt::MAX_ANSWER_BYTES);
    let is_alone = is_alone(rows, &message)?;
    match after(rows, &message, attempt, is_alone, now)? {
        AfterAttempt::RetryAt(at) => {
            let what = if message.attempts > 1 { Telling::Retried } else { Telling::Failed };
            let (members, most) = (rows.members(&message)?, most_of(rows, &message));
            let told = Noted { what, message: Some(id), answer };
            note_attempt(rows, &piece_of(&members, from, most), |_| told, now)?;
            if from + most < members.len() {
                return Ok(Settling::GoesOn(from + most));
            }
            rows.update_message(Message { retry_at: Some(at), ..message }, Some(answer))?;
            return Ok(Settling::Ended);
        }
        AfterAttempt::Sent => {
            if let Some(settled) = taken(rows, &message, Some(answer), is_alone, now)? {
                return Ok(Settling::GoesOn(from + settled));
            }
        }
        AfterAttempt::Refused => refused(rows, &message, answer, now)?,
        AfterAttempt::Park(reason) => park(rows, &message, reason, Some(answer), now)?,
    }
    // What was blocked behind it may go.
    rows.look_at(&message.receiver, now);
    Ok(Settling::Ended)
}

fn after(
    rows: &dyn Rows,
    message: &Message,
    attempt: &Attempt,
    is_alone: bool,
    now: Time,
) -> Result<AfterAttempt, StoreError> {
    Ok(match rows.policy().receiver(&message.receiver) {
        None if !attempt.is_taken() => AfterAttempt::Park(ParkReason::ReceiverGone),
        None => AfterAttempt::Sent,
        Some(_) if is_alone => after_alone(attempt),
        Some(receiver) => {
            let give_up_after = receiver.give_up_after + rows.blind()?.absent_after(message.created_at);
            after_attempt(message, attempt, give_up_after, now, entropy(rows.database_id()?, message))
        }
    })
}

/// Whether a message was taken that a server before had under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TakenBefore {
    No,
    /// More of it is to be settled.
    InPart,
    Settled,
}

/// A message of which a server before had settled a part was taken: a piece of the rest is settled. It is not sent again, since
/// what it told may have been told to be over by now.
pub(super) fn settle_the_rest(
    rows: &mut dyn Rows,
    message: &Message,
    now: Time,
) -> Result<TakenBefore, StoreError> {
    let is_whole = rows.members(message)?.len() == message.members.len();
    if is_whole || !rows.is_some_of_it_sent(message.id)? {
        return Ok(TakenBefore::No);
    }
    if taken(rows, message, None, false, now)?.is_some() {
        return Ok(TakenBefore::InPart);
    }
    rows.look_at(&message.receiver, now);
    Ok(TakenBefore::Settled)
}

/// It is told, or a piece of it: what is left are its members. Answers of how many that is stored; `None`: of all.
fn taken(
    rows: &mut dyn Rows,
    message: &Message,
    answer: Option<&str>,
    is_alone: bool,
    now: Time,
) -> Result<Option<usize>, StoreError> {
    let left = rows.members(message)?;
    let was_to_find_out = is_alone && !left.iter().any(offends);
    let piece = piece_of(&left, 0, most_of(rows, message));
    let settled = piece.len();
    let told = Noted { what: Telling::Told, message: Some(message.id), answer: answer.unwrap_or("") };
    note_attempt(rows, &piece, |_| told, now)?;
    for delivery in piece {
        sent(rows, delivery, message.id, now)?;
    }
    if settled < left.len() {
        rows.update_message(message.clone(), answer)?;
        return Ok(Some(settled));
    }
    rows.settle_message(message.id, Settled::Sent, answer, now)?;
    follow_up(rows, &message.receiver, was_to_find_out, now)?;
    Ok(None)
}

/// So many members are settled at a time. To look at what is left of thousands of records takes a while, too.
fn most_of(rows: &dyn Rows, message: &Message) -> usize {
    const MOST_PIECES: usize = 50;
    rows.pieces().settled.max(message.members.len().div_ceil(MOST_PIECES))
}

/// So many members of a message, and whatever else it tells of their incidents: on the record of each an attempt stands once,
/// and pings go between two pieces.
fn piece_of(members: &[Delivery], from: usize, most: usize) -> Vec<Delivery> {
    let incidents = |rows: &[Delivery]| rows.iter().map(|row| row.incident).collect::<HashSet<IncidentId>>();
    let (before, after) = members.split_at(from.min(members.len()));
    let (before, piece) = (incidents(before), incidents(&after[..most.min(after.len())]));
    let is_of_it = |row: &&Delivery| piece.contains(&row.incident) && !before.contains(&row.incident);
    members.iter().filter(is_of_it).cloned().collect()
}

fn sent(rows: &mut dyn Rows, delivery: Delivery, message: MessageId, now: Time) -> Result<(), StoreError> {
    let (held, waiting) = match waiting_reminder(rows, &delivery)? {
        Some(held) if is_held(&held, now) => (Some(held), None),
        waiting => (None, waiting),
    };
    let causes = rows.check_now(delivery.check)?.causes;
    let repeat = rows.incident(delivery.incident)?.and_then(|incident| {
        let causes = incident.causes_in(&causes);
        let stands = incident.stands_for(delivery.action, causes.as_slice());
        after_sent(&delivery, stands, waiting.as_ref(), now)
    });
    if repeat.is_none() && waiting.is_none() && held.is_none() {
        remind_of_another(rows, &delivery, now)?;
    }
    if let Some(repeat) = repeat {
        if let Some(waiting) = waiting.filter(|waiting| Some(waiting.id) == repeat.instead_of).or(held) {
            let state = DeliveryState::Cancelled(CancelReason::RemindedSooner);
            rows.update_delivery(Delivery { state, ..waiting })?;
        }
        let_wait(rows, repeat.reminder)?;
    }
    rows.update_delivery(Delivery { state: DeliveryState::Sent(message), ..delivery })
}
