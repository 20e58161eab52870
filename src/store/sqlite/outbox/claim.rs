//! Which messages may leave now (12.3): those whose retry is due, else what waits.

use std::collections::HashSet;

use crate::core::cause::Cause;
use crate::core::check::CheckId;
use crate::core::incident::{IncidentStatus, PUNCTUAL};
use crate::core::outbox::{
    CancelReason, Delivery, DeliveryId, DeliveryKind, DeliveryState, Departure, Message, MessageId,
    ParkReason, Telling, freeze,
};
use crate::core::route::{ReceiverName, ReceiverPolicy, Verdict, is_own_receiver};
use crate::core::time::{Span, Time};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::tx::Tx;
use crate::store::work::{self, Noted, Question, Rows as _, SeenCheck};
use crate::store::{Outgoing, StoreError};

impl SqliteStore {
    pub(in crate::store::sqlite) fn claim_at(&mut self, now: Time) -> Result<Vec<Outgoing>, StoreError> {
        // Before the first configuration nobody knows who is to be told.
        if self.settings.is_none() {
            return Ok(Vec::new());
        }
        let claimed = self.transact(|tx| {
            let mut outgoing = Vec::new();
            let mut own_places = tx.memory.outbox.own_places();
            for name in tx.memory.outbox.due(now) {
                let is_own = is_own_receiver(&name);
                if is_own && (own_places == 0 || tx.is_limited(&name, now)) {
                    continue;
                }
                let Some(claimed) = tx.claim_from(&name, now)? else { continue };
                if is_own {
                    own_places -= 1;
                    tx.count_own(&claimed, now);
                }
                outgoing.push(claimed);
            }
            Ok(outgoing)
        })?;
        self.handed.extend(claimed.iter().map(|outgoing| outgoing.message.id));
        Ok(claimed)
    }
}

/// What a look at some of a lane's deliveries showed.
#[derive(Default)]
pub(super) struct LaneLook {
    pub(super) sendable: Vec<Delivery>,
    pub(super) dropped: Vec<Delivery>,
    /// When what is held is to be looked at again.
    pub(super) next: Option<Time>,
}

