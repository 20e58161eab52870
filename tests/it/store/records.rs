//! Records of assertions: one incident each, told together (§18).

use std::collections::BTreeSet;
use std::sync::Arc;

use punctual::core::assertion::{Assertion, AssertionResult, Finds, FoundBy, Outcome, Reported};
use punctual::core::cause::{CauseKind, Status};
use punctual::core::check::{Definition, Source, SourceLine, Spec};
use punctual::core::incident::{IncidentId, IncidentKey, IncidentStatus};
use punctual::core::outbox::Attempt;
use punctual::core::probe::SqlProbe;
use punctual::core::record::{NamedRecords, Record};
use punctual::core::route::{Action, Matcher, Policy, ReceiverName, Responder};
use punctual::core::schedule::Schedule;
use punctual::core::time::Span;
use punctual::store::history::Reader;
use punctual::store::{
    Applied, FoundAt, Outgoing, RecordAnswer, RecordCall, RecordNews, RecordOrder, RecordRefusal, ResultFact,
    ResultSlice, ResultTaken, Stance, Store, What,
};

use super::world::{GROUP_WAIT, Sqlite, World, name};

mod occurrences;
mod told;

fn record(key: &str) -> Record {
    Record::new(key).unwrap()
}

fn named(keys: &[&str]) -> Arc<NamedRecords> {
    Arc::new(keys.iter().map(|key| record(key)).collect())
}

fn many(count: usize) -> Arc<NamedRecords> {
    Arc::new((0..count).map(|number| record(&format!("{number:05}"))).collect())
}

fn assertion(max_records: Option<u32>) -> Assertion {
    Assertion {
        found_by: FoundBy::Reporter(Reported::default()),
        unknowns_before_alert: 3,
        max_records,
        finds: Finds::Lasting,
    }
}

fn asserting(text: &str, assertion: Assertion) -> Definition {
    let spec = Spec { assert: Some(Arc::new(assertion)), ..Spec::new(Schedule::Unscheduled) };
    Definition::new(name(text), spec, Source::File { path: "checks.yaml".into(), line: SourceLine::new(1) })
}

fn world() -> World<Sqlite> {
    let mut world = World::new(Sqlite::default());
    world.configuration.checks = vec![asserting("a", assertion(Some(10_000)))];
    world.configure().unwrap();
    world
}

fn fact(outcome: Outcome, records: Option<Arc<NamedRecords>>) -> ResultFact {
    ResultFact {
        result: AssertionResult::new(outcome, None),
        why: None,
        records,
        text: None,
        left_out: 0,
        source: FoundAt::Client("10.0.3.7".parse().unwrap()),
    }
}

fn fact_of(named: Arc<NamedRecords>) -> ResultFact {
    let outcome = if named.is_empty() { Outcome::Holds } else { Outcome::Violated };
    fact(outcome, Some(named))
}

impl World<Sqlite> {
    fn result(&mut self, fact: ResultFact) -> ResultTaken {
        match self.apply("a", What::Result(fact)) {
            Applied::Result(taken) => *taken,
            other => panic!("{other:?}"),
        }
    }

    /// A result that names these is stored whole.
    fn names(&mut self, keys: &[&str]) -> ResultTaken {
        self.result(fact_of(named(keys)))
    }

    fn call(&mut self, what: RecordOrder) -> RecordAnswer {
        let (check, now) = (self.id("a"), self.now);
        let by = "ann".to_owned();
        self.store().change_records(&RecordCall { check, what, by }, now).unwrap()
    }

    fn slice(&mut self, named: &Arc<NamedRecords>, after: Option<IncidentKey>) -> RecordNews {
        let source = FoundAt::Client("10.0.3.7".parse().unwrap());
        match self.call(RecordOrder::Slice(ResultSlice { named: named.clone(), source, after })) {
            RecordAnswer::Slice(news) => news,
            other => panic!("{other:?}"),
        }
    }

    /// So many slices at most. Answers after which key there is more.
    fn slices(&mut self, named: &Arc<NamedRecords>, most: usize) -> Option<IncidentKey> {
        let mut after = None;
        for _ in 0..most {
            after = Some(self.slice(named, after).next?);
        }
        after
    }

