//! What is SQLite's own: its files, its faults, a full disk.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use punctual::core::blind::Window;
use punctual::core::check::{Definition, Ping, PingKind, Rid, Source};
use punctual::core::time::Span;
use punctual::store::history::Reader;
use punctual::store::sqlite::{FaultPoint, ReadAhead, SqliteStore};
use punctual::store::{
    CarriedOn, Compared, ConfigureError, Edit, EditError, PingFact, Settling, Store, StoreError, What,
};

use super::edits::{canary, create, edit};
use super::prune::{count, prune};
use super::world::{GROUP_WAIT, Sqlite, World, at, check, fact, later, name, said};

pub(super) fn database(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("punctual.db")).unwrap()
}

/// 14.4
#[test]
fn a_second_server_waits_for_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = SqliteStore::open(folder.path()).unwrap();
    let (sender, opened) = mpsc::channel();
    let path = folder.path().to_owned();
    let second = std::thread::spawn(move || {
        let store = SqliteStore::open(&path).unwrap();
        sender.send(()).unwrap();
        drop(store);
    });
    // The kernel's table of locks shows who waits: the line of a waiter has an arrow.
    let waits = || {
        std::fs::read_to_string("/proc/locks")
            .unwrap()
            .lines()
            .any(|line| line.contains("->") && line.contains(&format!(" {} ", std::process::id())))
    };
    while !waits() {
        assert!(opened.try_recv().is_err(), "two servers have the folder");
        std::thread::yield_now();
    }
    drop(first);
    opened.recv().unwrap();
    second.join().unwrap();
}

/// 14.4: a start reads its database while it reads its files, which may be faulty.
#[test]
fn what_is_read_ahead_is_held_and_is_what_is_opened() {
    let mut world = World::new(Sqlite::default());
    let folder = world.place.0.path().to_owned();
    assert!(ReadAhead::of(&folder.join("elsewhere")).is_none() && !folder.join("elsewhere").exists());
    world.declare(&["a"]);
    world.store().set_catch_up(0);
    (0..5).for_each(|_| world.ping("a", PingKind::Success));
    assert!(ReadAhead::of(&folder).is_none(), "a server has it");
    let state = world.state("a");
    drop(world.take());
    let before = std::fs::read(folder.join("punctual.db")).unwrap();
    let ahead = ReadAhead::of(&folder);
    assert!(ahead.is_some() && SqliteStore::open_unless_held(&folder).unwrap().is_none());
    assert_eq!(std::fs::read(folder.join("punctual.db")).unwrap(), before, "nothing is changed");
    let store = SqliteStore::open_after(&folder, ahead).unwrap();
    assert_eq!(store.live().find("a").unwrap().state(), state);
}

/// A database of the version before is read once it is one of this version.
#[test]
fn what_is_not_read_ahead_is_read_when_it_is_opened() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    drop(world.take());
    let folder = world.place.0.path();
    let later = "ALTER TABLE states DROP COLUMN window; DROP INDEX incidents_ended; DROP TABLE secrets; DROP TABLE audit;
        DROP TABLE unknown_names; ALTER TABLE incidents DROP COLUMN labels; DROP TABLE record_details; DROP TABLE records;
        DROP TABLE marks; DROP TABLE record_threads; DROP TABLE diagnoses; DROP INDEX incident_steps_what;
        ALTER TABLE incidents DROP COLUMN acknowledged_since; ALTER TABLE incidents DROP COLUMN acknowledged_until;
        ALTER TABLE incidents DROP COLUMN diagnosed_at; ALTER TABLE incidents DROP COLUMN is_solution_under_way;
        ALTER TABLE deliveries DROP COLUMN diagnosis;
        PRAGMA user_version = 12";
    database(folder).execute_batch(later).unwrap();
    let ahead = ReadAhead::of(folder);
    assert!(ahead.is_some() && SqliteStore::open_unless_held(folder).unwrap().is_none());
    let store = SqliteStore::open_after(folder, ahead).unwrap();
    assert!(store.live().find("a").is_some());
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(folder.path()).unwrap());
    database(folder.path()).pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(folder.path().join("punctual.db")).unwrap();
    let error = SqliteStore::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, known: 1..99 }), "{error}");
    assert_eq!(std::fs::read(folder.path().join("punctual.db")).unwrap(), before);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    database(folder.path()).execute_batch("CREATE TABLE theirs (a)").unwrap();
    let error = SqliteStore::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("another program"), "{error}");
}

