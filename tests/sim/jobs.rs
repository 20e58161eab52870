//! Jobs: they run by their schedule, on time, late, failing or not at all, and ping as well as they can.

use std::collections::BTreeMap;

use punctual::core::assertion::{AssertionResult, Outcome};
use punctual::core::check::{Ping, PingKind, Rid, Spec};
use punctual::core::schedule::Schedule;
use punctual::core::time::{Span, Time};
use punctual::store::{FoundAt, PingFact, ResultFact};

use crate::oracles::margin;
use crate::rng::Rng;
use crate::scene::Scale;

/// How a job behaves, which the first letters of its name say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Character {
    /// Always on time; tries until it is heard, or runs again.
    Good,
    /// Likewise, but as seldom as may be (9.4).
    Patient,
    /// On time, and silent now and then, for long.
    Fitful,
    /// On time, but for once, when most of its kind are silent.
    Crowd,
    /// Never runs.
    Dead,
    /// Anything.
    Mixed,
}

impl Character {
    pub(crate) fn of(name: &str) -> Character {
        let all = [
            ("good", Character::Good),
            ("patient", Character::Patient),
            ("fitful", Character::Fitful),
            ("crowd", Character::Crowd),
            ("dead", Character::Dead),
        ];
        all.iter().find(|(begins, _)| name.starts_with(begins)).map_or(Character::Mixed, |(_, it)| *it)
    }

    /// It is never late but for its own fault, and it has none.
    pub(crate) fn tries_until_heard(self) -> bool {
        matches!(self, Character::Good | Character::Patient)
    }
}

/// When most of a crowd are silent.
fn network_is_away(seed: u64, now: Time) -> (Time, Time) {
    let mut rng = Rng::new(seed, "crowd");
    let from = now + rng.times(Span::secs(1), 60, 150);
    (from, from + rng.times(Span::secs(1), 170, 260))
}

/// One ping that is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Shot {
    ping: Ping,
    tries: u32,
}

/// One job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The name that it pings, which may be a former one.
    pub(crate) name: String,
    pub(crate) character: Character,
    rng: Rng,
    /// When it fails and succeeds a few times in a row.
    flaps: Rng,
    next_cycle: Time,
    /// Until then it does not run.
    silent: (Time, Time),
    /// So long it may take to try again.
    margin: Span,
    queue: BTreeMap<(Time, u64), Shot>,
    count: u64,
}

impl Job {
    pub(crate) fn new(name: &str, seed: u64, now: Time) -> Job {
        let character = Character::of(name);
        let mut rng = Rng::new(seed, name);
        let flaps = Rng::new(seed, &format!("{name} flaps"));
        let is_struck = character == Character::Crowd && rng.percent(80);
        Job {
            name: name.to_owned(),
            character,
            rng,
            flaps,
            next_cycle: now,
            silent: if is_struck { network_is_away(seed, now) } else { (now, now) },
            margin: Span::ZERO,
            queue: BTreeMap::new(),
            count: 0,
        }
    }

    /// When it next does something.
    pub(crate) fn next(&self) -> Option<Time> {
        let shot = self.queue.first_key_value().map(|((at, _), _)| *at);
        let cycle = Some(self.next_cycle).filter(|_| self.character != Character::Dead);
        shot.into_iter().chain(cycle).min()
    }

