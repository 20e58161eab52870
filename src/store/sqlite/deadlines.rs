//! When checks are due, at any number of them: a heap with few entries for each check, which are moved on when they come up
//! rather than at every ping (a success moves a deadline later, which costs nothing here).
//!
//! Blindness moves deadlines (9.4). It is looked up when a check comes up first, so that another blind window concerns those
//! alone which have come up, and not every check. While requests are refused for longer than a period lasts, these are all.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use super::fast::ids::{AllById, IdSet};
use crate::core::check::CheckId;
use crate::core::time::Time;

/// The deadlines of all checks.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    heap: BinaryHeap<Reverse<(Time, CheckId)>>,
    of: AllById<Deadline>,
    /// Those of which the true one is known.
    judged: IdSet,
}

/// A few stale entries are no trouble.
const SPARE: usize = 1024;

#[derive(Clone, Copy, Debug, Default)]
struct Deadline {
    /// The true one is never earlier, whatever is blind.
    at_earliest: Option<Time>,
    /// The true one, once it was asked for.
    at: Option<Time>,
    /// The entry in the heap that stands for it: never later. Others of this check are stale.
    queued: Option<Time>,
}

impl Deadlines {
    /// From now on the check's deadline is no earlier than this; `None`: it has none.
    pub(super) fn set(&mut self, check: CheckId, at_earliest: Option<Time>) {
        let deadline = self.of.or_default(check);
        deadline.at_earliest = at_earliest;
        if deadline.at.take().is_some() {
            self.judged.remove(check);
        }
        self.heap.extend(deadline.queue_earlier().map(|at| Reverse((at, check))));
    }

    /// It is judged then, whatever its deadline is, if nothing else happens before.
    pub(super) fn ask_at(&mut self, check: CheckId, at: Time) {
        self.set(check, Some(at));
        self.of.or_default(check).at = Some(at);
    }

    /// Other times are blind now.
    pub(super) fn blindness_changed(&mut self) {
        while let Some(check) = self.judged.first_from(0) {
            self.judged.remove(check);
            let deadline = self.of.get_mut(check).expect("what is forgotten is not judged");
            deadline.at = None;
            self.heap.extend(deadline.queue_earlier().map(|at| Reverse((at, check))));
        }
    }

    /// There is no such check any more.
    pub(super) fn forget(&mut self, check: CheckId) {
        self.of.remove(check);
        self.judged.remove(check);
    }

    /// Reads the check's deadline, so that the processor fetches it.
    pub(super) fn fetch(&self, check: CheckId) {
        black_box(self.of.get(check).map(|deadline| deadline.at));
    }

    /// Brings the first entry up to date: to be called after whatever changes one, before anything is read. `judge` says the
    /// true deadline of a check that has one.
    pub(super) fn settle(&mut self, judge: impl Fn(CheckId) -> Option<Time>) {
        if self.heap.len() > 2 * self.of.len() + SPARE {
            // Of a deadline that moves to and fro, each move has left an entry.
            let queued = self.of.iter().filter_map(|(check, it)| Some(Reverse((it.queued?, check))));
            self.heap = queued.collect();
        }
        self.bring_up(judge);
    }

    fn bring_up(&mut self, judge: impl Fn(CheckId) -> Option<Time>) {
        while let Some(Reverse((at, check))) = self.heap.peek().copied() {
            // One that was forgotten may still be queued.
            if let Some(deadline) = self.of.get_mut(check)
                && deadline.queued == Some(at)
            {
                if deadline.at.is_none() && deadline.at_earliest == Some(at) {
                    // Blindness only delays; but where judging panics, one of both is a guess (1.6).
                    deadline.at = judge(check).map(|judged| judged.max(at));
                    deadline.at_earliest = deadline.at.and(deadline.at_earliest);
                    self.judged.insert(check);
                }
                let now = deadline.at.or(deadline.at_earliest);
                if now == Some(at) {
                    return;
                }
                deadline.queued = now;
                self.heap.extend(now.map(|at| Reverse((at, check))));
            }
            self.heap.pop();
        }
    }

