//! Diagnoses in virtual time: reporters that look, act, die and come late; deaths of the server between any two calls;
//! administrators who do not take what they are told; people who acknowledge. Beside the store a second model knows what each
//! decision is, and how often people are told of an incident.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use punctual::core::assertion::{Assertion, AssertionResult, Finds, FoundBy, Outcome, Reported};
use punctual::core::check::{CheckId, Definition, Name, Rid, Source, SourceLine, Spec};
use punctual::core::diagnose::{Case, CaseSaid, CasesFound, Decision, Remedy, SolutionOutcome};
use punctual::core::incident::{IncidentId, IncidentStatus};
use punctual::core::outbox::{Attempt, DeliveryKind, DeliveryState};
use punctual::core::retention::Retention;
use punctual::core::route::{Policy, ReceiverPolicy};
use punctual::core::schedule::Schedule;
use punctual::core::time::{Span, Time};
use punctual::store::history::Reader;
use punctual::store::sqlite::SqliteStore;
use punctual::store::{
    Configuration, DiagnosisAnswer, DiagnosisCall, DiagnosisOrder, DiagnosisRefusal, Entry, FoundAt,
    Outgoing, ResultFact, Saying, Settling, Stance, Store, What, expire,
};

use crate::rng::Rng;

/// What happened to one incident, by the second model.
#[derive(Clone, Default)]
struct Incident {
    /// When each solution was decided, of which case, by which look, and how it ended.
    solutions: Vec<(Time, u8, Option<String>, Option<&'static str>)>,
    /// What people were told, each once.
    told: BTreeSet<String>,
    is_acknowledged: bool,
    stands: &'static str,
}

impl Incident {
    fn under_way(&mut self) -> Option<&mut (Time, u8, Option<String>, Option<&'static str>)> {
        self.solutions.last_mut().filter(|solution| solution.3.is_none())
    }

    /// Somebody looks at the check, and it goes on.
    fn looked_at(&mut self, now: Time) {
        let number = self.solutions.len();
        if let Some(lost) = self.under_way().filter(|solution| now - solution.0 > Span::mins(10)) {
            lost.3 = Some("lost");
            self.is_bad(&format!("solution {number}"));
        }
    }

    /// Somebody says how a solution ended.
    fn ends_by(&mut self, word: &str) {
        if word == "enacted" && !self.is_acknowledged {
            self.stands = "solution_applied";
        }
    }

    /// It applied nothing.
    fn is_bad(&mut self, what: &str) {
        if !self.is_acknowledged {
            assert!(self.told.insert(what.to_owned()), "{what} is told twice");
            self.stands = "open";
        }
    }

