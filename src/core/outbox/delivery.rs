//! One action for one incident, and what has become of it.

use std::ops::Deref;

use super::given_up::GivenUp;
use super::ids::{DeliveryId, MessageId};
use super::kind::DeliveryKind;
use super::reason::{CancelReason, ParkReason};
use crate::core::check::CheckId;
use crate::core::incident::{IncidentId, IncidentKey, Matter};
use crate::core::route::{ActionId, ReceiverName};
use crate::core::time::{Span, Time};

/// One action for one incident: who is told what of it, and when. The store gives it its number.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDelivery {
    /// Of which incident.
    pub incident: IncidentId,
    /// Of which check.
    pub check: CheckId,
    /// Which of it: the incident's key.
    pub key: IncidentKey,
    /// To whom.
    pub receiver: ReceiverName,
    /// By which action.
    pub action: ActionId,
    /// Which responder asked for it, counted from 1; `None`: `default_receivers`.
    pub responder: Option<u32>,
    /// What.
    pub kind: DeliveryKind,
    /// Not earlier than this.
    pub not_before: Time,
    /// The transaction's time.
    pub queued_at: Time,
    /// Told again so long after it was told.
    pub repeat_interval: Option<Span>,
}

/// What is to be told, and what has become of that.
///
/// It is read as what it tells: `delivery.receiver`.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its number; deliveries of one (check, key, receiver) are told in this order.
    pub id: DeliveryId,
    /// Who is told what, and when.
    pub told: NewDelivery,
    /// What has become of it.
    pub state: DeliveryState,
    /// That it was given up, if it ever was (12.4).
    pub given_up: Option<GivenUp>,
}

impl Deref for Delivery {
    type Target = NewDelivery;

    fn deref(&self) -> &NewDelivery {
        &self.told
    }
}

impl NewDelivery {
    /// The row that it becomes: it waits.
    pub fn numbered(self, id: DeliveryId) -> Delivery {
        Delivery { id, told: self, state: DeliveryState::Waiting, given_up: None }
    }

    /// What the same receiver is told next of the same incident, by the same action; not again after that.
    pub(super) fn followed_by(&self, kind: DeliveryKind, not_before: Time, now: Time) -> NewDelivery {
        NewDelivery { kind, not_before, queued_at: now, repeat_interval: None, ..self.clone() }
    }

    /// What it tells of.
    pub fn matter(&self) -> Matter {
        Matter { check: self.check, key: self.key.clone() }
    }

    /// When it may leave at the earliest: what is grouped is counted from here (12.3).
    pub fn ready_at(&self) -> Time {
        self.not_before.max(self.queued_at)
    }
}

impl Delivery {
    /// Whether it is or was in a message: the receiver may have been told.
    pub fn is_attempted(&self) -> bool {
        let was_before = self.given_up.is_some_and(|given_up| given_up.message.is_some());
        match self.state {
            DeliveryState::InMessage(_) | DeliveryState::Sent(_) => true,
            DeliveryState::Parked { message, .. } => message.is_some(),
            DeliveryState::Waiting | DeliveryState::Cancelled(_) => was_before,
        }
    }

    /// The clock was set back (1.1): a row from a time after `now` waits no longer than it was to wait when it was made.
    pub fn bring_back_to(&mut self, now: Time) {
        let told = &mut self.told;
        if told.queued_at > now {
            let wait = (told.not_before - told.queued_at).max(Span::ZERO);
            told.not_before = now + wait;
            told.queued_at = now;
        }
        if let Some(given_up) = &mut self.given_up {
            (given_up.since, given_up.at) = (given_up.since.min(now), given_up.at.min(now));
        }
    }
}

/// What has become of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// In no message: never attempted, or given up before.
    Waiting,
    /// Frozen into a message that is being sent, or sent again later: attempted, maybe told.
    InMessage(MessageId),
    /// The receiver took it.
    Sent(MessageId),
    /// Given up.
    Parked {
        /// Why.
        reason: ParkReason,
        /// The message in which it was attempted; `None`: it never was.
        message: Option<MessageId>,
    },
    /// Never to be told.
    Cancelled(CancelReason),
}

impl DeliveryState {
    /// As the database and the API have it.
    pub fn as_str(&self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::InMessage(_) => "in_message",
            DeliveryState::Sent(_) => "sent",
            DeliveryState::Parked { .. } => "parked",
            DeliveryState::Cancelled(_) => "cancelled",
        }
    }

    /// Why it need not be told, or was given up.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            DeliveryState::Parked { reason, .. } => Some(reason.as_str()),
            DeliveryState::Cancelled(reason) => Some(reason.as_str()),
            DeliveryState::Waiting | DeliveryState::InMessage(_) | DeliveryState::Sent(_) => None,
        }
    }

    /// The message that it is in, or was attempted in last.
    pub fn message(&self) -> Option<MessageId> {
        match self {
            DeliveryState::InMessage(message) | DeliveryState::Sent(message) => Some(*message),
            DeliveryState::Parked { message, .. } => *message,
            DeliveryState::Waiting | DeliveryState::Cancelled(_) => None,
        }
    }
}
