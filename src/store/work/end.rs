//! What is told of the end of an incident, receiver by receiver (12.5, 12.6).

use std::collections::BTreeMap;

use super::cancel::cancel;
use super::flapping::note_too_short;
use super::rows::Rows;
use super::verdict::{Question, SeenCheck, dependencies, verdict};
use super::wait::let_wait;
use crate::core::incident::Incident;
use crate::core::outbox::{
    CancelReason, Delivery, DeliveryId, DeliveryKind, DeliveryState, Ending, at_recovery,
};
use crate::core::route::{ReceiverName, is_own_receiver};
use crate::core::time::{Span, Time};
use crate::store::StoreError;

/// An incident that has ended.
#[derive(Clone, Copy)]
pub(super) struct Ended<'a> {
    /// As it was before.
    pub(super) stood: &'a Incident,
    pub(super) incident: &'a Incident,
    /// Its check before.
    pub(super) seen: SeenCheck<'a>,
    /// By a pause (16.6): nothing was heard of the check, and its own addresses, who would be told that it reports again, are
    /// told nothing.
    pub(super) is_forgiven: bool,
}

pub(super) fn tell_the_end(rows: &mut dyn Rows, ended: Ended<'_>, now: Time) -> Result<(), StoreError> {
    let Ended { stood, incident, seen, is_forgiven } = ended;
    let policy = rows.policy();
    // What is not told any more, and was never attempted, says nothing of whom to tell.
    let mut of_it = rows.first_attempted(incident.id)?;
    of_it.extend(rows.unfinished(incident.id)?);
    of_it.sort_unstable_by_key(|row| row.id);
    of_it.dedup_by_key(|row| row.id);
    let mut by_receiver: BTreeMap<ReceiverName, Vec<Delivery>> = BTreeMap::new();
    for delivery in of_it {
        by_receiver.entry(delivery.receiver.clone()).or_default().push(delivery);
    }
    let dependencies = &dependencies(rows, seen.definition)?;
    for (name, mut of_it) in by_receiver {
        if is_forgiven && is_own_receiver(&name) {
            of_it.retain(|row| row.state == DeliveryState::Waiting);
            cancel(rows, &of_it, CancelReason::RecoveredWhileHeld)?;
            continue;
        }
        let receiver = policy.receiver(&name);
        let group_wait = receiver.map_or(Span::ZERO, |receiver| receiver.group_wait);
        let mutes = rows.mutes()?;
        let end = at_recovery(
            incident,
            &of_it,
            |row| {
                let seen = SeenCheck { incident: stood.stands_for(row.action, seen.causes), ..seen };
                let (kind, ready_at) = (row.kind, row.ready_at());
                verdict(Question { seen, dependencies, mutes, kind, ready_at, group_wait }, now)
            },
            receiver,
            now,
        );
        if let Some(row) = end.too_short().and_then(|id| of_it.iter().find(|row| row.id == id)) {
            note_too_short(rows, incident, row, now)?;
        }
        for (id, ending) in end.endings {
            end_one(rows, &mut of_it, id, ending)?;
        }
        if let Some(recovery) = end.recovery {
            let_wait(rows, recovery)?;
        }
    }
    Ok(())
}

fn end_one(
    rows: &mut dyn Rows,
    of_it: &mut Vec<Delivery>,
    id: DeliveryId,
    ending: Ending,
) -> Result<(), StoreError> {
    let at = of_it.iter().position(|row| row.id == id).expect("it ends one of the rows it was given");
    let mut row = of_it.swap_remove(at);
    match ending {
        Ending::Cancel(reason) => row.state = DeliveryState::Cancelled(reason),
        Ending::Episode => row.told.kind = DeliveryKind::Episode,
        Ending::StaysGivenUp => row = row.rest(),
    }
    rows.update_delivery(row)
}
