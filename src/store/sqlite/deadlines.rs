//! When checks are due, at any number of them: a heap with one entry for each check, which is moved on when it comes up
//! rather than at every ping (a success moves a deadline later, which costs nothing here).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use super::fast::ids::ById;
use crate::core::check::CheckId;
use crate::core::time::Time;

/// The deadlines of all checks.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    heap: BinaryHeap<Reverse<(Time, CheckId)>>,
    of: ById<Deadline>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Deadline {
    /// The true one.
    at: Option<Time>,
    /// The entry in the heap that stands for it: never later. Others of this check are stale.
    queued: Option<Time>,
}

impl Deadlines {
    /// From now on this is the check's deadline.
    pub(super) fn set(&mut self, check: CheckId, at: Option<Time>) {
        let deadline = self.of.entry(check).or_default();
        deadline.at = at;
        if let Some(at) = at
            && deadline.queued.is_none_or(|queued| at < queued)
        {
            deadline.queued = Some(at);
            self.heap.push(Reverse((at, check)));
        }
    }

    /// There is no such check any more.
    pub(super) fn forget(&mut self, check: CheckId) {
        self.of.remove(&check);
    }

    /// Reads the check's deadline, so that the processor fetches it.
    pub(super) fn fetch(&self, check: CheckId) {
        black_box(self.of.get(&check).map(|deadline| deadline.at));
    }

    /// Brings the first entry up to date: to be called after [`Deadlines::set`], before anything is read.
    pub(super) fn settle(&mut self) {
        while let Some(Reverse((at, check))) = self.heap.peek().copied() {
            // One that was forgotten may still be queued.
            if let Some(deadline) = self.of.get_mut(&check)
                && deadline.queued == Some(at)
            {
                if deadline.at == Some(at) {
                    return;
                }
                deadline.queued = deadline.at;
                self.heap.extend(deadline.at.map(|at| Reverse((at, check))));
            }
            self.heap.pop();
        }
    }

    /// The earliest.
    pub(super) fn next(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Those before `now`, the earliest first, at most so many.
    pub(super) fn before(&mut self, now: Time, limit: usize) -> Vec<(CheckId, Time)> {
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
            self.settle();
        }
        self.heap.extend(due.iter().map(|(check, at)| Reverse((*at, *check))));
        due
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn at(secs: i64) -> Option<Time> {
        Some(Time::from_secs(secs))
    }

    #[test]
    fn the_earliest_deadline_is_exact_however_often_they_move() {
        let mut deadlines = Deadlines::default();
        let mut truth: HashMap<CheckId, Option<Time>> = HashMap::new();
        let mut random = 7_u64;
        for _ in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let check = CheckId((random >> 33) % 50);
            let deadline = if random >> 60 == 0 { None } else { at(((random >> 40) % 1000) as i64) };
            deadlines.set(check, deadline);
            truth.insert(check, deadline);
            deadlines.settle();
            assert_eq!(deadlines.next(), truth.values().flatten().min().copied());
        }
        let mut due: Vec<(CheckId, Time)> =
            truth.iter().filter_map(|(check, at)| Some((*check, (*at)?))).collect();
        due.sort_by_key(|(check, at)| (*at, *check));
        let now = Time::from_secs(600);
        due.retain(|(_, at)| *at < now);
        assert_eq!(deadlines.before(now, 1000), due);
        assert_eq!(deadlines.before(now, 3), due[..3]);
        assert!(deadlines.heap.len() < 20_000, "stale entries went");
        truth.keys().for_each(|check| deadlines.forget(*check));
        deadlines.settle();
        assert!(deadlines.heap.is_empty() && deadlines.of.is_empty());
    }
}
