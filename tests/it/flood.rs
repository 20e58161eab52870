//! A flood of large bodies over HTTP: what is stored of it stays within the budget, and the file gives room back (15.2).

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::support::http;
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;

/// So many that the newest bodies of each, which pruning would keep, are more than the budget.
const CHECKS: usize = 200;
const BUDGET: i64 = 10_000_000;
const BODY_BYTES: usize = 10_000;
const CLIENTS: usize = 8;
const PINGS_OF_A_CLIENT: usize = 600;

fn config(budget: &str) -> String {
    let mut config = format!("retention: {{bodies: {budget}}}\nchecks:\n");
    for n in 0..CHECKS {
        let _ = writeln!(config, "  - {{name: check-{n}, every: 1d}}");
    }
    config
}

/// Bytes of the bodies that are stored.
fn stored_bytes(db: &Connection) -> i64 {
    db.query_row("SELECT ifnull(sum(length(body)), 0) FROM bodies", [], |row| row.get(0)).unwrap()
}

/// A client's pings, which are all taken.
fn send(server: &Punctual, client: usize) {
    let body = vec![b'x'; BODY_BYTES];
    for n in 0..PINGS_OF_A_CLIENT {
        let url = server.url(&format!("/ping/check-{}", (client + n * CLIENTS) % CHECKS));
        assert_eq!(http::send(http::client().post(url).body(body.clone())).status, 200);
    }
}

#[test]
fn a_flood_of_bodies_stays_within_its_budget_and_the_file_gives_room_back() {
    let mut server = Punctual::start(&config("10MB"));
    let file = server.data().join("punctual.db");
    let is_over = AtomicBool::new(false);
    let seen = std::thread::scope(|threads| {
        let watching = threads.spawn(|| {
            let db = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
            db.busy_timeout(PATIENCE).unwrap();
            let mut seen = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                seen.push(stored_bytes(&db));
                std::thread::sleep(Duration::from_millis(20));
            }
            seen
        });
        let server = &server;
        let clients: Vec<_> =
            (0..CLIENTS).map(|client| threads.spawn(move || send(server, client))).collect();
        let sent = clients.into_iter().map(|client| client.join()).collect::<Vec<_>>();
        is_over.store(true, Ordering::Relaxed);
        assert!(sent.iter().all(Result::is_ok), "every ping is taken, with or without its body");
        watching.join().unwrap()
    });
    let most = *seen.iter().max().unwrap();
    assert!(most <= BUDGET + BUDGET / 10, "{most} bytes of bodies");
    assert!(most > BUDGET * 9 / 10, "the budget was reached: {most}");
    assert!(seen.len() > 10, "it was looked at {} times", seen.len());
    let taken = server.values("punctual_ping_requests_total", "outcome=\"accepted\"");
    assert_eq!(taken, [(CLIENTS * PINGS_OF_A_CLIENT) as f64]);

    // Pruning begins with a start. Some room is kept for what comes next (docs/storage.md).
    let bytes = || std::fs::metadata(&file).unwrap().len();
    let before = bytes();
    server.write_config(&config("1MB"));
    server.restart();
    wait_until("a file that is shorter again", PATIENCE, || bytes() < before * 2 / 3);
    let whole: String =
        Connection::open(&file).unwrap().query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
}
