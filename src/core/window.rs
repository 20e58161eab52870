//! Counts the successes in a trailing window (3.7).

use std::collections::VecDeque;

use super::time::{Span, Time};

/// Counts successes in a trailing window: exactly up to [`WindowCount::EXACT`], older ones in buckets of a second.
///
/// It is derived from facts: a store rebuilds it from the pings that are still in the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowCount {
    within: Span,
    /// The newest successes, oldest first.
    exact: VecDeque<Time>,
    /// Older successes: the end of a second, and how many there were in it.
    buckets: VecDeque<(Time, u32)>,
}

impl WindowCount {
    /// How many of the newest successes are counted to the millisecond.
    pub const EXACT: usize = 1000;

    /// An empty window of this length.
    pub fn new(within: Span) -> WindowCount {
        WindowCount { within, exact: VecDeque::new(), buckets: VecDeque::new() }
    }

    pub fn within(&self) -> Span {
        self.within
    }

    /// Counts a success. A time that goes back (because the clock was set) counts as the newest so far.
    pub fn add(&mut self, at: Time) {
        let at = self.exact.back().map_or(at, |newest| at.max(*newest));
        self.forget(at);
        self.exact.push_back(at);
        if self.exact.len() > WindowCount::EXACT
            && let Some(oldest) = self.exact.pop_front()
        {
            let second = Time::from_ms(oldest.as_ms().div_euclid(1000) * 1000 + 999);
            match self.buckets.back_mut() {
                Some((end, count)) if *end == second => *count = count.saturating_add(1),
                _ => self.buckets.push_back((second, 1)),
            }
        }
    }

    /// The successes in (now − within, now].
    pub fn count(&self, now: Time) -> u64 {
        let since = now - self.within;
        let first = self.exact.partition_point(|at| *at <= since);
        let after = self.exact.partition_point(|at| *at <= now);
        let older = self.buckets.iter().filter(|(end, _)| *end > since).map(|(_, count)| u64::from(*count));
        older.sum::<u64>() + (after - first) as u64
    }

    fn forget(&mut self, now: Time) {
        let since = now - self.within;
        while self.buckets.front().is_some_and(|(end, _)| *end <= since) {
            self.buckets.pop_front();
        }
        while self.exact.front().is_some_and(|at| *at <= since) {
            self.exact.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
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
}
