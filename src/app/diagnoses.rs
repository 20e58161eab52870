//! What reporters find of incidents, and how what they do about that ends (§21).

use super::actor::Actor;
use super::not_done::NotDone;
use super::services::Services;
use crate::core::cause::CauseKind;
use crate::core::check::CheckId;
use crate::core::diagnose::{CasesFound, Decision, Diagnosis, Solution, SolutionOutcome};
use crate::core::incident::IncidentId;
use crate::store::command::StoreCommand;
use crate::store::history::IncidentRecord;
use crate::store::live::Check;
use crate::store::{DiagnosisAnswer, DiagnosisCall, DiagnosisOrder, StoreError};

/// An answer to a report names so many at most.
const MOST_TO_DIAGNOSE: usize = 20;
/// Of each it has so many of the newest diagnoses at most.
const MOST_FOUND: usize = 10;

/// An incident that is to be diagnosed, with what was found of it before.
#[derive(Clone, Debug)]
pub struct ToDiagnose {
    pub incident: IncidentRecord,
    pub title: String,
    /// The newest.
    pub found: Vec<Diagnosis>,
}

/// Which incidents of a check are to be diagnosed now (21.8a). Reads the database: to be asked aside.
pub fn to_diagnose(services: &Services, check: &Check) -> Result<Vec<ToDiagnose>, StoreError> {
    let is_own_violated = check.known().state.causes.has(CauseKind::Violated);
    let is_violated = |incident: &IncidentRecord| match incident.key.is_own() {
        true => is_own_violated,
        false => incident.first.kind == CauseKind::Violated,
    };
    // The check's own may be open for something else.
    let mut incidents = services.history.to_be_diagnosed(check.id, MOST_TO_DIAGNOSE + 1)?;
    incidents.retain(is_violated);
    incidents.truncate(MOST_TO_DIAGNOSE);
    let of = |incident: IncidentRecord| {
        let title = services.history.record_title(incident.id)?;
        let title = title.unwrap_or_else(|| check.definition.title.to_string());
        let mut found = services.history.diagnoses(incident.id)?;
        found.drain(..found.len().saturating_sub(MOST_FOUND));
        Ok(ToDiagnose { title, found, incident })
    };
    incidents.into_iter().map(of).collect()
}

/// The check of an incident; `None`: there is no such incident. Reads the database: to be asked aside.
pub fn check_of(services: &Services, id: IncidentId) -> Result<Option<CheckId>, StoreError> {
    Ok(services.history.incident(id)?.map(|incident| incident.check))
}

/// Decides what follows from what somebody found of an incident.
pub async fn decide(
    services: &Services,
    actor: &Actor,
    id: IncidentId,
    found: CasesFound,
) -> Result<(Decision, Option<Solution>), NotDone> {
    match call(services, actor, id, DiagnosisOrder::Decide(found)).await? {
        DiagnosisAnswer::Decided(decision, solution) => Ok((decision, solution)),
        DiagnosisAnswer::Refused(why) => Err(NotDone::NotDiagnosed { id: id.0, why }),
        DiagnosisAnswer::Ended => unreachable!("each order is answered as what it is"),
    }
}

/// A solution ended so, says whoever carried it out.
pub async fn end(
    services: &Services,
    actor: &Actor,
    (id, number): (IncidentId, u32),
    how: SolutionOutcome,
) -> Result<(), NotDone> {
    match call(services, actor, id, DiagnosisOrder::End(number, how)).await? {
        DiagnosisAnswer::Ended => Ok(()),
        DiagnosisAnswer::Refused(why) => Err(NotDone::NotDiagnosed { id: id.0, why }),
        DiagnosisAnswer::Decided(..) => unreachable!("each order is answered as what it is"),
    }
}

async fn call(
    services: &Services,
    actor: &Actor,
    incident: IncidentId,
    what: DiagnosisOrder,
) -> Result<DiagnosisAnswer, NotDone> {
    let call = Box::new(DiagnosisCall { incident, what, by: actor.name() });
    Ok(services.command(actor, |answer| StoreCommand::Diagnose(call, answer)).await??)
}
