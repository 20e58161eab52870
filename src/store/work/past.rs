//! A check that another system has watched until now: it goes on from there, and nobody is alerted by that.

use std::sync::Arc;

use super::rows::Rows;
use super::step::Subject;
use crate::core::cause::Cause;
use crate::core::check::{CheckId, Definition};
use crate::core::incident::{
    Incident, IncidentId, IncidentKey, IncidentStatus, IncidentStep, Planned, StepKind,
};
use crate::core::outbox::{DeliveryKind, DeliveryState, MessageId, NewDelivery};
use crate::core::route::own_action;
use crate::core::step::PastState;
use crate::core::time::Time;
use crate::store::{Past, StoreError};

pub(super) fn take_over(
    rows: &mut dyn Rows,
    definition: &Arc<Definition>,
    past: &Past,
    paused: bool,
    now: Time,
) -> Result<CheckId, StoreError> {
    let newest = past.history.first().map(|(at, _)| *at);
    let state = PastState {
        counts_from: past.state.counts_from.or(newest),
        paused_since: past.state.paused_since.or(paused.then_some(newest.unwrap_or(now))),
        ..past.state
    };
    let state = state.take_over(&definition.spec, now);
    let cause = state.causes.iter().next().copied();
    let most = if definition.alias.is_some() { rows.habits(definition).max_events } else { 0 };
    let id = rows.insert_check(definition.clone(), state)?;
    let kept = past.history.iter().take(usize::try_from(most).unwrap_or(usize::MAX));
    for (at, text) in kept.rev() {
        rows.insert_happening(id, *at, text)?;
    }
    if let Some(cause) = cause {
        open_as_told(rows, Subject::as_before(id, definition), cause, now)?;
    }
    Ok(id)
}

/// The incident of a check that was late before it came here: its own addresses were told there.
fn open_as_told(rows: &mut dyn Rows, late: Subject<'_>, cause: Cause, now: Time) -> Result<(), StoreError> {
    let Subject { check, told_as: definition, .. } = late;
    let action = own_action(&definition.name);
    let planned = Planned { action: action.id, kinds: vec![cause.kind], is_uncovered: false };
    let mut incident = Incident {
        id: IncidentId(0),
        check,
        key: IncidentKey::own(),
        labels: Arc::default(),
        opened_at: cause.since,
        ended_at: None,
        status: IncidentStatus::Open,
        first: cause,
        kinds: vec![cause.kind],
        actions: vec![planned],
        covered: Vec::new(),
        term: None,
        told_after_blind: false,
        diagnosed: None,
    };
    incident.id = rows.insert_incident(&incident)?;
    let step = IncidentStep::new(StepKind::Began(cause.kind), "an import", cause.since);
    rows.insert_step(incident.id, &step)?;
    if !definition.emails.is_empty() {
        let told = NewDelivery {
            incident: incident.id,
            check,
            key: IncidentKey::own(),
            receiver: action.receiver,
            action: action.id,
            responder: None,
            kind: DeliveryKind::Alert,
            not_before: cause.since,
            queued_at: now,
            repeat_interval: None,
        };
        rows.insert_delivery(told, DeliveryState::Sent(MessageId::ELSEWHERE))?;
    }
    rows.update_incident(incident)
}
