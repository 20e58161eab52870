//! Messages that are refused, given up, and tried again (12.4).

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use std::sync::Arc;

use punctual::core::check::PingKind;
use punctual::core::outbox::Attempt;
use punctual::core::time::Span;
use punctual::store::sqlite::SqliteStore;
use punctual::store::{Entry, Outgoing, Store, What};

use super::world::{GROUP_WAIT, Place, Sqlite, World, fact, later, said};

/// They fail, and some time later it has been gathered.
fn fail<P: Place>(world: &mut World<P>, names: &[String]) {
    for name in names {
        world.ping(name, PingKind::Fail);
    }
    world.wait(GROUP_WAIT);
}

fn never() -> Attempt {
    Attempt::Never { why: "400 Bad Request".to_owned() }
}

fn parked<P: Place>(world: &mut World<P>) -> u64 {
    let live = world.store().live();
    live.totals.deliveries_parked.load(Ordering::Relaxed)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("c{number:02}")).collect()
}

fn declare<P: Place>(world: &mut World<P>, names: &[String]) {
    world.declare(&names.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Answers every message until none is left.
fn answer<P: Place>(world: &mut World<P>, refuses: impl Fn(&Outgoing) -> bool) -> Vec<(Outgoing, bool)> {
    let mut all = Vec::new();
    while let Some(outgoing) = world.claim().pop() {
        let is_refused = refuses(&outgoing);
        world.settle(outgoing.message.id, &if is_refused { never() } else { Attempt::TAKEN });
        all.push((outgoing, is_refused));
    }
    all
}

/// 12.4: one member that a receiver cannot take keeps no page of the others.
pub(crate) fn what_is_refused_is_split_until_one_stands_alone<P: Place>(world: &mut World<P>) {
    let names = names(7);
    declare(world, &names);
    fail(world, &names);
    let offends = |outgoing: &Outgoing| outgoing.notices.iter().any(|n| n.check.as_str() == "c04");
    let all = answer(world, offends);
    let taken = all.iter().filter(|(_, is_refused)| !is_refused);
    let told: Vec<String> = taken.flat_map(|(outgoing, _)| said(outgoing)).collect();
    let others = ["Alert c00", "Alert c01", "Alert c02", "Alert c03", "Alert c05", "Alert c06"];
    assert_eq!(told, others, "once each, and in their order");
    assert_eq!(parked(world), 1);
    let keys: BTreeSet<&str> = all.iter().map(|(outgoing, _)| outgoing.message.key.as_str()).collect();
    assert_eq!(keys.len(), all.len(), "each part has a key of its own");
    assert!(all.iter().all(|(outgoing, _)| outgoing.message.attempts == 1));
}

/// 12.4, 12.7
pub(crate) fn a_part_survives_a_start_and_what_follows_waits_for_it<P: Place>(world: &mut World<P>) {
    let names = names(2);
    declare(world, &names);
    fail(world, &names);
    let whole = world.claim_one();
    world.settle(whole.message.id, &never());
    world.ping("c01", PingKind::Success);
    world.wait(GROUP_WAIT);
    world.reopen();
    let first = world.claim_one();
    assert_eq!((said(&first), &first.notices[..]), (vec!["Alert c00".to_owned()], &whole.notices[..1]));
    world.settle(first.message.id, &later());
    let second = world.claim_one();
    assert_eq!((said(&second), &second.notices[..]), (vec!["Alert c01".to_owned()], &whole.notices[1..]));
    world.settle(second.message.id, &Attempt::TAKEN);
    assert_eq!(world.told(), ["Recovery c01"]);
    world.wait(Span::secs(5));
    assert_eq!(world.told(), ["Alert c00"]);
}

/// 12.4: then it is not the content of one of them.
pub(crate) fn after_eight_refusals_and_nothing_taken_the_rest_is_given_up<P: Place>(world: &mut World<P>) {
    let names = names(40);
    declare(world, &names);
    fail(world, &names);
    let all = answer(world, |_| true);
    assert!(all.len() < 24, "{} attempts", all.len());
    let alone = all.iter().filter(|(outgoing, _)| outgoing.message.members.len() == 1).count();
    assert_eq!((alone, parked(world)), (8, 40));
    // With one that is taken it is their content.
    world.wait(Span::secs(1));
    for name in &names {
        world.ping(name, PingKind::Success);
    }
    world.wait(GROUP_WAIT);
    answer(world, |_| false);
    fail(world, &names);
    let all = answer(world, |outgoing| outgoing.notices.iter().any(|n| n.check.as_str() != "c00"));
    let alone = all.iter().filter(|(outgoing, _)| outgoing.message.members.len() == 1).count();
    assert_eq!(alone, 40);
}

/// 12.4: what becomes of them when they are tried again changes nothing of what the receiver said.
pub(crate) fn what_was_refused_counts_though_it_is_tried_again_in_vain<P: Place>(world: &mut World<P>) {
    let names = names(40);
    declare(world, &names);
    fail(world, &names);
    let whole = world.claim_one();
    world.settle(whole.message.id, &never());
    let (mut alone, mut again, until) = (0, 0, world.now + Span::mins(30));
    while let Some(at) = world.store().next_claim().filter(|at| *at < until && alone < 8) {
        world.wait((at - world.now).max(Span::ZERO));
        for outgoing in world.claim() {
            let is_part = outgoing.message.origin.is_some();
            let is_refused = is_part && (alone < 7 || again == 7);
            world.settle(outgoing.message.id, &if is_refused { never() } else { later() });
            alone += u64::from(is_refused && outgoing.message.members.len() == 1);
            again += u64::from(!is_part);
            if alone == 7 && again < 7 {
                // Its settings are mended, it seems: one of the seven finds out.
                world.configuration.changed_receivers = ["ops".into()].into();
                world.configure().unwrap();
            }
        }
    }
    assert_eq!((alone, again, parked(world)), (8, 7, 40));
}

/// 12.4d: one that was refused, and is tried again alone, was taken: then it is the content of the others.
pub(crate) fn a_part_that_is_taken_when_it_is_tried_again_was_taken<P: Place>(world: &mut World<P>) {
    let names = names(40);
    declare(world, &names);
    fail(world, &names);
    let (mut alone, mut again, until) = (BTreeSet::new(), 0, world.now + Span::mins(30));
    while let Some(at) = world.store().next_claim().filter(|at| *at < until) {
        world.wait((at - world.now).max(Span::ZERO));
        for outgoing in world.claim() {
            let is_again = outgoing.message.origin.is_none() && !alone.is_empty();
            // Once seven stood alone the receiver is busy, until its settings are mended and it takes one of them.
            let answer = if is_again && again == 0 {
                Attempt::TAKEN
            } else if alone.len() == 7 && again == 0 {
                later()
            } else {
                never()
            };
            world.settle(outgoing.message.id, &answer);
            again += u64::from(is_again);
            if answer == never() && outgoing.message.members.len() == 1 {
                alone.extend(said(&outgoing));
            }
            if alone.len() == 7 && again == 0 {
                world.configuration.changed_receivers = ["ops".into()].into();
                world.configure().unwrap();
            }
        }
    }
    assert_eq!(alone.len(), 40, "each of the others stands alone");
}

/// 12.4: what nobody took in time says nothing of what the others say.
pub(crate) fn parts_that_were_given_up_in_time_are_no_refusals<P: Place>(world: &mut World<P>) {
    let names = names(11);
    declare(world, &names);
    fail(world, &names);
    let give_up_at = world.now + Span::mins(60);
    let mut taken = Vec::new();
    while let Some(at) = world.store().next_claim().filter(|at| *at <= give_up_at) {
        world.wait((at - world.now).max(Span::ZERO));
        for outgoing in world.claim() {
            let (told, is_over) = (said(&outgoing), world.now >= give_up_at);
            // Eight are tried until it is too late. Three are to wait for an hour; then one is refused, and two are taken.
            let attempt = match told.as_slice() {
                [one] if one.as_str() < "Alert c08" => later(),
                [_] if !is_over => Attempt::Later { after: Some(Span::mins(60)), why: "later".to_owned() },
                [one] if one.as_str() > "Alert c08" => Attempt::TAKEN,
                _ => never(),
            };
            world.settle(outgoing.message.id, &attempt);
            taken.extend(told.into_iter().filter(|_| attempt.is_taken()));
        }
    }
    assert_eq!((taken, parked(world)), (vec!["Alert c09".to_owned(), "Alert c10".to_owned()], 9));
}

/// 12.4: who is told may have been away just as long.
pub(crate) fn an_absence_of_ours_does_not_count_towards_giving_up<P: Place>(world: &mut World<P>) {
    let names = names(1);
    declare(world, &names);
    fail(world, &names);
    let attempt = |world: &mut World<P>, after: Span| {
        world.wait(after);
        let claimed = world.claim_one();
        assert_eq!(parked(world), 0);
        world.settle(claimed.message.id, &later());
    };
    for minutes in [0, 1, 1] {
        attempt(world, Span::mins(minutes));
    }
    // Two minutes of an hour, and then a day without us.
    world.now = world.now + Span::mins(24 * 60);
    world.reopen();
    // More attempts than a start has to make, and the hour is not over.
    for minutes in [0, 1, 2, 5, 10, 10, 10, 10] {
        attempt(world, Span::mins(minutes));
    }
    assert_eq!(parked(world), 0);
    attempt(world, Span::mins(10));
    assert_eq!(parked(world), 1);
}

/// 12.4: what a receiver needs may start after us.
pub(crate) fn nothing_is_given_up_before_five_attempts_since_a_start<P: Place>(world: &mut World<P>) {
    let names = names(1);
    declare(world, &names);
    fail(world, &names);
    let first = world.claim_one();
    world.settle(first.message.id, &later());
    world.wait(Span::mins(59));
    world.reopen();
    for _ in 0..5 {
        assert_eq!(parked(world), 0);
        let again = world.claim_one();
        world.settle(again.message.id, &later());
        world.wait(Span::mins(10));
    }
    assert_eq!(parked(world), 1);
}

/// 12.4: a process that dies of a message sends it not at once at every start.
pub(crate) fn what_a_start_finds_tried_often_waits<P: Place>(world: &mut World<P>) {
    let names = names(1);
    declare(world, &names);
    fail(world, &names);
    for attempts in 1..=4 {
        assert_eq!(world.claim_one().message.attempts, attempts);
        world.reopen();
    }
    assert!(world.claim().is_empty());
    world.wait(Span::secs(40));
    assert_eq!(world.claim_one().message.attempts, 5);
}

/// 12.3: a receiver that tells repetitions apart would drop what is new.
#[test]
fn a_restored_copy_repeats_no_key() {
    let mut world = World::new(Sqlite::default());
    let names = names(2);
    declare(&mut world, &names);
    fail(&mut world, &names[..1]);
    let before = world.told();
    assert_eq!(before, ["Alert c00"]);
    drop(world.take());
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(world.place.0.path().join("punctual.db"), copy.path().join("punctual.db")).unwrap();
    let key_of = |folder: &std::path::Path| {
        let mut store = SqliteStore::open(folder).unwrap();
        let now = world.now;
        store.begin(now).unwrap();
        store.configure(&world.configuration, true, now).unwrap();
        let check = store.live().find("c01").unwrap().id;
        store.apply(&[Entry { check, at: now, what: What::Ping(fact(PingKind::Fail)) }]).unwrap();
        let claimed = store.claim(now + GROUP_WAIT).unwrap();
        let first = (claimed[0].message.id, claimed[0].message.key.clone());
        // At each attempt the same, also after a start.
        drop(store);
        let mut store = SqliteStore::open(folder).unwrap();
        store.begin(now).unwrap();
        store.configure(&world.configuration, true, now).unwrap();
        let again = store.claim(now + GROUP_WAIT).unwrap();
        assert_eq!((again[0].message.id, &again[0].message.key), (first.0, &first.1));
        first
    };
    let (one, other) = (key_of(world.place.0.path()), key_of(copy.path()));
    assert_eq!(one.0, other.0, "the numbers are given once more");
    assert_ne!(one.1, other.1);
}

/// 12.3, 12.4: the operator makes a receiver name fewer while a message to it waits: nobody goes unnamed.
pub(crate) fn what_waits_is_split_when_its_receiver_names_fewer<P: Place>(world: &mut World<P>) {
    let names: Vec<String> = (0..50).map(|number| format!("job-{number:02}")).collect();
    world.declare(&names.iter().map(String::as_str).collect::<Vec<_>>());
    fail(world, &names);
    let whole = world.claim_one();
    assert_eq!(whole.notices.len(), 50);
    world.settle(whole.message.id, &later());
    let mut policy = (*world.configuration.policy).clone();
    policy.receivers.get_mut("ops").unwrap().max_members = 10;
    world.configuration.policy = Arc::new(policy);
    world.configure().unwrap();
    world.reopen();
    world.wait(Span::mins(2));
    let mut told: Vec<String> = Vec::new();
    while let Some(part) = world.claim().pop() {
        assert!(part.notices.len() <= 10, "{} are named at most, and it has {}", 10, part.notices.len());
        assert_ne!(part.message.key, whole.message.key);
        world.settle(part.message.id, &Attempt::TAKEN);
        told.extend(said(&part));
    }
    told.sort();
    assert_eq!(told, names.iter().map(|name| format!("Alert {name}")).collect::<Vec<_>>());
}