    /// A result is stored as the server has it stored: in slices, if need be.
    fn report(&mut self, named: &Arc<NamedRecords>) -> ResultTaken {
        loop {
            match self.apply("a", What::Result(fact_of(named.clone()))) {
                Applied::Result(taken) => return *taken,
                Applied::InSlices => drop(self.slices(named, usize::MAX)),
                other => panic!("{other:?}"),
            }
        }
    }

    fn incident(&mut self, key: &str) -> IncidentId {
        let check = self.id("a");
        let all = Reader::new(self.place.0.path()).incidents(check, None, 1000).unwrap();
        all.into_iter().find(|incident| incident.key.as_str() == key).expect("it was opened").id
    }

    /// All that leaves now, to whom, and it is taken.
    fn all_told(&mut self) -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        loop {
            let outgoing = self.claim();
            if outgoing.is_empty() {
                return told;
            }
            for one in outgoing {
                self.settle(one.message.id, &Attempt::TAKEN);
                told.extend(said(&one).into_iter().map(|said| format!("{}: {said}", one.message.receiver)));
            }
        }
    }

    fn causes(&mut self) -> Vec<CauseKind> {
        self.state("a").causes.iter().map(|cause| cause.kind).collect()
    }

    /// Whoever matches these is told after so long.
    fn responders(&mut self, all: &[(&str, &str, Span)]) {
        let mut policy = (*self.configuration.policy).clone();
        let like_ops = policy.receivers.values().next().unwrap().clone();
        let mut responder = |(matchers, receiver, after): &(&str, &str, Span)| {
            policy.receivers.insert((*receiver).into(), like_ops.clone());
            let actions = vec![Action::new(ReceiverName::from(*receiver), *after, None)];
            Responder { matchers: Matcher::parse_list(matchers).unwrap(), actions }
        };
        let responders = all.iter().map(&mut responder).collect();
        self.configuration.policy = Arc::new(Policy { responders, ..policy });
        self.configure().unwrap();
    }
}

/// `Alert a 2 new, 2 open, 0 ended: 1 2`
fn said(outgoing: &Outgoing) -> Vec<String> {
    let one = |notice: &punctual::core::notice::Notice| {
        let Some(records) = &notice.records else { return format!("{:?} {}", notice.kind, notice.check) };
        let keys: Vec<&str> = records.said.iter().map(|said| said.key.as_str()).collect();
        let (new, open, ended, changed) = (records.new, records.open, records.ended, records.changed);
        let counts = format!("{new} new, {open} open, {ended} ended, {changed} changed");
        format!("{:?} {} {counts}: {}", notice.kind, notice.check, keys.join(" "))
    };
    outgoing.notices.iter().map(one).collect()
}

fn one(receiver: &str, said: &str) -> BTreeSet<String> {
    [format!("{receiver}: {said}")].into()
}

