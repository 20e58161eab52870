//! A database with many stored pings, as a server has it whose checks were pinged for days.
//!
//! Real is all that writes it: punctual's own reading of the file, and its own store, which declares the checks and takes their
//! pings in batches as a busy server does. So states, counts and rows that are behind are what they would be. Not real is the
//! clock, since each ping is told when it came, so that days pass in minutes; and nothing came over HTTP.
//!
//! It is the worst of its size for a start: the rounds that bring rows up to date every minute do not run between, so that at a
//! million checks all twenty million pings are to be stepped through, as if they had come as fast as a server takes them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use punctual::compat::DOOR_KEYS;
use punctual::config;
use punctual::core::check::{CheckId, Ping, PingKind};
use punctual::core::time::{Span, Time};
use punctual::store::sqlite::SqliteStore;
use punctual::store::{Applied, Configuration, Entry, PingFact, Store as _, What};

use super::{get, write};

/// The pings of a check are so far apart: twenty of them lie within the seven days that pings are kept, and no check that is
/// pinged once a day is late.
const BETWEEN: Span = Span::mins(8 * 60);
/// So many pings are stored in one transaction.
const BATCH: usize = 10_000;
/// Between two lines of progress.
const TELL: Duration = Duration::from_secs(10);
/// A prime, so that those that ping one after the other are not neighbours.
const STRIDE: usize = 7_919;

/// How many pings are stored.
#[derive(Clone, Copy)]
pub(crate) struct Stored {
    checks: usize,
    pub(crate) pings: usize,
}

impl Stored {
    /// Twenty of each check, or `PUNCTUAL_BENCH_PINGS` of all.
    pub(crate) fn of(checks: usize) -> Stored {
        let pings =
            std::env::var("PUNCTUAL_BENCH_PINGS").map(|text| text.parse().expect("a number of pings"));
        assert!(!checks.is_multiple_of(STRIDE), "every check gets its turn");
        Stored { checks, pings: pings.unwrap_or(checks * 20) }
    }

    /// Which check pings; in as many turns as there are checks, each does once.
    pub(crate) fn check(self, turn: usize) -> usize {
        turn * STRIDE % self.checks
    }

    /// Makes the database of a folder that has none, for checks `check-0` and so on, which are pinged less than once a day.
    pub(crate) fn make(self, folder: &Path, config: &str) {
        let begun = Instant::now();
        let since = self.since();
        let mut store = SqliteStore::open(&folder.join("data")).expect("the folder takes a database");
        store.begin(since).expect("a store can begin");
        let configuration = configuration(&write(folder, "punctual.yaml", config));
        store.configure(&configuration, true, since).expect("a store takes the checks");
        drop(configuration);
        let live = store.live();
        let id = |number| live.find(&format!("check-{number}")).expect("it is declared").id;
        let ids: Vec<CheckId> = (0..self.checks).map(id).collect();
        let mut told = Instant::now();
        for first in (0..self.pings).step_by(BATCH) {
            let turns = first..self.pings.min(first + BATCH);
            let entry = |turn| self.entry(ids[self.check(turn)], turn, since);
            let entries: Vec<Entry> = turns.map(entry).collect();
            let done = store.apply(&entries).expect("a store takes pings");
            assert!(done.iter().all(|done| matches!(done, Applied::Done(Some(_)))), "every ping is taken");
            store.sign_of_life(self.at(first, since)).expect("a store takes a sign of life");
            if told.elapsed() > TELL {
                told = Instant::now();
                println!("{first} of {} pings are stored", self.pings);
            }
        }
        store.end(now()).expect("a store can end");
        drop(store);
        self.tell(folder, begun.elapsed());
    }

    fn tell(self, folder: &Path, took: Duration) {
        let file = folder.join("data/punctual.db");
        let bytes = std::fs::metadata(&file).expect("there is a database").len();
        let sql =
            "SELECT count(*), max(seq) - (SELECT value FROM meta WHERE key = 'states_up_to') FROM pings";
        let db = rusqlite::Connection::open(file).expect("a database can be opened");
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (count, later): (i64, Option<i64>) = db.query_row(sql, [], read).expect("it can be read");
        println!(
            "{count} pings are stored in {:.0} MB, after {:.0} s; a start steps through the last {}",
            bytes as f64 / 1e6,
            took.as_secs_f64(),
            later.unwrap_or(count)
        );
        assert_eq!(usize::try_from(count), Ok(self.pings), "no ping is gone");
    }

    /// When the first ping came, so that the last one comes now.
    fn since(self) -> Time {
        Time::from_ms(now().as_ms() - self.after(self.pings).as_ms())
    }

    fn at(self, turn: usize, since: Time) -> Time {
        since + self.after(turn)
    }

    /// How long so many pings take.
    fn after(self, pings: usize) -> Span {
        let ms = BETWEEN.as_ms() as f64 * pings as f64 / self.checks as f64;
        Span::ms(ms as i64)
    }

    fn entry(self, check: CheckId, turn: usize, since: Time) -> Entry {
        let fact = PingFact {
            ping: Ping { kind: PingKind::Success, rid: None, exit_status: None },
            comment: None,
            body: None,
            left_out: 0,
            body_cut: false,
            source: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        Entry { check, at: self.at(turn, since), what: What::Ping(fact) }
    }

    /// The server has these pings and so many more, and shows them.
    pub(crate) fn assert_there(self, folder: &Path, address: SocketAddr, more: usize) {
        let db = rusqlite::Connection::open(folder.join("data/punctual.db")).expect("it can be opened");
        let count = db.query_row("SELECT count(*) FROM pings", [], |row| row.get(0));
        let count: i64 = count.expect("it can be read");
        println!("{count} pings are stored, of which {} were there before", self.pings);
        let least = self.pings + more;
        assert!(usize::try_from(count).is_ok_and(|count| count >= least), "at least {least} were answered");
        let each = self.pings / self.checks;
        let shown = get(address, &format!("/api/v1/checks/check-0/pings?limit={each}"));
        assert_eq!(shown.matches("\"source\"").count(), each, "pings of a check are shown: {shown}");
    }
}

/// What a server makes of its file.
fn configuration(file: &Path) -> Configuration {
    let config = config::load(file, &DOOR_KEYS).expect("the file is valid");
    Configuration {
        checks: config.checks,
        policy: config.policy,
        retention: config.retention,
        max_checks: config.max_checks,
        allow_mass_removal: false,
        changed_receivers: Default::default(),
    }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    Time::from_ms(i64::try_from(since.as_millis()).expect("it fits"))
}
