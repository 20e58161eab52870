//! What a flip does to its check's incident, and what is to be told of it: in the transaction of the flip (12.1).

use super::cancel::cancel_of;
use super::end::{Ended, tell_the_end};
use super::plan::plan_actions;
use super::rows::Rows;
use super::story::{Open, open};
use super::terms::{Acknowledged, end_terms};
use super::verdict::SeenCheck;
use crate::core::cause::{Cause, CauseKind, Causes, Family, Status};
use crate::core::check::{CheckId, Definition};
use crate::core::incident::{Incident, IncidentId, Matter, Planned, Turn, on_flip};
use crate::core::outbox::{CancelReason, Delivery, DeliveryState};
use crate::core::route::{About, ActionId, Facts, own_action};
use crate::core::step::{Flip, FlipReason};
use crate::core::time::Time;
use crate::store::StoreError;

/// A check that has flipped.
#[derive(Clone, Copy)]
pub(super) struct Flipped<'a> {
    pub(super) check: CheckId,
    /// By which it is told from now on.
    pub(super) definition: &'a Definition,
    /// What was wrong with it before.
    pub(super) before: &'a Causes,
    pub(super) flip: &'a Flip,
}

/// Follows a flip. Answers which incident of the check was open before, and which one is now.
pub(super) fn follow(
    rows: &mut dyn Rows,
    flipped: Flipped<'_>,
    now: Time,
) -> Result<(Open, Open), StoreError> {
    let Flipped { check, definition, before, flip } = flipped;
    end_terms(rows, Acknowledged { check, told_as: definition, causes: before }, flip.at, now)?;
    let stood = rows.open_incident(&Matter::own(check))?;
    let before_it = open(stood.as_ref());
    let Some(change) = on_flip(stood.as_ref(), flip, check, IncidentId(0)) else {
        return Ok((before_it, before_it));
    };
    let mut incident = change.incident;
    if matches!(change.turn, Turn::Opened(_)) {
        incident.id = rows.insert_incident(&incident)?;
    }
    for step in &change.steps {
        rows.insert_step(incident.id, step)?;
    }
    let own = flip.causes.own();
    let held = incident.take_all_on(own.as_slice());
    cancel_of(rows, &incident, &held, CancelReason::Acknowledged)?;
    match &change.turn {
        Turn::Opened(causes) | Turn::Grew(causes) => {
            plan_actions(rows, &mut incident, &Facts::of_check(definition, causes), flip.at, now)?;
        }
        Turn::AfterBlind { begun, superseded } => {
            let stays = told_as_late(rows, flipped, &mut incident, stood.as_ref(), begun)?;
            let over: Vec<ActionId> = superseded.iter().copied().filter(|it| stays != Some(*it)).collect();
            cancel_of(rows, &incident, &over, CancelReason::Superseded)?;
            plan_actions(rows, &mut incident, &Facts::of_check(definition, begun), flip.at, now)?;
        }
        Turn::Eased => {}
        Turn::Ended => {
            let stood = stood.expect("what ends was open");
            let is_paused = flip.from == Status::Paused;
            let (causes, about) = (before.own(), About::default());
            let seen =
                SeenCheck { definition, causes: causes.as_slice(), about, is_paused, incident: stood.status };
            let is_forgiven = flip.reason == FlipReason::Paused;
            let ended = Ended { stood: &stood, incident: &incident, seen, is_forgiven };
            tell_the_end(rows, ended, now)?;
        }
    }
    let after_it = if matches!(change.turn, Turn::Ended) { None } else { open(Some(&incident)) };
    rows.update_incident(incident)?;
    Ok((before_it, after_it))
}

/// 16.5: an alias's own mail says that it is late where a blind judgement would have been: one that is told, or on its way,
/// says so once, and stays planned. Answers its action then.
fn told_as_late(
    rows: &dyn Rows,
    flipped: Flipped<'_>,
    incident: &mut Incident,
    stood: Option<&Incident>,
    begun: &[Cause],
) -> Result<Option<ActionId>, StoreError> {
    let Flipped { definition, before, .. } = flipped;
    let is_late = |kind: CauseKind| kind.family() == Family::Late;
    let was_late = before.iter().filter_map(|cause| cause.would_be).any(is_late);
    if definition.alias.is_none() || !was_late || !begun.iter().all(|cause| is_late(cause.kind)) {
        return Ok(None);
    }
    let own = own_action(&definition.name).id;
    let tells = |row: &Delivery| row.action == own && !matches!(row.state, DeliveryState::Cancelled(_));
    let planned = stood.iter().flat_map(|stood| &stood.actions).find(|planned| planned.action == own);
    // One that was told of a failure said nothing of what was due later.
    let says_so = planned.is_some_and(|planned| planned.kinds.contains(&CauseKind::Blind));
    if !says_so || !rows.deliveries_of(incident.id)?.iter().any(tells) {
        return Ok(None);
    }
    if incident.actions.iter().all(|it| it.action != own) {
        // Of what nobody has taken on, if an acknowledgement does not cover it (11.2).
        let kinds: Vec<CauseKind> = begun.iter().map(|cause| cause.kind).collect();
        let is_uncovered = incident.is_uncovered(kinds.iter().copied());
        incident.actions.push(Planned { action: own, kinds, is_uncovered });
    }
    Ok(Some(own))
}