/// 18.3, 18.5, 11.1: a record has an incident of its own, and its check fails while one is open.
#[test]
fn each_record_opens_an_incident_and_what_is_not_named_ends() {
    let mut world = world();
    let taken = world.names(&["1", "2"]);
    assert_eq!((taken.records.began.len(), taken.records.open, taken.after), (2, 2, None));
    assert_eq!(
        (world.causes(), world.state("a").status()),
        (vec![CauseKind::RecordsViolated], Status::Failing)
    );
    world.wait(Span::mins(1));
    let taken = world.names(&["2", "3"]);
    let keys = |all: &[punctual::store::RecordStands]| {
        all.iter().map(|stands| stands.key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        (keys(&taken.records.began), keys(&taken.records.ended)),
        (vec!["3".into()], vec!["1".into()])
    );
    assert_eq!(taken.records.ended[0].status, IncidentStatus::Resolved);
    world.reopen();
    assert_eq!(world.state("a").records().open, 2);
    world.names(&[]);
    assert_eq!((world.causes(), world.state("a").status()), (vec![], Status::Up));
}

/// 12.1, 12.3, 12.5: a check's records are one notice, and so is what one result ends of them (T1).
#[test]
fn records_are_told_together_after_their_delays_and_their_ends_to_who_was_told() {
    let mut world = world();
    world.responders(&[("", "a", Span::secs(30)), ("", "b", Span::mins(30))]);
    world.names(&["1", "2"]);
    world.wait(Span::secs(34));
    assert_eq!(world.all_told(), BTreeSet::new());
    world.wait(Span::secs(1));
    assert_eq!(world.all_told(), one("a", "Alert a 2 new, 2 open, 0 ended, 0 changed: 1 2"));
    world.wait(Span::mins(30) - Span::secs(35) + GROUP_WAIT);
    assert_eq!(world.all_told(), one("b", "Alert a 2 new, 2 open, 0 ended, 0 changed: 1 2"));
    world.wait(Span::mins(30));
    world.names(&["2"]);
    world.wait(GROUP_WAIT);
    let ended = "Recovery a 0 new, 1 open, 1 ended, 0 changed: 1";
    assert_eq!(world.all_told(), [format!("a: {ended}"), format!("b: {ended}")].into());
}

/// 11.1, 12.5: of two actions to one receiver the later one of one record holds no other record back (T2).
#[test]
fn what_one_record_waits_for_holds_no_other() {
    let mut world = world();
    world.responders(&[("", "ops", Span::ZERO), ("", "ops", Span::mins(30))]);
    world.names(&["1"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), one("ops", "Alert a 1 new, 1 open, 0 ended, 0 changed: 1"));
    world.wait(Span::mins(10) - GROUP_WAIT);
    world.names(&["1", "2"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), one("ops", "Alert a 1 new, 2 open, 0 ended, 0 changed: 2"));
    world.wait(Span::mins(20));
    assert_eq!(world.all_told(), one("ops", "Alert a 1 new, 2 open, 0 ended, 0 changed: 1"));
}

/// 11.2, 8.4: what nobody wants to hear of stays so when it is back, and who was told hears of its end (T4).
#[test]
fn a_mark_outlives_its_record() {
    let mut world = world();
    world.names(&["7"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told().len(), 1);
    world.wait(Span::mins(5));
    let (incident, now) = (world.incident("7"), world.now);
    assert!(world.says(incident, Stance::WontFix, "ann", now));
    assert_eq!((world.causes(), world.state("a").records().wont_fix), (vec![], 1), "18.5");
    world.wait(Span::mins(55));
    world.names(&[]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), one("ops", "Recovery a 0 new, 0 open, 1 ended, 0 changed: 7"));
    world.reopen();
    world.wait(Span::mins(60));
    let taken = world.names(&["7"]);
    assert_eq!(taken.records.began[0].status, IncidentStatus::WontFix);
    world.wait(Span::mins(60));
    assert_eq!((world.all_told(), world.causes()), (BTreeSet::new(), vec![]));
    // Whoever takes the mark away has it told from then on.
    let key = IncidentKey::parse("7").unwrap();
    assert_eq!(world.call(RecordOrder::Unmark(key.clone())), RecordAnswer::Done);
    assert_eq!(world.call(RecordOrder::Unmark(key)), RecordAnswer::NoSuchRecord);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), one("ops", "Alert a 1 new, 1 open, 0 ended, 0 changed: 7"));
    assert_eq!(world.causes(), [CauseKind::RecordsViolated]);
}

/// 18.6: more than may be begin and end nothing (T11).
#[test]
fn too_many_records_begin_and_end_nothing() {
    let mut world = world();
    world.configuration.checks = vec![asserting("a", assertion(Some(1_000)))];
    world.configure().unwrap();
    world.report(&many(300));
    let taken = world.result(fact_of(many(50_000)));
    assert_eq!((taken.records.began.len(), taken.records.ended.len(), taken.records.open), (0, 0, 300));
    assert!(taken.after.is_some(), "the check itself says so");
    assert_eq!(world.causes(), [CauseKind::TooManyRecords, CauseKind::RecordsViolated]);
    world.wait(GROUP_WAIT);
    let told = world.all_told();
    assert!(told.contains("ops: Alert a") && told.len() == 2, "{told:?}");
    let taken = world.report(&many(340));
    assert_eq!((taken.records.began.len(), taken.records.open, taken.after), (40, 340, None));
    assert_eq!(world.causes(), [CauseKind::RecordsViolated]);
    world.reopen();
    assert_eq!(world.causes(), [CauseKind::RecordsViolated]);
}

