//! After a call that failed the outbox is as before it, with what no row holds.

use std::collections::{BTreeMap, BTreeSet};

use super::Outbox;
use super::undo::Undo;
use crate::core::incident::{Incident, IncidentId, IncidentStatus};
use crate::core::outbox::{CancelReason, Delivery, DeliveryId, DeliveryState};
use crate::core::route::ReceiverName;
use crate::core::time::Time;
use crate::store::work::Pace;

impl Outbox {
    /// A call begins: what was changed until now stays so.
    pub(in crate::store::sqlite) fn begin_call(&mut self) {
        let Outbox { parked, last_parked, limited, .. } = *self;
        self.undo = Undo { parked, last_parked, limited, ..Undo::default() };
    }

    /// It has failed: each thing is put as it was, so that whatever finds it does so again. What it concerned is looked at anew.
    pub(in crate::store::sqlite) fn undo(&mut self) {
        let before = std::mem::take(&mut self.undo);
        let paces = self.paces_before(&before);
        let Undo { incidents, deliveries, messages, aside, .. } = before;
        let told: BTreeSet<IncidentId> = incidents.keys().copied().chain(self.told_of(&deliveries)).collect();
        messages.keys().for_each(|id| self.forget_message(*id));
        let (mut ended, mut new) = (Vec::new(), Vec::new());
        for (id, before) in incidents {
            match before {
                Some(before) if before.status.is_ended() => ended.push(before),
                Some(before) => self.put_incident(before),
                None => self.end(id),
            }
        }
        for (id, before) in deliveries {
            before.map_or_else(|| new.push(id), |before| self.put_delivery(before));
        }
        new.into_iter().for_each(|id| self.cancel(id));
        // Those are here for the sake of their deliveries.
        ended.into_iter().for_each(|incident| self.put_incident(incident));
        messages.into_values().flatten().for_each(|message| self.put_message(message));
        for id in told {
            let is_open = self.incidents.get(&id).is_some_and(|incident| !incident.status.is_ended());
            self.told.ask_rows(id, is_open);
        }
        self.holds.ask(aside);
        for (name, before) in paces {
            self.lanes.change_known(&name, |lane| {
                lane.pace.recall(before);
                lane.look_anew(Time::MIN);
            });
        }
        (self.parked, self.last_parked, self.limited) = (before.parked, before.last_parked, before.limited);
        self.own.call_ended(false);
        self.undo = Undo::default();
    }

    /// Of each receiver that the call had to do with.
    fn paces_before(&self, before: &Undo) -> BTreeMap<ReceiverName, Pace> {
        let Undo { deliveries, messages, paces, .. } = before;
        let rows = deliveries.iter().flat_map(|(id, before)| [before.as_ref(), self.deliveries.get(id)]);
        let of_rows = rows.flatten().map(|row| &row.receiver);
        let all = messages.iter().flat_map(|(id, before)| [before.as_ref(), self.messages.get(id)]);
        let names = of_rows.chain(all.flatten().map(|message| &message.receiver));
        let now = |name: &ReceiverName| self.lanes.get(name).map(|lane| lane.pace).unwrap_or_default();
        let mut paces = paces.clone();
        for name in names {
            paces.entry(name.clone()).or_insert_with(|| now(name));
        }
        paces
    }

    /// The incidents of these deliveries.
    fn told_of<'u>(
        &'u self,
        deliveries: &'u BTreeMap<DeliveryId, Option<Delivery>>,
    ) -> impl Iterator<Item = IncidentId> + use<'u> {
        let rows = deliveries.iter().filter_map(|(id, before)| before.as_ref().or(self.deliveries.get(id)));
        rows.map(|row| row.incident)
    }

    /// No row holds this incident.
    fn end(&mut self, id: IncidentId) {
        if let Some(incident) = self.incidents.get(&id).cloned() {
            self.put_incident(Incident { status: IncidentStatus::Resolved, ..incident });
        }
    }

    /// No row holds this delivery, or it was finished.
    fn cancel(&mut self, id: DeliveryId) {
        if let Some(row) = self.deliveries.get(&id).cloned() {
            let state = DeliveryState::Cancelled(CancelReason::Removed);
            self.put_delivery(Delivery { state, given_up: None, ..row });
        }
    }

    /// The memory was read anew, since nobody knew whether a call was committed: what no row holds is as it was before that call.
    pub(in crate::store::sqlite) fn as_before(&mut self, before: Outbox) {
        (self.own, self.limited) = (before.own, before.limited);
        self.lanes.change_all(|name, lane| {
            if let Some(known) = before.lanes.get(name) {
                lane.pace.recall(known.pace);
            }
        });
        for (id, row) in &mut self.deliveries {
            if let Some(given_up) = &mut row.given_up {
                let known = before.deliveries.get(id).and_then(|row| row.given_up);
                given_up.may_be_mended = known.is_some_and(|known| known.may_be_mended);
            }
        }
        for (id, message) in &mut self.messages {
            message.attempts_here = before.messages.get(id).map_or(0, |known| known.attempts_here);
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
