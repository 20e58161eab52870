//! Deliveries: rows that are stored before anything leaves, and what becomes of them (§12).
//!
//! A delivery waits, leaves in a message, and is sent or parked; or it is cancelled before that. `docs/outbox.md` tells
//! its life in plain words. The functions here decide; a store keeps the rows and calls them.

mod again;
mod attempt;
mod flapping;
mod freeze;
mod own;
mod record;
mod recovery;

pub use again::{Again, GivenUp, Occasion, after_alone, again, follows};
pub use attempt::{AfterAttempt, MAX_RETRY_AFTER, Repeat, after_abandoned, after_attempt, after_sent};
pub use flapping::{Bout, Flapping, Flaps, after_too_short, flapping_notice};
pub use freeze::{Departure, freeze, halves};
pub use own::{OwnMails, ServerTurn};
pub use record::{DeliveryStep, Telling};
pub use recovery::{AtRecovery, Ending, at_recovery, cancel_waiting};

use super::check::CheckId;
use super::incident::{IncidentId, IncidentKey, Matter};
use super::route::{ActionId, ReceiverName};
use super::time::{Span, Time};

/// The number of a delivery, given by the store in the order of insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub u64);

/// The number of a message, given by the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

impl MessageId {
    /// The message of another system, told before its check came here: no row has this number.
    pub const ELSEWHERE: MessageId = MessageId(0);
}

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
    /// It goes bad and recovers again and again, each time too soon to be told by itself (12.5).
    Flapping(Flaps),
}

impl DeliveryKind {
    /// As it stands in the database, on pages and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryKind::Alert => "alert",
            DeliveryKind::Reminder => "reminder",
            DeliveryKind::Recovery => "recovery",
            DeliveryKind::Episode => "episode",
            DeliveryKind::Flapping(_) => "flapping",
        }
    }
}

/// One action for one incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its number; deliveries of one (check, key, receiver) are told in this order.
    pub id: DeliveryId,
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
    /// Not earlier than this (12.1).
    pub not_before: Time,
    /// When the row was made.
    pub queued_at: Time,
    /// Told again so long after it was told.
    pub repeat_interval: Option<Span>,
    /// What has become of it.
    pub state: DeliveryState,
    /// That it was given up, if it ever was (12.4).
    pub given_up: Option<GivenUp>,
}

/// A delivery that is to be inserted: it waits, and the store gives it its number.
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

impl NewDelivery {
    /// The row that it becomes.
    pub fn numbered(self, id: DeliveryId) -> Delivery {
        Delivery {
            id,
            incident: self.incident,
            check: self.check,
            key: self.key,
            receiver: self.receiver,
            action: self.action,
            responder: self.responder,
            kind: self.kind,
            not_before: self.not_before,
            queued_at: self.queued_at,
            repeat_interval: self.repeat_interval,
            state: DeliveryState::Waiting,
            given_up: None,
        }
    }
}

impl Delivery {
    /// What it tells of.
    pub fn matter(&self) -> Matter {
        Matter { check: self.check, key: self.key.clone() }
    }

    /// When it may leave at the earliest: what is grouped is counted from here (12.3).
    pub fn ready_at(&self) -> Time {
        self.not_before.max(self.queued_at)
    }

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
        if self.queued_at > now {
            let wait = (self.not_before - self.queued_at).max(Span::ZERO);
            self.not_before = now + wait;
            self.queued_at = now;
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

impl ParkReason {
    /// All of them.
    pub const ALL: [ParkReason; 3] = [ParkReason::Refused, ParkReason::GaveUp, ParkReason::ReceiverGone];

    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            ParkReason::Refused => "refused",
            ParkReason::GaveUp => "gave_up",
            ParkReason::ReceiverGone => "receiver_gone",
        }
    }
}

/// Why a delivery need not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// It was not yet due when the check recovered, or only just.
    RecoveredBeforeDue,
    /// It was held when the check recovered.
    RecoveredWhileHeld,
    /// It became due and its check recovered within one `group_wait`.
    TooShort,
    /// Another message of its incident to the same receiver tells of it: the recovery, or an
    /// [`DeliveryKind::Episode`].
    Merged,
    /// A reminder, and another one to the same receiver comes sooner (12.4).
    RemindedSooner,
    /// It was planned while we could not tell, and now we can: it is planned anew (9.6).
    Superseded,
    /// Somebody acknowledged the incident.
    Acknowledged,
    /// Somebody said `wont_fix`.
    WontFix,
    /// The check is no longer declared, or mails nobody itself any more.
    Removed,
    /// Somebody dropped its message.
    Dropped,
    /// It was over before a time ended in which nothing left (`--no-deliveries`).
    NotDelivering,
}

