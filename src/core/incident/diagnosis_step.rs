//! What an incident remembers of diagnoses, and what is on record of them (§21).

use crate::core::diagnose::{DiagnosisFound, Solution, SolutionOutcome};
use crate::core::time::Time;

/// When it was looked at last which cases apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diagnosed {
    pub at: Time,
    /// What was decided then is under way: since then, since nothing is decided meanwhile.
    pub is_under_way: bool,
}

impl Diagnosed {
    /// When the solution that is under way is lost (21.4).
    pub fn lost_at(self) -> Option<Time> {
        self.is_under_way.then(|| self.at + Solution::LOST_AFTER)
    }
}

/// What was found of an incident, or became of what is done about it, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiagnosisStep {
    /// A solution is to be carried out.
    Decided,
    /// One is proposed.
    Proposed,
    /// It passes.
    Waits,
    /// No case applies.
    NoCase,
    /// Several apply.
    Impasse,
    /// Nothing is done any more.
    Full,
    /// A solution was carried out.
    Enacted,
    /// It was not.
    SolutionFailed,
    /// Nobody said how it ended.
    Lost,
}

impl DiagnosisStep {
    /// All of them.
    pub const ALL: [DiagnosisStep; 9] = [
        DiagnosisStep::Decided,
        DiagnosisStep::Proposed,
        DiagnosisStep::Waits,
        DiagnosisStep::NoCase,
        DiagnosisStep::Impasse,
        DiagnosisStep::Full,
        DiagnosisStep::Enacted,
        DiagnosisStep::SolutionFailed,
        DiagnosisStep::Lost,
    ];

    /// As it stands in the database, on pages and in the API. (`failed` is a delivery that was not taken.)
    pub fn as_str(self) -> &'static str {
        match self {
            DiagnosisStep::Decided => "decided",
            DiagnosisStep::Proposed => "proposed",
            DiagnosisStep::Waits => "waits",
            DiagnosisStep::NoCase => "no_case",
            DiagnosisStep::Impasse => "impasse",
            DiagnosisStep::Full => "full",
            DiagnosisStep::Enacted => "enacted",
            DiagnosisStep::SolutionFailed => "solution_failed",
            DiagnosisStep::Lost => "lost",
        }
    }

    /// That this was found.
    pub fn of(found: &DiagnosisFound) -> DiagnosisStep {
        match found {
            DiagnosisFound::Solution(_) => DiagnosisStep::Decided,
            DiagnosisFound::Proposal { .. } => DiagnosisStep::Proposed,
            DiagnosisFound::Pass(_) => DiagnosisStep::Waits,
            DiagnosisFound::NoCase => DiagnosisStep::NoCase,
            DiagnosisFound::Impasse(_) => DiagnosisStep::Impasse,
            DiagnosisFound::Full => DiagnosisStep::Full,
        }
    }

    /// That a solution ended so.
    pub fn of_end(how: &SolutionOutcome) -> DiagnosisStep {
        match how {
            SolutionOutcome::Enacted => DiagnosisStep::Enacted,
            SolutionOutcome::Failed(_) => DiagnosisStep::SolutionFailed,
            SolutionOutcome::Lost => DiagnosisStep::Lost,
        }
    }
}
