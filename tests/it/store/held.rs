//! A time in which nothing leaves, and its end (`--no-deliveries`).

use punctual::core::check::PingKind;
use punctual::core::outbox::Attempt;
use punctual::core::time::Span;
use punctual::store::{LetGo, Store};

use super::world::{GROUP_WAIT, Place, World, later};

fn fail<P: Place>(world: &mut World<P>, name: &str) {
    world.ping(name, PingKind::Fail);
    world.wait(GROUP_WAIT);
}

/// A new start that lets go what leaves.
fn let_go<P: Place>(world: &mut World<P>) -> Option<LetGo> {
    world.reopen();
    let now = world.now;
    world.store().let_deliveries_go(now).unwrap()
}

/// What was in a message, too, is told as it stands by now, or not at all.
pub(crate) fn what_is_still_bad_is_told_when_deliveries_go_on<P: Place>(world: &mut World<P>) {
    world.declare(&["stuck", "over", "told", "new", "brief"]);
    assert_eq!(let_go(world), None, "nothing was held");
    fail(world, "told");
    assert_eq!(world.told(), ["Alert told"]);
    world.ping("over", PingKind::Fail);
    fail(world, "stuck");
    let message = world.claim_one();
    world.settle(message.message.id, &later());
    world.reopen();
    world.store().hold_deliveries().unwrap();
    fail(world, "new");
    fail(world, "brief");
    for name in ["over", "told", "brief"] {
        world.ping(name, PingKind::Success);
    }
    world.reopen();
    world.store().hold_deliveries().unwrap();
    assert_eq!(let_go(world), Some(LetGo { told: 2, cancelled: 4 }));
    let again = world.claim_one();
    assert_ne!(again.message.key, message.message.key);
    assert_eq!(super::world::said(&again), ["Alert stuck", "Alert new"]);
    world.settle(again.message.id, &Attempt::TAKEN);
    assert_eq!(let_go(world), None, "once");
    world.wait(Span::mins(10));
    assert!(world.claim().is_empty());
    world.ping("stuck", PingKind::Success);
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Recovery stuck"]);
}
