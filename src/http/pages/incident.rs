//! The open incident of a check: how it stands, and who said so.

use maud::{Markup, html};

use super::super::App;
use super::words;
use crate::core::check::CheckId;
use crate::core::incident::{IncidentStatus, IncidentStep};
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::history::{IncidentRecord, Reader};

/// A line on the incident that has not ended, if there is one.
pub(super) fn incident(app: &App, check: CheckId, now: Time) -> Markup {
    match app.history.as_ref().map(|reader| read(reader, check)) {
        Some(Ok(Some((incident, said)))) => line(&incident, said.as_ref(), now),
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

fn line(incident: &IncidentRecord, said: Option<&IncidentStep>, now: Time) -> Markup {
    let (stands, means) = match (incident.status, said) {
        (IncidentStatus::Acknowledged, _) => ("acknowledged", "only its recovery will be told"),
        (IncidentStatus::WontFix, _) => ("marked wont-fix", "nothing is sent of it before its recovery"),
        (_, Some(_)) => ("open again", "nobody is on it"),
        (_, None) => ("open", "nobody has said to be on it"),
    };
    html! {
        p {
            "Incident " (incident.id.0) ": " (stands)
            // A name may turn the direction of writing: only its own.
            @if let Some(said) = said { " by " bdi { (said.by) } ", " (words::when(said.at, now)) }
            span.quiet { " · " (means) }
        }
    }
}
