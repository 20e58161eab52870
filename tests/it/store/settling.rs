//! What a receiver took is settled piece by piece (12.4a).

use punctual::core::check::PingKind;
use punctual::core::outbox::Attempt;
use punctual::core::time::Span;
use punctual::store::Settling::{Ended, GoesOn};
use punctual::store::Store;
use punctual::store::history::Reader;

use super::world::{GROUP_WAIT, Sqlite, World, later};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// One message is to tell that all of them fail, and two members of it are settled in a call.
fn with_five_to_tell() -> World<Sqlite> {
    let mut world = World::new(Sqlite::default());
    world.declare(&NAMES);
    NAMES.iter().for_each(|name| world.ping(name, PingKind::Fail));
    world.wait(GROUP_WAIT);
    world.store().set_pieces(9, 2);
    world
}

/// 12.4a: what a long message told is settled piece by piece, and each piece once.
#[test]
fn of_a_message_that_was_taken_the_rest_is_settled_after_a_start() {
    let mut world = with_five_to_tell();
    let sent = world.claim_one();
    let (id, now) = (sent.message.id, world.now);
    let settle = |world: &mut World<Sqlite>| world.store().settle(id, &Attempt::TAKEN, 0, now).unwrap();
    assert_eq!([settle(&mut world), settle(&mut world)], [GoesOn(2); 2]);
    world.ping("a", PingKind::Success);
    world.wait(GROUP_WAIT);
    assert_eq!(world.claim(), [], "the message is still under way");
    world.reopen();
    world.store().set_pieces(9, 2);
    world.wait(GROUP_WAIT);
    assert_eq!(world.claim(), [], "it was taken, and is not sent again");
    assert_eq!(settle(&mut world), Ended, "the attempt was of the server before");
    assert_eq!(world.told(), ["Recovery a"]);
    let reader = Reader::new(world.place.0.path());
    for name in NAMES {
        let incident = reader.incidents(world.id(name), None, 9).unwrap()[0].id;
        let steps = reader.steps(incident).unwrap();
        let told = steps.iter().filter(|step| step.what.as_str() == "told").count();
        assert_eq!(told, if name == "a" { 2 } else { 1 }, "{name}");
    }
}

/// 12.4a, 11.3
#[test]
fn an_attempt_that_failed_is_on_each_record_once_piece_by_piece() {
    let mut world = with_five_to_tell();
    for (attempts, told) in [(1, ["failed"].as_slice()), (2, &["failed", "retried"])] {
        let sent = world.claim_one();
        assert_eq!((sent.message.attempts, sent.message.members.len()), (attempts, 5));
        let (id, now) = (sent.message.id, world.now);
        let settle = |world: &mut World<Sqlite>, from| world.store().settle(id, &later(), from, now).unwrap();
        assert_eq!([0, 2, 4].map(|from| settle(&mut world, from)), [GoesOn(2), GoesOn(4), Ended]);
        let reader = Reader::new(world.place.0.path());
        for name in NAMES {
            let incident = reader.incidents(world.id(name), None, 9).unwrap()[0].id;
            let steps = reader.steps(incident).unwrap();
            let said: Vec<&str> = steps.iter().map(|step| step.what.as_str()).skip(1).collect();
            assert_eq!(said, told, "{name}");
        }
        world.wait(Span::mins(5));
    }
}
