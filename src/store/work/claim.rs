//! Which messages leave now (12.3): those whose retry is due, else what waits.

use std::collections::{BTreeSet, HashMap};

use super::flapping::forget_flapping;
use super::look::{LookFor, Looked, look};
use super::own::{count_own, is_limited};
use super::pace::Pace;
use super::park::park_receiver;
use super::reminders::pass_on;
use super::rows::Rows;
use super::send::{send, send_again};
use super::settle::{TakenBefore, settle_the_rest};
use super::split::split_to_fit;
use super::try_again::try_again;
use crate::core::check::CheckId;
use crate::core::incident::Matter;
use crate::core::notice::Severity;
use crate::core::outbox::{Delivery, DeliveryId, DeliveryKind, Departure, Message, Topic, freeze};
use crate::core::route::{HeldBy, ReceiverName, ReceiverPolicy};
use crate::core::time::Time;
use crate::store::{Outgoing, StoreError};

/// So many notices are enough for one call: what else is due leaves with the next, and what happens meanwhile goes between.
const ENOUGH_NOTICES: usize = 64;

/// What leaves, to each receiver one message at most: its attempt is counted with this call.
pub(in crate::store) fn claim(rows: &mut dyn Rows, now: Time) -> Result<Vec<Outgoing>, StoreError> {
    if rows.let_asked_return(rows.pieces().returned, now) {
        // Until all of it is back nobody knows what is worst, nor what comes first of a matter: the rest follows at once.
        return Ok(Vec::new());
    }
    let (mut outgoing, mut notices, mut looked, mut last) = (Vec::new(), 0, 0, None);
    while notices < ENOUGH_NOTICES
        && looked < Looked::MOST
        && let Some(next) = rows.next_due(now, last.as_ref())
    {
        if let Some(claimed) = claim_from(rows, &next.1, &mut looked, now)? {
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
    let (mut looked, mut last) = (0, None);
    while places > 0
        && looked < Looked::MOST
        && let Some(next) = rows.next_own_due(now, last.as_ref())
    {
        looked += 1;
        if !is_limited(rows, &next.1, now)?
            && let Some(claimed) = claim_from(rows, &next.1, &mut looked, now)?
        {
            places -= 1;
            count_own(rows, &claimed, now);
            outgoing.push(claimed);
        }
        last = Some(next);
    }
    Ok(())
}

/// What leaves for one receiver. Counts how much was looked at for that.
fn claim_from(
    rows: &mut dyn Rows,
    name: &ReceiverName,
    looked: &mut usize,
    now: Time,
) -> Result<Option<Outgoing>, StoreError> {
    if rows.is_under_way(name)? {
        return Ok(None);
    }
    if rows.let_return(name, rows.pieces().returned, now) {
        *looked += Looked::MOST;
        return Ok(None);
    }
    let retry = rows.next_retry(name)?.filter(|message| message.retry_at <= Some(now));
    if let Some(message) = &retry
        && settle_the_rest(rows, message, now)? != TakenBefore::No
    {
        *looked += rows.pieces().settled;
        return Ok(None);
    }
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
            return claim_from(rows, name, looked, now);
        }
        return send_again(rows, message, now).map(Some);
    }
    let to = LookFor { receiver: name, group_wait: receiver.group_wait };
    if is_time {
        let waiting = look_at_the_worst(rows, to, now)?;
        *looked += waiting.looked.count();
        if let Some(outgoing) = send_what_waits(rows, waiting, receiver, now)? {
            *looked += outgoing.message.members.len();
            return Ok(Some(outgoing));
        }
    }
    if is_time_to_try { try_again(rows, to, now) } else { Ok(None) }
}

/// What of a receiver was looked at.
struct LookedAt<'a> {
    to: LookFor<'a>,
    looked: Looked,
    /// More may leave, and perhaps worse: it is looked at next.
    is_more: bool,
}

fn look_at_the_worst<'a>(
    rows: &mut dyn Rows,
    to: LookFor<'a>,
    now: Time,
) -> Result<LookedAt<'a>, StoreError> {
    let mut waiting = LookedAt { to, looked: Looked::one_of_each(), is_more: false };
    let looked = &mut waiting.looked;
    let mut last = None;
    loop {
        let page = rows.worst_first(to.receiver, last, Looked::ENOUGH)?;
        last = page.last().copied();
        look(&*rows, page.iter().copied().map(Ok), to, looked, now)?;
        if looked.is_enough() || page.len() < Looked::ENOUGH {
            break;
        }
        if looked.count() >= Looked::MOST {
            waiting.is_more = true;
            break;
        }
    }
    // Nothing overtakes what is not due yet of an earlier incident.
    let mut before = BTreeSet::new();
    for row in &looked.sendable {
        for id in rows.aside_before(row)? {
            let is_due = rows.delivery(id)?.is_some_and(|row| row.ready_at() <= now);
            before.extend(Some(id).filter(|_| !is_due));
        }
    }
    // Apart, for it is looked at however much there is.
    let mut earlier = Looked::default();
    look(&*rows, before.into_iter().map(Ok), to, &mut earlier, now)?;
    looked.add(earlier);
    Ok(waiting)
}