/// 14.1, 14.3: a call that fails has done nothing, or (after its commit) everything.
#[test]
fn a_call_that_fails_is_all_or_nothing() {
    for point in [FaultPoint::BeforeCommit, FaultPoint::AfterCommit] {
        let mut world = World::new(Sqlite::default());
        world.declare(&["a"]);
        world.ping("a", PingKind::Success);
        let before = world.summary();
        let mut left = 1;
        world.store().set_faults(move |at| {
            let hits = at == point && left > 0;
            left -= i32::from(hits);
            hits.then(|| StoreError::Unclear("a test".to_owned()))
        });
        let failed = world.try_apply("a", What::Ping(fact(PingKind::Fail)));
        assert!(matches!(failed, Err(StoreError::Unclear(_))), "{failed:?}");
        // Whatever is asked next is asked of the rows.
        let now = world.now;
        world.store().sign_of_life(now).unwrap();
        let after = world.summary();
        if point == FaultPoint::BeforeCommit {
            assert_eq!(after, before);
        } else {
            assert_eq!(world.state("a").counters.pings, [1, 1, 0, 0]);
            assert!(after.2.is_some(), "the failure waits to be told");
        }
        world.ping("a", PingKind::Fail);
        world.wait(GROUP_WAIT);
        assert_eq!(world.told(), ["Alert a"]);
    }
}

/// 14.3: a backup, or somebody's shell. Nothing has changed, so nothing is read anew.
#[test]
fn while_another_program_holds_the_database_the_store_only_waits() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    let check = world.store().live().find("a").unwrap();
    let other = database(world.place.0.path());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = world.try_apply("a", What::Ping(fact(PingKind::Success))).unwrap_err();
    assert!(error.to_string().contains("another program"), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    world.ping("a", PingKind::Success);
    assert_eq!(world.state("a").counters.pings[0], 1);
    let after = world.store().live().find("a").unwrap();
    assert!(Arc::ptr_eq(&check, &after), "the memory was read anew");
}

/// 14.2: rows and pings together say all that was known.
#[test]
fn a_state_whose_row_is_behind_is_made_again_from_its_pings() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b", "c"]);
    world.store().set_catch_up(0);
    let kinds = [PingKind::Start, PingKind::Log, PingKind::Success, PingKind::Fail, PingKind::Success];
    for kind in kinds.into_iter().cycle().take(50) {
        world.wait(Span::secs(1));
        let ping = Ping { kind, rid: Rid::parse("r-1"), exit_status: Some(3) };
        world.apply("a", What::Ping(PingFact { ping, ..fact(kind) }));
        world.ping("b", PingKind::Success);
    }
    let is_behind = "SELECT count(*) FROM states JOIN pings USING (check_id) WHERE seq > states.last_ping";
    let db = database(world.place.0.path());
    let behind = || -> i64 { db.query_row(is_behind, [], |row| row.get(0)).unwrap() };
    assert!(behind() > 40, "{}", behind());
    let reader = Reader::new(world.place.0.path());
    let b = world.id("b");
    assert_eq!(reader.pings(b, None, 100).unwrap().len(), 50, "readers find them");
    assert_eq!(world.told().len(), 1, "that `a` flaps is all there is to tell");
    let before = world.summary();
    for _ in 0..2 {
        world.reopen();
        assert_eq!(world.summary(), before);
        assert_eq!(world.store().live().find("b").unwrap().known().window.count(world.now), 50);
        assert!(behind() > 40, "a start writes what it changes, and the next one makes the same again");
    }
    world.store().set_catch_up(0);
    world.ping("b", PingKind::Success);
    let now = world.now;
    world.store().end(now).unwrap();
    assert_eq!(behind(), 0, "nor after a clean stop, which may be for an upgrade");
}

