//! Of a check's records one receiver has at most one reminder pending: it tells of all that are open (12.4).

use super::rows::Rows;
use super::wait::let_wait;
use crate::core::check::CheckId;
use crate::core::incident::{Incident, IncidentStatus};
use crate::core::outbox::{Delivery, DeliveryKind, DeliveryState, NewDelivery};
use crate::core::time::Time;
use crate::store::StoreError;

/// Open records are looked through so many at a time.
const AT_A_TIME: usize = 64;

/// The reminder that waits of what a delivery tells of, to its receiver: of its incident, or of whichever record.
pub(super) fn waiting_reminder(rows: &dyn Rows, delivery: &Delivery) -> Result<Option<Delivery>, StoreError> {
    if !delivery.key.is_own() {
        return rows.record_reminder(delivery.check, &delivery.receiver);
    }
    let is_its_reminder = |other: &Delivery| {
        other.kind == DeliveryKind::Reminder
            && other.receiver == delivery.receiver
            && other.state == DeliveryState::Waiting
    };
    Ok(rows.unfinished(delivery.incident)?.into_iter().find(is_its_reminder))
}

/// Reminders `before` were of records of which some may stand otherwise now: another record that is open takes them over, at
/// the same time. Where none is left of which the receiver was told, nobody is reminded.
pub(super) fn hand_over(
    rows: &mut dyn Rows,
    check: CheckId,
    before: &[Delivery],
    now: Time,
) -> Result<(), StoreError> {
    for reminder in before {
        let is_there = |row: Delivery| row.state != DeliveryState::Waiting;
        let is_over = rows.delivery(reminder.id)?.is_none_or(is_there);
        if !is_over || rows.record_reminder(check, &reminder.receiver)?.is_some() {
            continue;
        }
        if let Some(of_other) = of_another_record(rows, check, reminder, now)? {
            let_wait(rows, of_other)?;
        }
    }
    Ok(())
}

/// A record was told of that nobody is reminded of any more. While others are open whose reminder it was to bring, one of these
/// does (12.4).
pub(super) fn remind_of_another(rows: &mut dyn Rows, told: &Delivery, now: Time) -> Result<(), StoreError> {
    let tells_bad = matches!(told.kind, DeliveryKind::Alert | DeliveryKind::Reminder);
    let Some(interval) = told.repeat_interval.filter(|_| tells_bad && !told.key.is_own()) else {
        return Ok(());
    };
    let mut reminder = told.clone();
    reminder.told.not_before = now + interval;
    if let Some(of_other) = of_another_record(rows, told.check, &reminder, now)? {
        let_wait(rows, of_other)?;
    }
    Ok(())
}

fn of_another_record(
    rows: &dyn Rows,
    check: CheckId,
    reminder: &Delivery,
    now: Time,
) -> Result<Option<NewDelivery>, StoreError> {
    let mut after = None;
    loop {
        let page = rows.open_records(check, after.as_ref(), AT_A_TIME)?;
        for id in &page {
            let Some(incident) = rows.incident(*id)? else { continue };
            if let Some(told) = told_of(rows, &incident, reminder)? {
                let new = NewDelivery {
                    kind: DeliveryKind::Reminder,
                    not_before: reminder.not_before,
                    queued_at: now,
                    repeat_interval: reminder.repeat_interval,
                    ..told.told
                };
                return Ok(Some(new));
            }
            after = Some(incident.key);
        }
        if page.len() < AT_A_TIME {
            return Ok(None);
        }
    }
}

/// Its first delivery that the receiver was told, if it is open.
fn told_of(
    rows: &dyn Rows,
    incident: &Incident,
    reminder: &Delivery,
) -> Result<Option<Delivery>, StoreError> {
    if incident.status != IncidentStatus::Open {
        return Ok(None);
    }
    let told = rows.first_attempted(incident.id)?;
    Ok(told.into_iter().find(|row| row.receiver == reminder.receiver && row.is_attempted()))
}
