//! What people say of an incident: acknowledged, `wont_fix`, open again (11.2), or only a comment (22.3).

use super::cancel::cancel_all;
use super::carry_on::carry_out_of;
use super::plan::{OpenAgain, open_again};
use super::record_rows::NewMark;
use super::records_marked::{may_be_marked, stands_otherwise};
use super::reminders::hand_over;
use super::rows::{Rows, SaidOf};
use super::terms::{Acknowledged, end_terms};
use crate::core::incident::{Incident, IncidentId, IncidentStep, StepKind};
use crate::core::outbox::CancelReason;
use crate::core::time::Time;
use crate::store::{Saying, Stance, Stood, StoreError};

/// Answers what became of it for each.
pub(in crate::store) fn stand_all(
    rows: &mut dyn Rows,
    incidents: &[IncidentId],
    saying: &Saying,
    now: Time,
) -> Result<Vec<Stood>, StoreError> {
    incidents.iter().map(|id| say(rows, *id, saying, now)).collect()
}

fn say(rows: &mut dyn Rows, id: IncidentId, saying: &Saying, now: Time) -> Result<Stood, StoreError> {
    let Saying { stance, until, comment, by } = saying;
    if *stance == Stance::Comment {
        return say_only(rows, id, &IncidentStep::new(StepKind::Commented, by, now).saying(comment));
    }
    let Some(Incident { check, .. }) = rows.incident(id)? else { return Ok(Stood::AsBefore) };
    carry_out_of(rows, check)?;
    let causes = rows.check_now(check)?.causes;
    let told_as = &*rows.definition(check)?;
    end_terms(rows, Acknowledged { check, told_as, causes: &causes }, now, now)?;
    let Some(incident) = rows.incident(id)? else { return Ok(Stood::AsBefore) };
    let causes = incident.causes_in(&causes);
    let stands = match stance {
        Stance::Acknowledge => incident.acknowledge(causes.as_slice(), *until, by, now),
        Stance::WontFix => incident.wont_fix(by, now),
        Stance::Reopen => incident.reopen(by, now),
        Stance::Comment => None,
    };
    let Some((stands, step)) = stands else { return Ok(Stood::AsBefore) };
    let said = rows.said_of(id)?.unwrap_or_default();
    if said.stances >= Saying::MAX_STANCES && *stance != Stance::Reopen {
        return Ok(Stood::Full);
    }
    let is_record = !incident.key.is_own();
    if is_record && *stance == Stance::WontFix && !may_be_marked(rows, &incident.matter())? {
        return Ok(Stood::Full);
    }
    let reminders = if is_record { rows.record_reminders(check)? } else { Vec::new() };
    let step = in_place_of_the_newest(rows, id, &said, step.saying(comment))?;
    rows.insert_step(id, &step)?;
    match CancelReason::by_answer(stands.status) {
        Some(reason) => {
            cancel_all(rows, id, reason)?;
            rows.update_incident(stands.clone())?;
        }
        None => {
            let open = OpenAgain { stood: &incident, told_as, causes: causes.as_slice(), at: now };
            open_again(rows, stands.clone(), open, now)?;
        }
    }
    if is_record {
        hand_over(rows, check, &reminders)?;
        stands_otherwise(rows, &incident, &stands, &NewMark { at: now, by, comment })?;
    }
    Ok(Stood::New)
}

/// Of what one person acknowledges again and again, without a word from others, the first is on record, and the newest: what
/// they said with that stays, unless they say something else. Answers what is to be put on record.
fn in_place_of_the_newest(
    rows: &mut dyn Rows,
    id: IncidentId,
    said: &SaidOf,
    step: IncidentStep,
) -> Result<IncidentStep, StoreError> {
    let [(number, newest), (_, before)] = said.newest.as_slice() else { return Ok(step) };
    let is_alike = |other: &IncidentStep| {
        matches!((&step.what, &other.what), (StepKind::Acknowledged(_), StepKind::Acknowledged(_)))
            && other.by == step.by
    };
    let is_nothing_new =
        step.comment.is_empty() || newest.comment.is_empty() || step.comment == newest.comment;
    if !is_alike(newest) || !is_alike(before) || !is_nothing_new {
        return Ok(step);
    }
    rows.delete_step(id, *number)?;
    let comment = if step.comment.is_empty() { newest.comment.clone() } else { step.comment };
    Ok(IncidentStep { comment, ..step })
}

/// 22.3: nothing changes. An incident that has ended may have one, too. It is nothing but history: where that cannot be kept,
/// it is refused.
fn say_only(rows: &mut dyn Rows, id: IncidentId, step: &IncidentStep) -> Result<Stood, StoreError> {
    let Some(said) = rows.said_of(id)? else { return Ok(Stood::AsBefore) };
    // A form that was sent twice says it once.
    let is_it = |(_, newest): &(u64, IncidentStep)| {
        newest.what == step.what && newest.by == step.by && newest.comment == step.comment
    };
    if said.newest.first().is_some_and(is_it) {
        return Ok(Stood::New);
    }
    if said.comments >= Saying::MAX_COMMENTS {
        return Ok(Stood::Full);
    }
    if !rows.insert_step(id, step)? {
        let why = "no more of incidents' steps is kept; `punctual check-storage` says what is damaged";
        return Err(StoreError::Damaged(why.to_owned()));
    }
    Ok(Stood::New)
}