/// 14.2
#[test]
fn a_window_is_kept_apart_until_every_row_knows_what_came_before_it() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    world.store().set_catch_up(0);
    (0..3).for_each(|_| world.ping("a", PingKind::Success));
    for (since, windows) in [(30, 1), (10, 2)] {
        let window = Window { from: world.now - Span::secs(since), to: world.now - Span::secs(since - 5) };
        world.store().blind(window).unwrap();
        assert_eq!((count(&world, "later_windows"), count(&world, "blind_windows")), (1, windows - 1));
        // The second time no ping has come.
        prune(&mut world);
        assert_eq!((count(&world, "later_windows"), count(&world, "blind_windows")), (0, windows));
    }
}

/// 9.1: a stop that is not waited for, with many states to write, is a stop all the same.
#[test]
fn a_stop_that_is_cut_short_has_stored_that_it_is_one() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    world.store().set_catch_up(0);
    (0..5).for_each(|_| world.ping("a", PingKind::Success));
    world.wait(Span::secs(5));
    let mut calls = 0;
    world.store().set_faults(move |point| {
        calls += usize::from(matches!(point, FaultPoint::Begin));
        (calls > 1).then(|| StoreError::Failed("a test".to_owned()))
    });
    let now = world.now;
    world.store().end(now).unwrap_err();
    let before = world.summary();
    world.reopen();
    assert_eq!(world.summary(), before);
    assert_eq!(world.store().live().blind().iter().count(), 0, "nobody was away");
}

/// 14.2: a reload writes the rows of what it changes alone.
#[test]
fn a_reload_leaves_rows_behind_and_a_start_makes_the_same_states() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b", "c"]);
    world.store().set_catch_up(0);
    for _ in 0..30 {
        world.wait(Span::secs(1));
        ["a", "b", "c"].iter().for_each(|name| world.ping(name, PingKind::Success));
    }
    Arc::make_mut(&mut world.configuration.checks[0].spec).grace = Span::mins(30);
    world.configuration.checks[1].title = "B".into();
    let changes = world.configure().unwrap();
    assert_eq!((changes.changed, changes.updated), (vec![name("a")], vec![name("b")]));
    let is_behind = "SELECT count(*) FROM states JOIN pings USING (check_id) WHERE seq > states.last_ping AND check_id = ?1";
    let db = database(world.place.0.path());
    let mut behind = |name: &str| -> i64 {
        let id = world.id(name).0 as i64;
        db.query_row(is_behind, [id], |row| row.get(0)).unwrap()
    };
    // The first ping of each flipped it.
    assert_eq!([behind("a"), behind("b"), behind("c")], [0, 0, 29]);
    let before = world.summary();
    world.reopen();
    assert_eq!(world.summary(), before);
}

/// 14.3: whoever pings must not believe in a database that knows of no check.
#[test]
fn a_database_that_vanished_is_not_made_anew() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    let folder = world.place.0.path().to_owned();
    let file = folder.join("punctual.db");
    let mut left = 1;
    world.store().set_faults(move |_| {
        left -= 1;
        (left >= 0).then(|| StoreError::Failed("a test".to_owned()))
    });
    world.try_apply("a", What::Ping(fact(PingKind::Log))).unwrap_err();
    let away = folder.join("away");
    std::fs::rename(&file, &away).unwrap();
    world.try_apply("a", What::Ping(fact(PingKind::Log))).unwrap_err();
    assert!(!file.exists());
    std::fs::write(&file, "").unwrap();
    let error = world.try_apply("a", What::Ping(fact(PingKind::Log))).unwrap_err();
    assert!(error.to_string().contains("removed or replaced"), "{error}");
    std::fs::rename(&away, &file).unwrap();
    world.ping("a", PingKind::Log);
}

