//! Mails of checks' own leave through one mail server, and an address gets so many a minute (16.4).

use super::{Lane, Outbox};
use crate::core::check::CheckId;
use crate::core::outbox::{Message, OwnMails};
use crate::core::route::{ReceiverName, is_own_receiver};
use crate::core::time::Time;
use crate::store::Outgoing;
use crate::store::sqlite::tx::Tx;

impl Outbox {
    /// How many more mails of checks' own may leave.
    pub(super) fn own_places(&self) -> usize {
        let is_under_way =
            |message: &&Message| message.retry_at.is_none() && is_own_receiver(&message.receiver);
        self.own.places(self.messages.values().filter(is_under_way).count())
    }

    /// The memory was read anew: what no row holds is as it was before.
    pub(in crate::store::sqlite) fn keep_own(&mut self, before: Outbox) {
        (self.own, self.limited) = (before.own, before.limited);
    }

    /// The clock was set back (1.1): no mail of a check's own waits for a time that was.
    pub(in crate::store::sqlite) fn bring_back_own(&mut self, now: Time) {
        self.own.bring_back_to(now);
        self.lanes.values_mut().for_each(|lane| lane.limited_until = lane.limited_until.min(Some(now)));
    }

    /// The check of which this lane tells next.
    fn next_check(&self, lane: &Lane) -> Option<CheckId> {
        let retry = self.next_retry(lane).and_then(|(_, id)| self.messages[&id].members.first());
        let given_up = lane.given_up.first().map(|(_, id)| id);
        let id = retry.or(lane.waiting.ids().next()).or(given_up)?;
        self.deliveries.get(id).map(|delivery| delivery.check)
    }
}

impl Tx<'_> {
    /// Whether a mail must wait because an address of its check has had enough of them. It is looked at again when it need
    /// not, and counted once.
    pub(super) fn is_limited(&mut self, name: &ReceiverName, now: Time) -> bool {
        let outbox = &mut self.memory.outbox;
        let check = outbox.lanes.get(name).and_then(|lane| outbox.next_check(lane));
        let Some(check) = check.and_then(|id| self.memory.checks.get(&id)) else { return false };
        let emails = &check.check.definition.emails;
        let free_at = outbox.own.free_at(emails, now);
        let Some(lane) = outbox.lanes.get_mut(name) else { return false };
        outbox.limited += u64::from(lane.limited_until.is_none() && free_at.is_some());
        lane.limited_until = free_at;
        if free_at.is_some() && outbox.own.says_so(now) {
            let waiting = outbox.lanes.values().filter(|lane| lane.limited_until > Some(now)).count();
            tracing::warn!(
                waiting, limit = OwnMails::A_MINUTE, check = %check.check.definition.name,
                "an address gets so many mails of checks' own a minute: those beyond wait"
            );
        }
        free_at.is_some()
    }

    /// A mail leaves for the addresses that stand in it.
    pub(super) fn count_own(&mut self, outgoing: &Outgoing, now: Time) {
        let emails = outgoing.notices.first().map_or(&[][..], |notice| &notice.emails);
        self.memory.outbox.own.leaves(emails, now);
    }
}
