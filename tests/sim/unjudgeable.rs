//! Worlds in which judging one check panics for a while (1.6), beside the same worlds in which it never does: all other checks
//! are the same in both, and that one is unknown from its first input on, until the first that can be judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use punctual::core::cause::{CauseKind, Family, Status};
use punctual::core::check::{
    CheckId, Definition, Name, Overlap, Ping, PingKind, Rid, Source, SourceLine, Spec,
};
use punctual::core::cron::Cron;
use punctual::core::retention::Retention;
use punctual::core::route::Policy;
use punctual::core::schedule::{Expect, Occurrences, Schedule};
use punctual::core::state::State;
use punctual::core::step::break_judging_by;
use punctual::core::time::{Span, Time};
use punctual::core::zone::Zone;
use punctual::store::sqlite::SqliteStore;
use punctual::store::{Configuration, Entry, PingFact, Store, What, expire};

use crate::rng::Rng;

/// Checks with such a grace are those that may be broken.
const ODD: Span = Span::ms(113_337);
/// A job that last pinged so long ago may be late.
const LONG: Span = Span::secs(110);
const WORLDS: u64 = 8;
const STEPS: usize = 120;

fn is_odd(spec: &Spec) -> bool {
    spec.grace == ODD
}

/// One store, and what it was given.
struct Side {
    folder: tempfile::TempDir,
    store: Option<SqliteStore>,
    /// Judging the odd check panics now.
    is_broken: bool,
    pings: u64,
}

impl Side {
    /// Everything that this side does is judged as it can.
    fn act<R>(&mut self, act: impl FnOnce(&mut SqliteStore) -> R) -> R {
        break_judging_by(if self.is_broken { is_odd } else { |_| false });
        let done = act(self.store.as_mut().expect("it is opened"));
        break_judging_by(|_| false);
        done
    }

    fn open(&mut self, seed: u64) {
        self.store = None;
        break_judging_by(if self.is_broken { is_odd } else { |_| false });
        let mut store = SqliteStore::open_with(self.folder.path(), seed).unwrap();
        store.set_catch_up((seed % 3) as usize);
        self.store = Some(store);
    }
}

struct World {
    seed: u64,
    rng: Rng,
    now: Time,
    configuration: Configuration,
    /// The one in which judging may panic, and the one in which it does not.
    sides: [Side; 2],
    /// When the job of the odd check last pinged, and whether it may be late, since that was long ago.
    pinged_at: Time,
    may_be_late: bool,
    /// By what has happened to it.
    is_unjudgeable: bool,
    was_unjudgeable: u32,
    came_back: u32,
}

fn specs() -> Vec<Spec> {
    let cron = |text: &str| Occurrences { cron: Cron::parse(text).unwrap(), zone: Zone::UTC };
    let expect = |at_least, at_most| Expect { at_least, at_most, within: Span::mins(5) };
    let graced = |schedule| Spec { grace: Span::secs(20), ..Spec::new(schedule) };
    let every = graced(Schedule::Every(Span::mins(2)));
    vec![
        every.clone(),
        Spec { max_runtime: Some(Span::mins(3)), overlap: Overlap::Fail, ..every.clone() },
        Spec { failures_before_alert: 2, successes_to_recover: 2, ..every },
        graced(Schedule::At(cron("*/3 * * * *"))),
        graced(Schedule::CountedAt(cron("*/2 * * * *"), expect(Some(1), None))),
        graced(Schedule::Counted(expect(Some(1), Some(200)))),
    ]
}

fn definition(number: usize, spec: Spec) -> Definition {
    let source = Source::File { path: "checks.yaml".into(), line: SourceLine::new(1) };
    Definition::new(Name::parse(&format!("check-{number}")).unwrap(), spec, source)
}

