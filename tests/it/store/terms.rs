//! Acknowledgements that hold for a time, and comments (22.3, 22.4).

use std::sync::Arc;

use punctual::core::cause::CauseKind;
use punctual::core::check::{Definition, PingKind, Spec};
use punctual::core::incident::{IncidentId, IncidentStatus, StepKind};
use punctual::core::outbox::{Attempt, DeliveryKind};
use punctual::core::route::{Action, Matcher, Mute, Responder};
use punctual::core::schedule::Schedule;
use punctual::core::time::{Span, Time};
use punctual::store::history::Reader;
use punctual::store::{Edit, Saying, SpecChange, Stance, Stood, Store, What};

use super::edits::{create, definition, edit};
use super::sqlite::database;
use super::world::{GROUP_WAIT, Place, Sqlite, World, check, later, said};

/// `a` fails, and `ops` is told; nothing else comes of it for ten days.
fn told<P: Place>(world: &mut World<P>) -> IncidentId {
    world.respond(&[("ops", Span::ZERO, None), ("boss", Span::mins(15), None)]);
    let spec = Spec::new(Schedule::Every(Span::mins(10 * 24 * 60)));
    world.configuration.checks = vec![Definition { spec: spec.into(), ..check("a") }];
    world.configure().unwrap();
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let outgoing = world.claim_one();
    world.settle(outgoing.message.id, &Attempt::TAKEN);
    outgoing.notices[0].incident
}

fn acknowledge<P: Place>(world: &mut World<P>, incident: IncidentId, until: Time) {
    let now = world.now;
    let saying = Saying { until: Some(until), ..Saying::new(Stance::Acknowledge, "ada") };
    assert_eq!(world.store().stand_all(&[incident], &saying, now).unwrap(), [Stood::New]);
}

/// 22.4
pub(crate) fn what_was_acknowledged_for_a_time_is_told_from_its_end_on<P: Place>(world: &mut World<P>) {
    let incident = told(world);
    let until = world.now + Span::mins(60);
    acknowledge(world, incident, until);
    assert_eq!(world.store().next_deadline(), Some(until));
    world.reopen();
    assert_eq!(world.store().next_deadline(), Some(until), "also after a new start");
    world.wait(until - world.now);
    assert_eq!((world.expire(), world.claim().len()), (0, 0), "it holds up to that time");

    world.wait(Span::mins(5));
    assert_eq!(world.expire(), 1);
    assert_eq!(world.expire(), 0, "once");
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Alert a"]);
    world.wait(Span::mins(9));
    assert!(world.claim().is_empty(), "a quarter of an hour counts from the end of the acknowledgement");
    world.wait(Span::mins(2));
    let boss = world.claim_one();
    assert_eq!((&*boss.message.receiver, said(&boss)), ("boss", vec!["Alert a".to_owned()]));
    let now = world.now;
    assert!(world.says(incident, Stance::Acknowledge, "bob", now), "nobody is on it");
}

/// 22.4: it is over whether anybody looks or not.
pub(crate) fn a_recovery_after_an_end_that_nobody_noticed_is_told_once<P: Place>(world: &mut World<P>) {
    let incident = told(world);
    let until = world.now + Span::mins(60);
    acknowledge(world, incident, until);
    world.wait(Span::mins(90));
    world.ping("a", PingKind::Success);
    world.wait(GROUP_WAIT);
    let ends = world.claim();
    let mut told: Vec<_> = ends.iter().map(|end| (&*end.message.receiver, said(end))).collect();
    told.sort();
    // `boss` would have been told since a quarter of an hour.
    assert_eq!(told, [("boss", vec!["Episode a".to_owned()]), ("ops", vec!["Recovery a".to_owned()])]);
}

