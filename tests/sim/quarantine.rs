//! Worlds in which the database takes no rows of some checks for a while (14.7), beside the same worlds in which it takes all:
//! pings of all other checks are answered, judged and told the same in both; what is hit is loud, and nothing of it is lost
//! that was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};

use punctual::clock::{Clock, Hands};
use punctual::core::cause::{Family, Status};
use punctual::core::check::{CheckId, Definition, Name, Ping, PingKind, Source, SourceLine, Spec};
use punctual::core::outbox::Attempt;
use punctual::core::refusals::Refused;
use punctual::core::retention::Retention;
use punctual::core::route::{Policy, ReceiverPolicy};
use punctual::core::schedule::Schedule;
use punctual::core::state::State;
use punctual::core::time::{Span, Time};
use punctual::engine;
use punctual::store::live::Live;
use punctual::store::sqlite::SqliteStore;
use punctual::store::writer::{PingAnswer, QueueLimits, Turns, Writer};
use punctual::store::{Configuration, Expired, PingFact, Settling, Store, StoreError, expire};

use crate::rng::Rng;

const WORLDS: u64 = 5;
const STEPS: usize = 120;
const STEPS_OF_MANY: usize = 25;
/// Into these tables something of a check is written.
const TABLES: [&str; 5] = ["pings", "states", "flips", "incidents", "deliveries"];

struct Running {
    writer: Writer,
    turns: Turns,
    live: Arc<Live>,
    clock: Arc<Clock>,
}

/// One server, and what it answered and told.
struct Side {
    folder: tempfile::TempDir,
    hands: Arc<Hands>,
    running: Option<Running>,
    /// How many pings of each check were acknowledged.
    taken: BTreeMap<CheckId, i64>,
    told: BTreeMap<String, Vec<String>>,
}

impl Side {
    fn new(start: Time) -> Side {
        let (folder, hands) = (tempfile::tempdir().unwrap(), Hands::at(start));
        Side { folder, hands, running: None, taken: BTreeMap::new(), told: BTreeMap::new() }
    }

    fn start(&mut self, seed: u64, configuration: &Configuration) {
        let mut store = SqliteStore::open_with(self.folder.path(), seed).unwrap();
        store.set_catch_up((seed % 3) as usize);
        let clock = Arc::new(Clock::with_hands(self.hands.clone()));
        engine::begin(&mut store, &clock).unwrap();
        store.configure(configuration, true, clock.now()).unwrap();
        let live = store.live();
        let limits = QueueLimits::default();
        let (writer, turns) = Writer::without_thread(Box::new(store), clock.clone(), limits, |_| {});
        self.running = Some(Running { writer, turns, live, clock });
        self.turn();
    }

    fn end(&mut self, is_killed: bool) {
        let mut running = self.running.take().unwrap();
        if !is_killed {
            running.writer.stop();
            while running.turns.step() {}
        }
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    fn turn(&mut self) {
        let running = self.running.as_mut().unwrap();
        assert!(running.turns.step());
        assert!(running.writer.is_healthy(), "all else can be stored");
    }

    fn ask<R: Send + 'static>(
        &self,
        act: impl FnOnce(&mut dyn Store, Time) -> R + Send + 'static,
    ) -> mpsc::Receiver<R> {
        let (sender, receiver) = mpsc::channel();
        self.running().writer.queue_call(Box::new(move |store, now| sender.send(act(store, now)).unwrap()));
        receiver
    }

    /// Takes turns until nothing waits: an order does not wait for pings that many which cannot be stored keep back.
    fn be_through(&mut self) {
        let mut turns = 0;
        while self.running().turns.has_waiting() {
            self.turn();
            turns += 1;
            assert!(turns < 100, "turns do not come to an end");
        }
    }

    /// Takes turns until the answer is there.
    fn answer<R>(&mut self, asked: &mpsc::Receiver<R>) -> R {
        for _ in 0..100 {
            self.turn();
            if let Ok(answer) = asked.try_recv() {
                return answer;
            }
        }
        panic!("turns do not come to an end");
    }

