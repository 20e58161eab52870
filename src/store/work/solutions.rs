//! How solutions end, and who is told of that (21.4, 21.6).

use super::rows::Rows;
use super::wait::let_wait;
use crate::core::diagnose::{Diagnosis, SolutionOutcome, lose};
use crate::core::incident::{
    DiagnosisStep, Incident, IncidentId, IncidentStep, PUNCTUAL, StepKind, after_solution,
};
use crate::core::outbox::{DeliveryKind, NewDelivery};
use crate::core::route::Action;
use crate::core::time::Time;
use crate::store::StoreError;

/// A solution that ended.
#[derive(Clone, Copy)]
pub(super) struct EndedSolution<'a> {
    pub(super) id: IncidentId,
    /// Its incident, if it goes on.
    pub(super) open: Option<&'a Incident>,
    pub(super) diagnosis: &'a Diagnosis,
    pub(super) by: &'a str,
    /// It was taken for lost: people know that it is bad.
    pub(super) was_lost: bool,
}

/// It is on record, and told where it is bad.
pub(super) fn solution_ended(
    rows: &mut dyn Rows,
    ended: EndedSolution<'_>,
    now: Time,
) -> Result<(), StoreError> {
    let EndedSolution { id, open, diagnosis, by, was_lost } = ended;
    let solution = diagnosis.solution().expect("only a solution ends");
    let end = solution.ended.as_ref().expect("it has ended");
    rows.put_diagnosis(id, diagnosis)?;
    let step = IncidentStep::new(StepKind::Diagnosis(DiagnosisStep::of_end(&end.how)), by, end.at);
    rows.insert_step(id, &step.saying(&solution.end_words(&end.how)))?;
    let is_bad = end.how != SolutionOutcome::Enacted;
    let Some(incident) = open.filter(|_| !(was_lost && is_bad)) else { return Ok(()) };
    let incident = after_solution(incident, &end.how);
    rows.update_incident(incident.clone())?;
    if is_bad && incident.status.is_unanswered() {
        tell_administrators(rows, &incident, diagnosis.number, now)?;
    }
    Ok(())
}

/// The solution of an incident that is under way is lost if its time was over before this (21.4).
pub(super) fn lose_solution(
    rows: &mut dyn Rows,
    id: IncidentId,
    before: Time,
    now: Time,
) -> Result<(), StoreError> {
    let Some(incident) = rows.incident(id)?.filter(|incident| !incident.status.is_ended()) else {
        return Ok(());
    };
    let is_over = incident.diagnosed.and_then(|it| it.lost_at()).is_some_and(|until| until < before);
    if !is_over {
        return Ok(());
    }
    match lose(&rows.diagnoses(id)?, before) {
        Some(lost) => solution_ended(
            rows,
            EndedSolution { id, open: Some(&incident), diagnosis: &lost, by: PUNCTUAL, was_lost: false },
            now,
        ),
        // Its row says otherwise: nothing is under way.
        None => rows.update_incident(after_solution(&incident, &SolutionOutcome::Lost)),
    }
}

/// 1.1: what was decided by a clock that was ahead is under way as long as was meant.
pub(super) fn bring_back_diagnoses(
    rows: &mut dyn Rows,
    mut incident: Incident,
    now: Time,
) -> Result<(), StoreError> {
    let Some(diagnosed) = incident.diagnosed.as_mut().filter(|diagnosed| diagnosed.at > now) else {
        return Ok(());
    };
    diagnosed.at = now;
    let later = rows.diagnoses(incident.id)?.into_iter().filter(|diagnosis| diagnosis.at > now);
    for diagnosis in later {
        rows.put_diagnosis(incident.id, &Diagnosis { at: now, ..diagnosis })?;
    }
    rows.update_incident(incident)
}

/// Of a diagnosis that needs people (21.6).
pub(super) fn tell_administrators(
    rows: &mut dyn Rows,
    incident: &Incident,
    diagnosis: u32,
    now: Time,
) -> Result<(), StoreError> {
    let policy = rows.policy();
    for receiver in policy.told_of_diagnoses() {
        let told = NewDelivery {
            incident: incident.id,
            check: incident.check,
            key: incident.key.clone(),
            receiver: receiver.clone(),
            action: Action::of_administrator(receiver.clone()).id,
            responder: None,
            kind: DeliveryKind::Diagnosis(diagnosis),
            not_before: now,
            queued_at: now,
            repeat_interval: None,
        };
        let_wait(rows, told)?;
    }
    Ok(())
}
