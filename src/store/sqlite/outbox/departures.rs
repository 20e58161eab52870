//! When something may leave for each receiver, in the order of time: the next departure is asked for after every commit, and
//! those that are due at every claim, however many wait.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::core::route::{ReceiverName, is_own_receiver};
use crate::core::time::Time;

/// Since when something may leave for a receiver, of which no message is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Departs {
    pub(super) since: Time,
    /// Its addresses have had enough until then, which is later.
    pub(super) limited_until: Option<Time>,
}

/// All departures. Those of checks' own mails also wait for their mail server: what that does is the same for all of them, so
/// nothing here knows of it.
#[derive(Debug, Default)]
pub(super) struct Departures {
    pub(super) own: DepartureQueue,
    pub(super) others: DepartureQueue,
}

/// Receivers that have something to leave, those that have waited longest first, and of one time by their names.
#[derive(Debug, Default)]
pub(super) struct DepartureQueue {
    waiting: BTreeSet<(Time, ReceiverName)>,
    /// Those that are not among these, by when their addresses have had enough for long enough; with since when they wait.
    limited: BTreeMap<(Time, ReceiverName), Time>,
}

impl Departures {
    /// A receiver's departure is another.
    pub(super) fn put(&mut self, name: &ReceiverName, before: Option<Departs>, after: Option<Departs>) {
        if before != after {
            let queue = if is_own_receiver(name) { &mut self.own } else { &mut self.others };
            queue.put(name, before, after);
        }
    }
}

impl DepartureQueue {
    fn put(&mut self, name: &ReceiverName, before: Option<Departs>, after: Option<Departs>) {
        if let Some(Departs { since, limited_until }) = before {
            self.waiting.remove(&(since, name.clone()));
            limited_until.map(|until| self.limited.remove(&(until, name.clone())));
        }
        match after {
            Some(Departs { since, limited_until: None }) => {
                self.waiting.insert((since, name.clone()));
            }
            Some(Departs { since, limited_until: Some(until) }) => {
                self.limited.insert((until, name.clone()), since);
            }
            None => {}
        }
    }

    /// When the first may leave.
    pub(super) fn next(&self) -> Option<Time> {
        let waiting = self.waiting.first().map(|(since, _)| *since);
        let limited = self.limited.first_key_value().map(|((until, _), _)| *until);
        waiting.into_iter().chain(limited).min()
    }

    /// The first that may leave now, of those that come after one of them.
    pub(super) fn next_due(
        &mut self,
        now: Time,
        after: Option<&(Time, ReceiverName)>,
    ) -> Option<(Time, ReceiverName)> {
        while let Some(first) = self.limited.first_entry().filter(|first| first.key().0 <= now) {
            let ((_, name), since) = first.remove_entry();
            self.waiting.insert((since, name));
        }
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.waiting.range((from, Bound::Unbounded)).next().filter(|(since, _)| *since <= now).cloned()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.limited.len()
    }

    /// Whether a receiver stands where it should. Those whose addresses may be mailed again wait like others.
    pub(super) fn has(&self, name: &ReceiverName, departs: Departs) -> bool {
        let is_limited = departs
            .limited_until
            .is_some_and(|until| self.limited.get(&(until, name.clone())) == Some(&departs.since));
        is_limited || self.waiting.contains(&(departs.since, name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixtures::random_numbers;

    fn all_due(queue: &mut DepartureQueue, now: Time) -> Vec<ReceiverName> {
        let mut due: Vec<(Time, ReceiverName)> = Vec::new();
        while let Some(next) = queue.next_due(now, due.last()) {
            due.push(next);
        }
        due.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn departures_in_their_order_are_those_that_a_walk_finds() {
        let names: Vec<ReceiverName> = (0..50).map(|i| format!("n{i}").into()).collect();
        let (mut queue, mut model) = (DepartureQueue::default(), BTreeMap::<ReceiverName, Departs>::new());
        let mut random = random_numbers(7);
        let mut below = |limit: u64| (random.next().unwrap() >> 33) % limit;
        for round in 0..20_000_u64 {
            let (name, now) = (&names[below(50) as usize], Time::from_secs(round.cast_signed() / 100));
            let since = Time::from_secs((round / 100 + below(20)).cast_signed());
            let until = Time::from_secs((round / 100 + below(40)).cast_signed());
            let limited_until = Some(until).filter(|until| below(3) == 0 && *until > since);
            let after = Some(Departs { since, limited_until }).filter(|_| below(4) > 0);
            let before = model.remove(name);
            queue.put(name, before, after);
            model.extend(after.map(|after| (name.clone(), after)));
            let leaves_at = |departs: &Departs| departs.limited_until.unwrap_or(departs.since);
            if round % 7 == 0 {
                let due = model.iter().filter(|(_, departs)| leaves_at(departs) <= now);
                let mut due: Vec<_> = due.map(|(name, departs)| (departs.since, name.clone())).collect();
                due.sort();
                let due: Vec<ReceiverName> = due.into_iter().map(|(_, name)| name).collect();
                assert_eq!(all_due(&mut queue, now), due);
            }
            // Once it is past it only says that something is due.
            let next = model.values().map(leaves_at).min();
            assert_eq!(queue.next().map(|at| at.max(now)), next.map(|at| at.max(now)));
            assert!(
                queue.len() == model.len() && model.iter().all(|(name, departs)| queue.has(name, *departs))
            );
        }
    }
}
