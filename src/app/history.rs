//! What happened, newest first, page by page. All of it reads the database: to be asked aside.

use std::collections::HashMap;
use std::sync::Arc;

use super::services::Services;
use super::view::{IncidentView, standing};
use crate::core::check::{CheckId, Definition};
use crate::core::diagnose::Diagnosis;
use crate::core::incident::{IncidentId, IncidentStatus, IncidentStep};
use crate::core::outbox::{Delivery, MessageId};
use crate::core::route::{About, Facts, Matcher};
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::history::{
    FlipRecord, IncidentRecord, JudgementRecord, MAX_PAGE, MessageRecord, PingRecord,
};
use crate::store::live::{Answered, Check};

/// A page of incidents looks at so many at most, however few of them are asked for.
const MAX_LOOKED_AT: usize = 10_000;

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageAsked {
    /// Those before this one; `None`: the newest.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// A page, and where the one after it begins, if there may be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage<T> {
    /// Newest first.
    pub items: Vec<T>,
    /// For [`PageAsked::before`].
    pub next: Option<u64>,
}

impl<T> HistoryPage<T> {
    /// A page that is not full is the last.
    pub(super) fn new(items: Vec<T>, limit: usize, number: impl Fn(&T) -> u64) -> HistoryPage<T> {
        let next = items.last().filter(|_| items.len() == limit).map(number);
        HistoryPage { items, next }
    }
}

type Read<T> = Result<HistoryPage<T>, StoreError>;

/// A check's pings.
pub fn pings(services: &Services, check: CheckId, asked: PageAsked) -> Read<PingRecord> {
    let PageAsked { before, limit } = asked;
    Ok(HistoryPage::new(services.history.pings(check, before, limit)?, limit, |ping| ping.seq))
}

/// A check's runs, each by the ping that ended it and how long it took: a page looks at so many pings, and may have few runs.
pub fn runs(services: &Services, check: CheckId, asked: PageAsked) -> Read<PingRecord> {
    let looked_at = pings(services, check, PageAsked { limit: MAX_PAGE, ..asked })?;
    let ended = looked_at.items.into_iter().filter(|ping| ping.duration.is_some());
    let runs: Vec<PingRecord> = ended.take(asked.limit).collect();
    let next = runs.last().filter(|_| runs.len() == asked.limit).map(|ended| ended.seq);
    Ok(HistoryPage { next: next.or(looked_at.next), items: runs })
}

/// When a check became something else.
pub fn flips(services: &Services, check: CheckId, asked: PageAsked) -> Read<FlipRecord> {
    let PageAsked { before, limit } = asked;
    Ok(HistoryPage::new(services.history.flips(check, before, limit)?, limit, |flip| flip.id))
}

/// What a check's counts came to.
pub fn judgements(services: &Services, check: CheckId, asked: PageAsked) -> Read<JudgementRecord> {
    let PageAsked { before, limit } = asked;
    Ok(HistoryPage::new(services.history.judgements(check, before, limit)?, limit, |judged| judged.id))
}

/// A check's incidents.
pub fn incidents_of(services: &Services, check: CheckId, asked: PageAsked) -> Read<IncidentView> {
    let read = services.history.incidents(check, asked.before, asked.limit)?;
    let answered = services.live.answered();
    let view = |incident| IncidentView::of(&services.history, &answered, incident);
    let views = read.into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
    Ok(HistoryPage::new(views, asked.limit, |incident| incident.record.id.0))
}

/// What was told to whom: in this state, and to this receiver, if one is named.
pub fn messages(
    services: &Services,
    state: Option<&str>,
    receiver: Option<&str>,
    asked: PageAsked,
) -> Read<MessageRecord> {
    let PageAsked { before, limit } = asked;
    let read = services.history.messages(state, receiver, before, limit)?;
    Ok(HistoryPage::new(read, limit, |message| message.id))
}

/// An incident, with its check and everything that happened to it (11.3), oldest first.
#[derive(Clone, Debug)]
pub struct WholeIncident {
    /// It.
    pub view: IncidentView,
    /// What was declared of its check.
    pub definition: Definition,
    /// What happened to it.
    pub steps: Vec<IncidentStep>,
    /// Of a record what it is called; else what its check is.
    pub title: String,
    /// What was found of it (§21), oldest first.
    pub found: Vec<Diagnosis>,
    /// What was to be told of it, oldest first.
    pub deliveries: Vec<DeliveryView>,
}

/// What was to be told of an incident, and what came of it.
#[derive(Clone, Debug)]
pub struct DeliveryView {
    /// Who is told what.
    pub delivery: Delivery,
    /// In which message, if it is in one that is still kept.
    pub message: Option<MessageRecord>,
}

impl DeliveryView {
    /// How far it has come, and why it need not be told or was given up: as the database has it.
    pub fn state(&self) -> (&'static str, Option<&'static str>) {
        (self.delivery.state.as_str(), self.delivery.state.reason())
    }
}

fn deliveries(services: &Services, id: IncidentId) -> Result<Vec<DeliveryView>, StoreError> {
    let reader = &services.history;
    let mut messages: HashMap<MessageId, Option<MessageRecord>> = HashMap::new();
    let mut views = Vec::new();
    for delivery in reader.deliveries(id)? {
        let id = delivery.state.message();
        if let Some(id) = id.filter(|id| !messages.contains_key(id)) {
            messages.insert(id, reader.message(id)?);
        }
        let message = id.and_then(|id| messages[&id].clone());
        views.push(DeliveryView { delivery, message });
    }
    Ok(views)
}

