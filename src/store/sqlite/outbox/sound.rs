//! What is kept in an order must be what a walk through all of it finds: asked after each call where the program is tested.

use std::collections::{BTreeMap, BTreeSet};

use super::aside::Holds;
use super::departures::Departs;
use super::lane::Lane;
use super::lanes::Lanes;
use crate::core::incident::Matter;
use crate::core::outbox::{Delivery, DeliveryId, DeliveryState, Message, MessageId};
use crate::core::route::is_own_receiver;

/// What is more than this is not walked through: tests of so much measure how long a call takes.
const MOST: usize = 10_000;

/// All that is looked at.
pub(super) struct Walk<'o> {
    pub(super) lanes: &'o Lanes,
    pub(super) deliveries: &'o BTreeMap<DeliveryId, Delivery>,
    pub(super) messages: &'o BTreeMap<MessageId, Message>,
    pub(super) holds: &'o Holds,
    pub(super) own_under_way: usize,
}

impl Walk<'_> {
    /// What is otherwise; `None`: nothing that was seen.
    pub(super) fn fault(&self) -> Option<String> {
        if self.deliveries.len().max(self.lanes.len()) > MOST {
            return None;
        }
        let is_own = |message: &&Message| message.retry_at.is_none() && is_own_receiver(&message.receiver);
        let under_way = self.messages.values().filter(is_own).count();
        if under_way != self.own_under_way {
            return Some(format!("{under_way} own mails are under way, not {}", self.own_under_way));
        }
        let is_there = |id: &&DeliveryId| self.deliveries.get(id).is_some_and(may_be_held);
        if let Some(id) = self.holds.ids().find(|id| !is_there(id)) {
            return Some(format!("{id:?} is held, and neither waits nor rests"));
        }
        let (mut messages, mut departures, mut waiting) = (0, 0, 0);
        for (name, lane) in self.lanes.iter() {
            let departs = self.departs(lane);
            messages += lane.messages().count();
            departures += usize::from(departs.is_some());
            waiting += lane.waiting.ids().count();
            let is_there = departs.is_none_or(|departs| self.lanes.leaves(name, departs));
            let fault = self.fault_of_messages(lane).or_else(|| self.fault_of_waiting(lane));
            let fault =
                fault.or_else(|| (!is_there).then(|| format!("{departs:?} is not known of {lane:?}")));
            if let Some(fault) = fault {
                return Some(format!("{name}: {fault}"));
            }
        }
        let all_waiting = self.deliveries.values().filter(|row| row.state == DeliveryState::Waiting).count();
        let known = (self.messages.len(), self.lanes.departures(), all_waiting);
        let found = (messages, departures, waiting);
        (known != found)
            .then(|| format!("there are {found:?} messages, departures and rows that wait, not {known:?}"))
    }

    fn messages(&self, lane: &Lane) -> impl Iterator<Item = &Message> {
        lane.messages().map(|id| &self.messages[id])
    }

    fn fault_of_messages(&self, lane: &Lane) -> Option<String> {
        let retries = self.messages(lane).filter_map(|message| Some((message.retry_at?, message)));
        let next = retries.min_by_key(|(at, message)| (*at, message.members.first().copied()));
        let next = next.map(|(at, message)| (at, message.id));
        if lane.next_retry() != next {
            return Some(format!("{next:?} is sent again first, not {:?}", lane.next_retry()));
        }
        let under_way = self.messages(lane).find(|message| message.retry_at.is_none());
        let under_way = under_way.map(|message| message.id);
        (lane.under_way != under_way).then(|| format!("{under_way:?} is under way, not {:?}", lane.under_way))
    }

    fn fault_of_waiting(&self, lane: &Lane) -> Option<String> {
        let members = self.messages(lane).flat_map(|message| &message.members);
        let left = members.filter_map(|id| self.deliveries.get(id));
        let in_messages: BTreeSet<Matter> = left.map(|row| row.matter()).collect();
        let is_known = |id: &&DeliveryId| {
            let row = &self.deliveries[id];
            let is_blocked = in_messages.contains(&row.matter());
            row.state == DeliveryState::Waiting && is_blocked == lane.waiting.is_blocked(**id)
        };
        let other = lane.waiting.ids().find(|id| !is_known(id));
        other.map(|id| format!("{id:?} does not wait as it should: {in_messages:?}"))
    }

    fn departs(&self, lane: &Lane) -> Option<Departs> {
        let is_under_way = self.messages(lane).any(|message| message.retry_at.is_none());
        let look_at = lane.pace.look_at.filter(|_| !lane.waiting.is_empty());
        let try_at = lane.pace.try_at.filter(|_| !lane.given_up.is_empty());
        let retries = self.messages(lane).filter_map(|message| message.retry_at);
        let returns_at = lane.waiting.ids().filter_map(|id| lane.waiting.returns(*id)).min();
        let since = retries.chain(look_at).chain(returns_at).chain(try_at).min().filter(|_| !is_under_way)?;
        Some(Departs { since, limited_until: lane.pace.limited_until.filter(|until| *until > since) })
    }
}

fn may_be_held(row: &Delivery) -> bool {
    matches!(row.state, DeliveryState::Waiting | DeliveryState::Parked { .. })
}