    fn decide(&mut self, cases: &BTreeMap<u8, bool>, rid: Option<&str>, now: Time) -> Decision {
        let is_known = |solution: &(Time, u8, Option<String>, Option<&'static str>)| {
            rid.is_some() && solution.2.as_deref() == rid
        };
        if let Some(under_way) = self.under_way().cloned() {
            return if is_known(&under_way) { Decision::Apply } else { Decision::UnderWay };
        }
        if self.solutions.last().is_some_and(is_known) {
            return Decision::UnderWay;
        }
        let names: Vec<&u8> = cases.keys().collect();
        let only = cases.iter().next().filter(|_| cases.len() == 1);
        match only {
            Some((_, true)) => self.stands = "solution_applied",
            // There are two plans of each.
            Some((case, false)) if self.solutions.iter().filter(|it| it.1 == *case).count() < 2 => {
                self.solutions.push((now, *case, rid.map(str::to_owned), None));
                self.stands = "solution_applied";
                return Decision::Apply;
            }
            Some(_) => self.stands = "solution_applied",
            None if cases.is_empty() => {
                self.told.insert("no case".to_owned());
                return Decision::NoCase;
            }
            None => {
                self.told.insert(format!("{names:?}"));
                self.stands = "impasse";
                return Decision::Impasse;
            }
        }
        Decision::Wait
    }
}

struct Sim {
    rng: Rng,
    folder: tempfile::TempDir,
    store: Option<SqliteStore>,
    now: Time,
    check: CheckId,
    /// All that there ever were; the last one is open while `is_violated`.
    model: Vec<(IncidentId, Incident)>,
    is_violated: bool,
    sending: Vec<Outgoing>,
}

impl Sim {
    fn new(seed: u64) -> Sim {
        let mut sim = Sim {
            rng: Rng::new(seed, "diagnoses"),
            folder: tempfile::tempdir().unwrap(),
            store: None,
            now: Time::from_secs(1_000_000),
            check: CheckId(0),
            model: Vec::new(),
            is_violated: false,
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
        store.configure(&configuration(), true, self.now).unwrap();
        self.check = store.live().find("a").unwrap().id;
        self.store = Some(store);
        self.sending.clear();
    }

    fn store(&mut self) -> &mut SqliteStore {
        self.store.as_mut().expect("it is there but while it is opened again")
    }

    fn reader(&self) -> Reader {
        Reader::new(self.folder.path())
    }

    /// Time passes, and what is due is judged.
    fn wait(&mut self, longest: i64) {
        self.now = self.now + self.rng.times(Span::secs(1), 1, longest);
        let now = self.now;
        self.store().sign_of_life(now).unwrap();
        if self.rng.percent(70) {
            while !expire(self.store(), now).unwrap().is_empty() {}
            self.looked_at();
        }
    }

    fn looked_at(&mut self) {
        let (now, is_violated) = (self.now, self.is_violated);
        if let Some((_, incident)) = self.model.last_mut().filter(|_| is_violated) {
            incident.looked_at(now);
        }
    }

    fn report(&mut self) {
        let is_violated = !self.rng.percent(15);
        let outcome = if is_violated { Outcome::Violated } else { Outcome::Holds };
        let fact = ResultFact {
            result: AssertionResult::new(outcome, None),
            why: None,
            records: None,
            text: None,
            left_out: 0,
            source: FoundAt::Client("10.0.0.1".parse().unwrap()),
        };
        if self.is_violated && !is_violated {
            // What is due comes first, in a server that runs.
            let now = self.now;
            while !expire(self.store(), now).unwrap().is_empty() {}
            self.looked_at();
        }
        let entry = Entry { check: self.check, at: self.now, what: What::Result(fact) };
        self.store().apply(&[entry]).unwrap();
        if is_violated && !self.is_violated {
            let open = self.reader().open_incident(self.check).unwrap().expect("it is violated");
            self.model.push((open.id, Incident { stands: "open", ..Incident::default() }));
        }
        self.is_violated = is_violated;
        self.looked_at();
    }

    fn call(&mut self, incident: IncidentId, what: DiagnosisOrder) -> DiagnosisAnswer {
        let now = self.now;
        let call = DiagnosisCall { incident, what, by: "shop".to_owned() };
        self.store().diagnose(&call, now).unwrap()
    }

    fn decide(&mut self) {
        let Some((id, _)) = self.model.last().cloned() else { return };
        let count = self.rng.pick(&[0, 1, 1, 1, 2]);
        let cases: BTreeMap<u8, bool> =
            (0..count).map(|_| (self.rng.pick(&[0, 1, 2]), self.rng.percent(20))).collect();
        let case = |(name, passes): (&u8, &bool)| Case {
            said: CaseSaid::new(&name.to_string(), "", "").unwrap(),
            remedy: match passes {
                true => Remedy::Pass,
                false => Remedy::Plans(vec!["first".to_owned(), "second".to_owned()]),
            },
        };
        let rid = self.rng.percent(50).then(|| self.rng.pick(&["x", "y", "z"]));
        let found = CasesFound {
            cases: cases.iter().map(case).collect(),
            rid: rid.map(|rid| Rid::parse(rid).unwrap()),
            is_carried_out: true,
        };
        // An answer that is lost is asked for again, perhaps of a server that has died since.
        for _ in 0..self.rng.pick(&[1, 1, 2]) {
            let answer = self.call(id, DiagnosisOrder::Decide(found.clone()));
            self.looked_at();
            let now = self.now;
            let (_, incident) = self.model.last_mut().expect("there is one");
            match answer {
                DiagnosisAnswer::Refused(DiagnosisRefusal::HasEnded) => assert!(!self.is_violated),
                DiagnosisAnswer::Refused(DiagnosisRefusal::IsAnswered(_)) => {
                    assert!(incident.is_acknowledged);
                }
                DiagnosisAnswer::Decided(decision, solution) => {
                    assert!(self.is_violated && !incident.is_acknowledged);
                    assert_eq!(decision, incident.decide(&cases, rid, now), "{cases:?} {rid:?}");
                    let is_named = matches!(decision, Decision::Apply | Decision::UnderWay);
                    assert_eq!(solution.is_some(), is_named);
                }
                other => panic!("{other:?}"),
            }
            if self.rng.percent(10) {
                self.open();
            }
        }
    }

    /// Whoever carries out a solution says how it ended; or says so of one that has ended, or that nobody knows.
    fn end(&mut self) {
        let Some((id, before)) = self.model.last().cloned() else { return };
        let number = self.rng.below(before.solutions.len() + 2);
        let is_well = self.rng.percent(60);
        let how = if is_well { SolutionOutcome::Enacted } else { SolutionOutcome::failed("no") };
        let word = how.as_str();
        let answer = self.call(id, DiagnosisOrder::End(u32::try_from(number).unwrap(), how));
        self.looked_at();
        let is_violated = self.is_violated;
        let (_, incident) = self.model.last_mut().expect("there is one");
        let is_newest = number == incident.solutions.len();
        let known = number.checked_sub(1).and_then(|place| incident.solutions.get_mut(place));
        match (known.map(|solution| &mut solution.3), answer) {
            (None, DiagnosisAnswer::Refused(DiagnosisRefusal::NoSuchSolution)) => {}
            // It is said late, and nothing was decided since: people know that it was lost.
            (Some(Some(before)), DiagnosisAnswer::Ended) if *before == "lost" && is_newest => {
                *before = word;
                incident.ends_by(word);
            }
            (Some(Some(before)), DiagnosisAnswer::Ended) => assert_eq!(*before, word),
            (Some(Some(before)), DiagnosisAnswer::Refused(DiagnosisRefusal::EndedOtherwise(_))) => {
                assert_ne!(*before, word);
            }
            (Some(end @ None), DiagnosisAnswer::Ended) => {
                *end = Some(word);
                incident.ends_by(word);
                if word == "failed" && is_violated {
                    incident.is_bad(&format!("solution {number}"));
                }
            }
            (known, answer) => panic!("{known:?} {answer:?}"),
        }
    }

    fn say(&mut self) {
        let Some((id, _)) = self.model.last().cloned().filter(|_| self.is_violated) else { return };
        let stance = self.rng.pick(&[Stance::Acknowledge, Stance::Reopen, Stance::Reopen]);
        let now = self.now;
        self.store().stand_all(&[id], &Saying::new(stance, "ann"), now).unwrap();
        self.looked_at();
        let (_, incident) = self.model.last_mut().expect("there is one");
        if stance == Stance::Reopen && incident.is_acknowledged {
            incident.stands = "open";
        }
        incident.is_acknowledged = stance == Stance::Acknowledge;
    }

    fn claim(&mut self) {
        let now = self.now;
        let outgoing = self.store().claim(now).unwrap();
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
        }
    }

