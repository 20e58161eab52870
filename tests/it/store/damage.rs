//! Pages that a disk has spoilt, of every table and index there is; and values, of every column of history.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::Ordering;

use punctual::core::cause::CauseKind;
use punctual::core::check::PingKind;
use punctual::core::incident::IncidentId;
use punctual::core::outbox::Attempt;
use punctual::core::results::LastResults;
use punctual::core::state::State;
use punctual::core::time::{Span, Time};
use punctual::store::sqlite::{SqliteStore, soundness};
use punctual::store::{Entry, Saying, Stance, Stood, Store, StoreError, UnknownPing, What};

use super::edits::{canary, create, edit};
use super::sqlite::database;
use super::world::{GROUP_WAIT, Sqlite, World, check, fact, later};

/// By which nothing is judged and nobody is told (14.6).
const HISTORY: [&str; 9] = [
    "flips",
    "judgements",
    "incident_steps",
    "pauses",
    "bodies",
    "canary_events",
    "audit",
    "alerts",
    "unknown_names",
];

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
            note(store.apply(&[Entry { check, at: now, what: What::Ping(ping) }]).err());
        }
        for _ in 0..2 {
            let pause = What::Pause { comment: None, by: None, until: None };
            note(store.apply(&[Entry { check, at: now, what: pause }]).err());
            let unpause = What::Unpause { comment: None, by: None };
            note(store.apply(&[Entry { check, at: now, what: unpause }]).err());
        }
    }
    let claimed = store.claim(now + GROUP_WAIT);
    let told = claimed.as_ref().map_or(0, Vec::len);
    for outgoing in claimed.iter().flatten() {
        note(store.settle(outgoing.message.id, &Attempt::TAKEN, 0, now + GROUP_WAIT).err());
    }
    note(claimed.err());
    pinged_unknown(&store, "backpu");
    note(store.keep_unknown_names().err());
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

/// A name that no check has is pinged.
fn pinged_unknown(store: &SqliteStore, name: &str) {
    let ping = UnknownPing { name, is_end: true, source: [10, 0, 0, 1].into() };
    store.live().unknown_names().note(ping, Time::from_secs(1_774_656_000));
}

fn copy(whole: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(whole.join("punctual.db"), folder.path().join("punctual.db")).unwrap();
    folder
}

/// A copy of a database in which this page is spoilt.
fn spoilt(whole: &Path, page: u64, size: u64) -> tempfile::TempDir {
    let folder = copy(whole);
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
    let alert = world.claim_one().message.id;
    for _ in 0..3 {
        world.settle(alert, &later());
        world.wait(Span::mins(10));
        world.claim_one();
    }
    world.settle(alert, &Attempt::TAKEN);
    world.wait(Span::mins(5) + GROUP_WAIT);
    assert_eq!(world.told(), ["Reminder a"]);
    let judged = "INSERT INTO judgements (check_id, occurrence, count, met) VALUES (1, 0, 0, 1)";
    database(world.place.0.path()).execute_batch(judged).unwrap();
    let now = world.now;
    world.store().alerts(256, now).unwrap();
    pinged_unknown(world.store(), "bakup");
    world.store().keep_unknown_names().unwrap();
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
        assert!(lost > 0 || name != table, "{name}: it is said");
        tables_lost += usize::from(name == table);
    }
    assert_eq!(tables_lost, HISTORY.len());
}

/// 14.6, 22.3: a comment is nothing but history, and what cannot be kept is not said to be.
#[test]
fn a_comment_that_cannot_be_kept_is_refused_and_an_acknowledgement_is_not() {
    let mut world = with_something_of_everything();
    drop(world.take());
    let whole = world.place.0.path().to_owned();
    let (size, trees) = trees(&whole);
    let (_, page) = trees.into_iter().find(|(name, _)| name == "incident_steps").unwrap();
    let folder = spoilt(&whole, page, size);
    let now = world.now;
    let mut store = SqliteStore::open(folder.path()).unwrap();
    store.begin(now).unwrap();
    let comment = Saying { comment: "the disk".to_owned(), ..Saying::new(Stance::Comment, "ann") };
    let incident = IncidentId(1);
    // The first meets the page; the others know it.
    for _ in 0..3 {
        let refused = store.stand_all(&[incident], &comment, now).unwrap_err().to_string();
        assert!(refused.contains("damaged") && refused.contains("check-storage"), "{refused}");
    }
    let acknowledge = Saying::new(Stance::Acknowledge, "ann");
    assert_eq!(store.stand_all(&[incident], &acknowledge, now).unwrap(), [Stood::New]);
}

/// What a disk makes of a value of column `{c}`, so that SQLite still reads its row.
const SPOILT: [(&str, &str); 4] = [
    (
        "a byte",
        "CASE typeof({c}) WHEN 'integer' THEN {c} | (1 << 62)
         WHEN 'text' THEN CAST(x'ff' || substr(CAST({c} AS BLOB), 2) AS TEXT)
         ELSE CAST(x'ff' || substr({c}, 2) AS BLOB) END",
    ),
    ("a letter", "CASE typeof({c}) WHEN 'text' THEN '?' || substr({c}, 2) ELSE {c} END"),
    ("its type", "CASE typeof({c}) WHEN 'text' THEN x'001f' ELSE 'odd' END"),
    ("all of it", "NULL"),
];

