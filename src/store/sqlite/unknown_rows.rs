//! The rows of names that are pinged and that no check has.

use rusqlite::types::Type;
use rusqlite::{Connection, Error, Row, params};

use super::history_tables::{DamagedTables, History};
use super::query::key;
use super::tx::Tx;
use crate::core::time::Time;
use crate::store::{StoreError, UnknownName, UnknownNames};

/// At a start, those that can be read.
pub(super) fn load(db: &Connection, damaged: &mut DamagedTables) -> Result<UnknownNames, StoreError> {
    let mut names = Vec::new();
    let sql = "SELECT name, first, last, count, ends, source FROM unknown_names ORDER BY last DESC";
    History::UnknownNames.read_at_start(db, damaged, sql, |row| {
        names.push(read(row)?);
        Ok(())
    })?;
    Ok(UnknownNames::stored(names))
}

fn read(row: &Row<'_>) -> rusqlite::Result<UnknownName> {
    let source: String = row.get(5)?;
    Ok(UnknownName {
        name: row.get(0)?,
        first: Time::from_ms(row.get(1)?),
        last: Time::from_ms(row.get(2)?),
        count: row.get::<_, i64>(3)?.unsigned_abs(),
        ends: row.get::<_, i64>(4)?.unsigned_abs(),
        source: source
            .parse()
            .map_err(|error| Error::FromSqlConversionFailure(5, Type::Text, Box::new(error)))?,
    })
}

/// There are these, and no others.
pub(super) fn put(tx: &Tx<'_>, names: &[UnknownName]) -> Result<(), StoreError> {
    let table = History::UnknownNames;
    table.change(tx, "DELETE FROM unknown_names", &[])?;
    for known in names {
        let UnknownName { name, first, last, count, ends, source } = known;
        let values = params![name, first.as_ms(), last.as_ms(), key(*count), key(*ends), source.to_string()];
        table.change(tx, "INSERT INTO unknown_names VALUES (?1, ?2, ?3, ?4, ?5, ?6)", values)?;
    }
    Ok(())
}
