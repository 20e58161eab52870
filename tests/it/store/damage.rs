//! Pages that a disk has spoilt, of every table and index there is.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::Ordering;

use punctual::core::cause::CauseKind;
use punctual::core::check::PingKind;
use punctual::core::time::Span;
use punctual::store::sqlite::{SqliteStore, soundness};
use punctual::store::{Entry, Store, StoreError, What};

use super::edits::{canary, create, edit};
use super::sqlite::database;
use super::world::{GROUP_WAIT, Sqlite, World, check, fact};

/// The size of a page, and each table or index with the number of its first page.
fn trees(folder: &Path) -> (u64, Vec<(String, u64)>) {
    let db = database(folder);
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let size: i64 = db.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    let mut all = db.prepare("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0").unwrap();
    let trees = all.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))).unwrap();
    (size.unsigned_abs(), trees.map(Result::unwrap).collect())
}

/// What became of a server.
#[derive(Default)]
struct Lived {
    /// Every failure, in words.
    faults: Vec<String>,
    /// How many messages left.
    told: usize,
    /// How often history was lost.
    lost: u64,
}

/// All that a server does with its store, once.
fn live_on(folder: &Path, world: &mut World<Sqlite>) -> Lived {
    let now = world.now + Span::mins(3);
    let mut store = match SqliteStore::open(folder) {
        Ok(store) => store,
        Err(error) => return Lived { faults: vec![error.to_string()], ..Lived::default() },
    };
    let mut faults: Vec<String> = Vec::new();
    let mut note = |failed: Option<StoreError>| faults.extend(failed.map(|error| error.to_string()));
    note(store.begin(now).err());
    let configured = store.configure(&world.configuration, true, now);
    note(configured.err().map(|error| StoreError::Failed(error.to_string())));
    let checks: Vec<_> = store.live().directory().checks.iter().map(|check| check.id).collect();
    for check in checks {
        for kind in [PingKind::Fail, PingKind::Success] {
            let mut ping = fact(kind);
            ping.body = Some(b"what it said".to_vec());
            note(store.apply(vec![Entry { check, at: now, what: What::Ping(ping) }]).err());
        }
        for _ in 0..2 {
            let pause = What::Pause { comment: None, by: None, until: None };
            note(store.apply(vec![Entry { check, at: now, what: pause }]).err());
            let unpause = What::Unpause { comment: None, by: None };
            note(store.apply(vec![Entry { check, at: now, what: unpause }]).err());
        }
    }
    let claimed = store.claim(now + GROUP_WAIT);
    let told = claimed.as_ref().map_or(0, Vec::len);
    note(claimed.err());
    note(store.alerts(256, now).err());
    note(store.sign_of_life(now).err());
    for _ in 0..50 {
        match store.prune(now + Span::mins(60 * 24 * 400)) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                note(Some(error));
                break;
            }
        }
    }
    let lost = store.live().totals.history_lost.load(Ordering::Relaxed);
    Lived { faults, told, lost }
}

/// A copy of a database in which this page is spoilt.
fn spoilt(whole: &Path, page: u64, size: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(whole.join("punctual.db"), folder.path().join("punctual.db")).unwrap();
    let file = fs::OpenOptions::new().write(true).open(folder.path().join("punctual.db")).unwrap();
    file.write_all_at(&vec![0; usize::try_from(size).unwrap()], (page - 1) * size).unwrap();
    folder
}

/// History, an incident that is told of, a canary, a pause, a former name.
fn with_something_of_everything() -> World<Sqlite> {
    let mut world = World::new(Sqlite::default());
    world.respond(&[("ops", Span::ZERO, Some(Span::mins(5)))]);
    world.declare(&["old", "b"]);
    edit(&mut world, create(canary("Nightly", "nightly", "aaaaaaaa"))).unwrap();
    let mut ping = fact(PingKind::Fail);
    ping.body = Some(vec![b'x'; 9_000]);
    world.apply("old", What::Ping(ping));
    world.configuration.checks = vec![check("a"), check("b")];
    world.configuration.checks[0].renamed_from = vec![super::world::name("old")].into();
    world.configure().unwrap();
    world.apply("b", What::Pause { comment: Some("moving".to_owned()), by: None, until: None });
    world.wait(GROUP_WAIT);
    world.claim_one();
    let now = world.now;
    world.store().alerts(256, now).unwrap();
    assert!(world.state("a").causes.has(CauseKind::Failed));
    world
}

/// Security 8, 17: whatever is spoilt is found by who looks for it, and ends nothing but itself; what fails because of it
/// says that the database is damaged.
#[test]
fn a_damaged_page_of_any_table_is_found_and_said() {
    let mut world = with_something_of_everything();
    drop(world.take());
    let whole = world.place.0.path().to_owned();
    let (size, trees) = trees(&whole);
    assert!(trees.len() > 25, "{trees:?}");
    assert_eq!(soundness(&whole).unwrap(), Vec::<String>::new());
    for (name, page) in trees {
        let folder = spoilt(&whole, page, size);
        let found = soundness(folder.path()).unwrap_or_else(|error| vec![error.to_string()]);
        assert!(!found.is_empty(), "{name}");
        for fault in live_on(folder.path(), &mut world).faults {
            assert!(fault.contains("damaged") && fault.contains("check-storage"), "{name}: {fault}");
        }
    }
}

/// 14.6: nothing is judged and nobody is told by history.
#[test]
fn damaged_history_ends_nothing_else() {
    const HISTORY: [&str; 7] =
        ["flips", "judgements", "incident_steps", "pauses", "bodies", "canary_events", "alerts"];
    let mut world = with_something_of_everything();
    drop(world.take());
    let whole = world.place.0.path().to_owned();
    let (size, trees) = trees(&whole);
    let mut tables_lost = 0;
    for (name, page) in trees {
        let Some(table) = HISTORY.into_iter().find(|table| name.starts_with(table)) else { continue };
        let Lived { faults, told, lost } = live_on(spoilt(&whole, page, size).path(), &mut world);
        // No transaction that met it can be committed; the next one goes around it.
        assert!(faults.len() <= 1, "{name}: {faults:?}");
        assert!(told > 0, "{name}: people are told");
        // What was told before is only read here, by the start.
        assert!(lost > 0 || name != table || table == "alerts", "{name}: it is said");
        tables_lost += usize::from(name == table);
    }
    assert_eq!(tables_lost, HISTORY.len());
}

/// Rows that no program of ours has written.
#[test]
fn words_that_nobody_knows_are_found() {
    for (table, spoil) in [
        ("flips", "UPDATE flips SET reason = 'because'"),
        ("checks", "UPDATE checks SET definition = '{}'"),
        ("states", "UPDATE states SET state = x'ff'"),
        ("deliveries", "UPDATE deliveries SET kind = 'odd'"),
    ] {
        let mut world = World::new(Sqlite::default());
        world.respond(&[("ops", Span::ZERO, None)]);
        world.declare(&["a"]);
        world.ping("a", PingKind::Fail);
        drop(world.take());
        let folder = world.place.0.path();
        database(folder).execute_batch(spoil).unwrap();
        assert_eq!(soundness(folder).unwrap().len(), 1, "{table}");
    }
}

#[test]
fn where_there_is_no_database_of_ours_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    assert!(soundness(folder.path()).unwrap_err().to_string().contains("there is no"));
    assert!(!folder.path().join("punctual.db").exists(), "and none is made");
    fs::write(folder.path().join("punctual.db"), "no database at all, but a text of some length").unwrap();
    let said = soundness(folder.path()).unwrap_err().to_string();
    assert!(said.contains("not a database"), "{said}");
}
