//! The engine's turns, as its loop takes them: looks at deadlines, claims, and how attempts ended.

use std::collections::{BTreeMap, BTreeSet};

use punctual::core::cause::CauseKind;
use punctual::core::check::CheckId;
use punctual::core::outbox::{Attempt, DeliveryKind};
use punctual::core::time::{Span, Time};
use punctual::store::{Outgoing, Settling, Stance};

use crate::evidence::{Delivery, deliveries, is_settled};
use crate::fate::Fate;
use crate::operators::reader;
use crate::receivers::Sending;
use crate::world::World;

impl World {
    pub(crate) fn look_at(&self) -> Option<Time> {
        let process = self.server.process.as_ref().filter(|_| !self.diary.accidents.is_closing())?;
        let deadline = process.wakes().deadline.filter(|_| process.clock.is_trusted())?;
        Some((deadline + Span::MS + self.diary.lag).max(self.diary.look_not_before))
    }

    pub(crate) fn look(&mut self) {
        let now = self.diary.now;
        self.diary.lag = match self.lags.below(10) {
            0 => self.lags.times(Span::ms(self.scale.grid.as_ms() / 2), 1, 6),
            _ => Span::ZERO,
        };
        let (is_twin, calm) = (self.is_twin, self.is_calm() || !self.setting.is_stormy());
        let telling = &mut self.telling;
        let fate = || {
            let fate = Fate::random(telling, 25, !is_twin);
            if calm { Fate::Fine } else { fate }
        };
        if !self.server.look(now, fate) {
            self.diary.look_not_before = now + Span::secs(1);
        }
    }

    pub(crate) fn claim_at(&self) -> Option<Time> {
        let process = self.server.process.as_ref().filter(|_| !self.diary.accidents.is_closing())?;
        let claim = process.wakes().claim?;
        Some((claim + Span::MS).max(self.diary.claim_not_before))
    }

    pub(crate) fn claim(&mut self) {
        let now = self.diary.now;
        let fate = self.telling_fate();
        let (look, known) = (self.plain_look(), self.server.process().wakes());
        let claimed = self.server.call(now, fate, |store, now| {
            let plain = look.map(|look| look.look(&store.live(), now));
            let outgoing = store.claim(now)?;
            let is_more = store.next_claim().is_some_and(|at| at <= now);
            Ok((outgoing, plain, is_more))
        });
        let Some((outgoing, plain, is_more)) = claimed.answer else {
            self.diary.claim_not_before = now + Span::secs(1);
            return;
        };
        plain.inspect(|plain| plain.is_claimed(&outgoing, is_more));
        if outgoing.is_empty() && !is_more && self.server.process().wakes() == known {
            // The engine rests until something changes, at most a second.
            self.diary.claim_not_before = now + Span::secs(1);
        }
        for outgoing in outgoing {
            self.check_outgoing(&outgoing);
            self.the_worst_comes_first(&outgoing);
            let not_before = self.patience.get(&outgoing.message.id);
            assert!(
                not_before.is_none_or(|at| *at <= now),
                "{:?} is sent again too soon (12.4)",
                outgoing.message
            );
            let calm = self.is_calm();
            let told = self.receivers.send(&outgoing, now, calm);
            self.trace.say(now, &told);
        }
    }

    /// §8: what leaves for the first time is not held, and of an incident that is open.
    fn check_outgoing(&self, outgoing: &Outgoing) {
        if outgoing.message.receiver.starts_with("emails/") {
            let [notice] = outgoing.notices.as_slice() else { panic!("16.4: by itself: {outgoing:?}") };
            let check = self.server.ever_made(notice.check.as_str()).expect("it has addresses");
            assert_eq!(*notice.emails, *check.definition.emails);
            assert_eq!(*outgoing.message.receiver, *format!("emails/{}", notice.check));
            let free_at = self.receivers.free_at(&notice.emails, self.diary.now);
            assert!(free_at <= Some(self.diary.now), "more than 60 a minute (16.4f): {outgoing:?}");
        } else {
            assert!(outgoing.notices.iter().all(|notice| notice.emails.is_empty()), "nobody else's business");
        }
        let looks_later =
            self.server.process().wakes().deadline.is_some_and(|deadline| deadline < self.diary.now);
        // A part of a message that was split says what the whole one said.
        if outgoing.message.attempts > 1 || outgoing.message.origin.is_some() || looks_later {
            return;
        }
        for notice in &outgoing.notices {
            let alerts = matches!(notice.kind, DeliveryKind::Alert | DeliveryKind::Reminder);
            let check = self.server.called(notice.check.as_str());
            let check = check.expect("a notice names a check that is declared");
            if let DeliveryKind::Flapping(_) = notice.kind {
                let held = self.held(check.definition.name.as_str(), self.diary.now);
                // What is muted is asked of the cause that has gone.
                assert!(
                    matches!(held, None | Some("muted")),
                    "`{}` is told though it is {held:?}",
                    notice.check
                );
            }
            if alerts {
                let held = self.held(check.definition.name.as_str(), self.diary.now);
                assert_eq!(held, None, "`{}` is told though it is held (8.1)", notice.check);
                let mut causes: Vec<_> =
                    notice.causes.iter().map(|cause| (cause.kind, cause.since, cause.would_be)).collect();
                causes.sort_by_key(|(kind, since, _)| (*since, *kind));
                assert!(!causes.is_empty(), "`{}` is told bad and is not: {notice:?}", notice.check);
                assert_eq!(causes, check.model.causes(), "`{}` is bad for other reasons", notice.check);
                let began = check.bad.last().map(|bad| bad.opened_at);
                assert_eq!(Some(notice.opened_at), began, "`{}` is bad since another time", notice.check);
                let bad = check.open().expect("what is told bad is");
                let is_new = |(kind, ..): &(CauseKind, _, _)| !bad.covered.contains(&kind.family());
                let may_be_told = match bad.stance {
                    Stance::Reopen => true,
                    Stance::Acknowledge => causes.iter().any(is_new),
                    Stance::WontFix | Stance::Comment => false,
                };
                assert!(
                    may_be_told,
                    "`{}` is told after somebody said {:?} (11.2)",
                    notice.check, bad.stance
                );
            }
        }
    }

