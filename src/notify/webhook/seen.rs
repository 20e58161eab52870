//! The variables of a template for each check, besides Alertmanager's payload (docs/templates.md).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::payload::{FIRING, RESOLVED, with};
use crate::core::diagnose::{CaseSaid, DiagnosisFound};
use crate::core::notice::{Notice, RecordsNotice, Severity, worst_first};
use crate::core::outbox::DeliveryKind;
use crate::core::time::{Span, Time};
use crate::notify::Notification;
use crate::notify::render::{found_words, page, records_page, title, word};
use crate::notify::text::{is_link, line, lines};

/// One check of the message. A missing text is "", a missing number `none`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TemplateCheck {
    name: String,
    title: String,
    group: String,
    labels: BTreeMap<String, String>,
    severity: String,
    kind: &'static str,
    status: &'static str,
    word: &'static str,
    reason: &'static str,
    why: &'static str,
    times: u32,
    incident: u64,
    since: String,
    ended_at: String,
    lasted_seconds: i64,
    last_success: String,
    exit_status: Option<u8>,
    duration_seconds: Option<f64>,
    source: String,
    comment: String,
    log: String,
    output: String,
    description: String,
    runbook_url: String,
    page: String,
    /// Of records: how many, and those that are said one by one; `none`: it is about the check itself.
    records: Option<TemplateRecords>,
    /// What was found of it, where that needs people; `none`: it is told of nothing of that kind.
    diagnosis: Option<TemplateDiagnosis>,
    with: Option<Value>,
}

/// What a message says of a check's records.
#[derive(Clone, Debug, Serialize)]
struct TemplateRecords {
    new: u32,
    occurred: u32,
    open: u32,
    ended: u32,
    changed: u32,
    more: u32,
    list: Vec<TemplateRecord>,
    page: String,
}

/// What a message says of what was found.
#[derive(Clone, Debug, Serialize)]
struct TemplateDiagnosis {
    found: &'static str,
    why: &'static str,
    cases: Vec<TemplateCase>,
    plan: String,
    solution: Option<u32>,
    failed: String,
}

#[derive(Clone, Debug, Serialize)]
struct TemplateCase {
    name: String,
    problem: String,
    reason: String,
}

#[derive(Clone, Debug, Serialize)]
struct TemplateRecord {
    key: String,
    title: String,
    details: String,
    incident: u64,
    is_over: bool,
}

/// All checks of the message, worst first.
pub(super) fn seen(notification: &Notification<'_>) -> Vec<TemplateCheck> {
    worst_first(notification.notices).into_iter().map(|notice| one(notification, notice)).collect()
}

fn one(notification: &Notification<'_>, notice: &Notice) -> TemplateCheck {
    let run = notice.last_run.as_ref();
    let time = |time: Option<Time>| time.map(|time| time.to_string()).unwrap_or_default();
    let label = |(name, value): &(String, String)| (name.clone(), line(value, 500));
    TemplateCheck {
        name: notice.check.to_string(),
        title: title(notice),
        group: line(&notice.group, 128),
        labels: notice.labels.iter().map(label).collect(),
        severity: line(Severity::of(&notice.labels).as_str(), 100),
        kind: match notice.kind {
            DeliveryKind::Alert => "alert",
            DeliveryKind::Reminder => "reminder",
            DeliveryKind::Recovery => "recovery",
            DeliveryKind::Episode => "episode",
            DeliveryKind::Flapping(_) => "flapping",
            DeliveryKind::Diagnosis(_) => "diagnosis",
        },
        status: if notice.is_all_over() { RESOLVED } else { FIRING },
        word: word(notice),
        reason: notice.first.kind.as_str(),
        why: notice.first.kind.meaning(),
        times: notice.flaps().map_or(1, |flaps| flaps.times),
        incident: notice.incident.0,
        since: notice.began_at().to_string(),
        ended_at: time(notice.ended_at),
        lasted_seconds: seconds(notice.ended_at.unwrap_or(notification.now) - notice.began_at()),
        last_success: time(notice.last_success),
        exit_status: run.and_then(|run| run.exit_status),
        duration_seconds: run.and_then(|run| run.duration).map(|span| span.as_ms() as f64 / 1000.0),
        source: run.map(|run| line(&run.source, 100)).unwrap_or_default(),
        comment: line(run.and_then(|run| run.comment.as_deref()).unwrap_or_default(), 500),
        log: line(notice.last_log.as_ref().map_or("", |(_, text)| text), 500),
        output: lines(notice.output.as_ref().map_or("", |(_, text)| text), 20, 210),
        description: lines(&notice.description, 20, 1000),
        runbook_url: Some(notice.runbook_url.clone()).filter(|url| is_link(url)).unwrap_or_default(),
        page: page(notification.external_url, &notice.check),
        records: notice.records.as_ref().map(|records| of_records(notification, notice, records)),
        diagnosis: notice.diagnosis.as_ref().map(|diagnosis| of_diagnosis(&diagnosis.found)),
        with: with(notice),
    }
}

fn of_records(notification: &Notification<'_>, notice: &Notice, records: &RecordsNotice) -> TemplateRecords {
    let RecordsNotice { new, occurred, open, ended, changed, .. } = *records;
    let list = records.said.iter().map(|said| TemplateRecord {
        key: line(said.key.as_str(), 256),
        title: line(&said.title, 200),
        details: line(&said.details, RecordsNotice::MAX_DETAILS_CHARS),
        incident: said.incident.0,
        is_over: said.is_over,
    });
    let page = records_page(notification, notice);
    let (more, list) = (records.more(notice.kind), list.collect());
    TemplateRecords { new, occurred, open, ended, changed, more, list, page }
}

fn of_diagnosis(found: &DiagnosisFound) -> TemplateDiagnosis {
    let case = |case: &CaseSaid| TemplateCase {
        name: line(case.name(), CaseSaid::MAX_NAME_BYTES),
        problem: line(case.problem(), CaseSaid::MAX_TEXT_BYTES),
        reason: line(case.reason(), CaseSaid::MAX_TEXT_BYTES),
    };
    let solution = match found {
        DiagnosisFound::Solution(solution) => Some(solution),
        _ => None,
    };
    let failed = solution.and_then(|solution| solution.ended.as_ref()?.how.reason()).unwrap_or_default();
    TemplateDiagnosis {
        found: found.as_str(),
        why: found_words(found),
        cases: found.cases().iter().map(case).collect(),
        plan: lines(found.plan().unwrap_or_default(), 20, 1000),
        solution: solution.map(|solution| solution.number),
        failed: lines(failed, 20, 1000),
    }
}

fn seconds(span: Span) -> i64 {
    span.as_ms() / 1000
}
