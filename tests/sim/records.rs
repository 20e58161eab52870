//! Records in virtual time: results that name what they like, come twice, lie or cannot tell; crashes between any two slices;
//! receivers that are slow, refuse and give up; people who acknowledge, also for a time, mark and pause; assertions that change.
//! Beside the store a second model, keyed by (check, key), knows what is open, and at the end who must have been told of what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use punctual::core::assertion::{Assertion, AssertionResult, Finds, FoundBy, Outcome, Reported};
use punctual::core::cause::CauseKind;
use punctual::core::check::{CheckId, Definition, Name, Source, SourceLine, Spec};
use punctual::core::incident::{IncidentId, IncidentStatus};
use punctual::core::outbox::{Attempt, Delivery, DeliveryKind, DeliveryState, MessageId};
use punctual::core::ping::Rid;
use punctual::core::record::{NamedRecords, Record};
use punctual::core::retention::Retention;
use punctual::core::route::{Action, Policy, ReceiverPolicy, Responder};
use punctual::core::schedule::Schedule;
use punctual::core::time::{Span, Time};
use punctual::store::history::{IncidentRecord, Reader};
use punctual::store::sqlite::SqliteStore;
use punctual::store::{
    Applied, Configuration, Entry, FoundAt, Outgoing, RecordAnswer, RecordCall, RecordNews, RecordOrder,
    ResultFact, ResultSlice, Saying, Settling, Stance, Store, What, expire,
};

use self::model::Model;
use crate::rng::Rng;

mod model;

const CHECKS: [&str; 2] = ["a", "b"];
const ACTIONS: [(&str, Span, Span); 2] =
    [("now", Span::ZERO, Span::ZERO), ("later", Span::mins(5), Span::secs(5))];

struct Sim {
    rng: Rng,
    folder: tempfile::TempDir,
    store: Option<SqliteStore>,
    now: Time,
    in_a_row: (u32, u32),
    most: u32,
    slice: usize,
    give_up_after: Span,
    /// What is reported counts its changes, so that each report has a `rid` of its own.
    reports: usize,
    /// How often another thing was asserted.
    versions: [u32; CHECKS.len()],
    models: [Model; CHECKS.len()],
    /// Incidents of which somebody said something, or that were open in a pause.
    touched: BTreeSet<IncidentId>,
    /// Messages that somebody is sending.
    sending: Vec<Outgoing>,
}

