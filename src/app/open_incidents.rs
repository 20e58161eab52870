//! Which open incidents somebody means: of a number, of a check, all that matchers match, or those picked on a page (22.7).

use std::collections::HashMap;
use std::sync::Arc;

use super::actor::Actor;
use super::history::{self, IncidentsAsked};
use super::not_done::NotDone;
use super::services::Services;
use super::view::is_matched;
use crate::core::cause::{Cause, CauseKind};
use crate::core::check::{CheckId, Name};
use crate::core::incident::{IncidentId, IncidentStatus};
use crate::core::route::{About, Facts, Matcher};
use crate::store::StoreError;
use crate::store::history::{IncidentRecord, MAX_PAGE, OpenRecord, RecordsWanted};
use crate::store::live::Check;

/// Which incidents somebody picked on a page.
#[derive(Clone, Debug)]
pub enum Picked {
    /// Those of these numbers.
    These(Vec<IncidentId>),
    /// All open ones that are asked for.
    Listed(Box<IncidentsAsked>),
}

/// An incident that is open, or was when it was looked for.
pub(super) struct OpenIncident {
    pub(super) id: IncidentId,
    pub(super) status: IncidentStatus,
    /// Its present name.
    pub(super) check: Name,
}

impl OpenIncident {
    fn of(incident: &IncidentRecord, check: Name) -> OpenIncident {
        OpenIncident { id: incident.id, status: incident.status, check }
    }
}

/// The incident of a number. Whether it has ended is for the store to say.
pub(super) async fn of_number(
    services: &Arc<Services>,
    actor: &Actor,
    number: &str,
) -> Result<OpenIncident, NotDone> {
    let none = NotDone::NoSuchIncident(number.to_owned());
    let Ok(id) = number.parse().map(IncidentId) else { return Err(none) };
    let reading = with_history(services, actor, move |at| {
        let Some(incident) = at.history.incident(id)? else { return Ok(None) };
        let directory = at.live.directory();
        let check = directory.checks.iter().find(|check| check.id == incident.check);
        Ok(Some((incident, check.map(|check| check.definition.name.clone()))))
    });
    let (incident, name) = reading.await?.ok_or(none)?;
    Ok(OpenIncident::of(&incident, name.ok_or(NotDone::IncidentGone(id.0))?))
}

/// All of a check: its own, and those of its records.
pub(super) async fn of_check(
    services: &Arc<Services>,
    actor: &Actor,
    check: Arc<Check>,
) -> Result<Vec<OpenIncident>, NotDone> {
    with_history(services, actor, move |at| {
        let mut open = Vec::from_iter(own(at, &check)?);
        open.extend(of_records(at, &check, |_| true)?);
        Ok(open)
    })
    .await
}

/// All of checks that these match as they stand now, and of records that these match by their key and labels.
pub(super) async fn matching(
    services: &Arc<Services>,
    actor: &Actor,
    matchers: &str,
) -> Result<Vec<OpenIncident>, NotDone> {
    let matchers = Matcher::parse_list(matchers)?;
    if matchers.is_empty() {
        return Err(NotDone::NoMatchers);
    }
    with_history(services, actor, move |at| {
        let mut open = Vec::new();
        for check in at.live.directory().checks.iter() {
            let is_bad = !check.known().state.causes.is_empty();
            if is_bad && is_matched(check, &matchers) {
                open.extend(own(at, check)?);
            }
            open.extend(of_records(at, check, |record| {
                let occurs = check.definition.spec.remembers().is_some();
                let kind = if occurs { CauseKind::Occurred } else { CauseKind::Violated };
                let first = Cause { kind, since: record.opened_at, would_be: None };
                let about = About { key: record.key.as_str(), labels: &record.labels };
                Facts { definition: &check.definition, causes: &[first], about }.matched_by(&matchers)
            })?);
        }
        Ok(open)
    })
    .await
}

fn own(at: &Services, check: &Check) -> Result<Option<OpenIncident>, StoreError> {
    let incident = at.history.open_incident(check.id)?;
    Ok(incident.map(|incident| OpenIncident::of(&incident, check.definition.name.clone())))
}

fn of_records(
    at: &Services,
    check: &Check,
    is_meant: impl Fn(&OpenRecord) -> bool,
) -> Result<Vec<OpenIncident>, StoreError> {
    let mut open = Vec::new();
    if check.known().state.records().all_open() == 0 {
        return Ok(open);
    }
    let mut wanted = RecordsWanted { limit: MAX_PAGE, ..RecordsWanted::default() };
    loop {
        let page = at.history.records(check.id, &wanted)?;
        let meant = page.iter().filter(|record| is_meant(record));
        open.extend(meant.map(|record| OpenIncident {
            id: record.incident,
            status: record.status,
            check: check.definition.name.clone(),
        }));
        match page.last() {
            Some(last) if page.len() == MAX_PAGE => wanted.after = last.key.to_string(),
            _ => return Ok(open),
        }
    }
}

/// Those that somebody picked, of checks that are declared.
pub(super) async fn picked_ones(
    services: &Arc<Services>,
    actor: &Actor,
    picked: Picked,
) -> Result<Vec<OpenIncident>, NotDone> {
    let reading = with_history(services, actor, move |at| {
        let directory = at.live.directory();
        let names: HashMap<CheckId, &Name> =
            directory.checks.iter().map(|check| (check.id, &check.definition.name)).collect();
        let mut incidents = Vec::new();
        match picked {
            Picked::These(ids) => {
                for id in ids {
                    incidents.extend(at.history.incident(id)?.filter(|incident| !incident.status.is_ended()));
                }
            }
            Picked::Listed(asked) => incidents = history::all_open(at, *asked)?,
        }
        let named = |incident: IncidentRecord| {
            let name = (*names.get(&incident.check)?).clone();
            Some(OpenIncident::of(&incident, name))
        };
        Ok(incidents.into_iter().filter_map(named).collect())
    });
    let open: Vec<OpenIncident> = reading.await?;
    if open.is_empty() { Err(NotDone::NonePicked) } else { Ok(open) }
}

/// Reads on a thread that may block.
pub(super) async fn with_history<T: Send + 'static>(
    services: &Arc<Services>,
    actor: &Actor,
    read: impl FnOnce(&Services) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, NotDone> {
    let at = services.clone();
    Ok(services.aside(actor.room(), move || read(&at)).await??)
}