    /// The earliest.
    pub(super) fn next(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Those before `now`, the earliest first, at most so many.
    pub(super) fn before(
        &mut self,
        now: Time,
        limit: usize,
        judge: impl Fn(CheckId) -> Option<Time>,
    ) -> Vec<(CheckId, Time)> {
        let mut due = Vec::new();
        while due.len() < limit
            && let Some(Reverse((at, check))) = self.heap.peek().copied()
            && at < now
        {
            self.heap.pop();
            // A deadline that moved away and came back may stand there twice.
            if due.last() != Some(&(check, at)) {
                due.push((check, at));
            }
            self.bring_up(&judge);
        }
        self.heap.extend(due.iter().map(|(check, at)| Reverse((*at, *check))));
        due
    }
}

impl Deadline {
    /// The entry that it needs, if the one that stands for it is later.
    fn queue_earlier(&mut self) -> Option<Time> {
        let at = self.at_earliest.filter(|at| self.queued.is_none_or(|queued| *at < queued))?;
        self.queued = Some(at);
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::core::fixtures::random_numbers;
    use crate::core::time::Span;

    fn at(secs: i64) -> Option<Time> {
        Some(Time::from_secs(secs))
    }

    #[test]
    fn the_earliest_deadline_is_exact_however_often_they_move() {
        let mut deadlines = Deadlines::default();
        let mut earliest: HashMap<CheckId, Option<Time>> = HashMap::new();
        // How far blindness moves what is due at a time: otherwise after each change of it.
        let mut blindness = 0;
        let moved = |at: Time, blindness: i64| {
            let by = (at.as_ms() / 1000 * 31 + blindness * 17) % 40 - 20;
            at + Span::secs(by.max(0))
        };
        for random in random_numbers(7).take(20_000) {
            let check = CheckId((random >> 33) % 50);
            let deadline = if random >> 60 == 0 { None } else { at(((random >> 40) % 1000) as i64) };
            deadlines.set(check, deadline);
            earliest.insert(check, deadline);
            if (random >> 50).is_multiple_of(20) {
                blindness += 1;
                deadlines.blindness_changed();
            }
            deadlines.settle(|check| Some(moved(earliest[&check]?, blindness)));
            let truth = earliest.values().flatten().map(|at| moved(*at, blindness)).min();
            assert_eq!(deadlines.next(), truth);
        }
        let judge = |check| Some(moved(earliest[&check]?, blindness));
        let mut due: Vec<(CheckId, Time)> =
            earliest.keys().filter_map(|check| Some((*check, judge(*check)?))).collect();
        due.sort_by_key(|(check, at)| (*at, *check));
        let now = Time::from_secs(600);
        due.retain(|(_, at)| *at < now);
        assert_eq!(deadlines.before(now, 1000, judge), due);
        assert_eq!(deadlines.before(now, 3, judge), due[..3]);
        assert!(deadlines.heap.len() <= 2 * 50 + SPARE, "stale entries went");
        earliest.keys().for_each(|check| deadlines.forget(*check));
        deadlines.settle(judge);
        assert!(deadlines.heap.is_empty() && deadlines.of.len() == 0 && deadlines.judged.is_empty());
    }

    /// A blind window concerns those alone that have come up.
    #[test]
    fn whoever_is_not_due_is_not_judged_anew_by_another_blind_window() {
        let mut deadlines = Deadlines::default();
        (0..1000).for_each(|i| deadlines.set(CheckId(i), at(100 + i64::try_from(i).unwrap())));
        let asked = std::cell::Cell::new(0);
        for _ in 0..100 {
            deadlines.blindness_changed();
            deadlines.settle(|check| {
                asked.set(asked.get() + 1);
                at(100 + i64::try_from(check.0).unwrap())
            });
        }
        assert_eq!((deadlines.next(), asked.get()), (at(100), 100));
    }

    /// A ping that leaves the deadline as it was, and each window of a flood, leave no entry behind for good.
    #[test]
    fn the_heap_stays_small_however_often_a_moved_deadline_is_looked_at() {
        let mut deadlines = Deadlines::default();
        for _ in 0..100_000 {
            deadlines.set(CheckId(1), at(100));
            deadlines.blindness_changed();
            deadlines.settle(|_| at(200));
        }
        assert_eq!(deadlines.next(), at(200));
        assert!(deadlines.heap.len() <= 2 + SPARE + 1);
        assert_eq!(deadlines.before(Time::from_secs(300), 10, |_| at(200)), [(CheckId(1), at(200).unwrap())]);
    }
}
