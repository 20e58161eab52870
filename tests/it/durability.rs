//! What was answered 200 is stored, whatever happens.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::support::{disk, http, is_long};

const CHECKS: usize = 20;
const PINGERS: usize = 8;
/// Between two kills at least so many pings are answered.
pub(crate) const PINGS_A_ROUND: usize = 40;
const DISK_BYTES: u64 = 4 << 20;

pub(crate) fn config() -> String {
    let check = |i: usize| format!("- {{name: check-{i}, every: 1h}}\n");
    format!("checks:\n{}", (0..CHECKS).map(check).collect::<String>())
}

/// The comments of all pings in the database of a server that was killed.
fn stored(data: &Path) -> HashSet<String> {
    // SQLite follows links, and would look for a small disk where it is not mounted: it gets a copy.
    let copy = TempDir::new().unwrap();
    for name in ["punctual.db", "punctual.db-wal"] {
        let file = data.join(name);
        if file.exists() {
            std::fs::copy(file, copy.path().join(name)).unwrap();
        }
    }
    let db = Connection::open(copy.path().join("punctual.db")).unwrap();
    let mut query = db.prepare("SELECT comment FROM pings").unwrap();
    query.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Pings without pause from several threads, each ping with a comment of its own.
pub(crate) struct Load {
    done: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    /// Comments of those answered 200.
    answered: Arc<Mutex<Vec<String>>>,
    pingers: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn on(punctual: &Punctual) -> Load {
        let mut load = Load {
            done: Arc::default(),
            sent: Arc::default(),
            answered: Arc::default(),
            pingers: Vec::new(),
        };
        for pinger in 0..PINGERS {
            let (done, sent, answered) = (load.done.clone(), load.sent.clone(), load.answered.clone());
            let url = punctual.url(&format!("/ping/check-{}", pinger % CHECKS));
            load.pingers.push(std::thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let comment = sent.fetch_add(1, Ordering::Relaxed).to_string();
                    match http::try_get(&format!("{url}?m={comment}")) {
                        Ok(response) if response.status == 200 => answered.lock().unwrap().push(comment),
                        // Nobody listens between an end and the next start.
                        _ => std::thread::sleep(Duration::from_millis(5)),
                    }
                }
            }));
        }
        load
    }

    pub(crate) fn answered(&self) -> usize {
        self.answered.lock().unwrap().len()
    }

    pub(crate) fn wait_for(&self, count: usize) {
        wait_until("pings to be answered", PATIENCE, || self.answered() >= count);
    }

    /// The comments of all that were answered 200.
    pub(crate) fn end(self) -> Vec<String> {
        self.done.store(true, Ordering::Relaxed);
        self.pingers.into_iter().for_each(|pinger| pinger.join().unwrap());
        std::mem::take(&mut self.answered.lock().unwrap())
    }
}

/// Each of these pings is in the database, and the metrics count as many as are there, also after one more kill.
pub(crate) fn check_stored(punctual: &mut Punctual, answered: &[String], kill: impl FnOnce(&mut Punctual)) {
    let counted = |punctual: &Punctual| punctual.sum("punctual_check_pings_total", "kind=\"success\"");
    let before = counted(punctual);
    kill(punctual);
    let stored = stored(&punctual.data());
    let lost: Vec<_> = answered.iter().filter(|comment| !stored.contains(*comment)).collect();
    assert!(lost.is_empty(), "of {} answered 200, these are lost: {lost:?}", answered.len());
    punctual.start_again();
    let stored = stored.len() as u64;
    assert_eq!((before, counted(punctual)), (stored, stored));
}

/// 14.1: the real binary killed under load, again and again.
#[test]
fn a_ping_answered_200_survives_kill_9() {
    let mut punctual = Punctual::start(&config());
    let load = Load::on(&punctual);
    for kill in 1..=if is_long() { 400 } else { 30 } {
        load.wait_for(kill * PINGS_A_ROUND);
        punctual.kill9();
        punctual.start_again();
    }
    check_stored(&mut punctual, &load.end(), Punctual::kill9);
}

#[test]
fn a_ping_answered_200_survives_a_stop_under_load() {
    let mut punctual = Punctual::start(&config());
    let load = Load::on(&punctual);
    for stop in 1..=3 {
        load.wait_for(stop * PINGS_A_ROUND);
        punctual.restart();
    }
    check_stored(&mut punctual, &load.end(), Punctual::kill9);
}

/// 9.1, 14.1: refused while the disk is full, and taken again as soon as it is not.
#[test]
fn a_full_disk_loses_no_ping_that_was_answered_200_and_is_got_over() {
    let mut punctual = Punctual::new(&config()).on_small_disk(DISK_BYTES);
    punctual.start_again();
    let mut answered = Vec::new();
    let mut number = 0;
    let mut ping = |punctual: &Punctual, body: &str| {
        number += 1;
        let url = punctual.url(&format!("/ping/check-{}?m={number}", number % CHECKS));
        let response = http::post(&url, body.to_owned());
        match response.status {
            200 => answered.push(number.to_string()),
            status => assert_eq!((status, response.header("retry-after").is_empty()), (503, false)),
        }
        response.status
    };
    let is_healthy = |punctual: &Punctual| match punctual.get("/-/healthy") {
        response if response.status == 200 => true,
        response => {
            assert_eq!(response.status, 503);
            let says = response.text();
            let expected = ["the disk takes no writes", "pings cannot be stored"];
            assert!(expected.iter().any(|expected| says.contains(expected)), "{says}");
            false
        }
    };
    let body = "x".repeat(9_000);
    for _ in 0..20 {
        assert_eq!(ping(&punctual, &body), 200);
    }
    assert!(is_healthy(&punctual));

    let filler = punctual.data().join("filler");
    disk::fill(&filler);
    wait_until("a refused ping", PATIENCE, || ping(&punctual, &body) == 503);
    wait_until("the server unwell for long", PATIENCE, || {
        assert_eq!(ping(&punctual, &body), 503);
        punctual.get("/-/healthy").text().contains("the disk takes no writes")
    });
    for _ in 0..20 {
        assert_eq!(ping(&punctual, &body), 503);
        assert!(!is_healthy(&punctual));
    }
    assert!(punctual.sum("punctual_ping_requests_total", "outcome=\"overloaded\"") > 20);
    // Whoever only scrapes sees it as well, while it lasts; and the log is not filled.
    assert_eq!(punctual.value("punctual_healthy"), 0.0);
    let blind_seconds = punctual.value("punctual_blind_seconds_total");
    assert!(blind_seconds > 10.0, "nobody is heard for {blind_seconds} s");
    assert_eq!(punctual.log().matches("nothing can be stored").count(), 1, "{}", punctual.log());

    std::fs::remove_file(&filler).unwrap();
    wait_until("a ping taken again", PATIENCE, || ping(&punctual, &body) == 200);
    wait_until("the server well", PATIENCE, || is_healthy(&punctual));
    assert!(punctual.log().contains("the disk is full"));
    assert_eq!(punctual.value("punctual_healthy"), 1.0);
    let blind_seconds = punctual.value("punctual_blind_seconds_total");
    assert!(blind_seconds > 10.0, "nobody was heard for {blind_seconds} s");
    for _ in 0..20 {
        assert_eq!(ping(&punctual, ""), 200);
    }
    check_stored(&mut punctual, &answered, Punctual::kill9);
}
