//! Incidents, deliveries and messages that are not finished, in memory beside their rows (§11, §12).
//!
//! What becomes of them is decided in `store/work`; here is the memory of it, which also knows when a receiver is looked at.

mod again;
mod aside;
mod before;
mod departures;
mod lane;
mod lanes;
mod process;
mod queue;
pub(super) mod records;
pub(in crate::store) mod rows;
mod said;
pub(super) mod shown;
mod sound;
mod terms;
mod told;
mod undo;
mod work;

use aside::Holds;
use lane::Lane;
use lanes::Lanes;
use sound::Walk;
use terms::Terms;
use told::FirstTold;
use undo::Undo;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::core::check::CheckId;
use crate::core::incident::{Incident, IncidentId, Matter};
use crate::core::notice::Severity;
use crate::core::outbox::{Delivery, DeliveryId, DeliveryState, Message, MessageId, OwnMails};
use crate::core::route::{ALL_OWN, HeldBy, ReceiverName, is_own_receiver};
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
    /// The incidents of these, by check.
    of_checks: BTreeSet<(CheckId, IncidentId)>,
    /// Reminders of records that wait, by check.
    record_reminders: BTreeSet<(CheckId, DeliveryId)>,
    told: FirstTold,
    pub(super) terms: Terms,
    /// Not settled.
    messages: BTreeMap<MessageId, Message>,
    lanes: Lanes,
    holds: Holds,
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
        let id = incident.id;
        self.note_answer(&incident);
        self.terms.put(&incident);
        if incident.status.is_ended() {
            if self.open.get(&incident.matter()) == Some(&id) {
                self.open.remove(&incident.matter());
            }
            self.told.forget(id);
            let of_it = self.by_incident.get(&id).filter(|_| !incident.status.is_still_told());
            self.forget_resting(of_it.map(|ids| ids.iter().copied().collect()).unwrap_or_default());
            if !self.by_incident.contains_key(&id) {
                return self.forget_incident(id);
            }
        } else {
            self.open.insert(incident.matter(), id);
        }
        let before = self.incidents.insert(id, incident);
        self.undo.note_incident(id, before);
    }

    fn forget_incident(&mut self, id: IncidentId) {
        let before = self.incidents.remove(&id);
        self.undo.note_incident(id, before);
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
    /// while there is something to tell of its incident.
    pub(super) fn put_delivery(&mut self, delivery: Delivery) {
        let before = self.deliveries.get(&delivery.id).cloned();
        self.count(before.as_ref(), &delivery);
        self.undo.note_delivery(delivery.id, before);
        self.holds.forget(delivery.id);
        if self.incidents.get(&delivery.incident).is_some_and(|incident| !incident.status.is_ended()) {
            self.told.put(&delivery);
        }
        let is_resting = self.may_rest(&delivery);
        self.resting += usize::from(is_resting);
        let Outbox { lanes, holds, undo, .. } = self;
        lanes.change(&delivery.receiver, |lane| {
            if lane.waiting.is_aside(delivery.id) {
                holds.ask([delivery.id].into());
                // It may have stood before another of its matter.
                if lane.waiting.candidates() > 0 {
                    lane.pace.look_by(Time::MIN);
                }
            }
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
            self.of_checks.insert((delivery.check, delivery.incident));
            if delivery.is_record_reminder() {
                self.record_reminders.insert((delivery.check, delivery.id));
            }
            self.deliveries.insert(delivery.id, delivery);
        } else {
            self.forget_delivery(&delivery);
            self.forget_empty_lane(&delivery.receiver);
        }
    }

    /// What waits is counted, and what was given up until it is told, or need not be.
    fn count(&mut self, before: Option<&Delivery>, delivery: &Delivery) {
        if let Some(before) = before {
            self.parked -= u64::from(before.is_given_up());
            self.unrest(before);
        }
        self.parked += u64::from(delivery.is_given_up());
        let (was, is) = (before.is_some_and(is_unfinished), is_unfinished(delivery));
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
        let is_told = self.incidents.get(&delivery.incident).is_none_or(|it| it.status.is_still_told());
        let is_parked = matches!(delivery.state, DeliveryState::Parked { .. });
        is_parked && delivery.given_up.is_some() && delivery.kind.tells_bad() && is_told
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
        self.holds.forget(delivery.id);
        self.record_reminders.remove(&(delivery.check, delivery.id));
        let before = self.deliveries.remove(&delivery.id);
        self.undo.note_delivery(delivery.id, before);
        if let Some(ids) = self.by_incident.get_mut(&delivery.incident) {
            ids.remove(&delivery.id);
            if ids.is_empty() {
                self.by_incident.remove(&delivery.incident);
                self.of_checks.remove(&(delivery.check, delivery.incident));
                let has_ended = |incident: &Incident| incident.status.is_ended();
                if self.incidents.get(&delivery.incident).is_some_and(has_ended) {
                    self.forget_incident(delivery.incident);
                }
            }
        }
    }

    /// Takes a message as its row is now, not settled.
    pub(super) fn put_message(&mut self, message: Message) {
        let (receiver, id) = (message.receiver.clone(), message.id);
        let Outbox { lanes, deliveries, .. } = self;
        lanes.change(&receiver, |lane| {
            lane.put_message(&message, |member| deliveries.get(&member).map(|row| row.matter()));
        });
        self.own_under_way += usize::from(is_own_under_way(&message));
        let before = self.messages.insert(id, message);
        self.own_under_way -= usize::from(before.as_ref().is_some_and(is_own_under_way));
        self.undo.note_message(id, before);
    }

    fn forget_message(&mut self, id: MessageId) {
        let Some(message) = self.messages.remove(&id) else { return };
        self.own_under_way -= usize::from(is_own_under_way(&message));
        self.lanes.change_known(&message.receiver, |lane| lane.forget_message(id));
        self.forget_empty_lane(&message.receiver);
        self.undo.note_message(id, Some(message));
    }

    /// Something that all of it depends on is another: all that waits or rests is looked at again.
    pub(super) fn look_everywhere(&mut self, now: Time) {
        let Outbox { lanes, holds, .. } = self;
        lanes.change_all(|_, lane| {
            holds.ask(lane.waiting.aside().collect());
            lane.look_anew(now);
        });
    }

    /// Something of a check is another: what stands aside or rests of it is asked about, and what is to be told is ranked anew.
    pub(super) fn ask_check(&mut self, check: CheckId) {
        let incidents = self.of_checks.range((check, IncidentId(0))..).take_while(|(of, _)| *of == check);
        let incidents: Vec<IncidentId> = incidents.map(|(_, incident)| *incident).collect();
        incidents.into_iter().for_each(|incident| self.ask_incident(incident));
    }

    /// The same of one incident alone.
    pub(super) fn ask_incident(&mut self, incident: IncidentId) {
        let Outbox { lanes, deliveries, holds, by_incident, .. } = self;
        for id in by_incident.get(&incident).into_iter().flatten() {
            let delivery = &deliveries[id];
            lanes.change_known(&delivery.receiver, |lane| {
                if lane.waiting.is_aside(*id) || matches!(delivery.state, DeliveryState::Parked { .. }) {
                    holds.ask([*id].into());
                } else {
                    lane.waiting.ask(*id);
                }
            });
        }
    }

    /// This has changed: what it holds is asked about.
    pub(super) fn ask_held_by(&mut self, by: &HeldBy) {
        self.holds.ask_held_by(by);
    }

    /// What is to be asked about is looked at from now on, at most so many. Answers whether there are more.
    fn let_asked_return(&mut self, limit: usize, now: Time) -> bool {
        let Outbox { lanes, deliveries, holds, .. } = self;
        for id in std::iter::from_fn(|| holds.next_asked()).take(limit) {
            if let Some(delivery) = deliveries.get(&id) {
                lanes.change_known(&delivery.receiver, |lane| lane.ask(delivery, now));
            }
        }
        holds.is_any_asked()
    }

    /// It is held or not due: it stands aside until this time, or until something of its check or of what holds it changes.
    fn set_aside(&mut self, id: DeliveryId, until: Option<Time>, by: Vec<HeldBy>) {
        self.undo.note_aside(id);
        self.holds.set(id, by);
        let receiver = &self.deliveries[&id].receiver;
        self.lanes.change_known(receiver, |lane| lane.waiting.set_aside(id, until));
    }

    /// When a message may leave next; `None`: not before something else happens.
    pub(super) fn next_claim(&self) -> Option<Time> {
        debug_assert_eq!(self.walk().fault(), None);
        if self.holds.is_any_asked() {
            return Some(Time::MIN);
        }
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
        let Outbox { lanes, deliveries, messages, holds, own_under_way, .. } = self;
        Walk { lanes, deliveries, messages, holds, own_under_way: *own_under_way }
    }

    /// Of each receiver the first delivery of an incident that was attempted; `None`: only the rows say, as of one that is not
    /// open.
    fn first_told(&self, incident: IncidentId) -> Option<&[Delivery]> {
        self.incidents.get(&incident).filter(|incident| !incident.status.is_ended())?;
        self.told.of(incident)
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

    /// Ranks what came for a receiver since the last look.
    pub(super) fn rank_waiting(&mut self, name: &ReceiverName, severity: impl Fn(CheckId) -> Severity) {
        let Outbox { lanes, deliveries, .. } = self;
        lanes.change_known(name, |lane| lane.waiting.rank(|id| severity(deliveries[&id].check)));
    }
}