/// 11.2c: who has taken on that it is late has not taken on that it fails.
pub(crate) fn what_nobody_took_on_is_told_by_all_whom_it_concerns<P: Place>(world: &mut World<P>) {
    world.respond(&[("ops", Span::ZERO, None), ("boss", Span::mins(15), None)]);
    world.configuration.checks = vec![check("a")];
    world.configure().unwrap();
    world.ping("a", PingKind::Success);
    world.wait(Span::mins(2));
    assert!(world.expire() >= 1);
    world.wait(GROUP_WAIT);
    let outgoing = world.claim_one();
    world.settle(outgoing.message.id, &Attempt::TAKEN);
    let (incident, now) = (outgoing.notices[0].incident, world.now);
    assert!(world.says(incident, Stance::Acknowledge, "ada", now));
    world.wait(Span::mins(60));
    assert!(world.claim().is_empty(), "somebody is on it");

    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Alert a"], "ops, once more");
    world.ping("a", PingKind::Fail);
    world.wait(Span::mins(14));
    assert!(world.claim().is_empty(), "and it goes on failing");
    world.wait(Span::mins(2));
    let boss = world.claim_one();
    assert_eq!((&*boss.message.receiver, said(&boss)), ("boss", vec!["Alert a".to_owned()]));
}

/// 11.2c, 22.4, T6: beside what is acknowledged another cause of its family waits with it, and one of another family is told at once.
pub(crate) fn another_cause_of_a_family_waits_for_the_end<P: Place>(world: &mut World<P>) {
    world.respond(&[("ops", Span::ZERO, None)]);
    let spec = Spec { max_runtime: Some(Span::mins(10)), ..(*check("a").spec).clone() };
    world.configuration.checks = vec![Definition { spec: spec.into(), ..check("a") }];
    world.configure().unwrap();
    world.ping("a", PingKind::Success);
    world.wait(Span::mins(2));
    assert_eq!(world.expire(), 1, "it is missing");
    world.wait(GROUP_WAIT);
    let outgoing = world.claim_one();
    world.settle(outgoing.message.id, &Attempt::TAKEN);
    let until = world.now + Span::mins(60);
    acknowledge(world, outgoing.notices[0].incident, until);
    world.ping("a", PingKind::Start);
    world.wait(Span::mins(11));
    assert_eq!((world.expire(), world.claim().len()), (1, 0), "an overrun is a lateness, too");
    world.wait(until - world.now + Span::MS);
    assert_eq!(world.expire(), 1);
    world.wait(GROUP_WAIT);
    let again = world.claim_one();
    world.settle(again.message.id, &Attempt::TAKEN);
    let told = &again.notices[0];
    let kinds: Vec<CauseKind> = told.causes.iter().map(|cause| cause.kind).collect();
    assert_eq!((told.kind, kinds), (DeliveryKind::Alert, vec![CauseKind::Missing, CauseKind::Overrun]));
    acknowledge(world, told.incident, world.now + Span::mins(60));
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Alert a"], "that it fails is something else");
}

/// `ops` is told of what is in this team, and nobody of anything else.
fn tell_team<P: Place>(world: &mut World<P>, team: &str) {
    let mut policy = (*world.configuration.policy).clone();
    let matchers = Matcher::parse_list(&format!("team=\"{team}\"")).unwrap();
    let actions = vec![Action::new("ops".into(), Span::ZERO, None)];
    (policy.default_receivers, policy.responders) = (Vec::new(), vec![Responder { matchers, actions }]);
    world.configuration.policy = Arc::new(policy);
}

/// What another declaration of `a` makes of it: it is in another team, and judged otherwise.
fn moved_to(team: &str, definition: Definition) -> Definition {
    let spec = Spec { grace: Span::mins(1), ..(*definition.spec).clone() };
    Definition { labels: [("team".into(), team.into())].into(), spec: spec.into(), ..definition }
}

/// 22.4, 10.5b: the responders are the new ones already, and know nobody of the team that was.
pub(crate) fn what_a_reload_finds_acknowledged_no_more_is_told_by_the_new_files<P: Place>(
    world: &mut World<P>,
) {
    let incident = told(world);
    let until = world.now + Span::mins(60);
    acknowledge(world, incident, until);
    world.wait(Span::mins(61));
    tell_team(world, "web");
    let declared = world.configuration.checks.remove(0);
    world.configuration.checks.push(moved_to("web", declared));
    world.configure().unwrap();
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Alert a"]);
}

