//! What leaves, however many wait: the most severe first, and no more in one call than is soon done (12.3).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use punctual::core::check::{Definition, PingKind};
use punctual::core::outbox::Attempt;
use punctual::core::time::Span;
use punctual::store::{Outgoing, Store, What};

use super::world::{GROUP_WAIT, Place, World, check, fact};
use crate::support::is_long;

fn named(number: usize) -> String {
    format!("check-{number:06}")
}

/// So many checks of this severity; all of them fail at once.
fn all_fail<P: Place>(world: &mut World<P>, count: usize, severity: impl Fn(usize) -> &'static str) {
    declare(world, count, severity);
    let names: Vec<String> = (1..=count).map(named).collect();
    for some in names.chunks(256) {
        let fails: Vec<_> =
            some.iter().map(|name| world.entry(name, What::Ping(fact(PingKind::Fail)))).collect();
        world.store().apply(&fails).unwrap();
    }
    world.wait(GROUP_WAIT);
}

fn declare<P: Place>(world: &mut World<P>, count: usize, severity: impl Fn(usize) -> &'static str) {
    let labelled = |number: usize| Definition {
        labels: [("severity".to_owned(), severity(number).to_owned())].into(),
        ..check(&named(number))
    };
    world.configuration.checks = (1..=count).map(labelled).collect();
    world.configure().unwrap();
}

fn tells_of(outgoing: &Outgoing, number: usize) -> bool {
    outgoing.notices.iter().any(|notice| notice.check.as_str() == named(number))
}

/// 12.3
pub(crate) fn the_critical_one_leaves_first_whatever_waits_before_it<P: Place>(world: &mut World<P>) {
    let count = if is_long() { 100_000 } else { 700 };
    all_fail(world, count, |number| if number == count { "critical" } else { "warning" });
    let begun = Instant::now();
    let first = world.claim_one();
    let ranked = begun.elapsed();
    assert!(tells_of(&first, count), "{} others wait", count - 1);
    world.settle(first.message.id, &Attempt::TAKEN);
    let begun = Instant::now();
    let second = world.claim_one();
    assert_eq!(second.notices[0].check.as_str(), named(256), "the others as they came");
    let known = begun.elapsed();
    let took = format!("of {count} that wait the first claim took {ranked:?}, the second {known:?}");
    assert!(known < Duration::from_secs(1), "{took}");
}

/// 12.3: how severe a check is says its newest declaration.
pub(crate) fn what_becomes_critical_while_it_waits_leaves_first<P: Place>(world: &mut World<P>) {
    let count = 1100;
    all_fail(world, count, |_| "warning");
    let first = world.claim_one();
    assert!(tells_of(&first, 1) && !tells_of(&first, count));
    world.settle(first.message.id, &Attempt::TAKEN);
    declare(world, count, |number| if number == count { "critical" } else { "warning" });
    assert!(tells_of(&world.claim_one(), count));
}

/// 12.3
pub(crate) fn what_two_receivers_are_told_of_hundreds_leaves_in_two_calls<P: Place>(world: &mut World<P>) {
    world.respond(&[("ops", Span::ZERO, None), ("dev", Span::ZERO, None)]);
    all_fail(world, 300, |_| "warning");
    let now = world.now;
    let mut receivers = BTreeSet::new();
    for _ in 0..2 {
        assert!(world.store().next_claim().is_some_and(|at| at <= now), "one follows the other at once");
        let outgoing = world.store().claim(now).unwrap();
        let [one] = outgoing.as_slice() else { panic!("one at a time: {outgoing:?}") };
        assert_eq!(one.notices.len(), 256);
        receivers.insert(one.message.receiver.to_string());
    }
    assert_eq!(receivers.into_iter().collect::<Vec<_>>(), ["dev", "ops"]);
    assert_eq!((world.store().next_claim(), world.store().claim(now).unwrap()), (None, vec![]));
}
