//! The record of one bad period of a check, and what a flip does to it (§11).

use super::cause::{Cause, CauseKind};
use super::check::CheckId;
use super::time::Time;

/// The number of an incident, given by the store; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(pub u64);

/// Where an incident stands (11.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IncidentStatus {
    /// Bad, and nobody has said anything.
    Open,
    /// Somebody is on it: no further actions, but the recovery is told.
    Acknowledged,
    /// Nobody wants to hear of it until it recovers.
    WontFix,
    /// No bad cause is left.
    Resolved,
    /// The check is no longer declared (10.3).
    Removed,
}

impl IncidentStatus {
    /// As it stands in the database, messages and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            IncidentStatus::Open => "open",
            IncidentStatus::Acknowledged => "acknowledged",
            IncidentStatus::WontFix => "wont_fix",
            IncidentStatus::Resolved => "resolved",
            IncidentStatus::Removed => "removed",
        }
    }

    /// Whether the bad period has ended.
    pub fn is_ended(self) -> bool {
        matches!(self, IncidentStatus::Resolved | IncidentStatus::Removed)
    }
}

/// One bad period of one check: at most one is open for each check at a time (11.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// Whose.
    pub check: CheckId,
    /// When the first cause began.
    pub opened_at: Time,
    /// When it ended: there for Resolved and Removed, and only there.
    pub ended_at: Option<Time>,
    /// Where it stands.
    pub status: IncidentStatus,
    /// The cause that opened it: what messages of its thread are named after.
    pub first: Cause,
    /// Every kind of cause that it has had, in the order in which they came.
    pub kinds: Vec<CauseKind>,
    /// Hashes of the actions that were planned for it already (11.1): they are not planned again.
    pub actions: Vec<super::route::ActionId>,
}
