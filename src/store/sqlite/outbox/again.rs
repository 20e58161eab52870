//! What was given up is tried again while its incident goes on (12.4).

use std::collections::HashSet;

use crate::core::check::CheckId;
use crate::core::outbox::{Again, Delivery, DeliveryId, DeliveryState, Occasion, again};
use crate::core::route::{ALL_OWN, ReceiverName};
use crate::core::time::{Span, Time};
use crate::store::sqlite::tx::Tx;
use crate::store::work::{Rows as _, is_reminded_by_another};
use crate::store::{Outgoing, StoreError};

use super::Outbox;

impl Outbox {
    /// A receiver took something: what it did not take before may be tried.
    pub(super) fn note_taken(&mut self, name: &ReceiverName, now: Time) {
        if let Some(lane) = self.lanes.get_mut(name).filter(|lane| !lane.given_up.is_empty()) {
            lane.occasion = lane.occasion.max(Some(Occasion::Took));
            lane.try_by(now);
        }
    }

    /// Receivers whose settings are others from now on: what was refused may be taken, and what failed may arrive.
    pub(in crate::store::sqlite) fn mend(&mut self, is_changed: impl Fn(&ReceiverName) -> bool, now: Time) {
        if is_changed(&ALL_OWN.into()) {
            self.own.try_by(now);
        }
        let Outbox { lanes, deliveries, .. } = self;
        let changed = lanes.iter_mut().filter(|(name, lane)| !lane.given_up.is_empty() && is_changed(name));
        for (_, lane) in changed {
            lane.occasion = Some(Occasion::Changed);
            lane.try_by(now);
            for (_, id) in &lane.given_up {
                let given_up = deliveries.get_mut(id).and_then(|delivery| delivery.given_up.as_mut());
                given_up.expect("a lane has what was given up").may_be_mended = true;
            }
        }
    }

    /// After a start nobody knows whether the settings are others. Each is tried once an hour all the same.
    pub(super) fn may_be_mended(&mut self) {
        self.mend(|_| true, Time::MIN);
        self.lanes.values_mut().for_each(|lane| lane.occasion = lane.occasion.map(|_| Occasion::Started));
    }

    /// Takes out what rests of an incident that has ended: it stays given up.
    pub(super) fn forget_resting(&mut self, ids: Vec<DeliveryId>) {
        for id in ids {
            let is_resting = |row: &&Delivery| matches!(row.state, DeliveryState::Parked { .. });
            if let Some(row) = self.deliveries.get(&id).filter(is_resting).cloned() {
                self.unrest(&row);
                self.forget_delivery(&row);
            }
        }
    }

    /// Takes it out of its lane's list of what was given up, if it stands there.
    pub(super) fn unrest(&mut self, row: &Delivery) {
        let (Some(given_up), Some(lane)) = (row.given_up, self.lanes.get_mut(&row.receiver)) else { return };
        if lane.given_up.remove(&(given_up.due(), row.id)) {
            self.resting -= 1;
        }
    }
}

impl Tx<'_> {
    /// The one of a receiver's given-up deliveries that leaves now, if it is time for one.
    pub(super) fn try_again(
        &mut self,
        name: &ReceiverName,
        blocked: &HashSet<CheckId>,
        group_wait: Span,
        now: Time,
    ) -> Result<Option<Outgoing>, StoreError> {
        let outbox = &self.memory.outbox;
        let rows = outbox.lanes[name].given_up.iter().map(|(_, id)| id);
        let rows = rows.filter(|id| !is_reminded_by_another(self, &outbox.deliveries[id]));
        let look = self.look(name, rows, blocked, group_wait, now);
        for delivery in look.dropped {
            self.update_delivery(delivery)?;
        }
        let Some(lane) = self.memory.outbox.lanes.get_mut(name) else { return Ok(None) };
        let (leaves, next) = match again(&look.sendable, lane.occasion, lane.tried_at, now) {
            Again::Leaves(id) => (look.sendable.into_iter().find(|row| row.id == id), Some(now)),
            Again::Waits(next) => (None, next),
        };
        // It leads to one that tells whether the receiver works, or to none.
        if leaves.as_ref().is_none_or(|row| !row.given_up.is_some_and(|given_up| given_up.offends())) {
            lane.occasion = None;
        }
        lane.try_at = look.next.into_iter().chain(next).min();
        let Some(row) = leaves else { return Ok(None) };
        let id = row.id;
        self.memory.outbox.put_delivery(row.leave_again(true));
        self.send(name, vec![id], now).map(Some)
    }
}
