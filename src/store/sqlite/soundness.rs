//! Whether a database is sound: asked by people, beside a server or without one. Only what is read can be found damaged, and
//! history is hardly ever read; so here everything is.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::Connection;

use super::error::failed;
use super::{files, load, migrations};
use crate::core::cause::Status;
use crate::store::StoreError;
use crate::store::row;

/// So many faults are told.
const MAX_FAULTS: usize = 20;

/// What is wrong with the database of a folder; empty: nothing that could be seen. Reads all of it, and changes nothing. A
/// server goes on beside it; only its write-ahead log grows meanwhile.
///
/// An error says that it cannot be read at all: there is none, it is another program's, or a newer version's.
pub fn soundness(folder: &Path) -> Result<Vec<String>, StoreError> {
    let path = files::database(folder);
    if !path.exists() {
        return Err(StoreError::Failed(format!("there is no {}", path.display())));
    }
    let db = files::open_reader(folder)?;
    let version = migrations::inspect(&db)?;
    // One state of all, though a server writes.
    let _snapshot = db.unchecked_transaction().map_err(failed)?;
    let mut faults = pages(&db);
    // What older versions wrote is another matter: a start rewrites it first.
    if faults.is_empty() && version == migrations::VERSION {
        faults.extend(load::load(&db, &HashSet::new()).err().map(|error| error.to_string()));
        faults.extend(words(&db).err());
    }
    Ok(faults)
}

/// Pages of tables and indexes, and how they hang together.
fn pages(db: &Connection) -> Vec<String> {
    let mut faults = Vec::new();
    let mut look = || -> rusqlite::Result<()> {
        let mut check = db.prepare(&format!("PRAGMA quick_check({MAX_FAULTS})"))?;
        let mut rows = check.query([])?;
        while let Some(row) = rows.next()? {
            let said: String = row.get(0)?;
            faults.extend(
                said.lines().filter(|line| *line != "ok" && !line.starts_with("***")).map(str::to_owned),
            );
        }
        Ok(())
    };
    if let Err(error) = look() {
        faults.push(error.to_string());
    }
    faults.truncate(MAX_FAULTS);
    faults
}

/// The history of flips, which nobody reads at a start.
fn words(db: &Connection) -> Result<(), String> {
    let look = || -> rusqlite::Result<Option<i64>> {
        let mut flips = db.prepare("SELECT id, from_status, to_status, reason, causes FROM flips")?;
        let mut rows = flips.query([])?;
        while let Some(row) = rows.next()? {
            let is_known = Status::of_word(row.get_ref(1)?.as_str()?).is_some()
                && Status::of_word(row.get_ref(2)?.as_str()?).is_some()
                && row::flip_reason(row.get_ref(3)?.as_str()?).is_some()
                && row::read_causes(row.get_ref(4)?.as_str()?).is_some();
            if !is_known {
                return row.get(0).map(Some);
            }
        }
        Ok(None)
    };
    match look() {
        Ok(None) => Ok(()),
        Ok(Some(id)) => Err(format!("flip {id} has words that this program does not know")),
        Err(error) => Err(format!("flips: {error}")),
    }
}
