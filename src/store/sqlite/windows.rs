//! Counts the successes of checks' trailing windows anew, each from its newest ping back (3.7).
//!
//! Windows stand in rows of states, so this is for those that become longer or shorter, for a clock that was set back, and
//! for rows that were written by versions before.
//!
//! A check's pings are found one by one, by what each says of the one before it. For all checks at once that takes long:
//! so as long as most of the newest pings are wanted by somebody, they are read one after the other, which is faster, and
//! what is then left is found one by one.

use rusqlite::{Connection, OptionalExtension, Row};

use super::error::failed;
use super::fast::ids::ById;
use super::memory::{Memory, Slot};
use super::query::id;
use crate::core::check::CheckId;
use crate::core::time::{Span, Time};
use crate::core::window::WindowCount;
use crate::store::{StoreError, row};

/// So many pings are read in a row before it is asked whether that pays.
const STRETCH: i64 = 4096;
/// Finding a ping by itself takes as long as reading so many in a row.
const FIND_COST: i64 = 4;
/// So many pings of a check are found at most while pings wait.
const FOUND_AGAIN: usize = 10_000;

/// A ping, as far as windows know it.
struct Found {
    at: Time,
    flags: u8,
    previous: i64,
}

impl Found {
    const COLUMNS: &str = "at, flags, previous";

    fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
        Ok(Found { at: Time::from_ms(row.get(0)?), flags: row.get(1)?, previous: row.get(2)? })
    }
}

/// The way back through a check's pings.
struct Walk {
    within: Span,
    /// What is later (a clock was wrong) does not count.
    until: Time,
    /// The ping that is to be looked at; 0: there is none.
    next: i64,
    newest: Option<Time>,
    /// The newest first.
    successes: Vec<Time>,
}

impl Walk {
    fn new(last_ping: i64, within: Span, until: Time) -> Walk {
        Walk { within, until, next: last_ping, newest: None, successes: Vec::new() }
    }

    /// Takes the ping that was next.
    fn take(&mut self, ping: &Found) {
        self.next = if ping.previous < self.next { ping.previous } else { 0 };
        if ping.at > self.until {
            return;
        }
        if ping.at <= *self.newest.get_or_insert(ping.at) - self.within {
            self.next = 0;
        } else if ping.flags & row::PING_SUCCESS != 0 {
            self.successes.push(ping.at);
        }
    }

