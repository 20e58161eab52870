//! What people do with messages, by whatever door: decided and stored on the writer's thread (12.4).

use super::App;
use crate::core::outbox::MessageId;
use crate::store::ByHand;

/// What is wanted of a message.
#[derive(Clone, Debug)]
pub(super) enum MessageDeed {
    /// It is tried again at once.
    Retry,
    /// It is not told any more, says this person.
    Drop(String),
}

/// Why nothing was done.
#[derive(Debug)]
pub(super) enum NotDone {
    /// The store has no answer: why, in words.
    Busy(String),
    /// There is no such message.
    NoSuchMessage(String),
    /// It is not so that anything could be done: why, in words.
    Conflict(String),
}

/// Does it, and says what was done.
pub(super) async fn act(app: &App, id: u64, deed: MessageDeed) -> Result<String, NotDone> {
    let number = MessageId(id);
    let wanted = deed.clone();
    let stored = app.services.on_store(move |store, now| match &wanted {
        MessageDeed::Retry => store.retry_message(number, now),
        MessageDeed::Drop(by) => store.drop_message(number, by, now),
    });
    let busy = |why: &dyn std::fmt::Display| NotDone::Busy(why.to_string());
    let outcome = stored.await.map_err(|error| busy(&error))?.map_err(|error| busy(&error))?;
    Err(match (outcome, deed) {
        (ByHand::Done(count), MessageDeed::Retry) => {
            return Ok(format!("message {id} is tried again at once, {}", deliveries(count)));
        }
        (ByHand::Done(count), MessageDeed::Drop(by)) => {
            return Ok(format!("message {id} is dropped, {}, says {by}", deliveries(count)));
        }
        (ByHand::UnderWay, _) => {
            NotDone::Conflict(format!("message {id} is being sent right now: look again in a moment"))
        }
        (ByHand::NoReceiver, _) => {
            NotDone::Conflict(format!("the receiver of message {id} is no longer configured"))
        }
        (ByHand::Over, _) => NotDone::Conflict(format!(
            "nothing of message {id} is to be told: it was taken, what it tells of has ended, or it was tried again since"
        )),
        (ByHand::NoSuchMessage, _) => {
            NotDone::NoSuchMessage(format!("there is no message {id}, or not any more"))
        }
    })
}

/// Has all that was given up of a receiver tried again, and says what was done.
pub(super) async fn retry_all(app: &App, receiver: &str) -> Result<String, String> {
    let name = receiver.into();
    let stored = app.services.on_store(move |store, now| store.retry_parked(&name, now));
    let outcome = stored.await.map_err(|busy| busy.to_string())?.map_err(|error| error.to_string())?;
    match outcome {
        ByHand::Done(count) => {
            Ok(format!("what was given up of {receiver} is tried again, {}", deliveries(count)))
        }
        ByHand::NoReceiver => Err(format!("there is no receiver `{receiver}`")),
        _ => Err(format!("nothing that is still bad was given up of {receiver}")),
    }
}

fn deliveries(count: usize) -> String {
    if count == 1 { "1 delivery".to_owned() } else { format!("{count} deliveries") }
}

impl NotDone {
    /// In words.
    pub(super) fn why(self) -> String {
        match self {
            NotDone::Busy(why) | NotDone::NoSuchMessage(why) | NotDone::Conflict(why) => why,
        }
    }
}
