//! Incidents, deliveries and messages that are not finished, in memory beside their rows (§11, §12).
//!
//! What becomes of them is decided in `store/work`; here is the memory of it, which also knows when a receiver is looked at.

mod again;
mod departures;
mod depended_on;
mod lane;
mod lanes;
mod process;
mod queue;
pub(in crate::store) mod rows;
mod sound;
mod undo;
mod unstored;
mod work;

use depended_on::DependedOn;
use lane::Lane;
use lanes::Lanes;
use sound::Walk;
use undo::Undo;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::core::check::{CheckId, Name};
use crate::core::incident::{Incident, IncidentId, Matter};
use crate::core::notice::Severity;
use crate::core::outbox::{Delivery, DeliveryId, DeliveryKind, DeliveryState, Message, MessageId, OwnMails};
use crate::core::route::{ALL_OWN, ReceiverName, is_own_receiver};
use crate::core::time::Time;
use crate::store::live::{StanceTaken, StancesTaken, Waiting};

/// Everything that still has to be told, and what it is about.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Open ones, and ended ones of which something is still to be told.
    pub(super) incidents: BTreeMap<IncidentId, Incident>,
    /// At most one of each (11.1), those of one check beside each other.
    open: BTreeMap<Matter, IncidentId>,
    /// For readers.
    pub(super) answers: Arc<StancesTaken>,
    /// Those that wait, are in a message that is not settled, or rest: given up, and to be tried again.
    pub(super) deliveries: BTreeMap<DeliveryId, Delivery>,
    /// How many of these wait or are in a message, for readers.
    pub(super) unfinished_by_receiver: Arc<Waiting>,
    /// The same, by incident.
    by_incident: HashMap<IncidentId, BTreeSet<DeliveryId>>,
    /// Not settled.
    messages: BTreeMap<MessageId, Message>,
    lanes: Lanes,
    /// Names that some check depends on: their flips may let something go.
    pub(super) depended_on: DependedOn,
    /// Given up, and not told since.
    pub(super) parked: u64,
    /// How many of `deliveries` rest.
    resting: usize,
    pub(super) last_parked: Option<Time>,
    /// Mails of checks' own. No row holds this: a start has seen nothing, and a memory that is read anew keeps it.
    pub(super) own: OwnMails,
    /// How many of these are being sent now.
    own_under_way: usize,
    /// So many of them had to wait because their address had had enough, since the start.
    pub(super) limited: u64,
    /// What this call changes of what no row holds.
    undo: Undo,
}

/// Those of checks' own are counted together: there may be one for each check.
fn counted_as(receiver: &ReceiverName) -> ReceiverName {
    if is_own_receiver(receiver) { ReceiverName::from(ALL_OWN) } else { receiver.clone() }
}

fn is_own_under_way(message: &Message) -> bool {
    message.retry_at.is_none() && is_own_receiver(&message.receiver)
}

fn is_unfinished(delivery: &Delivery) -> bool {
    matches!(delivery.state, DeliveryState::Waiting | DeliveryState::InMessage(_))
}

impl Outbox {
    pub(super) fn open_incident(&self, of: &Matter) -> Option<&Incident> {
        self.incidents.get(self.open.get(of)?)
    }

    pub(super) fn put_incident(&mut self, incident: Incident) {
        self.note_answer(&incident);
        if incident.status.is_ended() {
            self.open.remove(&incident.matter());
            let of_it = self.by_incident.get(&incident.id);
            let of_it = of_it.map(|ids| ids.iter().copied().collect()).unwrap_or_default();
            self.forget_resting(of_it);
            if !self.by_incident.contains_key(&incident.id) {
                self.incidents.remove(&incident.id);
                return;
            }
        } else {
            self.open.insert(incident.matter(), incident.id);
        }
        self.incidents.insert(incident.id, incident);
    }

    /// What somebody has said of a check itself: readers ask by check.
    fn note_answer(&mut self, incident: &Incident) {
        if !incident.key.is_own() {
            return;
        }
        let answer = StanceTaken::of(incident);
        if self.answers.get(&incident.check) == answer.as_ref() {
            return;
        }
        // An incident that has ended may be another than the one that is open by now.
        let is_the_open = self.open.get(&incident.matter()).is_none_or(|open| *open == incident.id);
        match answer {
            Some(answer) => {
                Arc::make_mut(&mut self.answers).insert(incident.check, answer);
            }
            None if is_the_open => {
                Arc::make_mut(&mut self.answers).remove(&incident.check);
            }
            None => {}
        }
    }

