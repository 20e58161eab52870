//! What a message says of a check's records, all together (12.3).

use super::rows::Rows;
use crate::core::check::CheckId;
use crate::core::incident::{Incident, IncidentId, IncidentKey, IncidentStatus};
use crate::core::notice::{Notice, RecordSaid, RecordsNotice};
use crate::core::outbox::{Delivery, DeliveryKind};
use crate::core::text::begun;
use crate::store::StoreError;

/// Open records are looked through so many at a time.
const AT_A_TIME: usize = 500;

/// One notice of all these, of which `first` is what is said of the first.
pub(super) fn of_records(
    rows: &dyn Rows,
    check: CheckId,
    members: &[&Delivery],
    first: Notice,
) -> Result<Notice, StoreError> {
    let totals = rows.state(check)?.records();
    let mut incidents = Vec::with_capacity(members.len());
    for member in members {
        let incident = rows.incident(member.incident)?;
        let incident = incident.expect("an incident is kept while something is told of it");
        incidents.push((member.kind, incident));
    }
    incidents.sort_by_key(|(_, incident)| incident.id);
    incidents.dedup_by_key(|(kind, incident)| (*kind, incident.id));
    let is_over = |kind: DeliveryKind| matches!(kind, DeliveryKind::Recovery | DeliveryKind::Episode);
    let (over, bad): (Vec<_>, Vec<_>) = incidents.into_iter().partition(|(kind, _)| is_over(*kind));
    let new: Vec<&Incident> =
        bad.iter().filter(|(kind, _)| *kind == DeliveryKind::Alert).map(|(_, incident)| incident).collect();
    let is_changed = |incident: &Incident| incident.status == IncidentStatus::Changed;
    let changed = over.iter().filter(|(_, incident)| is_changed(incident)).count();
    let told = new.iter().copied().chain(over.iter().map(|(_, incident)| incident));
    let is_reminder = new.is_empty() && !bad.is_empty();
    let said = if is_reminder { said_of_open(rows, check)? } else { said(rows, told)? };
    let records = RecordsNotice {
        new: count(new.len()),
        open: totals.violated(),
        ended: count(over.len() - changed),
        changed: count(changed),
        said,
    };
    let is_told_bad = !bad.is_empty();
    let kind = match bad.iter().map(|(kind, _)| *kind).find(|kind| *kind == DeliveryKind::Alert) {
        Some(kind) => kind,
        None if is_told_bad => DeliveryKind::Reminder,
        None => first.kind,
    };
    let all = || bad.iter().chain(&over).map(|(_, incident)| incident);
    let opened_at = all().map(|incident| incident.opened_at).min().unwrap_or(first.opened_at);
    let ended_at = all().filter_map(|incident| incident.ended_at).max().filter(|_| !is_told_bad);
    let thread = match totals.thread {
        Some(thread) => rows.record_thread(check, &members[0].receiver, thread)?,
        None => None,
    };
    Ok(Notice {
        kind,
        incident_status: status_of_all(is_told_bad, all()),
        key: IncidentKey::own(),
        causes: if is_told_bad { vec![first.first] } else { Vec::new() },
        opened_at,
        ended_at,
        thread,
        records: Some(records),
        ..first
    })
}

/// How all of them stand: open, where one is; else as they ended, if that is the same.
fn status_of_all<'a>(is_told_bad: bool, mut all: impl Iterator<Item = &'a Incident>) -> IncidentStatus {
    let first = all.next().map_or(IncidentStatus::Resolved, |incident| incident.status);
    match first {
        _ if is_told_bad => IncidentStatus::Open,
        first if first.is_ended() && all.all(|incident| incident.status == first) => first,
        _ => IncidentStatus::Resolved,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The first of those that are open, and that somebody wants to hear of and nobody is on, by their opening.
fn said_of_open(rows: &dyn Rows, check: CheckId) -> Result<Vec<RecordSaid>, StoreError> {
    let mut first: Vec<Incident> = Vec::new();
    let mut after = None;
    loop {
        let page = rows.open_records(check, after.as_ref(), AT_A_TIME)?;
        for id in &page {
            let incident = rows.incident(*id)?.expect("an incident is kept while it is open");
            after = Some(incident.key.clone());
            if incident.status == IncidentStatus::Open {
                first.push(incident);
            }
        }
        first.sort_by_key(|incident| incident.id);
        first.truncate(RecordsNotice::MAX_SAID);
        if page.len() < AT_A_TIME {
            return said(rows, first.iter());
        }
    }
}

fn said<'a>(
    rows: &dyn Rows,
    incidents: impl Iterator<Item = &'a Incident>,
) -> Result<Vec<RecordSaid>, StoreError> {
    let first = incidents.take(RecordsNotice::MAX_SAID);
    first.map(|incident| said_of(rows, incident.id, &incident.key, incident.status.is_ended())).collect()
}

fn said_of(
    rows: &dyn Rows,
    incident: IncidentId,
    key: &IncidentKey,
    is_over: bool,
) -> Result<RecordSaid, StoreError> {
    let (title, details) = rows.record_details(incident)?.unwrap_or_default();
    let details = begun(&details, RecordsNotice::MAX_DETAILS_CHARS);
    Ok(RecordSaid { key: key.clone(), incident, title, details, is_over })
}
