//! Numbers as SQLite has them, and queries that hand on each row.

use rusqlite::{Connection, Row};

use super::error::failed;
use crate::core::check::CheckId;
use crate::store::StoreError;

/// A number of the core as SQLite's. Numbers of rows are given by SQLite, which counts in i64 and begins at 1: a greater one,
/// which anybody may ask for, is that of no row.
pub(super) fn key(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of SQLite as a check's.
pub(super) fn id(number: i64) -> CheckId {
    CheckId(u64::try_from(number).unwrap_or_default())
}

/// Runs a query and hands on each row.
pub(super) fn for_each(
    db: &Connection,
    sql: &str,
    mut act: impl FnMut(&Row<'_>) -> rusqlite::Result<Result<(), StoreError>>,
) -> Result<(), StoreError> {
    let mut query = db.prepare(sql).map_err(failed)?;
    let mut rows = query.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        act(row).map_err(failed)??;
    }
    Ok(())
}

/// Parses a word of an enumeration, or a list in JSON. An unknown word is a fault of the file.
pub(super) fn word<T>(row: &Row<'_>, column: usize, read: impl Fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    let unknown = || format!("`{text}` is no word that this program knows").into();
    read(&text).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, unknown())
    })
}