    fn call<R: Send + 'static>(&mut self, act: impl FnOnce(&mut dyn Store, Time) -> R + Send + 'static) -> R {
        let asked = self.ask(act);
        self.answer(&asked)
    }

    /// Judges what is due until nothing is, and tells of it.
    fn follow(&mut self, first: Result<Expired, StoreError>) {
        let mut expired = first.unwrap();
        let mut rounds = 0;
        while !expired.is_empty() {
            expired = self.call(expire).unwrap();
            rounds += 1;
            assert!(rounds < 10, "what cannot be stored is due again and again");
        }
        loop {
            let claimed = self.call(|store, now| store.claim(now).unwrap());
            if claimed.is_empty() {
                return;
            }
            for outgoing in claimed {
                for notice in &outgoing.notices {
                    self.told.entry(notice.check.to_string()).or_default().push(format!("{:?}", notice.kind));
                }
                let message = outgoing.message.id;
                let settle = move |store: &mut dyn Store, now| store.settle(message, &Attempt::TAKEN, 0, now);
                while let Settling::GoesOn(_) = self.call(settle).unwrap() {}
            }
        }
    }

    fn state(&self, check: CheckId) -> State {
        let checks = self.running().live.directory();
        checks.checks.iter().find(|other| other.id == check).unwrap().state()
    }

    fn states(&self) -> Vec<(CheckId, State, Status)> {
        let Running { live, clock, .. } = self.running();
        let (as_of, directory) = (live.as_of(clock.now()), live.directory());
        let seen = directory.checks.iter().map(|check| {
            let state = check.state();
            let status = as_of.view(check, &state).status;
            (check.id, state, status)
        });
        seen.collect()
    }

    fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("punctual.db")).unwrap()
    }

    fn stored(&self) -> BTreeMap<CheckId, i64> {
        let db = self.database();
        let mut look = db.prepare("SELECT check_id, count(*) FROM pings GROUP BY check_id").unwrap();
        let read = |row: &rusqlite::Row<'_>| Ok((CheckId(row.get::<_, i64>(0)?.unsigned_abs()), row.get(1)?));
        look.query_map([], read).unwrap().map(Result::unwrap).collect()
    }
}

struct World {
    seed: u64,
    rng: Rng,
    configuration: Configuration,
    /// The one whose database does not take all, and the one that does.
    sides: [Side; 2],
    all: Vec<CheckId>,
    bad: BTreeSet<CheckId>,
    /// Bad checks whose jobs ping in time.
    steady: BTreeSet<CheckId>,
    sabotaged: Option<&'static str>,
    /// When a ping of each bad check was last refused, unless a death has lost that.
    refused: BTreeMap<CheckId, Time>,
    /// Rows of states were not taken either: it may be stored later that pings were refused (14.7b).
    refusals_wait: bool,
    /// A death has lost that pings of these were refused, and none was taken since.
    excused: BTreeSet<CheckId>,
    refusals: u64,
    refusals_waited: u64,
}

fn definition(number: usize, every: Span) -> Definition {
    let spec = Spec { grace: Span::secs(5), ..Spec::new(Schedule::Every(every)) };
    let source = Source::File { path: "checks.yaml".into(), line: SourceLine::new(1) };
    Definition::new(Name::parse(&format!("check-{number}")).unwrap(), spec, source)
}

fn configuration(checks: Vec<Definition>) -> Configuration {
    let receiver = ReceiverPolicy {
        send_resolved: true,
        group_wait: Span::ZERO,
        give_up_after: Span::mins(60),
        max_members: 1,
        include_output: true,
    };
    let policy = Policy {
        responders: Vec::new(),
        default_receivers: vec!["ops".into()],
        administrators: Vec::new(),
        receivers: [("ops".into(), receiver)].into(),
    };
    Configuration {
        checks,
        policy: Arc::new(policy),
        retention: Retention::default(),
        max_checks: 1000,
        allow_mass_removal: true,
        changed_receivers: BTreeSet::new(),
    }
}

fn fact(kind: PingKind) -> PingFact {
    PingFact {
        ping: Ping { kind, rid: None, exit_status: None },
        comment: None,
        body: None,
        left_out: 0,
        body_cut: false,
        source: "10.0.3.7".parse().unwrap(),
    }
}

impl World {
    /// In the last one more checks are hit than stand alone in one turn.
    fn new(seed: u64) -> World {
        let mut rng = Rng::new(seed, "quarantine");
        let (count, hit) = if is_of_many(seed) { (80, 40) } else { (10, 2 + rng.below(3)) };
        let every = |number: usize| Span::secs(20 + 5 * (number as i64 % 4));
        let configuration =
            configuration((0..count).map(|number| definition(number, every(number))).collect());
        let start = Time::from_secs(1_000_000 + rng.below(1000) as i64);
        let mut sides = [Side::new(start), Side::new(start)];
        sides.iter_mut().for_each(|side| side.start(seed, &configuration));
        let mut all: Vec<CheckId> =
            sides[0].running().live.directory().checks.iter().map(|check| check.id).collect();
        shuffle(&mut rng, &mut all);
        let bad = all[..hit].iter().copied().collect();
        let steady = all[..hit.div_ceil(2)].iter().copied().collect();
        World {
            seed,
            rng,
            configuration,
            sides,
            all,
            bad,
            steady,
            sabotaged: None,
            refused: BTreeMap::new(),
            refusals_wait: false,
            excused: BTreeSet::new(),
            refusals: 0,
            refusals_waited: 0,
        }
    }