    /// Takes a delivery as its row is now: an unfinished one is kept, a finished one forgotten. One that was given up rests
    /// while its incident goes on.
    pub(super) fn put_delivery(&mut self, delivery: Delivery) {
        self.count(&delivery);
        let is_resting = self.may_rest(&delivery);
        self.resting += usize::from(is_resting);
        let Outbox { lanes, undo, .. } = self;
        lanes.change(&delivery.receiver, |lane| {
            if delivery.state == DeliveryState::Waiting {
                lane.waiting.insert(delivery.id, delivery.matter());
            } else {
                lane.waiting.remove(delivery.id, delivery.matter());
            }
            if let Some(given_up) = delivery.given_up.filter(|_| is_resting) {
                lane.given_up.insert((given_up.due(), delivery.id));
                lane.pace.try_by(given_up.due());
                if given_up.tries > 0 && !given_up.offends() {
                    undo.note_pace(&delivery.receiver, lane.pace);
                    lane.pace.tried_at = lane.pace.tried_at.max(Some(given_up.at));
                }
            }
        });
        if is_resting || is_unfinished(&delivery) {
            self.by_incident.entry(delivery.incident).or_default().insert(delivery.id);
            let before = self.deliveries.insert(delivery.id, delivery);
            self.undo.note_delivery(before.as_ref());
        } else {
            self.forget_delivery(&delivery);
            self.forget_empty_lane(&delivery.receiver);
        }
    }

    /// What waits is counted, and what was given up until it is told, or need not be.
    fn count(&mut self, delivery: &Delivery) {
        let before = self.deliveries.get(&delivery.id).cloned();
        if let Some(before) = &before {
            self.parked -= u64::from(before.is_given_up());
            self.unrest(before);
        }
        self.parked += u64::from(delivery.is_given_up());
        let (was, is) = (before.is_some_and(|before| is_unfinished(&before)), is_unfinished(delivery));
        if was == is {
            return;
        }
        let counts = Arc::make_mut(&mut self.unfinished_by_receiver);
        let count = counts.entry(counted_as(&delivery.receiver)).or_default();
        *count = if is { *count + 1 } else { *count - 1 };
        if *count == 0 {
            counts.remove(&counted_as(&delivery.receiver));
        }
    }

    /// Whether it was given up, and is to be tried again.
    fn may_rest(&self, delivery: &Delivery) -> bool {
        let has_ended = self.incidents.get(&delivery.incident).is_some_and(|it| it.status.is_ended());
        let tells_bad = matches!(delivery.kind, DeliveryKind::Alert | DeliveryKind::Reminder);
        let is_parked = matches!(delivery.state, DeliveryState::Parked { .. });
        is_parked && delivery.given_up.is_some() && tells_bad && !has_ended
    }

    /// There may be one for each check, and every one is looked at after every commit.
    fn forget_empty_lane(&mut self, name: &ReceiverName) {
        if is_own_receiver(name)
            && self.lanes.get(name).is_some_and(Lane::is_empty)
            && let Some(lane) = self.lanes.take_out(name)
        {
            self.undo.note_pace(name, lane.pace);
        }
    }

    fn forget_delivery(&mut self, delivery: &Delivery) {
        let before = self.deliveries.remove(&delivery.id);
        self.undo.note_delivery(before.as_ref());
        if let Some(ids) = self.by_incident.get_mut(&delivery.incident) {
            ids.remove(&delivery.id);
            if ids.is_empty() {
                self.by_incident.remove(&delivery.incident);
                let has_ended = |incident: &Incident| incident.status.is_ended();
                if self.incidents.get(&delivery.incident).is_some_and(has_ended) {
                    self.incidents.remove(&delivery.incident);
                }
            }
        }
    }

    /// Takes a message as its row is now, not settled.
    pub(super) fn put_message(&mut self, message: Message) {
        let (receiver, id) = (message.receiver.clone(), message.id);
        let Outbox { lanes, deliveries, .. } = self;
        let members = message.members.iter().filter_map(|id| deliveries.get(id));
        lanes.change(&receiver, |lane| {
            lane.put_message(&message, || members.map(|member| member.matter()).collect());
        });
        self.own_under_way += usize::from(is_own_under_way(&message));
        let before = self.messages.insert(id, message);
        self.own_under_way -= usize::from(before.as_ref().is_some_and(is_own_under_way));
        self.undo.note_message(before.as_ref());
    }

