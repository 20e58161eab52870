//! Incidents and deliveries in words.

use serde::{Deserialize, Serialize};

use crate::core::cause::{CauseKind, Family};
use crate::core::incident::{IncidentStatus, Planned};
use crate::core::outbox::{
    Bout, CancelReason, DeliveryKind, DeliveryState, Flaps, GivenUp, MessageId, ParkReason,
};
use crate::core::route::ActionId;
use crate::core::time::Time;

const DELIVERY_KINDS: [DeliveryKind; 4] =
    [DeliveryKind::Alert, DeliveryKind::Reminder, DeliveryKind::Recovery, DeliveryKind::Episode];

const FAMILIES: [Family; 4] = [Family::Late, Family::Failing, Family::Unknown, Family::Occurred];

/// An action in an incident's row. Older versions kept only its number, and not why it was planned.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PlannedRow {
    Number(u64),
    For(u64, Vec<String>, bool),
}

pub(in crate::store) fn write_planned(actions: &[Planned]) -> String {
    let row = |planned: &Planned| {
        let kinds = planned.kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        PlannedRow::For(planned.action.0, kinds, planned.is_uncovered)
    };
    let rows: Vec<PlannedRow> = actions.iter().map(row).collect();
    serde_json::to_string(&rows).expect("a list of texts and numbers is always JSON")
}

/// Parses the actions of an incident. If the row does not say why an action was planned, it was planned for `first`,
/// the kind that opened the incident.
pub(in crate::store) fn read_planned(text: &str, first: CauseKind) -> Option<Vec<Planned>> {
    let rows: Vec<PlannedRow> = serde_json::from_str(text).ok()?;
    let planned = |row| match row {
        PlannedRow::Number(action) => {
            Some(Planned { action: ActionId(action), kinds: vec![first], is_uncovered: false })
        }
        PlannedRow::For(action, words, is_uncovered) => {
            let kinds: Option<Vec<CauseKind>> =
                words.iter().map(|word| super::words::kind_of(word)).collect();
            Some(Planned { action: ActionId(action), kinds: kinds?, is_uncovered })
        }
    };
    rows.into_iter().map(planned).collect()
}

pub(in crate::store) fn write_families(families: &[Family]) -> String {
    let words: Vec<&str> = families.iter().map(|family| family.as_str()).collect();
    serde_json::to_string(&words).expect("a list of texts is always JSON")
}

pub(in crate::store) fn read_families(text: &str) -> Option<Vec<Family>> {
    let words: Vec<String> = serde_json::from_str(text).ok()?;
    words.iter().map(|word| FAMILIES.into_iter().find(|family| family.as_str() == word)).collect()
}

/// How often a check flapped, and since when. It is stored beside the word of its kind.
pub(in crate::store) type FlapsRow = (u32, i64);

/// What is stored beside the word of a kind of delivery.
pub(in crate::store) fn flaps_row(kind: DeliveryKind) -> Option<FlapsRow> {
    match kind {
        DeliveryKind::Flapping(flaps) => Some((flaps.times, flaps.since.as_ms())),
        _ => None,
    }
}

/// Which diagnosis it tells of, likewise.
pub(in crate::store) fn diagnosis_row(kind: DeliveryKind) -> Option<u32> {
    match kind {
        DeliveryKind::Diagnosis(number) => Some(number),
        _ => None,
    }
}

/// The kind of delivery with this word, and with what is stored beside it.
pub(in crate::store) fn read_delivery_kind(
    word: &str,
    flaps: Option<FlapsRow>,
    diagnosis: Option<u32>,
) -> Option<DeliveryKind> {
    let flaps = flaps.map(|(times, since)| Flaps { times, since: Time::from_ms(since) });
    let diagnosis = diagnosis.map(DeliveryKind::Diagnosis);
    let kinds = DELIVERY_KINDS.into_iter().chain(flaps.map(DeliveryKind::Flapping)).chain(diagnosis);
    kinds.into_iter().find(|kind| kind.as_str() == word)
}

/// Bad periods as JSON: pairs of their beginnings and ends.
pub(in crate::store) fn write_bouts(bouts: &[Bout]) -> String {
    let rows: Vec<(i64, i64)> = bouts.iter().map(|bout| (bout.from.as_ms(), bout.to.as_ms())).collect();
    serde_json::to_string(&rows).expect("a list of numbers is always JSON")
}

pub(in crate::store) fn read_bouts(text: &str) -> Option<Vec<Bout>> {
    let rows: Vec<(i64, i64)> = serde_json::from_str(text).ok()?;
    let bout = |(from, to)| Bout { from: Time::from_ms(from), to: Time::from_ms(to) };
    Some(rows.into_iter().map(bout).collect())
}

pub(in crate::store) fn incident_status(word: &str) -> Option<IncidentStatus> {
    IncidentStatus::ALL.into_iter().find(|status| status.as_str() == word)
}

/// A delivery's state as three columns: state, reason, message.
pub(in crate::store) fn write_delivery_state(
    state: &DeliveryState,
) -> (&'static str, Option<&'static str>, Option<u64>) {
    (state.as_str(), state.reason(), state.message().map(|message| message.0))
}

/// Parses a delivery's state from its three columns.
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
        "parked" => DeliveryState::Parked { reason: park_reason(reason?)?, message },
        "cancelled" => DeliveryState::Cancelled(cancel_reason(reason?)?),
        _ => return None,
    })
}

fn park_reason(word: &str) -> Option<ParkReason> {
    ParkReason::ALL.into_iter().find(|reason| reason.as_str() == word)
}

fn cancel_reason(word: &str) -> Option<CancelReason> {
    CancelReason::ALL.into_iter().find(|reason| reason.as_str() == word)
}

/// The column that says that a delivery was given up.
#[derive(Serialize, Deserialize)]
struct GivenUpRow {
    since: i64,
    at: i64,
    reason: String,
    message: Option<u64>,
    tries: u32,
    alone: bool,
}

pub(in crate::store) fn write_given_up(given_up: &GivenUp) -> String {
    let row = GivenUpRow {
        since: given_up.since.as_ms(),
        at: given_up.at.as_ms(),
        reason: given_up.reason.as_str().to_owned(),
        message: given_up.message.map(|message| message.0),
        tries: given_up.tries,
        alone: given_up.is_alone,
    };
    serde_json::to_string(&row).expect("texts and numbers are always JSON")
}

pub(in crate::store) fn read_given_up(text: &str) -> Option<GivenUp> {
    let row: GivenUpRow = serde_json::from_str(text).ok()?;
    Some(GivenUp {
        since: Time::from_ms(row.since),
        at: Time::from_ms(row.at),
        reason: park_reason(&row.reason)?,
        message: row.message.map(MessageId),
        tries: row.tries,
        is_alone: row.alone,
        may_be_mended: false,
    })
}
