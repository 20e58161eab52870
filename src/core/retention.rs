//! How much history is kept (15.2).

use super::time::Span;

/// How much history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// How many of a check's newest pings are kept whatever their age.
    pub keep_at_least: u32,
    /// The most pings that are kept of a check.
    pub keep_at_most: u32,
    /// Older pings are removed, except the newest `keep_at_least`.
    pub max_age: Span,
    /// The total size of all bodies that are kept.
    pub max_body_bytes: u64,
    /// How long the history of a check is kept that is no longer declared (10.3).
    pub archived: Span,
}

impl Retention {
    /// How many of a check's newest bodies are kept.
    pub const BODIES_OF_A_CHECK: u32 = 20;
    /// How many flips are kept of a check.
    pub const FLIPS_OF_A_CHECK: u32 = 10_000;
    /// How long judgements are kept (3.6).
    pub const JUDGEMENTS: Span = Span::mins(7 * 24 * 60);
    /// How long incidents are kept after their end, with their steps, deliveries and messages.
    pub const INCIDENTS: Span = Span::mins(90 * 24 * 60);
    /// How many finished reminders are kept of an incident that is still open.
    pub const REMINDERS_OF_AN_INCIDENT: u32 = 100;
    /// How many ended incidents of records are kept of a check.
    pub const RECORDS_OF_A_CHECK: u32 = 1_000;
    /// The most incidents that are kept, not counting open ones.
    pub const MAX_INCIDENTS: u64 = 100_000;
}

impl Default for Retention {
    fn default() -> Retention {
        Retention {
            keep_at_least: 100,
            keep_at_most: 1000,
            max_age: Span::mins(7 * 24 * 60),
            max_body_bytes: 1_000_000_000,
            archived: Span::mins(30 * 24 * 60),
        }
    }
}
