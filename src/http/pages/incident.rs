//! The open incidents of checks: how they stand, and who said so.

use maud::{Markup, html};

use super::super::App;
use super::words;
use crate::core::check::CheckId;
use crate::core::incident::{IncidentStatus, IncidentStep};
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::history::{IncidentRecord, Reader};

/// A line on the incident that has not ended, if there is one.
pub(super) fn incident(app: &App, check: CheckId, is_paused: bool, now: Time) -> Markup {
    match app.history.as_ref().map(|reader| read(reader, check)) {
        Some(Ok(Some((incident, said)))) => line(&incident, said.as_ref(), is_paused, now),
        Some(Err(error)) => {
            html! { div.banner.bad role="alert" { "Its incident cannot be read: " (error) } }
        }
        Some(Ok(None)) | None => html! {},
    }
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
pub(super) struct Answer {
    pub(super) status: IncidentStatus,
    said: Option<IncidentStep>,
}

/// What was said of the incident of a check; `None`: there is none, or nobody has said anything that stands.
pub(super) fn answer(reader: &Reader, check: CheckId) -> Result<Option<Answer>, StoreError> {
    let answered = |(incident, _): &(IncidentRecord, _)| {
        matches!(incident.status, IncidentStatus::Acknowledged | IncidentStatus::WontFix)
    };
    let read = read(reader, check)?.filter(answered);
    Ok(read.map(|(incident, said)| Answer { status: incident.status, said }))
}

/// The same in few words, for a list.
pub(super) fn label(answer: &Answer, now: Time) -> Markup {
    let stands = if answer.status == IncidentStatus::WontFix { "marked wont-fix" } else { "acknowledged" };
    html! { span.label { (stands) @if let Some(said) = &answer.said { (by(said, now)) } } }
}

/// A name may turn the direction of writing: only its own.
fn by(said: &IncidentStep, now: Time) -> Markup {
    html! { " by " bdi { (said.by) } ", " (words::when(said.at, now)) }
}

fn line(incident: &IncidentRecord, said: Option<&IncidentStep>, is_paused: bool, now: Time) -> Markup {
    let (stands, means) = match (incident.status, said) {
        (IncidentStatus::Open, _) if is_paused => ("open", "nothing is sent of it while the check is paused"),
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
