//! What the retention no longer keeps (15.2).

use punctual::core::check::PingKind;
use punctual::core::outbox::Attempt;
use punctual::core::time::{Span, Time};
use punctual::store::{Entry, Store, What};

use super::sqlite::database;
use super::world::{GROUP_WAIT, Sqlite, World, check, fact, name, said};

pub(super) fn prune(world: &mut World<Sqlite>) {
    let now = world.now;
    while world.store().prune(now).unwrap() {}
}

/// How many slices a round takes.
fn slices(world: &mut World<Sqlite>) -> usize {
    let now = world.now;
    1 + (0..).take_while(|_| world.store().prune(now).unwrap()).count()
}

pub(super) fn count(world: &World<Sqlite>, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    database(world.place.0.path()).query_row(&sql, [], |row| row.get(0)).unwrap()
}

/// 15.2
#[test]
fn pings_and_bodies_are_kept_as_the_retention_says() {
    let mut world = World::new(Sqlite::default());
    world.configuration.retention.keep_at_least = 5;
    world.configuration.retention.keep_at_most = 30;
    world.configuration.retention.max_age = Span::mins(60);
    world.declare(&["busy", "rare"]);
    for _ in 0..100 {
        let mut ping = fact(PingKind::Log);
        ping.body = Some(b"so far so good".to_vec());
        world.apply("busy", What::Ping(ping));
    }
    (0..10).for_each(|_| world.ping("rare", PingKind::Success));
    prune(&mut world);
    assert_eq!((count(&world, "pings"), count(&world, "bodies")), (40, 20));
    world.wait(Span::mins(61));
    prune(&mut world);
    assert_eq!((count(&world, "pings"), count(&world, "bodies")), (10, 5));
    assert_eq!(world.state("busy").counters.pings[3], 100, "pruning is no reset");
    world.reopen();
    assert_eq!(world.state("busy").counters.pings[3], 100);
    world.configuration.retention.max_body_bytes = 30;
    world.configure().unwrap();
    prune(&mut world);
    assert_eq!(count(&world, "bodies"), 2, "the newest that fit into the budget");
}

/// 15.2: a job that sends its output with its end only.
#[test]
fn pings_without_a_body_push_no_body_out() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b"]);
    for _ in 0..30 {
        let mut ping = fact(PingKind::Success);
        ping.body = Some(b"so far so good".to_vec());
        world.apply("a", What::Ping(ping));
        (0..3).for_each(|_| world.ping("a", PingKind::Log));
    }
    let mut ping = fact(PingKind::Fail);
    ping.body = Some(b"no".to_vec());
    world.apply("b", What::Ping(ping));
    prune(&mut world);
    assert_eq!(count(&world, "bodies"), 21);
    assert_eq!(count(&world, "bodies WHERE seq <= 40"), 0, "the oldest went");
}

/// 15.1b
#[test]
fn a_window_outlives_its_pings() {
    let mut world = World::new(Sqlite::default());
    world.configuration.retention.keep_at_least = 1;
    world.configuration.retention.keep_at_most = 2;
    world.configuration.checks = vec![check("a")];
    world.configuration.checks[0].window = Some(Span::mins(60));
    world.configure().unwrap();
    let count_in_window = |world: &mut World<Sqlite>| {
        let now = world.now;
        let check = world.store().live().find("a").unwrap();
        check.known().window.count(now)
    };
    for _ in 0..100 {
        world.wait(Span::mins(1));
        world.ping("a", PingKind::Success);
    }
    prune(&mut world);
    assert_eq!(count(&world, "pings"), 2);
    assert_eq!(count_in_window(&mut world), 60);
    world.reopen();
    assert_eq!(count_in_window(&mut world), 60);
    // Declared otherwise it is counted anew: a longer one has what the shorter one had.
    for (minutes, successes) in [(30, 30), (90, 30)] {
        world.configuration.checks[0].window = Some(Span::mins(minutes));
        world.configure().unwrap();
        assert_eq!(count_in_window(&mut world), successes);
    }
    world.wait(Span::mins(1));
    world.ping("a", PingKind::Success);
    world.reopen();
    assert_eq!(count_in_window(&mut world), 31);
}

/// 15.1b: of a database of before, in which no row has a window.
#[test]
fn no_ping_goes_before_its_window_is_written() {
    let mut world = World::new(Sqlite::default());
    world.configuration.retention.keep_at_most = 2;
    world.configuration.checks = ["a", "b"].map(check).to_vec();
    world.configuration.checks.iter_mut().for_each(|check| check.window = Some(Span::mins(60)));
    world.configure().unwrap();
    for _ in 0..20 {
        world.wait(Span::mins(1));
        ["a", "b"].iter().for_each(|name| world.ping(name, PingKind::Success));
    }
    let now = world.now;
    world.store().end(now).unwrap();
    database(world.place.0.path()).execute("UPDATE states SET window = NULL", []).unwrap();
    world.reopen();
    let is_whole = |world: &mut World<Sqlite>| {
        let now = world.now;
        let live = world.store().live();
        ["a", "b"].iter().all(|name| live.find(name).unwrap().known().window.count(now) == 20)
    };
    assert!(is_whole(&mut world), "it is counted from the pings");
    world.store().prune(now).unwrap();
    assert_eq!(count(&world, "states WHERE window IS NULL"), 0);
    prune(&mut world);
    assert_eq!(count(&world, "pings"), 4);
    world.reopen();
    assert!(is_whole(&mut world));
}

