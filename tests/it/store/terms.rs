//! Acknowledgements that hold for a time, and comments (22.3, 22.4).

use punctual::core::check::{Definition, PingKind, Spec};
use punctual::core::incident::{IncidentId, IncidentStatus, StepKind};
use punctual::core::outbox::Attempt;
use punctual::core::schedule::Schedule;
use punctual::core::time::{Span, Time};
use punctual::store::history::Reader;
use punctual::store::{Saying, Stance, Store, What};

use super::world::{GROUP_WAIT, Place, Sqlite, World, check, said};

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
    assert_eq!(world.store().stand_all(&[incident], &saying, now).unwrap(), [true]);
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

/// 22.3
pub(crate) fn a_comment_changes_nothing<P: Place>(world: &mut World<P>) {
    let incident = told(world);
    let until = world.now + Span::mins(60);
    acknowledge(world, incident, until);
    let comment = |text: &str| Saying { comment: text.to_owned(), ..Saying::new(Stance::Comment, "bob") };
    let (summary, now) = (world.summary(), world.now);
    assert_eq!(world.store().stand_all(&[incident], &comment("the disk is full"), now).unwrap(), [true]);
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
        [true],
        "it has ended"
    );
    assert_eq!(world.store().stand_all(&[IncidentId(99)], &comment("?"), now).unwrap(), [false]);
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
    let comment = Saying { comment: "so".to_owned(), ..Saying::new(Stance::Comment, "bob") };
    for nth in 0..=Saying::MAX_COMMENTS {
        let is_kept = world.store().stand_all(&[incident], &comment, now).unwrap() == [true];
        assert_eq!(is_kept, nth < Saying::MAX_COMMENTS);
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
