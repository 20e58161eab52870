//! What the doors count: pings and connections, since the start.

use std::fmt::Display;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::core::time::{Span, Time};

/// How pings ended, since the start. Written by the handler of pings.
#[derive(Debug, Default)]
pub struct PingOutcomes {
    /// Stored.
    pub accepted: AtomicU64,
    /// No check has this name.
    pub unknown_check: AtomicU64,
    /// A wrong key, or none where one is required.
    pub bad_key: AtomicU64,
    /// It could not be understood, or did not arrive.
    pub bad_request: AtomicU64,
    /// Answered 503: the queue was full, or the store failed.
    pub overloaded: AtomicU64,
    /// Of those accepted: without a key, though there are keys.
    pub unkeyed: AtomicU64,
}

/// What became of connections, since the start. Written by the server.
#[derive(Debug, Default)]
pub struct ConnectionCounters {
    /// Answered 503 because there were too many.
    pub refused: AtomicU64,
    /// Failures of accept(2) for lack of something, such as files.
    pub accept_failures: AtomicU64,
    /// When one was last not taken, for either reason, in ms since the epoch; 0: never.
    last_ms: AtomicI64,
    /// When that was last logged.
    logged_ms: AtomicI64,
}

impl ConnectionCounters {
    /// The log hears of it so often: there may be thousands in a second.
    const LOG_EVERY: Span = Span::mins(1);

    /// Counts a connection that was not taken.
    pub fn note(&self, counter: &AtomicU64, now: Time, why: &dyn Display) {
        counter.fetch_add(1, Ordering::Relaxed);
        self.last_ms.store(now.as_ms(), Ordering::Relaxed);
        let logged_ms = self.logged_ms.load(Ordering::Relaxed);
        let is_due = (now - Time::from_ms(logged_ms)).as_ms().abs() >= ConnectionCounters::LOG_EVERY.as_ms();
        let set = |to| {
            let order = Ordering::Relaxed;
            self.logged_ms.compare_exchange(logged_ms, to, order, order).is_ok()
        };
        if is_due && set(now.as_ms()) {
            tracing::warn!(%why, "connections are not taken: pings on them are lost unless their jobs try again");
        }
    }

    /// When a connection was last not taken; `None`: never.
    pub fn last(&self) -> Option<Time> {
        Some(self.last_ms.load(Ordering::Relaxed)).filter(|ms| *ms != 0).map(Time::from_ms)
    }
}
