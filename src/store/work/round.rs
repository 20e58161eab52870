//! How far pruning has come, and how much of it is done at a time.

use crate::core::check::CheckId;
use crate::core::incident::IncidentId;
use crate::core::outbox::MessageId;

/// Rows removed in a slice, where they are short.
pub(super) const REMOVED: usize = 2000;

/// How far a round has come: what it looks at next, after which row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Round {
    Pings(i64),
    Bodies(CheckId),
    Judgements(u64),
    Flips(CheckId),
    Incidents(IncidentId),
    Messages(MessageId),
    Flapping,
    /// Checks that are to be forgotten, the first at the end; `None`: they are still to be found.
    Checks(Option<Vec<CheckId>>),
    /// So much space was given back.
    Space(u64),
}

impl Default for Round {
    fn default() -> Round {
        Round::Pings(0)
    }
}

impl Round {
    /// Whether nothing of a round is done.
    pub(in crate::store) fn is_new(&self) -> bool {
        *self == Round::default()
    }
}
