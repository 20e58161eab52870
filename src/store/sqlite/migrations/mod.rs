//! The schema, one SQL file per version. A released file is never changed; a new one follows it.

use rusqlite::Connection;

use super::error::failed;
use crate::store::StoreError;

/// The step from each version to the next, in order.
const STEPS: &[&str] = &[
    include_str!("0001.sql"),
    include_str!("0002.sql"),
    include_str!("0003.sql"),
    include_str!("0004.sql"),
    include_str!("0005.sql"),
    include_str!("0006.sql"),
    include_str!("0007.sql"),
    include_str!("0008.sql"),
    include_str!("0009.sql"),
    include_str!("0010.sql"),
    include_str!("0011.sql"),
    include_str!("0012.sql"),
    include_str!("0013.sql"),
    include_str!("0014.sql"),
    include_str!("0015.sql"),
    include_str!("0016.sql"),
    include_str!("0017.sql"),
    include_str!("0018.sql"),
    include_str!("0019.sql"),
    include_str!("0020.sql"),
    include_str!("0021.sql"),
    include_str!("0022.sql"),
    include_str!("0023.sql"),
    include_str!("0024.sql"),
];

/// The version that this program reads and writes.
pub(super) const VERSION: u32 = STEPS.len() as u32;

/// Marks the file as punctual's (`PRAGMA application_id`): "Pctl".
const APPLICATION_ID: i32 = 0x5063_746c;

/// The version of a database; 0 for an empty one. Refuses a newer version, and a database of another program.
pub(super) fn inspect(db: &Connection) -> Result<u32, StoreError> {
    let found: u32 = pragma(db, "user_version")?;
    let application: i32 = pragma(db, "application_id")?;
    let tables: u32 =
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(StoreError::Failed("the file is a database of another program".to_owned()));
    }
    if found > VERSION {
        return Err(StoreError::Newer { found, known: VERSION });
    }
    Ok(found)
}

/// Brings a database to [`VERSION`] in one transaction. Returns whether it was empty before.
pub(super) fn migrate(db: &mut Connection) -> Result<bool, StoreError> {
    let found = inspect(db)?;
    if found == VERSION {
        return Ok(false);
    }
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    for step in &STEPS[found as usize..] {
        tx.execute_batch(step).map_err(failed)?;
    }
    tx.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    tx.commit().map_err(failed)?;
    Ok(found == 0)
}

fn pragma<T: rusqlite::types::FromSql>(db: &Connection, name: &str) -> Result<T, StoreError> {
    db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).map_err(failed)
}