/// 15.2, 1.1
#[test]
fn judgements_of_a_clock_that_was_ahead_do_not_keep_the_old_ones() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    let days = |days: i64| Span::mins(days * 24 * 60);
    let (old, young, wrong) = (world.now, world.now + days(20), world.now + days(400));
    let db = database(world.place.0.path());
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                INSERT INTO judgements (check_id, occurrence, count, met) SELECT 1, ?1, 0, 1 FROM n";
    for at in [wrong, old, young] {
        db.execute(rows, [at.as_ms()]).unwrap();
    }
    world.wait(days(21));
    prune(&mut world);
    let count = |at: Time| count(&world, &format!("judgements WHERE occurrence = {}", at.as_ms()));
    assert_eq!([wrong, old, young].map(count), [3000, 0, 3000]);
}

/// 15.2
#[test]
fn an_incident_that_goes_on_keeps_its_newest_reminders() {
    let mut world = World::new(Sqlite::default());
    world.respond(&[("ops", Span::ZERO, Some(Span::mins(1)))]);
    world.declare(&["a"]);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let first = world.claim_one();
    world.settle(first.message.id, &Attempt::TAKEN);
    for _ in 0..120 {
        world.wait(Span::mins(1) + GROUP_WAIT);
        assert_eq!(world.told(), ["Reminder a"]);
    }
    prune(&mut world);
    assert_eq!(count(&world, "deliveries WHERE kind = 'reminder' AND state = 'sent'"), 100);
    assert_eq!(count(&world, "deliveries"), 102, "and the alert, and the next one");
    world.ping("a", PingKind::Success);
    world.wait(GROUP_WAIT);
    let recovery = world.claim_one();
    assert_eq!(said(&recovery), ["Recovery a"]);
    assert_eq!(recovery.notices[0].thread.as_deref(), Some(&*first.message.key));
}

/// 15.2: thousands of incidents that are told of every minute.
#[test]
fn no_slice_removes_reminders_of_many_incidents() {
    let mut world = World::new(Sqlite::default());
    world.respond(&[("ops", Span::ZERO, Some(Span::mins(1)))]);
    let names: Vec<String> = (0..10).map(|number| format!("c{number}")).collect();
    world.declare(&names.iter().map(String::as_str).collect::<Vec<_>>());
    names.iter().for_each(|name| world.ping(name, PingKind::Fail));
    for _ in 0..2 {
        world.wait(Span::mins(1) + GROUP_WAIT);
        world.told();
    }
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 499)
                INSERT INTO deliveries (incident_id, check_id, receiver, action, kind, not_before, queued_at, state)
                SELECT id, check_id, 'ops', 1, 'reminder', 0, 0, 'sent' FROM incidents, n";
    database(world.place.0.path()).execute(rows, []).unwrap();
    let reminders =
        |world: &World<Sqlite>| count(world, "deliveries WHERE kind = 'reminder' AND state = 'sent'");
    let (now, mut before) = (world.now, reminders(&world));
    let all = before;
    while world.store().prune(now).unwrap() {
        let left = reminders(&world);
        assert!(before - left <= 500, "{before} -> {left}");
        before = left;
    }
    assert_eq!((all, before), (5000, 1000));
}

/// Incidents are kept for 90 days after their end.
#[test]
fn incidents_go_long_after_their_end_and_no_open_one_does() {
    let mut world = World::new(Sqlite::default());
    world.respond(&[("ops", Span::ZERO, None)]);
    world.declare(&["open", "early", "late"]);
    ["open", "early", "late"].iter().for_each(|name| world.ping(name, PingKind::Fail));
    let days = |days: i64| Span::mins(days * 24 * 60);
    for (name, wait) in [("early", days(2)), ("late", days(87))] {
        world.ping(name, PingKind::Success);
        world.wait(GROUP_WAIT);
        world.told();
        world.wait(wait);
    }
    prune(&mut world);
    assert_eq!(count(&world, "incidents"), 3);
    world.wait(days(2));
    prune(&mut world);
    assert_eq!((count(&world, "incidents"), count(&world, "incidents WHERE ended_at IS NULL")), (2, 1));
    let (early, late) = (world.id("early").0, world.id("late").0);
    assert_eq!(count(&world, &format!("deliveries WHERE check_id = {early}")), 0);
    assert_eq!(count(&world, &format!("incidents WHERE check_id = {late}")), 1);
}

