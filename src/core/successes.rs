//! The successes that a count is judged by (3.5, 15.1).

use thin_vec::ThinVec;

use super::time::{Span, Time};
use super::window::bucket;

/// The newest successes of a check with `expect`: the newest [`Successes::EXACT`] to the millisecond, older ones in buckets of a
/// second or, if that is longer, a thousandth of the window. All of a bucket counts as long as its newest does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Successes {
    /// Oldest first.
    exact: ThinVec<Time>,
    /// Older ones, oldest first: the newest of a bucket, and how many there are in it.
    buckets: ThinVec<(Time, u32)>,
}

impl Successes {
    /// So many of the newest are known to the millisecond. One more than a thousand, so that `at_most: 1000` is exact.
    pub const EXACT: usize = 1001;
    /// Two windows: one is judged at an occurrence while the next has begun.
    pub const MAX_BUCKETS: usize = 2000;

    /// Those of a row, each the oldest first. Whether they are no more than may be is asked where they are judged.
    pub fn with(exact: ThinVec<Time>, buckets: ThinVec<(Time, u32)>) -> Successes {
        Successes { exact, buckets }
    }

    /// Those that are known to the millisecond, oldest first.
    pub fn exact(&self) -> &[Time] {
        &self.exact
    }

    /// Older ones, oldest first: the newest of a bucket, and how many there are in it.
    pub fn buckets(&self) -> &[(Time, u32)] {
        &self.buckets
    }

    /// Adds the newest one, of a check whose window is so long.
    pub fn push(&mut self, at: Time, within: Span) {
        self.exact.push(at);
        if self.exact.len() <= Successes::EXACT {
            return;
        }
        let older = self.exact.remove(0);
        match self.buckets.last_mut() {
            Some((newest, count)) if bucket(*newest, within) == bucket(older, within) => {
                (*newest, *count) = (older, count.saturating_add(1));
            }
            _ => self.buckets.push((older, 1)),
        }
        if self.buckets.len() > Successes::MAX_BUCKETS {
            self.buckets.remove(0);
        }
    }

    /// Forgets the oldest but so many. A bucket is forgotten whole.
    pub fn keep(&mut self, count: usize) {
        let surplus = self.exact.len().saturating_sub(count);
        self.exact.drain(..surplus);
        let (mut kept, mut place) = (self.exact.len(), self.buckets.len());
        while kept < count && place > 0 {
            place -= 1;
            kept += self.buckets[place].1 as usize;
        }
        self.buckets.drain(..place);
    }

    /// The newest.
    pub fn newest(&self) -> Option<Time> {
        self.exact.last().copied()
    }

    /// The n-th newest, counted from 1. In a bucket it counts as long as the newest of that, and so it is of that time.
    pub fn nth_newest(&self, n: u32) -> Option<Time> {
        let Some(older) = (n as usize).checked_sub(self.exact.len()).filter(|older| *older > 0) else {
            return self.exact.get(self.exact.len() - n as usize).copied();
        };
        let mut counted = 0;
        let mut reaches = |(_, count): &&(Time, u32)| {
            counted += *count as usize;
            counted >= older
        };
        self.buckets.iter().rev().find(|bucket| reaches(bucket)).map(|(newest, _)| *newest)
    }

    /// How many lie in (from, to].
    pub fn count(&self, from: Time, to: Time) -> u32 {
        let is_in = |at: Time| from < at && at <= to;
        let exact = self.exact.iter().rev().take_while(|at| **at > from).filter(|at| is_in(**at)).count();
        let buckets = self.buckets.iter().filter(|(newest, _)| is_in(*newest)).map(|(_, count)| *count);
        buckets.fold(u32::try_from(exact).expect("the exact ones are few"), u32::saturating_add)
    }

