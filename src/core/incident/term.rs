//! How long an acknowledgement holds (22.4).

use crate::core::time::{Span, Time};

/// How long an incident is acknowledged that stands open again after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckTerm {
    /// When somebody said so.
    pub since: Time,
    /// Until when it holds, that time itself included.
    pub until: Time,
}

impl AckTerm {
    /// The longest that there may be.
    pub const MAX: Span = Span::mins(31 * 24 * 60);

    /// Whether it was over before `now`.
    pub fn is_over(self, now: Time) -> bool {
        self.until < now
    }

    /// The clock was set back (1.1): one that began after `now` lasts as long as was meant.
    #[must_use]
    pub fn brought_back_to(self, now: Time) -> AckTerm {
        let since = self.since.min(now);
        AckTerm { since, until: self.until - (self.since - since) }
    }
}
