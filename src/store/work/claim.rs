//! Which messages leave now (12.3): those whose retry is due, else what waits.

use std::collections::HashMap;

use super::flapping::forget_flapping;
use super::look::{LookFor, Looked, look};
use super::own::{count_own, is_limited};
use super::pace::Pace;
use super::park::park_receiver;
use super::rows::Rows;
use super::send::{send, send_again};
use super::split::split_to_fit;
use super::try_again::try_again;
use crate::core::check::CheckId;
use crate::core::incident::Matter;
use crate::core::notice::Severity;
use crate::core::outbox::{Delivery, DeliveryId, Departure, freeze};
use crate::core::route::{ReceiverName, ReceiverPolicy};
use crate::core::time::Time;
use crate::store::{Outgoing, StoreError};

/// So many notices are enough for one call: what else is due leaves with the next, and what happens meanwhile goes between.
const ENOUGH_NOTICES: usize = 64;

/// What leaves, to each receiver one message at most: its attempt is counted with this call.
pub(in crate::store) fn claim(rows: &mut dyn Rows, now: Time) -> Result<Vec<Outgoing>, StoreError> {
    let (mut outgoing, mut notices, mut last) = (Vec::new(), 0, None);
    while notices < ENOUGH_NOTICES
        && let Some(next) = rows.next_due(now, last.as_ref())
    {
        if let Some(claimed) = claim_from(rows, &next.1, now)? {
            notices += claimed.notices.len();
            outgoing.push(claimed);
        }
        last = Some(next);
    }
    claim_own(rows, &mut outgoing, now)?;
    Ok(outgoing)
}

/// Of checks' own mails as many leave as the mail server has places for.
fn claim_own(rows: &mut dyn Rows, outgoing: &mut Vec<Outgoing>, now: Time) -> Result<(), StoreError> {
    let under_way = rows.own_under_way()?;
    let mut places = rows.own_mails().places(under_way);
    let mut last = None;
    while places > 0
        && let Some(next) = rows.next_own_due(now, last.as_ref())
    {
        if !is_limited(rows, &next.1, now)?
            && let Some(claimed) = claim_from(rows, &next.1, now)?
        {
            places -= 1;
            count_own(rows, &claimed, now);
            outgoing.push(claimed);
        }
        last = Some(next);
    }
    Ok(())
}

fn claim_from(rows: &mut dyn Rows, name: &ReceiverName, now: Time) -> Result<Option<Outgoing>, StoreError> {
    if rows.is_under_way(name)? {
        return Ok(None);
    }
    let retry = rows.next_retry(name)?.filter(|message| message.retry_at <= Some(now));
    let pace = rows.pace(name);
    let is_time = pace.look_at.is_some_and(|at| at <= now);
    let is_time_to_try =
        pace.try_at.is_some_and(|at| at <= now) && rows.resting_first(name)?.next().is_some();
    let policy = rows.policy();
    let Some(receiver) = policy.receiver(name) else {
        let is_to_park = retry.is_some() || is_time;
        let look_at = if is_to_park { park_receiver(rows, name, now)? } else { pace.look_at };
        // Until it comes back there is nothing to try. What is not due yet is given up when it is.
        let pace = rows.pace(name);
        rows.set_pace(name, Pace { look_at, try_at: None, ..pace });
        return Ok(None);
    };
    if let Some(message) = retry {
        if split_to_fit(rows, &message, receiver.max_members, now)? {
            return claim_from(rows, name, now);
        }
        return send_again(rows, message, now).map(Some);
    }
    let to = LookFor { receiver: name, group_wait: receiver.group_wait };
    if is_time && let Some(outgoing) = send_what_waits(rows, to, receiver, now)? {
        return Ok(Some(outgoing));
    }
    if is_time_to_try { try_again(rows, to, now) } else { Ok(None) }
}

fn send_what_waits(
    rows: &mut dyn Rows,
    to: LookFor<'_>,
    receiver: &ReceiverPolicy,
    now: Time,
) -> Result<Option<Outgoing>, StoreError> {
    let mut looked = Looked::default();
    let mut last = None;
    loop {
        let page = rows.worst_first(to.receiver, last, Looked::ENOUGH)?;
        last = page.last().copied();
        look(&*rows, page.iter().copied().map(Ok), to, &mut looked, now)?;
        if looked.is_enough() || page.len() < Looked::ENOUGH {
            break;
        }
    }
    looked.sendable.sort_unstable_by_key(|delivery| delivery.id);
    for delivery in looked.dropped {
        forget_flapping(rows, &delivery)?;
        rows.update_delivery(delivery)?;
    }
    // What is was not looked at.
    let is_blocked = |_: &Matter| false;
    let mut severities = HashMap::new();
    for delivery in &looked.sendable {
        severities.insert(delivery.check, Severity::of(&rows.definition(delivery.check)?.labels));
    }
    let severity = |check: CheckId| severities[&check].clone();
    let departure = freeze(&looked.sendable, is_blocked, severity, receiver, now);
    let (leaving, next) = match departure {
        Departure::Leaves(ids) => (ids, Some(now)),
        Departure::Waits(next) => (Vec::new(), next),
    };
    let pace = rows.pace(to.receiver);
    let look_at = looked.next.into_iter().chain(next).min();
    rows.set_pace(to.receiver, Pace { look_at, ..pace });
    if leaving.is_empty() {
        return Ok(None);
    }
    let sendable = looked.sendable;
    let of = |id: DeliveryId| sendable.iter().find(|row| row.id == id).expect("what leaves may").clone();
    let members: Vec<Delivery> = leaving.into_iter().map(of).collect();
    send(rows, to.receiver, members, now).map(Some)
}