impl World {
    fn new(seed: u64) -> World {
        let mut rng = Rng::new(seed, "unjudgeable");
        let mut checks: Vec<Definition> =
            specs().into_iter().enumerate().map(|(number, spec)| definition(number, spec)).collect();
        let odd = rng.below(checks.len());
        Arc::make_mut(&mut checks[odd].spec).grace = ODD;
        let configuration = Configuration {
            checks,
            policy: Arc::new(Policy::default()),
            retention: Retention::default(),
            max_checks: 1000,
            allow_mass_removal: true,
            changed_receivers: BTreeSet::new(),
        };
        let side = || Side { folder: tempfile::tempdir().unwrap(), store: None, is_broken: false, pings: 0 };
        let now = Time::from_secs(1_000_000 + rng.below(1000) as i64);
        let sides = [side(), side()];
        World {
            seed,
            rng,
            now,
            configuration,
            sides,
            pinged_at: now,
            may_be_late: false,
            is_unjudgeable: false,
            was_unjudgeable: 0,
            came_back: 0,
        }
    }

    fn odd(&self) -> &Definition {
        self.configuration.checks.iter().find(|check| is_odd(&check.spec)).expect("there is one")
    }

    fn id(&mut self, name: &Name) -> CheckId {
        self.sides[1].act(|store| store.live().find(name.as_str()).expect("it is declared").id)
    }

    /// An input of the odd check reached its side.
    fn odd_was_judged(&mut self) {
        let is_broken = self.sides[0].is_broken;
        self.was_unjudgeable += u32::from(is_broken);
        self.came_back += u32::from(self.is_unjudgeable && !is_broken);
        self.is_unjudgeable = is_broken;
    }

    fn start(&mut self) {
        let (seed, now, configuration) = (self.seed, self.now, self.configuration.clone());
        for side in &mut self.sides {
            side.open(seed);
            side.act(|store| {
                store.begin(now).unwrap();
                store.configure(&configuration, true, now).unwrap();
            });
        }
        // What no row knew of was judged again.
        self.is_unjudgeable = self.stands_unjudgeable();
    }

    fn stands_unjudgeable(&mut self) -> bool {
        let name = self.odd().name.clone();
        self.sides[0]
            .act(|store| store.live().find(name.as_str()).unwrap().state().causes.has(CauseKind::Unjudgeable))
    }

    fn ping(&mut self, kind: PingKind, rid: bool) -> PingFact {
        let rid = rid.then(|| Rid::parse(&format!("run-{}", self.rng.below(3))).unwrap());
        PingFact {
            ping: Ping { kind, rid, exit_status: None },
            comment: None,
            body: None,
            left_out: 0,
            body_cut: false,
            source: "10.0.3.7".parse().unwrap(),
        }
    }

    /// Most others, in one batch with the odd one, whose job is a good one.
    fn ping_some(&mut self) {
        let odd = self.odd().name.clone();
        let mut entries = Vec::new();
        for check in self.configuration.checks.clone() {
            let is_odd = check.name == odd;
            if !is_odd && self.rng.percent(50) {
                continue;
            }
            let kind = if is_odd { PingKind::Success } else { self.rng.pick(&PingKind::ALL) };
            let with_rid = !is_odd && self.rng.percent(40);
            let what = What::Ping(self.ping(kind, with_rid));
            entries.push(Entry { check: self.id(&check.name), at: self.now, what });
        }
        for side in &mut self.sides {
            side.pings += entries.len() as u64;
            let applied = side.act(|store| store.apply(&entries)).unwrap();
            assert_eq!(applied.len(), entries.len());
        }
        self.pinged_at = self.now;
        self.odd_was_judged();
    }

    fn pause_one(&mut self) {
        let check = self.rng.pick(&self.configuration.checks);
        let is_odd = is_odd(&check.spec);
        let pause = |until| What::Pause { comment: None, by: None, until };
        let what = match self.rng.below(3) {
            0 => pause(None),
            1 => pause(Some(self.now + Span::secs(50))),
            _ => What::Unpause { comment: None, by: None },
        };
        let entry = Entry { check: self.id(&check.name), at: self.now, what };
        self.sides
            .iter_mut()
            .for_each(|side| drop(side.act(|store| store.apply(std::slice::from_ref(&entry))).unwrap()));
        if is_odd {
            self.odd_was_judged();
        }
    }

    /// Another spec for one of them, or none.
    fn reload(&mut self) {
        let number = self.rng.below(self.configuration.checks.len());
        let check = &mut self.configuration.checks[number];
        let (was_odd, now) = (is_odd(&check.spec), self.now);
        let mut spec = self.rng.pick(&specs());
        if was_odd {
            spec.grace = ODD;
        }
        if self.rng.percent(60) {
            check.spec = spec.into();
        }
        let configuration = self.configuration.clone();
        for side in &mut self.sides {
            side.act(|store| store.configure(&configuration, false, now).unwrap());
        }
        if was_odd {
            self.is_unjudgeable = self.stands_unjudgeable();
        }
    }

