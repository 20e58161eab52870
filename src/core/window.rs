//! Counts the successes in a trailing window (3.7).

use std::collections::VecDeque;

use super::time::{Span, Time};

/// The number of the bucket that this time is in, of a window of this length: a second or a thousandth of it.
pub(super) fn bucket(at: Time, within: Span) -> i64 {
    let length = within.as_ms() / WindowCount::EXACT as i64 + 1;
    at.as_ms().div_euclid(length.max(1000))
}

/// Counts successes in a trailing window: exactly up to [`WindowCount::EXACT`], older ones in buckets of a second or, if that
/// is longer, a thousandth of the window: all of a bucket counts as long as its newest does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowCount {
    within: Span,
    /// The newest successes, oldest first.
    exact: VecDeque<Time>,
    /// Older successes: the newest of a bucket, and how many there are in it.
    buckets: VecDeque<(Time, u64)>,
}

impl WindowCount {
    /// How many of the newest successes are counted to the millisecond.
    pub const EXACT: usize = 1000;

    /// An empty window of this length.
    pub fn new(within: Span) -> WindowCount {
        WindowCount { within, exact: VecDeque::new(), buckets: VecDeque::new() }
    }

    /// One with these successes, and buckets of older ones; `None` unless each is the oldest first.
    pub fn with(within: Span, exact: VecDeque<Time>, buckets: VecDeque<(Time, u64)>) -> Option<WindowCount> {
        let times = buckets.iter().map(|(newest, _)| newest).chain(&exact);
        let is_one = exact.len() <= WindowCount::EXACT && times.is_sorted();
        is_one.then_some(WindowCount { within, exact, buckets })
    }

    pub fn within(&self) -> Span {
        self.within
    }

    /// The newest successes, oldest first.
    pub fn exact(&self) -> &VecDeque<Time> {
        &self.exact
    }

    /// Older successes, oldest first: the newest of a bucket, and how many there are in it.
    pub fn buckets(&self) -> &VecDeque<(Time, u64)> {
        &self.buckets
    }

    /// Counts a success. A time that goes back (because the clock was set) counts as the newest so far.
    pub fn add(&mut self, at: Time) {
        let at = self.exact.back().map_or(at, |newest| at.max(*newest));
        self.forget(at);
        self.exact.push_back(at);
        if self.exact.len() > WindowCount::EXACT
            && let Some(oldest) = self.exact.pop_front()
        {
            self.add_older(oldest, 1);
        }
    }

    /// The successes in (now − within, now].
    pub fn count(&self, now: Time) -> u64 {
        let since = now - self.within;
        let first = self.exact.partition_point(|at| *at <= since);
        let after = self.exact.partition_point(|at| *at <= now);
        let older = self.buckets.iter().filter(|(newest, _)| *newest > since).map(|(_, count)| *count);
        older.fold((after - first) as u64, u64::saturating_add)
    }

    /// What of it is not later than `until`, without so many of the newest of that, in a window of another length.
    #[must_use]
    pub fn before_the_newest(&self, newest: usize, until: Time, within: Span) -> WindowCount {
        let mut older = WindowCount::new(within);
        let exact = self.exact.partition_point(|at| *at <= until);
        let mut in_buckets = newest.saturating_sub(exact) as u64;
        let mut buckets = self.buckets.clone();
        buckets.retain(|(newest, _)| bucket(*newest, self.within) <= bucket(until, self.within));
        for (_, count) in buckets.iter_mut().rev() {
            let gone = in_buckets.min(*count);
            (*count, in_buckets) = (*count - gone, in_buckets - gone);
        }
        for (newest, count) in buckets.into_iter().filter(|(_, count)| *count > 0) {
            older.add_older(newest.min(until), count);
        }
        self.exact.iter().take(exact.saturating_sub(newest)).for_each(|at| older.add(*at));
        older
    }

    /// Counts what is older than all that is counted to the millisecond, and no older than what is in a bucket.
    fn add_older(&mut self, at: Time, count: u64) {
        let of = bucket(at, self.within);
        match self.buckets.back().filter(|(newest, _)| bucket(*newest, self.within) == of) {
            Some((_, before)) => {
                let count = before.saturating_add(count);
                self.buckets.pop_back();
                self.buckets.push_back((at, count));
            }
            None => self.buckets.push_back((at, count)),
        }
    }

