//! Occurrences in virtual time: results that name what they like; crashes between any two slices, and before anybody looks what is
//! over; receivers that are slow and refuse; people who acknowledge and mark. Beside the store a second model, keyed by the
//! occurrence's key, knows when each occurred for the last time, and at the end who must have been told of what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use punctual::core::assertion::{Assertion, AssertionResult, Finds, FoundBy, Outcome, Remember, Reported};
use punctual::core::check::{CheckId, Definition, Name, Source, SourceLine, Spec};
use punctual::core::incident::IncidentStatus;
use punctual::core::outbox::{Attempt, DeliveryKind, DeliveryState};
use punctual::core::record::{NamedRecords, Record};
use punctual::core::retention::Retention;
use punctual::core::route::{Action, Policy, ReceiverPolicy, Responder};
use punctual::core::schedule::Schedule;
use punctual::core::time::{Span, Time};
use punctual::store::history::Reader;
use punctual::store::sqlite::SqliteStore;
use punctual::store::{
    Applied, Configuration, Entry, FoundAt, Outgoing, RecordAnswer, RecordCall, RecordNews, RecordOrder,
    ResultFact, ResultSlice, Saying, Settling, Stance, Store, What, expire,
};

use crate::rng::Rng;

struct Sim {
    rng: Rng,
    folder: tempfile::TempDir,
    store: Option<SqliteStore>,
    now: Time,
    check: CheckId,
    remember: Remember,
    slice: usize,
    /// What was given up is told all the same, though it may be over by then (19.3b).
    give_up_after: Span,
    /// By the second model, when each key occurred.
    occurred: BTreeMap<String, Vec<Time>>,
    /// Keys that nobody wants to hear of.
    marked: BTreeSet<String>,
    /// Messages that somebody is sending.
    sending: Vec<Outgoing>,
}

impl Sim {
    fn new(seed: u64) -> Sim {
        let mut rng = Rng::new(seed, "occurrences");
        let minutes = |minutes| Remember::For(Span::mins(minutes));
        let remember = rng.pick(&[minutes(1), minutes(5), minutes(30), Remember::Forever]);
        let slice = rng.pick(&[1, 2, 3, 200]);
        let give_up_after = rng.pick(&[Span::mins(10), Span::mins(100_000)]);
        let mut sim = Sim {
            rng,
            folder: tempfile::tempdir().unwrap(),
            store: None,
            now: Time::from_secs(1_000_000),
            check: CheckId(0),
            remember,
            slice,
            give_up_after,
            occurred: BTreeMap::new(),
            marked: BTreeSet::new(),
            sending: Vec::new(),
        };
        sim.open();
        sim
    }

    /// A start, also after a death.
    fn open(&mut self) {
        self.store = None;
        let mut store = SqliteStore::open_with(self.folder.path(), 7).unwrap();
        store.begin(self.now).unwrap();
        store.configure(&self.configuration(), true, self.now).unwrap();
        store.set_record_slice(self.slice);
        self.check = store.live().find("a").unwrap().id;
        self.store = Some(store);
        self.sending.clear();
    }

    fn store(&mut self) -> &mut SqliteStore {
        self.store.as_mut().expect("it is there but while it is opened again")
    }

    fn configuration(&self) -> Configuration {
        let assertion = Assertion {
            found_by: FoundBy::Reporter(Reported::default()),
            unknowns_before_alert: 3,
            max_records: Some(100),
            finds: Finds::Occurring(self.remember),
        };
        let spec = Spec { assert: Some(Arc::new(assertion)), ..Spec::new(Schedule::Unscheduled) };
        let receiver = |group_wait| ReceiverPolicy {
            send_resolved: true,
            group_wait,
            give_up_after: self.give_up_after,
            max_members: 256,
            include_output: true,
        };
        let actions = vec![
            Action::new("now".into(), Span::ZERO, Some(Span::mins(60))),
            Action::new("later".into(), Span::mins(10), None),
        ];
        let policy = Policy {
            responders: vec![Responder { matchers: Vec::new(), actions }],
            default_receivers: Vec::new(),
            administrators: Vec::new(),
            receivers: [("now".into(), receiver(Span::ZERO)), ("later".into(), receiver(Span::secs(5)))]
                .into(),
        };
        let (name, source) =
            (Name::parse("a").unwrap(), Source::File { path: "a".into(), line: SourceLine::new(1) });
        Configuration {
            checks: vec![Definition::new(name, spec, source)],
            policy: Arc::new(policy),
            retention: Retention::default(),
            max_checks: 10,
            allow_mass_removal: false,
            changed_receivers: BTreeSet::new(),
        }
    }

