//! Checks that go bad and recover again and again, each time too soon to be told (12.5).

use std::sync::Arc;

use punctual::core::check::PingKind;
use punctual::core::incident::IncidentId;
use punctual::core::outbox::{Attempt, DeliveryKind, Flaps};
use punctual::core::route::{Matcher, Mute};
use punctual::core::schedule::Schedule;
use punctual::core::time::{Span, Time};
use punctual::store::sqlite::FaultPoint;
use punctual::store::{Stance, Store, StoreError, What};

use super::world::{GROUP_WAIT, Place, Sqlite, World, check, fact, later};

/// One check, `a`, whose next success is not due while the test lasts.
fn declare<P: Place>(world: &mut World<P>) {
    world.configuration.checks = vec![check("a")];
    Arc::make_mut(&mut world.configuration.checks[0].spec).schedule = Schedule::Every(Span::mins(24 * 60));
    world.configure().unwrap();
}

/// The incident of this number: each bad period is the next one.
fn acknowledge<P: Place>(world: &mut World<P>, incident: u64) {
    let now = world.now;
    assert!(world.says(IncidentId(incident), Stance::Acknowledge, "ada", now));
}

/// Bad for two seconds and good again for two; answers when it went bad.
fn flap<P: Place>(world: &mut World<P>) -> Time {
    let began = world.now;
    world.ping("a", PingKind::Fail);
    world.wait(Span::secs(2));
    assert!(world.claim().is_empty(), "nobody is told of it");
    world.ping("a", PingKind::Success);
    world.wait(Span::secs(2));
    began
}

/// The notice that leaves now, alone; its receiver takes it.
fn told<P: Place>(world: &mut World<P>) -> Flaps {
    let outgoing = world.claim_one();
    world.settle(outgoing.message.id, &Attempt::TAKEN);
    let [notice] = outgoing.notices.as_slice() else { panic!("it is told alone: {outgoing:?}") };
    assert_eq!((notice.first.kind.as_str(), notice.ended_at.is_some()), ("failed", true));
    notice.flaps().unwrap_or_else(|| panic!("that it flaps is told: {notice:?}"))
}

fn muted<P: Place>(world: &mut World<P>, matchers: &str, lasts: Span) {
    let now = world.now;
    let mute = Mute {
        id: 0,
        matchers: Matcher::parse_list(matchers).unwrap(),
        text: matchers.to_owned(),
        until: now + lasts,
        since: now,
        comment: String::new(),
        by: String::new(),
    };
    world.store().mute(mute, now).unwrap();
}

/// 12.5: over starts, and whatever waits behind it.
pub(crate) fn a_check_that_flaps_is_told_once_and_then_once_an_hour<P: Place>(world: &mut World<P>) {
    declare(world);
    let began = world.now;
    flap(world);
    flap(world);
    world.reopen();
    assert!(world.claim().is_empty());
    flap(world);
    world.reopen();
    // It is bad again when that it flaps is told, and this waits for its own time.
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT - Span::secs(2));
    assert_eq!(told(world), Flaps { times: 3, since: began });
    world.ping("a", PingKind::Success);
    assert!(world.claim().is_empty(), "it needs no recovery");
    let mut count = 1;
    let mut second = None;
    while second.is_none() {
        world.wait(Span::secs(600));
        let due = world.store().next_claim().is_some_and(|at| at <= world.now);
        if due {
            second = Some(told(world));
        } else {
            flap(world);
            count += 1;
        }
        assert!(count < 20, "it is told again");
    }
    assert_eq!(second.map(|flaps| flaps.times), Some(count));
    assert!(count >= 6, "not before an hour: {count}");
}

/// 12.5
pub(crate) fn an_hour_without_flapping_ends_it_silently<P: Place>(world: &mut World<P>) {
    declare(world);
    for _ in 0..3 {
        flap(world);
    }
    world.wait(GROUP_WAIT);
    told(world);
    world.wait(Span::mins(60));
    let now = world.now;
    while world.store().prune(now).unwrap() {}
    assert_eq!(world.store().next_claim(), None, "nothing is told of its end");
    let began = flap(world);
    flap(world);
    world.wait(GROUP_WAIT);
    assert!(world.claim().is_empty(), "two are no flapping");
    flap(world);
    world.wait(GROUP_WAIT);
    assert_eq!(told(world), Flaps { times: 3, since: began });
}

