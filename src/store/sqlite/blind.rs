//! The rows of blind windows. A ping that a row of states does not know of yet was judged without the windows that were added
//! after it (14.2): these are kept by themselves until every row knows of what came before them.

use rusqlite::{Connection, params};

use super::error::failed;
use super::query::for_each;
use super::tx::Tx;
use crate::core::blind::{BlindWindows, Window};
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::work::Lost;

/// A window that was added after this ping.
pub(super) struct LaterWindow {
    pub(super) after_ping: i64,
    pub(super) window: Window,
    pub(super) why: Lost,
}

/// Adds a window, joined with those that it touches. Answers those that hold others now.
pub(super) fn add(blind: &mut BlindWindows, window: Window, why: Lost) -> Vec<Window> {
    match why {
        Lost::Away => blind.add(window),
        Lost::Unread => blind.add_refusals(window),
    }
}

/// The windows that every row of states knows of.
pub(super) fn load(db: &Connection) -> Result<BlindWindows, StoreError> {
    let windows = |why: Lost| {
        let mut windows = Vec::new();
        for_each(db, &format!("SELECT from_at, to_at FROM {} ORDER BY from_at", table(why)), |row| {
            let (from, to) = (Time::from_ms(row.get(0)?), Time::from_ms(row.get(1)?));
            windows.push(Window { from, to });
            Ok(Ok(()))
        })?;
        Ok(windows)
    };
    Ok(BlindWindows::new(windows(Lost::Away)?, windows(Lost::Unread)?))
}

/// The others, in the order in which they were added.
pub(super) fn load_later(db: &Connection, up_to: i64) -> Result<Vec<LaterWindow>, StoreError> {
    let sql =
        "SELECT after_ping, is_refused, from_at, to_at FROM later_windows WHERE after_ping <= ?1 ORDER BY id";
    let mut find = db.prepare_cached(sql).map_err(failed)?;
    let later = find.query_map([up_to], |row| {
        let window = Window { from: Time::from_ms(row.get(2)?), to: Time::from_ms(row.get(3)?) };
        let why = if row.get(1)? { Lost::Unread } else { Lost::Away };
        Ok(LaterWindow { after_ping: row.get(0)?, window, why })
    });
    later.and_then(Iterator::collect).map_err(failed)
}

/// Writes a window that is added now.
pub(super) fn insert(tx: &Tx<'_>, window: Window, why: Lost) -> Result<(), StoreError> {
    let (from, to) = (window.from.as_ms(), window.to.as_ms());
    tx.execute(
        "INSERT INTO later_windows (after_ping, is_refused, from_at, to_at) VALUES (?1, ?2, ?3, ?4)",
        params![tx.numbers.last_ping, why == Lost::Unread, from, to],
    )
}

/// From now on every row of states knows of the pings up to this one.
pub(super) fn rows_know(tx: &Tx<'_>, up_to: i64) -> Result<(), StoreError> {
    let later = load_later(tx.db, up_to)?;
    if later.is_empty() {
        return Ok(());
    }
    let mut known = load(tx.db)?;
    for LaterWindow { window, why, .. } in later {
        let table = table(why);
        // Those that hold others now take the place of these.
        for window in add(&mut known, window, why) {
            let (from, to) = (window.from.as_ms(), window.to.as_ms());
            tx.execute(&format!("DELETE FROM {table} WHERE from_at BETWEEN ?1 AND ?2"), params![from, to])?;
            tx.execute(&format!("INSERT INTO {table} (from_at, to_at) VALUES (?1, ?2)"), params![from, to])?;
        }
    }
    tx.execute("DELETE FROM later_windows WHERE after_ping <= ?1", params![up_to])
}

/// Leaves nothing of any window after `now`. Every row of states knows of all pings.
pub(super) fn cut(tx: &Tx<'_>, now: Time) -> Result<(), StoreError> {
    rows_know(tx, i64::MAX)?;
    for table in [Lost::Away, Lost::Unread].map(table) {
        tx.execute(&format!("DELETE FROM {table} WHERE from_at >= ?1"), params![now.as_ms()])?;
        tx.execute(&format!("UPDATE {table} SET to_at = min(to_at, ?1)"), params![now.as_ms()])?;
    }
    Ok(())
}

fn table(why: Lost) -> &'static str {
    match why {
        Lost::Away => "blind_windows",
        Lost::Unread => "refused_windows",
    }
}