/// The incident of this number, with what was declared of its check.
pub fn shown(services: &Services, id: IncidentId) -> Result<Option<(Definition, IncidentView)>, StoreError> {
    let reader = &services.history;
    let Some(record) = reader.incident(id)? else { return Ok(None) };
    let Some(definition) = reader.definition(record.check)? else { return Ok(None) };
    Ok(Some((definition, IncidentView::of(reader, &services.live.answered(), record)?)))
}

/// The same, with everything that happened to it.
pub fn incident(services: &Services, id: IncidentId) -> Result<Option<WholeIncident>, StoreError> {
    let Some((definition, view)) = shown(services, id)? else { return Ok(None) };
    let (steps, deliveries) = (services.history.steps(id)?, deliveries(services, id)?);
    let title = services.history.record_title(id)?.unwrap_or_else(|| definition.title.to_string());
    let found = services.history.diagnoses(id)?;
    Ok(Some(WholeIncident { view, definition, steps, title, found, deliveries }))
}

/// Which incidents of all checks; all of it must fit.
#[derive(Clone, Debug)]
pub struct IncidentsAsked {
    /// Which page of them.
    pub page: PageAsked,
    /// How they stand.
    pub status: Option<IncidentStatus>,
    /// Whether they have ended.
    pub ended: Option<bool>,
    /// A check's name.
    pub check: Option<String>,
    /// Of a record.
    pub key: Option<String>,
    /// The kind of the cause that opened them.
    pub reason: Option<String>,
    /// Labels of the check.
    pub labels: Vec<(String, String)>,
    /// Of the check, with the cause that opened them.
    pub matchers: Vec<Matcher>,
    /// Opened then or later.
    pub since: Option<Time>,
}

impl IncidentsAsked {
    /// What can be told without its check.
    fn is_met_by(&self, incident: &IncidentRecord, answered: &Answered) -> bool {
        let stands = standing(answered, incident);
        // Whoever asks for what is open asks for what nobody has answered: a diagnosis is nobody's answer (21.5).
        let is_met = |status| stands == status || status == IncidentStatus::Open && stands.is_unanswered();
        self.status.is_none_or(is_met)
            && self.key.as_ref().is_none_or(|key| *key == incident.key.as_str())
            && self.reason.as_ref().is_none_or(|reason| *reason == incident.first.kind.as_str())
    }

    fn is_met_at(&self, definition: &Definition, incident: &IncidentRecord) -> bool {
        let about = About { key: incident.key.as_str(), labels: &incident.labels };
        let facts = Facts { definition, causes: std::slice::from_ref(&incident.first), about };
        self.check.as_ref().is_none_or(|name| *name == definition.name.as_str())
            && self.labels.iter().all(|(name, value)| definition.label(name) == value)
            && (self.matchers.is_empty() || facts.matched_by(&self.matchers))
    }
}

/// Incidents of all checks, each with what was declared of its check.
pub fn incidents(services: &Services, asked: &IncidentsAsked) -> Read<(Arc<Definition>, IncidentView)> {
    find(services, asked, |definition, incident, answered| {
        Ok((definition, IncidentView::of(&services.history, answered, incident)?))
    })
}

fn find<T>(
    services: &Services,
    asked: &IncidentsAsked,
    shown: impl Fn(Arc<Definition>, IncidentRecord, &Answered) -> Result<T, StoreError>,
) -> Read<T> {
    let (mut checks, answered) = (Checks::of(services), services.live.answered());
    let (mut items, mut next, mut looked_at) = (Vec::new(), asked.page.before, 0);
    while looked_at < MAX_LOOKED_AT {
        let read = services.history.incidents_of_all(asked.ended, next, MAX_PAGE)?;
        let count = read.len();
        for incident in read {
            if asked.since.is_some_and(|since| incident.opened_at < since) {
                return Ok(HistoryPage { items, next: None });
            }
            next = Some(incident.id.0);
            if asked.is_met_by(&incident, &answered)
                && let Some(definition) = checks.find(services, incident.check)?
                && asked.is_met_at(&definition, &incident)
            {
                items.push(shown(definition, incident, &answered)?);
                if items.len() == asked.page.limit {
                    return Ok(HistoryPage { items, next });
                }
            }
        }
        if count < MAX_PAGE {
            return Ok(HistoryPage { items, next: None });
        }
        looked_at += count;
    }
    Ok(HistoryPage { items, next })
}

/// All that have not ended and are asked for, on whatever page, of checks that are declared; at most 10,000.
pub fn all_open(services: &Services, asked: IncidentsAsked) -> Result<Vec<IncidentRecord>, StoreError> {
    let page = PageAsked { before: None, limit: MAX_LOOKED_AT };
    let asked = IncidentsAsked { page, ended: Some(false), ..asked };
    Ok(find(services, &asked, |_, incident, _| Ok(incident))?.items)
}

/// What was declared of checks, also of those that no longer are.
struct Checks(HashMap<CheckId, Option<Arc<Definition>>>);

impl Checks {
    fn of(services: &Services) -> Checks {
        let known = |check: &Arc<Check>| (check.id, Some(check.definition.clone()));
        Checks(services.live.directory().checks.iter().map(known).collect())
    }

    fn find(&mut self, services: &Services, check: CheckId) -> Result<Option<Arc<Definition>>, StoreError> {
        if let Some(known) = self.0.get(&check) {
            return Ok(known.clone());
        }
        let read = services.history.definition(check)?.map(Arc::new);
        self.0.insert(check, read.clone());
        Ok(read)
    }
}
