//! Counters of pings and connections since the start.

use std::fmt::Display;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::core::time::{Span, Time};

/// The results of pings since the start. The ping handler counts them.
#[derive(Debug, Default)]
pub struct PingOutcomes {
    /// Committed.
    pub accepted: AtomicU64,
    /// No check has this name.
    pub unknown_check: AtomicU64,
    /// A wrong key, or none although one is required.
    pub bad_key: AtomicU64,
    /// The request could not be understood or did not arrive completely.
    pub bad_request: AtomicU64,
    /// Answered with 503: the queue was full or the store failed.
    pub overloaded: AtomicU64,
    /// Accepted pings without a key although keys are configured.
    pub unkeyed: AtomicU64,
}

/// The results of connections since the start. The server counts them.
#[derive(Debug, Default)]
pub struct ConnectionCounters {
    /// Answered with 503 because there were too many.
    pub refused: AtomicU64,
    /// Failures of accept(2) for lack of resources, such as file descriptors.
    pub accept_failures: AtomicU64,
    /// When a connection was last not taken, for either reason, in ms since the epoch; 0: never.
    last_ms: AtomicI64,
    /// When that was last logged, in ms since the epoch.
    logged_ms: AtomicI64,
}

impl ConnectionCounters {
    /// The least time between two log lines: there may be thousands of failures in a second.
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