/// 22.4, 16.3c
pub(crate) fn what_an_edit_finds_acknowledged_no_more_is_told_as_it_says<P: Place>(world: &mut World<P>) {
    tell_team(world, "dba");
    world.declare(&[]);
    let spec = Spec::new(Schedule::Every(Span::mins(10 * 24 * 60)));
    let made = Definition { spec: spec.into(), ..moved_to("dba", check("a")) };
    edit(world, create(made)).unwrap();
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let outgoing = world.claim_one();
    world.settle(outgoing.message.id, &Attempt::TAKEN);
    let until = world.now + Span::mins(60);
    acknowledge(world, outgoing.notices[0].incident, until);
    world.wait(Span::mins(61));
    let (check, definition) = (world.id("a"), moved_to("web", definition(world, "a")));
    edit(world, Edit::Update { check, definition: Box::new(definition), how: SpecChange::Judged }).unwrap();
    world.wait(GROUP_WAIT);
    assert!(world.claim().is_empty(), "`ops` is not of that team");
}

/// 22.4, 7.2b: what was said last holds.
pub(crate) fn an_acknowledgement_is_as_long_as_was_said_last<P: Place>(world: &mut World<P>) {
    let incident = told(world);
    let until = world.now + Span::mins(60);
    acknowledge(world, incident, until);
    acknowledge(world, incident, until + Span::mins(60));
    assert_eq!(world.store().next_deadline(), Some(until + Span::mins(60)));
    let now = world.now;
    assert!(world.says(incident, Stance::Acknowledge, "bob", now), "until it ends");
    let due = world.store().next_deadline().unwrap();
    assert!(due > until + Span::mins(24 * 60), "{due}");
    acknowledge(world, incident, until);
    assert!(world.says(incident, Stance::WontFix, "bob", now));
    world.wait(Span::mins(120));
    assert_eq!((world.expire(), world.claim().len()), (0, 0));
}

/// 1.1
pub(crate) fn a_clock_set_back_leaves_an_acknowledgement_as_long_as_it_was<P: Place>(world: &mut World<P>) {
    let incident = told(world);
    let right = world.now;
    world.now = right + Span::mins(24 * 60);
    let wrong = world.now;
    world.store().sign_of_life(wrong).unwrap();
    acknowledge(world, incident, wrong + Span::mins(60));
    world.now = right;
    world.store().reanchor(wrong, right).unwrap();
    assert_eq!(world.store().next_deadline(), Some(right + Span::mins(60)));
}

/// 1.1: and readers are told so, whatever was said.
#[test]
fn after_a_clock_was_set_back_readers_have_the_end_that_is_meant() {
    let mut world = World::new(Sqlite::default());
    a_clock_set_back_leaves_an_acknowledgement_as_long_as_it_was(&mut world);
    let reader = Reader::new(world.place.0.path());
    let record = reader.open_incident(world.id("a")).unwrap().unwrap();
    assert_eq!(record.until, Some(world.now + Span::mins(60)));
    let now = world.now;
    assert!(world.says(record.id, Stance::Reopen, "bob", now));
    assert_eq!(reader.open_incident(world.id("a")).unwrap().unwrap().until, None);
}

/// 22.3
pub(crate) fn a_comment_changes_nothing<P: Place>(world: &mut World<P>) {
    let incident = told(world);
    let until = world.now + Span::mins(60);
    acknowledge(world, incident, until);
    let comment = |text: &str| Saying { comment: text.to_owned(), ..Saying::new(Stance::Comment, "bob") };
    let (summary, now) = (world.summary(), world.now);
    let said = world.store().stand_all(&[incident], &comment("the disk is full"), now).unwrap();
    assert_eq!(said, [Stood::New]);
    assert_eq!(world.summary(), summary);
    assert_eq!(world.store().next_deadline(), Some(until));
    world.ping("a", PingKind::Success);
    world.wait(GROUP_WAIT);
    for outgoing in world.claim() {
        world.settle(outgoing.message.id, &Attempt::TAKEN);
    }
    let now = world.now;
    assert_eq!(
        world.store().stand_all(&[incident], &comment("it was"), now).unwrap(),
        [Stood::New],
        "it has ended"
    );
    let said = world.store().stand_all(&[IncidentId(99)], &comment("?"), now).unwrap();
    assert_eq!(said, [Stood::AsBefore]);
}

