//! What no row holds, after a call that failed, and once the clock was set back.

use super::Outbox;
use super::undo::Unstored;
use crate::core::outbox::Delivery;
use crate::core::time::Time;
use crate::store::work::Pace;

impl Outbox {
    /// A call begins: what was changed until now stays so, also if this one cannot even begin its transaction.
    pub(in crate::store::sqlite) fn begin_call(&mut self) {
        self.undo.clear();
    }

    /// The memory was read anew since a call failed: what no row holds is as it was before that call.
    pub(in crate::store::sqlite) fn as_before(&mut self, before: Outbox) {
        let Outbox { lanes, deliveries, messages, limited, .. } = before;
        let is_mended = |row: &Delivery| row.given_up.is_some_and(|given_up| given_up.may_be_mended);
        let mut known = Unstored {
            paces: lanes.iter().map(|(name, lane)| (name.clone(), lane.pace)).collect(),
            mended: deliveries.iter().map(|(id, row)| (*id, is_mended(row))).collect(),
            attempts: messages.iter().map(|(id, message)| (*id, message.attempts_here)).collect(),
            limited,
        };
        before.undo.unwind(&mut known);
        (self.own, self.limited) = (before.own, known.limited);
        self.lanes.change_all(|name, lane| {
            if let Some(Pace { occasion, tried_at, limited_until, .. }) = known.paces.get(name).copied() {
                lane.pace = Pace { occasion, tried_at, limited_until, ..lane.pace };
            }
        });
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
        let Outbox { lanes, undo, .. } = self;
        lanes.change_all(|name, lane| {
            undo.note_pace(name, lane.pace);
            lane.pace.limited_until = lane.pace.limited_until.min(Some(now));
            lane.pace.tried_at = lane.pace.tried_at.min(Some(now));
        });
    }
}
