//! A message leaves: its attempt is stored before it is made (12.7).

use super::notice::notices;
use super::rows::Rows;
use crate::core::notice::Notice;
use crate::core::outbox::{Delivery, Message, MessageId, Topic, by_topic};
use crate::core::route::ReceiverName;
use crate::core::time::Time;
use crate::store::{Outgoing, StoreError};

/// Freezes these deliveries into a message that leaves now.
pub(super) fn send(
    rows: &mut dyn Rows,
    name: &ReceiverName,
    members: Vec<Delivery>,
    now: Time,
) -> Result<Outgoing, StoreError> {
    let said = notices(rows, &members, now)?;
    let message = Message {
        id: MessageId(0),
        receiver: name.clone(),
        key: String::new(),
        members: members.iter().map(|delivery| delivery.id).collect(),
        created_at: now,
        attempts: 1,
        attempts_here: 1,
        retry_at: None,
        origin: None,
    };
    let message = rows.insert_message(message, &said)?;
    rows.update_message(message.clone(), None)?;
    begin_threads(rows, &message, (&members, &said))?;
    rows.put_in_message(members, message.id)?;
    Ok(Outgoing { message, notices: said })
}

/// What is told of a check's records replies to the first message of their thread (12.5): which may be this one.
fn begin_threads(
    rows: &mut dyn Rows,
    message: &Message,
    (members, said): (&[Delivery], &[Notice]),
) -> Result<(), StoreError> {
    for ((topic, _), notice) in by_topic(members).into_iter().zip(said) {
        let Topic::Records(check) = topic else { continue };
        let is_first = notice.thread.is_none() && !notice.tells_of_occurrences();
        if let Some(thread) = rows.state(check)?.records().thread.filter(|_| is_first) {
            rows.put_record_thread(check, &message.receiver, thread, &message.key)?;
        }
    }
    Ok(())
}

/// A message leaves once more: the same members, who say the same.
pub(super) fn send_again(
    rows: &mut dyn Rows,
    mut message: Message,
    now: Time,
) -> Result<Outgoing, StoreError> {
    message.attempts = message.attempts.saturating_add(1);
    message.attempts_here = message.attempts_here.saturating_add(1);
    message.retry_at = None;
    rows.update_message(message.clone(), None)?;
    let said = match rows.frozen(&message)? {
        Some(said) => said,
        None => {
            let key = message.key.clone();
            rows.story().say(move || {
                tracing::error!(key, "what it said cannot be read: it says how things stand now");
            });
            let members = rows.members(&message)?;
            notices(rows, &members, now)?
        }
    };
    Ok(Outgoing { message, notices: said })
}
