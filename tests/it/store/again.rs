//! What was given up, and is tried again while its incident goes on (12.4).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use punctual::core::check::PingKind;
use punctual::core::outbox::Attempt;
use punctual::core::route::Policy;
use punctual::core::time::Span;
use punctual::store::{Stance, Store};

use super::world::{GROUP_WAIT, Place, World, later, said};

const HOUR: Span = Span::mins(60);

/// How many were given up, and how many others are to be told.
pub(super) fn totals<P: Place>(world: &mut World<P>) -> (u64, u64) {
    let live = world.store().live();
    let of = |total: &std::sync::atomic::AtomicU64| total.load(Ordering::Relaxed);
    (of(&live.totals.deliveries_parked), of(&live.totals.deliveries_pending))
}

/// These checks fail, and `ops` does not take it until it is given up.
pub(super) fn give_up<P: Place>(world: &mut World<P>, names: &[&str]) {
    for name in names {
        world.ping(name, PingKind::Fail);
    }
    world.wait(GROUP_WAIT);
    let before = totals(world).0;
    for _ in 0..20 {
        for outgoing in world.claim() {
            world.settle(outgoing.message.id, &later());
        }
        if totals(world).0 > before {
            return;
        }
        world.wait(Span::mins(10));
    }
    panic!("nothing was given up");
}

/// What leaves now, message by message; each is answered so.
pub(super) fn told_each<P: Place>(world: &mut World<P>, answer: &Attempt) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    while let Some(outgoing) = world.claim().pop() {
        world.settle(outgoing.message.id, answer);
        all.push(said(&outgoing));
    }
    all
}

fn never() -> Attempt {
    Attempt::Never { why: "400 Bad Request".to_owned() }
}

/// 12.4: the receiver may not be there for days, and is asked once an hour.
pub(crate) fn one_alone_finds_out_whether_a_receiver_works_and_the_others_follow<P: Place>(
    world: &mut World<P>,
) {
    world.declare(&["a", "b", "c", "d"]);
    give_up(world, &["a", "b", "c", "d"]);
    assert_eq!(totals(world), (4, 0));
    world.wait(HOUR - Span::secs(1));
    assert!(world.claim().is_empty());
    world.wait(Span::secs(1));
    assert_eq!(told_each(world, &later()), [["Alert a"]], "one attempt, and no other");
    assert_eq!(totals(world), (4, 0));
    world.wait(Span::mins(30));
    world.reopen();
    // A start may come with other settings: one that was not tried yet is tried.
    assert_eq!(told_each(world, &later()), [["Alert b"]]);
    world.wait(Span::mins(31));
    assert!(world.claim().is_empty(), "an hour after the last one");
    world.wait(Span::mins(29));
    // Whichever has waited longest; then those that were not tried since, and what failed alone by itself.
    let told = told_each(world, &Attempt::TAKEN);
    assert_eq!(told, [vec!["Alert c"], vec!["Alert d"], vec!["Alert a"], vec!["Alert b"]]);
    assert_eq!(totals(world), (0, 0));
    world.ping("a", PingKind::Success);
    world.wait(GROUP_WAIT);
    assert_eq!(told_each(world, &Attempt::TAKEN), [["Recovery a"]]);
}

/// 12.4
pub(crate) fn what_was_given_up_follows_once_its_receiver_takes_something<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b", "c", "new"]);
    give_up(world, &["a", "b", "c"]);
    world.ping("new", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let told = told_each(world, &Attempt::TAKEN);
    assert_eq!(told, [vec!["Alert new"], vec!["Alert a"], vec!["Alert b", "Alert c"]]);
    assert_eq!(totals(world), (0, 0));
}

/// 12.4: one that breaks its receiver is tried once an hour, and keeps the others from nobody.
pub(crate) fn one_that_fails_alone_keeps_no_other_back<P: Place>(world: &mut World<P>) {
    world.declare(&["bad", "b", "c"]);
    give_up(world, &["bad", "b", "c"]);
    let mut told = Vec::new();
    for _ in 0..4 {
        world.wait(HOUR);
        while let Some(outgoing) = world.claim().pop() {
            let breaks = outgoing.notices.iter().any(|notice| notice.check.as_str() == "bad");
            world.settle(outgoing.message.id, &if breaks { later() } else { Attempt::TAKEN });
            told.push(said(&outgoing));
        }
    }
    assert_eq!(told[..3], [["Alert bad"], ["Alert b"], ["Alert c"]]);
    assert!(told[3..].iter().all(|told| *told == ["Alert bad"]), "{told:?}");
    assert!((2..=4).contains(&told[3..].len()), "{told:?}");
    assert_eq!(totals(world), (1, 0));
}

/// 12.4: after 1 h, 2 h, 4 h … at most a day, and never among others.
pub(crate) fn what_was_refused_is_tried_alone_and_ever_more_seldom<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "new"]);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    assert_eq!(told_each(world, &never()), [["Alert a"]]);
    assert_eq!(totals(world), (1, 0));
    world.ping("new", PingKind::Fail);
    world.wait(GROUP_WAIT);
    assert_eq!(told_each(world, &Attempt::TAKEN), [["Alert new"]], "that it takes others means nothing");
    let mut hours = Vec::new();
    let begun = world.now - GROUP_WAIT;
    for _ in 0..80 * 4 {
        world.wait(Span::mins(15));
        for _ in told_each(world, &never()) {
            hours.push((world.now - begun).as_ms() / 3_600_000);
        }
    }
    assert_eq!(hours, [1, 3, 7, 15, 31, 55, 79]);
    assert_eq!(totals(world), (1, 0));
}

