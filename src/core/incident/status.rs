//! Where incidents stand.

/// Where an incident stands (11.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IncidentStatus {
    /// Bad, and nobody has said anything.
    Open,
    /// The same, and something is done about it, or it passes (21.5).
    SolutionApplied,
    /// The same, and nobody knows what is to be done (21.5).
    Impasse,
    /// Somebody is on it: no further actions, but the recovery is told.
    Acknowledged,
    /// Nobody wants to hear of it until it recovers.
    WontFix,
    /// No bad cause is left.
    Resolved,
    /// The check is no longer declared (10.3).
    Removed,
    /// Of a record: another thing is asserted, or somebody else looks, and it is not named any more (18.8).
    Changed,
    /// Of an occurrence: it is not remembered any more (19.3). What is still to be told of it is told.
    Over,
}

impl IncidentStatus {
    /// All there are, in the order in which they are offered.
    pub const ALL: [IncidentStatus; 9] = [
        IncidentStatus::Open,
        IncidentStatus::SolutionApplied,
        IncidentStatus::Impasse,
        IncidentStatus::Acknowledged,
        IncidentStatus::WontFix,
        IncidentStatus::Resolved,
        IncidentStatus::Removed,
        IncidentStatus::Changed,
        IncidentStatus::Over,
    ];

    /// As it stands in the database, messages and pages.
    pub fn as_str(self) -> &'static str {
        match self {
            IncidentStatus::Open => "open",
            IncidentStatus::SolutionApplied => "solution_applied",
            IncidentStatus::Impasse => "impasse",
            IncidentStatus::Acknowledged => "acknowledged",
            IncidentStatus::WontFix => "wont_fix",
            IncidentStatus::Resolved => "resolved",
            IncidentStatus::Removed => "removed",
            IncidentStatus::Changed => "changed",
            IncidentStatus::Over => "over",
        }
    }

    /// Whether it is bad, and nobody has said anything.
    pub fn is_unanswered(self) -> bool {
        use IncidentStatus::{Impasse, Open, SolutionApplied};
        matches!(self, Open | SolutionApplied | Impasse)
    }

    /// Whether the bad period has ended.
    pub fn is_ended(self) -> bool {
        use IncidentStatus::{Changed, Over, Removed, Resolved};
        matches!(self, Resolved | Removed | Changed | Over)
    }
}