/// 18.7, 12.3: a death between two slices loses nothing and repeats nothing, and few messages tell of all (T12).
#[test]
fn ten_thousand_records_are_told_once_in_a_few_messages_though_the_server_dies() {
    let mut world = world();
    let all = many(10_000);
    assert_eq!(world.apply("a", What::Result(fact_of(all.clone()))), Applied::InSlices);
    let next = world.slices(&all, 20).expect("there are 30 more");
    assert_eq!(next.as_str(), "03999");
    world.reopen();
    assert_eq!((world.state("a").records().open, world.state("a").records().results), (4_000, 0));
    world.wait(GROUP_WAIT);
    let mut told = vec![world.told_of()];
    let taken = world.report(&all);
    assert_eq!((taken.records.open, world.state("a").records().results), (10_000, 1));
    world.wait(GROUP_WAIT);
    told.push(world.told_of());
    assert_eq!(told, [4_000, 6_000]);
    assert_eq!(world.all_told(), BTreeSet::new());
    assert_eq!(world.store().next_claim(), None);
}

impl World<Sqlite> {
    /// Of how many deliveries the one message tells that leaves now, and it is taken.
    fn told_of(&mut self) -> usize {
        let outgoing = self.claim_one();
        assert_eq!(outgoing.notices.len(), 1);
        self.settle(outgoing.message.id, &Attempt::TAKEN);
        outgoing.message.members.len()
    }
}

/// 17.7b, 17.1b: a slice counts as its result does.
#[test]
fn a_slice_of_what_is_looked_at_no_more_makes_nothing_of_records() {
    let mut world = world();
    let probed = |query: &str| {
        let probe = SqlProbe {
            database: "app".into(),
            query: query.into(),
            key: Arc::default(),
            title: Arc::default(),
            wants_some: false,
            timeout: SqlProbe::DEFAULT_TIMEOUT,
        };
        Assertion { found_by: FoundBy::Sql(probe), ..assertion(Some(10_000)) }
    };
    let look = |world: &World<Sqlite>, query: &str| FoundAt::Probe {
        assertion: Arc::new(probed(query)),
        begun: world.now,
    };
    let all = many(300);
    let left = |world: &mut World<Sqlite>, source: FoundAt| {
        let RecordAnswer::Slice(news) =
            world.call(RecordOrder::Slice(ResultSlice { named: all.clone(), source, after: None }))
        else {
            panic!("a slice is answered as one");
        };
        (news.next.is_some(), news.open)
    };
    world.configuration.checks = vec![asserting("a", probed("select 1"))];
    world.configure().unwrap();
    world.wait(Span::secs(1));
    // A client that began to report before that.
    assert_eq!(left(&mut world, FoundAt::Client("10.0.3.7".parse().unwrap())), (false, 0));
    let other = look(&world, "select 2");
    assert_eq!(left(&mut world, other), (false, 0));
    let begun = look(&world, "select 1");
    assert_eq!(left(&mut world, begun.clone()), (true, 200));
    world.wait(Span::secs(1));
    let mut paused = asserting("a", probed("select 1"));
    Arc::make_mut(&mut paused.spec).paused = true;
    world.configuration.checks = vec![paused];
    world.configure().unwrap();
    assert_eq!(left(&mut world, begun.clone()), (false, 200));
    world.configuration.checks = vec![asserting("a", probed("select 1"))];
    world.wait(Span::secs(1));
    world.configure().unwrap();
    assert_eq!(left(&mut world, begun), (false, 200));
    let again = look(&world, "select 1");
    assert_eq!(left(&mut world, again), (false, 300));
}