/// 12.4: somebody has mended what the files say of it.
pub(crate) fn a_receiver_that_was_changed_is_tried_at_once<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b", "c"]);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    assert_eq!(told_each(world, &never()), [["Alert a"]]);
    give_up(world, &["b", "c"]);
    told_each(world, &never());
    world.configure().unwrap();
    assert!(world.claim().is_empty(), "nothing has changed");
    world.configuration.changed_receivers.insert("other".into());
    world.configure().unwrap();
    assert!(world.claim().is_empty(), "it is another one");
    world.configuration.changed_receivers = ["ops".into()].into();
    world.configure().unwrap();
    let alone = told_each(world, &later());
    assert_eq!(alone.len(), 1, "one attempt: {alone:?}");
    world.configure().unwrap();
    let told = told_each(world, &Attempt::TAKEN);
    assert_eq!(told.concat().len(), 3, "also what was refused, and none twice: {told:?}");
    assert_eq!(totals(world), (0, 0));
}

/// 12.3, 12.4: it was taken out of the files, and comes back.
pub(crate) fn a_receiver_that_comes_back_is_told_what_is_still_bad<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    world.ping("a", PingKind::Fail);
    world.ping("b", PingKind::Fail);
    let with = world.configuration.policy.clone();
    let mut without = Policy { default_receivers: Vec::new(), ..(*with).clone() };
    without.receivers.clear();
    world.configuration.policy = Arc::new(without);
    world.configure().unwrap();
    world.wait(GROUP_WAIT);
    assert!(world.claim().is_empty());
    assert_eq!(totals(world), (2, 0));
    world.ping("a", PingKind::Success);
    assert!(world.claim().is_empty());
    assert_eq!((world.store().next_claim(), totals(world)), (None, (2, 0)), "what is over stays given up");
    world.configuration.policy = with;
    world.configure().unwrap();
    assert_eq!(told_each(world, &Attempt::TAKEN), [["Alert b"]]);
    assert_eq!(totals(world), (1, 0));
}

/// 12.4: `route` is asked as ever.
pub(crate) fn what_is_held_or_acknowledged_is_not_tried_again<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    give_up(world, &["a", "b"]);
    let (a, now) = (world.id("a"), world.now);
    let pause = punctual::store::What::Pause { comment: None, by: None, until: None };
    world.apply("b", pause);
    let incident = punctual::core::incident::IncidentId(1);
    assert!(world.says(incident, Stance::Acknowledge, "ada", now), "{a:?}");
    assert_eq!(totals(world), (1, 0), "somebody is on it");
    world.wait(HOUR);
    assert!(world.claim().is_empty());
    world.apply("b", punctual::store::What::Unpause { comment: None, by: None });
    assert_eq!(told_each(world, &Attempt::TAKEN), [["Alert b"]]);
    let now = world.now;
    assert!(world.says(incident, Stance::Reopen, "ada", now));
    world.wait(GROUP_WAIT);
    assert_eq!(told_each(world, &Attempt::TAKEN), [["Alert a"]], "once");
    world.wait(HOUR);
    assert!(world.claim().is_empty());
}

/// 12.5, 12.6: what was attempted is not told any more, and its recovery is.
pub(crate) fn what_recovers_before_it_is_tried_again_tells_its_recovery<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b", "c"]);
    give_up(world, &["a", "b", "c"]);
    world.wait(HOUR);
    let alone = world.claim_one();
    assert_eq!(said(&alone), ["Alert a"]);
    // One while it is under way, one that waits for its turn, one that rests.
    world.ping("a", PingKind::Success);
    world.settle(alone.message.id, &Attempt::TAKEN);
    world.ping("b", PingKind::Success);
    assert_eq!(totals(world).0, 2);
    let told = told_each(world, &Attempt::TAKEN);
    assert_eq!(told.concat(), ["Alert c", "Recovery a", "Recovery b"], "{told:?}");
    assert_eq!(totals(world), (1, 0), "that of b was given up");
    world.reopen();
    assert_eq!(totals(world), (1, 0));
    assert!(world.claim().is_empty());
}

/// 12.1, 12.3: it is gone for a while before what waits for it is due, or until after that.
pub(crate) fn a_receiver_that_comes_back_is_told_nothing_before_it_is_due<P: Place>(world: &mut World<P>) {
    let after = Span::mins(30);
    world.respond(&[("boss", after, None)]);
    world.declare(&["a", "b"]);
    let with = world.configuration.policy.clone();
    let mut without = Policy { responders: Vec::new(), ..(*with).clone() };
    without.receivers.remove("boss");
    let without = Arc::new(without);
    world.ping("a", PingKind::Fail);
    world.configuration.policy = without.clone();
    world.configure().unwrap();
    assert!(world.claim().is_empty());
    assert_eq!(totals(world), (0, 1), "nothing is given up before it is due");
    world.wait(Span::mins(10));
    world.configuration.policy = with.clone();
    world.configure().unwrap();
    assert!(world.claim().is_empty(), "it is back, and nothing is due");
    world.wait(Span::mins(20));
    world.wait(GROUP_WAIT);
    assert_eq!(told_each(world, &Attempt::TAKEN), [["Alert a"]]);
    world.ping("b", PingKind::Fail);
    world.configuration.policy = without;
    world.configure().unwrap();
    assert!(world.claim().is_empty());
    assert_eq!(totals(world), (0, 1));
    world.wait(after);
    assert!(world.claim().is_empty());
    assert_eq!(totals(world), (1, 0), "it was due, and nobody is there");
    world.configuration.policy = with;
    world.configure().unwrap();
    assert_eq!(told_each(world, &Attempt::TAKEN), [["Alert b"]]);
}
