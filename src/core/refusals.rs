//! Refused pings of one check (9.1). Each makes the check blind for a moment.

use thin_vec::ThinVec;

use super::time::{Span, Time};

/// A stretch in which pings were refused. The moments of the refusals are blind; the time between them is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refused {
    /// The time of the first refusal.
    pub first: Time,
    /// The time of the last refusal.
    pub last: Time,
    /// The number of refusals.
    pub times: u32,
}

impl Refused {
    /// A single refusal.
    pub fn once(at: Time) -> Refused {
        Refused { first: at, last: at, times: 1 }
    }

    /// Both as one stretch.
    #[must_use]
    pub fn joined(self, other: Refused) -> Refused {
        Refused {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            times: self.times.saturating_add(other.times),
        }
    }

    /// How long it was blind.
    pub fn length(self) -> Span {
        Span::ms(self.times.into())
    }

    fn touches(self, other: Refused) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// The stretches of a check, sorted and disjoint, at most [`Refusals::MAX`].
///
/// None is forgotten while it may be evidence. If there are too many, those that no judgement looks at any more are
/// dropped first; then the two closest are joined.
///
/// It is not known when within a joined stretch pings were refused, so a deadline within it is moved by the last
/// refusal. This errs to one side only: such a deadline is judged later than it could be, or called unknown, but is
/// never late because of a ping that was refused. It rarely errs, because nothing that is still to be judged is due
/// before the last known refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Refusals(ThinVec<Refused>);

impl Refusals {
    /// The most stretches of one check.
    pub const MAX: usize = 16;

    /// Adds a stretch. Stretches that ended by `evidence_since` may be forgotten.
    pub fn add(&mut self, refused: Refused, evidence_since: Time) {
        self.put(refused);
        if self.0.len() > Refusals::MAX {
            self.0.retain(|refused| refused.last > evidence_since);
        }
        self.join_the_closest();
    }

    /// 1.1: moves times after `now` back to it, because the clock was set back.
    pub fn bring_back_to(&mut self, now: Time) {
        let back = |at: Time| at.min(now);
        let stretches = std::mem::take(&mut self.0).into_iter();
        *self = stretches
            .map(|refused| Refused { first: back(refused.first), last: back(refused.last), ..refused })
            .collect();
    }

    /// The stretches that end after `time`, oldest first.
    pub fn ending_after(&self, time: Time) -> &[Refused] {
        &self.0[self.0.partition_point(|refused| refused.last <= time)..]
    }

    /// Oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Refused> {
        self.0.iter()
    }

    fn put(&mut self, mut refused: Refused) {
        self.0.retain(|other| {
            let touches = refused.touches(*other);
            if touches {
                refused = refused.joined(*other);
            }
            !touches
        });
        let place = self.0.partition_point(|other| other.first < refused.first);
        self.0.insert(place, refused);
    }

    fn join_the_closest(&mut self) {
        while self.0.len() > Refusals::MAX {
            let gap = |i: &usize| self.0[*i].first - self.0[*i - 1].last;
            let closest = (1..self.0.len()).min_by_key(gap).expect("there are two");
            let later = self.0.remove(closest);
            self.0[closest - 1] = self.0[closest - 1].joined(later);
        }
    }
}

/// Takes any number of stretches in any order.
impl FromIterator<Refused> for Refusals {
    fn from_iter<I: IntoIterator<Item = Refused>>(stretches: I) -> Refusals {
        let mut refusals = Refusals::default();
        for refused in stretches {
            refusals.add(refused, Time::MIN);
        }
        refusals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Time {
        Time::from_secs(secs)
    }

    fn stretch(first: i64, last: i64, times: u32) -> Refused {
        Refused { first: at(first), last: at(last), times }
    }

    fn of(refusals: &Refusals) -> Vec<Refused> {
        refusals.iter().copied().collect()
    }

    /// 9.1: a refusal that is reported again is not a further stretch.
    #[test]
    fn stretches_that_touch_become_one() {
        let told = [stretch(30, 30, 1), stretch(10, 12, 2), stretch(12, 15, 3), stretch(5, 5, 1)];
        let mut refusals: Refusals = told.into_iter().collect();
        assert_eq!(of(&refusals), [stretch(5, 5, 1), stretch(10, 15, 5), stretch(30, 30, 1)]);
        refusals.add(stretch(4, 29, 1), Time::MIN);
        assert_eq!(of(&refusals), [stretch(4, 29, 7), stretch(30, 30, 1)]);
        assert_eq!(refusals.ending_after(at(29)), [stretch(30, 30, 1)]);
    }

    /// 9.1: the two closest of too many become one, and none is forgotten.
    #[test]
    fn the_two_closest_of_too_many_become_one() {
        let far = |i: i64| Refused::once(at(i * 70 - i % 2));
        let refusals: Refusals = (0..40).map(far).collect();
        assert_eq!(refusals.iter().len(), Refusals::MAX);
        let times: u32 = refusals.iter().map(|refused| refused.times).sum();
        let all = of(&refusals);
        assert_eq!((times, all[0].first, all[15].last), (40, far(0).first, far(39).last));
        let closest: Refusals = (0..17).map(|i| Refused::once(at(i * 70 - i64::from(i == 7)))).collect();
        assert_eq!(of(&closest)[6], stretch(420, 489, 2));
        assert!(of(&closest).iter().all(|refused| refused.first == at(420) || refused.times == 1));
    }

    /// 9.1: stretches that are no longer evidence are dropped first, and only if there are too many.
    #[test]
    fn what_is_no_evidence_any_more_makes_room() {
        let mut refusals: Refusals = (0..16).map(|i| Refused::once(at(i))).collect();
        refusals.add(Refused::once(at(100)), at(15));
        assert_eq!(of(&refusals), [stretch(100, 100, 1)]);
        refusals.add(Refused::once(at(200)), at(150));
        assert_eq!(refusals.iter().len(), 2);
    }

    /// 1.1
    #[test]
    fn a_clock_that_is_set_back_takes_refusals_back_with_it() {
        let mut refusals: Refusals =
            [stretch(1, 2, 2), stretch(5, 9, 3), stretch(20, 20, 1)].into_iter().collect();
        refusals.bring_back_to(at(6));
        assert_eq!(of(&refusals), [stretch(1, 2, 2), stretch(5, 6, 4)]);
    }
}