    fn now(&self) -> Time {
        self.sides[0].running().clock.now()
    }

    fn pass(&mut self, span: Span) {
        self.sides.iter().for_each(|side| side.hands.pass(span));
    }

    /// The database takes no row of the bad checks in some table from now on, or all.
    fn sabotage(&mut self, table: Option<&'static str>) {
        let db = self.sides[0].database();
        db.execute_batch("DROP TRIGGER IF EXISTS sabotage").unwrap();
        if let Some(table) = table {
            let ids: Vec<String> = self.bad.iter().map(|check| check.0.to_string()).collect();
            let sql = format!(
                "CREATE TRIGGER sabotage BEFORE INSERT ON {table} WHEN new.check_id IN ({})
                 BEGIN SELECT RAISE(ABORT, 'simulated'); END",
                ids.join(", ")
            );
            db.execute_batch(&sql).unwrap();
        }
        self.sabotaged = table;
        self.refusals_wait |= table.is_some_and(|table| table != "pings");
    }

    /// Jobs of some bad checks ping in time, those of the other bad ones seldom, and half of the rest; in the same turn somebody may look at what is due.
    fn ping(&mut self) {
        let mut pings: Vec<(CheckId, PingKind)> = Vec::new();
        for check in self.all.clone() {
            let is_bad = self.bad.contains(&check);
            let times = if is_bad && self.rng.percent(8) { 40 } else { 1 };
            let often = if is_bad { 15 } else { 50 };
            if self.steady.contains(&check) || self.rng.percent(often) {
                let kind = if self.rng.percent(20) { PingKind::Fail } else { PingKind::Success };
                pings.extend((0..times).map(|_| (check, kind)));
            }
        }
        shuffle(&mut self.rng, &mut pings);
        let queue = |side: &Side| -> Vec<PingAnswer> {
            pings
                .iter()
                .map(|(check, kind)| side.running().writer.ping(*check, fact(*kind)).unwrap())
                .collect()
        };
        let answers: Vec<Vec<PingAnswer>> = self.sides.iter().map(queue).collect();
        let at = self.now();
        let later = self.rng.times(Span::ms(500), 0, 6);
        self.pass(later);
        for (place, answers) in answers.into_iter().enumerate() {
            let side = &mut self.sides[place];
            let asked = side.ask(expire);
            side.answer(&asked).unwrap();
            side.be_through();
            // Where the turn was broken off, that was of a time before.
            let first = side.call(expire);
            for ((check, _), answer) in pings.iter().zip(answers) {
                match answer.blocking_recv().unwrap() {
                    Ok(_) => {
                        *side.taken.entry(*check).or_default() += 1;
                        if place == 0 {
                            self.excused.remove(check);
                        }
                    }
                    Err(error) => {
                        let is_expected = place == 0 && self.bad.contains(check) && self.sabotaged.is_some();
                        assert!(is_expected, "a ping of {check:?} is refused: {error}");
                        self.refused.insert(*check, at);
                        self.refusals += 1;
                    }
                }
            }
            assert!(
                self.refusals_wait || self.unknown_refusals().is_empty(),
                "it is stored in the same turn that pings were refused"
            );
            self.sides[place].follow(first);
        }
    }

    fn start_again(&mut self) {
        let is_killed = self.rng.percent(70);
        // Both are alive until then: one that took more turns may have shown it last in another moment.
        self.pass(Span::secs(1));
        for side in &mut self.sides {
            side.turn();
            side.end(is_killed);
            side.start(self.seed, &self.configuration);
        }
        let unknown = self.unknown_refusals();
        assert!(unknown.is_empty() || self.refusals_wait, "a refusal is lost: {unknown:?}");
        self.refused.retain(|check, _| !unknown.contains(check));
        self.excused.extend(unknown);
    }

    /// Of these the last refusal is not stored, and may be evidence.
    fn unknown_refusals(&self) -> Vec<CheckId> {
        let is_known = |check: CheckId, at: Time| {
            let state = self.sides[0].state(check);
            let holds = |stretch: &Refused| stretch.first <= at && at <= stretch.last;
            state.refusals.iter().any(holds) || state.last_discharge >= Some(at)
        };
        let refused = self.refused.iter().filter(|(check, at)| !is_known(**check, **at));
        refused.map(|(check, _)| *check).collect()
    }

    fn prune(&mut self) {
        for side in &mut self.sides {
            while side.call(|store, now| store.prune(now).unwrap()) {}
        }
    }

