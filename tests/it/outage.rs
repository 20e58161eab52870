//! An outage of the store, by whatever error, is never told as a fault of the jobs (1.5, 9.1).

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::support::{disk, http, is_long, preload};

const DISK_BYTES: u64 = 24 << 20;
/// Checks that are pinged each half second have deadlines every few seconds; `dead` is late before the outage.
const CONFIG: &str =
    "checks:\n- {name: watched, every: 2s, grace: 1s}\n- {name: dead, every: 1s, grace: 1s}\n";

/// Longer than two signs of life may lie apart (9.1), so that it leaves a window; with `PUNCTUAL_LONG`, much longer.
fn outage() -> Duration {
    Duration::from_secs(if is_long() { 70 } else { 13 })
}

/// What every reader says of a check that was pinged as well as it could be.
fn assert_nobody_cries_wolf(punctual: &Punctual) {
    let metrics = punctual.get("/metrics").text();
    let value = |metric: &str, check: &str| {
        let start = format!("{metric}{{check=\"{check}\"");
        metrics.lines().find(|line| line.starts_with(&start)).map(|line| line.rsplit(' ').next().unwrap())
    };
    for gauge in ["punctual_check_late", "punctual_check_unknown"] {
        assert_eq!(value(gauge, "watched"), Some("0"), "{metrics}");
    }
    assert_eq!(value("punctual_check_late", "dead"), Some("1"), "what was bad stays bad");
    let json = punctual.get("/api/v1/checks/watched").text();
    assert!(json.contains("\"late\":false") && json.contains("\"unknown\":false"), "{json}");
    let page = punctual.get("/checks/watched").text();
    assert!(!page.contains("missing") && !page.contains("nobody was listening"), "{page}");
}

/// `begin` makes the store fail, `end` heals it.
fn survives(punctual: &Punctual, begin: impl FnOnce(), end: impl FnOnce()) {
    let ping = || http::post(&punctual.url("/ping/watched"), "x".repeat(100)).status;
    assert_eq!(ping(), 200);
    wait_until("`dead` to be late", PATIENCE, || {
        assert_eq!(ping(), 200);
        punctual.values("punctual_check_late", "check=\"dead\"") == [1.0]
    });
    let blind = || punctual.value("punctual_blind_seconds_total");
    let before = blind();
    begin();
    wait_until("a refused ping", PATIENCE, || ping() == 503);
    let began = Instant::now();
    let mut said_as_of_when = false;
    while began.elapsed() < outage() {
        assert_eq!(ping(), 503);
        assert_nobody_cries_wolf(punctual);
        said_as_of_when |= punctual.get("/").text().contains("as of");
        std::thread::sleep(Duration::from_millis(250));
    }
    assert!(said_as_of_when, "the page says as of when");
    assert_eq!(punctual.value("punctual_healthy"), 0.0);
    end();
    wait_until("a ping taken again", PATIENCE, || ping() == 200);
    let lasted = began.elapsed().as_secs_f64();
    assert_nobody_cries_wolf(punctual);
    let was_blind = blind() - before;
    assert!((was_blind - lasted).abs() < 2.0, "blind for {was_blind} s of {lasted} s");
    for _ in 0..8 {
        assert_eq!(ping(), 200);
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_nobody_cries_wolf(punctual);
}

/// What was ever said of the check that was pinged.
fn flips(punctual: &Punctual) -> Vec<String> {
    let copy = tempfile::tempdir().unwrap();
    for name in ["punctual.db", "punctual.db-wal"] {
        let file = punctual.data().join(name);
        if file.exists() {
            std::fs::copy(file, copy.path().join(name)).unwrap();
        }
    }
    let db = Connection::open(copy.path().join("punctual.db")).unwrap();
    let sql = "SELECT to_status FROM flips JOIN checks ON checks.id = check_id WHERE name = 'watched'";
    let mut query = db.prepare(sql).unwrap();
    query.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// 1.5, 9.1
#[test]
fn a_full_disk_never_shows_as_late() {
    let mut punctual = Punctual::new(CONFIG).on_small_disk(DISK_BYTES);
    punctual.start_again();
    let filler = punctual.data().join("filler");
    survives(&punctual, || disk::fill(&filler), || std::fs::remove_file(&filler).unwrap());
    punctual.kill9();
    assert_eq!(flips(&punctual), ["up"], "it was up all the time");
}

/// 1.5, 9.1
#[test]
fn a_disk_with_errors_never_shows_as_late() {
    let folder = tempfile::tempdir().unwrap();
    let (library, broken) = (preload::build("broken_wal", folder.path()), folder.path().join("broken"));
    let mut punctual = Punctual::new(CONFIG)
        .environment("LD_PRELOAD", library.to_str().unwrap())
        .environment("BROKEN_WAL_WHILE", broken.to_str().unwrap());
    punctual.start_again();
    survives(&punctual, || std::fs::write(&broken, "").unwrap(), || std::fs::remove_file(&broken).unwrap());
    punctual.kill9();
    assert_eq!(flips(&punctual), ["up"], "it was up all the time");
}