    /// What stands in the database is what the model says, of each incident.
    fn agrees(&mut self) {
        let reader = self.reader();
        for (nth, (id, incident)) in self.model.iter().enumerate() {
            let is_open = self.is_violated && nth + 1 == self.model.len();
            let diagnoses = reader.diagnoses(*id).unwrap();
            let solutions: Vec<_> = diagnoses.iter().filter_map(|diagnosis| diagnosis.solution()).collect();
            assert!(solutions.iter().filter(|it| it.ended.is_none()).count() <= 1, "two are under way");
            let ends: Vec<_> =
                solutions.iter().map(|it| it.ended.as_ref().map(|end| end.how.as_str())).collect();
            let wanted: Vec<_> = incident.solutions.iter().map(|solution| solution.3).collect();
            if is_open {
                let status = reader.incident(*id).unwrap().expect("it is open").status;
                let stands = if incident.is_acknowledged { "acknowledged" } else { incident.stands };
                // What is lost may not have been looked at, here and there alike.
                assert_eq!((status.as_str(), &ends), (stands, &wanted));
                assert_ne!(status, IncidentStatus::Resolved);
            }
            // What waits when the incident ends may be told with its end, as an episode.
            let of_admin =
                reader.deliveries(*id).unwrap().into_iter().filter(|row| &*row.receiver == "admin");
            let told: Vec<DeliveryKind> =
                of_admin.map(|row| row.kind).filter(|kind| *kind != DeliveryKind::Recovery).collect();
            let each: BTreeSet<String> = told.iter().map(|kind| format!("{kind:?}")).collect();
            let wanted = incident.told.len();
            assert_eq!((told.len(), each.len()), (wanted, wanted), "{:?}: {told:?}", incident.told);
        }
        assert_eq!(self.store().difference_from_rows().unwrap(), None);
    }

