//! What is on record of telling somebody of an incident (11.3).

use punctual::core::check::PingKind;
use punctual::core::incident::StepKind;
use punctual::core::outbox::Attempt;
use punctual::core::time::Span;
use punctual::store::history::Reader;

use super::world::{GROUP_WAIT, Sqlite, World, later};

/// What became of telling people of the first incident of a check.
pub(super) fn tellings(world: &mut World<Sqlite>, name: &str) -> Vec<String> {
    let reader = Reader::new(world.place.0.path());
    let incident = reader.incidents(world.id(name), None, 10).unwrap().pop().unwrap().id;
    let steps = reader.steps(incident).unwrap();
    let telling = |step: &punctual::core::incident::IncidentStep| match &step.what {
        StepKind::Delivery(told) => Some(format!(
            "{} {} {} ×{} by {}: {}",
            told.what.as_str(),
            told.receiver,
            told.kind.as_str(),
            told.times,
            step.by,
            told.answer
        )),
        _ => None,
    };
    steps.iter().filter_map(telling).collect()
}

/// 11.3
#[test]
fn what_each_receiver_answered_is_on_record_the_first_and_the_newest_of_a_kind() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b"]);
    world.respond(&[("ops", Span::ZERO, None), ("boss", Span::ZERO, None)]);
    world.configure().unwrap();
    world.ping("a", PingKind::Fail);
    world.ping("b", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let answer = "200 OK: ".to_owned() + &"é".repeat(1000);
    let claimed = world.claim();
    for outgoing in &claimed {
        let is_boss = &*outgoing.message.receiver == "boss";
        let taken = Attempt::Taken { answer: answer.clone() };
        world.settle(outgoing.message.id, &if is_boss { taken } else { later() });
    }
    for _ in 0..20 {
        world.wait(Span::mins(1));
        for outgoing in world.claim() {
            world.settle(outgoing.message.id, &later());
        }
    }
    let cut = "200 OK: ".to_owned() + &"é".repeat(496);
    let boss = format!("told boss alert ×1 by punctual: {cut}");
    let tried = tellings(&mut world, "a");
    assert_eq!(
        tried[..3],
        [
            boss,
            "failed ops alert ×1 by punctual: no connection".to_owned(),
            "retried ops alert ×1 by punctual: no connection".to_owned(),
        ]
    );
    let [newest] = &tried[3..] else { panic!("{tried:?}") };
    let times = newest.strip_prefix("retried ops alert ×").and_then(|rest| rest.split(' ').next());
    assert!(times.unwrap().parse::<u32>().unwrap() >= 5, "{newest}");
    // Each has to stand alone first.
    world.wait(Span::mins(10));
    while let Some(outgoing) = world.claim().pop() {
        world.settle(outgoing.message.id, &Attempt::Never { why: "410 Gone".to_owned() });
    }
    for name in ["a", "b"] {
        let all = tellings(&mut world, name);
        assert_eq!((all.len(), all[4].as_str()), (5, "parked ops alert ×1 by punctual: 410 Gone"));
    }
}
