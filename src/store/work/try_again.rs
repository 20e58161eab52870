//! Which of what was given up leaves now, alone (12.4).

use super::again::{is_reminded_by_another, offends};
use super::look::{LookFor, Looked, look};
use super::pace::Pace;
use super::rows::Rows;
use super::send::send;
use crate::core::outbox::{Again, DeliveryId, again};
use crate::core::time::Time;
use crate::store::{Outgoing, StoreError};

/// The one of a receiver's given-up deliveries that leaves now, if it is time for one.
pub(super) fn try_again(
    rows: &mut dyn Rows,
    to: LookFor<'_>,
    now: Time,
) -> Result<Option<Outgoing>, StoreError> {
    let wanted = |id: DeliveryId| is_wanted(&*rows, id).map(|is_wanted| is_wanted.then_some(id)).transpose();
    let mut looked = Looked::default();
    look(&*rows, rows.resting_first(to.receiver)?.filter_map(wanted), to, &mut looked, now)?;
    for delivery in looked.dropped {
        rows.update_delivery(delivery)?;
    }
    let held_until = looked.held.iter().filter_map(|(_, until, _)| *until).min();
    for (id, until, by) in looked.held {
        rows.set_aside(id, until, by);
    }
    let pace = rows.pace(to.receiver);
    let (leaves, next) = match again(&looked.sendable, pace.occasion, pace.tried_at, now) {
        Again::Leaves(id) => (looked.sendable.into_iter().find(|row| row.id == id), Some(now)),
        Again::Waits(next) => (None, next),
    };
    // It leads to one that tells whether the receiver works, or to none.
    let is_used = leaves.as_ref().is_none_or(|row| !offends(row));
    let occasion = pace.occasion.filter(|_| !is_used);
    let try_at = held_until.into_iter().chain(next).min();
    rows.set_pace(to.receiver, Pace { occasion, try_at, ..pace });
    let Some(row) = leaves else { return Ok(None) };
    send(rows, to.receiver, vec![row.leave_again(true)], now).map(Some)
}

fn is_wanted(rows: &dyn Rows, id: DeliveryId) -> Result<bool, StoreError> {
    let row = rows.delivery(id)?.expect("what rests is unfinished");
    Ok(!is_reminded_by_another(rows, &row)?)
}