    fn step(&mut self) {
        let span = self.rng.times(Span::secs(1), 1, 5);
        self.pass(span);
        if self.rng.percent(15) {
            let table = if self.sabotaged.is_some() { None } else { Some(self.rng.pick(&TABLES)) };
            self.sabotage(table);
            if table.is_none() {
                self.be_quiet();
            }
        }
        let counted = |side: &Side| side.running().live.totals.rows_quarantined.load(Ordering::Relaxed);
        let before = (self.refusals, counted(&self.sides[0]));
        self.ping();
        if self.refusals > before.0 {
            assert!(counted(&self.sides[0]) >= before.1 + self.refusals - before.0, "the counter says it");
            assert!(self.sides[0].running().live.rows_apart() > 0, "and what stands apart now");
        }
        assert_eq!(counted(&self.sides[1]), 0);
        match self.rng.below(12) {
            0 => self.start_again(),
            1 => {
                self.prune();
            }
            _ => {}
        }
        self.hold();
    }

    /// Nobody pings for a moment: all refusals that waited are told, sixteen a second.
    fn be_quiet(&mut self) {
        for _ in 0..4 {
            self.pass(Span::secs(1));
            self.sides.iter_mut().for_each(Side::turn);
        }
        assert_eq!(self.unknown_refusals(), [], "a refusal that waited is lost");
    }

    fn hold(&mut self) {
        let unknown = self.unknown_refusals();
        assert!(
            unknown.is_empty() || self.refusals_wait,
            "it is not stored that pings were refused: {unknown:?}"
        );
        let (sides, bad) = (self.sides.each_ref().map(Side::states), &self.bad);
        assert_eq!(sides[0].len(), sides[1].len());
        let mut late = BTreeSet::new();
        for (seen, twin) in sides[0].iter().zip(&sides[1]) {
            if !bad.contains(&seen.0) {
                assert_eq!(seen, twin);
            } else if self.steady.contains(&seen.0) && seen.1.causes.any(Family::Late) {
                late.insert(seen.0);
            }
        }
        let may_be_late = |check: &CheckId| self.refusals_wait || self.excused.contains(check);
        let called_late = late.iter().find(|check| !may_be_late(check));
        assert_eq!(called_late, None, "its job pings in time");
        let is_over = self.sabotaged.is_none_or(|table| table == "pings");
        if self.refusals_wait && is_over && unknown.is_empty() && late.is_empty() {
            self.refusals_wait = false;
        }
        self.refusals_waited += u64::from(!unknown.is_empty());
        for side in &self.sides {
            assert_eq!(side.stored(), side.taken, "every ping that was acknowledged is stored, and no other");
        }
    }

    /// The database takes all again: nothing stands apart for long, and all that was acknowledged is known, also after a death.
    fn finish(&mut self) {
        self.sabotage(None);
        for _ in 0..15 {
            self.pass(Span::secs(2));
            self.ping();
        }
        self.prune();
        assert_eq!(self.sides[0].running().live.rows_apart(), 0);
        assert_eq!(self.unknown_refusals(), []);
        self.hold();
        let before = self.sides.each_ref().map(Side::states);
        for (side, before) in self.sides.iter_mut().zip(before) {
            side.end(true);
            side.start(self.seed, &self.configuration);
            assert_eq!(side.states(), before, "a death has lost something");
        }
        for check in &self.configuration.checks {
            let [told, twin] = self.sides.each_ref().map(|side| side.told.get(check.name.as_str()));
            let id = self.sides[0].running().live.find(check.name.as_str()).unwrap().id;
            if !self.bad.contains(&id) {
                assert_eq!(told, twin, "{}", check.name);
            }
        }
    }
}

fn is_of_many(seed: u64) -> bool {
    seed == WORLDS - 1
}

fn shuffle<T>(rng: &mut Rng, all: &mut [T]) {
    (1..all.len()).for_each(|last| all.swap(last, rng.below(last + 1)));
}

/// 14.7
#[test]
fn checks_whose_rows_cannot_be_stored_are_loud_and_no_other_is_touched() {
    let (mut refusals, mut waited, mut told) = (0, 0, 0);
    for seed in 0..WORLDS {
        let mut world = World::new(seed);
        for _ in 0..if is_of_many(seed) { STEPS_OF_MANY } else { STEPS } {
            world.step();
        }
        world.finish();
        refusals += world.refusals;
        waited += world.refusals_waited;
        told += world.sides[0].told.values().map(Vec::len).sum::<usize>();
    }
    assert!(refusals > 1000 && waited > 10 && told > 500, "{refusals} {waited} {told}");
}
