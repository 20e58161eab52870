//! What became of deliveries, on their incidents' record (11.3).

use std::collections::HashSet;

use super::rows::Rows;
use crate::core::incident::{IncidentStep, PUNCTUAL, StepKind};
use crate::core::outbox::{Delivery, DeliveryStep, MessageId, Telling};
use crate::core::time::Time;
use crate::store::StoreError;

/// What became of an attempt, for each incident that these members of its message tell of.
pub(super) fn note_attempt<'a>(
    rows: &mut dyn Rows,
    members: &[Delivery],
    told: impl Fn(&Delivery) -> Noted<'a>,
    now: Time,
) -> Result<(), StoreError> {
    let mut noted = HashSet::new();
    for delivery in members {
        if noted.insert(delivery.incident) {
            note(rows, delivery, told(delivery), PUNCTUAL, now)?;
        }
    }
    Ok(())
}

/// What became of a delivery, in which message, and with which answer.
#[derive(Clone, Copy)]
pub(super) struct Noted<'a> {
    pub(super) what: Telling,
    pub(super) message: Option<MessageId>,
    pub(super) answer: &'a str,
}

/// Writes down what became of a delivery, `by` whom. Of each kind of step and receiver there are
/// the first and the newest, which says how often it has happened since.
pub(super) fn note(
    rows: &mut dyn Rows,
    delivery: &Delivery,
    told: Noted<'_>,
    by: &str,
    now: Time,
) -> Result<(), StoreError> {
    let Noted { what, message, answer } = told;
    let mut before = 0;
    if let Some((number, newest)) = rows.repeated_telling(delivery.incident, what, &delivery.receiver)? {
        before = newest.times;
        rows.delete_step(delivery.incident, number)?;
    }
    let step = DeliveryStep {
        what,
        receiver: delivery.receiver.clone(),
        kind: delivery.kind,
        message,
        answer: answer.to_owned(),
        times: before.saturating_add(1),
    };
    rows.insert_step(delivery.incident, &IncidentStep::new(StepKind::Delivery(step), by, now)).map(drop)
}
