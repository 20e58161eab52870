//! What bystanders make of what was committed: they tell the model of each check, and mind that nothing is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use punctual::core::assertion::Outcome;
use punctual::core::blind::Window;
use punctual::core::check::{CheckId, PingKind};
use punctual::core::refusals::Refused;
use punctual::core::time::{Span, Time};
use punctual::store::{Entry, What};

use crate::diary;
use crate::hand::Committed;
use crate::judged::Taken;
use crate::operators::reader;
use crate::oracles::Known;
use crate::server::Server;

/// When nobody was there, and when requests were refused unread.
#[derive(Debug, Default)]
pub(crate) struct Blind {
    pub(crate) absences: Vec<Window>,
    pub(crate) unread: Vec<Window>,
}

/// What was refused, and not yet told; gone with the process.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    /// Pings that were answered 503.
    pub(crate) checks: BTreeMap<CheckId, Vec<Time>>,
    pub(crate) unread: Vec<Time>,
    /// Told in the place of the ping, before it was answered (14.7a).
    ahead: BTreeSet<(CheckId, Time)>,
    /// Those that were ever told: it may be done again.
    told: BTreeSet<(CheckId, Time)>,
}

impl Owed {
    /// What came before a time, and would be forgotten by a sign of life at it.
    pub(crate) fn before(&self, time: Time) -> Option<Time> {
        let all = self.checks.values().flatten().chain(&self.unread);
        all.copied().find(|at| *at < time)
    }

    /// Whether a ping that is answered 503 only now was told already.
    pub(crate) fn is_told_ahead(&mut self, check: CheckId, at: Time) -> bool {
        self.ahead.remove(&(check, at))
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(Time) -> bool) {
        self.checks.values_mut().for_each(|times| times.retain(|at| keep(*at)));
        self.checks.retain(|_, times| !times.is_empty());
        self.unread.retain(|at| keep(*at));
    }
}

impl Server {
    /// What was committed since, in its order, by a process whose clock showed at most this.
    pub(crate) fn follow(&mut self, shown: Time) {
        for committed in self.grip.take_committed() {
            diary::follow(|| format!("committed: {committed:?}"));
            match committed {
                Committed::Begun(now) => {
                    if let Some(from) = self.last_sign.filter(|from| *from < now) {
                        self.tell_blind(Window { from, to: now });
                    }
                    self.signed(now);
                }
                Committed::Life(now) => self.lived(now),
                Committed::Idle(now) | Committed::Ended(now) => self.signed(now),
                Committed::Blind(window) => self.tell_blind(window),
                Committed::Unread(window) => self.tell_unread(window),
                // Said again, it names a date from which the clock was set already (1.1).
                Committed::Reanchored { before, now } => self.tell_set_clock(before.min(shown), now),
                Committed::Applied(entries) => entries.into_iter().for_each(|entry| self.tell(entry)),
            }
        }
    }

    fn signed(&mut self, at: Time) {
        let closed_at = self.closed_at.unwrap_or(Time::MAX);
        assert!(
            at <= closed_at,
            "nobody listens since {closed_at}, and a sign of life is stored for {at} (9.1)"
        );
        self.last_sign = Some(self.last_sign.map_or(at, |last| last.max(at)));
    }

    /// 9.1: whatever a sign of life follows on, it vouches for nothing that was not heard.
    fn lived(&mut self, now: Time) {
        let is_trusted = self.process.as_ref().is_none_or(|process| process.clock.is_trusted());
        assert!(is_trusted, "its clock is doubted, and a sign of life is stored for {now} (1.1)");
        let gap = self.last_sign.map_or(Span::ZERO, |last| {
            let told = self.blind.absences.iter().map(|told| told.to.min(now) - told.from.max(last));
            told.fold(now - last, |gap, told| gap - told.max(Span::ZERO))
        });
        assert!(
            gap <= Span::secs(10),
            "nobody was there for {gap} before {now}, and that is not stored (9.1)"
        );
        let forgotten = self.owed.before(now);
        assert_eq!(forgotten, None, "something was refused, and a sign of life is stored before that (9.1)");
        self.unsure_since = None;
        self.signed(now);
    }

    fn tell_unread(&mut self, window: Window) {
        self.blind.unread.push(window);
        self.owed.retain(|at| at <= window.from || at > window.to);
        for judged in self.judged.values_mut() {
            judged.model.unread(window.from, window.to);
        }
    }

