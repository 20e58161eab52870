//! What diagnoses make of an incident (§21).

use super::diagnosis_step::Diagnosed;
use super::{Incident, IncidentStatus};
use crate::core::cause::{CauseKind, Causes};
use crate::core::diagnose::{Decision, SolutionOutcome};
use crate::core::time::Time;

/// Whether cases of it are looked at (21.2), while these are the causes of its check.
pub fn is_diagnosed_while(incident: &Incident, check: &Causes) -> bool {
    let is_violated = incident.causes_in(check).iter().any(|cause| cause.kind == CauseKind::Violated);
    is_violated && incident.status.is_unanswered()
}

/// This was decided of it, `is_new` or once more (21.5).
pub fn after_decision(incident: &Incident, decision: Decision, is_new: bool, now: Time) -> Incident {
    if decision == Decision::UnderWay || decision == Decision::Apply && !is_new {
        return incident.clone();
    }
    let status = match decision {
        Decision::Apply | Decision::Wait => IncidentStatus::SolutionApplied,
        Decision::Impasse => IncidentStatus::Impasse,
        Decision::Propose | Decision::NoCase | Decision::UnderWay => incident.status,
    };
    let diagnosed = Some(Diagnosed { at: now, is_under_way: decision == Decision::Apply });
    Incident { status: status_or(incident, status), diagnosed, ..incident.clone() }
}

/// A solution of it ended so: one that applied nothing leaves it open (21.5).
pub fn after_solution(incident: &Incident, how: &SolutionOutcome) -> Incident {
    let status = match how {
        SolutionOutcome::Enacted => IncidentStatus::SolutionApplied,
        SolutionOutcome::Failed(_) | SolutionOutcome::Lost => IncidentStatus::Open,
    };
    let diagnosed = incident.diagnosed.map(|it| Diagnosed { is_under_way: false, ..it });
    Incident { status: status_or(incident, status), diagnosed, ..incident.clone() }
}

/// What people have said of it stays.
fn status_or(incident: &Incident, status: IncidentStatus) -> IncidentStatus {
    if incident.status.is_unanswered() { status } else { incident.status }
}
