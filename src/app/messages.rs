//! What people do with messages: decided and stored on the writer's thread (12.4).

use super::actor::Actor;
use super::not_done::NotDone;
use super::said::check_name;
use super::services::Services;
use crate::core::outbox::MessageId;
use crate::store::ByHand;
use crate::store::command::StoreCommand;

/// What is wanted of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageDeed {
    /// It is tried again at once.
    Retry,
    /// It is not told any more.
    Drop,
}

/// Does it, and says what was done.
pub async fn act(services: &Services, actor: &Actor, id: u64, deed: MessageDeed) -> Result<String, NotDone> {
    check_name(actor)?;
    let (number, by) = (MessageId(id), actor.name());
    let command = |answer| match deed {
        MessageDeed::Retry => StoreCommand::RetryMessage(number, by.clone(), answer),
        MessageDeed::Drop => StoreCommand::DropMessage(number, by.clone(), answer),
    };
    let text = match (services.command(actor, command).await??, deed) {
        (ByHand::Done(count), MessageDeed::Retry) => {
            format!("message {id} is tried again at once, {}", deliveries(count))
        }
        (ByHand::Done(count), MessageDeed::Drop) => {
            format!("message {id} is dropped, {}, says {by}", deliveries(count))
        }
        (ByHand::UnderWay, _) => return Err(NotDone::UnderWay(id)),
        (ByHand::NoReceiver, _) => return Err(NotDone::ReceiverGone(id)),
        (ByHand::Over, _) => return Err(NotDone::NothingToTell(id)),
        (ByHand::NoSuchMessage, _) => return Err(NotDone::NoSuchMessage(id.to_string())),
    };
    actor.log(&text);
    Ok(text)
}

/// Has all that was given up of a receiver tried again, and says what was done.
pub async fn retry_all(services: &Services, actor: &Actor, receiver: &str) -> Result<String, NotDone> {
    check_name(actor)?;
    let name = receiver.into();
    let outcome =
        services.command(actor, |answer| StoreCommand::RetryParked(name, actor.name(), answer)).await??;
    match outcome {
        ByHand::Done(count) => {
            let text = format!("what was given up of {receiver} is tried again, {}", deliveries(count));
            actor.log(&text);
            Ok(text)
        }
        ByHand::NoReceiver => Err(NotDone::NoSuchReceiver(receiver.to_owned())),
        _ => Err(NotDone::NothingParked(receiver.to_owned())),
    }
}

fn deliveries(count: usize) -> String {
    if count == 1 { "1 delivery".to_owned() } else { format!("{count} deliveries") }
}
