//! What was given up is tried again while its incident goes on (12.4).
//!
//! Whether a receiver works again is found out by one delivery, which leaves alone and has one attempt. Once it is taken the
//! others follow as usual. What was refused for what it says offends again among others: it always leaves alone.

use super::attempt::{AfterAttempt, Attempt};
use super::delivery::{Delivery, DeliveryState};
use super::given_up::{AGAIN_AFTER, GivenUp};
use super::ids::{DeliveryId, MessageId};
use super::reason::ParkReason;
use crate::core::time::Time;

/// Why what was given up is tried again before its hour is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// We have started, and its settings may be others.
    Started,
    /// The receiver took something.
    Took,
    /// Its settings are others.
    Changed,
}

/// What of a receiver's given-up deliveries leaves now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// This one, alone.
    Leaves(DeliveryId),
    /// Nothing before this time; `None`: nothing until something else happens.
    Waits(Option<Time>),
}

/// Which of a receiver's given-up deliveries is tried again now.
///
/// `given_up` are those that [`crate::core::route::route`] lets go, in the order in which they are due, and of those of
/// one time in the order of their ids. `tried_at` is when one of them was last tried in vain, for another reason than what
/// it says: of these one is tried an hour, whichever has waited longest, and at once if there is an `occasion`.
pub fn again<'a>(
    given_up: impl IntoIterator<Item = &'a Delivery>,
    occasion: Option<Occasion>,
    tried_at: Option<Time>,
    now: Time,
) -> Again {
    let mut next: Option<Time> = None;
    for delivery in given_up {
        let given_up = delivery.given_up.expect("only what was given up is tried again");
        let at = match occasion {
            _ if given_up.offends() => given_up.due(),
            Some(Occasion::Changed) => now,
            Some(Occasion::Took) if given_up.is_rested(now) || given_up.may_be_mended => now,
            Some(Occasion::Started) if given_up.is_rested(now) => now,
            _ => given_up.at.max(tried_at.unwrap_or(given_up.at)) + AGAIN_AFTER,
        };
        if at <= now {
            return Again::Leaves(delivery.id);
        }
        next = Some(next.map_or(at, |next| next.min(at)));
    }
    Again::Waits(next)
}

/// Whether it leaves with the others once one that left alone was taken: it was not tried since it was given up.
pub fn follows(delivery: &Delivery) -> bool {
    delivery.given_up.is_some_and(|given_up| !given_up.offends() && given_up.tries == 0)
}

/// What becomes of one that left alone: it has one attempt.
pub fn after_alone(attempt: &Attempt) -> AfterAttempt {
    match attempt {
        Attempt::Taken { .. } => AfterAttempt::Sent,
        Attempt::Never { .. } => AfterAttempt::Park(ParkReason::Refused),
        Attempt::Later { .. } | Attempt::Unreachable { .. } | Attempt::Misdirected { .. } => {
            AfterAttempt::Park(ParkReason::GaveUp)
        }
    }
}

impl Delivery {
    /// It is given up, once more if it was before: what was refused counts as refused until it is taken.
    pub fn give_up(self, reason: ParkReason, message: Option<MessageId>, now: Time) -> Delivery {
        let before = self.given_up;
        let was_refused = before.is_some_and(|before| before.reason == ParkReason::Refused);
        let reason = if was_refused && reason == ParkReason::GaveUp { ParkReason::Refused } else { reason };
        let is_as_before = was_refused == (reason == ParkReason::Refused);
        let given_up = GivenUp {
            since: before.map_or(now, |before| before.since),
            at: now,
            reason,
            message: message.or(before.and_then(|before| before.message)),
            tries: before.filter(|_| is_as_before).map_or(0, |before| before.tries.saturating_add(1)),
            is_alone: false,
            may_be_mended: false,
        };
        Delivery { given_up: Some(given_up), ..self }.rest()
    }

    /// It was given up, and is not told for now.
    pub fn rest(self) -> Delivery {
        let GivenUp { reason, message, .. } = self.given_up.expect("only what was given up rests");
        Delivery { state: DeliveryState::Parked { reason, message }, ..self }
    }

    /// It leaves again, by itself or with others as anything that waits.
    pub fn leave_again(self, is_alone: bool) -> Delivery {
        let given_up = self.given_up.map(|given_up| GivenUp { is_alone, ..given_up });
        Delivery { given_up, state: DeliveryState::Waiting, ..self }
    }

    /// Whether it was given up, and nothing else became of it yet.
    pub fn is_given_up(&self) -> bool {
        match self.state {
            DeliveryState::Parked { .. } => true,
            DeliveryState::Waiting | DeliveryState::InMessage(_) => self.given_up.is_some(),
            DeliveryState::Sent(_) | DeliveryState::Cancelled(_) => false,
        }
    }
}
