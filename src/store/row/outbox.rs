//! The words of incidents and deliveries.

use super::words::{value_of, word_of};
use crate::core::cause::CauseKind;
use crate::core::incident::{IncidentStatus, StepKind};
use crate::core::outbox::{CancelReason, DeliveryKind, DeliveryState, MessageId, ParkReason};

const DELIVERY_KINDS: [(DeliveryKind, &str); 4] = [
    (DeliveryKind::Alert, "alert"),
    (DeliveryKind::Reminder, "reminder"),
    (DeliveryKind::Recovery, "recovery"),
    (DeliveryKind::Episode, "episode"),
];

const PARK_REASONS: [(ParkReason, &str); 3] = [
    (ParkReason::Refused, "refused"),
    (ParkReason::GaveUp, "gave_up"),
    (ParkReason::ReceiverGone, "receiver_gone"),
];

const CANCEL_REASONS: [(CancelReason, &str); 8] = [
    (CancelReason::RecoveredBeforeDue, "recovered_before_due"),
    (CancelReason::RecoveredWhileHeld, "recovered_while_held"),
    (CancelReason::TooShort, "too_short"),
    (CancelReason::Merged, "merged"),
    (CancelReason::RemindedSooner, "reminded_sooner"),
    (CancelReason::Acknowledged, "acknowledged"),
    (CancelReason::WontFix, "wont_fix"),
    (CancelReason::Removed, "removed"),
];

const INCIDENT_STATUSES: [IncidentStatus; 5] = [
    IncidentStatus::Open,
    IncidentStatus::Acknowledged,
    IncidentStatus::WontFix,
    IncidentStatus::Resolved,
    IncidentStatus::Removed,
];

/// The word of a kind of delivery.
pub(in crate::store) fn delivery_kind_word(kind: DeliveryKind) -> &'static str {
    word_of(&DELIVERY_KINDS, kind)
}

/// The kind of delivery of this word.
pub(in crate::store) fn delivery_kind(word: &str) -> Option<DeliveryKind> {
    value_of(&DELIVERY_KINDS, word)
}

/// The incident's status of this word.
pub(in crate::store) fn incident_status(word: &str) -> Option<IncidentStatus> {
    INCIDENT_STATUSES.into_iter().find(|status| status.as_str() == word)
}

/// A delivery's state as it stands in three columns: state, reason, message.
pub(in crate::store) fn write_delivery_state(
    state: &DeliveryState,
) -> (&'static str, Option<&'static str>, Option<u64>) {
    match state {
        DeliveryState::Waiting => ("waiting", None, None),
        DeliveryState::InMessage(message) => ("in_message", None, Some(message.0)),
        DeliveryState::Sent(message) => ("sent", None, Some(message.0)),
        DeliveryState::Parked { reason, message } => {
            ("parked", Some(word_of(&PARK_REASONS, *reason)), message.map(|message| message.0))
        }
        DeliveryState::Cancelled(reason) => ("cancelled", Some(word_of(&CANCEL_REASONS, *reason)), None),
    }
}

/// A delivery's state from its three columns.
pub(in crate::store) fn read_delivery_state(
    state: &str,
    reason: Option<&str>,
    message: Option<u64>,
) -> Option<DeliveryState> {
    let message = message.map(MessageId);
    Some(match state {
        "waiting" => DeliveryState::Waiting,
        "in_message" => DeliveryState::InMessage(message?),
        "sent" => DeliveryState::Sent(message?),
        "parked" => DeliveryState::Parked { reason: value_of(&PARK_REASONS, reason?)?, message },
        "cancelled" => DeliveryState::Cancelled(value_of(&CANCEL_REASONS, reason?)?),
        _ => return None,
    })
}

/// A step of an incident as it stands in two columns: what, and the kind of cause.
pub(in crate::store) fn write_step(what: StepKind) -> (&'static str, Option<&'static str>) {
    match what {
        StepKind::Began(kind) => ("began", Some(kind.as_str())),
        StepKind::Eased(kind) => ("eased", Some(kind.as_str())),
        StepKind::Resolved => ("resolved", None),
        StepKind::Removed => ("removed", None),
        StepKind::Acknowledged => ("acknowledged", None),
        StepKind::WontFix => ("wont_fix", None),
        StepKind::Reopened => ("reopened", None),
    }
}

/// A step of an incident from its two columns.
pub(in crate::store) fn read_step(what: &str, kind: Option<&str>) -> Option<StepKind> {
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