    /// Judges what is due, until nothing is.
    fn expire(&mut self) {
        let (now, name) = (self.now, self.odd().name.clone());
        let odd = self.id(&name);
        let is_due = self.sides[0].act(|store| store.due(now, 100)).iter().any(|(check, _)| *check == odd);
        for side in &mut self.sides {
            let rounds =
                (0..20).take_while(|_| side.act(|store| !expire(store, now).unwrap().deadlines.is_empty()));
            assert!(rounds.count() < 4, "what cannot be judged is due again and again");
        }
        if is_due {
            self.odd_was_judged();
        }
    }

    fn pass(&mut self) {
        self.now = self.now + self.rng.times(Span::secs(1), 1, 40);
        let now = self.now;
        self.may_be_late |= now - self.pinged_at > LONG;
        self.sides.iter_mut().for_each(|side| side.act(|store| store.sign_of_life(now)).unwrap());
    }

    fn step(&mut self) {
        self.pass();
        if self.rng.percent(15) {
            self.sides[0].is_broken ^= true;
        }
        match self.rng.below(20) {
            0..=13 => self.ping_some(),
            14 | 15 => self.pause_one(),
            16 | 17 => self.reload(),
            18 => self.start(),
            _ => {}
        }
        self.expire();
    }

    fn states(&mut self, side: usize) -> Vec<(Definition, State, Status)> {
        let now = self.now;
        self.sides[side].act(|store| {
            let (live, as_of) = (store.live(), store.live().as_of(now));
            let checks = live.directory();
            let seen = checks.checks.iter().map(|check| {
                let state = check.state();
                let status = as_of.view(check, &state).status;
                ((*check.definition).clone(), state, status)
            });
            seen.collect()
        })
    }

    fn hold(&mut self) {
        let (broken, twin): (Vec<_>, Vec<_>) = (self.states(0), self.states(1));
        assert_eq!(broken.len(), twin.len());
        for ((definition, state, status), as_it_should) in broken.into_iter().zip(twin) {
            if !is_odd(&definition.spec) {
                assert_eq!((&state, status), (&as_it_should.1, as_it_should.2), "{}", definition.name);
                continue;
            }
            let (is_so, is_paused) =
                (state.causes.has(CauseKind::Unjudgeable), state.pause.since().is_some());
            assert_eq!(is_so, self.is_unjudgeable, "{definition:?} {state:?}");
            assert!(!is_so || is_paused || status == Status::Unknown, "readers see it");
            let is_called_bad = state.causes.any(Family::Late) || state.causes.any(Family::Failing);
            assert!(!is_called_bad || self.may_be_late, "its job pings in time: {definition:?} {state:?}");
            self.may_be_late &= is_called_bad || self.now - self.pinged_at > LONG;
        }
        for side in &mut self.sides {
            let db = rusqlite::Connection::open(side.folder.path().join("punctual.db")).unwrap();
            let stored: i64 = db.query_row("SELECT count(*) FROM pings", [], |row| row.get(0)).unwrap();
            assert_eq!(stored.unsigned_abs(), side.pings, "every ping that was answered is stored");
        }
    }
}

/// Thousands of panics are expected here, and to print each takes a while.
fn expect_to_panic() {
    let otherwise = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some("a test broke it") {
            otherwise(panic);
        }
    }));
}

/// 1.6
#[test]
fn a_check_that_cannot_be_judged_is_unknown_and_no_other_is_touched() {
    expect_to_panic();
    let (mut was_unjudgeable, mut came_back) = (0, 0);
    for seed in 0..WORLDS {
        let mut world = World::new(seed);
        world.start();
        for _ in 0..STEPS {
            world.step();
            world.hold();
        }
        was_unjudgeable += world.was_unjudgeable;
        came_back += world.came_back;
    }
    assert!(was_unjudgeable > 150 && came_back > 30, "{was_unjudgeable} {came_back}");
}