/// 12.7: nobody heard of the claim, so nobody is sending.
#[test]
fn a_claim_whose_commit_was_not_heard_of_is_claimed_again() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let mut left = 1;
    world.store().set_faults(move |at| {
        let hits = at == FaultPoint::AfterCommit && left > 0;
        left -= i32::from(hits);
        hits.then(|| StoreError::Unclear("a test".to_owned()))
    });
    let now = world.now;
    world.store().claim(now).unwrap_err();
    let again = world.claim_one();
    assert_eq!(again.message.attempts, 2);
    // One that was heard of is not claimed again, whatever else fails.
    let mut left = 1;
    world.store().set_faults(move |at| {
        let hits = at == FaultPoint::BeforeCommit && left > 0;
        left -= i32::from(hits);
        hits.then(|| StoreError::Failed("a test".to_owned()))
    });
    world.store().sign_of_life(now).unwrap_err();
    assert!(world.claim().is_empty());
}

/// 12.3: whoever sent it says again how that ended, and that must not be taken for the end of another attempt.
#[test]
fn an_end_whose_commit_was_not_heard_of_is_waited_for_before_the_next_attempt() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let message = world.claim_one().message;
    let mut left = 1;
    world.store().set_faults(move |at| {
        let hits = at == FaultPoint::AfterCommit && left > 0;
        left -= i32::from(hits);
        hits.then(|| StoreError::Unclear("a test".to_owned()))
    });
    let now = world.now;
    world.store().settle(message.id, &later(), 0, now).unwrap_err();
    world.wait(Span::mins(10));
    assert!(world.claim().is_empty(), "it is told again before its end is known");
    let now = world.now;
    assert_eq!(world.store().settle(message.id, &later(), 0, now).unwrap(), Settling::Ended);
    world.wait(Span::mins(10));
    assert_eq!(world.claim_one().message.attempts, 2);
}

/// One damaged row must not silence a receiver.
#[test]
fn a_message_whose_words_are_lost_says_how_things_stand_now() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let first = world.claim_one();
    world.settle(first.message.id, &later());
    database(world.place.0.path()).execute("UPDATE messages SET notices = 'lost'", []).unwrap();
    world.wait(Span::mins(1));
    let again = world.claim_one();
    let said = said(&again);
    assert_eq!((again.message.key, said), (first.message.key, vec!["Alert a".to_owned()]));
}

/// 14.2: another version of this program, or of the time zones, may judge what lies behind otherwise: then it is told.
#[test]
fn a_ping_that_is_judged_otherwise_at_a_start_flips_and_is_told() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    world.store().set_catch_up(0);
    world.ping("a", PingKind::Success);
    for _ in 0..3 {
        world.wait(Span::secs(1));
        world.ping("a", PingKind::Success);
    }
    drop(world.take());
    let db = database(world.place.0.path());
    let changed = db.execute("UPDATE pings SET kind = 1 WHERE seq = (SELECT max(seq) - 1 FROM pings)", []);
    assert_eq!(changed, Ok(1));
    let flips = || -> i64 { db.query_row("SELECT count(*) FROM flips", [], |row| row.get(0)).unwrap() };
    let before = flips();
    world.reopen();
    assert_eq!(flips(), before + 2, "it failed, and then it did not");
    let opened: i64 = db.query_row("SELECT count(*) FROM incidents", [], |row| row.get(0)).unwrap();
    assert_eq!(opened, 1);
    let state = world.state("a");
    assert_eq!(state.counters.failing, 1);
    let count_in_window = |world: &mut World<Sqlite>| {
        let now = world.now;
        let check = world.store().live().find("a").unwrap();
        check.known().window.count(now)
    };
    assert_eq!(count_in_window(&mut world), 4, "they counted when they came");
    world.reopen();
    assert_eq!(flips(), before + 2, "once");
    assert_eq!(world.state("a"), state);
    assert_eq!(count_in_window(&mut world), 4);
    drop(world.take());
    db.execute("UPDATE states SET window = NULL", []).unwrap();
    world.reopen();
    assert_eq!(count_in_window(&mut world), 4);
}

