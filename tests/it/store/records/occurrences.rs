//! What `detect` finds: told once, remembered for a time, and never told as over (§19).

use punctual::core::assertion::Remember;
use punctual::core::outbox::DeliveryKind;
use punctual::core::ping::Rid;

use punctual::store::{Saying, Stood};

use super::super::world::{check, later};
use super::*;

mod given_up;

const DAY: Span = Span::mins(24 * 60);
const WEEK: Remember = Remember::For(Span::mins(7 * 24 * 60));

fn detection(remember: Remember) -> Assertion {
    Assertion { finds: Finds::Occurring(remember), ..assertion(Some(10_000)) }
}

fn detecting(remember: Remember) -> World<Sqlite> {
    let mut world = World::new(Sqlite::default());
    world.configuration.checks = vec![asserting("a", detection(remember))];
    world.configure().unwrap();
    world
}

/// Of those who are told how many occurred, and which are said.
fn occurred(outgoing: &Outgoing) -> String {
    let [notice] = outgoing.notices.as_slice() else { panic!("{outgoing:?}") };
    let records = notice.records.as_ref().expect("it is about records");
    assert_eq!((records.new, records.open, records.ended, records.changed), (0, 0, 0, 0), "{records:?}");
    assert_eq!((notice.kind, notice.first.kind), (DeliveryKind::Alert, CauseKind::Occurred));
    assert_eq!((notice.repeat_interval, &notice.thread), (None, &None));
    assert!(records.said.iter().all(|said| !said.is_over), "it happened");
    let keys: Vec<&str> = records.said.iter().map(|said| said.key.as_str()).collect();
    format!("{}: {} occurred: {}", outgoing.message.receiver, records.occurred, keys.join(" "))
}

impl World<Sqlite> {
    /// All that is told now of what occurred, and it is taken.
    fn all_occurred(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let outgoing = self.claim();
            if outgoing.is_empty() {
                return told;
            }
            for one in outgoing {
                self.settle(one.message.id, &Attempt::TAKEN);
                told.push(occurred(&one));
            }
        }
    }

    /// All that is due is judged. Answers in how many calls.
    fn expire_all(&mut self) -> usize {
        let mut calls = 0;
        while self.expire() > 0 {
            calls += 1;
        }
        calls
    }

    fn standings(&mut self) -> Vec<(String, IncidentStatus)> {
        let check = self.id("a");
        let all = Reader::new(self.place.0.path()).incidents(check, None, 1000).unwrap();
        all.into_iter().rev().map(|incident| (incident.key.to_string(), incident.status)).collect()
    }

    fn remembered(&mut self) -> (u32, u64) {
        let totals = self.state("a").records().occurrences;
        (totals.remembered, totals.occurred)
    }
}

/// 19.1, 19.2, 19.3: told on Monday, silent all week, told again on the next (T13).
#[test]
fn what_occurs_is_told_once_and_again_when_it_is_remembered_no_more() {
    let mut world = detecting(WEEK);
    world.respond(&[("ops", Span::ZERO, Some(Span::mins(60)))]);
    world.configure().unwrap();
    let taken = world.names(&["1", "2"]);
    assert_eq!((taken.records.began.len(), taken.records.open, taken.after), (2, 2, None));
    assert_eq!((world.causes(), world.state("a").status()), (vec![], Status::Up), "19.1");
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_occurred(), ["ops: 2 occurred: 1 2"]);
    for day in 1..7 {
        world.wait(DAY);
        if day == 3 {
            world.reopen();
        }
        let taken = world.names(&["1"]);
        assert_eq!((taken.records.began.len(), taken.records.ended.len()), (0, 0), "day {day}");
        assert_eq!((world.expire_all(), world.all_occurred()), (0, Vec::new()), "day {day}");
    }
    world.wait(DAY - GROUP_WAIT);
    assert_eq!(world.expire_all(), 0, "for a week, to the millisecond");
    world.wait(Span::MS);
    assert_eq!((world.expire_all(), world.remembered()), (1, (0, 2)));
    let over = |key: &str| (key.to_owned(), IncidentStatus::Over);
    assert_eq!(world.standings(), [over("1"), over("2")]);
    assert_eq!((world.all_occurred(), world.store().next_claim()), (Vec::new(), None), "nobody is told");
    assert_eq!(world.names(&["1"]).records.began.len(), 1);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_occurred(), ["ops: 1 occurred: 1"]);
    assert_eq!(world.remembered(), (1, 3));
}

