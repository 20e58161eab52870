//! What of a receiver's deliveries may leave (8.1, 12.3).

use std::collections::BTreeSet;

use super::check_rows::CheckNow;
use super::rows::Rows;
use super::verdict::{Question, SeenCheck, dependencies, verdict_and_holds};
use crate::core::cause::{Cause, Causes};
use crate::core::check::CheckId;
use crate::core::incident::{Incident, IncidentStatus};
use crate::core::outbox::{CancelReason, Delivery, DeliveryId, DeliveryKind, DeliveryState, Message, Topic};
use crate::core::route::{HeldBy, ReceiverName, Verdict, is_own_receiver};
use crate::core::time::{Span, Time};
use crate::store::StoreError;

/// The receiver for which deliveries are looked at.
#[derive(Clone, Copy)]
pub(super) struct LookFor<'a> {
    pub(super) receiver: &'a ReceiverName,
    pub(super) group_wait: Span,
}

/// What came of it.
pub(super) struct Looked {
    /// Once so many are ready, no more is looked at.
    enough: usize,
    pub(super) sendable: Vec<Delivery>,
    pub(super) dropped: Vec<Delivery>,
    /// Until when, and what may end it before.
    pub(super) held: Vec<(DeliveryId, Option<Time>, Vec<HeldBy>)>,
    /// How many of the sendable may leave now.
    pub(super) ready: usize,
    /// Where one stands for all that is ready of a check's records: those of which one is sendable, and how many others were passed
    /// over for that.
    stood_for: Option<(BTreeSet<CheckId>, usize)>,
}

impl Default for Looked {
    fn default() -> Looked {
        Looked::up_to(Looked::ENOUGH)
    }
}

impl Looked {
    /// Of which so many are enough.
    pub(super) fn up_to(enough: usize) -> Looked {
        Looked {
            enough,
            sendable: Vec::new(),
            dropped: Vec::new(),
            held: Vec::new(),
            ready: 0,
            stood_for: None,
        }
    }

    /// More than enough for any message, but for records.
    pub(super) const ENOUGH: usize = 2 * Message::MAX_MEMBERS;
    /// The most that is looked at in one call: the rest follows at once, and what happens meanwhile goes between.
    pub(super) const MOST: usize = 4 * Looked::ENOUGH;

    pub(super) fn count(&self) -> usize {
        // Of what is passed over nothing is asked: it takes an eighth of the time.
        let passed_over = self.stood_for.as_ref().map_or(0, |(_, others)| *others / 8);
        self.sendable.len() + self.dropped.len() + self.held.len() + passed_over
    }

    /// Of each check's records one stands for all that is ready: they leave together, and must not hide what else is ready.
    pub(super) fn one_of_each() -> Looked {
        Looked { stood_for: Some((BTreeSet::new(), 0)), ..Looked::default() }
    }

    /// Whether another one of the same check's records stands for it.
    fn is_stood_for(&mut self, delivery: &Delivery, now: Time) -> bool {
        let (Some((checks, others)), Topic::Records(check)) = (&mut self.stood_for, delivery.topic()) else {
            return false;
        };
        let is_it = delivery.ready_at() <= now && checks.contains(&check);
        *others += usize::from(is_it);
        is_it
    }

    fn add_sendable(&mut self, delivery: Delivery, now: Time) {
        if delivery.ready_at() <= now {
            self.ready += 1;
            if let (Some((checks, _)), Topic::Records(check)) = (&mut self.stood_for, delivery.topic()) {
                checks.insert(check);
            }
        }
        self.sendable.push(delivery);
    }

    /// Whether some of it will not be looked at again at once.
    pub(super) fn has_put_aside(&self) -> bool {
        !self.held.is_empty() || !self.dropped.is_empty()
    }

    /// What was looked at beside this.
    pub(super) fn add(&mut self, other: Looked) {
        self.sendable.extend(other.sendable);
        self.dropped.extend(other.dropped);
        self.held.extend(other.held);
        self.ready += other.ready;
    }

