//! Of a check's records one receiver has at most one reminder pending: it tells of all that are open (12.4).

use super::records_told::is_told_of;
use super::rows::Rows;
use super::wait::let_wait;
use crate::core::check::CheckId;
use crate::core::incident::{Incident, IncidentKey};
use crate::core::outbox::{CancelReason, Delivery, DeliveryId, DeliveryKind, DeliveryState, NewDelivery};
use crate::core::route::muted;
use crate::core::time::Time;
use crate::store::StoreError;

/// Open records are looked through so many at a time.
const AT_A_TIME: usize = 64;

/// The reminder that waits of what a delivery tells of, to its receiver: of its incident, or of whichever record. One that was
/// given up is tried again by itself.
pub(super) fn waiting_reminder(rows: &dyn Rows, delivery: &Delivery) -> Result<Option<Delivery>, StoreError> {
    let of_it = if delivery.key.is_own() {
        rows.unfinished(delivery.incident)?
    } else {
        rows.record_reminders(delivery.check)?
    };
    let is_its_reminder = |other: &Delivery| {
        other.kind == DeliveryKind::Reminder
            && other.receiver == delivery.receiver
            && other.state == DeliveryState::Waiting
    };
    Ok(of_it.into_iter().find(is_its_reminder))
}

/// Whether a reminder of a check's records is due and has not left: a mute of the one that it is of holds it (8.2).
pub(super) fn is_held(reminder: &Delivery, now: Time) -> bool {
    reminder.is_record_reminder() && reminder.not_before <= now
}

/// Reminders `before` were of records of which some may stand otherwise now: another record that is open takes them over, at
/// the same time. Where none is left of which the receiver was told, nobody is reminded.
pub(super) fn hand_over(rows: &mut dyn Rows, check: CheckId, before: &[Delivery]) -> Result<(), StoreError> {
    for reminder in before {
        let goes_on = rows.delivery(reminder.id)?.is_some();
        let is_another = |other: &Delivery| other.receiver == reminder.receiver;
        if goes_on || rows.record_reminders(check)?.iter().any(is_another) {
            continue;
        }
        if let Some(of_other) = of_another_record(rows, reminder, |_| Ok(true))? {
            let_wait(rows, of_other)?;
        }
    }
    Ok(())
}

/// A reminder ends, told or given up, whose record somebody took on meanwhile, or which is over: while others are open, one of
/// these brings the next one (12.4).
pub(super) fn remind_of_another(rows: &mut dyn Rows, ended: &Delivery, now: Time) -> Result<(), StoreError> {
    let Some(interval) = ended.repeat_interval.filter(|_| ended.is_record_reminder()) else { return Ok(()) };
    if rows.incident(ended.incident)?.is_some_and(|incident| incident.status.is_unanswered()) {
        return Ok(());
    }
    let mut reminder = ended.clone();
    (reminder.told.not_before, reminder.told.queued_at) = (now + interval, now);
    if let Some(of_other) = of_another_record(rows, &reminder, |_| Ok(true))? {
        let_wait(rows, of_other)?;
    }
    Ok(())
}

/// A mute holds a reminder that is due, by the record that it is of: where another one is open that nobody muted, that one
/// brings it. Answers whether it does.
pub(super) fn pass_on(rows: &mut dyn Rows, id: DeliveryId, now: Time) -> Result<bool, StoreError> {
    let Some(reminder) = rows.delivery(id)?.filter(|reminder| is_held(reminder, now)) else {
        return Ok(false);
    };
    let definition = rows.definition(reminder.check)?;
    let is_heard = |incident: &Incident| {
        let causes = [incident.first];
        Ok(muted(now, &incident.facts(&definition, &causes), rows.mutes()?, &[]).is_none())
    };
    let Some(of_other) = of_another_record(&*rows, &reminder, is_heard)? else { return Ok(false) };
    let state = DeliveryState::Cancelled(CancelReason::RemindedSooner);
    rows.update_delivery(Delivery { state, ..reminder })?;
    let_wait(rows, of_other)?;
    Ok(true)
}

/// The same reminder, of another open record of which the receiver was told: the next one by its key, or else the first, so that
/// to go from one to the next does not look at all of them each time.
fn of_another_record(
    rows: &dyn Rows,
    reminder: &Delivery,
    is_fit: impl Fn(&Incident) -> Result<bool, StoreError>,
) -> Result<Option<NewDelivery>, StoreError> {
    for from in [Some(reminder.key.clone()), None] {
        let mut after: Option<IncidentKey> = from;
        loop {
            let page = rows.open_records(reminder.check, after.as_ref(), AT_A_TIME)?;
            for id in &page {
                let Some(incident) = rows.incident(*id)? else { continue };
                // What happened once is reminded of by nobody (19.2).
                let is_open = incident.status.is_unanswered() && !incident.is_occurrence();
                if is_open && is_told_of(rows, &incident, &reminder.receiver)? && is_fit(&incident)? {
                    return Ok(Some(of_record(&incident, reminder)));
                }
                after = Some(incident.key);
            }
            if page.len() < AT_A_TIME {
                break;
            }
        }
    }
    Ok(None)
}

fn of_record(incident: &Incident, reminder: &Delivery) -> NewDelivery {
    NewDelivery { incident: incident.id, key: incident.key.clone(), ..reminder.told.clone() }
}
