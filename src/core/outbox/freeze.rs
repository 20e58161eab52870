//! What leaves together, in which order (12.3, 12.5).

use std::collections::{BTreeMap, BTreeSet};

use super::{Delivery, DeliveryId, DeliveryState};
use crate::core::check::CheckId;
use crate::core::incident::IncidentId;
use crate::core::route::ReceiverPolicy;
use crate::core::time::Time;

/// What leaves now for one receiver, or when to look again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Departure {
    /// These, together, as one message; more may leave after them.
    Leaves(Vec<DeliveryId>),
    /// Nothing before this time; `None`: nothing until something else happens.
    Waits(Option<Time>),
}

/// Which of a receiver's waiting deliveries leave together now.
///
/// `waiting` are those that [`crate::core::route::route`] lets go, in the order of their ids. `is_blocked` says of a
/// check that an earlier delivery of it to this receiver is in a message that is under way or waits for its retry: what
/// follows waits, and other checks' deliveries do not. All that is due leaves once the first of it has waited for
/// `group_wait`, or at once when a message is full: it has as many members as the receiver's format can name.
pub fn freeze<'a>(
    waiting: impl IntoIterator<Item = &'a Delivery>,
    is_blocked: impl Fn(CheckId) -> bool,
    receiver: &ReceiverPolicy,
    now: Time,
) -> Departure {
    let mut due: Vec<DeliveryId> = Vec::new();
    let mut first: Option<Time> = None;
    let mut next: Option<Time> = None;
    let mut passed_over: BTreeMap<CheckId, IncidentId> = BTreeMap::new();
    let mut last_id = None;
    for delivery in waiting {
        assert_eq!(delivery.state, DeliveryState::Waiting, "only what waits can leave");
        assert!(last_id < Some(delivery.id), "deliveries come in the order of their ids");
        last_id = Some(delivery.id);
        if is_blocked(delivery.check) {
            continue;
        }
        let ready_at = delivery.ready_at();
        // Nothing of a later incident overtakes what an earlier one still has to tell.
        let overtakes = passed_over.get(&delivery.check).is_some_and(|earlier| *earlier != delivery.incident);
        if ready_at > now || overtakes {
            passed_over.entry(delivery.check).or_insert(delivery.incident);
            if ready_at > now {
                next = earliest(next, ready_at);
            }
            continue;
        }
        due.push(delivery.id);
        first = earliest(first, ready_at);
        if due.len() >= receiver.max_members {
            return Departure::Leaves(due);
        }
    }
    let Some(first) = first else { return Departure::Waits(next) };
    let leaves_at = first + receiver.group_wait;
    if leaves_at <= now { Departure::Leaves(due) } else { Departure::Waits(Some(leaves_at)) }
}

/// The members of the two messages that a refused one becomes (12.4), each in its order. All that is told of one check
/// stays in one of them, so that nothing is overtaken. `None`: it is all of one check.
pub fn halves(members: &[(DeliveryId, CheckId)]) -> Option<[Vec<DeliveryId>; 2]> {
    let mut seen = BTreeSet::new();
    let checks: Vec<CheckId> =
        members.iter().map(|(_, check)| *check).filter(|check| seen.insert(*check)).collect();
    if checks.len() < 2 {
        return None;
    }
    let first = &checks[..checks.len() / 2];
    let (one, other): (Vec<_>, Vec<_>) = members.iter().partition(|(_, check)| first.contains(check));
    Some([one, other].map(|half| half.into_iter().map(|(id, _)| id).collect()))
}

fn earliest(one: Option<Time>, other: Time) -> Option<Time> {
    Some(one.map_or(other, |one| one.min(other)))
}
