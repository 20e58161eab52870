//! What people say of an incident: acknowledged, `wont_fix`, open again (11.2), or only a comment (22.3).

use super::cancel::cancel_all;
use super::carry_on::carry_out_of;
use super::plan::{OpenAgain, plan_anew};
use super::rows::Rows;
use super::terms::end_terms;
use crate::core::incident::{Incident, IncidentId, IncidentStatus, IncidentStep, StepKind};
use crate::core::outbox::CancelReason;
use crate::core::time::Time;
use crate::store::{Saying, Stance, StoreError};

/// Answers of each whether it is so from now on, and was not before.
pub(in crate::store) fn stand_all(
    rows: &mut dyn Rows,
    incidents: &[IncidentId],
    saying: &Saying,
    now: Time,
) -> Result<Vec<bool>, StoreError> {
    incidents.iter().map(|id| say(rows, *id, saying, now)).collect()
}

fn say(rows: &mut dyn Rows, id: IncidentId, saying: &Saying, now: Time) -> Result<bool, StoreError> {
    let Saying { stance, until, comment, by } = saying;
    if *stance == Stance::Comment {
        return say_only(rows, id, &IncidentStep::new(StepKind::Commented, by, now).saying(comment));
    }
    let Some(Incident { check, .. }) = rows.incident(id)? else { return Ok(false) };
    carry_out_of(rows, check)?;
    let causes = rows.check_now(check)?.causes;
    end_terms(rows, check, causes.as_slice(), now, now)?;
    let Some(incident) = rows.incident(id)? else { return Ok(false) };
    let stands = match stance {
        Stance::Acknowledge => incident.acknowledge(causes.as_slice(), *until, by, now),
        Stance::WontFix => incident.wont_fix(by, now),
        Stance::Reopen => incident.reopen(by, now),
        Stance::Comment => None,
    };
    let Some((stands, step)) = stands else { return Ok(false) };
    rows.insert_step(id, &step.saying(comment))?;
    match stands.status {
        IncidentStatus::Acknowledged => cancel_all(rows, id, CancelReason::Acknowledged)?,
        IncidentStatus::WontFix => cancel_all(rows, id, CancelReason::WontFix)?,
        _ => {
            let open = OpenAgain { before: incident.status, causes: causes.as_slice(), at: now };
            return plan_anew(rows, stands, open, now).map(|()| true);
        }
    }
    rows.update_incident(stands)?;
    Ok(true)
}

/// 22.3: nothing changes. An incident that has ended may have one, too.
fn say_only(rows: &mut dyn Rows, id: IncidentId, step: &IncidentStep) -> Result<bool, StoreError> {
    let is_room = rows.count_comments(id)?.is_some_and(|count| count < Saying::MAX_COMMENTS);
    if is_room {
        rows.insert_step(id, step)?;
    }
    Ok(is_room)
}