/// 11.3, 22.3, 22.4
#[test]
fn what_people_said_and_until_when_is_on_record() {
    let mut world = World::new(Sqlite::default());
    let incident = told(&mut world);
    let until = world.now + Span::mins(60);
    let now = world.now;
    let saying = Saying {
        until: Some(until),
        comment: "on it <b>\n".to_owned() + &"é".repeat(2_000),
        ..Saying::new(Stance::Acknowledge, "ada")
    };
    world.store().stand_all(&[incident], &saying, now).unwrap();
    let comment = |text: &str| Saying { comment: text.to_owned(), ..Saying::new(Stance::Comment, "bob") };
    for nth in 0..=Saying::MAX_COMMENTS {
        let becomes = if nth < Saying::MAX_COMMENTS { Stood::New } else { Stood::Full };
        let said = comment(if nth == 0 { "so" } else { ["and so", "on"][nth % 2] });
        assert_eq!(world.store().stand_all(&[incident], &said, now).unwrap(), [becomes], "{nth}");
    }
    world.wait(Span::mins(61));
    world.expire();
    world.ping("a", PingKind::Success);
    let reader = Reader::new(world.place.0.path());
    let steps = reader.steps(incident).unwrap();
    let step =
        |what: &StepKind| steps.iter().find(|step| step.what == *what).unwrap_or_else(|| panic!("{what:?}"));
    let acknowledged = step(&StepKind::Acknowledged(Some(until)));
    assert_eq!((acknowledged.by.as_str(), acknowledged.comment.len()), ("ada", 2_000));
    let commented = step(&StepKind::Commented);
    assert_eq!((commented.by.as_str(), commented.comment.as_str()), ("bob", "so"));
    let reopened = step(&StepKind::Reopened);
    assert_eq!((reopened.at, reopened.by.as_str()), (until, "punctual"));
    assert!(reopened.comment.contains("the time was over"), "{}", reopened.comment);
    assert_eq!(reader.incident(incident).unwrap().unwrap().status, IncidentStatus::Resolved);
    assert!(matches!(world.apply("a", What::Tick), punctual::store::Applied::Done(_)));
}

