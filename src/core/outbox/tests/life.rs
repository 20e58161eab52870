//! Two checks, a record of one of them, one receiver, and anything that may happen to them: nothing is lost, doubled or out of order.
//!
//! [`World`] keeps rows as a store does, with nothing but the functions of the core to decide. What must hold is asserted
//! from outside, at every departure and at the end.

mod events;
mod promises;

use proptest::prelude::*;

use self::events::{Ends, Event, events};
use crate::core::cause::{Cause, Causes, Status};
use crate::core::check::{CheckId, Definition};
use crate::core::fixtures::{at, cause, definition};
use crate::core::incident::{
    Change, Incident, IncidentId, IncidentKey, IncidentStatus, Matter, Turn, on_flip,
};
use crate::core::outbox::*;
use crate::core::route::{
    Action, Context, Facts, Matcher, Mute, Mutes, Policy, ReceiverPolicy, Reopened, Responder, Verdict, plan,
    plan_anew, route,
};
use crate::core::step::{Flip, FlipReason};
use crate::core::time::{Span, Time};

/// Checks 0 and 1, and a record of check 0.
const MATTERS: usize = 3;
const GROUP_WAIT: Span = Span::secs(5);

struct World {
    now: Time,
    policy: Policy,
    definition: Definition,
    muted: [bool; MATTERS],
    causes: [Causes; MATTERS],
    incidents: Vec<Incident>,
    /// Whether the check was muted when the incident ended.
    muted_at_end: Vec<bool>,
    rows: Vec<Delivery>,
    messages: Vec<Message>,
}

fn matter(place: usize) -> Matter {
    match place {
        2 => Matter { check: CheckId(0), key: IncidentKey::parse("EU/1").unwrap() },
        check => Matter::own(CheckId(check as u64)),
    }
}

fn place_of(of: &Matter) -> usize {
    (0..MATTERS).find(|place| matter(*place) == *of).unwrap()
}

impl World {
    fn new(send_resolved: bool) -> World {
        let action = |after, repeat| Action::new("ops".into(), Span::secs(after), Some(Span::secs(repeat)));
        let responder =
            |matchers: &str, actions| Responder { matchers: Matcher::parse_list(matchers).unwrap(), actions };
        let responders = vec![
            responder("status=late", vec![action(0, 120), action(30, 45)]),
            responder("status=failing", vec![action(0, 60)]),
        ];
        let ops = ReceiverPolicy {
            send_resolved,
            group_wait: GROUP_WAIT,
            give_up_after: Span::mins(10),
            max_members: 256,
            include_output: true,
        };
        World {
            now: at(1000),
            policy: Policy {
                responders,
                default_receivers: Vec::new(),
                administrators: Vec::new(),
                receivers: [("ops".into(), ops)].into(),
            },
            definition: definition(),
            muted: [false; MATTERS],
            causes: [(); MATTERS].map(|()| Causes::default()),
            incidents: Vec::new(),
            muted_at_end: Vec::new(),
            rows: Vec::new(),
            messages: Vec::new(),
        }
    }

    fn receiver(&self) -> &ReceiverPolicy {
        &self.policy.receivers["ops"]
    }

    fn open(&self, place: usize) -> Option<usize> {
        self.incidents.iter().position(|i| i.matter() == matter(place) && !i.status.is_ended())
    }

