//! What waits for one receiver, in two orders: as it came, and the most severe first.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use crate::core::check::CheckId;
use crate::core::incident::Matter;
use crate::core::notice::Severity;
use crate::core::outbox::DeliveryId;

/// The ids of deliveries that wait. How severe each is, is asked once: at the next look after it came, or after its check was
/// declared otherwise. So a look at the worst of 100,000 costs no more than one at the worst of a hundred. What a message that
/// is not settled tells of holds back what follows of it (12.5): that is not looked at before it may leave.
#[derive(Debug, Default)]
pub(super) struct WaitingIds {
    by_id: BTreeMap<DeliveryId, Place>,
    ranked: BTreeSet<(Severity, DeliveryId)>,
    unranked: BTreeSet<DeliveryId>,
    by_matter: BTreeSet<(Matter, DeliveryId)>,
    /// How often messages that are not settled tell of each.
    in_messages: HashMap<Matter, usize>,
}

/// Where one that waits stands.
#[derive(Debug)]
enum Place {
    Unranked,
    Ranked(Severity),
    /// Behind a message.
    Blocked,
}

impl WaitingIds {
    pub(super) fn insert(&mut self, id: DeliveryId, matter: Matter) {
        let is_blocked = self.is_in_message(&matter);
        if let Entry::Vacant(place) = self.by_id.entry(id) {
            place.insert(Place::Blocked);
            self.by_matter.insert((matter, id));
            if !is_blocked {
                self.put(id, Place::Unranked);
            }
        }
    }

    pub(super) fn remove(&mut self, id: DeliveryId, matter: Matter) {
        if self.by_id.contains_key(&id) {
            self.put(id, Place::Blocked);
            self.by_id.remove(&id);
            self.by_matter.remove(&(matter, id));
        }
    }

    /// Puts one that waits into another place.
    fn put(&mut self, id: DeliveryId, place: Place) {
        match self.by_id.remove(&id) {
            Some(Place::Ranked(rank)) => drop(self.ranked.remove(&(rank, id))),
            Some(Place::Unranked) => drop(self.unranked.remove(&id)),
            Some(Place::Blocked) | None => {}
        }
        match &place {
            Place::Ranked(rank) => drop(self.ranked.insert((rank.clone(), id))),
            Place::Unranked => drop(self.unranked.insert(id)),
            Place::Blocked => {}
        }
        self.by_id.insert(id, place);
    }

    /// A message tells of this once more: what follows waits.
    pub(super) fn block(&mut self, matter: &Matter) {
        let times = self.in_messages.entry(matter.clone()).or_default();
        *times += 1;
        if *times == 1 {
            self.put_all_of(matter, || Place::Blocked);
        }
    }

    /// A message does no more.
    pub(super) fn unblock(&mut self, matter: &Matter) {
        let times = self.in_messages.get_mut(matter).expect("what is unblocked was blocked");
        *times -= 1;
        if *times == 0 {
            self.in_messages.remove(matter);
            self.put_all_of(matter, || Place::Unranked);
        }
    }

    fn put_all_of(&mut self, matter: &Matter, place: impl Fn() -> Place) {
        let from = self.by_matter.range((matter.clone(), DeliveryId(0))..);
        let ids: Vec<DeliveryId> = from.take_while(|(of, _)| of == matter).map(|(_, id)| *id).collect();
        ids.into_iter().for_each(|id| self.put(id, place()));
    }

    /// Whether a message that is not settled tells of it.
    pub(super) fn is_in_message(&self, matter: &Matter) -> bool {
        self.in_messages.contains_key(matter)
    }