/// 12.5: each receiver by itself, by what it was not told.
pub(crate) fn who_needs_not_hear_of_flapping_does_not<P: Place>(world: &mut World<P>) {
    world.respond(&[("ops", Span::ZERO, None), ("pager", Span::ZERO, None), ("boss", Span::mins(5), None)]);
    let mut policy = (*world.configuration.policy).clone();
    policy.receivers.get_mut("pager").unwrap().group_wait = Span::ZERO;
    world.configuration.policy = Arc::new(policy);
    declare(world);
    let mut pager = 0;
    for _ in 0..3 {
        for kind in [PingKind::Fail, PingKind::Success] {
            world.ping("a", kind);
            let outgoing = world.claim_one();
            world.settle(outgoing.message.id, &Attempt::TAKEN);
            assert_eq!(&*outgoing.message.receiver, "pager", "it is told of each by itself");
            pager += 1;
            world.wait(Span::secs(2));
        }
    }
    world.wait(GROUP_WAIT);
    let outgoing = world.claim_one();
    assert_eq!((&*outgoing.message.receiver, pager), ("ops", 6));
    assert!(outgoing.notices[0].flaps().is_some());
    world.settle(outgoing.message.id, &Attempt::TAKEN);
    world.wait(Span::mins(10));
    assert!(world.claim().is_empty(), "for the boss it recovered before it was due");
}

/// 12.5: what was held or acknowledged is no flapping.
pub(crate) fn what_somebody_keeps_silent_is_no_flapping<P: Place>(world: &mut World<P>) {
    declare(world);
    muted(world, "check=\"a\"", Span::secs(20));
    for _ in 0..4 {
        flap(world);
    }
    world.wait(Span::secs(10));
    for incident in 5..8 {
        world.ping("a", PingKind::Fail);
        acknowledge(world, incident);
        world.ping("a", PingKind::Success);
        world.wait(GROUP_WAIT);
    }
    assert_eq!(world.store().next_claim(), None);
}

/// 8.2, 11.2, 7.3: that it flaps is held like all else; since it tells of what has recovered, it is then dropped, and
/// counted anew.
pub(crate) fn a_notice_of_flapping_that_is_held_is_dropped<P: Place>(world: &mut World<P>) {
    declare(world);
    for _ in 0..3 {
        flap(world);
    }
    muted(world, "reason=\"failed\"", Span::mins(10));
    world.wait(GROUP_WAIT);
    assert!(world.claim().is_empty());
    world.wait(Span::mins(11));
    assert!(world.claim().is_empty());
    let began = flap(world);
    flap(world);
    flap(world);
    world.ping("a", PingKind::Fail);
    acknowledge(world, 7);
    world.wait(GROUP_WAIT);
    assert!(world.claim().is_empty(), "somebody is on it");
    world.ping("a", PingKind::Success);
    for _ in 0..3 {
        flap(world);
    }
    world.wait(GROUP_WAIT);
    assert!(told(world).since > began);
}

/// 12.5: one that cannot leave becomes a part of the next.
pub(crate) fn flapping_that_cannot_be_told_is_told_in_one<P: Place>(world: &mut World<P>) {
    declare(world);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let stuck = world.claim_one();
    world.ping("a", PingKind::Success);
    let began = world.now;
    let mut times = 0;
    while world.now < began + Span::mins(130) {
        world.ping("a", PingKind::Fail);
        world.wait(Span::secs(2));
        world.ping("a", PingKind::Success);
        world.wait(Span::secs(58));
        times += 1;
    }
    world.settle(stuck.message.id, &Attempt::TAKEN);
    let outgoing = world.claim_one();
    let kinds: Vec<DeliveryKind> = outgoing.notices.iter().map(|notice| notice.kind).collect();
    let [DeliveryKind::Recovery, DeliveryKind::Flapping(flaps)] = kinds[..] else { panic!("{kinds:?}") };
    assert_eq!(flaps.since, began);
    assert!(flaps.times > 100 && flaps.times <= times, "{flaps:?} of {times}");
    world.settle(outgoing.message.id, &later());
}

/// 14.1: what ends the incident counts it, or neither is there.
#[test]
fn flapping_is_counted_with_the_end_of_the_incident() {
    let mut world = World::new(Sqlite::default());
    declare(&mut world);
    flap(&mut world);
    flap(&mut world);
    for point in [FaultPoint::BeforeCommit, FaultPoint::AfterCommit] {
        world.ping("a", PingKind::Fail);
        world.wait(Span::secs(1));
        let mut faults = vec![point];
        world.store().set_faults(move |at| {
            let is_it = faults.last() == Some(&at);
            is_it.then(|| faults.pop()).flatten().map(|_| StoreError::Unclear("a test".to_owned()))
        });
        let _ = world.try_apply("a", What::Ping(fact(PingKind::Success)));
        world.reopen();
        world.wait(Span::secs(1));
        if point == FaultPoint::BeforeCommit {
            world.ping("a", PingKind::Success);
        }
    }
    world.wait(GROUP_WAIT);
    assert_eq!(told(&mut world).times, 3, "the fourth is counted after it");
    assert_eq!(world.store().next_claim(), None);
}
