//! What Alertmanager should hear (§13): a projection, stored so that what ended is still told.

use super::rows::Rows;
use super::verdict::{Question, SeenCheck, dependencies, verdict};
use crate::core::alert::{RESOLVED_KEPT, alerts_of, project};
use crate::core::cause::CauseKind;
use crate::core::check::CheckId;
use crate::core::incident::{IncidentStatus, Matter};
use crate::core::outbox::DeliveryKind;
use crate::core::route::{About, ReceiverPolicy};
use crate::core::time::Time;
use crate::store::StoreError;

/// Brings up to date what fires or has ended not long ago, of at most so many of the checks that may have changed.
pub(in crate::store) fn alerts(rows: &mut dyn Rows, limit: usize, now: Time) -> Result<(), StoreError> {
    for check in rows.take_to_alert(limit, now) {
        of_check(rows, check, now)?;
    }
    Ok(())
}

fn of_check(rows: &mut dyn Rows, id: CheckId, now: Time) -> Result<(), StoreError> {
    let definition = rows.definition(id)?;
    let state = rows.state(id)?;
    // 13.2: a check's gauges are of the check itself; its records are no alerts of their own.
    let incident = rows.open_incident(&Matter::own(id))?;
    let mut wanted = alerts_of(&definition, &state);
    if let Some(incident) = &incident {
        wanted = wanted.into_iter().map(|alert| alert.of_incident(incident.id)).collect();
    }
    // Who wants to hear no more of the check itself may want to hear of its records (18.5), of which no incident of its own tells.
    let own = incident.filter(|_| !state.causes.has(CauseKind::RecordsViolated));
    let seen = SeenCheck {
        definition: &definition,
        causes: state.causes.as_slice(),
        about: About::default(),
        is_paused: state.pause.since().is_some(),
        incident: own.as_ref().map_or(IncidentStatus::Open, |incident| incident.status),
    };
    let dependencies = &dependencies(rows, &definition)?;
    // 8.3: it waits for what it depends on as a delivery does by default.
    let group_wait = ReceiverPolicy::GROUP_WAIT;
    let began = state.causes.iter().map(|cause| cause.since).min();
    let ready_at = own.map(|incident| incident.opened_at).or(began).unwrap_or(now);
    let question = Question {
        seen,
        dependencies,
        mutes: rows.mutes()?,
        kind: DeliveryKind::Alert,
        ready_at,
        group_wait,
    };
    let verdict = verdict(question, now);
    let stored = rows.alerts(id)?;
    let alerts = project(&stored, &wanted, verdict.holds_push(), now);
    let is_held = alerts.iter().filter(|alert| alert.ended_at.is_none()).count() < wanted.len();
    let may_fire = verdict.next_look().filter(|_| is_held);
    let are_over = alerts.iter().filter_map(|alert| alert.ended_at).map(|ended_at| ended_at + RESOLVED_KEPT);
    let next_look = are_over.chain(may_fire).min();
    if *alerts != *stored {
        rows.put_alerts(id, alerts)?;
    }
    rows.looked_to_alert(id, next_look, is_held.then_some(&*definition.depends_on));
    Ok(())
}
