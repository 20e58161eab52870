//! The budget of bodies, and the file that gives room back (15.2).

use punctual::core::check::PingKind;
use punctual::core::time::Span;
use punctual::store::history::{BodyRecord, LeftOut, Reader};
use punctual::store::{Entry, Store, What};

use super::prune::{count, prune};
use super::sqlite::database;
use super::world::{GROUP_WAIT, Sqlite, World, fact};

const BUDGET: u64 = 1_000_000;
const MOST: i64 = 1_100_000;

fn with_body(bytes: usize) -> What {
    let mut ping = fact(PingKind::Log);
    ping.body = Some(vec![b'x'; bytes]);
    What::Ping(ping)
}

/// So many pings with a body in one transaction, each for another one of the checks.
fn flood(world: &mut World<Sqlite>, checks: &[&str], pings: usize, bytes: usize) {
    let entries: Vec<Entry> =
        (0..pings).map(|at| world.entry(checks[at % checks.len()], with_body(bytes))).collect();
    world.store().apply(&entries).unwrap();
}

fn world(checks: &[&str]) -> World<Sqlite> {
    let mut world = World::new(Sqlite::default());
    world.configuration.retention.max_body_bytes = BUDGET;
    world.declare(checks);
    world
}

fn kept_bytes(world: &World<Sqlite>) -> i64 {
    let db = database(world.place.0.path());
    db.query_row("SELECT ifnull(sum(length(body)), 0) FROM bodies", [], |row| row.get(0)).unwrap()
}

fn file_bytes(world: &World<Sqlite>) -> u64 {
    std::fs::metadata(world.place.0.path().join("punctual.db")).unwrap().len()
}

/// 15.2: whatever comes in one transaction, however often pruning has its turn.
#[test]
fn bodies_are_never_more_than_a_tenth_above_their_budget() {
    let mut world = world(&["a", "b"]);
    for (round, bytes) in [10_000, 10_000, 1, 9_999, 300, 10_000].into_iter().enumerate() {
        flood(&mut world, &["a", "b"], 400, bytes);
        assert!(kept_bytes(&world) <= MOST, "round {round}: {}", kept_bytes(&world));
        if round % 2 == 1 {
            prune(&mut world);
            assert!(kept_bytes(&world) <= BUDGET as i64);
        }
    }
    let counted: i64 = database(world.place.0.path())
        .query_row("SELECT value FROM meta WHERE key = 'body_bytes'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(counted, kept_bytes(&world));
}

/// 15.2: the newest is what people look for, and readers are told what is gone.
#[test]
fn the_oldest_bodies_make_room_and_are_shown_as_gone() {
    let mut world = world(&["a"]);
    flood(&mut world, &["a"], 200, 10_000);
    let newest = Reader::new(world.place.0.path()).pings(world.id("a"), None, 200).unwrap();
    let (kept, gone) = newest.split_at(110);
    assert!(kept.iter().all(|ping| ping.body == BodyRecord::Kept(LeftOut::default())));
    assert!(gone.iter().all(|ping| ping.body == BodyRecord::Gone));
}

/// 15.2: hundreds of short bodies do not hold the pings up that bring a long one.
#[test]
fn a_body_for_which_too_many_would_go_is_not_kept_and_its_ping_is() {
    let mut world = world(&["a"]);
    flood(&mut world, &["a"], 1, 9_000);
    flood(&mut world, &["a"], 1_091, 1_000);
    world.apply("a", with_body(10_000));
    let before = count(&world, "bodies");
    world.apply("a", with_body(10_000));
    assert!(before - count(&world, "bodies") <= 8);
    let newest = Reader::new(world.place.0.path()).pings(world.id("a"), None, 1).unwrap();
    assert_eq!(newest[0].body, BodyRecord::Gone);
    assert_eq!(world.state("a").counters.pings[3], 1_094);
    // A budget of nothing keeps nothing.
    world.configuration.retention.max_body_bytes = 0;
    world.configure().unwrap();
    world.apply("a", with_body(1));
    prune(&mut world);
    assert_eq!(count(&world, "bodies"), 0);
    world.apply("a", with_body(1));
    assert_eq!(count(&world, "bodies"), 0);
}

/// 15.2: a disk that was nearly full once has its room again.
#[test]
fn the_file_gives_back_the_room_of_what_was_removed() {
    let mut world = world(&["a", "b", "c"]);
    world.configuration.retention.max_body_bytes = 30_000_000;
    world.configure().unwrap();
    (0..3).for_each(|_| flood(&mut world, &["a", "b", "c"], 1_000, 10_000));
    // Something that stands at the end, and is moved.
    world.wait(Span::mins(2));
    world.ping("a", PingKind::Fail);
    database(world.place.0.path()).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let before = file_bytes(&world);
    assert!(before > 25_000_000, "{before}");
    prune(&mut world);
    assert_eq!(count(&world, "bodies"), 60);
    let after = file_bytes(&world);
    assert!(after < before / 3, "{before} -> {after}");
    world.reopen();
    assert_eq!(world.state("a").counters.pings[3], 1_002);
    let whole: String =
        database(world.place.0.path()).query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
}

/// 15.2: one of an older version, that could not.
#[test]
fn a_small_file_of_before_learns_to_give_room_back() {
    let mut world = world(&["a"]);
    flood(&mut world, &["a"], 20, 10_000);
    let pragma = |world: &World<Sqlite>| -> i64 {
        let db = database(world.place.0.path());
        db.query_row("PRAGMA auto_vacuum", [], |row| row.get(0)).unwrap()
    };
    drop(world.take());
    database(world.place.0.path()).execute_batch("PRAGMA auto_vacuum = NONE; VACUUM").unwrap();
    assert_eq!(pragma(&world), 0);
    world.reopen();
    assert_eq!(pragma(&world), 2);
    assert_eq!((count(&world, "bodies"), world.state("a").counters.pings[3]), (20, 20));
}

/// 15.2: what is left out of a long body is said, to readers and in messages.
#[test]
fn a_long_body_is_shown_with_a_mark_where_something_is_left_out() {
    let mut world = world(&["a"]);
    world.respond(&[("ops", Span::ZERO, None)]);
    world.configure().unwrap();
    let mut ping = fact(PingKind::Fail);
    ping.body = Some([vec![b'a'; 2_000], vec![b'z'; 8_000]].concat());
    ping.left_out = 123;
    world.apply("a", What::Ping(ping));
    let reader = Reader::new(world.place.0.path());
    let record = reader.pings(world.id("a"), None, 1).unwrap().remove(0);
    assert_eq!(record.body, BodyRecord::Kept(LeftOut { between: 123, end: false }));
    let shown = String::from_utf8(reader.body(world.id("a"), record.seq).unwrap().unwrap()).unwrap();
    let expected = format!("{}\n[… 123 bytes left out …]\n{}", "a".repeat(2_000), "z".repeat(8_000));
    assert_eq!(shown, expected);
    world.wait(GROUP_WAIT);
    let output = world.claim_one().notices[0].output.clone().unwrap().1;
    assert!(output.contains("[… 123 bytes left out …]"), "{output}");
}
