//! What people say of an incident: acknowledged, `wont_fix`, open again (11.2).

use super::cancel::{cancel_all, cancel_resting};
use super::carry_on::carry_out_of;
use super::plan::plan_actions;
use super::rows::Rows;
use crate::core::incident::{Incident, IncidentId, IncidentStatus};
use crate::core::outbox::CancelReason;
use crate::core::route::Facts;
use crate::core::time::Time;
use crate::store::{Stance, StoreError};

/// Answers of each whether it is so from now on, and was not before.
pub(in crate::store) fn stand_all(
    rows: &mut dyn Rows,
    incidents: &[IncidentId],
    stance: Stance,
    by: &str,
    now: Time,
) -> Result<Vec<bool>, StoreError> {
    incidents.iter().map(|id| stand(rows, *id, stance, by, now)).collect()
}

fn stand(
    rows: &mut dyn Rows,
    id: IncidentId,
    stance: Stance,
    by: &str,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(Incident { check, .. }) = rows.incident(id)? else { return Ok(false) };
    carry_out_of(rows, check)?;
    let Some(incident) = rows.incident(id)? else { return Ok(false) };
    let before = incident.status;
    let causes = rows.check_now(incident.check)?.causes;
    let stands = match stance {
        Stance::Acknowledge => incident.acknowledge(causes.as_slice(), by, now),
        Stance::WontFix => incident.wont_fix(by, now),
        Stance::Reopen => incident.reopen(by, now),
    };
    let Some((mut incident, step)) = stands else { return Ok(false) };
    rows.insert_step(id, &step)?;
    match incident.status {
        IncidentStatus::Acknowledged => cancel_all(rows, id, CancelReason::Acknowledged)?,
        IncidentStatus::WontFix => cancel_all(rows, id, CancelReason::WontFix)?,
        _ => {
            // All is planned anew.
            cancel_resting(rows, id, before)?;
            let definition = rows.definition(incident.check)?;
            let facts = Facts { definition: &definition, causes: causes.as_slice() };
            plan_actions(rows, &mut incident, &facts, now, now)?;
        }
    }
    rows.update_incident(incident)?;
    Ok(true)
}