/// 19.2, 19.3: each action runs once after its time, also where the key is remembered no more by then.
#[test]
fn what_is_remembered_no_more_is_told_all_the_same() {
    let mut world = detecting(Remember::For(Span::mins(1)));
    world.responders(&[("", "a", Span::ZERO), ("", "b", Span::mins(30))]);
    world.names(&["1"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_occurred(), ["a: 1 occurred: 1"]);
    world.wait(Span::mins(1));
    assert_eq!(world.expire_all(), 1);
    world.reopen();
    world.names(&["1"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_occurred(), ["a: 1 occurred: 1"]);
    world.wait(Span::mins(31));
    world.expire_all();
    assert_eq!(world.all_occurred(), ["b: 2 occurred: 1 1"], "both, in their order");
    assert_eq!(world.store().next_claim(), None);
}

/// 19.3: a mute holds it, and it is told when that ends: it has not recovered meanwhile.
#[test]
fn what_nobody_could_be_told_while_it_was_remembered_is_told_later() {
    let mut world = detecting(Remember::For(Span::mins(1)));
    world.apply("a", What::Pause { comment: None, by: None, until: None });
    assert_eq!(world.call_begin("1"), (1, true), "18.9: also in a pause");
    world.wait(Span::mins(10));
    assert_eq!((world.expire_all(), world.all_occurred()), (1, Vec::new()));
    world.apply("a", What::Unpause { comment: None, by: None });
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_occurred(), ["ops: 1 occurred: 1"]);
}

impl World<Sqlite> {
    fn call_begin(&mut self, key: &str) -> (u32, bool) {
        match self.call(RecordOrder::Begin(record(key))) {
            RecordAnswer::Begun { count, is_new, .. } => (count, is_new),
            other => panic!("{other:?}"),
        }
    }
}

/// 19.2, 11.2: whoever takes it on is told no more, and what is marked is told to nobody and counted by nobody.
#[test]
fn an_occurrence_is_acknowledged_and_its_key_is_marked() {
    let mut world = detecting(Remember::For(Span::mins(60)));
    world.responders(&[("", "a", Span::ZERO), ("", "b", Span::mins(30))]);
    world.names(&["1", "2"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_occurred(), ["a: 2 occurred: 1 2"]);
    let (first, second, now) = (world.incident("1"), world.incident("2"), world.now);
    assert!(world.says(first, Stance::Acknowledge, "ann", now));
    assert!(world.says(second, Stance::WontFix, "ann", now));
    assert_eq!((world.causes(), world.state("a").records().wont_fix), (vec![], 0));
    world.wait(Span::mins(60));
    assert_eq!((world.expire_all(), world.all_occurred()), (1, Vec::new()));
    let taken = world.names(&["1", "2"]);
    let stands: Vec<_> = taken.records.began.iter().map(|stands| stands.status).collect();
    assert_eq!(stands, [IncidentStatus::Open, IncidentStatus::WontFix]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_occurred(), ["a: 1 occurred: 1"]);
    assert_eq!(world.remembered(), (2, 3));
    let key = IncidentKey::parse("2").unwrap();
    assert_eq!(world.call(RecordOrder::Unmark(key)), RecordAnswer::Done);
    world.wait(GROUP_WAIT);
    assert_eq!((world.all_occurred(), world.causes()), (vec!["a: 1 occurred: 2".to_owned()], vec![]));
}

/// 19.2, 22.4: the end of an acknowledgement tells of what happened those who have not heard of it, and no others.
#[test]
fn an_acknowledgement_that_ends_tells_nobody_twice() {
    let mut world = detecting(WEEK);
    world.responders(&[("", "a", Span::ZERO), ("", "b", Span::mins(30))]);
    world.names(&["1"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_occurred(), ["a: 1 occurred: 1"]);
    let (first, now) = (world.incident("1"), world.now);
    let until = Some(now + Span::mins(60));
    let saying = Saying { until, ..Saying::new(Stance::Acknowledge, "ann") };
    assert_eq!(world.store().stand_all(&[first], &saying, now).unwrap(), [Stood::New]);
    let mut told = Vec::new();
    for _ in 0..100 {
        world.wait(Span::mins(2));
        world.expire_all();
        told.extend(world.all_occurred());
    }
    assert_eq!(told, ["b: 1 occurred: 1"]);
}

/// 17.2d, 19.2: one look that reports again may have found more by then.
#[test]
fn a_report_that_is_sent_again_with_more_has_found_more() {
    let mut world = detecting(WEEK);
    let of_one_look = |fact: ResultFact| ResultFact {
        result: AssertionResult { rid: Rid::parse("job-7"), ..fact.result },
        ..fact
    };
    world.result(of_one_look(fact(Outcome::Holds, None)));
    let taken = world.result(of_one_look(fact_of(named(&["1"]))));
    assert_eq!(taken.records.began.len(), 1);
    let again = world.result(of_one_look(fact_of(named(&["1"]))));
    assert_eq!((again.records.began.len(), world.remembered()), (0, (1, 1)));
}

/// 18.7, 19.4: a death between two slices tells nothing twice; what is over is forgotten in slices, too.
#[test]
fn ten_thousand_occur_once_though_the_server_dies() {
    let mut world = detecting(WEEK);
    let all = many(10_000);
    assert_eq!(world.apply("a", What::Result(fact_of(all.clone()))), Applied::InSlices);
    world.slices(&all, 20);
    world.reopen();
    assert_eq!(world.remembered(), (4_000, 4_000));
    world.wait(GROUP_WAIT);
    let mut told = vec![world.told_of()];
    assert_eq!(world.report(&all).records.open, 10_000);
    world.wait(GROUP_WAIT);
    told.push(world.told_of());
    assert_eq!((told, world.remembered()), (vec![4_000, 6_000], (10_000, 10_000)));
    assert_eq!(world.store().next_claim(), None);
    world.wait(Span::mins(7 * 24 * 60));
    assert_eq!(world.expire(), 1);
    assert_eq!(world.remembered().0, 9_800);
    world.reopen();
    assert_eq!((world.expire_all(), world.remembered()), (49, (0, 10_000)));
    assert_eq!((world.claim(), world.store().next_claim()), (Vec::new(), None));
}

/// 19.6: more than may be remembered make nothing occur, and that is said; what is over by then counts no more.
#[test]
fn more_than_may_be_remembered_are_a_reason_of_the_check_itself() {
    let mut world = detecting(WEEK);
    world.report(&many(9_999));
    world.wait(GROUP_WAIT);
    assert_eq!(world.told_of(), 9_999);
    assert_eq!(world.names(&["00001", "x"]).records.began.len(), 1);
    let taken = world.names(&["x", "y"]);
    assert_eq!((taken.records.began.len(), taken.after.is_some()), (0, true));
    assert_eq!(world.causes(), [CauseKind::TooManyRecords]);
    let refused = world.call(RecordOrder::Begin(record("y")));
    assert_eq!(refused, RecordAnswer::Refused(RecordRefusal::TooManyRemembered));
    // Nobody has heard of it: that there is no room is said until there is.
    for result in [fact(Outcome::Holds, None), fact_of(named(&["x"]))] {
        world.result(result);
        assert_eq!(world.causes(), [CauseKind::TooManyRecords]);
    }
    world.wait(Span::mins(7 * 24 * 60) - GROUP_WAIT);
    let taken = world.names(&["y"]);
    assert_eq!((taken.records.began.len(), taken.after, world.causes()), (1, None, vec![]));
}

/// 19.7: what was detected and is asserted now, or the other way round, is another thing.
#[test]
fn what_is_detected_no_more_is_over_and_nobody_is_told() {
    let mut world = detecting(WEEK);
    world.report(&many(450));
    world.wait(GROUP_WAIT);
    assert_eq!(world.told_of(), 450);
    world.configuration.checks = vec![asserting("a", assertion(Some(1_000)))];
    world.configure().unwrap();
    world.wait(Span::MS);
    assert_eq!(world.expire(), 1);
    world.reopen();
    world.report(&named(&["00000", "00449"]));
    world.wait(Span::MS);
    world.expire_all();
    assert_eq!((world.remembered(), world.state("a").records().open), ((0, 450), 2));
    let over = |(_, status): &&(String, IncidentStatus)| *status == IncidentStatus::Over;
    assert_eq!(world.standings().iter().filter(over).count(), 450);
    assert_eq!(world.causes(), [CauseKind::RecordsViolated]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), one("ops", "Alert a 2 new, 2 open, 0 ended, 0 changed: 00000 00449"));

    world.configuration.checks = vec![asserting("a", detection(WEEK))];
    world.configure().unwrap();
    world.wait(Span::MS);
    world.expire_all();
    assert_eq!((world.causes(), world.state("a").status()), (vec![], Status::New));
    world.names(&["00000"]);
    world.wait(GROUP_WAIT);
    let outgoing = world.claim_one();
    let records = outgoing.notices[0].records.clone().unwrap();
    assert_eq!((records.occurred, records.new, records.open, records.changed), (1, 0, 0, 2));
    assert_eq!(outgoing.notices[0].first.kind, CauseKind::Occurred);
}

/// 18.8: what another query finds, too, is remembered; another `remember` counts from when it occurred.
#[test]
fn another_reporter_and_another_time_tell_nothing_twice() {
    let mut world = detecting(WEEK);
    world.names(&["1", "2"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_occurred().len(), 1);
    let reported = Reported { by: "another".into(), ..Reported::default() };
    let by_another = Assertion { found_by: FoundBy::Reporter(reported), ..detection(WEEK) };
    world.configuration.checks = vec![asserting("a", by_another.clone())];
    world.configure().unwrap();
    world.wait(Span::MS);
    assert_eq!(world.expire_all(), 0, "until a result says so");
    let taken = world.names(&["2"]);
    assert_eq!((taken.records.began.len(), taken.records.ended[0].status), (0, IncidentStatus::Over));
    world.wait(Span::mins(60));
    let finds = Finds::Occurring(Remember::For(Span::mins(60)));
    world.configuration.checks = vec![asserting("a", Assertion { finds, ..by_another })];
    world.configure().unwrap();
    assert_eq!((world.expire_all(), world.remembered().0), (1, 0));
    assert_eq!(world.store().next_claim(), None);
}

/// 18.10
#[test]
fn archiving_ends_occurrences_as_removed_and_nobody_is_told() {
    let mut world = detecting(WEEK);
    world.respond(&[("ops", Span::mins(30), None)]);
    world.configure().unwrap();
    world.report(&many(250));
    let check = world.id("a");
    world.configuration.checks.clear();
    world.configure().unwrap();
    let mut slices = 0;
    world.wait(Span::MS);
    while world.expire() > 0 {
        slices += 1;
        world.wait(Span::MS);
    }
    assert_eq!(slices, 2);
    let all = Reader::new(world.place.0.path()).incidents(check, None, 1000).unwrap();
    assert!(all.iter().all(|incident| incident.status == IncidentStatus::Removed), "{all:?}");
    world.wait(Span::mins(60));
    assert_eq!((world.claim(), world.store().next_claim()), (Vec::new(), None));
}

/// 18.9, 19.3d: one by one; and whoever has dealt with one has it forgotten, however it was found.
#[test]
fn an_occurrence_is_begun_by_itself_and_forgotten_by_hand() {
    let mut world = detecting(Remember::For(Span::mins(1)));
    world.responders(&[("", "a", Span::ZERO), ("", "b", Span::mins(30))]);
    assert_eq!((world.call_begin("1"), world.call_begin("1")), ((1, true), (2, false)));
    world.names(&["2"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_occurred(), ["a: 2 occurred: 1 2"]);
    for key in ["1", "2"] {
        let key = IncidentKey::parse(key).unwrap();
        assert_eq!(world.call(RecordOrder::End(key)), RecordAnswer::Done);
    }
    let resolved = |key: &str| (key.to_owned(), IncidentStatus::Resolved);
    assert_eq!(world.standings(), [resolved("1"), resolved("2")]);
    assert_eq!(world.names(&["2"]).records.began.len(), 1, "it is new");
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_occurred(), ["a: 1 occurred: 2"]);
    world.wait(Span::mins(31));
    // What is over and nobody has looked at is new, too.
    assert_eq!(world.call_begin("2"), (1, true));
    assert_eq!(world.all_occurred(), ["b: 1 occurred: 2"], "of the first nobody else needs to hear");
}

/// 1.1: what occurred by a clock that was ahead is forgotten by the right one.
#[test]
fn a_wrong_date_has_nothing_remembered_for_ever() {
    let mut world = detecting(WEEK);
    let now = world.now;
    world.wait(Span::mins(3650 * 24 * 60));
    world.names(&["1"]);
    let before = world.now;
    world.now = now;
    world.store().reanchor(before, now).unwrap();
    world.reopen();
    world.wait(Span::mins(7 * 24 * 60));
    world.names(&["2"]);
    world.wait(Span::MS);
    assert_eq!((world.expire_all(), world.remembered()), (1, (1, 2)));
}

/// 19.1: what is detected has a name; what could not be found out is in no row with it.
#[test]
fn a_result_that_names_nothing_has_found_nothing() {
    let mut world = detecting(WEEK);
    for records in [None, Some(named(&[]))] {
        let refused = world.apply("a", What::Result(fact(Outcome::Violated, records)));
        assert_eq!(refused, Applied::NamesNothing);
    }
    world.names(&["1"]);
    let before = world.remembered();
    for _ in 0..3 {
        world.result(fact(Outcome::Unknown, None));
    }
    assert_eq!((world.causes(), world.remembered()), (vec![CauseKind::Unprobed], before));
    let taken = world.result(fact(Outcome::Holds, None));
    assert_eq!((taken.records.ended.len(), world.causes(), world.remembered()), (0, vec![], before));
}

/// 12.4: a receiver that takes nothing while something is remembered hears of it all the same.
#[test]
fn what_was_not_taken_in_time_is_tried_until_it_is() {
    let mut world = detecting(Remember::For(Span::mins(1)));
    world.names(&["1"]);
    world.wait(GROUP_WAIT);
    let refused = world.claim_one();
    world.settle(refused.message.id, &later());
    world.wait(Span::mins(2));
    world.expire_all();
    world.reopen();
    world.wait(Span::mins(30));
    assert_eq!(world.all_occurred(), ["ops: 1 occurred: 1"]);
    assert_eq!(world.standings(), [("1".to_owned(), IncidentStatus::Over)]);
}

/// 8.3: nobody waits for a check that has found something.
#[test]
fn who_depends_on_a_check_that_detects_is_held_by_nothing_that_occurs() {
    let mut world = detecting(WEEK);
    let dependent = Definition { depends_on: [name("a")].into(), ..check("b") };
    world.configuration.checks.push(dependent);
    world.configure().unwrap();
    world.names(&["1"]);
    world.wait(Span::mins(5));
    assert_eq!(world.expire_all(), 1);
    world.wait(GROUP_WAIT);
    let told = world.all_told();
    assert!(told.iter().any(|said| said.contains("Alert b")), "{told:?}");
}
