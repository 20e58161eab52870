//! What no row holds: mails of checks' own leave through one mail server, and an address gets so many a minute (16.4); and
//! when receivers are looked at.

use super::Outbox;
use super::undo::Unstored;
use crate::core::outbox::{Delivery, Message};
use crate::core::route::is_own_receiver;
use crate::core::time::Time;
use crate::store::work::Pace;

impl Outbox {
    /// How many mails of checks' own are being sent now.
    pub(super) fn own_under_way(&self) -> usize {
        let is_under_way =
            |message: &&Message| message.retry_at.is_none() && is_own_receiver(&message.receiver);
        self.messages.values().filter(is_under_way).count()
    }

    /// A call begins: what was changed until now stays so, also if this one cannot even begin its transaction.
    pub(in crate::store::sqlite) fn begin_call(&mut self) {
        self.undo.clear();
    }

    /// The memory was read anew since a call failed: what no row holds is as it was before that call.
    pub(in crate::store::sqlite) fn as_before(&mut self, before: Outbox) {
        let Outbox { lanes, deliveries, messages, limited, .. } = before;
        let is_mended = |row: &Delivery| row.given_up.is_some_and(|given_up| given_up.may_be_mended);
        let mut known = Unstored {
            paces: lanes.into_iter().map(|(name, lane)| (name, lane.pace)).collect(),
            mended: deliveries.iter().map(|(id, row)| (*id, is_mended(row))).collect(),
            attempts: messages.iter().map(|(id, message)| (*id, message.attempts_here)).collect(),
            limited,
        };
        before.undo.unwind(&mut known);
        (self.own, self.limited) = (before.own, known.limited);
        for (name, lane) in &mut self.lanes {
            if let Some(Pace { occasion, tried_at, limited_until, .. }) = known.paces.get(name).copied() {
                lane.pace = Pace { occasion, tried_at, limited_until, ..lane.pace };
            }
        }
        for (id, row) in &mut self.deliveries {
            if let Some(given_up) = &mut row.given_up {
                given_up.may_be_mended = known.mended.get(id) == Some(&true);
            }
        }
        for (id, message) in &mut self.messages {
            message.attempts_here = known.attempts.get(id).copied().unwrap_or(0);
        }
    }

    /// The clock was set back (1.1): nothing was tried later than now, and no mail of a check's own waits for a time that was.
    pub(super) fn bring_back_paces(&mut self, now: Time) {
        for (name, lane) in &mut self.lanes {
            self.undo.note_pace(name, lane.pace);
            lane.pace.limited_until = lane.pace.limited_until.min(Some(now));
            lane.pace.tried_at = lane.pace.tried_at.min(Some(now));
        }
    }
}