/// Of more than 100,000 the oldest go, also where many ended at one time, as checks do that are archived together.
#[test]
fn of_too_many_incidents_that_ended_together_the_first_go() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100007)
                INSERT INTO incidents (id, check_id, opened_at, ended_at, status, first, kinds, actions)
                SELECT i, 1, 0, ?1, 'removed', '[]', '[]', '[]' FROM n";
    database(world.place.0.path()).execute(rows, [world.now.as_ms()]).unwrap();
    prune(&mut world);
    assert_eq!((count(&world, "incidents"), count(&world, "incidents WHERE id <= 7")), (100_000, 0));
}

/// 10.3
#[test]
fn an_archived_check_is_forgotten_after_its_time() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b"]);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    world.told();
    world.declare(&["b"]);
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Recovery a"]);
    world.wait(Span::mins(29 * 24 * 60));
    prune(&mut world);
    assert_eq!(count(&world, "checks"), 2);
    world.wait(Span::mins(2 * 24 * 60));
    prune(&mut world);
    prune(&mut world);
    let tables = ["checks", "states", "flips", "incidents", "incident_steps", "deliveries", "pings"];
    let left: Vec<i64> = tables.iter().map(|table| count(&world, table)).collect();
    assert_eq!(left, [1, 1, 0, 0, 0, 0, 0]);
    world.reopen();
    assert_eq!(world.declare(&["a", "b"]).added, [name("a")], "it is a new one");
    world.ping("a", PingKind::Success);
    assert_eq!(count(&world, "pings"), 1);
}

/// 10.3: each slice looks for no more than it removes.
#[test]
fn archived_checks_are_forgotten_many_at_a_time() {
    let mut world = World::new(Sqlite::default());
    let names: Vec<String> = (0..200).map(|number| format!("c{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.declare(&names);
    world.configuration.allow_mass_removal = true;
    world.declare(&[]);
    world.wait(Span::mins(31 * 24 * 60));
    let slices = slices(&mut world);
    assert_eq!(count(&world, "checks"), 0);
    assert!(slices < 20, "{slices}");
}

/// 15.2, 10.3: whoever keeps pings for longer than archived checks does not keep the pings of those.
#[test]
fn young_pings_of_a_forgotten_check_go_with_it() {
    let mut world = World::new(Sqlite::default());
    world.configuration.retention.max_age = Span::mins(90 * 24 * 60);
    world.declare(&["a", "b"]);
    world.ping("a", PingKind::Success);
    world.declare(&["b"]);
    world.wait(Span::mins(31 * 24 * 60));
    prune(&mut world);
    prune(&mut world);
    assert_eq!(count(&world, "pings"), 0);
}

/// The writer does not walk through all that is kept every minute.
#[test]
fn a_round_of_pruning_ends_where_nothing_is_over() {
    let mut world = World::new(Sqlite::default());
    world.configuration.retention.keep_at_most = 5000;
    world.declare(&["a"]);
    let (id, at) = (world.id("a"), world.now);
    let ping = || Entry { check: id, at, what: What::Ping(fact(PingKind::Log)) };
    world.store().apply(&(0..4500).map(|_| ping()).collect::<Vec<_>>()).unwrap();
    const STAGES: usize = 11;
    // Rows of states catch up first, and what came after them is not looked at.
    slices(&mut world);
    assert_eq!(slices(&mut world), STAGES);
    world.configuration.retention.keep_at_most = 4000;
    world.configure().unwrap();
    world.wait(Span::mins(2));
    assert!(slices(&mut world) > STAGES, "too many are looked for among the young");
    assert_eq!(count(&world, "pings"), 4000);
    assert_eq!(slices(&mut world), STAGES, "nothing came since");
    world.configuration.retention.keep_at_least = 4000;
    world.configure().unwrap();
    world.wait(Span::mins(8 * 24 * 60));
    assert!(slices(&mut world) > STAGES, "they grew old");
    assert_eq!((slices(&mut world), count(&world, "pings")), (STAGES, 4000), "these stay");
    (0..3).for_each(|_| world.ping("a", PingKind::Success));
    slices(&mut world);
    slices(&mut world);
    assert_eq!(count(&world, "pings"), 4000, "each made one go");
}

/// The number of a ping is its place in the order of facts: it is never given again.
#[test]
fn the_number_of_a_ping_is_never_given_again() {
    let mut world = World::new(Sqlite::default());
    world.configuration.retention.keep_at_least = 0;
    world.declare(&["a"]);
    (0..5).for_each(|_| world.ping("a", PingKind::Success));
    world.wait(Span::mins(8 * 24 * 60));
    prune(&mut world);
    assert_eq!(count(&world, "pings"), 0);
    world.reopen();
    world.ping("a", PingKind::Success);
    let seq = "SELECT seq FROM pings";
    let seq: i64 = database(world.place.0.path()).query_row(seq, [], |row| row.get(0)).unwrap();
    assert_eq!(seq, 6);
}
