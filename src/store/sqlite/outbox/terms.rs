//! When acknowledgements end that hold for a time (22.4), and when solutions that are under way are lost (21.4): found by that time and by check, however many incidents there are.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::check::CheckId;
use crate::core::incident::{Incident, IncidentId, IncidentStatus};
use crate::core::time::Time;

/// The ends of all of them.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct Terms {
    until: BTreeMap<(CheckId, IncidentId), Time>,
    /// When each is looked at: at its end, or a while after a look that could not be stored (14.7c).
    look_at: BTreeMap<(CheckId, IncidentId), Time>,
    by_look: BTreeSet<(Time, CheckId, IncidentId)>,
}

impl Terms {
    /// This is how an incident is now.
    pub(super) fn put(&mut self, incident: &Incident) {
        let term = incident.term.filter(|_| incident.status == IncidentStatus::Acknowledged);
        let diagnosed = incident.diagnosed.filter(|_| !incident.status.is_ended());
        let lost_at = diagnosed.and_then(|diagnosed| diagnosed.lost_at());
        let until = term.map(|term| term.until).into_iter().chain(lost_at).min();
        self.set((incident.check, incident.id), until);
    }

    fn set(&mut self, of: (CheckId, IncidentId), until: Option<Time>) {
        self.look(of, until);
        match until {
            Some(until) => drop(self.until.insert(of, until)),
            None => drop(self.until.remove(&of)),
        }
    }

    fn look(&mut self, of @ (check, id): (CheckId, IncidentId), at: Option<Time>) {
        let before = match at {
            Some(at) => self.look_at.insert(of, at),
            None => self.look_at.remove(&of),
        };
        if let Some(before) = before {
            self.by_look.remove(&(before, check, id));
        }
        self.by_look.extend(at.map(|at| (at, check, id)));
    }

    fn of(&self, check: CheckId) -> impl Iterator<Item = (IncidentId, Time)> {
        let range = self.until.range((check, IncidentId(0))..=(check, IncidentId(u64::MAX)));
        range.map(|((_, id), until)| (*id, *until))
    }

    /// Those of a check that were over before this time.
    pub(super) fn over(&self, check: CheckId, before: Time) -> Vec<IncidentId> {
        self.of(check).filter(|(_, until)| *until < before).map(|(id, _)| id).collect()
    }

    /// Of which incidents there are any.
    pub(super) fn incidents(&self) -> impl Iterator<Item = IncidentId> {
        self.until.keys().map(|(_, id)| *id)
    }

    /// When the next one is to be looked at.
    pub(in crate::store::sqlite) fn next(&self) -> Option<Time> {
        self.by_look.first().map(|(at, ..)| *at)
    }

    /// The checks of those that are to be looked at before `now`, the earliest first, at most so many.
    pub(in crate::store::sqlite) fn before(&self, now: Time, limit: usize) -> Vec<(CheckId, Time)> {
        let due = self.by_look.iter().take_while(|(at, ..)| *at < now);
        due.take(limit).map(|(at, check, _)| (*check, *at)).collect()
    }

    /// What is due of a check could not be stored: it is looked at then.
    pub(in crate::store::sqlite) fn put_off(&mut self, check: CheckId, to: Time) {
        let late: Vec<IncidentId> = self.over(check, to);
        late.into_iter().for_each(|id| self.look((check, id), Some(to)));
    }

    /// The clock was set: what was put off to a time that may be far away is looked at as it says.
    pub(in crate::store::sqlite) fn look_anew(&mut self) {
        let all: Vec<_> = self.until.iter().map(|(of, until)| (*of, *until)).collect();
        all.into_iter().for_each(|(of, until)| self.look(of, Some(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixtures::{at, incident};
    use crate::core::incident::AckTerm;

    fn acknowledged(check: u64, id: u64, until: Option<i64>) -> Incident {
        let term = until.map(|until| AckTerm { since: at(0), until: at(until) });
        let status = if term.is_some() { IncidentStatus::Acknowledged } else { IncidentStatus::Open };
        Incident { id: IncidentId(id), check: CheckId(check), status, term, ..incident() }
    }

    /// 22.4
    #[test]
    fn ends_are_found_by_time_and_by_check() {
        let mut terms = Terms::default();
        for (check, id, until) in [(1, 1, 30), (2, 2, 10), (2, 3, 20), (3, 4, 10)] {
            terms.put(&acknowledged(check, id, Some(until)));
        }
        assert_eq!(terms.next(), Some(at(10)));
        let checks =
            |due: Vec<(CheckId, Time)>| due.into_iter().map(|(check, _)| check.0).collect::<Vec<_>>();
        assert!(checks(terms.before(at(10), 9)).is_empty(), "it holds up to that time");
        assert_eq!(checks(terms.before(at(25), 9)), [2, 3, 2]);
        assert_eq!(checks(terms.before(at(25), 1)), [2]);
        assert_eq!(terms.over(CheckId(2), at(15)), [IncidentId(2)]);

        terms.put_off(CheckId(2), at(40));
        assert_eq!(checks(terms.before(at(35), 9)), [3, 1], "what cannot be stored keeps nothing back");
        assert_eq!(terms.over(CheckId(2), at(35)).len(), 2, "it is over all the same");
        terms.look_anew();
        assert_eq!(checks(terms.before(at(35), 9)), [2, 3, 2, 1]);

        for (check, id) in [(1, 1), (2, 2), (2, 3), (3, 4)] {
            terms.put(&acknowledged(check, id, None));
        }
        assert_eq!((terms.next(), terms.incidents().count()), (None, 0));
    }
}