/// `a` is late, and `ops` is told; `boss` is to be told a quarter of an hour after it has failed.
fn late<P: Place>(world: &mut World<P>) -> IncidentId {
    world.respond(&[("ops", Span::ZERO, None), ("boss", Span::mins(15), None)]);
    let mut policy = (*world.configuration.policy).clone();
    let of = |matchers: &str, action: Action| Responder {
        matchers: Matcher::parse_list(matchers).unwrap(),
        actions: vec![action],
    };
    policy.responders = vec![
        of(r#"status="late""#, Action::new("ops".into(), Span::ZERO, None)),
        of(r#"reason="failed""#, Action::new("boss".into(), Span::mins(15), None)),
    ];
    world.configuration.policy = Arc::new(policy);
    world.declare(&["a"]);
    world.wait(Span::secs(71));
    assert_eq!(world.expire(), 1);
    world.wait(GROUP_WAIT);
    let outgoing = world.claim_one();
    assert_eq!(&*outgoing.message.receiver, "ops");
    world.settle(outgoing.message.id, &Attempt::TAKEN);
    outgoing.notices[0].incident
}

/// Whom the next minutes tell, one by one, each with how many minutes have passed by then.
fn told_within<P: Place>(world: &mut World<P>, minutes: i64) -> Vec<(i64, String)> {
    let mut told = Vec::new();
    for minute in 1..=minutes {
        world.wait(Span::mins(1));
        world.expire();
        for outgoing in world.claim() {
            world.settle(outgoing.message.id, &Attempt::TAKEN);
            told.push((minute, outgoing.message.receiver.to_string()));
        }
    }
    told
}

/// Within an hour `ops` is told, and then `boss`, once each. After how many minutes.
fn told_both<P: Place>(world: &mut World<P>) -> (i64, i64) {
    match told_within(world, 60).as_slice() {
        [(first, ops), (second, boss)] if ops == "ops" && boss == "boss" => (*first, *second),
        told => panic!("{told:?}"),
    }
}

/// 11.2h, 22.4a
pub(crate) fn what_waits_beside_an_acknowledgement_is_told_once_when_that_is_over<P: Place>(
    world: &mut World<P>,
) {
    let incident = late(world);
    let until = world.now + Span::mins(60);
    acknowledge(world, incident, until);
    world.wait(Span::mins(55));
    world.ping("a", PingKind::Fail);
    let told = told_both(world);
    assert!((5..=7).contains(&told.0) && (15..=16).contains(&told.1), "each at its time: {told:?}");
}

/// 11.2h
pub(crate) fn what_waits_beside_an_acknowledgement_is_told_once_though_somebody_reopens<P: Place>(
    world: &mut World<P>,
) {
    let incident = late(world);
    let now = world.now;
    assert!(world.says(incident, Stance::Acknowledge, "ada", now));
    world.ping("a", PingKind::Fail);
    world.wait(Span::mins(10));
    let now = world.now;
    assert!(world.says(incident, Stance::Reopen, "ada", now));
    let (_, boss) = told_both(world);
    assert!((5..=6).contains(&boss), "it failed ten minutes ago: {boss}");
    // What was told of what nobody had taken on is not told again for that.
    let now = world.now;
    assert!(world.says(incident, Stance::Acknowledge, "ada", now));
    assert!(world.says(incident, Stance::Reopen, "ada", now), "it was taken on");
    let told = told_within(world, 60);
    assert_eq!(told.len(), 2, "{told:?}");
}

/// 11.2e
pub(crate) fn what_began_while_nobody_wanted_to_hear_is_told_once_when_somebody_does<P: Place>(
    world: &mut World<P>,
) {
    let incident = late(world);
    let now = world.now;
    assert!(world.says(incident, Stance::WontFix, "ada", now));
    world.ping("a", PingKind::Fail);
    world.wait(Span::mins(10));
    let now = world.now;
    assert!(world.says(incident, Stance::Reopen, "ada", now));
    let (_, boss) = told_both(world);
    assert!((15..=16).contains(&boss), "counted from then: {boss}");
}

/// 11.2h: what is under way is taken after all.
pub(crate) fn what_is_under_way_when_an_incident_is_reopened_is_not_told_beside_that<P: Place>(
    world: &mut World<P>,
) {
    world.declare(&["a"]);
    world.wait(Span::secs(71));
    world.expire();
    world.wait(GROUP_WAIT);
    let outgoing = world.claim_one();
    world.settle(outgoing.message.id, &later());
    let (incident, now) = (outgoing.notices[0].incident, world.now);
    assert!(world.says(incident, Stance::Acknowledge, "ada", now));
    assert!(world.says(incident, Stance::Reopen, "ada", now));
    assert_eq!(told_within(world, 30).len(), 1);
    // Once it was taken, whoever reopens it has it told again.
    let now = world.now;
    assert!(world.says(incident, Stance::Acknowledge, "ada", now));
    assert!(world.says(incident, Stance::Reopen, "ada", now));
    assert_eq!(told_within(world, 30).len(), 1);
}

/// 8.2b, 22.4a: a mute that ends while an acknowledgement does.
pub(crate) fn what_a_mute_held_as_an_acknowledgement_ended_is_told_once<P: Place>(world: &mut World<P>) {
    let incident = late(world);
    let until = world.now + Span::mins(30);
    acknowledge(world, incident, until);
    let mute = Mute {
        id: 0,
        matchers: Matcher::parse_list(r#"check="a""#).unwrap(),
        text: r#"check="a""#.to_owned(),
        until: until + Span::mins(30),
        since: world.now,
        comment: String::new(),
        by: String::new(),
    };
    let now = world.now;
    world.store().mute(mute, now).unwrap();
    world.ping("a", PingKind::Fail);
    let told = told_within(world, 120);
    let mut names: Vec<&str> = told.iter().map(|(_, name)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["boss", "ops"], "{told:?}");
    assert!(told.iter().all(|(minute, _)| (60..=62).contains(minute)), "{told:?}");
}

/// What is on record of what people have said of an incident, oldest first: `acknowledged by ada: why`.
fn on_record(world: &World<Sqlite>, incident: IncidentId) -> Vec<String> {
    let steps = Reader::new(world.place.0.path()).steps(incident).unwrap();
    let is_said = |what: &str| matches!(what, "acknowledged" | "wont_fix" | "reopened" | "commented");
    let said = steps.iter().filter(|step| is_said(step.what.as_str()));
    said.map(|step| format!("{} by {}: {}", step.what.as_str(), step.by, step.comment)).collect()
}

/// 22.3: who says one thing again and again fills no disk.
#[test]
fn what_one_person_says_again_and_again_is_on_record_twice() {
    let mut world = World::new(Sqlite::default());
    let incident = told(&mut world);
    let say = |world: &mut World<Sqlite>, stance, by: &str, (minutes, comment): (i64, &str)| {
        world.wait(Span::secs(1));
        let now = world.now;
        let until = (stance == Stance::Acknowledge).then(|| now + Span::mins(minutes));
        let saying = Saying { until, comment: comment.to_owned(), ..Saying::new(stance, by) };
        assert_eq!(world.store().stand_all(&[incident], &saying, now).unwrap(), [Stood::New]);
    };
    for minutes in 1..50 {
        let why = if minutes == 7 { "on it" } else { "" };
        say(&mut world, Stance::Acknowledge, "ada", (60 + minutes, why));
    }
    let newest = Reader::new(world.place.0.path()).last_said(incident).unwrap().unwrap();
    let until = world.now + Span::mins(109);
    assert_eq!((newest.at, newest.what), (world.now, StepKind::Acknowledged(Some(until))));
    assert_eq!(on_record(&world, incident), ["acknowledged by ada: ", "acknowledged by ada: on it"]);
    // What others say, and other words, stand beside it.
    say(&mut world, Stance::Acknowledge, "bob", (60, ""));
    for _ in 0..3 {
        say(&mut world, Stance::Comment, "bob", (0, "half done"));
    }
    say(&mut world, Stance::Acknowledge, "bob", (61, ""));
    say(&mut world, Stance::Acknowledge, "bob", (62, "done soon"));
    say(&mut world, Stance::Acknowledge, "bob", (63, "not so soon"));
    assert_eq!(
        on_record(&world, incident)[2..],
        [
            "acknowledged by bob: ",
            "commented by bob: half done",
            "acknowledged by bob: ",
            "acknowledged by bob: done soon",
            "acknowledged by bob: not so soon",
        ]
    );
}

/// 22.3
#[test]
fn an_incident_is_answered_so_often_at_most_and_can_still_be_reopened() {
    let mut world = World::new(Sqlite::default());
    let incident = told(&mut world);
    let say = |world: &mut World<Sqlite>, stance| {
        let now = world.now;
        world.store().stand_all(&[incident], &Saying::new(stance, "ada"), now).unwrap()
    };
    for nth in 0..Saying::MAX_STANCES {
        let stance = [Stance::WontFix, Stance::Reopen][nth % 2];
        assert_eq!(say(&mut world, stance), [Stood::New], "{nth}");
    }
    let summary = world.summary();
    for stance in [Stance::Acknowledge, Stance::WontFix] {
        assert_eq!(say(&mut world, stance), [Stood::Full]);
    }
    assert_eq!((world.summary(), say(&mut world, Stance::Reopen)), (summary, vec![Stood::AsBefore]));
    // One that holds at the bound does not hold for ever.
    let one_less = "DELETE FROM incident_steps WHERE what = 'reopened' AND number = (SELECT max(number) FROM incident_steps)";
    database(world.place.0.path()).execute_batch(one_less).unwrap();
    assert_eq!(say(&mut world, Stance::WontFix), [Stood::New]);
    assert_eq!(say(&mut world, Stance::Acknowledge), [Stood::Full]);
    assert_eq!(say(&mut world, Stance::Reopen), [Stood::New]);
    assert_eq!(say(&mut world, Stance::WontFix), [Stood::Full]);
}