/// 18.7a: no ping waits for the results of many checks together, either.
#[test]
fn results_of_one_call_change_no_more_records_than_one_result_may() {
    let mut world = World::new(Sqlite::default());
    world.configuration.checks = ["a", "b", "c"].map(|text| asserting(text, assertion(Some(10_000)))).into();
    world.configure().unwrap();
    let of = |world: &mut World<Sqlite>, name: &str, count: usize| {
        world.entry(name, What::Result(fact_of(many(count))))
    };
    let entries = [of(&mut world, "a", 150), of(&mut world, "b", 150), of(&mut world, "c", 50)];
    let applied = world.store().apply(&entries).unwrap();
    let is_taken: Vec<bool> = applied.iter().map(|one| matches!(one, Applied::Result(_))).collect();
    assert_eq!((is_taken, &applied[1]), (vec![true, false, true], &Applied::InSlices));
    let again = of(&mut world, "b", 150);
    assert!(matches!(world.store().apply(&[again]).unwrap()[..], [Applied::Result(_)]));
    let open = ["a", "b", "c"].map(|name| world.state(name).records().open);
    assert_eq!(open, [150, 150, 50]);
}

/// 18.4: `after` counts from the result that was one too many in a row.
#[test]
fn a_record_has_to_be_named_and_missed_often_enough() {
    let mut world = world();
    let mut definition = asserting("a", assertion(Some(10)));
    let spec = Spec { failures_before_alert: 2, successes_to_recover: 2, ..(*definition.spec).clone() };
    definition.spec = Arc::new(spec);
    world.configuration.checks = vec![definition];
    world.configure().unwrap();
    assert_eq!(world.names(&["1"]).records.open, 0);
    world.reopen();
    // One that could not tell is in no row.
    world.result(fact(Outcome::Unknown, None));
    assert_eq!(world.names(&["1"]).records.open, 1);
    assert_eq!(world.names(&[]).records.open, 1);
    assert_eq!(world.names(&["1"]).records.open, 1);
    assert_eq!(world.names(&[]).records.open, 1);
    assert_eq!(world.names(&[]).records.open, 0);
}

/// 18.3: one that holds names nothing, and one that names nothing is about the check itself.
#[test]
fn a_result_without_records_is_about_the_check_itself_and_one_that_holds_ends_all() {
    let mut world = world();
    world.names(&["1"]);
    let taken = world.result(fact(Outcome::Violated, None));
    assert!(taken.after.is_some() && taken.records.open == 1);
    assert_eq!(world.causes(), [CauseKind::Violated, CauseKind::RecordsViolated]);
    let taken = world.names(&["1"]);
    assert_eq!((taken.after, taken.records.open), (None, 1), "what is violated is named");
    let taken = world.result(fact(Outcome::Holds, None));
    assert_eq!((taken.records.ended.len(), taken.records.open), (1, 0));
    assert_eq!(world.causes(), []);
}

/// 18.8: told in the same notice as what began, and not as what recovered.
#[test]
fn what_is_asserted_no_more_ends_as_changed() {
    let mut world = world();
    world.names(&["1", "2"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told().len(), 1);
    let reported = Reported { by: "another".into(), ..Reported::default() };
    world.configuration.checks =
        vec![asserting("a", Assertion { found_by: FoundBy::Reporter(reported), ..assertion(Some(10)) })];
    world.configure().unwrap();
    assert_eq!(world.state("a").records().open, 2, "until a result says so");
    let taken = world.names(&["2", "3"]);
    assert_eq!(taken.records.ended[0].status, IncidentStatus::Changed);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), one("ops", "Alert a 1 new, 2 open, 0 ended, 1 changed: 3 1"));
}

/// 18.10: in slices, with whatever comes between them.
#[test]
fn archiving_ends_records_as_removed() {
    let mut world = world();
    world.report(&many(450));
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told().len(), 1);
    let check = world.id("a");
    world.configuration.checks.clear();
    world.configure().unwrap();
    world.wait(Span::MS);
    let mut slices = 0;
    while world.expire() > 0 {
        slices += 1;
        world.wait(Span::MS);
        if slices == 1 {
            world.reopen();
        }
    }
    assert_eq!(slices, 3);
    let all = Reader::new(world.place.0.path()).incidents(check, None, 1000).unwrap();
    assert!(all.iter().all(|incident| incident.status == IncidentStatus::Removed), "{all:?}");
    world.wait(GROUP_WAIT);
    let told = world.claim_one();
    assert_eq!((told.message.members.len(), told.notices[0].incident_status), (450, IncidentStatus::Removed));
}