/// 14.1: a call that failed leaves memory that no other call may look at.
#[test]
fn an_unmute_that_failed_can_be_tried_again() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    let mute = punctual::core::route::Mute {
        id: 0,
        matchers: Vec::new(),
        text: String::new(),
        until: at(2_000_000),
        since: at(1_000_000),
        comment: String::new(),
        by: String::new(),
    };
    let now = world.now;
    let id = world.store().mute(mute, now).unwrap();
    let fails = Arc::new(AtomicBool::new(true));
    world.store().set_faults(move |at| {
        let hits = at == FaultPoint::BeforeCommit && fails.swap(false, Ordering::SeqCst);
        hits.then_some(StoreError::Failed("an I/O error".to_owned()))
    });
    world.store().unmute(id, "ann", now).unwrap_err();
    assert!(world.store().unmute(id, "ann", now).unwrap(), "it is still there");
    assert!(!world.store().unmute(id, "ann", now).unwrap());
}

/// 4.1: run ids, durations and exit statuses stand in the rows.
#[test]
fn a_ping_is_kept_with_all_that_it_said() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    let run = |kind, exit_status| PingFact {
        ping: Ping { kind, rid: Rid::parse("r-1"), exit_status },
        comment: Some("naïve".to_owned()),
        body: Some(vec![0, 255]),
        left_out: 0,
        body_cut: true,
        source: "::1".parse().unwrap(),
    };
    world.apply("a", What::Ping(run(PingKind::Start, None)));
    world.wait(Span::ms(1500));
    world.apply("a", What::Ping(run(PingKind::Fail, Some(3))));
    world.apply("a", What::Ping(run(PingKind::Fail, Some(3))));
    let db = database(world.place.0.path());
    let row = |seq: i64| {
        db.query_row(
            "SELECT kind, flags, ordinal, previous, exit_status, duration, rid, comment, source,
             (SELECT body FROM bodies WHERE bodies.seq = pings.seq) FROM pings WHERE seq = ?1",
            [seq],
            |row| {
                let numbers: Vec<Option<i64>> = (0..6).map(|i| row.get(i)).collect::<Result<_, _>>()?;
                let texts: Vec<String> = (6..9).map(|i| row.get(i)).collect::<Result<_, _>>()?;
                Ok((numbers, texts, row.get::<_, Vec<u8>>(9)?))
            },
        )
    };
    let (numbers, texts, body) = row(2).unwrap();
    assert_eq!(numbers, [Some(1), Some(2 | 8), Some(2), Some(1), Some(3), Some(1500)]);
    assert_eq!((texts.join(" "), body), ("r-1 naïve ::1".to_owned(), vec![0, 255]));
    assert_eq!(row(3).unwrap().0[1], Some(1 | 2 | 8), "a repeat is kept, and said to be one");
    assert_eq!(world.state("a").last_duration, Some(Span::ms(1500)));
    assert_eq!(world.state("a").last_seen, Some(at(1_000_001) + Span::ms(500)));
}

/// A database of version 1 keeps its checks, states and history, and takes canaries from then on.
#[test]
fn a_database_of_the_first_version_is_brought_up_to_date() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b"]);
    world.ping("a", PingKind::Success);
    world.ping("b", PingKind::Fail);
    let before = world.summary();
    drop(world.take());
    let path = world.place.0.path().to_owned();
    let old = include_str!("../../../src/store/sqlite/migrations/0001.sql");
    let file = rusqlite::Connection::open_in_memory().unwrap();
    file.execute_batch(old).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let tables: Vec<String> = file
        .prepare(tables)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    file.execute("ATTACH ?1 AS new", [path.join("punctual.db").to_str().unwrap()]).unwrap();
    for table in tables {
        // A column that came later was not there yet.
        let columns: String = file
            .query_row("SELECT group_concat(name) FROM pragma_table_info(?1, 'main')", [&table], |row| {
                row.get(0)
            })
            .unwrap();
        // One that has another name now.
        let now = columns.replace("settled_at,error", "settled_at,answer");
        let copy = format!("INSERT INTO main.{table} ({columns}) SELECT {now} FROM new.{table}");
        file.execute(&copy, []).unwrap();
    }
    // Of the actions of an incident the first version knew their numbers.
    assert_eq!(file.execute("UPDATE incidents SET actions = '[7, 18446744073709551615]'", []), Ok(1));
    let application: i32 = file.query_row("PRAGMA new.application_id", [], |row| row.get(0)).unwrap();
    file.execute("DETACH new", []).unwrap();
    file.pragma_update(None, "application_id", application).unwrap();
    file.pragma_update(None, "user_version", 1).unwrap();
    ["punctual.db-wal", "punctual.db-shm", "punctual.db"].iter().for_each(|name| {
        let _ = std::fs::remove_file(path.join(name));
    });
    file.execute("VACUUM INTO ?1", [path.join("punctual.db").to_str().unwrap()]).unwrap();
    world.reopen();
    let after = world.summary();
    assert_eq!((after.0, after.1), (before.0, before.1));
    assert_eq!(count(&world, "canary_events"), 0);
    edit(&mut world, create(canary("C", "c", "cccccccc"))).unwrap();
    world.ping("c", PingKind::Success);
    assert_eq!(count(&world, "canary_events"), 2);
}

