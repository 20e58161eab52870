//! What a call changes of what no row holds, so that it can be as before if the call fails.

use std::collections::HashMap;

use crate::core::outbox::{Delivery, DeliveryId, GivenUp, Message, MessageId};
use crate::core::route::ReceiverName;
use crate::store::work::Pace;

/// What was otherwise before a call, in the order in which the call changed it.
#[derive(Debug, Default)]
pub(super) struct Undo(Vec<Was>);

#[derive(Debug)]
enum Was {
    Pace(ReceiverName, Pace),
    Mended(DeliveryId, bool),
    Attempts(MessageId, u32),
    Limited(u64),
}

/// What no row holds.
pub(super) struct Unstored {
    pub(super) paces: HashMap<ReceiverName, Pace>,
    /// [`GivenUp::may_be_mended`]
    pub(super) mended: HashMap<DeliveryId, bool>,
    /// [`Message::attempts_here`]
    pub(super) attempts: HashMap<MessageId, u32>,
    pub(super) limited: u64,
}

impl Undo {
    pub(super) fn note_pace(&mut self, receiver: &ReceiverName, pace: Pace) {
        self.0.push(Was::Pace(receiver.clone(), pace));
    }

    pub(super) fn note_mended(&mut self, id: DeliveryId, given_up: &GivenUp) {
        self.0.push(Was::Mended(id, given_up.may_be_mended));
    }

    pub(super) fn note_delivery(&mut self, before: Option<&Delivery>) {
        if let Some(Delivery { id, given_up: Some(given_up), .. }) = before {
            self.note_mended(*id, given_up);
        }
    }

    pub(super) fn note_message(&mut self, before: Option<&Message>) {
        self.0.extend(before.map(|message| Was::Attempts(message.id, message.attempts_here)));
    }

    pub(super) fn note_limited(&mut self, before: u64) {
        self.0.push(Was::Limited(before));
    }

    /// A call begins: what was changed until now stays so.
    pub(super) fn clear(&mut self) {
        self.0.clear();
        self.0.shrink_to(1024);
    }

    /// Makes of what is known after the call what was known before it: the last change first.
    pub(super) fn unwind(self, known: &mut Unstored) {
        for was in self.0.into_iter().rev() {
            match was {
                Was::Pace(name, pace) => drop(known.paces.insert(name, pace)),
                Was::Mended(id, was) => drop(known.mended.insert(id, was)),
                Was::Attempts(id, was) => drop(known.attempts.insert(id, was)),
                Was::Limited(was) => known.limited = was,
            }
        }
    }
}
