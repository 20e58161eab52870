//! 1.6: a check of which judging panics is unknown, and nothing else is another for it.

use std::sync::atomic::Ordering;

use punctual::core::cause::{CauseKind, Status};
use punctual::core::check::{PingKind, Spec};
use punctual::core::step::break_judging_by;
use punctual::core::time::Span;
use punctual::store::{Applied, Entry, Store, What};

use super::prune::count;
use super::sqlite::database;
use super::world::{GROUP_WAIT, Sqlite, World, check, fact};

/// The grace of those that may be broken.
const ODD: Span = Span::secs(13);

/// From now on, or no longer, judging checks of an odd grace panics.
fn break_odd(is_broken: bool) {
    let is_odd = |spec: &Spec| spec.grace == ODD;
    break_judging_by(if is_broken { is_odd } else { |_| false });
}

/// `odd` among others: each `every: 1m`.
fn with_odd(others: usize) -> World<Sqlite> {
    let mut world = World::new(Sqlite::default());
    let others = (0..others).map(|number| check(&format!("even-{number}")));
    world.configuration.checks = std::iter::once(check("odd")).chain(others).collect();
    std::sync::Arc::make_mut(&mut world.configuration.checks[0].spec).grace = ODD;
    world.configure().unwrap();
    world
}

fn is_unjudgeable(world: &mut World<Sqlite>) -> bool {
    let is_so = world.state("odd").causes.has(CauseKind::Unjudgeable);
    let total = world.store().live().totals.unjudgeable.load(Ordering::Relaxed);
    assert_eq!(total, u64::from(is_so), "pages and metrics say so");
    is_so
}

fn status(world: &mut World<Sqlite>, name: &str) -> Status {
    let (now, live) = (world.now, world.store().live());
    let check = live.find(name).unwrap();
    live.as_of(now).view(&check, &check.state()).status
}

/// A moment later. Answers how many checks that were.
fn judge_what_is_due(world: &mut World<Sqlite>) -> usize {
    world.wait(Span::MS);
    let judged = world.expire();
    assert_eq!(world.expire(), 0, "not again and again");
    judged
}

#[test]
fn one_ping_of_a_batch_that_cannot_be_judged_is_stored_and_all_others_are_judged() {
    const ALL: usize = 2048;
    let mut world = with_odd(ALL - 1);
    let names: Vec<String> = world.configuration.checks.iter().map(|check| check.name.to_string()).collect();
    break_odd(true);
    let entries: Vec<Entry> =
        names.iter().map(|name| world.entry(name, What::Ping(fact(PingKind::Success)))).collect();
    let applied = world.store().apply(&entries).unwrap();
    let counted = applied.iter().filter(|applied| matches!(applied, Applied::Done(Some(_)))).count();
    assert_eq!((counted, &applied[0]), (ALL - 1, &Applied::Done(None)));
    assert_eq!(count(&world, "pings"), ALL as i64);
    assert!(is_unjudgeable(&mut world));
    let up = names.iter().filter(|name| status(&mut world, name) == Status::Up).count();
    assert_eq!((up, status(&mut world, "odd")), (ALL - 1, Status::Unknown));
    // A start finds that it works again, and judges what there is: no ping has counted.
    break_odd(false);
    world.reopen();
    assert!(is_unjudgeable(&mut world));
    assert_eq!(judge_what_is_due(&mut world), 1);
    assert!(!is_unjudgeable(&mut world));
    assert_eq!((world.state("odd").counters.pings[0], status(&mut world, "odd")), (0, Status::New));
    world.ping("odd", PingKind::Success);
    assert_eq!(status(&mut world, "odd"), Status::Up);
}

#[test]
fn a_deadline_that_cannot_be_judged_holds_up_no_other() {
    let mut world = with_odd(1);
    ["odd", "even-0"].iter().for_each(|name| world.ping(name, PingKind::Success));
    world.wait(Span::secs(74));
    break_odd(true);
    assert_eq!(judge_what_is_due(&mut world), 2);
    assert!(is_unjudgeable(&mut world) && status(&mut world, "even-0") == Status::Late);
    assert_eq!(world.store().next_deadline(), None);
    // A reload tries again, in vain, and once it works.
    world.configure().unwrap();
    assert_eq!(judge_what_is_due(&mut world), 1);
    assert!(is_unjudgeable(&mut world));
    break_odd(false);
    assert_eq!(judge_what_is_due(&mut world), 0, "nobody has mended it as far as anybody knows");
    world.wait(Span::secs(2));
    world.configure().unwrap();
    assert_eq!(judge_what_is_due(&mut world), 1);
    assert!(!is_unjudgeable(&mut world) && status(&mut world, "odd") == Status::Late);
}

