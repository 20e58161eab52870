//! What is kept in an order must be what a walk through all of it finds: asked after each call where the program is tested.

use std::collections::BTreeMap;

use super::lane::Lane;
use crate::core::outbox::{Delivery, DeliveryId, Message, MessageId};
use crate::core::route::{ReceiverName, is_own_receiver};

/// What is more than this is not walked through: tests of so much measure how long a call takes.
const MOST: usize = 10_000;

/// All that is looked at.
pub(super) struct Walk<'o> {
    pub(super) lanes: &'o BTreeMap<ReceiverName, Lane>,
    pub(super) deliveries: &'o BTreeMap<DeliveryId, Delivery>,
    pub(super) messages: &'o BTreeMap<MessageId, Message>,
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
        let mut messages = 0;
        for (name, lane) in self.lanes {
            messages += lane.messages().count();
            if let Some(fault) = self.fault_of_messages(lane) {
                return Some(format!("{name}: {fault}"));
            }
        }
        (messages != self.messages.len()).then(|| format!("{messages} messages have a lane"))
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
}
