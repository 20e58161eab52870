//! What waits for one receiver, in two orders: as it came, and the most severe first.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::core::notice::Severity;
use crate::core::outbox::DeliveryId;

/// The ids of deliveries that wait. How severe each is, is asked once: at the next look after it came, or after its check was
/// declared otherwise. So a look at the worst of 100,000 costs no more than one at the worst of a hundred.
#[derive(Debug, Default)]
pub(super) struct WaitingIds {
    /// With the rank under which it stands in `ranked`; `None`: it has none yet.
    by_id: BTreeMap<DeliveryId, Option<Severity>>,
    ranked: BTreeSet<(Severity, DeliveryId)>,
    unranked: BTreeSet<DeliveryId>,
}

impl WaitingIds {
    pub(super) fn insert(&mut self, id: DeliveryId) {
        if let Entry::Vacant(place) = self.by_id.entry(id) {
            place.insert(None);
            self.unranked.insert(id);
        }
    }

    pub(super) fn remove(&mut self, id: DeliveryId) {
        match self.by_id.remove(&id) {
            Some(Some(rank)) => {
                self.ranked.remove(&(rank, id));
            }
            Some(None) => {
                self.unranked.remove(&id);
            }
            None => {}
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// In the order in which they came.
    pub(super) fn ids(&self) -> impl DoubleEndedIterator<Item = &DeliveryId> {
        self.by_id.keys()
    }

    /// The most severe first, and of one severity in the order in which they came, of those after this one. Those without a
    /// rank are not among them.
    pub(super) fn worst_first(&self, after: Option<DeliveryId>) -> impl Iterator<Item = &DeliveryId> {
        let rank = after.and_then(|id| Some((self.by_id.get(&id)?.clone()?, id)));
        let from = rank.map_or(Bound::Unbounded, Bound::Excluded);
        self.ranked.range((from, Bound::Unbounded)).map(|(_, id)| id)
    }

    pub(super) fn rank(&mut self, of: impl Fn(DeliveryId) -> Severity) {
        for id in std::mem::take(&mut self.unranked) {
            let rank = of(id);
            self.by_id.insert(id, Some(rank.clone()));
            self.ranked.insert((rank, id));
        }
    }

    pub(super) fn forget_ranks(&mut self) {
        self.ranked.clear();
        self.unranked = self.by_id.keys().copied().collect();
        self.by_id.values_mut().for_each(|rank| *rank = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_severe_come_first_also_after_ranks_have_changed() {
        let mut queue = WaitingIds::default();
        let severity = |critical: u64| {
            move |id: DeliveryId| if id.0 == critical { Severity::Critical } else { Severity::Warning }
        };
        let order = |queue: &WaitingIds| queue.worst_first(None).map(|id| id.0).collect::<Vec<_>>();
        (1..=4).for_each(|id| queue.insert(DeliveryId(id)));
        queue.rank(severity(3));
        assert_eq!(order(&queue), [3, 1, 2, 4]);
        queue.insert(DeliveryId(3));
        queue.insert(DeliveryId(5));
        queue.remove(DeliveryId(1));
        queue.rank(severity(5));
        assert_eq!(order(&queue), [3, 5, 2, 4], "whoever has a rank keeps it");
        assert_eq!(queue.worst_first(Some(DeliveryId(5))).map(|id| id.0).collect::<Vec<_>>(), [2, 4]);
        queue.forget_ranks();
        queue.remove(DeliveryId(4));
        queue.rank(severity(5));
        assert_eq!(order(&queue), [5, 2, 3]);
        assert_eq!(queue.ids().map(|id| id.0).collect::<Vec<_>>(), [2, 3, 5]);
        (2..=5).for_each(|id| queue.remove(DeliveryId(id)));
        assert!(queue.is_empty() && queue.ranked.is_empty() && queue.unranked.is_empty());
    }
}