impl Tx<'_> {
    fn claim_from(&mut self, name: &ReceiverName, now: Time) -> Result<Option<Outgoing>, StoreError> {
        let outbox = &self.memory.outbox;
        let lane = &outbox.lanes[name];
        if lane.under_way.is_some() {
            return Ok(None);
        }
        let retry = outbox.next_retry(lane).filter(|(at, _)| *at <= now).map(|(_, id)| id);
        let is_time = lane.look_at.is_some_and(|at| at <= now);
        let is_time_to_try = !lane.given_up.is_empty() && lane.try_at.is_some_and(|at| at <= now);
        let policy = self.policy();
        let Some(receiver) = policy.receiver(name) else {
            if retry.is_some() || is_time {
                self.park_lane(name, now)?;
            }
            if let Some(lane) = self.memory.outbox.lanes.get_mut(name) {
                // Until it comes back there is nothing to try.
                lane.try_at = None;
            }
            return Ok(None);
        };
        if let Some(id) = retry {
            let message = self.memory.outbox.messages[&id].clone();
            if work::split_to_fit(self, &message, receiver.max_members, now)? {
                return self.claim_from(name, now);
            }
            return self.send_again(message, now).map(Some);
        }
        let blocked = self.blocked(name);
        if is_time && let Some(outgoing) = self.send_what_waits(name, &blocked, receiver, now)? {
            return Ok(Some(outgoing));
        }
        if is_time_to_try { self.try_again(name, &blocked, receiver.group_wait, now) } else { Ok(None) }
    }

    fn send_what_waits(
        &mut self,
        name: &ReceiverName,
        blocked: &HashSet<CheckId>,
        receiver: &ReceiverPolicy,
        now: Time,
    ) -> Result<Option<Outgoing>, StoreError> {
        self.rank_waiting(name);
        let waiting = self.memory.outbox.lanes[name].waiting.worst_first();
        let mut look = self.look(name, waiting, blocked, receiver.group_wait, now);
        look.sendable.sort_unstable_by_key(|delivery| delivery.id);
        for delivery in look.dropped {
            work::forget_flapping(self, &delivery)?;
            self.update_delivery(delivery)?;
        }
        let is_blocked = |check: CheckId| blocked.contains(&check);
        let departure = freeze(&look.sendable, is_blocked, |check| self.severity(check), receiver, now);
        let (leaving, next) = match departure {
            Departure::Leaves(ids) => (ids, Some(now)),
            Departure::Waits(next) => (Vec::new(), next),
        };
        if let Some(lane) = self.memory.outbox.lanes.get_mut(name) {
            lane.look_at = look.next.into_iter().chain(next).min();
        }
        if leaving.is_empty() { Ok(None) } else { self.send(name, leaving, now).map(Some) }
    }

    /// Checks with a delivery in a message that is not settled: what follows waits for it (12.5).
    fn blocked(&self, name: &ReceiverName) -> HashSet<CheckId> {
        let outbox = &self.memory.outbox;
        let messages = outbox.lanes[name].messages.iter();
        let members = messages.flat_map(|id| &outbox.messages[id].members);
        members.map(|member| outbox.deliveries[member].check).collect()
    }

    /// Asks `route` about those of these deliveries that are not blocked, in their order, until there is more than enough
    /// for any message: the worst of it leaves first.
    pub(super) fn look<'i>(
        &self,
        name: &ReceiverName,
        ids: impl Iterator<Item = &'i DeliveryId>,
        blocked: &HashSet<CheckId>,
        group_wait: Span,
        now: Time,
    ) -> LaneLook {
        let outbox = &self.memory.outbox;
        let mut look = LaneLook::default();
        let mut ready = 0;
        for id in ids {
            let delivery = &outbox.deliveries[id];
            if blocked.contains(&delivery.check) {
                continue;
            }
            if ready == 2 * Message::MAX_MEMBERS {
                break;
            }
            if self.is_gone(name, delivery) {
                let state = DeliveryState::Cancelled(CancelReason::Removed);
                look.dropped.push(Delivery { state, ..delivery.clone() });
                continue;
            }
            let verdict = self.verdict_now(delivery, group_wait, now);
            let next = verdict.next_look().into_iter();
            look.next = look.next.into_iter().chain(next).min();
            match verdict {
                Verdict::Send => {
                    ready += usize::from(delivery.ready_at() <= now);
                    look.sendable.push(delivery.clone());
                }
                Verdict::Hold(_) => {}
                Verdict::Drop(reason) => {
                    let state = DeliveryState::Cancelled(reason.cancels());
                    look.dropped.push(Delivery { state, ..delivery.clone() });
                }
            }
        }
        look
    }

    /// Whether whom or what it is about is gone: own addresses (16.4), or a check of which only that it flaps is to be told.
    fn is_gone(&self, name: &ReceiverName, delivery: &Delivery) -> bool {
        let check = &self.memory.checks[&delivery.check].check;
        match delivery.kind {
            DeliveryKind::Flapping(_) => check.known().state.archived.is_some(),
            _ => is_own_receiver(name) && check.definition.emails.is_empty(),
        }
    }

    fn verdict_now(&self, delivery: &Delivery, group_wait: Span, now: Time) -> Verdict {
        let slot = &self.memory.checks[&delivery.check];
        let (causes, is_paused) = {
            let known = slot.check.known();
            (known.state.causes.as_slice().to_vec(), known.state.pause.since().is_some())
        };
        let (incident, causes) = self.stands_now(delivery, causes);
        let seen = SeenCheck { definition: &slot.check.definition, causes: &causes, is_paused, incident };
        let dependencies = &work::dependencies(self, seen.definition);
        let (kind, ready_at) = (delivery.kind, delivery.ready_at());
        work::verdict(self, Question { seen, dependencies, kind, ready_at, group_wait }, now)
    }

    /// Where its incident stands for a delivery, and by which causes of the check it is asked about.
    fn stands_now(&self, delivery: &Delivery, causes: Vec<Cause>) -> (IncidentStatus, Vec<Cause>) {
        let outbox = &self.memory.outbox;
        let Some(incident) = outbox.incidents.get(&delivery.incident) else {
            return (IncidentStatus::Resolved, causes);
        };
        if let DeliveryKind::Flapping(_) = delivery.kind {
            // What it tells of has ended. Somebody may be on what has begun since.
            let open = outbox.open_incident(delivery.check);
            return (open.map_or(IncidentStatus::Open, |open| open.status), vec![incident.first]);
        }
        (incident.stands_for(delivery.action, &causes), causes)
    }

    pub(super) fn send(
        &mut self,
        name: &ReceiverName,
        members: Vec<DeliveryId>,
        now: Time,
    ) -> Result<Outgoing, StoreError> {
        let notices = self.freeze_notices(&members, now)?;
        let message = Message {
            id: MessageId(0),
            receiver: name.clone(),
            key: String::new(),
            members,
            created_at: now,
            attempts: 1,
            attempts_here: 1,
            retry_at: None,
            origin: None,
        };
        let message = self.insert_message(message, &notices)?;
        self.update_message(message.clone(), None)?;
        for id in &message.members {
            let delivery = self.memory.outbox.deliveries[id].clone();
            let state = DeliveryState::InMessage(message.id);
            self.update_delivery(Delivery { state, ..delivery })?;
        }
        Ok(Outgoing { message, notices })
    }

    fn send_again(&mut self, mut message: Message, now: Time) -> Result<Outgoing, StoreError> {
        message.attempts = message.attempts.saturating_add(1);
        message.attempts_here = message.attempts_here.saturating_add(1);
        message.retry_at = None;
        self.update_message(message.clone(), None)?;
        let notices = match self.frozen(&message)? {
            Some(notices) => notices,
            None => {
                tracing::error!(
                    key = message.key,
                    "what it said cannot be read: it says how things stand now"
                );
                self.freeze_notices(&message.members, now)?
            }
        };
        Ok(Outgoing { message, notices })
    }

    /// 12.3: the receiver is no longer configured.
    fn park_lane(&mut self, name: &ReceiverName, now: Time) -> Result<(), StoreError> {
        let lane = &self.memory.outbox.lanes[name];
        let messages = lane.messages.clone();
        let waiting: Vec<DeliveryId> = lane.waiting.ids().copied().collect();
        for id in messages {
            let message = self.memory.outbox.messages[&id].clone();
            work::park(self, &message, ParkReason::ReceiverGone, None, now)?;
        }
        for id in waiting {
            let delivery = self.memory.outbox.deliveries[&id].clone();
            let told = Noted { what: Telling::Parked, message: None, answer: "" };
            work::note(self, &delivery, told, PUNCTUAL, now)?;
            work::park_delivery(self, delivery, ParkReason::ReceiverGone, None, now)?;
        }
        self.memory.outbox.forget_lane(name);
        tracing::error!(receiver = %name, "deliveries were given up: the receiver is no longer configured");
        Ok(())
    }
}
