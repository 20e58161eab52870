//! Mails of checks' own leave through one mail server, and an address gets so many a minute (16.4).

use super::Outbox;
use crate::core::outbox::Message;
use crate::core::route::is_own_receiver;
use crate::core::time::Time;

impl Outbox {
    /// How many mails of checks' own are being sent now.
    pub(super) fn own_under_way(&self) -> usize {
        let is_under_way =
            |message: &&Message| message.retry_at.is_none() && is_own_receiver(&message.receiver);
        self.messages.values().filter(is_under_way).count()
    }

    /// The memory was read anew: what no row holds is as it was before.
    pub(in crate::store::sqlite) fn keep_own(&mut self, before: Outbox) {
        (self.own, self.limited) = (before.own, before.limited);
    }

    /// The clock was set back (1.1): no mail of a check's own waits for a time that was.
    pub(super) fn bring_back_limits(&mut self, now: Time) {
        let limits = self.lanes.values_mut().map(|lane| &mut lane.pace.limited_until);
        limits.for_each(|until| *until = (*until).min(Some(now)));
    }
}
