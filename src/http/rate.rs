//! How many requests are answered (23.9): a bucket of tokens, as a time from which on it is full.

use std::sync::{Mutex, PoisonError};

use crate::config::RateLimit;
use crate::core::time::{Span, Time};

/// Counts requests against a limit. Written by whoever lets a request in.
#[derive(Debug)]
pub struct Rate {
    limit: RateLimit,
    /// When all that was taken is there again.
    full_at: Mutex<Option<Time>>,
}

impl Rate {
    pub(super) fn new(limit: RateLimit) -> Rate {
        Rate { limit, full_at: Mutex::new(None) }
    }

    /// When whoever is refused should come again.
    pub(super) fn retry_after_secs(&self) -> u32 {
        u32::try_from(self.limit.interval.as_ms().unsigned_abs().div_ceil(1000)).unwrap_or(u32::MAX)
    }

    /// Whether one more is answered now.
    pub(super) fn admits(&self, now: Time) -> bool {
        let RateLimit { interval, burst } = self.limit;
        let room = Span::ms(interval.as_ms() * i64::from(burst));
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes it full.
        let before = full_at.filter(|at| (now..=now + room).contains(at)).unwrap_or(now);
        let after = before + interval;
        if after > now + room {
            return false;
        }
        *full_at = Some(after);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 23.9e
    #[test]
    fn a_burst_is_answered_and_then_one_in_each_interval() {
        let rate = Rate::new(RateLimit { interval: Span::ms(100), burst: 3 });
        let at = |ms: i64| Time::from_ms(1_700_000_000_000 + ms);
        let check = |ms: i64, expected: [bool; 4]| {
            assert_eq!([(); 4].map(|()| rate.admits(at(ms))), expected, "after {ms} ms");
        };
        check(0, [true, true, true, false]);
        check(99, [false; 4]);
        check(100, [true, false, false, false]);
        check(350, [true, true, false, false]);
        check(10_000, [true, true, true, false]);
        check(-5_000, [true, true, true, false]);
    }
}