impl Sim {
    fn new(seed: u64) -> Sim {
        let mut rng = Rng::new(seed, "records");
        let folder = tempfile::tempdir().unwrap();
        let in_a_row = (rng.pick(&[1, 1, 1, 2, 3]), rng.pick(&[1, 1, 2]));
        let (most, slice) = (rng.pick(&[4, 8, 100]), rng.pick(&[1, 2, 3, 200]));
        let give_up_after = rng.pick(&[Span::mins(10), Span::mins(100_000), Span::mins(100_000)]);
        let now = Time::from_secs(1_000_000);
        let mut sim = Sim {
            rng,
            folder,
            store: None,
            now,
            in_a_row,
            most,
            slice,
            give_up_after,
            reports: 0,
            versions: [0; CHECKS.len()],
            models: Default::default(),
            touched: BTreeSet::new(),
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
        self.store = Some(store);
        self.sending.clear();
    }

    fn store(&mut self) -> &mut SqliteStore {
        self.store.as_mut().expect("it is there but while it is opened again")
    }

    fn id(&mut self, check: usize) -> CheckId {
        self.store().live().find(CHECKS[check]).unwrap().id
    }

    fn declared(&self, check: usize) -> Definition {
        let reporter = Reported { args: self.versions[check].to_string().into(), ..Reported::default() };
        let assertion = Assertion {
            found_by: FoundBy::Reporter(reporter),
            unknowns_before_alert: 3,
            max_records: Some(self.most),
            finds: Finds::Lasting,
        };
        let spec = Spec {
            assert: Some(Arc::new(assertion)),
            failures_before_alert: self.in_a_row.0,
            successes_to_recover: self.in_a_row.1,
            ..Spec::new(Schedule::Unscheduled)
        };
        let source = Source::File { path: "a".into(), line: SourceLine::new(1) };
        Definition::new(Name::parse(CHECKS[check]).unwrap(), spec, source)
    }

    fn configuration(&self) -> Configuration {
        let receiver = |group_wait| ReceiverPolicy {
            send_resolved: true,
            group_wait,
            give_up_after: self.give_up_after,
            max_members: 256,
            include_output: true,
        };
        let repeats = |name: &str| (name == "now").then_some(Span::mins(60));
        let actions = ACTIONS.map(|(name, after, _)| Action::new(name.into(), after, repeats(name))).into();
        let policy = Policy {
            responders: vec![Responder { matchers: Vec::new(), actions }],
            default_receivers: Vec::new(),
            administrators: Vec::new(),
            receivers: ACTIONS.map(|(name, _, group_wait)| (name.into(), receiver(group_wait))).into(),
        };
        Configuration {
            checks: (0..CHECKS.len()).map(|check| self.declared(check)).collect(),
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

    /// A result comes, in slices if need be, with a death between any two of them; whoever had no answer reports the same again.
    /// Sometimes the answer is lost after all, and it is reported once more.
    fn report(&mut self) {
        let (check, keys) = (self.rng.below(CHECKS.len()), self.keys());
        let named: Arc<NamedRecords> = Arc::new(keys.iter().map(|key| Record::new(key).unwrap()).collect());
        let outcome = if keys.is_empty() { Outcome::Holds } else { Outcome::Violated };
        self.reports += 1;
        let result = AssertionResult {
            rid: Rid::parse(&format!("look-{}", self.reports)),
            ..AssertionResult::new(outcome, None)
        };
        let fact = fact(result, Some(named.clone()));
        while !self.is_taken(check, &fact) {
            self.slices(check, &named);
        }
        self.models[check].is_stored(&keys, self.in_a_row, self.most);
        if self.rng.percent(20) {
            assert!(self.is_taken(check, &fact), "17.2d: of a repetition nothing is left to carry out");
        }
    }

    /// 17.4: somebody looked, and could not tell.
    fn report_unknown(&mut self) {
        let check = self.rng.below(CHECKS.len());
        let named = self.rng.percent(50).then(|| Arc::new([Record::new("0").unwrap()].into_iter().collect()));
        assert!(self.is_taken(check, &fact(AssertionResult::new(Outcome::Unknown, None), named)));
    }

    /// Whether the fact is stored; otherwise slices come first.
    fn is_taken(&mut self, check: usize, fact: &ResultFact) -> bool {
        let entry = Entry { check: self.id(check), at: self.now, what: What::Result(fact.clone()) };
        match self.store().apply(&[entry]).unwrap().remove(0) {
            Applied::Result(_) => true,
            Applied::InSlices => false,
            other => panic!("{other:?}"),
        }
    }

    /// Slices, until all was looked at or the server dies.
    fn slices(&mut self, check: usize, named: &Arc<NamedRecords>) {
        let mut after = None;
        loop {
            if self.rng.percent(15) {
                return self.open();
            }
            let source = FoundAt::Client("10.0.0.1".parse().unwrap());
            let what = RecordOrder::Slice(ResultSlice { named: named.clone(), source, after });
            let call = RecordCall { check: self.id(check), what, by: String::new() };
            let now = self.now;
            match self.store().change_records(&call, now).unwrap() {
                RecordAnswer::Slice(RecordNews { next: Some(next), .. }) => after = Some(next),
                RecordAnswer::Slice(_) => return,
                other => panic!("{other:?}"),
            }
            self.wait(1);
            if self.rng.percent(30) {
                self.claim();
            }
        }
    }

    /// 18.8: the next result is about something else.
    fn assert_otherwise(&mut self) {
        let check = self.rng.below(CHECKS.len());
        self.versions[check] += 1;
        let (configuration, now) = (self.configuration(), self.now);
        self.store().configure(&configuration, false, now).unwrap();
        self.models[check].is_asserted_otherwise();
    }

    fn pause_or_go_on(&mut self, check: usize) {
        let is_paused = self.models[check].is_paused;
        let what = if is_paused {
            What::Unpause { comment: None, by: None }
        } else {
            What::Pause { comment: None, by: None, until: None }
        };
        let entry = Entry { check: self.id(check), at: self.now, what };
        self.store().apply(&[entry]).unwrap();
        self.models[check].is_paused = !is_paused;
        let open = self.open_incidents(check).into_iter().map(|(_, id, _)| id);
        self.touched.extend(open);
    }

    fn expire(&mut self) {
        let now = self.now;
        while !expire(self.store(), now).unwrap().is_empty() {}
    }

    fn keys(&mut self) -> BTreeSet<String> {
        let count = self.rng.pick(&[0, 1, 3, 5, 9]);
        (0..count).map(|_| self.rng.below(12).to_string()).collect()
    }

    fn claim(&mut self) {
        let now = self.now;
        let outgoing = self.store().claim(now).unwrap();
        for one in &outgoing {
            let of_records = one.notices.iter().filter(|notice| notice.records.is_some()).count();
            assert!(of_records <= CHECKS.len(), "one notice of all records of a check (12.3)");
        }
        self.sending.extend(outgoing);
    }

    fn settle(&mut self, is_calm: bool) {
        let Some(outgoing) = self.sending.pop() else { return };
        let attempt = match self.rng.below(10) {
            _ if is_calm => Attempt::TAKEN,
            0..4 => Attempt::Later { after: None, why: "no".to_owned() },
            4 => Attempt::Never { why: "no".to_owned() },
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

    /// Somebody says something of an open record.
    fn say(&mut self) {
        let check = self.rng.below(CHECKS.len());
        let open = self.open_incidents(check);
        if open.is_empty() {
            return;
        }
        let (key, incident, _) = self.rng.pick(&open);
        let stance = self.rng.pick(&[Stance::Acknowledge, Stance::WontFix, Stance::Reopen]);
        let is_for_a_time = stance == Stance::Acknowledge && self.rng.percent(50);
        let until = is_for_a_time.then(|| self.now + self.rng.times(Span::mins(1), 1, 30));
        let now = self.now;
        let saying = Saying { until, ..Saying::new(stance, "ann") };
        self.store().stand_all(&[incident], &saying, now).unwrap();
        self.touched.insert(incident);
        let marked = &mut self.models[check].marked;
        match stance {
            Stance::WontFix => drop(marked.insert(key)),
            _ => drop(marked.remove(&key)),
        }
    }

    fn open_incidents(&mut self, check: usize) -> Vec<(String, IncidentId, IncidentStatus)> {
        let id = self.id(check);
        let all = Reader::new(self.folder.path()).incidents(id, None, 1000).unwrap();
        let open = all.into_iter().filter(|it| !it.status.is_ended() && !it.key.is_own());
        open.map(|it| (it.key.to_string(), it.id, it.status)).collect()
    }

    /// 18.3 to 18.6: what is open, how it stands, and what that makes of the check.
    fn agrees(&mut self) {
        for (check, name) in CHECKS.iter().enumerate() {
            let open = self.open_incidents(check);
            let keys: BTreeSet<String> = open.iter().map(|(key, ..)| key.clone()).collect();
            let model = &self.models[check];
            assert_eq!((keys.len(), &keys), (open.len(), &model.open), "what is open of {name}");
            for (key, _, status) in &open {
                assert_eq!(*status == IncidentStatus::WontFix, model.marked.contains(key), "{key} is marked");
            }
            let marked = keys.intersection(&model.marked).count();
            let state = self.store().live().find(name).unwrap().state();
            let totals = state.records();
            assert_eq!((totals.open as usize, totals.wont_fix as usize), (keys.len(), marked));
            assert_eq!(state.causes.has(CauseKind::RecordsViolated), keys.len() > marked, "18.5");
        }
        assert_eq!(self.store().difference_from_rows().unwrap(), None);
    }

    /// All that is to be told is taken.
    fn calm_down(&mut self) {
        for check in 0..CHECKS.len() {
            if self.models[check].is_paused {
                self.pause_or_go_on(check);
            }
        }
        for _ in 0..400 {
            self.wait(60);
            self.expire();
            self.claim();
            while !self.sending.is_empty() {
                self.settle(true);
            }
        }
    }

    /// 12.1, 12.5, 12.6: each begin was told once to each receiver, or need not be; its end to whoever was told of it, once, and
    /// after that.
    fn is_told_once(&mut self) {
        let reader = Reader::new(self.folder.path());
        for check in 0..CHECKS.len() {
            let id = self.id(check);
            for incident in reader.incidents(id, None, 1000).unwrap() {
                let mut rows: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
                for row in reader.deliveries(incident.id).unwrap() {
                    rows.entry(row.receiver.to_string()).or_default().push(row);
                }
                let steps = reader.steps(incident.id).unwrap();
                let is_marked = steps.iter().any(|step| step.what.as_str() == "wont_fix");
                let is_touched = is_marked || self.touched.contains(&incident.id);
                for (receiver, after, group_wait) in ACTIONS {
                    let rows = rows.remove(receiver).unwrap_or_default();
                    let told = Told { receiver, after, group_wait, rows: &rows };
                    told.is_right(&incident, is_touched);
                }
            }
        }
    }
}

/// What became of all that one receiver was to be told of an incident.
struct Told<'a> {
    receiver: &'a str,
    after: Span,
    group_wait: Span,
    rows: &'a [Delivery],
}

impl Told<'_> {
    /// The messages in which something of this kind was taken.
    fn sent(&self, kind: DeliveryKind) -> Vec<MessageId> {
        let of_kind = self.rows.iter().filter(|row| row.kind == kind);
        let sent = of_kind.filter_map(|row| match row.state {
            DeliveryState::Sent(message) => Some(message),
            _ => None,
        });
        sent.collect()
    }

    fn is_right(&self, incident: &IncidentRecord, is_touched: bool) {
        let says = format!("{} of {} {:?}: {:?}", self.receiver, incident.key, incident.status, self.rows);
        let is_pending = |row: &Delivery| {
            let may_wait = row.kind == DeliveryKind::Reminder;
            matches!(row.state, DeliveryState::InMessage(_))
                || row.state == DeliveryState::Waiting && !may_wait
        };
        assert!(!self.rows.iter().any(is_pending), "nothing is left to tell: {says}");
        let [alerts, reminders, ends, episodes] =
            [DeliveryKind::Alert, DeliveryKind::Reminder, DeliveryKind::Recovery, DeliveryKind::Episode]
                .map(|kind| self.sent(kind));
        let is_given_up = self.rows.iter().any(|row| row.given_up.is_some());
        let was_told = !alerts.is_empty() || !reminders.is_empty();
        assert!(episodes.len() <= 1, "{says}");
        assert!(is_touched || alerts.len() <= 1, "it is told once: {says}");
        match incident.ended_at {
            None => assert!(ends.is_empty(), "{says}"),
            Some(_) if was_told && !is_given_up => assert_eq!(ends.len(), 1, "its end is told once: {says}"),
            Some(_) => {}
        }
        let first_end = ends.iter().chain(&episodes).min();
        let is_before = |end: &MessageId| alerts.iter().chain(&reminders).all(|told| told < end);
        assert!(first_end.is_none_or(is_before), "in their order: {says}");
        // Of what nobody answered, and nobody has refused, somebody hears if it lasts.
        let lasts =
            incident.ended_at.is_none_or(|ended| ended - incident.opened_at > self.after + self.group_wait);
        let is_by_itself = matches!(incident.status, IncidentStatus::Open | IncidentStatus::Resolved);
        if lasts && is_by_itself && !is_touched && !is_given_up {
            assert!(was_told || !episodes.is_empty(), "somebody hears of it: {says}");
        }
    }
}

fn fact(result: AssertionResult, records: Option<Arc<NamedRecords>>) -> ResultFact {
    ResultFact {
        result,
        why: None,
        records,
        text: None,
        left_out: 0,
        source: FoundAt::Client("10.0.0.1".parse().unwrap()),
    }
}

fn run(seed: u64) {
    let mut sim = Sim::new(seed);
    for _ in 0..80 {
        match sim.rng.below(24) {
            0..9 => sim.report(),
            9..13 => sim.claim(),
            13..17 => sim.settle(false),
            17..19 => sim.say(),
            19 => sim.report_unknown(),
            20 => sim.assert_otherwise(),
            21 => {
                let check = sim.rng.below(CHECKS.len());
                sim.pause_or_go_on(check);
            }
            22 => sim.open(),
            _ => sim.expire(),
        }
        sim.agrees();
        let longest = sim.rng.pick(&[1, 5, 60, 900]);
        sim.wait(longest);
    }
    sim.calm_down();
    sim.agrees();
    sim.is_told_once();
}

/// 18.4, 18.7, 12.5: also over crashes between any two slices.
#[test]
fn records_begin_and_end_and_are_told_once() {
    let seeds =
        std::env::var("PUNCTUAL_SIM_RECORD_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(10);
    let only = std::env::var("PUNCTUAL_SIM_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = only.map_or(0..seeds, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let world = std::panic::catch_unwind(|| run(seed));
        assert!(world.is_ok(), "records, seed {seed}: PUNCTUAL_SIM_SEED={seed} runs it again");
    }
}