    fn forget(&mut self, now: Time) {
        let since = now - self.within;
        while self.buckets.front().is_some_and(|(newest, _)| *newest <= since) {
            self.buckets.pop_front();
        }
        while self.exact.front().is_some_and(|at| *at <= since) {
            self.exact.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// 3.7: the window is (now − W, now], to the millisecond.
    #[test]
    fn the_window_holds_its_end_and_not_its_beginning() {
        let mut window = WindowCount::new(Span::secs(10));
        window.add(Time::from_secs(100));
        window.add(Time::from_secs(105));
        assert_eq!(window.count(Time::from_secs(105)), 2);
        assert_eq!(window.count(Time::from_ms(109_999)), 2);
        assert_eq!(window.count(Time::from_secs(110)), 1);
        assert_eq!(window.count(Time::from_secs(115)), 0);
    }

    #[test]
    fn a_busy_window_is_counted_by_seconds_and_stays_small() {
        let mut window = WindowCount::new(Span::secs(60));
        for ms in 0..600_000 {
            window.add(Time::from_ms(ms));
        }
        let count = window.count(Time::from_ms(599_999));
        assert!((60_000..=61_000).contains(&count), "{count}");
        assert!(window.exact.len() + window.buckets.len() < 1100);
    }

    /// Times of successes, in their order, and the length of a window.
    fn successes() -> impl Strategy<Value = (Vec<Time>, Span)> {
        let gaps = prop_oneof![vec(0_i64..20, 0..4000), vec(0_i64..100_000, 0..4000)];
        let within = prop_oneof![1_i64..60_000, 60_000_i64..100_000_000].prop_map(Span::ms);
        (gaps, within).prop_map(|(gaps, within)| {
            let mut at = Time::from_secs(1_000_000);
            let next = |gap| {
                at = at + Span::ms(gap);
                at
            };
            (gaps.into_iter().map(next).collect(), within)
        })
    }

    fn counted(times: &[Time], within: Span) -> WindowCount {
        let mut window = WindowCount::new(within);
        times.iter().for_each(|at| window.add(*at));
        window
    }

    /// How many are after `since`, up to `until`.
    fn between(times: &[Time], since: Time, until: Time) -> u64 {
        times.iter().filter(|at| **at > since && **at <= until).count() as u64
    }

    fn length_of_a_bucket(within: Span) -> Span {
        Span::secs(1).max(Span::ms(within.as_ms() / 1000 + 1))
    }

    proptest! {
        /// 3.5, 3.7b
        #[test]
        fn up_to_a_thousand_are_exact_and_more_are_right_to_a_bucket((times, within) in successes()) {
            let window = counted(&times, within);
            prop_assert!(window.buckets.len() <= WindowCount::EXACT + 2, "{}", window.buckets.len());
            let last = times.last().copied().unwrap_or(Time::MIN);
            for now in [last, last + Span::ms(within.as_ms() / 3), last + within] {
                let since = now - within;
                let (count, right) = (window.count(now), between(&times, since, now));
                let most = between(&times, since - length_of_a_bucket(within), now);
                prop_assert!((right..=most).contains(&count), "{count} is not from {right} to {most}");
                prop_assert!(right > WindowCount::EXACT as u64 || count == right, "{count} is not {right}");
            }
        }

        /// What is taken away from the newest end, and counted again, is what it was.
        #[test]
        fn without_the_newest_it_is_what_it_was_before_them((times, within) in successes(), newest in 0_usize..3000) {
            let window = counted(&times, within);
            let (before, after) = times.split_at(times.len().saturating_sub(newest));
            let mut again = window.before_the_newest(newest, Time::MAX, within);
            prop_assert!(again.exact.len() <= WindowCount::EXACT);
            after.iter().for_each(|at| again.add(*at));
            let now = times.last().copied().unwrap_or(Time::MIN);
            prop_assert_eq!(again.count(now), window.count(now));
            let (left, until) = (window.before_the_newest(newest, now, within), before.last());
            prop_assert!(until.is_none_or(|until| left.count(*until) <= counted(before, within).count(*until)));
        }

        /// 1.1, 3.7c
        #[test]
        fn of_a_date_that_was_given_up_nothing_is_left(
            (times, before) in successes(),
            at in 0_usize..4000,
            within in 1_i64..100_000_000,
        ) {
            let within = Span::ms(within);
            let until = times.get(at).copied().unwrap_or(Time::MIN);
            let window = counted(&times, before).before_the_newest(0, until, within);
            prop_assert!(window.exact.iter().all(|at| *at <= until));
            let (one, other) = (length_of_a_bucket(before), length_of_a_bucket(within));
            let most = between(&times, until - within - one - other, until + one);
            // What the window had forgotten at its newest success it does not know.
            let newest = times.last().map_or(until, |newest| *newest);
            let least = between(&times, (until - within).max(newest - before), until);
            let count = window.count(until);
            prop_assert!((least..=most).contains(&count), "{count} is not from {least} to {most}");
        }
    }
}
