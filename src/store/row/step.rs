//! An incident's steps in words.

use serde::{Deserialize, Serialize};

use super::outbox::{FlapsRow, flaps_row, read_delivery_kind};
use crate::core::cause::CauseKind;
use crate::core::incident::StepKind;
use crate::core::outbox::{DeliveryStep, MessageId, Telling};

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
    message: Option<u64>,
    answer: String,
    times: u32,
}

/// A step of an incident as three columns: what, the kind of cause, and details.
pub(in crate::store) fn write_step(what: &StepKind) -> (&'static str, Option<&'static str>, Option<String>) {
    let (kind, details) = match what {
        StepKind::Began(kind) | StepKind::Eased(kind) => (Some(kind.as_str()), None),
        StepKind::Delivery(step) => (None, Some(write_details(step))),
        _ => (None, None),
    };
    (what.as_str(), kind, details)
}

fn write_details(step: &DeliveryStep) -> String {
    let details = Details {
        receiver: step.receiver.to_string(),
        kind: step.kind.as_str().to_owned(),
        flaps: flaps_row(step.kind),
        message: step.message.map(|message| message.0),
        answer: step.answer.clone(),
        times: step.times,
    };
    serde_json::to_string(&details).expect("texts and numbers are always JSON")
}

/// Parses a step of an incident from its three columns.
pub(in crate::store) fn read_step(what: &str, kind: Option<&str>, details: Option<&str>) -> Option<StepKind> {
    if let Some(what) = TELLINGS.into_iter().find(|telling| telling.as_str() == what) {
        let details: Details = serde_json::from_str(details?).ok()?;
        return Some(StepKind::Delivery(DeliveryStep {
            what,
            receiver: details.receiver.into(),
            kind: read_delivery_kind(&details.kind, details.flaps)?,
            message: details.message.map(MessageId),
            answer: details.answer,
            times: details.times,
        }));
    }
    let kind = kind.and_then(|word| CauseKind::ALL.into_iter().find(|kind| kind.as_str() == word));
    Some(match what {
        "began" => StepKind::Began(kind?),
        "eased" => StepKind::Eased(kind?),
        "resolved" => StepKind::Resolved,
        "removed" => StepKind::Removed,
        "acknowledged" => StepKind::Acknowledged,
        "wont_fix" => StepKind::WontFix,
        "reopened" => StepKind::Reopened,
        _ => return None,
    })
}
