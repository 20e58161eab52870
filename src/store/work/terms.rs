//! Acknowledgements whose time is over (22.4): what they held is planned from that time on, whoever looks first. So it is with
//! solutions of which nobody said in time how they ended (21.4): they are lost.

use super::plan::{OpenAgain, open_again};
use super::rows::Rows;
use super::solutions::{bring_back_diagnoses, lose_solution};
use crate::core::cause::Causes;
use crate::core::check::{CheckId, Definition};
use crate::core::time::Time;
use crate::store::StoreError;

/// A check whose acknowledgements may be over.
#[derive(Clone, Copy)]
pub(super) struct Acknowledged<'a> {
    pub(super) check: CheckId,
    /// By which it is told: with the labels that it has from this call on.
    pub(super) told_as: &'a Definition,
    /// What was wrong with the check until they ended.
    pub(super) causes: &'a Causes,
}

/// Ends those of a check that were over before a time, by the causes that held until then.
pub(super) fn end_terms(
    rows: &mut dyn Rows,
    of: Acknowledged<'_>,
    before: Time,
    now: Time,
) -> Result<(), StoreError> {
    let Acknowledged { check, told_as, causes } = of;
    for id in rows.terms_over(check, before)? {
        let Some(stood) = rows.incident(id)? else { continue };
        if let Some((incident, step)) = stood.term_ended(before) {
            rows.insert_step(id, &step)?;
            let of_it = stood.causes_in(causes);
            let open = OpenAgain { stood: &stood, told_as, causes: of_it.as_slice(), at: step.at };
            open_again(rows, incident, open, now)?;
        }
        lose_solution(rows, id, before, now)?;
    }
    Ok(())
}

/// 1.1: an acknowledgement that was made by a clock that was ahead lasts as long as was meant.
pub(super) fn bring_back_terms(rows: &mut dyn Rows, now: Time) -> Result<(), StoreError> {
    for mut incident in rows.standing_for_a_time()? {
        if let Some(term) = incident.term.filter(|term| term.since > now) {
            incident.term = Some(term.brought_back_to(now));
            rows.update_incident(incident.clone())?;
        }
        bring_back_diagnoses(rows, incident, now)?;
    }
    Ok(())
}