fn send_what_waits(
    rows: &mut dyn Rows,
    waiting: LookedAt<'_>,
    receiver: &ReceiverPolicy,
    now: Time,
) -> Result<Option<Outgoing>, StoreError> {
    let LookedAt { to, looked, is_more } = waiting;
    let (ready, has_put_aside) = (looked.ready, looked.has_put_aside());
    let (sendable, is_passed_on) = put_aside(rows, looked, now)?;
    // What a message under way tells of was not looked at.
    let is_blocked = |_: &Matter| false;
    let mut severities = HashMap::new();
    for delivery in &sendable {
        severities.insert(delivery.check, Severity::of(&rows.definition(delivery.check)?.labels));
    }
    let severity = |check: CheckId| severities[&check].clone();
    // Those that are worst were looked at first: where they fill a message it need not wait. Where nothing was put aside, to look
    // again would see the same.
    let leaving = if is_more && has_put_aside && ready < receiver.max_members {
        Departure::Waits(Some(now))
    } else {
        freeze(&sendable, is_blocked, severity, receiver, now)
    };
    let (leaving, next) = match leaving {
        Departure::Leaves(ids) => (ids, Some(now)),
        Departure::Waits(_) if is_more || is_passed_on => (Vec::new(), Some(now)),
        Departure::Waits(next) => (Vec::new(), next),
    };
    let pace = rows.pace(to.receiver);
    rows.set_pace(to.receiver, Pace { look_at: next, ..pace });
    if leaving.is_empty() {
        return Ok(None);
    }
    let mut members = sendable;
    members.retain(|row| leaving.binary_search(&row.id).is_ok());
    let members = with_all_records(rows, to, members, now)?;
    send(rows, to.receiver, members, now).map(Some)
}

/// What was looked at and is not to leave now is put where it waits. Answers what may leave, in the order of their
/// ids, and whether something waits in the place of what a mute holds.
fn put_aside(rows: &mut dyn Rows, looked: Looked, now: Time) -> Result<(Vec<Delivery>, bool), StoreError> {
    let mut is_passed_on = false;
    let Looked { mut sendable, dropped, held, .. } = looked;
    sendable.sort_unstable_by_key(|delivery| delivery.id);
    for delivery in dropped {
        forget_flapping(rows, &delivery)?;
        rows.update_delivery(delivery)?;
    }
    for (id, until, by) in held {
        let is_muted = by.iter().any(|by| matches!(by, HeldBy::Mute(_)));
        if is_muted && pass_on(rows, id, now)? {
            is_passed_on = true;
        } else {
            rows.set_aside(id, until, by);
        }
    }
    for delivery in sendable.iter().filter(|delivery| delivery.ready_at() > now) {
        rows.set_aside(delivery.id, Some(delivery.ready_at()), Vec::new());
    }
    Ok((sendable, is_passed_on))
}

/// Whether something of an earlier incident stands aside that comes before it.
fn overtakes(rows: &dyn Rows, row: &Delivery) -> Result<bool, StoreError> {
    for id in rows.aside_before(row)? {
        if rows.delivery(id)?.is_some_and(|earlier| earlier.incident != row.incident) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// With all that is ready of each check of whose records some leave: they are told as one, however many they are (12.3).
fn with_all_records(
    rows: &mut dyn Rows,
    to: LookFor<'_>,
    mut members: Vec<Delivery>,
    now: Time,
) -> Result<Vec<Delivery>, StoreError> {
    let of_records = |topic: Topic| match topic {
        Topic::Records(check) => Some(check),
        Topic::One(_) => None,
    };
    let flaps = |row: &&Delivery| matches!(row.kind, DeliveryKind::Flapping(_));
    let flapping: BTreeSet<Matter> = members.iter().filter(flaps).map(|row| row.matter()).collect();
    let checks: BTreeSet<CheckId> = members.iter().filter_map(|row| of_records(row.topic())).collect();
    for check in checks {
        let left = Message::MAX_DELIVERIES.saturating_sub(members.len());
        let is_there: BTreeSet<DeliveryId> = members.iter().map(|row| row.id).collect();
        let mut ids = rows.waiting_of_records(check, to.receiver, Message::MAX_DELIVERIES)?;
        ids.retain(|id| !is_there.contains(id));
        ids.truncate(left);
        if ids.is_empty() {
            continue;
        }
        let mut looked = Looked::up_to(Message::MAX_DELIVERIES);
        look(&*rows, ids.into_iter().map(Ok), to, &mut looked, now)?;
        let (mut more, _) = put_aside(rows, looked, now)?;
        more.retain(|row| row.ready_at() <= now);
        for row in more {
            // 12.5e: what is told of it after a notice that it flaps leaves after that.
            if !flapping.contains(&row.matter()) && !overtakes(&*rows, &row)? {
                members.push(row);
            }
        }
    }
    members.sort_unstable_by_key(|row| row.id);
    Ok(members)
}