impl CancelReason {
    /// All of them.
    pub const ALL: [CancelReason; 11] = [
        CancelReason::RecoveredBeforeDue,
        CancelReason::RecoveredWhileHeld,
        CancelReason::TooShort,
        CancelReason::Merged,
        CancelReason::RemindedSooner,
        CancelReason::Superseded,
        CancelReason::Acknowledged,
        CancelReason::WontFix,
        CancelReason::Removed,
        CancelReason::Dropped,
        CancelReason::NotDelivering,
    ];

    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            CancelReason::RecoveredBeforeDue => "recovered_before_due",
            CancelReason::RecoveredWhileHeld => "recovered_while_held",
            CancelReason::TooShort => "too_short",
            CancelReason::Merged => "merged",
            CancelReason::RemindedSooner => "reminded_sooner",
            CancelReason::Superseded => "superseded",
            CancelReason::Acknowledged => "acknowledged",
            CancelReason::WontFix => "wont_fix",
            CancelReason::Removed => "removed",
            CancelReason::Dropped => "dropped",
            CancelReason::NotDelivering => "not_delivering",
        }
    }
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
    /// Its deliveries, in their order; at most its receiver's `max_members`.
    pub members: Vec<DeliveryId>,
    /// When it was frozen, or what it was split from: `give_up_after` counts from here.
    pub created_at: Time,
    /// Attempts begun, the one under way included.
    pub attempts: u32,
    /// Attempts begun since this process started, the one under way included: a start forgets them.
    pub attempts_here: u32,
    /// When it may be sent again; `None` while an attempt is under way.
    pub retry_at: Option<Time>,
    /// The message that was split first, if this one is a part of it (12.4).
    pub origin: Option<MessageId>,
}

impl Message {
    /// The most deliveries in a message to any receiver.
    pub const MAX_MEMBERS: usize = 256;

    /// The clock was set back (1.1): a message from a time after `now` is tried again without waiting for it, and none
    /// waits longer than a receiver that does not answer makes it wait.
    pub fn bring_back_to(&mut self, now: Time) {
        let longest = if self.created_at > now { Span::ZERO } else { attempt::MAX_RETRY };
        self.created_at = self.created_at.min(now);
        self.retry_at = self.retry_at.map(|at| at.min(now + longest));
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver took it.
    Taken {
        /// Its answer, for people, without secrets, at most [`Attempt::MAX_ANSWER_BYTES`].
        answer: String,
    },
    /// It may work later: no connection, a time-out, 429, 5xx, a 4xx SMTP reply. With the receiver's own wish, if it had one.
    Later {
        /// Retry-After, counted from the end of the attempt.
        after: Option<Span>,
        /// For people, without secrets, at most [`Attempt::MAX_ANSWER_BYTES`].
        why: String,
    },
    /// The mail server takes nothing from anybody: no connection, no login, no answer in time, or there is none. Said of mails
    /// of checks' own alone: tried again like [`Attempt::Later`], and the others wait as well ([`OwnMails`]).
    Unreachable {
        /// For people, without secrets, at most [`Attempt::MAX_ANSWER_BYTES`].
        why: String,
        /// It refuses us, our login or our sender: somebody should mend a setting, as with [`Attempt::Misdirected`].
        is_misdirected: bool,
    },
    /// The way there is refused, whatever the message says: 401, 403, 404, 407, a 5xx SMTP reply before DATA. Somebody
    /// should mend a setting; it is tried again like [`Attempt::Later`].
    Misdirected {
        /// For people, without secrets, at most [`Attempt::MAX_ANSWER_BYTES`].
        why: String,
    },
    /// What the message says will never be taken: other 4xx, a 5xx SMTP reply after DATA.
    Never {
        /// For people, without secrets, at most [`Attempt::MAX_ANSWER_BYTES`].
        why: String,
    },
}

impl Attempt {
    /// So much of a receiver's answer is kept (11.3).
    pub const MAX_ANSWER_BYTES: usize = 1000;

    /// The receiver took it, without a word.
    pub const TAKEN: Attempt = Attempt::Taken { answer: String::new() };

    /// Whether the receiver took it.
    pub fn is_taken(&self) -> bool {
        matches!(self, Attempt::Taken { .. })
    }

    /// Whether the receiver refuses us, whatever the message says: its settings should be mended.
    pub fn is_misdirected(&self) -> bool {
        matches!(self, Attempt::Misdirected { .. } | Attempt::Unreachable { is_misdirected: true, .. })
    }

    /// What the receiver answered, or why nothing was heard of it.
    pub fn answer(&self) -> &str {
        match self {
            Attempt::Taken { answer } => answer,
            Attempt::Later { why, .. }
            | Attempt::Unreachable { why, .. }
            | Attempt::Misdirected { why }
            | Attempt::Never { why } => why,
        }
    }
}

#[cfg(test)]
mod tests;
