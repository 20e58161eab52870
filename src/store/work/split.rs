//! A message whose content was refused (12.4): it is split until what offends stands alone. So is one that has more members
//! than its receiver names by now.

use std::collections::{HashMap, HashSet};

use super::notice::notice_of;
use super::park::park;
use super::rows::{Rows, Settled};
use crate::core::incident::Matter;
use crate::core::notice::Notice;
use crate::core::outbox::{
    Delivery, DeliveryId, DeliveryState, Message, MessageId, ParkReason, Topic, by_topic, halves,
};
use crate::core::time::Time;
use crate::store::StoreError;

/// So many stood alone and were refused, and none was taken: it is not the content of one of them.
const ENOUGH_REFUSED: u64 = 8;

/// The receiver refused what a message says: each half is a message of its own. What is told of one matter alone is given up.
pub(super) fn refused(
    rows: &mut dyn Rows,
    message: &Message,
    answer: &str,
    now: Time,
) -> Result<(), StoreError> {
    if !split(rows, message, Some(answer), now)? {
        park(rows, message, ParkReason::Refused, Some(answer), now)?;
        return give_up_the_rest(rows, message, now);
    }
    let (receiver, key) = (message.receiver.clone(), message.key.clone());
    let (members, error) = (message.members.len(), answer.to_owned());
    rows.story().say(move || {
        tracing::warn!(%receiver, key, members, error, "a message was refused: it is split in two");
    });
    Ok(())
}

/// 12.3: a message that was frozen when its receiver named more than it does now is split before it is tried again, for what
/// is not named is told to nobody. Answers whether it was; what is told of one matter alone stays together.
pub(super) fn split_to_fit(
    rows: &mut dyn Rows,
    message: &Message,
    max_members: usize,
    now: Time,
) -> Result<bool, StoreError> {
    if message.members.len() <= max_members {
        return Ok(false);
    }
    let topics = by_topic(&rows.members(message)?).len();
    Ok(topics > max_members && split(rows, message, None, now)?)
}

/// Each half becomes a message of its own. Answers whether there are two: not if all is told of one matter.
fn split(
    rows: &mut dyn Rows,
    message: &Message,
    answer: Option<&str>,
    now: Time,
) -> Result<bool, StoreError> {
    let members = rows.members(message)?;
    let matters: Vec<(DeliveryId, Matter)> = members.iter().map(|row| (row.id, row.matter())).collect();
    let Some(halves) = halves(&matters) else { return Ok(false) };
    let notices = rows.frozen(message)?;
    for half in halves {
        let of_it: HashSet<DeliveryId> = half.iter().copied().collect();
        let rows_of_it: Vec<Delivery> =
            members.iter().filter(|row| of_it.contains(&row.id)).cloned().collect();
        // What cannot be read is said as things stand when it is sent.
        let said = match &notices {
            Some(notices) => notices_of(rows, (&members, notices), &rows_of_it, now)?,
            None => Vec::new(),
        };
        insert_half(rows, message, half, &said)?;
    }
    rows.settle_message(message.id, Settled::Split, answer, now)?;
    Ok(true)
}

fn insert_half(
    rows: &mut dyn Rows,
    whole: &Message,
    members: Vec<DeliveryId>,
    notices: &[Notice],
) -> Result<(), StoreError> {
    let half = Message {
        id: MessageId(0),
        key: String::new(),
        members,
        attempts: 0,
        attempts_here: 0,
        // At once, before anything else.
        retry_at: Some(whole.created_at),
        origin: Some(whole.origin.unwrap_or(whole.id)),
        ..whole.clone()
    };
    let half = rows.insert_message(half, notices)?;
    for id in &half.members {
        let delivery = rows.member(*id)?;
        rows.update_delivery(Delivery { state: DeliveryState::InMessage(half.id), ..delivery })?;
    }
    rows.update_message(half, None)
}

/// Where enough stood alone and none was taken, the rest is given up as it is.
fn give_up_the_rest(rows: &mut dyn Rows, refused: &Message, now: Time) -> Result<(), StoreError> {
    let Some(origin) = refused.origin else { return Ok(()) };
    // What nobody took in time is given up as well, and says nothing of what the others say.
    let is_enough = rows.refused_parts(origin)? >= ENOUGH_REFUSED;
    if !is_enough || rows.is_some_of_it_sent(origin)? {
        return Ok(());
    }
    let messages = rows.messages_to(&refused.receiver)?;
    for message in messages.into_iter().filter(|message| message.origin == Some(origin)) {
        park(rows, &message, ParkReason::Refused, None, now)?;
    }
    Ok(())
}

/// What is said of some of a message's members: the same as before, but of records of which some are in the other half.
fn notices_of(
    rows: &dyn Rows,
    (whole, notices): (&[Delivery], &[Notice]),
    members: &[Delivery],
    now: Time,
) -> Result<Vec<Notice>, StoreError> {
    let before: HashMap<Topic, (usize, &Notice)> = by_topic(whole)
        .into_iter()
        .zip(notices)
        .map(|((topic, members), notice)| (topic, (members.len(), notice)))
        .collect();
    let said = by_topic(members).into_iter().map(|(topic, members)| match before.get(&topic) {
        Some((count, notice)) if *count == members.len() => Ok((*notice).clone()),
        _ => notice_of(rows, topic, &members, now),
    });
    said.collect()
}
