//! Deliveries: rows that are stored before anything leaves, and what becomes of them (§12).

use super::check::CheckId;
use super::incident::IncidentId;
use super::route::{ActionId, ReceiverName};
use super::time::{Span, Time};

/// The number of a delivery, given by the store in the order of insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub u64);

/// The number of a message, given by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// What a delivery tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryKind {
    /// The check is bad.
    Alert,
    /// It still is (`repeat_interval`).
    Reminder,
    /// It is good again; or it was removed.
    Recovery,
    /// It was bad and is good again, in one message: nobody had been told before (12.5).
    Episode,
}

/// One action for one incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its number; deliveries of one (check, receiver) are told in this order.
    pub id: DeliveryId,
    /// Of which incident.
    pub incident: IncidentId,
    /// Of which check.
    pub check: CheckId,
    /// To whom.
    pub receiver: ReceiverName,
    /// By which action.
    pub action: ActionId,
    /// Which responder asked for it, counted from 1; `None`: `default_receivers`.
    pub responder: Option<u32>,
    /// What.
    pub kind: DeliveryKind,
    /// Not earlier than this (12.1).
    pub not_before: Time,
    /// When the row was made: what is grouped is counted from here (12.3).
    pub queued_at: Time,
    /// Told again so long after it was told.
    pub repeat_interval: Option<Span>,
    /// What has become of it.
    pub state: DeliveryState,
}

/// What has become of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Not yet in a message: never attempted.
    Waiting,
    /// Frozen into a message that is being sent, or sent again later: attempted, maybe told.
    InMessage(MessageId),
    /// The receiver took it.
    Sent(MessageId),
    /// Given up.
    Parked(ParkReason),
    /// Never to be told.
    Cancelled(CancelReason),
}

/// Why a delivery was given up: an operator should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParkReason {
    /// The receiver said that it will never take it.
    Refused,
    /// `give_up_after` has passed.
    GaveUp,
    /// The receiver is no longer configured.
    ReceiverGone,
}

/// Why a delivery need not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// It was not yet due when the check recovered.
    RecoveredBeforeDue,
    /// It was held when the check recovered.
    RecoveredWhileHeld,
    /// It began and ended within one `group_wait`.
    TooShort,
    /// The recovery's message tells of it (it became its [`DeliveryKind::Episode`]).
    Merged,
    /// Somebody acknowledged the incident.
    Acknowledged,
    /// Somebody said `wont_fix`.
    WontFix,
    /// The check is no longer declared.
    Removed,
}

/// What leaves together: the same members at every attempt (12.3).
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its number.
    pub id: MessageId,
    /// To whom.
    pub receiver: ReceiverName,
    /// The same at every attempt, and unique over all databases: Idempotency-Key and Message-ID.
    pub key: String,
    /// Its deliveries, in their order; at most [`Message::MAX_MEMBERS`].
    pub members: Vec<DeliveryId>,
    /// When it was frozen: `give_up_after` counts from here.
    pub created_at: Time,
    /// Attempts begun, the one under way included.
    pub attempts: u32,
    /// When it may be sent again; `None` while an attempt is under way.
    pub retry_at: Option<Time>,
}

impl Message {
    /// The most deliveries in a message.
    pub const MAX_MEMBERS: usize = 256;
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver took it.
    Taken,
    /// It may work later: no connection, a time-out, 429, 5xx, a 4xx SMTP reply. With the receiver's own wish, if it had one.
    Later {
        /// Retry-After, counted from the end of the attempt.
        after: Option<Span>,
        /// For people, without secrets, at most 500 bytes.
        why: String,
    },
    /// It will never work: other 4xx, a 5xx SMTP reply.
    Never {
        /// For people, without secrets, at most 500 bytes.
        why: String,
    },
}
