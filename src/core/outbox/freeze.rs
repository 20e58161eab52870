//! What leaves together, in which order (12.3, 12.5).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::delivery::{Delivery, DeliveryState};
use super::ids::DeliveryId;
use super::kind::DeliveryKind;
use super::message::Message;
use super::topic::Topic;
use crate::core::check::CheckId;
use crate::core::incident::{IncidentId, Matter};
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
/// matter that an earlier delivery of it to this receiver is in a message that is under way or waits for its retry: what
/// follows waits, and what is of another check or another key does not. What is due leaves once the first of it has waited for `group_wait`,
/// or at once when it is [`Message::MAX_MEMBERS`] things, of which a check's records are one. If it is more than the receiver's format can name, those leave first
/// whose `rank` is the least; the others leave next. What is told of a matter after a notice that it flaps leaves
/// after that: it may be the very thing that the notice is about.
pub fn freeze<'a, R: Ord>(
    waiting: impl IntoIterator<Item = &'a Delivery>,
    is_blocked: impl Fn(&Matter) -> bool,
    rank: impl Fn(CheckId) -> R,
    receiver: &ReceiverPolicy,
    now: Time,
) -> Departure {
    let mut due: Vec<&Delivery> = Vec::new();
    let mut first: Option<Time> = None;
    let mut next: Option<Time> = None;
    let mut passed_over: BTreeMap<Matter, IncidentId> = BTreeMap::new();
    let mut flap: BTreeSet<Matter> = BTreeSet::new();
    let mut last_id = None;
    for delivery in waiting {
        assert_eq!(delivery.state, DeliveryState::Waiting, "only what waits can leave");
        assert!(last_id < Some(delivery.id), "deliveries come in the order of their ids");
        last_id = Some(delivery.id);
        let matter = delivery.matter();
        if is_blocked(&matter) || flap.contains(&matter) {
            continue;
        }
        let ready_at = delivery.ready_at();
        // Nothing of a later incident overtakes what an earlier one still has to tell.
        let overtakes = passed_over.get(&matter).is_some_and(|earlier| *earlier != delivery.incident);
        if ready_at > now || overtakes {
            if ready_at > now {
                next = earliest(next, ready_at);
            }
            passed_over.entry(matter).or_insert(delivery.incident);
            continue;
        }
        if matches!(delivery.kind, DeliveryKind::Flapping(_)) {
            flap.insert(matter);
        }
        due.push(delivery);
        first = earliest(first, ready_at);
    }
    let Some(first) = first else { return Departure::Waits(next) };
    let leaves_at = first + receiver.group_wait;
    let topics: HashSet<Topic> = due.iter().map(|delivery| delivery.topic()).collect();
    if leaves_at > now && topics.len() < Message::MAX_MEMBERS {
        return Departure::Waits(Some(leaves_at));
    }
    // The sort is stable, and all of one check have one rank: they stay in their order.
    due.sort_by_cached_key(|delivery| rank(delivery.check));
    let mut named = HashSet::new();
    due.retain(|delivery| {
        let topic = delivery.topic();
        named.contains(&topic) || named.len() < receiver.max_members && named.insert(topic)
    });
    due.truncate(Message::MAX_DELIVERIES);
    let mut ids: Vec<DeliveryId> = due.iter().map(|delivery| delivery.id).collect();
    ids.sort_unstable();
    Departure::Leaves(ids)
}

/// The members of the two messages that a refused one becomes (12.4), each in its order. All that is told of one matter
/// stays in one of them, so that nothing is overtaken. `None`: it is all of one.
pub fn halves(members: &[(DeliveryId, Matter)]) -> Option<[Vec<DeliveryId>; 2]> {
    let mut seen = BTreeSet::new();
    let matters: Vec<&Matter> =
        members.iter().map(|(_, matter)| matter).filter(|matter| seen.insert(*matter)).collect();
    if matters.len() < 2 {
        return None;
    }
    let first: HashSet<&Matter> = matters[..matters.len() / 2].iter().copied().collect();
    let (one, other): (Vec<_>, Vec<_>) = members.iter().partition(|(_, matter)| first.contains(matter));
    Some([one, other].map(|half| half.into_iter().map(|(id, _)| *id).collect()))
}

fn earliest(one: Option<Time>, other: Time) -> Option<Time> {
    Some(one.map_or(other, |one| one.min(other)))
}
