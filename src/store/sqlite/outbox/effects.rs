//! What a flip does to its check's incident, and what is to be told of it: in the transaction of the flip (12.1).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rows;
use crate::core::cause::{Cause, CauseKind, Family, Status};
use crate::core::check::{CheckId, Definition};
use crate::core::incident::{Incident, IncidentId, IncidentStatus, Turn, on_flip};
use crate::core::outbox::{
    CancelReason, Delivery, DeliveryKind, DeliveryState, Ending, at_recovery, cancel_waiting,
};
use crate::core::route::{
    ActionId, Context, Dependency, Facts, ReceiverName, Verdict, is_own_receiver, own_action, plan, route,
};
use crate::core::step::{Flip, FlipReason};
use crate::core::time::{Span, Time};
use crate::store::StoreError;
use crate::store::sqlite::tx::Tx;
use crate::store::work::Rows as _;

/// A check as deliveries see it.
#[derive(Clone, Copy)]
pub(in crate::store::sqlite) struct SeenCheck<'a> {
    pub(in crate::store::sqlite) definition: &'a Definition,
    pub(in crate::store::sqlite) causes: &'a [Cause],
    pub(in crate::store::sqlite) is_paused: bool,
    pub(in crate::store::sqlite) incident: IncidentStatus,
}

