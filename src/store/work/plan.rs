//! Who is to be told that something is wrong (12.2).

use super::cancel::cancel_resting;
use super::rows::Rows;
use super::wait::let_wait;
use crate::core::cause::Cause;
use crate::core::incident::{Incident, IncidentStatus};
use crate::core::route::{Facts, plan};
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
    incident.actions.extend(plan.actions);
    for delivery in plan.deliveries {
        let_wait(rows, delivery)?;
    }
    Ok(())
}

/// An incident that stands open again.
#[derive(Clone, Copy)]
pub(super) struct OpenAgain<'a> {
    /// How it stood until then.
    pub(super) before: IncidentStatus,
    /// What is wrong with its check.
    pub(super) causes: &'a [Cause],
    /// Since when it is open.
    pub(super) at: Time,
}

/// All that is to be told of it is planned anew. Writes the incident.
pub(super) fn plan_anew(
    rows: &mut dyn Rows,
    mut incident: Incident,
    open: OpenAgain<'_>,
    now: Time,
) -> Result<(), StoreError> {
    let OpenAgain { before, causes, at } = open;
    cancel_resting(rows, incident.id, before)?;
    let definition = rows.definition(incident.check)?;
    plan_actions(rows, &mut incident, &Facts { definition: &definition, causes }, at, now)?;
    rows.update_incident(incident)
}
