//! What a look came to.

use crate::core::assertion::Outcome;
use crate::core::record::{NamedRecords, Record};

/// What a look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeFound {
    pub outcome: Outcome,
    /// Why it is so, in a line for people; "": it holds.
    pub why: String,
    /// What it has seen, for people; "": nothing beyond that.
    pub text: String,
    /// What violates, one by one, where a query has found it, in its order.
    pub rows: Vec<Record>,
    /// There are more rows than were read.
    pub are_more: bool,
}

impl ProbeFound {
    /// The longest text, in bytes.
    pub const MAX_TEXT_BYTES: usize = 10_000;
    /// So many rows are read where they are counted and shown, and are no records (18.3).
    pub const SHOWN_ROWS: usize = 1_000;

    pub fn holds() -> ProbeFound {
        ProbeFound::of(Outcome::Holds, String::new())
    }

    pub fn violated(why: impl Into<String>) -> ProbeFound {
        ProbeFound::of(Outcome::Violated, why.into())
    }

    pub fn unknown(why: impl Into<String>) -> ProbeFound {
        ProbeFound::of(Outcome::Unknown, why.into())
    }

    fn of(outcome: Outcome, why: String) -> ProbeFound {
        ProbeFound { outcome, why, text: String::new(), rows: Vec::new(), are_more: false }
    }

    /// Whether its rows are all that violates: a command that says so without naming any speaks of the whole (18.3b).
    pub fn names_all(&self) -> bool {
        match self.outcome {
            Outcome::Holds => true,
            Outcome::Violated => !self.rows.is_empty(),
            Outcome::Unknown => false,
        }
    }

    /// Its rows as what a result names: all that violates, or more than may be (18.3, 18.6).
    pub fn named(self) -> NamedRecords {
        let named: NamedRecords = self.rows.into_iter().collect();
        if self.are_more { named.and_more() } else { named }
    }
}
