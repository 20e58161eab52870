//! What is found of an incident is decided, kept and told (§21).

use super::carry_on::carry_out_of;
use super::rows::Rows;
use super::solutions::{EndedSolution, solution_ended, tell_administrators};
use super::step::{Subject, step_check};
use crate::core::check::CheckId;
use crate::core::diagnose::{CasesFound, EndRefused, decide, end_solution};
use crate::core::incident::{
    DiagnosisStep, Incident, IncidentStep, StepKind, after_decision, is_diagnosed_while,
};
use crate::core::step::Input;
use crate::core::time::Time;
use crate::store::{DiagnosisAnswer, DiagnosisCall, DiagnosisOrder, DiagnosisRefusal, StoreError};

pub(in crate::store) fn diagnose(
    rows: &mut dyn Rows,
    call: &DiagnosisCall,
    now: Time,
) -> Result<DiagnosisAnswer, StoreError> {
    let DiagnosisCall { incident: id, what, by } = call;
    if let Some(known) = rows.incident(*id)? {
        bring_up(rows, known.check, now)?;
    }
    let incident = rows.incident(*id)?.filter(|incident| !incident.status.is_ended());
    match (what, incident) {
        (DiagnosisOrder::Decide(_), None) => Ok(DiagnosisAnswer::Refused(DiagnosisRefusal::HasEnded)),
        (DiagnosisOrder::Decide(found), Some(incident)) => match refusal(rows, &incident)? {
            Some(why) => Ok(DiagnosisAnswer::Refused(why)),
            None => decide_now(rows, &incident, (found, by), now),
        },
        (DiagnosisOrder::End(number, how), incident) => {
            let past = rows.diagnoses(*id)?;
            match end_solution(&past, *number, how.clone(), now) {
                Ok(Some(diagnosis)) => {
                    let open = incident.as_ref();
                    let was_lost = past.iter().any(|it| it.number == diagnosis.number && it.is_lost());
                    let ended = EndedSolution { id: *id, open, diagnosis: &diagnosis, by, was_lost };
                    solution_ended(rows, ended, now)?;
                    Ok(DiagnosisAnswer::Ended)
                }
                Ok(None) => Ok(DiagnosisAnswer::Ended),
                Err(EndRefused::NoSuchSolution) => {
                    Ok(DiagnosisAnswer::Refused(DiagnosisRefusal::NoSuchSolution))
                }
                Err(EndRefused::EndedOtherwise(end)) => {
                    Ok(DiagnosisAnswer::Refused(DiagnosisRefusal::EndedOtherwise(end)))
                }
            }
        }
    }
}

/// What is due of a check comes first: a solution may be lost by now.
fn bring_up(rows: &mut dyn Rows, check: CheckId, now: Time) -> Result<(), StoreError> {
    carry_out_of(rows, check)?;
    let Some(standing) = rows.to_change(check)? else { return Ok(()) };
    let definition = standing.definition.clone();
    step_check(rows, Subject::as_before(check, &definition), &Input::Tick, now).map(drop)
}

/// Why nobody diagnoses it now.
fn refusal(rows: &dyn Rows, incident: &Incident) -> Result<Option<DiagnosisRefusal>, StoreError> {
    let causes = rows.check_now(incident.check)?.causes;
    Ok(if rows.definition(incident.check)?.spec.reported().is_none() {
        Some(DiagnosisRefusal::NotReported)
    } else if !incident.status.is_unanswered() {
        Some(DiagnosisRefusal::IsAnswered(incident.status))
    } else if !is_diagnosed_while(incident, &causes) {
        Some(DiagnosisRefusal::NotViolated)
    } else {
        None
    })
}

fn decide_now(
    rows: &mut dyn Rows,
    incident: &Incident,
    (found, by): (&CasesFound, &str),
    now: Time,
) -> Result<DiagnosisAnswer, StoreError> {
    let past = rows.diagnoses(incident.id)?;
    let decided = decide(found, &past, now);
    if let Some(new) = &decided.new {
        let step = IncidentStep::new(StepKind::Diagnosis(DiagnosisStep::of(&new.found)), by, now);
        rows.put_diagnosis(incident.id, new)?;
        rows.insert_step(incident.id, &step.saying(&new.words()))?;
    }
    let diagnosed = after_decision(incident, decided.decision, decided.new.is_some(), now);
    if diagnosed != *incident {
        rows.update_incident(diagnosed.clone())?;
    }
    if let Some(new) = decided.new.filter(|_| decided.is_told) {
        tell_administrators(rows, &diagnosed, new.number, now)?;
    }
    Ok(DiagnosisAnswer::Decided(decided.decision, decided.solution))
}