#[test]
fn people_are_told_of_a_check_that_cannot_be_judged_and_when_it_can() {
    let mut world = with_odd(0);
    world.ping("odd", PingKind::Success);
    break_odd(true);
    world.apply("odd", What::Ping(fact(PingKind::Success)));
    world.wait(GROUP_WAIT);
    let told = world.claim_one();
    assert_eq!(told.notices[0].causes[0].kind, CauseKind::Unjudgeable);
    world.settle(told.message.id, &punctual::core::outbox::Attempt::TAKEN);
    break_odd(false);
    world.ping("odd", PingKind::Success);
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Recovery odd"]);
}

/// 10.3, 7.2: what people want of a check needs no judgement.
#[test]
fn a_check_that_cannot_be_judged_is_paused_changed_and_removed_all_the_same() {
    let mut world = with_odd(9);
    break_odd(true);
    world.apply("odd", What::Pause { comment: None, by: None, until: None });
    assert!(is_unjudgeable(&mut world) && status(&mut world, "odd") == Status::Paused);
    world.apply("odd", What::Unpause { comment: None, by: None });
    assert!(is_unjudgeable(&mut world) && status(&mut world, "odd") == Status::Unknown);
    // By another spec it works.
    std::sync::Arc::make_mut(&mut world.configuration.checks[0].spec).grace = Span::secs(20);
    world.configure().unwrap();
    assert!(is_unjudgeable(&mut world), "the last judgement by the old one");
    assert_eq!(judge_what_is_due(&mut world), 1);
    assert!(!is_unjudgeable(&mut world));
    std::sync::Arc::make_mut(&mut world.configuration.checks[0].spec).grace = ODD;
    world.configure().unwrap();
    world.apply("odd", What::Tick);
    assert!(is_unjudgeable(&mut world));
    let now = world.now;
    world.store().reanchor(now, now - Span::secs(5)).unwrap();
    assert!(is_unjudgeable(&mut world), "a clock that was set back");
    world.configuration.checks.remove(0);
    let changes = world.configure().unwrap();
    assert_eq!(changes.archived, [super::world::name("odd")]);
    assert_eq!(world.store().live().totals.unjudgeable.load(Ordering::Relaxed), 0);
    assert!(world.store().live().find("odd").is_none());
}

/// 14.2: pings that no row of a state knows of are judged again at a start.
#[test]
fn a_start_that_cannot_judge_a_ping_again_goes_on_without_that_check() {
    let mut world = with_odd(1);
    world.store().set_catch_up(0);
    for _ in 0..5 {
        world.wait(Span::secs(1));
        ["odd", "even-0"].iter().for_each(|name| world.ping(name, PingKind::Success));
    }
    let before = world.state("even-0");
    break_odd(true);
    world.reopen();
    assert_eq!(world.state("even-0"), before);
    assert!(is_unjudgeable(&mut world));
    break_odd(false);
    world.reopen();
    assert_eq!(judge_what_is_due(&mut world), 1);
    world.wait(Span::secs(80));
    world.ping("even-0", PingKind::Success);
    assert_eq!(judge_what_is_due(&mut world), 1);
    assert!(!is_unjudgeable(&mut world) && status(&mut world, "odd") == Status::Late);
}

/// Not broken by a test, but by a state that no program of ours has written.
#[test]
fn a_state_that_makes_no_sense_is_unjudgeable_and_ends_nothing_else() {
    let mut world = with_odd(1);
    ["odd", "even-0"].iter().for_each(|name| world.ping(name, PingKind::Success));
    let now = world.now;
    world.store().end(now).unwrap();
    // Behind all else stand its last results, behind how many bytes they are.
    let last = world.state("odd").results.as_bytes().len() + 1;
    drop(world.take());
    // Of the four bytes before them the first says that there is no end of a pause. There is one now, and no pause.
    let db = database(world.place.0.path());
    let id = "(SELECT id FROM checks WHERE name = 'odd')";
    let spoil = format!(
        "UPDATE states SET state = CAST(substr(state, 1, length(state) - {last} - 4) || x'0100000000' || substr(state, -{last}) AS BLOB)
         WHERE check_id = {id}"
    );
    assert_eq!(db.execute(&spoil, []), Ok(1));
    world.reopen();
    world.wait(Span::secs(75));
    assert_eq!(judge_what_is_due(&mut world), 2);
    assert!(is_unjudgeable(&mut world) && status(&mut world, "even-0") == Status::Late);
    // The end of that pause is over, and with it what made no sense.
    ["odd", "even-0"].iter().for_each(|name| world.ping(name, PingKind::Success));
    assert!(!is_unjudgeable(&mut world) && status(&mut world, "odd") == Status::Up);
}