/// 18.8: what takes no records any more has none.
#[test]
fn records_end_where_a_check_takes_none_any_more() {
    let mut world = world();
    world.names(&["1"]);
    world.configuration.checks = vec![asserting("a", assertion(None))];
    world.configure().unwrap();
    world.wait(Span::MS);
    assert_eq!((world.expire(), world.causes()), (1, vec![]));
    let refused = world.apply("a", What::Result(fact_of(named(&["1"]))));
    assert_eq!(refused, Applied::TakesNoRecords);
    assert_eq!(world.call(RecordOrder::Begin(record("1"))), RecordAnswer::Refused(RecordRefusal::TakesNone));
}

/// 18.9
#[test]
fn a_record_that_was_begun_by_itself_is_ended_by_itself() {
    let mut world = world();
    let count = |answer: RecordAnswer| match answer {
        RecordAnswer::Begun { count, is_new, .. } => (count, is_new),
        other => panic!("{other:?}"),
    };
    assert_eq!(count(world.call(RecordOrder::Begin(record("1")))), (1, true));
    assert_eq!(count(world.call(RecordOrder::Begin(record("1")))), (2, false));
    assert_eq!(world.state("a").records().open, 1);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), one("ops", "Alert a 1 new, 1 open, 0 ended, 0 changed: 1"));
    world.names(&["1", "2"]);
    assert_eq!(count(world.call(RecordOrder::Begin(record("2")))), (0, false));
    let key = |text| IncidentKey::parse(text).unwrap();
    assert_eq!(
        world.call(RecordOrder::End(key("2"))),
        RecordAnswer::Refused(RecordRefusal::OnlyResultsEndIt)
    );
    assert_eq!(world.call(RecordOrder::End(key("1"))), RecordAnswer::Done);
    assert_eq!(world.call(RecordOrder::End(key("1"))), RecordAnswer::NoSuchRecord);
    assert_eq!(world.state("a").records().open, 1);
}

