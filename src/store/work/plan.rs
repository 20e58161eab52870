//! Who is to be told that something is wrong (12.2).

use super::rows::Rows;
use super::wait::let_wait;
use crate::core::incident::Incident;
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