    fn wait(&mut self, longest: i64) {
        let span = self.rng.times(Span::secs(1), 1, longest);
        self.now = self.now + span;
        let now = self.now;
        self.store().sign_of_life(now).unwrap();
    }

    fn is_remembered(&self, key: &str) -> bool {
        let last = self.occurred.get(key).and_then(|times| times.last());
        last.is_some_and(|last| !self.remember.is_over(*last, self.now))
    }

    /// 19.2: what is told as new was not remembered.
    fn note(&mut self, news: &RecordNews) {
        for began in &news.began {
            let key = began.key.to_string();
            assert!(!self.is_remembered(&key), "{key} occurs twice in its time");
            assert_eq!(began.status == IncidentStatus::WontFix, self.marked.contains(&key), "{key}");
            let now = self.now;
            self.occurred.entry(key).or_default().push(now);
        }
    }

    /// A result comes, in slices if need be, with a death between any two of them; whoever had no answer reports again.
    fn report(&mut self) {
        let count = self.rng.pick(&[0, 1, 3, 5, 9]);
        let keys: BTreeSet<String> = (0..count).map(|_| self.rng.below(12).to_string()).collect();
        let named: Arc<NamedRecords> = Arc::new(keys.iter().map(|key| Record::new(key).unwrap()).collect());
        let outcome = if keys.is_empty() { Outcome::Holds } else { Outcome::Violated };
        let fact = ResultFact {
            result: AssertionResult::new(outcome, None),
            why: None,
            records: Some(named.clone()),
            text: None,
            left_out: 0,
            source: FoundAt::Client("10.0.0.1".parse().unwrap()),
        };
        loop {
            let entry = Entry { check: self.check, at: self.now, what: What::Result(fact.clone()) };
            match self.store().apply(&[entry]).unwrap().remove(0) {
                Applied::Result(taken) => {
                    self.note(&taken.records);
                    break;
                }
                Applied::InSlices => self.slices(&named),
                other => panic!("{other:?}"),
            }
        }
        for key in keys {
            assert!(self.is_remembered(&key), "{key} was passed over");
        }
    }

    /// Slices, until all is carried out or the server dies.
    fn slices(&mut self, named: &Arc<NamedRecords>) {
        let mut after = None;
        loop {
            if self.rng.percent(15) {
                return self.open();
            }
            let source = FoundAt::Client("10.0.0.1".parse().unwrap());
            let what = RecordOrder::Slice(ResultSlice { named: named.clone(), source, after });
            let call = RecordCall { check: self.check, what, by: String::new() };
            let now = self.now;
            let RecordAnswer::Slice(news) = self.store().change_records(&call, now).unwrap() else {
                panic!("a slice is answered as one");
            };
            self.note(&news);
            match news.next {
                None => return,
                next => after = next,
            }
            self.wait(1);
            if self.rng.percent(30) {
                self.claim();
            }
        }
    }

    fn claim(&mut self) {
        let now = self.now;
        let outgoing = self.store().claim(now).unwrap();
        for notice in outgoing.iter().flat_map(|one| &one.notices) {
            let records = notice.records.as_ref().expect("nothing else is told");
            assert!(notice.kind == DeliveryKind::Alert && records.occurred > 0, "{notice:?}");
            assert_eq!((records.new, records.open, records.ended, records.changed), (0, 0, 0, 0));
        }
        self.sending.extend(outgoing);
    }

    fn settle(&mut self, is_calm: bool) {
        let Some(outgoing) = self.sending.pop() else { return };
        let attempt = match self.rng.below(10) {
            _ if is_calm => Attempt::TAKEN,
            0..4 => Attempt::Later { after: None, why: "no".to_owned() },
            _ => Attempt::TAKEN,
        };
        let (mut from, now) = (0, self.now);
        while let Settling::GoesOn(next) =
            self.store().settle(outgoing.message.id, &attempt, from, now).unwrap()
        {
            from = next;
            if self.rng.percent(10) {
                return self.open();
            }
        }
    }

