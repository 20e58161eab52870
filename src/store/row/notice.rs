//! Frozen notices and alerts as JSON.

use serde::{Deserialize, Serialize};

use super::diagnosis::DiagnosisRow;
use super::outbox::{FlapsRow, flaps_row, incident_status, read_delivery_kind};
use super::words::{CauseRow, cause_of, cause_row};
use crate::core::alert::Alert;
use crate::core::assertion::Outcome;
use crate::core::blind::Window;
use crate::core::check::{Name, Origin};
use crate::core::incident::{IncidentId, IncidentKey};
use crate::core::notice::{AliasNotice, LastRun, Notice, RecordSaid, RecordsNotice};
use crate::core::time::{Span, Time};
use crate::zones;

#[derive(Serialize, Deserialize)]
struct NoticeRow {
    kind: String,
    #[serde(default)]
    flaps: Option<FlapsRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    diagnosis: Option<DiagnosisRow>,
    incident: u64,
    incident_status: String,
    check: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    key: String,
    title: String,
    group: String,
    labels: Vec<(String, String)>,
    description: String,
    runbook_url: String,
    first: CauseRow,
    causes: Vec<CauseRow>,
    opened_at: i64,
    ended_at: Option<i64>,
    schedule: String,
    grace: i64,
    due: Option<i64>,
    zone: String,
    last_success: Option<i64>,
    #[serde(default)]
    last_run: Option<LastRunRow>,
    #[serde(default)]
    last_log: Option<(i64, String)>,
    #[serde(default)]
    output: Option<(i64, String)>,
    declared: String,
    responder: Option<u32>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    asked_by: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    with: String,
    repeat_interval: Option<i64>,
    thread: Option<String>,
    blind: Option<(i64, i64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    records: Option<RecordsRow>,
    #[serde(default)]
    emails: Vec<String>,
    #[serde(default)]
    canary: Option<CanaryNoticeRow>,
}

#[derive(Serialize, Deserialize)]
struct RecordsRow {
    new: u32,
    #[serde(default)]
    occurred: u32,
    open: u32,
    ended: u32,
    changed: u32,
    said: Vec<RecordSaidRow>,
}

#[derive(Serialize, Deserialize)]
struct RecordSaidRow {
    key: String,
    incident: u64,
    title: String,
    details: String,
    is_over: bool,
}

#[derive(Serialize, Deserialize)]
struct LastRunRow {
    at: i64,
    is_success: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    exit_status: Option<u8>,
    duration: Option<i64>,
    source: String,
    comment: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct CanaryNoticeRow {
    system: String,
    id: String,
    deadline: Option<i64>,
    events: Vec<(i64, String)>,
}

/// Notices as stored in their message's row.
pub(in crate::store) fn write_notices(notices: &[Notice]) -> String {
    let rows: Vec<NoticeRow> = notices.iter().map(notice_row).collect();
    serde_json::to_string(&rows).expect("a row of texts and numbers is always JSON")
}

fn notice_row(notice: &Notice) -> NoticeRow {
    NoticeRow {
        kind: notice.kind.as_str().to_owned(),
        flaps: flaps_row(notice.kind),
        diagnosis: notice.diagnosis.as_ref().map(DiagnosisRow::of),
        incident: notice.incident.0,
        incident_status: notice.incident_status.as_str().to_owned(),
        check: notice.check.as_str().to_owned(),
        key: notice.key.as_str().to_owned(),
        title: notice.title.clone(),
        group: notice.group.clone(),
        labels: notice.labels.clone(),
        description: notice.description.clone(),
        runbook_url: notice.runbook_url.clone(),
        first: cause_row(&notice.first),
        causes: notice.causes.iter().map(cause_row).collect(),
        opened_at: notice.opened_at.as_ms(),
        ended_at: notice.ended_at.map(Time::as_ms),
        schedule: notice.schedule.clone(),
        grace: notice.grace.as_ms(),
        due: notice.due.map(Time::as_ms),
        zone: notice.zone.name().to_owned(),
        last_success: notice.last_success.map(Time::as_ms),
        last_run: notice.last_run.as_ref().map(run_row),
        last_log: notice.last_log.as_ref().map(|(at, comment)| (at.as_ms(), comment.clone())),
        output: notice.output.as_ref().map(|(at, text)| (at.as_ms(), text.clone())),
        declared: notice.declared.clone(),
        responder: notice.responder,
        asked_by: notice.asked_by.clone(),
        with: notice.with.clone(),
        repeat_interval: notice.repeat_interval.map(Span::as_ms),
        thread: notice.thread.clone(),
        records: notice.records.as_ref().map(records_row),
        blind: notice.blind.map(|window| (window.from.as_ms(), window.to.as_ms())),
        emails: notice.emails.clone(),
        canary: notice.alias.as_ref().map(canary_row),
    }
}

fn records_row(records: &RecordsNotice) -> RecordsRow {
    let said = |said: &RecordSaid| RecordSaidRow {
        key: said.key.as_str().to_owned(),
        incident: said.incident.0,
        title: said.title.clone(),
        details: said.details.clone(),
        is_over: said.is_over,
    };
    let RecordsNotice { new, occurred, open, ended, changed, .. } = *records;
    RecordsRow { new, occurred, open, ended, changed, said: records.said.iter().map(said).collect() }
}

fn read_records(row: RecordsRow) -> Option<RecordsNotice> {
    let said = |row: RecordSaidRow| {
        let RecordSaidRow { key, incident, title, details, is_over } = row;
        let (key, incident) = (IncidentKey::parse(&key).ok()?, IncidentId(incident));
        Some(RecordSaid { key, incident, title, details, is_over })
    };
    let RecordsRow { new, occurred, open, ended, changed, said: rows } = row;
    let said = rows.into_iter().map(said).collect::<Option<_>>()?;
    Some(RecordsNotice { new, occurred, open, ended, changed, said })
}

fn run_row(run: &LastRun) -> LastRunRow {
    LastRunRow {
        at: run.at.as_ms(),
        is_success: run.is_success,
        outcome: run.outcome.map(|outcome| outcome.as_str().to_owned()),
        exit_status: run.exit_status,
        duration: run.duration.map(Span::as_ms),
        source: run.source.clone(),
        comment: run.comment.clone(),
    }
}

fn read_run(row: LastRunRow) -> LastRun {
    LastRun {
        at: Time::from_ms(row.at),
        is_success: row.is_success,
        outcome: Outcome::ALL.into_iter().find(|outcome| row.outcome.as_deref() == Some(outcome.as_str())),
        exit_status: row.exit_status,
        duration: row.duration.map(Span::ms),
        source: row.source,
        comment: row.comment,
    }
}

fn canary_row(canary: &AliasNotice) -> CanaryNoticeRow {
    CanaryNoticeRow {
        system: canary.origin.as_str().to_owned(),
        id: canary.id.clone(),
        deadline: canary.deadline.map(Time::as_ms),
        events: canary.events.iter().map(|(at, text)| (at.as_ms(), text.clone())).collect(),
    }
}

fn read_canary(row: CanaryNoticeRow) -> AliasNotice {
    AliasNotice {
        origin: Origin::new(&row.system),
        id: row.id,
        deadline: row.deadline.map(Time::from_ms),
        events: row.events.into_iter().map(|(at, text)| (Time::from_ms(at), text)).collect(),
    }
}

/// Parses notices; `None` if this program cannot read them.
pub(in crate::store) fn read_notices(text: &str) -> Option<Vec<Notice>> {
    let rows: Vec<NoticeRow> = serde_json::from_str(text).ok()?;
    rows.into_iter().map(read_notice).collect()
}

fn read_notice(row: NoticeRow) -> Option<Notice> {
    let diagnosis = match row.diagnosis {
        Some(row) => Some(row.read()?),
        None => None,
    };
    Some(Notice {
        kind: read_delivery_kind(&row.kind, row.flaps, diagnosis.as_ref().map(|it| it.number))?,
        incident: IncidentId(row.incident),
        incident_status: incident_status(&row.incident_status)?,
        check: Name::parse(&row.check).ok()?,
        key: IncidentKey::parse(&row.key).ok()?,
        title: row.title,
        group: row.group,
        labels: row.labels,
        description: row.description,
        runbook_url: row.runbook_url,
        first: cause_of(&row.first)?,
        causes: row.causes.iter().map(cause_of).collect::<Option<_>>()?,
        opened_at: Time::from_ms(row.opened_at),
        ended_at: row.ended_at.map(Time::from_ms),
        schedule: row.schedule,
        grace: Span::ms(row.grace),
        due: row.due.map(Time::from_ms),
        zone: zones::current().as_stored(&row.zone, None),
        last_success: row.last_success.map(Time::from_ms),
        last_run: row.last_run.map(read_run),
        last_log: row.last_log.map(|(at, comment)| (Time::from_ms(at), comment)),
        output: row.output.map(|(at, text)| (Time::from_ms(at), text)),
        declared: row.declared,
        responder: row.responder,
        asked_by: row.asked_by,
        with: row.with,
        repeat_interval: row.repeat_interval.map(Span::ms),
        thread: row.thread,
        records: match row.records {
            Some(row) => Some(read_records(row)?),
            None => None,
        },
        diagnosis,
        blind: row.blind.map(|(from, to)| Window { from: Time::from_ms(from), to: Time::from_ms(to) }),
        emails: row.emails,
        alias: row.canary.map(read_canary),
    })
}

#[derive(Serialize, Deserialize)]
struct AlertRow {
    labels: Vec<(String, String)>,
    annotations: Vec<(String, String)>,
    starts_at: i64,
    ended_at: Option<i64>,
}

/// Alerts as stored in their check's row.
pub(in crate::store) fn write_alerts(alerts: &[Alert]) -> String {
    let row = |alert: &Alert| AlertRow {
        labels: alert.labels.clone(),
        annotations: alert.annotations.clone(),
        starts_at: alert.starts_at.as_ms(),
        ended_at: alert.ended_at.map(Time::as_ms),
    };
    let rows: Vec<AlertRow> = alerts.iter().map(row).collect();
    serde_json::to_string(&rows).expect("a row of texts and numbers is always JSON")
}

/// Parses alerts; `None` if this program cannot read them.
pub(in crate::store) fn read_alerts(text: &str) -> Option<Vec<Alert>> {
    let rows: Vec<AlertRow> = serde_json::from_str(text).ok()?;
    let alert = |row: AlertRow| Alert {
        labels: row.labels,
        annotations: row.annotations,
        starts_at: Time::from_ms(row.starts_at),
        ended_at: row.ended_at.map(Time::from_ms),
    };
    Some(rows.into_iter().map(alert).collect())
}