/// 14.1: of edits that fail nothing is left, in the rows or in memory; and they can be made once the fault is gone.
#[test]
fn edits_that_fail_leave_nothing() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["filed"]);
    let id = edit(&mut world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    world.ping("a", PingKind::Success);
    let mut renamed = super::edits::definition(&mut world, "a");
    renamed.alias.as_mut().unwrap().slug = "renamed".to_owned();
    let edits = || {
        let definition = Box::new(renamed.clone());
        let how = punctual::store::SpecChange::Rearmed;
        vec![Edit::Update { check: id, definition, how }, create(canary("B", "a", "bbbbbbbb"))]
    };
    let (before, now) = (world.summary(), world.now);
    let mut left = 1;
    world.store().set_faults(move |at| {
        let hits = at == FaultPoint::BeforeCommit && left > 0;
        left -= i32::from(hits);
        hits.then(|| StoreError::Failed("a test".to_owned()))
    });
    let refused = world.store().edit_all(edits(), "ann", now).unwrap_err();
    assert!(matches!(refused.error, EditError::Store(StoreError::Failed(_))), "{refused}");
    world.store().sign_of_life(now).unwrap();
    assert_eq!(world.summary(), before);
    assert!(world.store().live().find_alias("bbbbbbbb").is_none());
    assert_eq!(count(&world, "canary_events"), 2);
    world.store().edit_all(edits(), "ann", now).unwrap();
    assert_eq!(world.id("renamed"), id);
    assert_ne!(world.id("a"), id);
}

