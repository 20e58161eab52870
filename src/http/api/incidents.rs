//! `GET /api/v1/incidents`: of all checks, newest first, page by page.

use std::collections::HashMap;
use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::asked::{ApiOutcome, Asked, in_json, make};
use super::check::text;
use super::problems::{no_history, unreadable};
use super::query::{Query, bad};
use crate::app::view::{IncidentView, standing};
use crate::core::check::{CheckId, Definition};
use crate::core::incident::IncidentStatus;
use crate::core::route::{Facts, Matcher};
use crate::core::time::Time;
use crate::http::App;
use crate::http::problem::Problem;
use crate::store::StoreError;
use crate::store::history::{IncidentRecord, MAX_PAGE, Reader};
use crate::store::live::Answered;

const STATUSES: [IncidentStatus; 5] = [
    IncidentStatus::Open,
    IncidentStatus::Acknowledged,
    IncidentStatus::WontFix,
    IncidentStatus::Resolved,
    IncidentStatus::Removed,
];

/// A page looks at so many incidents at most, however few of them are asked for.
const MAX_LOOKED_AT: usize = 10_000;

/// What is asked for; all of it must fit.
struct Wanted {
    limit: usize,
    /// Those before this one.
    before: Option<u64>,
    status: Option<IncidentStatus>,
    ended: Option<bool>,
    /// A check's name.
    check: Option<String>,
    /// Of a record.
    key: Option<String>,
    /// The kind of the cause that opened it.
    reason: Option<String>,
    labels: Vec<(String, String)>,
    matchers: Vec<Matcher>,
    /// Opened then or later.
    since: Option<Time>,
}

impl Wanted {
    fn read(query: &Query<'_>) -> Result<Wanted, Problem> {
        Ok(Wanted {
            limit: query.limit()?,
            before: query.cursor()?,
            status: query.word("status", &STATUSES, IncidentStatus::as_str)?,
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

    /// What can be told without its check.
    fn is_met_by(&self, incident: &IncidentRecord, answered: &Answered) -> bool {
        self.status.is_none_or(|status| status == standing(answered, incident))
            && self.key.as_ref().is_none_or(|key| *key == incident.key.as_str())
            && self.reason.as_ref().is_none_or(|reason| *reason == incident.first.kind.as_str())
    }

    fn is_met_at(&self, definition: &Definition, incident: &IncidentRecord) -> bool {
        let facts = Facts { definition, causes: std::slice::from_ref(&incident.first) };
        self.check.as_ref().is_none_or(|name| *name == definition.name.as_str())
            && self.labels.iter().all(|(name, value)| definition.label(name) == value)
            && (self.matchers.is_empty() || facts.matched_by(&self.matchers))
    }
}

/// Answers the list.
pub(super) async fn answer(asked: &Asked<'_>) -> ApiOutcome {
    let known =
        ["limit", "cursor", "status", "ended", "check", "key", "reason", "label", "matchers", "since"];
    let wanted = Wanted::read(&asked.query(&known)?)?;
    make(asked, move |app| {
        let reader = app.services.history.as_ref().ok_or_else(no_history)?;
        let (incidents, next) = page(app, reader, &wanted).map_err(|error| unreadable(&error))?;
        let next = next.map(|next| next.to_string());
        Ok(in_json(StatusCode::OK, &json!({"incidents": incidents, "next_cursor": next})))
    })
    .await
}

/// Those that fit, and the number of the last one that was looked at, if there may be more.
fn page(app: &App, reader: &Reader, wanted: &Wanted) -> Result<(Vec<Value>, Option<u64>), StoreError> {
    let (mut checks, answered) = (Checks::of(app), app.services.live.answered());
    let (mut incidents, mut before, mut looked_at) = (Vec::new(), wanted.before, 0);
    while looked_at < MAX_LOOKED_AT {
        let read = reader.incidents_of_all(wanted.ended, before, MAX_PAGE)?;
        let count = read.len();
        for incident in read {
            if wanted.since.is_some_and(|since| incident.opened_at < since) {
                return Ok((incidents, None));
            }
            before = Some(incident.id.0);
            if wanted.is_met_by(&incident, &answered)
                && let Some(definition) = checks.find(reader, incident.check)?
                && wanted.is_met_at(&definition, &incident)
            {
                let view = IncidentView::of(reader, &answered, incident)?;
                incidents.push(shown(&definition, &view));
                if incidents.len() == wanted.limit {
                    return Ok((incidents, before));
                }
            }
        }
        if count < MAX_PAGE {
            return Ok((incidents, None));
        }
        looked_at += count;
    }
    Ok((incidents, before))
}

/// What was declared of checks, also of those that no longer are.
struct Checks(HashMap<CheckId, Option<Arc<Definition>>>);

impl Checks {
    fn of(app: &App) -> Checks {
        let directory = app.services.live.directory();
        let known = |check: &Arc<crate::store::live::Check>| (check.id, Some(check.definition.clone()));
        Checks(directory.checks.iter().map(known).collect())
    }

    fn find(&mut self, reader: &Reader, check: CheckId) -> Result<Option<Arc<Definition>>, StoreError> {
        if let Some(known) = self.0.get(&check) {
            return Ok(known.clone());
        }
        let read = reader.definition(check)?.map(Arc::new);
        self.0.insert(check, read.clone());
        Ok(read)
    }
}

/// An incident with its check, and who said last how it stands.
pub(super) fn shown(definition: &Definition, view: &IncidentView) -> Value {
    let IncidentView { record: incident, status, said } = view;
    let labels: serde_json::Map<String, Value> =
        definition.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    json!({
        "id": incident.id.0,
        "check": definition.name.as_str(),
        "key": incident.key.as_str(),
        "title": definition.title,
        "group": definition.group,
        "labels": labels,
        "status": status.as_str(),
        "reason": incident.first.kind.as_str(),
        "opened_at": incident.opened_at.to_string(),
        "ended_at": text(incident.ended_at),
        "said_at": text(said.as_ref().map(|step| step.at)),
        "said_by": said.as_ref().map(|step| &step.by),
    })
}