    /// Finds what is left, ping by ping, but no more than so many. Answers whether there may be more in the window.
    fn find_rest(&mut self, db: &Connection, limit: usize) -> Result<bool, StoreError> {
        if self.next == 0 {
            return Ok(false);
        }
        let sql = format!("SELECT {} FROM pings WHERE seq = ?1", Found::COLUMNS);
        let mut find = db.prepare_cached(&sql).map_err(failed)?;
        for _ in 0..limit {
            match find.query_row([self.next], Found::read).optional().map_err(failed)? {
                Some(ping) => self.take(&ping),
                None => return Ok(true),
            }
            if self.next == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// All that was found, after what is `older`.
    fn count(self, older: WindowCount) -> WindowCount {
        let mut window = older;
        self.successes.into_iter().rev().for_each(|at| window.add(at));
        window
    }
}

/// The window of a check, of this length from now on: by its pings and, where they are gone or too many, by what was counted
/// `before`. What is later than `now` does not count.
pub(super) fn recount(
    db: &Connection,
    last_ping: i64,
    before: &WindowCount,
    within: Span,
    now: Time,
) -> Result<WindowCount, StoreError> {
    let mut walk = Walk::new(last_ping, within, now);
    let older = if walk.find_rest(db, FOUND_AGAIN)? {
        before.before_the_newest(walk.successes.len(), now, within)
    } else {
        WindowCount::new(within)
    };
    Ok(walk.count(older))
}

/// The windows of these checks, of which no row knows, put into their places.
pub(super) fn load(db: &Connection, memory: &mut Memory, unknown: &[CheckId]) -> Result<(), StoreError> {
    if unknown.is_empty() {
        return Ok(());
    }
    // Each ping is known to the state, unless the clock was set back since.
    let walk = |slot: &Slot| {
        Walk::new(slot.last_ping, slot.check.definition.count_window(), slot.check.known().state.newest)
    };
    tracing::info!(checks = unknown.len(), "counting windows from pings, which is done once");
    let mut walks: ById<Walk> = unknown.iter().map(|id| (*id, walk(&memory.checks[*id]))).collect();
    read_in_a_row(db, memory.numbers.last_ping, &mut walks)?;
    for (id, mut walk) in walks {
        walk.find_rest(db, usize::MAX)?;
        let none = WindowCount::new(walk.within);
        memory.checks[id].check.known().window = walk.count(none);
    }
    memory.behind.add_without_counts(unknown);
    Ok(())
}

/// Goes back through the newest pings of all, as long as that is faster than to find those that are wanted.
fn read_in_a_row(db: &Connection, last_ping: i64, walks: &mut ById<Walk>) -> Result<(), StoreError> {
    // Forwards within a stretch, as the rows lie.
    let sql = format!("SELECT {}, seq, check_id FROM pings WHERE seq > ?1 AND seq <= ?2", Found::COLUMNS);
    let mut query = db.prepare(&sql).map_err(failed)?;
    let mut stretch: Vec<(i64, CheckId, Found)> = Vec::new();
    let mut end = last_ping;
    while end > 0 {
        let begin = end - STRETCH;
        let rows = query.query_map([begin, end], |row| Ok((row.get(3)?, id(row.get(4)?), Found::read(row)?)));
        for row in rows.map_err(failed)? {
            stretch.push(row.map_err(failed)?);
        }
        let mut wanted = 0;
        for (seq, check, ping) in stretch.drain(..).rev() {
            if let Some(walk) = walks.get_mut(&check).filter(|walk| walk.next == seq) {
                walk.take(&ping);
                wanted += 1;
            }
        }
        if wanted < STRETCH / FIND_COST {
            break;
        }
        end = begin;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::store::sqlite::migrations;

    /// Pings of checks 1 to 9: the first at every second, each next one half as often, the last one once at the beginning.
    /// For a while the clock was an hour ahead.
    fn pings(seconds: i64) -> (Connection, HashMap<CheckId, i64>) {
        let mut db = Connection::open_in_memory().unwrap();
        migrations::migrate(&mut db).unwrap();
        let mut last: HashMap<CheckId, i64> = HashMap::new();
        let mut insert = db
            .prepare(
                "INSERT INTO pings (check_id, at, kind, flags, ordinal, previous, source)
                 VALUES (?1, ?2, 0, ?3, 0, ?4, '')",
            )
            .unwrap();
        for second in 0..seconds {
            let at = second + if (2000..2100).contains(&second) { 3600 } else { 0 };
            for check in
                (1..9).filter(|check| second % (1 << (check - 1)) == 0).chain((second == 0).then_some(9))
            {
                let previous = last.get(&CheckId(check)).copied().unwrap_or(0);
                let flags = if second % 7 == 0 { 0 } else { row::PING_SUCCESS };
                insert.execute((check.cast_signed(), at * 1000, flags, previous)).unwrap();
                last.insert(CheckId(check), db.last_insert_rowid());
            }
        }
        drop(insert);
        (db, last)
    }

    #[test]
    fn what_is_read_in_a_row_counts_as_what_is_found_one_by_one() {
        let (db, last) = pings(10_000);
        for within in [1, 60, 3000, 9000, 100_000].map(Span::secs) {
            let mut walks =
                last.iter().map(|(id, last)| (*id, Walk::new(*last, within, Time::MAX))).collect();
            read_in_a_row(&db, last[&CheckId(1)], &mut walks).unwrap();
            for (id, mut walk) in walks {
                walk.find_rest(&db, usize::MAX).unwrap();
                let none = WindowCount::new(within);
                let alone = recount(&db, last[&id], &none, within, Time::MAX).unwrap();
                assert_eq!(walk.count(none), alone, "check {} within {within}", id.0);
            }
        }
    }

    /// A start with many checks takes seconds, not minutes.
    #[test]
    fn what_many_want_is_read_in_a_row_and_what_few_want_is_found() {
        let (db, last) = pings(10_000);
        let left = |within: Span| {
            let mut walks =
                last.iter().map(|(id, last)| (*id, Walk::new(*last, within, Time::MAX))).collect();
            read_in_a_row(&db, last[&CheckId(1)], &mut walks).unwrap();
            walks.values().filter(|walk| walk.next != 0).count()
        };
        assert_eq!(left(Span::secs(100_000)), 0, "all of them, to the first ping");
        assert_eq!(left(Span::secs(60)), 1, "nobody reads all to find the one that pinged long ago");
    }
}
