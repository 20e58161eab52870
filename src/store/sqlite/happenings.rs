//! Reads the history of checks that have an alias ([`crate::core::check::Alias`]).

use rusqlite::{Connection, params};

use super::history_tables::History;
use super::query::{id, key};
use crate::core::check::CheckId;
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::sqlite::memory::Memory;

/// How many events each check with an alias has.
pub(super) fn load(db: &Connection, memory: &mut Memory) -> Result<(), StoreError> {
    let Memory { damaged, happenings, .. } = memory;
    let sql = "SELECT check_id, count(*) FROM canary_events GROUP BY check_id";
    History::Happenings.read_at_start(db, damaged, sql, |row| {
        happenings.insert(id(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs());
        Ok(())
    })
}

/// The newest events of a check with an alias, newest first.
pub(in crate::store) fn events(
    db: &Connection,
    check: CheckId,
    limit: usize,
) -> rusqlite::Result<Vec<(Time, String)>> {
    let sql = "SELECT at, text FROM canary_events WHERE check_id = ?1 ORDER BY id DESC LIMIT ?2";
    let mut find = db.prepare_cached(sql)?;
    let rows = find.query_map(params![key(check.0), key(limit as u64)], |row| {
        Ok((Time::from_ms(row.get(0)?), row.get(1)?))
    })?;
    rows.collect()
}