    fn set_causes(&mut self, place: usize, bits: u8, archived: bool) {
        let mut after = Causes::default();
        for (bit, kind) in [(1, "missing"), (2, "failed"), (4, "blind(missing)")] {
            let new = Cause { since: self.now, ..cause(kind) };
            let old = self.causes[place].iter().find(|old| old.kind == new.kind).copied();
            let is_late = bits & 1 != 0;
            if bits & bit != 0 && !(bit == 4 && is_late) {
                after.insert(old.unwrap_or(new));
            }
        }
        let before = std::mem::replace(&mut self.causes[place], after.clone());
        let begun = after.iter().filter(|cause| !before.has(cause.kind)).copied().collect();
        let ended = before.iter().filter(|cause| !after.has(cause.kind)).map(|cause| cause.kind).collect();
        let to = if archived { Status::Archived } else { Status::Up };
        let reason = if archived { FlipReason::Archived } else { FlipReason::Pinged };
        let flip = Flip { at: self.now, from: Status::Up, to, begun, ended, causes: after, reason };
        let Matter { check, key } = matter(place);
        // What flips do to a check's own incident may happen to a record's as well.
        let own = |open: usize| Incident { key: IncidentKey::own(), ..self.incidents[open].clone() };
        let open = self.open(place).map(own);
        let id = IncidentId(self.incidents.len() as u64);
        let change = on_flip(open.as_ref(), &flip, check, id);
        if let Some(mut change) = change {
            change.incident.key = key;
            self.take(place, &before, change);
        }
    }

    fn take(&mut self, of: usize, before: &Causes, Change { incident, turn, .. }: Change) {
        let place = incident.id.0 as usize;
        match &turn {
            Turn::Opened(_) => {
                self.incidents.push(incident);
                self.muted_at_end.push(false);
            }
            Turn::Grew(_) | Turn::AfterBlind { .. } | Turn::Eased => self.incidents[place] = incident,
            Turn::Ended => self.end(of, before, incident),
        }
        match turn {
            Turn::Opened(begun) | Turn::Grew(begun) => self.plan(place, &begun),
            Turn::AfterBlind { begun, superseded } => {
                let is_of = |row: &&Delivery| row.incident.0 as usize == place;
                let rows: Vec<Delivery> = self.rows.iter().filter(is_of).cloned().collect();
                let rows: Vec<Delivery> =
                    rows.into_iter().filter(|row| superseded.contains(&row.action)).collect();
                cancel_waiting(&rows).for_each(|id| self.cancel(id, CancelReason::Superseded));
                self.plan(place, &begun);
            }
            Turn::Eased | Turn::Ended => {}
        }
    }

    fn plan(&mut self, place: usize, begun: &[Cause]) {
        let facts = Facts::of_check(&self.definition, begun);
        let plan = plan(&self.policy, &facts, &self.incidents[place], self.now, self.now);
        plan.note_in(&mut self.incidents[place]);
        plan.deliveries.into_iter().for_each(|new| self.insert(new));
    }

    fn insert(&mut self, new: NewDelivery) {
        let id = DeliveryId(self.rows.len() as u64);
        self.rows.push(new.numbered(id));
    }

    fn row(&mut self, id: DeliveryId) -> &mut Delivery {
        &mut self.rows[id.0 as usize]
    }

    fn cancel(&mut self, id: DeliveryId, reason: CancelReason) {
        assert_eq!(self.row(id).state, DeliveryState::Waiting, "only what waits is cancelled");
        self.row(id).state = DeliveryState::Cancelled(reason);
    }

    fn end(&mut self, check: usize, before: &Causes, ended: Incident) {
        let place = ended.id.0 as usize;
        let rows: Vec<Delivery> = self.rows.iter().filter(|row| row.incident == ended.id).cloned().collect();
        let stood = self.incidents[place].clone();
        let told = at_recovery(
            &ended,
            &rows,
            |row| self.verdict(row, before, stood.stands_for(row.action, before.as_slice())),
            Some(self.receiver()),
            self.now,
        );
        for (id, ending) in told.endings {
            match ending {
                Ending::Cancel(reason) => self.cancel(id, reason),
                Ending::Episode => self.row(id).told.kind = DeliveryKind::Episode,
                Ending::StaysGivenUp => unreachable!("nothing is tried again here"),
            }
        }
        told.recovery.into_iter().for_each(|new| self.insert(new));
        self.incidents[place] = ended;
        self.muted_at_end[place] = self.muted[check];
    }