    fn forget_message(&mut self, id: MessageId) {
        let Some(message) = self.messages.remove(&id) else { return };
        self.undo.note_message(Some(&message));
        self.own_under_way -= usize::from(is_own_under_way(&message));
        self.lanes.change_known(&message.receiver, |lane| lane.forget_message(id));
        self.forget_empty_lane(&message.receiver);
    }

    /// Something that [`crate::core::route::route`] looks at is another: every lane is looked at again.
    pub(super) fn look_everywhere(&mut self, now: Time) {
        self.lanes.change_all(|_, lane| lane.look_anew(now));
    }

    /// A check flipped: what waits because of it is looked at again.
    fn look_after_flip(&mut self, name: &Name, check: CheckId, now: Time) {
        if self.depended_on.has(name) {
            return self.look_everywhere(now);
        }
        let of_it = self.open.range(Matter::own(check)..).take_while(|(of, _)| of.check == check);
        let ids = of_it.filter_map(|(_, incident)| self.by_incident.get(incident)).flatten();
        for id in ids {
            self.lanes.change_known(&self.deliveries[id].receiver, |lane| lane.look_anew(now));
        }
    }

    /// When a message may leave next; `None`: not before something else happens.
    pub(super) fn next_claim(&self) -> Option<Time> {
        debug_assert_eq!(self.walk().fault(), None);
        let is_full = self.own.places(self.own_under_way) == 0;
        let own = self.lanes.own().next().filter(|_| !is_full);
        let own = own.map(|at| self.own.rests_until().map_or(at, |rests_until| at.max(rests_until)));
        own.into_iter().chain(self.lanes.others().next()).min()
    }

    /// The check's own receiver that has waited longest for a departure that is due, of those that come after one of them.
    fn next_own_due(
        &mut self,
        now: Time,
        after: Option<&(Time, ReceiverName)>,
    ) -> Option<(Time, ReceiverName)> {
        if self.own.rests_until() > Some(now) {
            return None;
        }
        self.lanes.own_mut().next_due(now, after)
    }

    fn walk(&self) -> Walk<'_> {
        let Outbox { lanes, deliveries, messages, own_under_way, .. } = self;
        Walk { lanes, deliveries, messages, own_under_way: *own_under_way }
    }

    /// What waits, is in a message or rests of this incident.
    fn unfinished(&self, incident: IncidentId) -> impl Iterator<Item = &Delivery> {
        let ids = self.by_incident.get(&incident).into_iter().flatten();
        ids.filter_map(|id| self.deliveries.get(id))
    }

    /// Checks of which something is open, or still to be told.
    pub(super) fn unfinished_checks(&self) -> HashSet<CheckId> {
        let open = self.open.keys().map(|of| of.check);
        open.chain(self.deliveries.values().map(|delivery| delivery.check)).collect()
    }

    /// What was given up of a receiver, and is to be tried again, by when that is.
    fn resting_of<'o>(&'o self, name: &ReceiverName) -> impl Iterator<Item = DeliveryId> + use<'o> {
        self.lanes.get(name).into_iter().flat_map(|lane| lane.given_up.iter().map(|(_, id)| *id))
    }

    /// What waits in a lane is looked at again.
    fn look_at_lane(&mut self, name: &ReceiverName, now: Time) {
        self.lanes.change_known(name, |lane| lane.look_anew(now));
    }

    pub(super) fn has_message(&self, id: MessageId) -> bool {
        self.messages.contains_key(&id)
    }

    /// How many incidents are open, deliveries wait or are under way, and deliveries were given up.
    pub(super) fn totals(&self) -> (usize, usize, u64) {
        (self.open.len(), self.deliveries.len() - self.resting, self.parked)
    }

    /// Checks are as severe as before no more: all that waits is ranked anew when it is looked at.
    pub(in crate::store::sqlite) fn forget_ranks(&mut self) {
        self.lanes.change_all(|_, lane| lane.waiting.forget_ranks());
    }

    /// Ranks what came for a receiver since the last look.
    pub(super) fn rank_waiting(&mut self, name: &ReceiverName, severity: impl Fn(CheckId) -> Severity) {
        let Outbox { lanes, deliveries, .. } = self;
        lanes.change_known(name, |lane| lane.waiting.rank(|id| severity(deliveries[&id].check)));
    }
}
