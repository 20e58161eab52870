//! How far pruning has come, and how much of it is done at a time.

use crate::core::check::CheckId;
use crate::core::incident::IncidentId;
use crate::core::outbox::MessageId;
use crate::core::time::Time;

/// Rows removed in a slice, where they are short.
pub(super) const REMOVED: usize = 2000;

/// How far a round has come: what it looks at next, after which row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Round {
    /// Those that are older than is kept; 0: where to begin is still to be asked.
    Pings(i64),
    /// Those that are not.
    YoungPings(i64),
    Bodies(CheckId),
    Judgements(u64),
    Flips(CheckId),
    /// Ended incidents of records.
    Records(CheckId),
    /// `None`: which are over is still to be found.
    Incidents(Option<OverIncidents>),
    Messages(MessageId),
    Flapping,
    Audits,
    /// Checks that are to be forgotten, the first at the end; `None`: they are still to be found.
    Checks(Option<Vec<CheckId>>),
    /// So much space was given back.
    Space(u64),
}

/// Incidents that are over, in the order of their ends and numbers: those after the one and before the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct OverIncidents {
    pub(in crate::store) after: (Time, IncidentId),
    pub(in crate::store) before: (Time, IncidentId),
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