    pub(super) fn is_enough(&self) -> bool {
        self.ready >= self.enough
    }
}

/// Asks `route` about those of these deliveries that are not blocked, in their order, until there is enough: the worst of it
/// leaves first.
pub(super) fn look(
    rows: &dyn Rows,
    ids: impl Iterator<Item = Result<DeliveryId, StoreError>>,
    to: LookFor<'_>,
    looked: &mut Looked,
    now: Time,
) -> Result<(), StoreError> {
    for id in ids {
        let delivery = rows.delivery(id?)?.expect("what waits or rests is unfinished");
        if looked.is_stood_for(&delivery, now) || rows.is_in_message(to.receiver, &delivery.matter())? {
            continue;
        }
        if looked.is_enough() {
            break;
        }
        let check = rows.check_now(delivery.check)?;
        if is_gone(rows, to.receiver, &delivery, &check)? {
            let state = DeliveryState::Cancelled(CancelReason::Removed);
            looked.dropped.push(Delivery { state, ..delivery });
            continue;
        }
        let (verdict, by) = verdict_now(rows, &delivery, &check, to.group_wait, now)?;
        match verdict {
            Verdict::Send => {
                looked.add_sendable(delivery, now);
            }
            Verdict::Hold(_) => looked.held.push((delivery.id, verdict.next_look(), by)),
            Verdict::Drop(reason) => {
                let state = DeliveryState::Cancelled(reason.cancels());
                looked.dropped.push(Delivery { state, ..delivery });
            }
        }
    }
    Ok(())
}

/// Whether whom or what it is about is gone: own addresses (16.4), or a check of which only that it flaps is to be told.
fn is_gone(
    rows: &dyn Rows,
    receiver: &ReceiverName,
    delivery: &Delivery,
    check: &CheckNow,
) -> Result<bool, StoreError> {
    Ok(match delivery.kind {
        DeliveryKind::Flapping(_) => check.is_archived,
        _ => is_own_receiver(receiver) && rows.definition(delivery.check)?.emails.is_empty(),
    })
}

fn verdict_now(
    rows: &dyn Rows,
    delivery: &Delivery,
    check: &CheckNow,
    group_wait: Span,
    now: Time,
) -> Result<(Verdict, Vec<HeldBy>), StoreError> {
    let definition = &rows.definition(delivery.check)?;
    let incident = rows.incident(delivery.incident)?;
    let about = incident.as_ref().map(Incident::about).unwrap_or_default();
    let causes = incident.as_ref().map_or_else(|| check.causes.clone(), |it| it.causes_in(&check.causes));
    let (incident, causes) = stands_now(rows, delivery, incident.as_ref(), &causes)?;
    let seen = SeenCheck { definition, causes, about, is_paused: check.is_paused, incident };
    let dependencies = &dependencies(rows, definition)?;
    let (kind, ready_at) = (delivery.kind, delivery.ready_at());
    let mutes = rows.mutes()?;
    Ok(verdict_and_holds(Question { seen, dependencies, mutes, kind, ready_at, group_wait }, now))
}

/// Where its incident stands for a delivery, and by which of its causes it is asked about.
fn stands_now<'a>(
    rows: &dyn Rows,
    delivery: &Delivery,
    incident: Option<&'a Incident>,
    causes: &'a Causes,
) -> Result<(IncidentStatus, &'a [Cause]), StoreError> {
    let Some(incident) = incident else { return Ok((IncidentStatus::Resolved, causes.as_slice())) };
    if let DeliveryKind::Flapping(_) = delivery.kind {
        // What it tells of has ended. Somebody may be on what has begun since.
        let open = rows.open_incident(&delivery.matter())?;
        let status = open.map_or(IncidentStatus::Open, |open| open.status);
        return Ok((status, std::slice::from_ref(&incident.first)));
    }
    Ok((incident.stands_for(delivery.action, causes.as_slice()), causes.as_slice()))
}
