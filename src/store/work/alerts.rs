//! What Alertmanager should hear (§13): a projection, stored so that what ended is still told.

use super::rows::Rows;
use super::verdict::{Question, SeenCheck, dependencies, verdict};
use crate::core::alert::{Alert, alerts_of, project};
use crate::core::check::CheckId;
use crate::core::incident::{IncidentStatus, Matter};
use crate::core::outbox::DeliveryKind;
use crate::core::route::ReceiverPolicy;
use crate::core::time::Time;
use crate::store::{Alerts, StoreError};

/// What fires or has ended not long ago, of every check.
pub(in crate::store) fn alerts(rows: &mut dyn Rows, now: Time) -> Result<Alerts, StoreError> {
    let mut alerts = Alerts::default();
    for check in rows.checks_to_alert()? {
        let (of_it, next_look) = of_check(rows, check, now)?;
        alerts.all.extend(of_it);
        alerts.next_look = alerts.next_look.into_iter().chain(next_look).min();
    }
    Ok(alerts)
}

/// The alerts of a check, and when those that are held may fire.
fn of_check(rows: &mut dyn Rows, id: CheckId, now: Time) -> Result<(Vec<Alert>, Option<Time>), StoreError> {
    let definition = rows.definition(id)?;
    let state = rows.state(id)?;
    // 13.2: a check's gauges are of the check itself; its records are no alerts of their own.
    let incident = rows.open_incident(&Matter::own(id))?;
    let mut wanted = alerts_of(&definition, &state);
    if let Some(incident) = &incident {
        wanted = wanted.into_iter().map(|alert| alert.of_incident(incident.id)).collect();
    }
    let seen = SeenCheck {
        definition: &definition,
        causes: state.causes.as_slice(),
        is_paused: state.pause.since().is_some(),
        incident: incident.as_ref().map_or(IncidentStatus::Open, |incident| incident.status),
    };
    let dependencies = &dependencies(rows, &definition)?;
    // 8.3: it waits for what it depends on as a delivery does by default.
    let group_wait = ReceiverPolicy::GROUP_WAIT;
    let ready_at = incident.map_or(now, |incident| incident.opened_at);
    let question = Question {
        seen,
        dependencies,
        mutes: rows.mutes()?,
        kind: DeliveryKind::Alert,
        ready_at,
        group_wait,
    };
    let verdict = verdict(question, now);
    let next_look = verdict.next_look().filter(|_| !wanted.is_empty());
    let stored = rows.alerts(id)?;
    let alerts = project(&stored, &wanted, verdict.holds_push(), now);
    if alerts != stored {
        rows.put_alerts(id, alerts.clone())?;
    }
    Ok((alerts, next_look))
}