    /// 12.3: what may leave does.
    pub(crate) fn nobody_is_kept_waiting(&mut self) {
        if !self.is_ready() {
            self.overdue.clear();
            return;
        }
        let now = self.diary.now;
        let rows = deliveries(&reader(self.server.folder()), "state IN ('waiting', 'in_message')");
        let lane = |row: &Delivery| (row.check, row.receiver.clone());
        let blocked: BTreeSet<_> = rows.iter().filter(|row| row.state == "in_message").map(lane).collect();
        let gathered = Span::secs(15);
        let ready_at = |row: &Delivery| row.not_before.max(row.queued_at);
        // 12.5: nothing overtakes what an earlier incident still has to tell.
        let follows = |row: &Delivery| {
            let is_before = |other: &&Delivery| other.id < row.id && other.incident != row.incident;
            let mut before = rows.iter().filter(|other| lane(other) == lane(row)).filter(is_before);
            before.any(|other| ready_at(other) > now)
        };
        // 16.4f: what is more than 60 a minute for an address waits until that is over.
        let free_at = |row: &Delivery| {
            let emails = &self.server.judged[&CheckId(row.check)].definition.emails;
            let own = row.receiver.starts_with("emails/").then_some(emails)?;
            self.receivers.free_at(own, now)
        };
        let overdue = rows.iter().filter(|row| {
            let name = self.server.judged[&CheckId(row.check)].definition.name.as_str();
            let is_busy = self.receivers.under_way.iter().any(|sending| sending.receiver == row.receiver);
            row.state == "waiting"
                && ready_at(row) + gathered < now
                && !follows(row)
                && self.server.files.receiver(&row.receiver).is_some()
                && !is_busy
                && !blocked.contains(&lane(row))
                && free_at(row) <= Some(now)
                && (row.tells_of_the_end() || self.held(name, now).is_none())
        });
        let noticed = |row: &Delivery| self.overdue.get(&row.id).copied().unwrap_or(now).min(now);
        let since = |row: &Delivery| free_at(row).map_or(noticed(row), |at| noticed(row).max(at));
        let overdue: BTreeMap<_, _> = overdue.map(|row| (row.id, since(row))).collect();
        // The engine looks at once, or after a rest of a second, and again if a call fails.
        let patience = Span::secs(if self.is_calm() { 2 } else { 20 });
        let late = overdue.iter().find(|(_, since)| now - **since > patience);
        assert_eq!(late, None, "it may leave since then, and waits: {rows:?}");
        let has_had_enough = |row: &&Delivery| row.state == "waiting" && free_at(row) > Some(now);
        let limited = rows.iter().filter(has_had_enough).count();
        self.overdue = overdue;
        *self.held.entry("by the limit of an address").or_default() += limited as u64;
    }

    pub(crate) fn held(&self, name: &str, now: Time) -> Option<&'static str> {
        self.server.held(name, now)
    }

    pub(crate) fn is_wont_fix(&self, name: &str) -> bool {
        self.server.is_wont_fix(name)
    }

    /// 12.4: the next attempt waits as long as the receiver wished, and else at least half of five seconds.
    fn be_patient(&mut self, sending: &Sending, after: Option<Span>) {
        let receiver = self.server.files.receiver(&sending.receiver);
        // The last attempt is at `give_up_after`, whatever was wished.
        if receiver.is_some_and(|receiver| receiver.give_up_after > Span::mins(60)) {
            let wait = after.unwrap_or(Span::ms(2500));
            // From the closing of the listeners on it is that time (9.1).
            let now = self.server.closed_at.unwrap_or(self.diary.now);
            self.patience.insert(sending.message, now + wait);
        }
    }

    pub(crate) fn settle(&mut self, place: usize) {
        let now = self.diary.now;
        let sending = self.receivers.under_way[place].clone();
        let fate = self.telling_fate();
        let (message, attempt) = (sending.message, sending.attempt.clone());
        let from = sending.settled;
        let done = self.server.call(now, fate, move |store, now| store.settle(message, &attempt, from, now));
        let is_closed = || match sending.attempt {
            // Also if that was a piece of it: the rest is not sent again (12.4a).
            Attempt::Taken { .. } | Attempt::Never { .. } => true,
            // It may have been given up.
            _ => is_settled(&reader(self.server.folder()), sending.message),
        };
        if done.commits > 0 && is_closed() {
            self.closed.entry(sending.message).or_insert(self.receivers.tries.len());
        }
        // That a piece of it is stored does not say when it is sent again.
        if done.answer == Some(Settling::Ended)
            && let Attempt::Later { after, .. } = &sending.attempt
        {
            self.be_patient(&sending, *after);
        }
        if !self.server.is_up() {
            return;
        }
        let sending = &mut self.receivers.under_way[place];
        match done.answer {
            Some(Settling::Ended) => drop(self.receivers.under_way.remove(place)),
            Some(Settling::GoesOn(settled)) => (sending.settled, sending.ends_at) = (settled, now),
            None => (sending.is_over, sending.ends_at) = (true, now + Span::secs(1)),
        }
    }
}
