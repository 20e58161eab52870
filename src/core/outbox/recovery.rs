//! What is still told when an incident ends (8.4, 10.3, 12.5, 12.6).

use super::delivery::{Delivery, DeliveryState, NewDelivery};
use super::ids::DeliveryId;
use super::kind::DeliveryKind;
use super::reason::CancelReason;
use crate::core::incident::{Incident, IncidentStatus};
use crate::core::route::{ReceiverPolicy, Verdict};
use crate::core::time::{Span, Time};

/// What becomes of a delivery that waits when its incident ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is not told.
    Cancel(CancelReason),
    /// It becomes a [`DeliveryKind::Episode`], and goes on waiting for its turn.
    Episode,
    /// It was given up and waits to be tried again: it is not, and was attempted.
    StaysGivenUp,
}

/// What one receiver is still told of an incident that ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AtRecovery {
    /// What becomes of each delivery that waits.
    pub endings: Vec<(DeliveryId, Ending)>,
    /// To be inserted.
    pub recovery: Option<NewDelivery>,
}

impl AtRecovery {
    /// A delivery that is not told since the incident was too short: it counts towards [`super::Flapping`].
    pub fn too_short(&self) -> Option<DeliveryId> {
        self.endings.iter().find(|(_, ending)| is_too_short(*ending)).map(|(id, _)| *id)
    }
}

fn is_too_short(ending: Ending) -> bool {
    ending == Ending::Cancel(CancelReason::TooShort)
}

/// What one receiver is still told of an incident that ended (12.5, 12.6).
///
/// `rows` are all deliveries of the incident to the receiver, in the order of their ids. `verdict` is what
/// [`crate::core::route::route`] says of a waiting one, asked with the state and the causes from before the flip that ended the incident.
/// `receiver` is `None` if it is no longer configured. `now` is the transaction's time.
///
/// Whether a delivery was due is a matter of facts: by when the flips happened, not by when they were noticed.
pub fn at_recovery(
    incident: &Incident,
    rows: &[Delivery],
    verdict: impl Fn(&Delivery) -> Verdict,
    receiver: Option<&ReceiverPolicy>,
    now: Time,
) -> AtRecovery {
    let ended_at = incident.ended_at.expect("it is asked when the incident has ended");
    let group_wait = receiver.map_or(Span::ZERO, |receiver| receiver.group_wait);
    let first_attempted = rows.iter().find(|row| row.is_attempted());
    let mut told_by_another = first_attempted.is_some() || rows.iter().any(|row| tells_of_the_end(row.kind));
    let send_resolved = receiver.is_some_and(|receiver| receiver.send_resolved);
    let recovery = first_attempted
        .filter(|_| send_resolved && !rows.iter().any(|row| tells_of_the_end(row.kind)))
        .map(|attempted| recovery_after(attempted, now));
    let mut endings = Vec::new();
    for row in waiting(rows) {
        let ending = if row.is_attempted() {
            Ending::StaysGivenUp
        } else if matches!(incident.status, IncidentStatus::Removed | IncidentStatus::Changed) {
            Ending::Cancel(CancelReason::Removed)
        } else if row.not_before >= ended_at {
            Ending::Cancel(CancelReason::RecoveredBeforeDue)
        } else if let Some(reason) = verdict(row).at_recovery() {
            Ending::Cancel(reason)
        } else if told_by_another {
            Ending::Cancel(CancelReason::Merged)
        } else if ended_at - row.not_before < group_wait {
            Ending::Cancel(CancelReason::TooShort)
        } else {
            told_by_another = true;
            Ending::Episode
        };
        endings.push((row.id, ending));
    }
    if told_by_another {
        // Also by one that comes after it here: what is told of was not too short.
        let too_short = endings.iter_mut().filter(|(_, ending)| is_too_short(*ending));
        too_short.for_each(|(_, ending)| *ending = Ending::Cancel(CancelReason::Merged));
    }
    AtRecovery { endings, recovery }
}

/// The deliveries of an incident that wait, or would be tried again, where somebody acknowledged it, or wants to hear no
/// more of it (11.2): they are to be cancelled. What is in a message already is tried again all the same.
pub fn cancel_waiting(rows: &[Delivery]) -> impl Iterator<Item = DeliveryId> {
    let rests = |row: &&Delivery| row.given_up.is_some() && matches!(row.state, DeliveryState::Parked { .. });
    waiting(rows).chain(rows.iter().filter(rests)).map(|row| row.id)
}

/// What is still to be told of an incident that has not ended.
fn waiting(rows: &[Delivery]) -> impl Iterator<Item = &Delivery> {
    rows.iter().filter(|row| row.state == DeliveryState::Waiting && !tells_of_the_end(row.kind))
}

fn tells_of_the_end(kind: DeliveryKind) -> bool {
    matches!(kind, DeliveryKind::Recovery | DeliveryKind::Episode)
}

fn recovery_after(attempted: &Delivery, now: Time) -> NewDelivery {
    attempted.followed_by(DeliveryKind::Recovery, now, now)
}
