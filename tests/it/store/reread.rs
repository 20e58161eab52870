//! What no row holds is as it was before a call that failed: what that changed is undone, or, where nobody knows whether it was
//! stored, all is read anew.

use std::sync::Arc;

use punctual::core::check::PingKind;
use punctual::core::outbox::Attempt;
use punctual::core::time::Span;
use punctual::store::sqlite::FaultPoint;
use punctual::store::{Store, StoreError, What};

use super::again::totals;
use super::world::{GROUP_WAIT, Sqlite, World, fact, later};

const HOUR: Span = Span::mins(60);

/// How a call fails: what it changed is undone, or all is read anew.
const WAYS: [fn(String) -> StoreError; 2] = [StoreError::Failed, StoreError::Unclear];

/// The next call writes all, and fails.
fn fail_once(world: &mut World<Sqlite>, way: fn(String) -> StoreError) {
    fail_once_at(world, FaultPoint::BeforeCommit, way);
}

fn fail_once_at(world: &mut World<Sqlite>, point: FaultPoint, way: fn(String) -> StoreError) {
    let mut faults = 1;
    world.store().set_faults(move |at| {
        let fails = at == point && faults > 0;
        faults -= i32::from(fails);
        fails.then(|| way("a test".to_owned()))
    });
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
    for way in WAYS {
        let mut world = with_one_that_was_refused();
        fail_once(&mut world, way);
        let now = world.now;
        world.store().sign_of_life(now).unwrap_err();
        assert!(world.claim().is_empty());
        world.wait(HOUR - Span::MS);
        assert!(world.claim().is_empty());
        world.wait(Span::MS);
        assert_eq!(world.told(), ["Alert a"]);
    }
}

/// 12.4h: the claim that was to find out is made again.
#[test]
fn what_a_start_would_try_is_tried_though_a_claim_failed() {
    for way in WAYS {
        let mut world = with_one_that_was_refused();
        world.reopen();
        fail_once(&mut world, way);
        let now = world.now;
        world.store().claim(now).unwrap_err();
        assert_eq!(world.told(), ["Alert a"]);
    }
}

/// 12.4: five attempts since we are there, of which none is forgotten.
#[test]
fn a_message_is_given_up_as_early_though_a_disk_failed() {
    let attempts = |fails: Option<fn(String) -> StoreError>| {
        let mut world = World::new(Sqlite::default());
        world.declare(&["a"]);
        world.ping("a", PingKind::Fail);
        world.wait(GROUP_WAIT);
        let mut attempts = 0;
        while totals(&mut world).0 == 0 {
            let outgoing = world.claim_one();
            if let Some(way) = fails {
                fail_once(&mut world, way);
                let now = world.now;
                world.store().settle(outgoing.message.id, &later(), 0, now).unwrap_err();
            }
            world.settle(outgoing.message.id, &later());
            attempts += 1;
            assert!(attempts < 20, "nothing is given up");
            world.wait(Span::mins(20));
        }
        attempts
    };
    let undisturbed = attempts(None);
    assert_eq!(WAYS.map(|way| attempts(Some(way))), [undisturbed; 2]);
}

/// When a refused delivery is tried next, after a start tried it in vain and so many calls could not even begin.
fn tried_again_after(cannot_begin: u32) -> Span {
    let mut world = with_one_that_was_refused();
    world.reopen();
    let outgoing = world.claim_one();
    world.settle(outgoing.message.id, &Attempt::Never { why: "400 Bad Request".to_owned() });
    for _ in 0..cannot_begin {
        fail_once_at(&mut world, FaultPoint::Begin, StoreError::Failed);
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

/// 14.1: however many checks there are, and however late, a call that fails costs no more than it did.
#[test]
fn a_call_that_fails_beside_twenty_thousand_checks_reads_none_of_them() {
    let mut world = World::new(Sqlite::default());
    let names: Vec<String> = (0..20_000).map(|number| format!("c{number}")).collect();
    world.declare(&names.iter().map(String::as_str).collect::<Vec<_>>());
    world.ping("c7", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let before = world.store().live().find("c9").unwrap();
    let ping = world.entry("c9", What::Ping(fact(PingKind::Fail)));
    for way in [StoreError::Failed, |_| StoreError::Full] {
        let now = world.now;
        fail_once(&mut world, way);
        world.store().apply(std::slice::from_ref(&ping)).unwrap_err();
        fail_once(&mut world, way);
        world.store().claim(now).unwrap_err();
        assert_eq!(world.store().difference_from_rows().unwrap(), None);
    }
    assert_eq!(world.told(), ["Alert c7"]);
    let after = world.store().live().find("c9").unwrap();
    assert!(Arc::ptr_eq(&before, &after), "the memory was read anew");
    world.ping("c9", PingKind::Fail);
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Alert c9"]);
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
