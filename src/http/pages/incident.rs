//! The open incidents of checks: how they stand, and who said so.

use maud::{Markup, html};

use super::super::App;
use super::super::door::Visibility;
use super::words;
use crate::core::check::CheckId;
use crate::core::incident::{IncidentStatus, IncidentStep, StepKind};
use crate::core::outbox::{DeliveryKind, DeliveryStep, Telling};
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::history::{IncidentRecord, Reader};

/// So many of the newest steps are shown.
const STEPS: usize = 100;

/// A line on the incident that has not ended, if there is one, and what happened to it.
pub(super) fn incident(app: &App, check: CheckId, is_paused: bool, sight: Visibility, now: Time) -> Markup {
    match app.services.history.as_ref().map(|reader| read_whole(reader, check)) {
        Some(Ok(Some((incident, said, happened)))) => html! {
            @let is_held = app.services.live.answered().contains_key(&check);
            (line(&incident, said.as_ref(), (is_paused, is_held), now))
            (steps(&happened, sight, now))
        },
        Some(Err(error)) => {
            html! { div.banner.bad role="alert" { "Its incident cannot be read: " (error) } }
        }
        Some(Ok(None)) | None => html! {},
    }
}

/// An incident, what was said of it last, and its steps, oldest first.
type Whole = (IncidentRecord, Option<IncidentStep>, Vec<IncidentStep>);

fn read_whole(reader: &Reader, check: CheckId) -> Result<Option<Whole>, StoreError> {
    let Some((incident, said)) = read(reader, check)? else { return Ok(None) };
    let steps = reader.steps(incident.id)?;
    Ok(Some((incident, said, steps)))
}

fn read(
    reader: &Reader,
    check: CheckId,
) -> Result<Option<(IncidentRecord, Option<IncidentStep>)>, StoreError> {
    let Some(incident) = reader.open_incident(check)? else { return Ok(None) };
    let said = reader.last_said(incident.id)?;
    Ok(Some((incident, said)))
}

/// What somebody said of an incident that has not ended: it needs nobody else.
pub(super) struct SaidOfIncident {
    pub(super) status: IncidentStatus,
    said: Option<IncidentStep>,
}

/// What was said of the incident of a check; `None`: there is none, or nobody has said anything that stands.
pub(super) fn answer(reader: &Reader, check: CheckId) -> Result<Option<SaidOfIncident>, StoreError> {
    let answered = |(incident, _): &(IncidentRecord, _)| {
        matches!(incident.status, IncidentStatus::Acknowledged | IncidentStatus::WontFix)
    };
    let read = read(reader, check)?.filter(answered);
    Ok(read.map(|(incident, said)| SaidOfIncident { status: incident.status, said }))
}

/// The same in few words, for a list.
pub(super) fn label(answer: &SaidOfIncident, now: Time) -> Markup {
    let stands = if answer.status == IncidentStatus::WontFix { "marked wont-fix" } else { "acknowledged" };
    html! { span.label { (stands) @if let Some(said) = &answer.said { (by(said, now)) } } }
}

/// A name may turn the direction of writing: only its own.
fn by(said: &IncidentStep, now: Time) -> Markup {
    html! { " by " bdi { (said.by) } ", " (words::when(said.at, now)) }
}

fn line(
    incident: &IncidentRecord,
    said: Option<&IncidentStep>,
    (is_paused, is_held): (bool, bool),
    now: Time,
) -> Markup {
    let (stands, means) = match (incident.status, said) {
        (IncidentStatus::Open, _) if is_paused => ("open", "nothing is sent of it while the check is paused"),
        (IncidentStatus::Acknowledged, _) if !is_held => {
            ("acknowledged", "but nobody has taken on what began since")
        }
        (IncidentStatus::Acknowledged, _) => ("acknowledged", "only its recovery will be told"),
        (IncidentStatus::WontFix, _) => ("marked wont-fix", "nothing is sent of it before its recovery"),
        (_, Some(_)) => ("open again", "nobody is on it"),
        (_, None) => ("open", "nobody has said to be on it"),
    };
    html! {
        p {
            "Incident " (incident.id.0) ": " (stands)
            @if let Some(said) = said { (by(said, now)) }
            span.quiet { " · " (means) }
        }
    }
}

/// What happened to it, the newest first. What receivers answered is for whoever may see what jobs said.
fn steps(steps: &[IncidentStep], sight: Visibility, now: Time) -> Markup {
    html! {
        details {
            summary { "What happened to it" }
            table { tbody { @for step in steps.iter().rev().take(STEPS) {
                tr {
                    td.time { (words::when(step.at, now)) }
                    td { (happened(&step.what, sight)) }
                    td.quiet { "by " bdi { (step.by) } }
                }
            } } }
        }
    }
}

fn happened(what: &StepKind, sight: Visibility) -> Markup {
    html! {
        @match what {
            StepKind::Began(kind) => { "Began: " (kind.meaning()) }
            StepKind::Eased(kind) => { "Over: " (kind.meaning()) }
            StepKind::Resolved => { "Resolved" }
            StepKind::Removed => { "No longer declared" }
            StepKind::Acknowledged => { "Acknowledged" }
            StepKind::WontFix => { "Marked wont-fix" }
            StepKind::Reopened => { "Open again" }
            StepKind::Delivery(step) => { (delivery(step, sight)) }
        }
    }
}

fn delivery(step: &DeliveryStep, sight: Visibility) -> Markup {
    let became = match step.what {
        Telling::Told => "told",
        Telling::Failed => "not reached",
        Telling::Retried => "tried again, not reached",
        Telling::Parked => "given up",
        Telling::Dropped => "dropped",
    };
    let what = match step.kind {
        DeliveryKind::Alert => "alert",
        DeliveryKind::Reminder => "reminder",
        DeliveryKind::Recovery => "recovery",
        DeliveryKind::Episode => "alert and recovery",
        DeliveryKind::Flapping(_) => "it flaps",
    };
    html! {
        bdi { (step.receiver) } ": " (became) " (" (what) ")"
        @if step.times > 1 { ", " (step.times) " times" }
        @if sight == Visibility::All && !step.answer.is_empty() { ": " bdi { (step.answer) } }
    }
}