/// The columns of a table that hold values of their own, beside the numbers of its rows.
fn columns(folder: &Path, table: &str) -> Vec<String> {
    let db = database(folder);
    let sql = "SELECT name FROM pragma_table_info(?1) WHERE pk = 0 OR ?1 = 'incident_steps'";
    let mut all = db.prepare(sql).unwrap();
    let names = all.query_map([table], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

/// Spoils a column of all rows, past all that SQLite asks of a value.
fn spoil(folder: &Path, table: &str, column: &str, value: &str) {
    let db = database(folder);
    let strict: String =
        db.query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [table], |row| row.get(0)).unwrap();
    let declare = |as_written: &str| {
        db.execute_batch("PRAGMA writable_schema = ON").unwrap();
        db.execute("UPDATE sqlite_schema SET sql = ?2 WHERE name = ?1", [table, as_written]).unwrap();
        db.execute_batch("PRAGMA writable_schema = RESET").unwrap();
    };
    declare(&strict.replace(" NOT NULL", "").replace(", STRICT", "").replace(") STRICT", ")"));
    let value = value.replace("{c}", column);
    db.execute_batch(&format!("UPDATE OR IGNORE {table} SET {column} = {value}")).unwrap();
    declare(&strict);
}

/// 14.6: a row that cannot be read, or beside which none can be written, ends no call.
#[test]
fn a_spoilt_value_of_history_ends_nothing() {
    let mut world = with_something_of_everything();
    drop(world.take());
    let whole = world.place.0.path().to_owned();
    trees(&whole);
    let mut said = BTreeSet::new();
    for table in HISTORY {
        for column in columns(&whole, table) {
            for (how, value) in SPOILT {
                let folder = copy(&whole);
                spoil(folder.path(), table, &column, value);
                let Lived { faults, told, lost } = live_on(folder.path(), &mut world);
                assert_eq!(faults, Vec::<String>::new(), "{how} of {table}.{column}");
                assert!(told > 0, "{how} of {table}.{column}: people are told");
                said.extend((lost > 0).then(|| format!("{how} of {table}.{column}")));
            }
        }
    }
    for met in ["details", "number"].map(|column| format!("its type of incident_steps.{column}")) {
        assert!(said.contains(&met), "{met}: {said:?}");
    }
    for met in ["a byte", "a letter", "its type", "all of it"].map(|how| format!("{how} of alerts.alerts")) {
        assert!(said.contains(&met), "{met}: a start says so, too: {said:?}");
    }
}

/// 14.6, 15.2e
#[test]
fn damaged_free_space_fails_one_round_of_pruning() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a"]);
    drop(world.take());
    let folder = world.place.0.path().to_owned();
    let free = "CREATE TABLE much (x); INSERT INTO much VALUES (zeroblob(20000000)); DROP TABLE much";
    database(&folder).execute_batch(free).unwrap();
    let (size, _) = trees(&folder);
    let file = fs::OpenOptions::new().read(true).write(true).open(folder.join("punctual.db")).unwrap();
    // The header says which page lists those that are free.
    let mut list = [0; 4];
    file.read_exact_at(&mut list, 32).unwrap();
    let spoilt = vec![0xff; usize::try_from(size).unwrap()];
    file.write_all_at(&spoilt, (u64::from(u32::from_be_bytes(list)) - 1) * size).unwrap();
    world.reopen();
    let now = world.now;
    let mut round = || loop {
        match world.store().prune(now) {
            Ok(true) => {}
            done => return done,
        }
    };
    assert!(matches!(round(), Err(StoreError::Damaged(_))));
    for _ in 0..2 {
        assert!(!round().unwrap());
    }
    assert!(world.store().live().totals.history_lost.load(Ordering::Relaxed) > 0, "it is said");
}

/// Rows that no program of ours has written.
#[test]
fn words_that_nobody_knows_are_found() {
    for (table, spoil) in [
        ("flips", "UPDATE flips SET reason = 'because'"),
        ("incident_steps", "UPDATE incident_steps SET what = 'told'"),
        ("audit", "UPDATE audit SET what = 'odd'"),
        ("alerts", "INSERT INTO alerts VALUES (1, '[')"),
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

/// 14.6, 22.8: the last results of a check are for people.
#[test]
fn spoilt_last_results_end_no_start_and_are_said_to_be() {
    let mut world = World::new(Sqlite::default());
    world.declare(&["a", "b"]);
    for name in ["a", "b"] {
        world.ping(name, PingKind::Success);
    }
    let now = world.now;
    world.store().end(now).unwrap();
    let before = world.state("a");
    assert!(!before.results.is_empty());
    drop(world.take());
    let folder = world.place.0.path().to_owned();
    // They come last.
    let spoil = "UPDATE states SET state = CAST(substr(state, 1, length(state) - 1) || x'ff' AS BLOB) WHERE check_id = 1";
    database(&folder).execute_batch(spoil).unwrap();
    let found = soundness(&folder).unwrap();
    assert!(found.len() == 1 && found[0].contains("state of check 1"), "{found:?}");
    let mut store = SqliteStore::open(&folder).unwrap();
    store.begin(now).unwrap();
    let known = |name: &str, store: &SqliteStore| store.live().find(name).unwrap().known().state.clone();
    let expected = State { results: LastResults::default(), ..before };
    assert_eq!(known("a", &store), expected, "all else is as it was");
    assert!(!known("b", &store).results.is_empty());
    assert_eq!(store.live().totals.history_lost.load(Ordering::Relaxed), 1);
    // With the next ping they begin anew.
    let check = store.live().find("a").unwrap().id;
    let ping = What::Ping(fact(PingKind::Success));
    store.apply(&[Entry { check, at: now, what: ping }]).unwrap();
    assert_eq!(known("a", &store).results.newest_first().count(), 1);
    store.end(now).unwrap();
    drop(store);
    assert_eq!(soundness(&folder).unwrap(), Vec::<String>::new());
}
