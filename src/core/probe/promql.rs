//! `promql`: an instant query, of which each series violates (17.14).

use std::sync::Arc;

use crate::core::time::Span;

/// A query that a Prometheus is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PromqlProbe {
    /// Which of `prometheuses`.
    pub prometheus: Arc<str>,
    pub query: Arc<str>,
    /// The labels that a series is known by; none: all of them (17.16).
    pub key: Arc<[Arc<str>]>,
    /// What a series is called, with labels in braces; "": as its key.
    pub title: Arc<str>,
    /// So long a look may take; never more than half of its period (17.6).
    pub timeout: Span,
}

impl PromqlProbe {
    /// `timeout` where nothing is said.
    pub const DEFAULT_TIMEOUT: Span = Span::secs(10);
}