    /// All that is to be told is taken, and nothing is left.
    fn calm_down(&mut self) {
        for _ in 0..100 {
            self.wait(60);
            self.claim();
            while !self.sending.is_empty() {
                self.settle(true);
            }
        }
        for (id, incident) in &self.model {
            let rows = self.reader().deliveries(*id).unwrap();
            let is_left =
                |state: &DeliveryState| matches!(state, DeliveryState::Waiting | DeliveryState::InMessage(_));
            assert!(!rows.iter().any(|row| is_left(&row.state)), "{:?}: {rows:?}", incident.told);
        }
    }
}

/// A check that is asserted. `ops` hears of incidents, `admin` of diagnoses.
fn configuration() -> Configuration {
    let assertion = Assertion {
        found_by: FoundBy::Reporter(Reported::default()),
        unknowns_before_alert: 3,
        max_records: None,
        finds: Finds::Lasting,
    };
    let spec = Spec { assert: Some(Arc::new(assertion)), ..Spec::new(Schedule::Unscheduled) };
    let receiver = ReceiverPolicy {
        send_resolved: true,
        group_wait: Span::secs(5),
        give_up_after: Span::mins(100_000),
        max_members: 256,
        include_output: true,
    };
    let policy = Policy {
        responders: Vec::new(),
        default_receivers: vec!["ops".into()],
        administrators: vec!["admin".into()],
        receivers: [("ops".into(), receiver.clone()), ("admin".into(), receiver)].into(),
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

fn run(seed: u64) {
    let mut sim = Sim::new(seed);
    for _ in 0..80 {
        match sim.rng.below(12) {
            0 | 1 => sim.report(),
            2..5 => sim.decide(),
            5 | 6 => sim.end(),
            7 => sim.say(),
            8 => sim.claim(),
            9 => sim.settle(false),
            _ if sim.rng.percent(30) => sim.open(),
            _ => {}
        }
        sim.agrees();
        let longest = sim.rng.pick(&[1, 5, 60, 900]);
        sim.wait(longest);
    }
    sim.calm_down();
    sim.agrees();
}

/// 21.3a, 21.4a, 21.5, 21.6a: also over deaths between any two calls.
#[test]
fn one_solution_at_a_time_is_under_way_and_each_thing_is_told_once() {
    let seeds =
        std::env::var("PUNCTUAL_SIM_DIAGNOSIS_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(10);
    let only = std::env::var("PUNCTUAL_SIM_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = only.map_or(0..seeds, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let world = std::panic::catch_unwind(|| run(seed));
        assert!(world.is_ok(), "diagnoses, seed {seed}: PUNCTUAL_SIM_SEED={seed} runs it again");
    }
}
