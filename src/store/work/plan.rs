//! Who is to be told that something is wrong (12.2).

use super::cancel::{cancel, cancel_of};
use super::rows::Rows;
use super::wait::let_wait;
use crate::core::cause::Cause;
use crate::core::check::Definition;
use crate::core::incident::{Incident, IncidentStatus};
use crate::core::outbox::CancelReason;
use crate::core::route::{ActionId, Facts, Reopened, plan, plan_anew};
use crate::core::time::Time;
use crate::store::StoreError;

/// Plans who is told of these causes, counted from `at`. The caller writes the incident.
pub(super) fn plan_actions(
    rows: &mut dyn Rows,
    incident: &mut Incident,
    facts: &Facts<'_>,
    at: Time,
    now: Time,
) -> Result<(), StoreError> {
    let plan = plan(&rows.policy(), facts, incident, at, now);
    // What rests of an action that tells again would be tried again beside it.
    let is_planned = |action: &ActionId| incident.actions.iter().any(|planned| planned.action == *action);
    let again: Vec<ActionId> = plan.actions.iter().map(|planned| planned.action).filter(is_planned).collect();
    cancel_of(rows, incident, &again, CancelReason::Acknowledged)?;
    plan.note_in(incident);
    for delivery in plan.deliveries {
        let_wait(rows, delivery)?;
    }
    Ok(())
}

/// An incident that stands open again.
#[derive(Clone, Copy)]
pub(super) struct OpenAgain<'a> {
    /// How it stood until then.
    pub(super) stood: &'a Incident,
    /// By which its check is told: with the labels that it has from this call on.
    pub(super) told_as: &'a Definition,
    /// What is wrong with what it is of.
    pub(super) causes: &'a [Cause],
    /// Since when it is open.
    pub(super) at: Time,
}

/// All that is to be told of it is planned anew, but for what goes on. Writes the incident.
pub(super) fn open_again(
    rows: &mut dyn Rows,
    incident: Incident,
    open: OpenAgain<'_>,
    now: Time,
) -> Result<(), StoreError> {
    let OpenAgain { stood, told_as, causes, at } = open;
    let deliveries = rows.deliveries_of(incident.id)?;
    let facts = stood.facts(told_as, causes);
    let anew = plan_anew(&rows.policy(), &facts, &Reopened { stood, deliveries: &deliveries, at }, now);
    let is_wont_fix = stood.status == IncidentStatus::WontFix;
    let reason = if is_wont_fix { CancelReason::WontFix } else { CancelReason::Acknowledged };
    let mut over = rows.unfinished(incident.id)?;
    over.retain(|row| anew.cancelled.contains(&row.id));
    cancel(rows, &over, reason)?;
    for delivery in anew.deliveries {
        let_wait(rows, delivery)?;
    }
    rows.update_incident(Incident { actions: anew.actions, ..incident })
}