    fn verdict(&self, row: &Delivery, causes: &Causes, incident: IncidentStatus) -> Verdict {
        let mute = Mute {
            id: 1,
            matchers: Vec::new(),
            text: String::new(),
            until: Time::MAX,
            since: at(0),
            comment: String::new(),
            by: String::new(),
        };
        let is_muted = self.muted[place_of(&row.matter())];
        let mutes = Mutes::new(if is_muted { vec![mute] } else { Vec::new() });
        let context = Context {
            now: self.now,
            facts: Facts::of_check(&self.definition, causes.as_slice()),
            incident,
            is_paused: false,
            mutes: &mutes,
            quiet: &[],
            dependencies: &[],
            grace: Span::ZERO,
            ready_at: row.ready_at(),
            group_wait: GROUP_WAIT,
        };
        route(row.kind, &context)
    }

    /// The message whose attempt begins now, if there is one.
    fn claim(&mut self) -> Option<usize> {
        let retry = self.messages.iter().position(|m| m.retry_at.is_some_and(|at| at <= self.now));
        let place = retry.or_else(|| self.freeze())?;
        self.messages[place].retry_at = None;
        self.messages[place].attempts += 1;
        Some(place)
    }

    fn freeze(&mut self) -> Option<usize> {
        let mut go = Vec::new();
        for row in self.rows.clone() {
            if row.state != DeliveryState::Waiting {
                continue;
            }
            let causes = self.causes[place_of(&row.matter())].clone();
            let status = self.incidents[row.incident.0 as usize].stands_for(row.action, causes.as_slice());
            match self.verdict(&row, &causes, status) {
                Verdict::Send => go.push(row),
                Verdict::Hold(_) => {}
                Verdict::Drop(reason) => self.cancel(row.id, reason.cancels()),
            }
        }
        let unfinished = |row: &&Delivery| matches!(row.state, DeliveryState::InMessage(_));
        let blocked: Vec<Matter> = self.rows.iter().filter(unfinished).map(|row| row.matter()).collect();
        let departure = freeze(&go, |matter| blocked.contains(matter), |_| 0, self.receiver(), self.now);
        let Departure::Leaves(members) = departure else {
            self.assert_nothing_is_kept(&go);
            return None;
        };
        self.assert_may_leave(&members);
        let id = MessageId(self.messages.len() as u64);
        for member in &members {
            self.row(*member).state = DeliveryState::InMessage(id);
        }
        let message = Message {
            id,
            receiver: "ops".into(),
            key: id.0.to_string(),
            members,
            created_at: self.now,
            attempts: 0,
            attempts_here: 5,
            retry_at: None,
            origin: None,
        };
        self.messages.push(message);
        Some(self.messages.len() - 1)
    }

    fn settle(&mut self, place: usize, ends: Ends) {
        let attempt = match ends {
            Ends::Taken => Attempt::TAKEN,
            Ends::Later => Attempt::Later { after: None, why: String::new() },
            Ends::Never => Attempt::Never { why: String::new() },
        };
        let message = self.messages[place].clone();
        let give_up_after = self.receiver().give_up_after;
        let after = after_attempt(&message, &attempt, give_up_after, self.now, 7);
        for id in message.members {
            match after {
                AfterAttempt::RetryAt(_) => {}
                // Where it stands alone; how it is split is the store's to show.
                AfterAttempt::Refused => {
                    let (reason, message) = (ParkReason::Refused, Some(message.id));
                    self.row(id).state = DeliveryState::Parked { reason, message };
                }
                AfterAttempt::Park(reason) => {
                    self.row(id).state = DeliveryState::Parked { reason, message: Some(message.id) };
                }
                AfterAttempt::Sent => {
                    self.row(id).state = DeliveryState::Sent(message.id);
                    self.remind(id);
                }
            }
        }
        if let AfterAttempt::RetryAt(retry_at) = after {
            self.messages[place].retry_at = Some(retry_at);
        }
    }

