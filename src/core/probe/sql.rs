//! `sql`: a query, of which each row violates (17.13).

use std::sync::Arc;

use crate::core::time::Span;

/// A query that a database is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SqlProbe {
    /// Which of `databases`.
    pub database: Arc<str>,
    pub query: Arc<str>,
    /// The columns that a row is known by; none: the first one (17.16).
    pub key: Arc<[Arc<str>]>,
    /// What a row is called, with columns in braces; "": as its key.
    pub title: Arc<str>,
    /// It is violated if no row comes, and not by rows.
    pub wants_some: bool,
    /// So long a look may take; never more than half of its period (17.6).
    pub timeout: Span,
}

impl SqlProbe {
    /// `timeout` where nothing is said.
    pub const DEFAULT_TIMEOUT: Span = Span::secs(10);
    /// How many looks run at one database at a time, where nothing is said.
    pub const DEFAULT_CONNECTIONS: usize = 4;
    /// As much of a value is read.
    pub const MAX_VALUE_CHARS: usize = 1_024;
}
