//! What waits for one receiver, in two orders: as it came, and the most severe first.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use crate::core::check::CheckId;
use crate::core::incident::Matter;
use crate::core::notice::Severity;
use crate::core::outbox::DeliveryId;
use crate::core::time::Time;

/// The ids of deliveries that wait. How severe each is, is asked once: at the next look after it came, or after its check was
/// declared otherwise. So a look at the worst of 100,000 costs no more than one at the worst of a hundred. What a message that
/// is not settled tells of holds back what follows of it (12.5): that is not looked at before it may leave. What is held, or not
/// due, stands aside until it may be otherwise.
#[derive(Debug, Default)]
pub(super) struct WaitingIds {
    by_id: BTreeMap<DeliveryId, Place>,
    ranked: BTreeSet<(Severity, DeliveryId)>,
    unranked: BTreeSet<DeliveryId>,
    /// Those that stand aside until a time.
    returning: BTreeSet<(Time, DeliveryId)>,
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
    /// Held, or not due: looked at again at this time, or when it is asked about.
    Aside(Option<Time>),
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
            Some(Place::Aside(Some(until))) => drop(self.returning.remove(&(until, id))),
            Some(Place::Blocked | Place::Aside(None)) | None => {}
        }
        match &place {
            Place::Ranked(rank) => drop(self.ranked.insert((rank.clone(), id))),
            Place::Unranked => drop(self.unranked.insert(id)),
            Place::Aside(Some(until)) => drop(self.returning.insert((*until, id))),
            Place::Blocked | Place::Aside(None) => {}
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

    /// One that waits for no message stands aside.
    pub(super) fn set_aside(&mut self, id: DeliveryId, until: Option<Time>) {
        if self.is_candidate(id) {
            self.put(id, Place::Aside(until));
        }
    }

    fn is_candidate(&self, id: DeliveryId) -> bool {
        matches!(self.by_id.get(&id), Some(Place::Ranked(_) | Place::Unranked))
    }

    /// When the first that stands aside is looked at again.
    pub(super) fn returns_at(&self) -> Option<Time> {
        self.returning.first().map(|(at, _)| *at)
    }

    /// Those that stand aside until now or before stand there no more, at most so many. Answers how many.
    pub(super) fn let_return(&mut self, limit: usize, now: Time) -> usize {
        let ids: Vec<DeliveryId> =
            self.returning.iter().take_while(|(at, _)| *at <= now).take(limit).map(|(_, id)| *id).collect();
        ids.iter().for_each(|id| self.put(*id, Place::Unranked));
        ids.len()
    }

    /// It may be otherwise: it is looked at and ranked anew, unless it waits for a message. Answers whether it is.
    pub(super) fn ask(&mut self, id: DeliveryId) -> bool {
        let may_be_otherwise = self.is_candidate(id) || self.is_aside(id);
        if may_be_otherwise {
            self.put(id, Place::Unranked);
        }
        may_be_otherwise
    }

    /// Whether a message that is not settled tells of it.
    pub(super) fn is_in_message(&self, matter: &Matter) -> bool {
        self.in_messages.contains_key(matter)
    }

    /// How many wait for no message, and do not stand aside.
    pub(super) fn candidates(&self) -> usize {
        self.ranked.len() + self.unranked.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn is_blocked(&self, id: DeliveryId) -> bool {
        matches!(self.by_id.get(&id), Some(Place::Blocked))
    }

    /// Until when it stands aside.
    pub(super) fn returns(&self, id: DeliveryId) -> Option<Time> {
        match self.by_id.get(&id) {
            Some(Place::Aside(until)) => *until,
            _ => None,
        }
    }

    pub(super) fn is_aside(&self, id: DeliveryId) -> bool {
        matches!(self.by_id.get(&id), Some(Place::Aside(_)))
    }

    /// Those that stand aside.
    pub(super) fn aside(&self) -> impl Iterator<Item = DeliveryId> {
        self.by_id.keys().copied().filter(|id| self.is_aside(*id))
    }

    /// Those that came before it and stand aside, of its matter.
    pub(super) fn aside_before(
        &self,
        id: DeliveryId,
        of: &Matter,
    ) -> impl Iterator<Item = DeliveryId> + use<'_> {
        let before = self.by_matter.range((of.clone(), DeliveryId(0))..(of.clone(), id));
        before.map(|(_, id)| *id).filter(|id| self.is_aside(*id))
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

    /// Those of these that wait for no message, and do not stand aside.
    pub(super) fn candidates_of(&self, check: CheckId) -> impl Iterator<Item = DeliveryId> {
        self.of_check(check).filter(|id| self.is_candidate(*id))
    }

    /// The most severe first, and of one severity in the order in which they came, of those after this one. Those without a
    /// rank are not among them.
    pub(super) fn worst_first(&self, after: Option<DeliveryId>) -> impl Iterator<Item = &DeliveryId> {
        let rank = after.and_then(|id| match self.by_id.get(&id)? {
            Place::Ranked(rank) => Some((rank.clone(), id)),
            Place::Unranked | Place::Blocked | Place::Aside(_) => None,
        });
        let from = rank.map_or(Bound::Unbounded, Bound::Excluded);
        self.ranked.range((from, Bound::Unbounded)).map(|(_, id)| id)
    }

    pub(super) fn rank(&mut self, of: impl Fn(DeliveryId) -> Severity) {
        for id in std::mem::take(&mut self.unranked) {
            self.put(id, Place::Ranked(of(id)));
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
        (2..=5).for_each(|id| assert!(queue.ask(DeliveryId(id))));
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
        assert_eq!([1, 2, 3, 4].map(|id| queue.ask(DeliveryId(id))), [false, true, false, false]);
        assert_eq!((order(&mut queue), queue.candidates()), (vec![2], 1));
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

    /// 8.1
    #[test]
    fn what_stands_aside_returns_by_its_time_or_when_it_is_asked_about() {
        let mut queue = WaitingIds::default();
        let at = Time::from_secs;
        let order = |queue: &mut WaitingIds| {
            queue.rank(|_| Severity::Warning);
            queue.worst_first(None).map(|id| id.0).collect::<Vec<_>>()
        };
        (1..=5).for_each(|id| queue.insert(DeliveryId(id), of(7)));
        for (id, until) in [(1, Some(at(30))), (2, Some(at(10))), (3, Some(at(20))), (4, None)] {
            queue.set_aside(DeliveryId(id), until);
        }
        assert_eq!((order(&mut queue), queue.candidates(), queue.returns_at()), (vec![5], 1, Some(at(10))));
        let before =
            |queue: &WaitingIds| queue.aside_before(DeliveryId(4), &of(7)).map(|id| id.0).collect::<Vec<_>>();
        assert_eq!(before(&queue), [1, 2, 3]);
        assert_eq!((queue.let_return(1, at(20)), order(&mut queue)), (1, vec![2, 5]));
        assert_eq!(
            (queue.let_return(9, at(20)), order(&mut queue), before(&queue)),
            (1, vec![2, 3, 5], vec![1])
        );
        assert!(queue.ask(DeliveryId(4)) && queue.returns_at() == Some(at(30)));
        assert_eq!(order(&mut queue), [2, 3, 4, 5]);
        queue.block(&of(7));
        assert_eq!((order(&mut queue), queue.returns_at()), (vec![], None), "it waits for a message");
        queue.unblock(&of(7));
        assert_eq!(order(&mut queue), [1, 2, 3, 4, 5], "whoever is not sure asks");
        queue.set_aside(DeliveryId(1), Some(at(40)));
        queue.insert(DeliveryId(1), of(7));
        (2..=5).for_each(|id| queue.remove(DeliveryId(id), of(7)));
        queue.remove(DeliveryId(1), of(7));
        assert!(queue.is_empty() && queue.returning.is_empty() && queue.unranked.is_empty());
    }
}
