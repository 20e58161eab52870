//! What was given up is tried again while its incident goes on (12.4).

use std::collections::HashSet;

use crate::core::check::CheckId;
use crate::core::outbox::{
    Again, Delivery, DeliveryId, DeliveryKind, DeliveryState, Message, Occasion, again, follows,
};
use crate::core::route::{ALL_OWN, ReceiverName};
use crate::core::time::{Span, Time};
use crate::store::sqlite::tx::Tx;
use crate::store::{Outgoing, StoreError};

use super::Outbox;

/// So many follow at a time once one was taken: more follow those.
const FOLLOW_AT_A_TIME: usize = 2 * Message::MAX_MEMBERS;

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
        let rows = rows.filter(|id| !self.is_reminded_by_another(&outbox.deliveries[id]));
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
        if leaves.as_ref().is_none_or(|row| !offends(row)) {
            lane.occasion = None;
        }
        lane.try_at = look.next.into_iter().chain(next).min();
        let Some(row) = leaves else { return Ok(None) };
        let id = row.id;
        self.memory.outbox.put_delivery(row.leave_again(true));
        self.send(name, vec![id], now).map(Some)
    }

    /// Whether a message is one that was given up before, and has one attempt.
    pub(super) fn is_alone(&self, message: &Message) -> bool {
        let is_alone = |id: &DeliveryId| {
            self.memory.outbox.deliveries[id].given_up.is_some_and(|given_up| given_up.is_alone)
        };
        message.members.len() == 1 && message.members.iter().all(is_alone)
    }

    /// A receiver took a message: what it did not take before follows it, if this one was to find out.
    pub(super) fn follow_up(
        &mut self,
        name: &ReceiverName,
        was_to_find_out: bool,
        now: Time,
    ) -> Result<(), StoreError> {
        self.memory.outbox.note_taken(name, now);
        let outbox = &self.memory.outbox;
        let Some(lane) = outbox.lanes.get(name).filter(|_| was_to_find_out) else { return Ok(()) };
        let rows = lane.given_up.iter().map(|(_, id)| &outbox.deliveries[id]);
        let rows: Vec<DeliveryId> =
            rows.filter(|row| follows(row)).take(FOLLOW_AT_A_TIME).map(|row| row.id).collect();
        for id in rows {
            self.wait_again(id, now)?;
        }
        Ok(())
    }

    /// A given-up delivery waits for its turn again, unless another reminder does.
    pub(super) fn wait_again(&mut self, id: DeliveryId, now: Time) -> Result<bool, StoreError> {
        let row = self.memory.outbox.deliveries[&id].clone();
        if self.is_reminded_by_another(&row) {
            return Ok(false);
        }
        let receiver = row.receiver.clone();
        self.update_delivery(row.leave_again(false))?;
        self.memory.outbox.look_at_lane(&receiver, now);
        Ok(true)
    }

    /// 12.4: one reminder of an incident waits for each receiver.
    fn is_reminded_by_another(&self, row: &Delivery) -> bool {
        let waits = |other: &Delivery| {
            other.id != row.id
                && other.kind == DeliveryKind::Reminder
                && other.receiver == row.receiver
                && other.state == DeliveryState::Waiting
        };
        row.kind == DeliveryKind::Reminder && self.memory.outbox.unfinished(row.incident).any(waits)
    }
}

pub(super) fn offends(row: &Delivery) -> bool {
    row.given_up.is_some_and(|given_up| given_up.offends())
}
