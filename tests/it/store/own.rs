//! Mails that checks send on their own: through one mail server, and so many a minute to an address.

use std::sync::atomic::Ordering;

use punctual::core::outbox::Attempt;
use punctual::core::time::Span;
use punctual::store::sqlite::FaultPoint;
use punctual::store::{Store, StoreError};

use super::canaries::let_it_be_late;
use super::edits::{canary, create, edit};
use super::world::{Place, Sqlite, World};

fn many_canaries<P: Place>(world: &mut World<P>, count: usize) {
    world.declare(&[]);
    for n in 0..count {
        let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
        let id = format!("{}{}{}", letter(n / 26), letter(n), "x".repeat(6));
        edit(world, create(canary("x", &format!("c{n:03}"), &id))).unwrap();
    }
}

/// 16.4: that no connection comes about is the server's failure, not that of each mail.
pub(crate) fn a_mail_server_that_takes_nothing_is_left_alone<P: Place>(world: &mut World<P>) {
    many_canaries(world, 40);
    let_it_be_late(world);
    let first = world.claim();
    assert_eq!(first.len(), 8);
    first.iter().for_each(|outgoing| world.settle(outgoing.message.id, &unreachable()));
    let mut attempts = 0;
    for _ in 0..600 {
        world.wait(Span::secs(1));
        let is_time = world.store().next_claim().unwrap() <= world.now;
        let claimed = world.claim();
        assert_eq!(claimed.len(), usize::from(is_time), "one finds out, and nobody is woken for nothing");
        attempts += claimed.len();
        claimed.iter().for_each(|outgoing| world.settle(outgoing.message.id, &unreachable()));
    }
    assert!((5..=8).contains(&attempts), "{attempts} in ten minutes: 5 s, 10 s, 20 s … apart");
    world.wait(Span::mins(10));
    let mut under_way = world.claim();
    assert_eq!((under_way.len(), world.claim().len()), (1, 0));
    let mut told = 0;
    while let Some(outgoing) = under_way.pop() {
        world.settle(outgoing.message.id, &Attempt::TAKEN);
        told += 1;
        world.wait(Span::secs(2));
        under_way.extend(world.claim());
    }
    assert_eq!(told, 40, "none is lost");
}

/// 16.4: strangers may have it mail whomever they like, but not as often as they like.
pub(crate) fn an_address_gets_sixty_mails_a_minute_and_none_is_lost<P: Place>(world: &mut World<P>) {
    many_canaries(world, 150);
    let_it_be_late(world);
    let limited =
        |world: &mut World<P>| world.store().live().totals.own_mails_limited.load(Ordering::Relaxed);
    for (minute, expected) in [60, 60, 30].into_iter().enumerate() {
        let (begun, mut told) = (world.now, 0);
        while world.store().next_claim().is_some_and(|at| at <= world.now) {
            for outgoing in world.claim() {
                assert_eq!(outgoing.notices[0].emails, ["ada@example.org"]);
                world.settle(outgoing.message.id, &Attempt::TAKEN);
                told += 1;
            }
            world.wait(Span::MS);
        }
        assert_eq!(told, expected, "minute {minute}");
        // Counted once, however long it waits.
        assert_eq!(limited(world), 90);
        if let Some(at) = world.store().next_claim() {
            assert_eq!(at, begun + Span::mins(1), "as soon as the first of them is a minute old");
            world.wait(at - world.now);
        }
    }
    assert_eq!(world.store().next_claim(), None);
}

fn unreachable() -> Attempt {
    Attempt::Unreachable { why: "connection refused".to_owned(), is_misdirected: false }
}

/// 14.3, 16.4: what no row holds outlives a disk that fails.
#[test]
fn a_memory_that_is_read_anew_still_leaves_the_server_alone() {
    let mut world = World::new(Sqlite::default());
    many_canaries(&mut world, 20);
    let_it_be_late(&mut world);
    for outgoing in world.claim() {
        world.settle(outgoing.message.id, &unreachable());
    }
    let rests_until = world.store().next_claim();
    assert!(rests_until > Some(world.now));
    let mut faults = 1;
    world.store().set_faults(move |at| {
        let fails = at == FaultPoint::BeforeCommit && faults > 0;
        faults -= i32::from(fails);
        fails.then(|| StoreError::Failed("a test".to_owned()))
    });
    let now = world.now;
    world.store().sign_of_life(now).unwrap_err();
    world.store().sign_of_life(now).unwrap();
    assert_eq!((world.store().next_claim(), world.claim().len()), (rests_until, 0));
}

/// 14.3, 16.4f: mails that could not be claimed were sent to nobody.
#[test]
fn a_disk_that_failed_makes_no_mail_wait_longer() {
    let mut world = World::new(Sqlite::default());
    many_canaries(&mut world, 60);
    let_it_be_late(&mut world);
    let mut faults = 20;
    world.store().set_faults(move |at| {
        let fails = at == FaultPoint::BeforeCommit && faults > 0;
        faults -= i32::from(fails);
        fails.then(|| StoreError::Failed("a test".to_owned()))
    });
    let now = world.now;
    for _ in 0..20 {
        world.store().claim(now).unwrap_err();
    }
    world.store().sign_of_life(now).unwrap();
    let mut told = 0;
    while world.store().next_claim().is_some_and(|at| at <= world.now) {
        for outgoing in world.claim() {
            world.settle(outgoing.message.id, &Attempt::TAKEN);
            told += 1;
        }
        world.wait(Span::MS);
    }
    assert_eq!(told, 60);
}

/// 1.1, 16.4
#[test]
fn a_clock_that_is_set_back_makes_no_mail_wait_longer() {
    let mut world = World::new(Sqlite::default());
    many_canaries(&mut world, 70);
    let_it_be_late(&mut world);
    while world.store().next_claim().is_some_and(|at| at <= world.now) {
        world.claim().iter().for_each(|outgoing| world.settle(outgoing.message.id, &Attempt::TAKEN));
        world.wait(Span::MS);
    }
    let (before, after) = (world.now, world.now - Span::mins(24 * 60));
    world.store().reanchor(before, after).unwrap();
    world.now = after;
    assert_eq!(world.claim().len(), 8);
}

/// 16.4
#[test]
fn whoever_mends_the_server_and_asks_for_it_waits_for_no_rest() {
    let mut world = World::new(Sqlite::default());
    many_canaries(&mut world, 20);
    let_it_be_late(&mut world);
    let first = world.claim();
    first.iter().for_each(|outgoing| world.settle(outgoing.message.id, &unreachable()));
    assert_eq!(world.claim().len(), 0);
    let now = world.now;
    world.store().retry_message(first[3].message.id, "ann", now).unwrap();
    let again = world.claim_one();
    world.settle(again.message.id, &unreachable());
    assert_eq!(world.claim().len(), 0);
    // Another mail server, by a reload.
    world.configuration.changed_receivers = ["emails/*".into()].into();
    world.configure().unwrap();
    assert_eq!(world.claim().len(), 1);
}