    fn tell_blind(&mut self, window: Window) {
        self.blind.absences.push(window);
        for judged in self.judged.values_mut() {
            judged.model.blind(window.from, window.to);
        }
    }

    /// The clock was set (1.1).
    fn tell_set_clock(&mut self, before: Time, after: Time) {
        self.tell_carried_on(usize::MAX);
        self.hold_readers();
        self.era += 1;
        for judged in self.judged.values_mut() {
            judged.set_back(after);
        }
        self.last_sign = self.last_sign.map(|last| last.min(after));
        for windows in [&mut self.blind.absences, &mut self.blind.unread] {
            windows.retain(|window| window.from < after);
            windows.iter_mut().for_each(|window| window.to = window.to.min(after));
        }
        let owed = self.owed.checks.values_mut().flatten().chain(&mut self.owed.unread);
        owed.for_each(|at| *at = (*at).min(after));
        if after < before {
            self.two_clocks.set_back(&reader(self.folder()));
            // What was over stays so, and what was made by a wrong date lasts as long as was meant.
            self.mutes.retain(|mute| mute.until > before);
            for mute in self.mutes.iter_mut().filter(|mute| mute.since > after) {
                mute.until = mute.until - (mute.since - after);
                mute.since = after;
            }
        }
    }

    fn tell(&mut self, entry: Entry) {
        let Entry { check, at: now, what } = entry;
        let owed = match what {
            What::Refused(refused) => self.tell_owed(check, refused),
            _ => Vec::new(),
        };
        self.tell_pending_of(check);
        let judged = self.judged.get_mut(&check).expect("a check of the store is known");
        // 17.2: what is asserted is not pinged, and what is pinged has no results.
        let is_refused = match &what {
            What::Ping(fact) => judged.plan.spec.assert.is_some() && fact.ping.kind != PingKind::Log,
            What::Result(_) => judged.plan.spec.assert.is_none(),
            _ => false,
        };
        if judged.model.archived || is_refused {
            return;
        }
        if let What::Refused(refused) = what {
            judged.model.refuse(refused);
            judged.log.refuse(owed);
        }
        judged.log.is_touched |= matches!(what, What::Pause { .. } | What::Unpause { .. });
        let (absences, unread) = (self.blind.absences.len(), self.blind.unread.len());
        judged.log.judge(Known { up_to: now, absences, unread });
        self.walk(check, now);
        let judged = self.judged.get_mut(&check).expect("a check of the store is known");
        match what {
            What::Ping(fact) => {
                let counted = judged.model.ping(&judged.plan, &fact.ping, now);
                let is_success = counted && fact.ping.kind == PingKind::Success;
                judged.taken.push(Taken { at: now, is_success });
                judged.pings += u64::from(counted);
                if counted && matches!(fact.ping.kind, PingKind::Success | PingKind::Fail) {
                    judged.log.end(now);
                }
            }
            What::Result(fact) => {
                let outcome = fact.result.outcome;
                let counted = judged.model.result(&judged.plan, &fact.result, now);
                judged.taken.push(Taken { at: now, is_success: counted && outcome == Outcome::Holds });
                judged.pings += u64::from(counted);
                if counted {
                    judged.log.end(now);
                }
            }
            What::Pause { until, .. } => judged.model.pause(until, now),
            What::Unpause { .. } if !judged.definition.spec.paused => judged.model.unpause(now),
            What::Unpause { .. } | What::Tick | What::Refused(_) => {}
        }
        judged.note(now, &self.files);
    }

    /// Of several refusals in a row the first, the last and their number are told. Answers those that are told now, and not
    /// again because it was not known that they had been told.
    fn tell_owed(&mut self, check: CheckId, refused: Refused) -> Vec<Time> {
        let Owed { checks, ahead, told: ever, .. } = &mut self.owed;
        let is_told = |at: &mut Time| refused.first <= *at && *at <= refused.last;
        let owed = checks.entry(check).or_default();
        let mut told: Vec<Time> = owed.extract_if(.., is_told).collect();
        assert!(told.len() <= refused.times as usize, "{told:?} were refused, and {refused:?} is told (9.1)");
        if owed.is_empty() {
            checks.remove(&check);
        }
        if told.is_empty() && refused.times == 1 && !ever.contains(&(check, refused.first)) {
            ahead.insert((check, refused.first));
            told.push(refused.first);
        }
        ever.extend(told.iter().map(|at| (check, *at)));
        told
    }
}
