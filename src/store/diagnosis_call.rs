//! What somebody found of an incident, or says of what is done about it (§21).

use crate::core::diagnose::{CasesFound, Decision, Solution, SolutionEnd, SolutionOutcome};
use crate::core::incident::{IncidentId, IncidentStatus};

/// Something that is said of an incident.
#[derive(Clone, Debug)]
pub struct DiagnosisCall {
    pub incident: IncidentId,
    pub what: DiagnosisOrder,
    /// Who says so.
    pub by: String,
}

/// What is said.
#[derive(Clone, Debug)]
pub enum DiagnosisOrder {
    /// These cases apply.
    Decide(CasesFound),
    /// The solution of this number ended so.
    End(u32, SolutionOutcome),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum DiagnosisAnswer {
    /// This was decided; and the solution that is to be carried out, or is under way.
    Decided(Decision, Option<Solution>),
    /// How the solution ended is on record.
    Ended,
    Refused(DiagnosisRefusal),
}

/// Why nothing became of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiagnosisRefusal {
    #[error("it has ended: there is nothing to diagnose any more")]
    HasEnded,
    #[error(
        "its check is not asserted by a reporter (`assert: {{reported: …}}`): nobody posts diagnoses of it"
    )]
    NotReported,
    #[error("it is {}: people have answered it, and nothing is done until they open it again", .0.as_str())]
    IsAnswered(IncidentStatus),
    #[error("nothing is violated of it now: cases are looked at after a violated result")]
    NotViolated,
    #[error("it has no solution of this number")]
    NoSuchSolution,
    #[error("this solution {} at {} already", ended(.0), .0.at)]
    EndedOtherwise(SolutionEnd),
}

fn ended(end: &SolutionEnd) -> &'static str {
    match end.how {
        SolutionOutcome::Enacted => "was enacted",
        SolutionOutcome::Failed(_) => "failed",
        SolutionOutcome::Lost => "was given up as lost, since nobody said how it ended,",
    }
}
