//! One receiver's queue. Receivers do not wait for each other (12.7).

use std::collections::{BTreeMap, BTreeSet};

use super::departures::Departs;
use super::queue::WaitingIds;
use crate::core::incident::Matter;
use crate::core::outbox::{Delivery, DeliveryId, DeliveryState, Message, MessageId};
use crate::core::time::Time;
use crate::store::work::Pace;

/// When a message is sent again: of those of one time the one with the oldest member goes first, so that the parts of one that
/// was split follow its order.
pub(super) type RetryOrder = (Time, Option<DeliveryId>);

/// A member of a message that is not settled, and what it tells of.
type StillTold = (DeliveryId, Matter);

/// What waits for one receiver, is being sent to it, or is sent or tried again.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) waiting: WaitingIds,
    /// Those that are not settled, and what they still tell of; `None`: being sent.
    messages: BTreeMap<MessageId, (Option<RetryOrder>, Vec<StillTold>)>,
    /// Those of these that wait to be sent again.
    retries: BTreeSet<(RetryOrder, MessageId)>,
    /// The message that is being sent now: at most one for each receiver.
    pub(super) under_way: Option<MessageId>,
    /// Those that rest, by when they are tried again.
    pub(super) given_up: BTreeSet<(Time, DeliveryId)>,
    pub(super) pace: Pace,
}

impl Lane {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.messages.is_empty() && self.given_up.is_empty()
    }

    /// Takes a message as its row is now, not settled. Of its members `matter` says what they still tell of.
    pub(super) fn put_message(&mut self, message: &Message, matter: impl Fn(DeliveryId) -> Option<Matter>) {
        let id = message.id;
        let matters = match self.messages.remove(&id) {
            Some((retry, mut matters)) => {
                self.forget_attempt(id, retry);
                for (_, told) in matters.extract_if(.., |(member, _)| matter(*member).is_none()) {
                    self.waiting.unblock(&told);
                }
                matters
            }
            None => {
                let members = message.members.iter();
                let matters: Vec<_> = members.filter_map(|id| Some((*id, matter(*id)?))).collect();
                matters.iter().for_each(|(_, matter)| self.waiting.block(matter));
                matters
            }
        };
        let retry = message.retry_at.map(|at| (at, message.members.first().copied()));
        self.messages.insert(id, (retry, matters));
        match retry {
            Some(retry) => drop(self.retries.insert((retry, id))),
            None => {
                assert!(self.under_way.is_none(), "a receiver gets one message at a time");
                self.under_way = Some(id);
            }
        }
    }

    pub(super) fn forget_message(&mut self, id: MessageId) {
        if let Some((retry, matters)) = self.messages.remove(&id) {
            self.forget_attempt(id, retry);
            matters.iter().for_each(|(_, matter)| self.waiting.unblock(matter));
        }
    }

    fn forget_attempt(&mut self, id: MessageId, retry: Option<RetryOrder>) {
        match retry {
            Some(retry) => drop(self.retries.remove(&(retry, id))),
            None => self.under_way = None,
        }
    }

    /// Those that are not settled.
    pub(super) fn messages(&self) -> impl Iterator<Item = &MessageId> {
        self.messages.keys()
    }

    /// The message that is sent again first, and when.
    pub(super) fn next_retry(&self) -> Option<(Time, MessageId)> {
        self.retries.first().map(|((at, _), id)| (*at, *id))
    }

    /// Since when something may leave.
    pub(super) fn departs(&self) -> Option<Departs> {
        if self.under_way.is_some() {
            return None;
        }
        let retry_at = self.next_retry().map(|(at, _)| at);
        let returns_at = self.waiting.returns_at();
        let since =
            [retry_at, returns_at, self.pace.look_at, self.pace.try_at].into_iter().flatten().min()?;
        Some(Departs { since, limited_until: self.pace.limited_until.filter(|until| *until > since) })
    }

    /// Where nothing waits or rests there is nothing to look at, until more comes with a time of its own.
    pub(super) fn forget_vain_times(&mut self) {
        self.pace.look_at = self.pace.look_at.filter(|_| !self.waiting.is_empty());
        self.pace.try_at = self.pace.try_at.filter(|_| !self.given_up.is_empty());
    }

    /// One of those that wait or rest is looked at again.
    pub(super) fn ask(&mut self, delivery: &Delivery, now: Time) {
        match delivery.state {
            DeliveryState::Waiting if self.waiting.ask(delivery.id) => self.pace.look_by(now),
            DeliveryState::Parked { .. } => self.pace.try_by(now),
            _ => {}
        }
    }

    /// Those whose time has come are looked at again, at most so many. Answers whether there are more.
    pub(super) fn let_return(&mut self, limit: usize, now: Time) -> bool {
        let returned = self.waiting.let_return(limit, now);
        if returned > 0 {
            self.pace.look_by(now);
        }
        returned == limit
    }

    /// What [`crate::core::route::route`] looks at is another: so may be its answers.
    pub(super) fn look_anew(&mut self, now: Time) {
        if self.waiting.candidates() > 0 {
            self.pace.look_by(now);
        }
        if !self.given_up.is_empty() {
            self.pace.try_by(now);
        }
    }
}
