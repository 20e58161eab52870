//! Messages that people have tried again at once, or drop (12.4, 11.3); and the list of all.

use punctual::core::check::PingKind;
use punctual::core::outbox::{Attempt, MessageId};
use punctual::core::time::Span;
use punctual::store::history::Reader;
use punctual::store::{ByHand, Store};

use super::again::{give_up, told_each, totals};
use super::steps::tellings;
use super::world::{GROUP_WAIT, Place, Sqlite, World, later, said};

fn retry<P: Place>(world: &mut World<P>, id: u64) -> ByHand {
    let now = world.now;
    world.store().retry_message(MessageId(id), "ann", now).unwrap()
}

fn drop_it<P: Place>(world: &mut World<P>, id: u64) -> ByHand {
    let now = world.now;
    world.store().drop_message(MessageId(id), "ann", now).unwrap()
}

pub(crate) fn what_waits_for_its_next_attempt_is_tried_at_once_or_dropped<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let first = world.claim_one();
    let id = first.message.id.0;
    assert_eq!((retry(world, id), drop_it(world, id)), (ByHand::UnderWay, ByHand::UnderWay));
    let wish = Attempt::Later { after: Some(Span::mins(50)), why: "429".to_owned() };
    world.settle(first.message.id, &wish);
    world.ping("a", PingKind::Success);
    assert!(world.claim().is_empty());
    assert_eq!(retry(world, id), ByHand::Done(1));
    let again = world.claim_one();
    assert_eq!((again.message.id, &again.message.key), (first.message.id, &first.message.key));
    world.settle(again.message.id, &wish);
    // Nothing overtakes it until it is dropped; then its end is told, for it may have arrived.
    assert_eq!(drop_it(world, id), ByHand::Done(1));
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Recovery a"]);
    assert_eq!(totals(world), (0, 0));
    assert_eq!((retry(world, id), drop_it(world, id)), (ByHand::Over, ByHand::Over));
    assert_eq!((retry(world, 99), drop_it(world, 99)), (ByHand::NoSuchMessage, ByHand::NoSuchMessage));
}

pub(crate) fn what_was_given_up_is_tried_at_once_or_dropped<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b", "c"]);
    give_up(world, &["a", "b", "c"]);
    let id = 1;
    world.ping("c", PingKind::Success);
    world.reopen();
    told_each(world, &later());
    // But for that of c, which has recovered.
    let tried = world.now;
    assert_eq!(
        retry(world, id),
        ByHand::Done(1),
        "one of two was tried alone by now, in a message of its own"
    );
    assert_eq!(world.now, tried);
    let told = told_each(world, &Attempt::TAKEN);
    assert_eq!(told.concat()[0], "Alert b", "{told:?}");
    assert_eq!(retry(world, id), ByHand::Over);
    assert_eq!(totals(world).0, 2, "{told:?}");
    // The one of c is nobody's to tell, and is still counted.
    assert_eq!(drop_it(world, id), ByHand::Done(1));
    assert_eq!(totals(world).0, 1);
    let now = world.now;
    let all =
        |world: &mut World<P>, name: &str| world.store().retry_parked(&name.into(), "ann", now).unwrap();
    assert_eq!(all(world, "ops"), ByHand::Done(1));
    assert_eq!((all(world, "ops"), all(world, "nobody")), (ByHand::Over, ByHand::NoReceiver));
    assert_eq!(said(&world.claim_one()), ["Alert a"]);
    world.reopen();
    assert_eq!(totals(world).0, 1);
}

/// 11.3
#[test]
fn every_message_is_listed_with_what_became_of_it() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b", "c"]);
    world.ping("a", PingKind::Fail);
    world.ping("b", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let never = Attempt::Never { why: "400 Bad Request".to_owned() };
    told_each(&mut world, &never);
    world.ping("c", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let waits = world.claim_one();
    world.settle(waits.message.id, &later());
    assert_eq!(drop_it(&mut world, 2), ByHand::Done(1));
    let reader = Reader::new(world.place.0.path());
    let list = |state: Option<&str>, receiver: Option<&str>, before, limit| {
        let read = reader.messages(state, receiver, before, limit).unwrap();
        let shown = read.into_iter().map(|one| {
            let answer = one.answer.unwrap_or_default();
            format!(
                "{} {} {} {}/{}: {answer}",
                one.id,
                one.state,
                one.checks.join(","),
                one.given_up,
                one.members
            )
        });
        shown.collect::<Vec<_>>()
    };
    let all = [
        "4 waiting c 0/1: no connection",
        "3 parked b 1/1: 400 Bad Request",
        "2 dropped a 0/1: 400 Bad Request",
        "1 split a,b 0/2: 400 Bad Request",
    ];
    assert_eq!(list(None, None, None, 10), all);
    assert_eq!(list(None, Some("ops"), Some(4), 2), all[1..3]);
    assert_eq!(list(Some("parked"), None, None, 10), all[1..2]);
    assert_eq!(list(None, Some("boss"), None, 10), [""; 0]);
    assert_eq!(
        tellings(&mut world, "a"),
        ["parked ops alert ×1 by punctual: 400 Bad Request", "dropped ops alert ×1 by ann: "]
    );
    world.wait(Span::mins(60));
    told_each(&mut world, &Attempt::TAKEN);
    assert_eq!(list(Some("was_parked"), None, None, 10), ["3 was_parked b 0/1: 400 Bad Request"]);
    assert_eq!(list(Some("sent"), None, None, 10).len(), 2);
}