    /// The pings of this moment; `None`: it only plans its next cycle.
    pub(crate) fn shots(&mut self, spec: &Spec, scale: &Scale, now: Time) -> Vec<Shot> {
        self.margin = margin(spec);
        while self.character != Character::Dead && self.next_cycle <= now {
            self.plan_cycle(spec, scale);
        }
        let mut shots = Vec::new();
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= now) {
            shots.push(entry.remove());
        }
        shots
    }

    /// The interval clock was set, and a job's runs with it: what it would do then it does after as long a time.
    pub(crate) fn shift(&mut self, by: Span) {
        self.next_cycle = self.next_cycle + by;
        self.silent = (self.silent.0 + by, self.silent.1 + by);
        let queue = std::mem::take(&mut self.queue);
        self.queue = queue.into_iter().map(|((at, n), shot)| ((at + by, n), shot)).collect();
    }

    /// It was not heard: it tries again, as curl does, or until it is or runs again.
    pub(crate) fn not_heard(&mut self, mut shot: Shot, scale: &Scale, now: Time) {
        let patience = if self.character.tries_until_heard() { u32::MAX } else { self.rng.pick(&[0, 2, 4]) };
        if shot.tries >= patience {
            return;
        }
        // What hangs in the queue before it is refused was refused when it came.
        let at_most = (self.margin - Span::secs(15)).as_ms() / scale.grid.as_ms();
        let wait = match self.character {
            Character::Good => 3,
            Character::Patient => 1 + self.rng.below(at_most.max(1) as usize) as i64,
            _ => 1 << shot.tries.min(2),
        };
        let at = now + Span::ms(scale.grid.as_ms() * wait);
        if self.character.tries_until_heard() && at >= self.next_cycle {
            return;
        }
        shot.tries += 1;
        self.put(at, shot);
    }

    fn put(&mut self, at: Time, shot: Shot) {
        self.count += 1;
        self.queue.insert((at, self.count), shot);
    }

    fn send(&mut self, at: Time, kind: PingKind, rid: Option<&Rid>) {
        let exit_status = match kind {
            PingKind::Fail if self.rng.percent(30) => Some(3),
            _ => None,
        };
        self.put(at, Shot { ping: Ping { kind, rid: rid.cloned(), exit_status }, tries: 0 });
    }

    fn plan_cycle(&mut self, spec: &Spec, scale: &Scale) {
        let at = self.next_cycle;
        let units = |count: i64| Span::ms(scale.grid.as_ms() * count);
        self.next_cycle = match &spec.schedule {
            Schedule::Every(period) => at + *period,
            Schedule::Periods(periods) => periods.deadline(at).unwrap_or(Time::MAX),
            Schedule::At(occurrences) => occurrences.next_after(at).unwrap_or(Time::MAX),
            Schedule::Counted(expect) | Schedule::CountedAt(_, expect) => {
                let wanted = i64::from(expect.at_least.unwrap_or(1).max(1));
                let gap = expect.within.as_ms() / scale.grid.as_ms() / (wanted + 1);
                at + self.rng.times(scale.grid, (gap / 2).max(1), gap.max(2))
            }
            Schedule::Unscheduled => at + self.rng.times(scale.grid, 20, 120),
        };
        let is_silent = self.silent.0 <= at && at < self.silent.1;
        match self.character {
            Character::Good | Character::Patient => return self.send(at, PingKind::Success, None),
            Character::Crowd | Character::Fitful if is_silent => return,
            Character::Crowd => return self.send(at, PingKind::Success, None),
            Character::Fitful => return self.plan_fit(at, scale),
            Character::Dead | Character::Mixed => {}
        }
        if self.flaps.percent(6) {
            self.plan_flapping(at, scale);
        }
        let grace = spec.grace.as_ms() / scale.grid.as_ms();
        let delay = match self.rng.below(20) {
            0..=11 => Span::ZERO,
            12 | 13 => units(1),
            // At the deadline, to the millisecond, and just after it.
            14 | 15 => units(grace),
            16 => units(grace + 1),
            17 => units(grace + 1 + self.rng.below(30) as i64),
            // Twice as late.
            18 => units(2 * grace + 60),
            // Not at all.
            _ => return,
        };
        self.plan_run(at + delay, spec, scale);
    }

    fn plan_fit(&mut self, at: Time, scale: &Scale) {
        match self.rng.below(10) {
            0 | 1 => self.silent = (at, at + self.rng.times(scale.grid, 100, 900)),
            2 => self.send(at, PingKind::Fail, None),
            _ => self.send(at, PingKind::Success, None),
        }
    }

    /// 12.5: bad and good again, a few times in a row.
    fn plan_flapping(&mut self, at: Time, scale: &Scale) {
        let units = |count: i64| Span::ms(scale.grid.as_ms() * count);
        for turn in 0..2 + self.flaps.below(5) as i64 {
            let ping = |kind| Shot { ping: Ping { kind, rid: None, exit_status: None }, tries: 0 };
            self.put(at + units(9 * turn), ping(PingKind::Fail));
            self.put(at + units(9 * turn + 2), ping(PingKind::Success));
        }
    }

    fn plan_run(&mut self, at: Time, spec: &Spec, scale: &Scale) {
        let units = |count: i64| Span::ms(scale.grid.as_ms() * count);
        let rid = self.rng.percent(70).then(|| {
            self.count += 1;
            Rid::parse(&format!("r{}", self.count)).unwrap()
        });
        let end = match self.rng.below(12) {
            0..=8 => PingKind::Success,
            9 | 10 => PingKind::Fail,
            _ => PingKind::Log,
        };
        let mut ended = at;
        let has_start = self.rng.percent(if spec.max_runtime.is_some() { 80 } else { 25 });
        if has_start {
            self.send(at, PingKind::Start, rid.as_ref());
            let limit = spec.max_runtime.map_or(5, |limit| limit.as_ms() / scale.grid.as_ms());
            ended = at + units(self.rng.pick(&[1, 3, limit / 2, limit, limit + 1, 2 * limit]));
            if self.rng.percent(8) {
                return;
            }
        }
        // Some are ended by somebody's hand (22.2b).
        let by_hand = || Rid::of_form(&format!("f{}", self.count));
        let rid = if self.count % 9 == 4 { by_hand() } else { rid };
        self.send(ended, end, rid.as_ref());
        // Its network retries what was heard already (4.1), or its script pings twice.
        if self.rng.percent(15) {
            let again = ended + units(self.rng.pick(&[0, 1, 3]));
            self.send_again(again, rid.as_ref());
        }
    }

    fn send_again(&mut self, at: Time, rid: Option<&Rid>) {
        if let Some(last) = self.queue.values().rfind(|shot| shot.ping.rid.as_ref() == rid) {
            let shot = last.clone();
            self.put(at, shot);
        }
    }
}

impl Shot {
    pub(crate) fn fact(&self) -> PingFact {
        PingFact {
            ping: self.ping.clone(),
            comment: None,
            body: None,
            left_out: 0,
            body_cut: false,
            source: "10.0.0.1".parse().unwrap(),
        }
    }

    /// What it is where something is asserted; `None`: nothing, as a start.
    pub(crate) fn result(&self) -> Option<ResultFact> {
        let outcome = Outcome::of_kept(self.ping.kind)?;
        Some(ResultFact {
            result: AssertionResult { rid: self.ping.rid.clone(), ..AssertionResult::new(outcome, None) },
            why: None,
            records: None,
            text: None,
            left_out: 0,
            source: FoundAt::Client("10.0.0.1".parse().unwrap()),
        })
    }

    pub(crate) fn kind(&self) -> PingKind {
        self.ping.kind
    }
}