    fn remind(&mut self, id: DeliveryId) {
        let sent = self.row(id).clone();
        let waits = |row: &&Delivery| {
            row.incident == sent.incident
                && row.kind == DeliveryKind::Reminder
                && row.state == DeliveryState::Waiting
        };
        let waiting = self.rows.iter().find(waits).cloned();
        let status = self.incidents[sent.incident.0 as usize]
            .stands_for(sent.action, self.causes[place_of(&sent.matter())].as_slice());
        let Some(repeat) = after_sent(&sent, status, waiting.as_ref(), self.now) else { return };
        if let Some(other) = repeat.instead_of {
            self.cancel(other, CancelReason::RemindedSooner);
        }
        self.insert(repeat.reminder);
    }

    fn say(&mut self, check: usize, event: &Event) {
        let Some(place) = self.open(check) else { return };
        let incident = &self.incidents[place];
        let (change, reason) = match event {
            Event::Acknowledge(_) => {
                let causes = self.causes[check].as_slice();
                (incident.acknowledge(causes, None, "Ada", self.now), Some(CancelReason::Acknowledged))
            }
            Event::WontFix(_) => (incident.wont_fix("Ada", self.now), Some(CancelReason::WontFix)),
            _ => (incident.reopen("Ada", self.now), None),
        };
        let Some((incident, _)) = change else { return };
        let rows: Vec<Delivery> =
            self.rows.iter().filter(|row| row.incident == incident.id).cloned().collect();
        let stood = std::mem::replace(&mut self.incidents[place], incident);
        match reason {
            Some(reason) => cancel_waiting(&rows).for_each(|id| self.cancel(id, reason)),
            None => {
                let reopened = Reopened { stood: &stood, deliveries: &rows, at: self.now };
                let facts = Facts::of_check(&self.definition, self.causes[check].as_slice());
                let anew = plan_anew(&self.policy, &facts, &reopened, self.now);
                self.incidents[place].actions = anew.actions;
                let waits = |id: &DeliveryId| self.rows[id.0 as usize].state == DeliveryState::Waiting;
                let waiting: Vec<DeliveryId> = anew.cancelled.into_iter().filter(waits).collect();
                waiting.into_iter().for_each(|id| self.cancel(id, CancelReason::Acknowledged));
                anew.deliveries.into_iter().for_each(|new| self.insert(new));
            }
        }
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Causes(check, bits) => self.set_causes(check, bits, false),
            Event::Archive(check) => self.set_causes(check, 0, true),
            Event::Mute(check, on) => self.muted[check] = on,
            Event::Acknowledge(check) | Event::WontFix(check) | Event::Reopen(check) => {
                self.say(check, event);
            }
            Event::Pass(secs) => self.now = self.now + Span::secs(secs),
            Event::Attempt { ends, secs, meanwhile } => {
                let Some(place) = self.claim() else { return };
                self.now = self.now + Span::secs(secs);
                if let Some((check, bits)) = meanwhile {
                    self.set_causes(check, bits, false);
                }
                self.settle(place, ends);
            }
        }
        self.assert_one_reminder();
        self.assert_one_alert();
    }

    /// Everything recovers, nothing is muted, and the receiver takes what it gets.
    fn drain(&mut self) {
        self.muted = [false; MATTERS];
        for check in 0..MATTERS {
            self.set_causes(check, 0, false);
        }
        for _ in 0..2000 {
            match self.claim() {
                Some(place) => self.settle(place, Ends::Taken),
                None => self.now = self.now + Span::secs(1),
            }
            self.assert_one_reminder();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// 12.4, 12.5, 12.6
    #[test]
    fn nothing_is_lost_or_doubled_or_out_of_order(events in events(), send_resolved: bool) {
        let mut world = World::new(send_resolved);
        for event in &events {
            world.happen(event);
        }
        world.drain();
        world.assert_told();
    }
}
