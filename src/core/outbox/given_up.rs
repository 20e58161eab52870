//! That a delivery was given up (12.4).

use super::ids::MessageId;
use super::reason::ParkReason;
use crate::core::time::{Span, Time};

/// So long after it was given up a delivery is tried again, and not more often.
pub(super) const AGAIN_AFTER: Span = Span::mins(60);
/// What is refused for what it says waits twice as long each time, up to this.
const LONGEST_WAIT: Span = Span::mins(24 * 60);

/// That a delivery was given up. It stays with the delivery, whatever becomes of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// When for the first time: it is logged and counted then.
    pub since: Time,
    /// When for the last time.
    pub at: Time,
    /// Why.
    pub reason: ParkReason,
    /// The message in which it was attempted last; `None`: it never was.
    pub message: Option<MessageId>,
    /// How often it was tried again in vain.
    pub tries: u32,
    /// It has left alone, and has one attempt.
    pub is_alone: bool,
    /// The receiver's settings may be others by now. No row holds this: after a start nobody knows.
    pub may_be_mended: bool,
}

impl GivenUp {
    /// When it is tried again if nothing else happens before.
    pub fn due(&self) -> Time {
        let doublings = if self.reason == ParkReason::Refused { self.tries.min(16) } else { 0 };
        self.at + Span::ms((AGAIN_AFTER.as_ms() << doublings).min(LONGEST_WAIT.as_ms()))
    }

    /// The receiver does not like what it says: that it takes others means nothing.
    pub fn offends(&self) -> bool {
        self.reason == ParkReason::Refused && !self.may_be_mended
    }

    /// Whether it may be tried as soon as the receiver is known to take something.
    pub(super) fn is_rested(&self, now: Time) -> bool {
        self.tries == 0 || self.at + AGAIN_AFTER <= now
    }
}
