//! What no row holds, after a call that failed: the memory is read anew, and this is as it was before.

use punctual::core::check::PingKind;
use punctual::core::outbox::Attempt;
use punctual::core::time::Span;
use punctual::store::sqlite::FaultPoint;
use punctual::store::{Store, StoreError};

use super::again::totals;
use super::world::{GROUP_WAIT, Sqlite, World, later};

const HOUR: Span = Span::mins(60);

/// The next call writes all, and fails.
fn fail_once(world: &mut World<Sqlite>) {
    fail_once_at(world, FaultPoint::BeforeCommit);
}

fn fail_once_at(world: &mut World<Sqlite>, point: FaultPoint) {
    let mut faults = 1;
    world.store().set_faults(move |at| {
        let fails = at == point && faults > 0;
        faults -= i32::from(fails);
        fails.then(|| StoreError::Failed("a test".to_owned()))
    });
}

/// The memory is read anew before the next call.
fn fail_a_sign_of_life(world: &mut World<Sqlite>) {
    fail_once(world);
    let now = world.now;
    world.store().sign_of_life(now).unwrap_err();
}

/// A check fails, and `ops` does not like what is said of that.
fn with_one_that_was_refused() -> World<Sqlite> {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let outgoing = world.claim_one();
    world.settle(outgoing.message.id, &Attempt::Never { why: "400 Bad Request".to_owned() });
    assert_eq!(totals(&mut world), (1, 0));
    world
}

/// 12.4h: a disk that failed is no start.
#[test]
fn what_was_refused_is_not_tried_since_a_disk_failed() {
    let mut world = with_one_that_was_refused();
    fail_a_sign_of_life(&mut world);
    assert!(world.claim().is_empty());
    world.wait(HOUR - Span::MS);
    assert!(world.claim().is_empty());
    world.wait(Span::MS);
    assert_eq!(world.told(), ["Alert a"]);
}

/// 12.4h: the claim that was to find out is made again.
#[test]
fn what_a_start_would_try_is_tried_though_a_claim_failed() {
    let mut world = with_one_that_was_refused();
    world.reopen();
    fail_once(&mut world);
    let now = world.now;
    world.store().claim(now).unwrap_err();
    assert_eq!(world.told(), ["Alert a"]);
}

/// 12.4: five attempts since we are there, of which none is forgotten.
#[test]
fn a_message_is_given_up_as_early_though_a_disk_failed() {
    let attempts = |fails: bool| {
        let mut world = World::new(Sqlite::default());
        world.declare(&["a"]);
        world.ping("a", PingKind::Fail);
        world.wait(GROUP_WAIT);
        let mut attempts = 0;
        while totals(&mut world).0 == 0 {
            let outgoing = world.claim_one();
            if fails {
                fail_once(&mut world);
                let now = world.now;
                world.store().settle(outgoing.message.id, &later(), now).unwrap_err();
            }
            world.settle(outgoing.message.id, &later());
            attempts += 1;
            assert!(attempts < 20, "nothing is given up");
            world.wait(Span::mins(20));
        }
        attempts
    };
    assert_eq!(attempts(true), attempts(false));
}

/// When a refused delivery is tried next, after a start tried it in vain and so many calls could not even begin.
fn tried_again_after(cannot_begin: u32) -> Span {
    let mut world = with_one_that_was_refused();
    world.reopen();
    let outgoing = world.claim_one();
    world.settle(outgoing.message.id, &Attempt::Never { why: "400 Bad Request".to_owned() });
    for _ in 0..cannot_begin {
        fail_once_at(&mut world, FaultPoint::Begin);
        let now = world.now;
        world.store().sign_of_life(now).unwrap_err();
    }
    let tried_in_vain = world.now;
    while world.claim().is_empty() {
        world.wait(Span::mins(10));
        assert!(world.now - tried_in_vain < Span::mins(24 * 60), "it is tried again");
    }
    world.now - tried_in_vain
}

/// 12.4h: what a call has committed stays, though the next cannot begin.
#[test]
fn a_try_in_vain_counts_though_the_next_call_cannot_begin() {
    let undisturbed = tried_again_after(0);
    assert_eq!(tried_again_after(1), undisturbed);
    assert_eq!(tried_again_after(2), undisturbed);
}

/// 12.4f, 1.1: a try in a time that was is none of the future.
#[test]
fn a_clock_that_is_set_back_ends_no_hourly_tries() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    while totals(&mut world).0 == 0 {
        let outgoing = world.claim_one();
        world.settle(outgoing.message.id, &later());
        world.wait(Span::mins(20));
    }
    world.wait(HOUR);
    let outgoing = world.claim_one();
    world.settle(outgoing.message.id, &later());
    let (before, month) = (world.now, Span::mins(30 * 24 * 60));
    world.now = before - month;
    let now = world.now;
    world.store().reanchor(before, now).unwrap();
    world.wait(HOUR + Span::MS);
    assert_eq!(world.told(), ["Alert a"]);
}
