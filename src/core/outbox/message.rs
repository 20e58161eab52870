//! What leaves together.

use super::backoff::MAX_RETRY;
use super::ids::{DeliveryId, MessageId};
use crate::core::route::ReceiverName;
use crate::core::time::{Span, Time};

/// What leaves together: the same members at every attempt (12.3).
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its number.
    pub id: MessageId,
    /// To whom.
    pub receiver: ReceiverName,
    /// The same at every attempt, and unique over all databases: Idempotency-Key and Message-ID.
    pub key: String,
    /// Its deliveries, in their order; at most its receiver's `max_members`, of which a check's records are one.
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
    /// The most things that a message to any receiver tells of: a check's records are one of these.
    pub const MAX_MEMBERS: usize = 256;
    /// The most deliveries in it.
    pub const MAX_DELIVERIES: usize = 10_000;

    /// The clock was set back from `before` (1.1): a message from a time after `now` is tried again without waiting for it,
    /// and none waits longer than it still had to, or than a receiver that does not answer makes it wait.
    pub fn bring_back_to(&mut self, before: Time, now: Time) {
        let longest = if self.created_at > now { Span::ZERO } else { MAX_RETRY };
        self.created_at = self.created_at.min(now);
        let left = |at: Time| (at - before).max(Span::ZERO).min(longest);
        self.retry_at = self.retry_at.map(|at| at.min(now + left(at)));
    }
}