/// 10.3: of a canary that was deleted nothing is left after its time.
#[test]
fn a_deleted_canary_is_forgotten_after_its_time() {
    let mut world = World::new(Sqlite::default());
    world.declare(&[]);
    let check = edit(&mut world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    world.ping("a", PingKind::Success);
    edit(&mut world, Edit::Delete { check }).unwrap();
    world.wait(Span::mins(31 * 24 * 60));
    prune(&mut world);
    prune(&mut world);
    let left: Vec<i64> =
        ["checks", "states", "canary_events", "pings"].iter().map(|table| count(&world, table)).collect();
    assert_eq!(left, [0, 0, 0, 0]);
    edit(&mut world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    world.reopen();
    assert_eq!(world.state("a").counters.pings[0], 0);
}

/// 14.3: somebody's shell or backup may stay for hours.
#[test]
fn a_reader_from_outside_that_stays_does_not_keep_the_store_from_being_opened_again() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    let reader = database(world.place.0.path());
    reader.execute_batch("BEGIN; SELECT count(*) FROM pings").unwrap();
    let _: i64 = reader.query_row("SELECT count(*) FROM pings", [], |row| row.get(0)).unwrap();
    world.ping("a", PingKind::Success);
    let mut left = 1;
    world.store().set_faults(move |_| {
        left -= 1;
        (left >= 0).then(|| StoreError::Failed("a test".to_owned()))
    });
    world.try_apply("a", What::Ping(fact(PingKind::Log))).unwrap_err();
    world.ping("a", PingKind::Success);
    assert_eq!(world.state("a").counters.pings[0], 2);
    let now = world.now + Span::secs(1);
    world.store().sign_of_life(now).unwrap();
    assert!(world.store().live().totals.log_bytes.load(Ordering::SeqCst) > 0);
    drop(reader);
    world.reopen();
    assert_eq!(world.state("a").counters.pings[0], 2);
}

/// 10.3b: the list that the second try is compared with does not know of the new names yet.
#[test]
fn renames_whose_commit_was_in_doubt_are_no_removals() {
    let mut world = World::new(Sqlite::default());
    let names: Vec<String> = (0..12).map(|number| format!("c{number:02}")).collect();
    world.declare(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for check in world.configuration.checks.iter_mut().take(8) {
        let new = name(&format!("new-{}", check.name));
        check.renamed_from = vec![std::mem::replace(&mut check.name, new)].into();
    }
    world.configuration.checks[11].title = "other".into();
    let mut is_first = true;
    world.store().set_faults(move |at| {
        let hits = at == FaultPoint::AfterCommit && std::mem::take(&mut is_first);
        hits.then(|| StoreError::Unclear("a test".to_owned()))
    });
    world.configure().unwrap_err();
    let changes = world.configure().unwrap();
    assert_eq!((changes.archived, changes.updated), (Vec::new(), vec![name("c11")]));
    assert_eq!(world.store().live().directory().checks.len(), 12);
}

/// 10.5: what a piece has changed is not changed again, and is told all the same.
#[test]
fn a_piece_whose_commit_was_in_doubt_is_carried_out_once() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b", "gone"]);
    world.configuration.checks = [("new", "new"), ("a", "other"), ("b", "b")]
        .map(|(text, title)| Definition { title: title.into(), ..check(text) })
        .to_vec();
    let mut commits = 0;
    world.store().set_faults(move |at| {
        commits += u32::from(at == FaultPoint::AfterCommit);
        let hits = at == FaultPoint::AfterCommit && commits == 2;
        hits.then(|| StoreError::Unclear("a test".to_owned()))
    });
    world.configure().unwrap_err();
    let now = world.now;
    let CarriedOn::Done(changes) = world.store().carry_on(9, now).unwrap() else { panic!("it is all") };
    let names = [changes.added, changes.archived, changes.changed, changes.updated];
    assert_eq!(names, [vec![name("new")], vec![name("gone")], vec![name("a")], Vec::new()]);
}

/// 16.1b: the name was free, and what an API made of it is no file's to remove.
#[test]
fn what_an_api_makes_of_a_name_that_goes_stays_though_its_commit_was_in_doubt() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["x", "y"]);
    world.configuration.checks.remove(0);
    let (configuration, now) = (world.configuration.clone(), world.now);
    let mut compared = Compared::new(configuration, &world.store().live().directory());
    world.store().take(&mut compared, false, now).unwrap();
    let mut is_first = true;
    world.store().set_faults(move |at| {
        let hits = at == FaultPoint::AfterCommit && std::mem::take(&mut is_first);
        hits.then(|| StoreError::Unclear("a test".to_owned()))
    });
    edit(&mut world, create(check("x"))).unwrap_err();
    assert!(matches!(world.store().carry_on(9, now).unwrap(), CarriedOn::Done(_)));
    let made = world.store().live().find("x").expect("it is nobody else's");
    assert_eq!(made.definition.source, Source::Api);
}

/// 10.4b: what was allowed to go is for the next start, if it was in doubt; another reload asks again.
#[test]
fn a_removal_that_was_allowed_and_is_in_doubt_allows_no_other_reload() {
    let mut world = World::new(Sqlite::default());
    let names: Vec<String> = (0..12).map(|number| format!("c{number:02}")).collect();
    world.declare(&names.iter().map(String::as_str).collect::<Vec<_>>());
    world.configuration.checks.truncate(1);
    world.configuration.allow_mass_removal = true;
    let mut is_first = true;
    world.store().set_faults(move |at| {
        let hits = at == FaultPoint::AfterCommit && std::mem::take(&mut is_first);
        hits.then(|| StoreError::Unclear("a test".to_owned()))
    });
    world.configure().unwrap_err();
    world.configuration.allow_mass_removal = false;
    assert!(matches!(world.configure(), Err(ConfigureError::MassRemoval { .. })));
}
