//! What a look came to.

use crate::core::assertion::Outcome;

/// What a look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeFound {
    pub outcome: Outcome,
    /// Why it is so, in a line for people; "": it holds.
    pub why: String,
    /// What it has seen, for people; "": nothing beyond that.
    pub text: String,
    /// What violates, one by one, where a query has found it.
    pub rows: Vec<FoundRow>,
}

impl ProbeFound {
    /// The longest text, in bytes.
    pub const MAX_TEXT_BYTES: usize = 10_000;

    pub fn holds() -> ProbeFound {
        ProbeFound { outcome: Outcome::Holds, why: String::new(), text: String::new(), rows: Vec::new() }
    }

    pub fn violated(why: impl Into<String>) -> ProbeFound {
        ProbeFound { outcome: Outcome::Violated, why: why.into(), text: String::new(), rows: Vec::new() }
    }

    pub fn unknown(why: impl Into<String>) -> ProbeFound {
        ProbeFound { outcome: Outcome::Unknown, why: why.into(), text: String::new(), rows: Vec::new() }
    }
}

/// A row or series that violates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRow {
    /// By which it is known again.
    pub key: String,
    /// For people; the key where nothing is said.
    pub title: String,
    /// JSON, or "".
    pub details: String,
    /// Of a series, its own.
    pub labels: Vec<(String, String)>,
}

impl FoundRow {
    /// The longest key, in bytes.
    pub const MAX_KEY_BYTES: usize = 256;
    /// The longest title.
    pub const MAX_TITLE_CHARS: usize = 200;
    /// The longest details, in bytes.
    pub const MAX_DETAILS_BYTES: usize = 4096;
    /// The most rows of a look.
    pub const MOST: usize = 1_000;
}
