//! What a message says of a check's records, all together (12.3).

use std::collections::HashSet;

use super::rows::Rows;
use crate::core::check::CheckId;
use crate::core::incident::{Incident, IncidentId, IncidentKey, IncidentStatus};
use crate::core::notice::{Notice, RecordSaid, RecordsNotice};
use crate::core::outbox::{Delivery, DeliveryKind};
use crate::core::route::{ReceiverName, muted};
use crate::core::text::begun;
use crate::core::time::Time;
use crate::store::StoreError;

/// Open records are looked through so many at a time.
const AT_A_TIME: usize = 500;

/// One notice of all these, of which `first` is what is said of the first.
pub(super) fn of_records(
    rows: &dyn Rows,
    check: CheckId,
    members: &[&Delivery],
    first: Notice,
    now: Time,
) -> Result<Notice, StoreError> {
    let mut incidents = Vec::with_capacity(members.len());
    for member in members {
        let incident = rows.incident(member.incident)?;
        let incident = incident.expect("an incident is kept while something is told of it");
        incidents.push((member.kind, incident));
    }
    incidents.sort_by_key(|(kind, incident)| (incident.id, kind.as_str()));
    incidents.dedup_by_key(|(kind, incident)| (*kind, incident.id));
    let is_over = |kind: DeliveryKind| matches!(kind, DeliveryKind::Recovery | DeliveryKind::Episode);
    let (over, bad): (Vec<_>, Vec<_>) = incidents.into_iter().partition(|(kind, _)| is_over(*kind));
    let alerts = bad.iter().filter(|(kind, _)| *kind == DeliveryKind::Alert).map(|(_, incident)| incident);
    let (occurred, new): (Vec<&Incident>, Vec<&Incident>) =
        alerts.partition(|incident| incident.is_occurrence());
    let is_changed = |incident: &Incident| incident.status == IncidentStatus::Changed;
    let changed = over.iter().filter(|(_, incident)| is_changed(incident)).count();
    let open = open_for(rows, check, members)?;
    let are_over = over.iter().map(|(_, incident)| incident);
    let said = if new.is_empty() && occurred.is_empty() && !bad.is_empty() {
        let left = RecordsNotice::MAX_SAID.saturating_sub(over.len());
        let open = reminded_of(rows, check, &open, left, now)?;
        said(rows, are_over.chain(&open))?
    } else {
        said(rows, occurred.iter().chain(&new).copied().chain(are_over))?
    };
    let records = RecordsNotice {
        new: count(new.len()),
        occurred: count(occurred.len()),
        open: count(open.len()),
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
    // What occurred lasts no longer than its message: each is a thread of its own.
    let thread = match rows.state(check)?.records().thread.filter(|_| occurred.is_empty()) {
        Some(thread) => rows.record_thread(check, &members[0].receiver, thread)?,
        None => None,
    };
    let cause = occurred.first().map_or(first.first, |incident| incident.first);
    Ok(Notice {
        kind,
        incident_status: status_of_all(is_told_bad, all()),
        key: IncidentKey::own(),
        first: cause,
        causes: if is_told_bad { vec![cause] } else { Vec::new() },
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

/// The open records of a check of which the receiver of these is told, by these or before, in the order of their opening;
/// without those that nobody wants to hear of. Others may be another receiver's.
fn open_for(
    rows: &dyn Rows,
    check: CheckId,
    members: &[&Delivery],
) -> Result<Vec<(IncidentId, IncidentStatus)>, StoreError> {
    let receiver = &members[0].receiver;
    let told_now: HashSet<IncidentId> = members.iter().map(|member| member.incident).collect();
    let mut open = Vec::new();
    let mut after = None;
    loop {
        let page = rows.open_records(check, after.as_ref(), AT_A_TIME)?;
        for id in &page {
            let incident = rows.incident(*id)?.expect("an incident is kept while it is open");
            if incident.is_occurrence() {
                after = Some(incident.key);
                continue;
            }
            let is_told = told_now.contains(id) || is_told_of(rows, &incident, receiver)?;
            if is_told && incident.status != IncidentStatus::WontFix {
                open.push((*id, incident.status));
            }
            after = Some(incident.key);
        }
        if page.len() < AT_A_TIME {
            open.sort_unstable_by_key(|(id, _)| *id);
            return Ok(open);
        }
    }
}

/// Whether a receiver was told that a record is violated, or may have been.
pub(super) fn is_told_of(
    rows: &dyn Rows,
    incident: &Incident,
    receiver: &ReceiverName,
) -> Result<bool, StoreError> {
    let told = rows.first_attempted(incident.id)?;
    Ok(told.iter().any(|row| row.receiver == *receiver && row.is_attempted()))
}

/// The first of these on which nobody is, and which nobody muted.
fn reminded_of(
    rows: &dyn Rows,
    check: CheckId,
    open: &[(IncidentId, IncidentStatus)],
    most: usize,
    now: Time,
) -> Result<Vec<Incident>, StoreError> {
    let definition = rows.definition(check)?;
    let mut first = Vec::new();
    for (id, _) in open.iter().filter(|(_, status)| status.is_unanswered()) {
        if first.len() == most {
            break;
        }
        let incident = rows.incident(*id)?.expect("an incident is kept while it is open");
        let causes = [incident.first];
        if muted(now, &incident.facts(&definition, &causes), rows.mutes()?, &[]).is_none() {
            first.push(incident);
        }
    }
    Ok(first)
}

fn said<'a>(
    rows: &dyn Rows,
    incidents: impl Iterator<Item = &'a Incident>,
) -> Result<Vec<RecordSaid>, StoreError> {
    let first = incidents.take(RecordsNotice::MAX_SAID);
    let is_over = |incident: &Incident| incident.status.is_ended() && !incident.is_occurrence();
    first.map(|incident| said_of(rows, incident.id, &incident.key, is_over(incident))).collect()
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