impl Tx<'_> {
    /// Follows a flip; `before` are the causes before it.
    pub(in crate::store::sqlite) fn follow(
        &mut self,
        check: CheckId,
        definition: &Arc<Definition>,
        before: &[Cause],
        flip: &Flip,
        now: Time,
    ) -> Result<(), StoreError> {
        self.memory.outbox.look_after_flip(&definition.name, check, now);
        let open = self.memory.outbox.open_incident(check);
        let stood = open.cloned();
        if let Some(change) = on_flip(open, flip, check, IncidentId(0)) {
            let mut incident = change.incident;
            if matches!(change.turn, Turn::Opened(_)) {
                incident.id = self.insert_incident(&incident)?;
            }
            for step in &change.steps {
                self.insert_step(incident.id, step)?;
            }
            match &change.turn {
                Turn::Opened(causes) | Turn::Grew(causes) => {
                    let facts = Facts { definition, causes };
                    self.plan_actions(&mut incident, &facts, flip.at, now)?;
                }
                Turn::AfterBlind { begun, superseded } => {
                    let stays = self.told_as_late((definition, before), &mut incident, &stood, begun)?;
                    let of = |row: &&Delivery| superseded.contains(&row.action) && stays != Some(row.action);
                    let rows: Vec<Delivery> =
                        self.memory.outbox.unfinished(incident.id).filter(of).cloned().collect();
                    self.cancel(&rows, CancelReason::Superseded)?;
                    let facts = Facts { definition, causes: begun };
                    self.plan_actions(&mut incident, &facts, flip.at, now)?;
                }
                Turn::Eased => {}
                Turn::Ended => {
                    let stood = stood.expect("what ends was open");
                    let is_paused = flip.from == Status::Paused;
                    let seen = SeenCheck { definition, causes: before, is_paused, incident: stood.status };
                    let forgiven = flip.reason == FlipReason::Paused;
                    self.tell_the_end((&stood, &incident), seen, forgiven, now)?;
                }
            }
            self.update_incident(incident)?;
        }
        Ok(())
    }

    /// 16.5: an alias's own mail says that it is late where a blind judgement would have been: one that is told, or on its
    /// way, says so once, and stays planned. Answers its action then.
    fn told_as_late(
        &self,
        (definition, before): (&Definition, &[Cause]),
        incident: &mut Incident,
        stood: &Option<Incident>,
        begun: &[Cause],
    ) -> Result<Option<ActionId>, StoreError> {
        let is_late = |kind: CauseKind| kind.family() == Family::Late;
        let was_late = before.iter().filter_map(|cause| cause.would_be).any(is_late);
        if definition.alias.is_none() || !was_late || !begun.iter().all(|cause| is_late(cause.kind)) {
            return Ok(None);
        }
        let own = own_action(&definition.name).id;
        let tells = |row: &Delivery| row.action == own && !matches!(row.state, DeliveryState::Cancelled(_));
        if !rows::deliveries_of(self.db, incident.id, None)?.iter().any(tells) {
            return Ok(None);
        }
        let planned = stood.iter().flat_map(|stood| &stood.actions).find(|planned| planned.action == own);
        incident
            .actions
            .extend(planned.filter(|_| incident.actions.iter().all(|it| it.action != own)).cloned());
        Ok(Some(own))
    }

    pub(super) fn plan_actions(
        &mut self,
        incident: &mut Incident,
        facts: &Facts<'_>,
        at: Time,
        now: Time,
    ) -> Result<(), StoreError> {
        let plan = plan(&self.policy(), facts, incident, at, now);
        incident.actions.extend(plan.actions);
        for delivery in plan.deliveries {
            self.insert_delivery(delivery, DeliveryState::Waiting)?;
        }
        Ok(())
    }

    /// 12.5, 12.6: receiver by receiver, of an incident as it `stood` and as it ended. Where a pause has `forgiven` it (16.6), nothing was heard of the check: its own
    /// addresses, who would be told that it reports again, are told nothing.
    fn tell_the_end(
        &mut self,
        (stood, incident): (&Incident, &Incident),
        seen: SeenCheck<'_>,
        forgiven: bool,
        now: Time,
    ) -> Result<(), StoreError> {
        let policy = self.policy();
        let mut by_receiver: BTreeMap<ReceiverName, Vec<Delivery>> = BTreeMap::new();
        for delivery in rows::deliveries_of(self.db, incident.id, None)? {
            by_receiver.entry(delivery.receiver.clone()).or_default().push(delivery);
        }
        let dependencies = self.dependencies(seen.definition);
        for (name, mut rows) in by_receiver {
            if forgiven && is_own_receiver(&name) {
                rows.retain(|row| row.state == DeliveryState::Waiting);
                self.cancel(&rows, CancelReason::RecoveredWhileHeld)?;
                continue;
            }
            let receiver = policy.receiver(&name);
            let group_wait = receiver.map_or(Span::ZERO, |receiver| receiver.group_wait);
            let verdict = |row: &Delivery| {
                let seen = SeenCheck { incident: stood.stands_for(row.action, seen.causes), ..seen };
                self.verdict(seen, &dependencies, row.kind, row.ready_at(), group_wait, now)
            };
            let end = at_recovery(incident, &rows, verdict, receiver, now);
            if let Some(row) = end.too_short().and_then(|id| rows.iter().find(|row| row.id == id)) {
                self.note_too_short(incident, row, now)?;
            }
            for (id, ending) in end.endings {
                let at =
                    rows.iter().position(|row| row.id == id).expect("it ends one of the rows it was given");
                let mut row = rows.swap_remove(at);
                match ending {
                    Ending::Cancel(reason) => row.state = DeliveryState::Cancelled(reason),
                    Ending::Episode => row.kind = DeliveryKind::Episode,
                    Ending::StaysGivenUp => row = row.rest(),
                }
                self.update_delivery(row)?;
            }
            if let Some(recovery) = end.recovery {
                self.insert_delivery(recovery, DeliveryState::Waiting)?;
            }
        }
        Ok(())
    }

    /// Cancels what waits or would be tried again of an incident that goes on.
    pub(super) fn cancel_all(
        &mut self,
        incident: IncidentId,
        reason: CancelReason,
    ) -> Result<(), StoreError> {
        let rows: Vec<Delivery> = self.memory.outbox.unfinished(incident).cloned().collect();
        self.cancel(&rows, reason)
    }

    /// Cancels what would be tried again of an incident that somebody reopens, and that stood so before.
    pub(super) fn cancel_resting(
        &mut self,
        incident: IncidentId,
        before: IncidentStatus,
    ) -> Result<(), StoreError> {
        let is_wont_fix = before == IncidentStatus::WontFix;
        let reason = if is_wont_fix { CancelReason::WontFix } else { CancelReason::Acknowledged };
        let rests = |row: &&Delivery| matches!(row.state, DeliveryState::Parked { .. });
        let rows: Vec<Delivery> = self.memory.outbox.unfinished(incident).filter(rests).cloned().collect();
        self.cancel(&rows, reason)
    }

    fn cancel(&mut self, rows: &[Delivery], reason: CancelReason) -> Result<(), StoreError> {
        for id in cancel_waiting(rows) {
            let row = rows.iter().find(|row| row.id == id).expect("it cancels one of the rows it was given");
            self.update_delivery(Delivery { state: DeliveryState::Cancelled(reason), ..row.clone() })?;
        }
        Ok(())
    }

    /// What a check depends on, as this call has left it so far.
    pub(in crate::store::sqlite) fn dependencies(&self, definition: &Definition) -> Vec<Dependency> {
        let of = |name| {
            let id = *self.memory.by_name.get(name)?;
            let incident = self.memory.outbox.open_incident(id).map(|incident| incident.status);
            Some(self.with_state(id, |state| Dependency::of(name, state, incident)))
        };
        definition.depends_on.iter().filter_map(of).collect()
    }

    /// 8.1
    pub(in crate::store::sqlite) fn verdict(
        &self,
        seen: SeenCheck<'_>,
        dependencies: &[Dependency],
        kind: DeliveryKind,
        ready_at: Time,
        group_wait: Span,
        now: Time,
    ) -> Verdict {
        let context = Context {
            now,
            facts: Facts { definition: seen.definition, causes: seen.causes },
            incident: seen.incident,
            is_paused: seen.is_paused,
            mutes: &self.memory.mutes,
            quiet: &seen.definition.quiet,
            dependencies,
            grace: seen.definition.spec.grace,
            ready_at,
            group_wait,
        };
        route(kind, &context)
    }
}
