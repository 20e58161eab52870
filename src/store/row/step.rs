//! An incident's steps in words.

use serde::{Deserialize, Serialize};

use super::outbox::{FlapsRow, diagnosis_row, flaps_row, read_delivery_kind};
use super::words::{cause_word, kind_of};
use crate::core::incident::{DiagnosisStep, IncidentStep, StepKind};
use crate::core::outbox::{DeliveryStep, MessageId, Telling};
use crate::core::time::Time;

const TELLINGS: [Telling; 5] =
    [Telling::Told, Telling::Failed, Telling::Retried, Telling::Parked, Telling::Dropped];

/// The column `details` of a step that told somebody.
#[derive(Serialize, Deserialize)]
struct Details {
    receiver: String,
    /// The kind of the delivery.
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flaps: Option<FlapsRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    diagnosis: Option<u32>,
    message: Option<u64>,
    answer: String,
    times: u32,
}

/// The column `details` of a step that somebody took, where they said more than that.
#[derive(Default, Serialize, Deserialize)]
struct Said {
    /// Until when it is acknowledged, in ms since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    comment: String,
}

/// A step of an incident as three columns: what, the kind of cause, and details.
pub(in crate::store) fn write_step(
    step: &IncidentStep,
) -> (&'static str, Option<&'static str>, Option<String>) {
    let what = &step.what;
    let (kind, details) = match what {
        StepKind::Began(kind) | StepKind::Eased(kind) => (Some(cause_word(*kind)), None),
        StepKind::Delivery(step) => (None, Some(write_details(step))),
        StepKind::Acknowledged(until) => (None, write_said(*until, &step.comment)),
        _ => (None, write_said(None, &step.comment)),
    };
    (what.as_str(), kind, details)
}

fn write_said(until: Option<Time>, comment: &str) -> Option<String> {
    let said = Said { until: until.map(Time::as_ms), comment: comment.to_owned() };
    let is_more = said.until.is_some() || !said.comment.is_empty();
    is_more.then(|| serde_json::to_string(&said).expect("texts and numbers are always JSON"))
}

fn write_details(step: &DeliveryStep) -> String {
    let details = Details {
        receiver: step.receiver.to_string(),
        kind: step.kind.as_str().to_owned(),
        flaps: flaps_row(step.kind),
        diagnosis: diagnosis_row(step.kind),
        message: step.message.map(|message| message.0),
        answer: step.answer.clone(),
        times: step.times,
    };
    serde_json::to_string(&details).expect("texts and numbers are always JSON")
}

/// Parses a step of an incident from its three columns: what it was, and what was said with it.
pub(in crate::store) fn read_step(
    what: &str,
    kind: Option<&str>,
    details: Option<&str>,
) -> Option<(StepKind, String)> {
    if let Some(what) = TELLINGS.into_iter().find(|telling| telling.as_str() == what) {
        let details: Details = serde_json::from_str(details?).ok()?;
        let step = DeliveryStep {
            what,
            receiver: details.receiver.into(),
            kind: read_delivery_kind(&details.kind, details.flaps, details.diagnosis)?,
            message: details.message.map(MessageId),
            answer: details.answer,
            times: details.times,
        };
        return Some((StepKind::Delivery(step), String::new()));
    }
    let Said { until, comment } = match details {
        Some(details) => serde_json::from_str(details).ok()?,
        None => Said::default(),
    };
    let kind = kind.and_then(kind_of);
    let what = match what {
        "began" => StepKind::Began(kind?),
        "eased" => StepKind::Eased(kind?),
        "resolved" => StepKind::Resolved,
        "removed" => StepKind::Removed,
        "changed" => StepKind::Changed,
        "over" => StepKind::Over,
        "acknowledged" => StepKind::Acknowledged(until.map(Time::from_ms)),
        "wont_fix" => StepKind::WontFix,
        "reopened" => StepKind::Reopened,
        "commented" => StepKind::Commented,
        _ => StepKind::Diagnosis(DiagnosisStep::ALL.into_iter().find(|step| step.as_str() == what)?),
    };
    Some((what, comment))
}
