//! What this process knows and no row holds, for the unit of work.

use std::sync::Arc;

use super::Outbox;
use crate::core::check::{CheckId, Definition, Name};
use crate::core::origin::Habits;
use crate::core::outbox::{DeliveryId, OwnMails};
use crate::core::retention::Retention;
use crate::core::route::{HeldBy, Policy, ReceiverName};
use crate::core::time::Time;
use crate::store::pending::{PendingChange, PendingChanges, Redeclared};
use crate::store::sqlite::memory::Memory;
use crate::store::sqlite::tx::Tx;
use crate::store::work::{OfProcess, Pace, Pieces, Story};

impl OfProcess for Tx<'_> {
    fn policy(&self) -> Arc<Policy> {
        let settings = self.settings.expect("a store is configured before anything is judged");
        settings.policy.clone()
    }

    fn retention(&self) -> Option<&Retention> {
        self.settings.map(|settings| &settings.retention)
    }

    fn habits(&self, definition: &Definition) -> Habits {
        self.memory.habits(definition)
    }

    fn has_pending(&self) -> bool {
        self.pending.is_some()
    }

    fn pending(&self, name: &Name) -> Option<(PendingChange, Time)> {
        self.pending?.get(name)
    }

    fn all_pending(&self) -> Vec<Name> {
        self.pending.map(PendingChanges::all).unwrap_or_default()
    }

    fn to_archive(&self) -> usize {
        self.pending.map_or(0, |pending| pending.to_archive(&self.carried))
    }

    fn carried_out(&mut self, name: &Name, became: Redeclared) {
        // What this call carried out is as it should be the second time.
        let is_known = became == Redeclared::AsBefore && self.carried.iter().any(|(done, _)| done == name);
        if !is_known {
            self.carried.push((name.clone(), became));
        }
    }

    fn story(&mut self) -> &mut Story {
        &mut self.story
    }

    fn next_due(&mut self, now: Time, after: Option<&(Time, ReceiverName)>) -> Option<(Time, ReceiverName)> {
        self.memory.outbox.lanes.others_mut().next_due(now, after)
    }

    fn next_own_due(
        &mut self,
        now: Time,
        after: Option<&(Time, ReceiverName)>,
    ) -> Option<(Time, ReceiverName)> {
        self.memory.outbox.next_own_due(now, after)
    }

    fn pace(&self, receiver: &ReceiverName) -> Pace {
        self.memory.outbox.lanes.get(receiver).map(|lane| lane.pace).unwrap_or_default()
    }

    fn set_pace(&mut self, receiver: &ReceiverName, pace: Pace) {
        let Outbox { lanes, undo, .. } = &mut self.memory.outbox;
        lanes.change_known(receiver, |lane| {
            undo.note_pace(receiver, lane.pace);
            lane.pace = pace;
        });
    }

    fn look_at(&mut self, receiver: &ReceiverName, now: Time) {
        self.memory.outbox.look_at_lane(receiver, now);
    }

    fn set_aside(&mut self, id: DeliveryId, until: Option<Time>, by: Vec<HeldBy>) {
        self.memory.outbox.set_aside(id, until, by);
    }

    fn pieces(&self) -> Pieces {
        self.memory.pieces
    }

    fn records_left(&mut self) -> &mut usize {
        &mut self.records_left
    }

    fn let_asked_return(&mut self, limit: usize, now: Time) -> bool {
        self.memory.outbox.let_asked_return(limit, now)
    }

    fn let_return(&mut self, receiver: &ReceiverName, limit: usize, now: Time) -> bool {
        let mut is_more = false;
        self.memory.outbox.lanes.change_known(receiver, |lane| is_more = lane.let_return(limit, now));
        is_more
    }

    fn bring_back_paces(&mut self, now: Time) {
        self.memory.outbox.bring_back_paces(now);
        self.memory.projection.look_at_all();
    }

    fn look_everywhere(&mut self, now: Time) {
        self.memory.outbox.look_everywhere(now);
    }

    fn may_be_mended(&mut self, receiver: &ReceiverName) {
        self.memory.outbox.may_be_mended(receiver);
    }

    fn take_to_alert(&mut self, limit: usize, now: Time) -> Vec<CheckId> {
        let Memory { projection, bad, checks, .. } = &mut *self.memory;
        let mut taken = projection.take(bad, limit, now);
        taken.retain(|check| checks.get(*check).is_some());
        self.looked_to_alert.extend(&taken);
        taken
    }

    fn looked_to_alert(&mut self, check: CheckId, next: Option<Time>, held: Option<&[Name]>) {
        self.memory.projection.looked(check, next, held);
    }

    fn note_limited(&mut self) {
        self.memory.outbox.limited += 1;
    }

    fn limited(&self, now: Time) -> usize {
        self.memory.outbox.lanes.iter().filter(|(_, lane)| lane.pace.limited_until > Some(now)).count()
    }

    fn own_mails(&mut self) -> &mut OwnMails {
        &mut self.memory.outbox.own
    }
}
