//! How an attempt ended, and what follows from it: sent, tried again later, or given up (12.4).

use super::backoff::backoff;
use super::delivery::{Delivery, DeliveryState, NewDelivery};
use super::ids::DeliveryId;
use super::kind::DeliveryKind;
use super::message::Message;
use super::reason::ParkReason;
use crate::core::incident::IncidentStatus;
use crate::core::time::{Span, Time};

/// So often a message is tried after a start before it is given up: what it needs may start after us.
const LEAST_ATTEMPTS: u32 = 5;
/// After so many attempts a start waits before it makes another one: it may be what the process died of.
const FREE_ATTEMPTS: u32 = 3;
/// The longest wait that a receiver may wish for: one that errs must not silence itself for a day.
pub const MAX_RETRY_AFTER: Span = Span::mins(60);

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
    /// of checks' own alone: tried again like [`Attempt::Later`], and the others wait as well ([`super::OwnMails`]).
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

    /// What the receiver answered, or why it did not take it.
    pub(crate) fn text_mut(&mut self) -> &mut String {
        let (Attempt::Taken { answer: text }
        | Attempt::Later { why: text, .. }
        | Attempt::Unreachable { why: text, .. }
        | Attempt::Misdirected { why: text }
        | Attempt::Never { why: text }) = self;
        text
    }

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

/// What becomes of a message after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterAttempt {
    /// The receiver took it.
    Sent,
    /// The same members are sent again then.
    RetryAt(Time),
    /// What it says was refused: it is split ([`super::halves`]), or given up if it cannot be.
    Refused,
    /// It is given up, and what waits behind it may go.
    Park(ParkReason),
}

/// What becomes of `message` after an attempt that ended at `now` (12.4).
///
/// Waits for 5 s, 10 s, 20 s, … at most 10 min, of which between half and all, as `entropy` (any number) says; longer
/// if the receiver wished for it, at most an hour. The last attempt is at `give_up_after`, counted from the message's
/// creation, to which the caller adds the time in which we were not there; and not before five attempts since we are.
pub fn after_attempt(
    message: &Message,
    attempt: &Attempt,
    give_up_after: Span,
    now: Time,
    entropy: u64,
) -> AfterAttempt {
    let wish = match attempt {
        Attempt::Taken { .. } => return AfterAttempt::Sent,
        Attempt::Never { .. } => return AfterAttempt::Refused,
        Attempt::Unreachable { .. } | Attempt::Misdirected { .. } => Span::ZERO,
        Attempt::Later { after, .. } => after.unwrap_or(Span::ZERO),
    };
    let give_up_at = message.created_at + give_up_after;
    if now >= give_up_at && message.attempts_here >= LEAST_ATTEMPTS {
        return AfterAttempt::Park(ParkReason::GaveUp);
    }
    let wait = backoff(message.attempts, entropy).max(wish.min(MAX_RETRY_AFTER));
    let retry_at = now + wait;
    AfterAttempt::RetryAt(if now < give_up_at { retry_at.min(give_up_at) } else { retry_at })
}

/// When a message is sent again whose attempt a start found under way (12.4): at once, but after more than three attempts
/// as after one that failed when the process was last known to live.
pub fn after_abandoned(message: &Message, last_life: Option<Time>, entropy: u64) -> Time {
    match last_life {
        Some(died_at) if message.attempts > FREE_ATTEMPTS => died_at + backoff(message.attempts, entropy),
        _ => message.created_at,
    }
}

/// The next reminder of what was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// To be inserted.
    pub reminder: NewDelivery,
    /// To be cancelled, [`super::CancelReason::RemindedSooner`]: it would come later.
    pub instead_of: Option<DeliveryId>,
}

/// The reminder that follows a delivery which was sent at `now` (12.4); `None`: nothing more, or one that comes no
/// later waits already.
///
/// `waiting` is the reminder of the same incident, or of the records of the same check, to the same receiver that waits now:
/// there is at most one, of whichever action, and the soonest of them is kept.
pub fn after_sent(
    sent: &Delivery,
    incident: IncidentStatus,
    waiting: Option<&Delivery>,
    now: Time,
) -> Option<Repeat> {
    let tells_again = matches!(sent.kind, DeliveryKind::Alert | DeliveryKind::Reminder);
    if !tells_again || !incident.is_unanswered() {
        return None;
    }
    let not_before = now + sent.repeat_interval?;
    if let Some(waiting) = waiting {
        let are_records = waiting.check == sent.check && !waiting.key.is_own() && !sent.key.is_own();
        let is_its = (waiting.incident == sent.incident || are_records) && waiting.receiver == sent.receiver;
        assert!(is_its && waiting.state == DeliveryState::Waiting, "a waiting reminder of the same");
        if waiting.not_before <= not_before {
            return None;
        }
    }
    let reminder = sent.followed_by(DeliveryKind::Reminder, not_before, now);
    let reminder = NewDelivery { repeat_interval: sent.repeat_interval, ..reminder };
    Some(Repeat { reminder, instead_of: waiting.map(|waiting| waiting.id) })
}