    /// None is later than `now`. They keep their distances from each other: many at one moment would be too many.
    pub fn bring_back_to(&mut self, now: Time) {
        let Some(newest) = self.newest().filter(|newest| *newest > now) else { return };
        let mut previous = Time::MIN;
        let older = self.buckets.iter_mut().map(|(at, _)| at);
        for at in older.chain(&mut self.exact) {
            if *at > now {
                *at = (now - (newest - *at)).max(previous);
            }
            previous = *at;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn length_of_a_bucket(within: Span) -> Span {
        Span::secs(1).max(Span::ms(within.as_ms() / 1000 + 1))
    }

    /// How many are after `since`, up to `until`.
    fn between(times: &[Time], since: Time, until: Time) -> usize {
        times.iter().filter(|at| **at > since && **at <= until).count()
    }

    /// Times of successes in their order, and the length of a window.
    fn successes() -> impl Strategy<Value = (Vec<Time>, Span)> {
        let gaps = prop_oneof![vec(0_i64..20, 0..4000), vec(0_i64..100_000, 0..4000)];
        (gaps, 1_000_i64..100_000_000).prop_map(|(gaps, within)| {
            let mut at = Time::from_secs(1_000_000);
            let next = |gap| {
                at = at + Span::ms(gap);
                at
            };
            (gaps.into_iter().map(next).collect(), Span::ms(within))
        })
    }

    fn is_in_order(all: &Successes) -> bool {
        let times = all.buckets.iter().map(|(newest, _)| newest).chain(&all.exact);
        let are_few = all.exact.len() <= Successes::EXACT && all.buckets.len() <= Successes::MAX_BUCKETS;
        are_few && times.is_sorted()
    }

    /// How many are known.
    fn known(all: &Successes) -> usize {
        all.exact.len() + all.buckets.iter().map(|(_, count)| *count as usize).sum::<usize>()
    }

    fn pushed(times: &[Time], within: Span, keep: usize) -> Successes {
        let mut all = Successes::default();
        for at in times {
            all.push(*at, within);
            all.keep(keep);
        }
        all
    }

    proptest! {
        /// 3.5: a count of more than a thousand is right to a bucket, and one of no more is right.
        #[test]
        fn a_count_is_right_to_a_bucket((times, within) in successes()) {
            let all = pushed(&times, within, usize::MAX);
            prop_assert!(is_in_order(&all));
            let last = times.last().copied().unwrap_or(Time::MIN);
            for to in [last, last + Span::ms(within.as_ms() / 3), last + within] {
                let from = to - within;
                let (count, right) = (all.count(from, to) as usize, between(&times, from, to));
                let most = between(&times, from - length_of_a_bucket(within), to);
                prop_assert!((right..=most).contains(&count), "{count} is not from {right} to {most}");
                prop_assert!(right >= Successes::EXACT || count == right, "{count} is not {right}");
            }
        }

        /// 3.4: when a count falls below N is found out of the n-th newest, and is when it does.
        #[test]
        fn a_count_falls_once_the_nth_newest_leaves((times, within) in successes(), n in 1_u32..3000) {
            let all = pushed(&times, within, n as usize);
            let leaves = all.nth_newest(n).map(|at| at + within);
            prop_assert_eq!(leaves.is_some(), known(&all) >= n as usize);
            prop_assert!(known(&all) >= (n as usize).min(times.len()) || all.buckets.len() == Successes::MAX_BUCKETS);
            if let Some(leaves) = leaves {
                let counts = |to: Time| all.count(to - within, to.max(times[times.len() - 1])) >= n;
                prop_assert!(counts(leaves - Span::MS) && !counts(leaves));
            }
        }

        /// 15.1: no more is kept than judging needs, and a bucket.
        #[test]
        fn what_is_not_needed_is_forgotten((times, within) in successes(), keep in 0_usize..3000) {
            let all = pushed(&times, within, keep);
            prop_assert!(known(&all) >= keep.min(times.len()) || all.buckets.len() == Successes::MAX_BUCKETS);
            let oldest = all.buckets.first().map_or(0, |(_, count)| *count as usize);
            prop_assert!(all.buckets.is_empty() || known(&all) - oldest < keep);
            prop_assert!(all.exact.ends_with(&times[times.len() - all.exact.len()..]));
        }

        /// 1.1
        #[test]
        fn none_is_later_than_the_clock_and_none_is_lost((times, within) in successes(), at in 0_usize..4000) {
            let mut all = pushed(&times, within, usize::MAX);
            let now = times.get(at).copied().unwrap_or(Time::from_secs(1));
            all.bring_back_to(now);
            let is_later = all.newest().is_some_and(|newest| newest > now);
            prop_assert!(!is_later || times.is_empty());
            prop_assert_eq!(all.count(Time::MIN, Time::MAX) as usize, known(&all));
            prop_assert!(is_in_order(&all));
        }
    }

    /// Ten million within ten years is a few kilobytes.
    #[test]
    fn however_many_are_expected_little_is_kept() {
        let within = Span::secs(10 * 365 * 86_400);
        let mut all = Successes::default();
        for n in 0..100_000 {
            all.push(Time::from_secs(n * 3_600), within);
            all.keep(10_000_001);
        }
        assert_eq!(all.exact.len(), Successes::EXACT);
        assert!(all.buckets.len() <= Successes::MAX_BUCKETS, "{}", all.buckets.len());
    }
}