    /// How many wait for no message.
    pub(super) fn unblocked(&self) -> usize {
        self.ranked.len() + self.unranked.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn is_blocked(&self, id: DeliveryId) -> bool {
        matches!(self.by_id.get(&id), Some(Place::Blocked))
    }

    /// In the order in which they came.
    pub(super) fn ids(&self) -> impl Iterator<Item = &DeliveryId> {
        self.by_id.keys()
    }

    /// Those of a check, whichever of its keys they are of.
    pub(super) fn of_check(&self, check: CheckId) -> impl Iterator<Item = DeliveryId> {
        let from = self.by_matter.range((Matter::own(check), DeliveryId(0))..);
        from.take_while(move |(of, _)| of.check == check).map(|(_, id)| *id)
    }

    /// The most severe first, and of one severity in the order in which they came, of those after this one. Those without a
    /// rank are not among them.
    pub(super) fn worst_first(&self, after: Option<DeliveryId>) -> impl Iterator<Item = &DeliveryId> {
        let rank = after.and_then(|id| match self.by_id.get(&id)? {
            Place::Ranked(rank) => Some((rank.clone(), id)),
            Place::Unranked | Place::Blocked => None,
        });
        let from = rank.map_or(Bound::Unbounded, Bound::Excluded);
        self.ranked.range((from, Bound::Unbounded)).map(|(_, id)| id)
    }

    pub(super) fn rank(&mut self, of: impl Fn(DeliveryId) -> Severity) {
        for id in std::mem::take(&mut self.unranked) {
            self.put(id, Place::Ranked(of(id)));
        }
    }

    pub(super) fn forget_ranks(&mut self) {
        for (_, id) in std::mem::take(&mut self.ranked) {
            self.put(id, Place::Unranked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(check: u64) -> Matter {
        Matter::own(CheckId(check))
    }

    #[test]
    fn the_most_severe_come_first_also_after_ranks_have_changed() {
        let mut queue = WaitingIds::default();
        let severity = |critical: u64| {
            move |id: DeliveryId| if id.0 == critical { Severity::Critical } else { Severity::Warning }
        };
        let order = |queue: &WaitingIds| queue.worst_first(None).map(|id| id.0).collect::<Vec<_>>();
        (1..=4).for_each(|id| queue.insert(DeliveryId(id), of(id)));
        queue.rank(severity(3));
        assert_eq!(order(&queue), [3, 1, 2, 4]);
        queue.insert(DeliveryId(3), of(3));
        queue.insert(DeliveryId(5), of(5));
        queue.remove(DeliveryId(1), of(1));
        queue.rank(severity(5));
        assert_eq!(order(&queue), [3, 5, 2, 4], "whoever has a rank keeps it");
        assert_eq!(queue.worst_first(Some(DeliveryId(5))).map(|id| id.0).collect::<Vec<_>>(), [2, 4]);
        queue.forget_ranks();
        queue.remove(DeliveryId(4), of(4));
        queue.rank(severity(5));
        assert_eq!(order(&queue), [5, 2, 3]);
        assert_eq!(queue.ids().map(|id| id.0).collect::<Vec<_>>(), [2, 3, 5]);
        (2..=5).for_each(|id| queue.remove(DeliveryId(id), of(id)));
        assert!(queue.is_empty() && queue.ranked.is_empty() && queue.unranked.is_empty());
    }

    /// 12.5
    #[test]
    fn what_follows_of_a_matter_waits_until_no_message_tells_of_it() {
        let mut queue = WaitingIds::default();
        let order = |queue: &mut WaitingIds| {
            queue.rank(|_| Severity::Warning);
            queue.worst_first(None).map(|id| id.0).collect::<Vec<_>>()
        };
        queue.insert(DeliveryId(1), of(7));
        queue.insert(DeliveryId(2), of(8));
        assert_eq!(order(&mut queue), [1, 2]);
        queue.block(&of(7));
        queue.block(&of(7));
        queue.insert(DeliveryId(3), of(7));
        queue.forget_ranks();
        assert_eq!((order(&mut queue), queue.unblocked()), (vec![2], 1));
        assert!(queue.is_in_message(&of(7)) && !queue.is_in_message(&of(8)));
        queue.remove(DeliveryId(1), of(7));
        queue.unblock(&of(7));
        assert_eq!(order(&mut queue), [2], "another message tells of it");
        queue.unblock(&of(7));
        assert_eq!((order(&mut queue), queue.is_in_message(&of(7))), (vec![2, 3], false));
        assert_eq!(queue.of_check(CheckId(7)).collect::<Vec<_>>(), [DeliveryId(3)]);
        queue.remove(DeliveryId(3), of(7));
        queue.remove(DeliveryId(2), of(8));
        assert!(queue.is_empty() && queue.by_matter.is_empty() && queue.in_messages.is_empty());
    }
}
