//! `GET /api/v1/incidents`: of all checks, newest first, page by page.

use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, make, page_of};
use super::check::text;
use super::contract::Contract;
use super::problems::of_history;
use super::query::{Query, bad};
use super::shape::{self, object, one_of, or_null, time, whole};
use crate::app::history::{self, IncidentsAsked};
use crate::app::view::IncidentView;
use crate::core::cause::CauseKind;
use crate::core::check::Definition;
use crate::core::incident::IncidentStatus;
use crate::core::route::Matcher;
use crate::http::problem::Problem;

fn asked_for(query: &Query<'_>) -> Result<IncidentsAsked, Problem> {
    Ok(IncidentsAsked {
        page: query.page()?,
        status: query.word("status", &IncidentStatus::ALL, IncidentStatus::as_str)?,
        ended: query.word("ended", &[false, true], |ended| if ended { "true" } else { "false" })?,
        check: query.one("check")?.map(str::to_owned),
        key: query.one("key")?.map(str::to_owned),
        reason: query.one("reason")?.map(str::to_owned),
        labels: query.labels()?,
        matchers: Matcher::parse_list(query.one("matchers")?.unwrap_or_default())
            .map_err(|error| bad(format!("`matchers`: {error}")))?,
        since: query.time("since")?,
    })
}

/// Why an incident was opened.
pub(super) fn reason_shape() -> Value {
    one_of(CauseKind::shown().map(CauseKind::as_str))
}

/// The shape of what [`shown`] makes.
pub(super) fn incident_shape() -> Value {
    let keys = [
        ("id", whole()),
        ("check", shape::text()),
        ("key", shape::text()),
        ("title", shape::text()),
        ("group", shape::text()),
        ("labels", shape::labels()),
        ("status", one_of(IncidentStatus::ALL.map(IncidentStatus::as_str))),
        ("reason", reason_shape()),
        ("opened_at", time()),
        ("ended_at", or_null(time())),
        ("said_at", or_null(time())),
        ("said_by", or_null(shape::text())),
        ("comment", or_null(shape::text())),
        ("acknowledged_until", or_null(time())),
    ];
    object("Incident", keys)
}

pub(super) fn contract() -> Contract {
    let page = shape::page("Incidents", "incidents", incident_shape());
    Contract::new("listIncidents", "Incidents of all checks, newest first", page)
        .paged()
        .takes("status", one_of(IncidentStatus::ALL.map(IncidentStatus::as_str)), "Those that stand so.")
        .takes("ended", one_of(["false", "true"]), "Whether they have ended.")
        .takes("check", shape::text(), "Those of this check.")
        .takes("key", shape::text(), "Those of this record.")
        .takes("reason", shape::text(), "Those that were opened by this cause.")
        .takes_labels()
        .takes("matchers", shape::text(), "Those of checks that match, as in a mute.")
        .takes("since", time(), "Those that were opened then or later.")
}

/// Answers the list.
pub(super) async fn answer(asked: &Asked<'_>) -> ApiOutcome {
    let known =
        ["limit", "cursor", "status", "ended", "check", "key", "reason", "label", "matchers", "since"];
    let wanted = asked_for(&asked.query(&known)?)?;
    make(asked, move |app| {
        let page = of_history(history::incidents(&app.services, &wanted))?;
        Ok(page_of("incidents", &page, |(definition, view)| shown(definition, view)))
    })
    .await
}

/// An incident with its check, and who said last how it stands.
pub(super) fn shown(definition: &Definition, view: &IncidentView) -> Value {
    let IncidentView { record: incident, status, said } = view;
    let comment = said.as_ref().map(|step| &step.comment).filter(|comment| !comment.is_empty());
    let labels: serde_json::Map<String, Value> =
        definition.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    json!({
        "id": incident.id.0,
        "check": definition.name.as_str(),
        "key": incident.key.as_str(),
        "title": &*definition.title,
        "group": &*definition.group,
        "labels": labels,
        "status": status.as_str(),
        "reason": incident.first.kind.as_str(),
        "opened_at": incident.opened_at.to_string(),
        "ended_at": text(incident.ended_at),
        "said_at": text(said.as_ref().map(|step| step.at)),
        "said_by": said.as_ref().map(|step| &step.by),
        "comment": comment,
        "acknowledged_until": text(view.until()),
    })
}