    /// Somebody says something of one that is remembered.
    fn say(&mut self) {
        let all = Reader::new(self.folder.path()).incidents(self.check, None, 1000).unwrap();
        let open: Vec<_> = all.into_iter().filter(|it| !it.status.is_ended()).collect();
        if open.is_empty() {
            return;
        }
        let at = self.rng.below(open.len());
        let stance = self.rng.pick(&[Stance::Acknowledge, Stance::WontFix]);
        let now = self.now;
        self.store().stand_all(&[open[at].id], &Saying::new(stance, "ann"), now).unwrap();
        let key = open[at].key.to_string();
        match stance {
            Stance::WontFix => drop(self.marked.insert(key)),
            _ => drop(self.marked.remove(&key)),
        }
    }

    /// 19.1, 19.3: what is remembered once somebody has looked, and that it is nothing to the check.
    fn agrees(&mut self) {
        let now = self.now + Span::MS;
        self.now = now;
        while !expire(self.store(), now).unwrap().is_empty() {}
        let all = Reader::new(self.folder.path()).incidents(self.check, None, 1000).unwrap();
        let open: BTreeSet<String> =
            all.iter().filter(|it| !it.status.is_ended()).map(|it| it.key.to_string()).collect();
        let remembered = self.occurred.keys().filter(|key| self.is_remembered(key)).cloned().collect();
        assert_eq!(open, remembered, "what is remembered");
        let over = all.iter().filter(|it| it.status.is_ended());
        assert!(over.into_iter().all(|it| it.status == IncidentStatus::Over), "{all:?}");
        let state = self.store().live().find("a").unwrap().state();
        let totals = state.records();
        let occurred: usize = self.occurred.values().map(Vec::len).sum();
        assert_eq!((totals.occurrences.remembered as usize, totals.open), (open.len(), 0));
        assert!(totals.occurrences.occurred <= occurred as u64 && all.len() == occurred);
        assert!(state.causes.is_empty() && state.counters.failing == 0, "19.1");
        assert_eq!(self.store().difference_from_rows().unwrap(), None);
    }

    /// All that is to be told is taken.
    fn calm_down(&mut self) {
        for _ in 0..200 {
            self.wait(60);
            self.claim();
            while !self.sending.is_empty() {
                self.settle(true);
            }
        }
    }

    /// 19.2, 19.3b: each action ran once, or somebody said that it need not; and nothing else was told.
    fn is_told_once(&self) {
        let reader = Reader::new(self.folder.path());
        for incident in reader.incidents(self.check, None, 1000).unwrap() {
            let rows = reader.deliveries(incident.id).unwrap();
            let says = format!("{} {:?}: {rows:?}", incident.key, incident.status);
            assert!(rows.iter().all(|row| row.kind == DeliveryKind::Alert), "{says}");
            let steps = reader.steps(incident.id).unwrap();
            let is_answered =
                steps.iter().any(|step| matches!(step.what.as_str(), "acknowledged" | "wont_fix"));
            let sent = rows.iter().filter(|row| matches!(row.state, DeliveryState::Sent(_))).count();
            assert!(is_answered && sent <= 2 || sent == 2 && rows.len() == 2, "{says}");
            let is_left = rows
                .iter()
                .any(|row| matches!(row.state, DeliveryState::Waiting | DeliveryState::InMessage(_)));
            assert!(!is_left, "nothing is left to tell: {says}");
        }
    }
}

fn run(seed: u64) {
    let mut sim = Sim::new(seed);
    for _ in 0..60 {
        match sim.rng.below(10) {
            0..4 => sim.report(),
            4 | 5 => sim.claim(),
            6 | 7 => sim.settle(false),
            8 => sim.say(),
            _ if sim.rng.percent(30) => sim.open(),
            _ => {}
        }
        if sim.rng.percent(60) {
            sim.agrees();
        }
        let longest = sim.rng.pick(&[1, 5, 60, 900]);
        sim.wait(longest);
    }
    sim.calm_down();
    sim.agrees();
    sim.is_told_once();
}

/// 19.2, 19.3, 18.7: also over crashes between any two slices, and whether anybody looks what is over or not.
#[test]
fn each_key_is_told_once_in_its_time() {
    let seeds =
        std::env::var("PUNCTUAL_SIM_RECORD_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(10);
    let only = std::env::var("PUNCTUAL_SIM_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = only.map_or(0..seeds, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let world = std::panic::catch_unwind(|| run(seed));
        assert!(world.is_ok(), "occurrences, seed {seed}: PUNCTUAL_SIM_SEED={seed} runs it again");
    }
}