/// 8.2: of a record also its key and its own labels are matched; the check's come first.
#[test]
fn records_are_routed_by_their_keys_and_labels() {
    let mut world = world();
    world.responders(&[
        (r#"key=~"EU/.*""#, "eu", Span::ZERO),
        (r#"severity="critical""#, "pager", Span::ZERO),
        (r#"key="", reason=~"missing|violated""#, "itself", Span::ZERO),
    ]);
    let critical = record("US/2").labelled(vec![("severity".to_owned(), "critical".to_owned())]).unwrap();
    let all: NamedRecords = [record("EU/1"), critical].into_iter().collect();
    world.result(fact_of(Arc::new(all)));
    world.reopen();
    world.wait(GROUP_WAIT);
    // What another one hears of is not counted.
    let told =
        |receiver: &str, key: &str| format!("{receiver}: Alert a 1 new, 1 open, 0 ended, 0 changed: {key}");
    assert_eq!(world.all_told(), [told("eu", "EU/1"), told("pager", "US/2")].into());
}

/// 12.4: a check's records have one reminder for each receiver, which tells of all that are open.
#[test]
fn of_a_checks_records_one_reminder_is_pending() {
    let mut world = world();
    world.respond(&[("ops", Span::ZERO, Some(Span::mins(60)))]);
    world.configure().unwrap();
    world.names(&["1"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told().len(), 1);
    world.wait(Span::mins(30));
    world.names(&["1", "2", "3"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), one("ops", "Alert a 2 new, 3 open, 0 ended, 0 changed: 2 3"));
    // What it was pending for is over: another one takes it over.
    world.names(&["2", "3"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), one("ops", "Recovery a 0 new, 2 open, 1 ended, 0 changed: 1"));
    let (incident, now) = (world.incident("2"), world.now);
    assert!(world.says(incident, Stance::Acknowledge, "ann", now));
    world.reopen();
    world.wait(Span::mins(30));
    assert_eq!(world.all_told(), one("ops", "Reminder a 0 new, 2 open, 0 ended, 0 changed: 3"));
    let (incident, now) = (world.incident("3"), world.now);
    assert!(world.says(incident, Stance::WontFix, "ann", now));
    assert_eq!(world.all_told(), BTreeSet::new());
    assert_eq!(world.store().next_claim(), None, "nobody is to be reminded");
}

/// 12.5: one thread from the first that opened to the last that ended.
#[test]
fn a_checks_records_are_one_thread() {
    let mut world = world();
    let mut threads = Vec::new();
    for keys in [&["1"][..], &["1", "2"], &["2"], &[], &["3"]] {
        world.names(keys);
        world.wait(GROUP_WAIT);
        let outgoing = world.claim_one();
        threads.push((outgoing.message.key.clone(), outgoing.notices[0].thread.clone()));
        world.settle(outgoing.message.id, &Attempt::TAKEN);
        world.reopen();
    }
    let first = Some(threads[0].0.clone());
    let replies: Vec<Option<String>> = threads.iter().map(|(_, thread)| thread.clone()).collect();
    assert_eq!(replies, [None, first.clone(), first.clone(), first, None]);
}

/// 12.4: a refused message of records is split between their keys, and each half says what it tells of.
#[test]
fn a_refused_message_of_records_is_split() {
    let mut world = world();
    world.names(&["1", "2", "3"]);
    world.wait(GROUP_WAIT);
    let whole = world.claim_one();
    world.settle(whole.message.id, &Attempt::Never { why: "too much".to_owned() });
    let first = world.claim_one();
    assert_eq!(said(&first), ["Alert a 1 new, 3 open, 0 ended, 0 changed: 1"]);
    world.settle(first.message.id, &Attempt::TAKEN);
    let second = world.claim_one();
    assert_eq!(said(&second), ["Alert a 2 new, 3 open, 0 ended, 0 changed: 2 3"]);
    world.settle(second.message.id, &Attempt::TAKEN);
    assert_eq!(world.all_told(), BTreeSet::new());
}

/// 17.7, 7.3: a result in a pause judges nothing; what is begun by itself is there, and told of once the pause is over.
#[test]
fn in_a_pause_no_result_ends_a_record() {
    let mut world = world();
    world.names(&["1"]);
    world.apply("a", What::Pause { comment: None, by: None, until: None });
    let taken = world.names(&["2"]);
    assert_eq!((taken.is_paused, taken.records.open, taken.records.began.len()), (true, 1, 0));
    assert!(matches!(world.call(RecordOrder::Begin(record("3"))), RecordAnswer::Begun { is_new: true, .. }));
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), BTreeSet::new());
    world.apply("a", What::Unpause { comment: None, by: None });
    assert_eq!(world.all_told(), one("ops", "Alert a 2 new, 2 open, 0 ended, 0 changed: 1 3"));
}

/// 14.1: whatever call fails, and at whichever row, all of it is as before.
#[test]
fn what_fails_of_records_has_changed_nothing() {
    use punctual::store::sqlite::FaultPoint;
    let mut world = world();
    world.names(&["1", "2"]);
    let fails = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let asked = fails.clone();
    world.store().set_faults(move |point| {
        let is_now = point == FaultPoint::BeforeCommit && asked.load(std::sync::atomic::Ordering::Relaxed);
        is_now.then_some(punctual::store::StoreError::Full)
    });
    let set = |on: bool| fails.store(on, std::sync::atomic::Ordering::Relaxed);
    assert!(world.try_apply("a", What::Result(fact_of(named(&["2", "3"])))).is_err());
    set(false);
    assert_eq!(world.store().difference_from_rows().unwrap(), None);
    assert_eq!(world.state("a").records().open, 2);
    world.wait(GROUP_WAIT);
    set(true);
    let now = world.now;
    assert!(world.store().claim(now).is_err());
    set(false);
    assert_eq!(world.store().difference_from_rows().unwrap(), None);
    assert_eq!(world.all_told(), one("ops", "Alert a 2 new, 2 open, 0 ended, 0 changed: 1 2"));
    assert_eq!(world.store().difference_from_rows().unwrap(), None);
}
