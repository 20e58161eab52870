//! Whether a database is sound: asked by people, beside a server or without one. Only what is read can be found damaged, and
//! history is hardly ever read; so here everything is.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::{Connection, Row};

use super::error::failed;
use super::query::word;
use super::{files, load, migrations};
use crate::core::audit::AuditKind;
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
        faults.extend(words(&db));
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

type ReadWords = fn(&Row<'_>) -> rusqlite::Result<()>;

/// The words of history, which nobody reads at a start; or which a start goes on without (14.6). Each row is named by its first
/// column.
const WORDS: [(&str, &str, ReadWords); 6] = [
    ("flip", "SELECT id, from_status, to_status, reason, causes FROM flips", |row| {
        word(row, 1, Status::of_word)?;
        word(row, 2, Status::of_word)?;
        word(row, 3, row::flip_reason)?;
        word(row, 4, row::read_causes).map(drop)
    }),
    ("a step of incident", "SELECT incident_id, what, kind, details FROM incident_steps", |row| {
        let (kind, details): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
        word(row, 1, |what| row::read_step(what, kind.as_deref(), details.as_deref())).map(drop)
    }),
    ("what was found of incident", "SELECT incident_id, diagnosis FROM diagnoses", |row| {
        word(row, 1, row::read_diagnosis).map(drop)
    }),
    ("what somebody did", "SELECT id, what FROM audit", |row| word(row, 1, AuditKind::of_word).map(drop)),
    ("the state of check", "SELECT check_id, state FROM states", |row| {
        let read = row::read_state(row.get_ref(1)?.as_blob()?);
        // One that cannot be read at all keeps a server from its start, and is told already.
        let are_lost = read.is_some_and(|read| read.are_results_lost);
        if are_lost { Err(rusqlite::Error::InvalidQuery) } else { Ok(()) }
    }),
    ("what Alertmanager was told of check", "SELECT check_id, alerts FROM alerts", |row| {
        word(row, 1, row::read_alerts).map(drop)
    }),
];

/// The first fault of each kind.
fn words(db: &Connection) -> Vec<String> {
    let look = |sql: &str, read: ReadWords| -> rusqlite::Result<Option<i64>> {
        let mut find = db.prepare(sql)?;
        let mut rows = find.query([])?;
        while let Some(row) = rows.next()? {
            if read(row).is_err() {
                return row.get(0).map(Some);
            }
        }
        Ok(None)
    };
    let of_kind = |(what, sql, read): (&str, &str, ReadWords)| match look(sql, read) {
        Ok(None) => None,
        Ok(Some(id)) => Some(format!("{what} {id} has words that this program does not know")),
        Err(error) => Some(format!("{what}: {error}")),
    };
    WORDS.into_iter().filter_map(of_kind).collect()
}
