//! What people have said of incidents: steps of theirs, which are history (14.6).

use rusqlite::{Row, params};

use crate::core::incident::{IncidentId, IncidentStep};
use crate::core::time::Time;
use crate::store::sqlite::error::failed;
use crate::store::sqlite::history_tables::History;
use crate::store::sqlite::query::{key, word};
use crate::store::sqlite::tx::Tx;
use crate::store::work::SaidOf;
use crate::store::{StoreError, row};

/// `None`: there is no incident of this number.
pub(super) fn said_of(tx: &Tx<'_>, incident: IncidentId) -> Result<Option<SaidOf>, StoreError> {
    let of = params![key(incident.0)];
    let is_there = "SELECT EXISTS (SELECT 1 FROM incidents WHERE id = ?1)";
    if !tx.db.query_row(is_there, of, |row| row.get(0)).map_err(failed)? {
        return Ok(None);
    }
    let count = |words: &str| -> Result<usize, StoreError> {
        let sql = format!("SELECT 1 FROM incident_steps WHERE incident_id = ?1 AND what IN ({words})");
        Ok(History::Steps.all(tx, &sql, of, |_| Ok(()))?.len())
    };
    let newest = format!(
        "SELECT number, at, what, by, details FROM incident_steps
         WHERE incident_id = ?1 AND what IN ({COMMENTS}, {STANCES}) ORDER BY number DESC LIMIT 2"
    );
    Ok(Some(SaidOf {
        comments: count(COMMENTS)?,
        stances: count(STANCES)?,
        newest: History::Steps.all(tx, &newest, of, numbered)?,
    }))
}

/// Answers whether it is kept.
pub(super) fn write_step(tx: &Tx<'_>, incident: IncidentId, step: &IncidentStep) -> Result<bool, StoreError> {
    let (what, kind, details) = row::write_step(step);
    let written = History::Steps.change(
        tx,
        "INSERT INTO incident_steps (incident_id, number, at, what, kind, by, details) VALUES
         (?1, (SELECT ifnull(max(number), 0) + 1 FROM incident_steps WHERE incident_id = ?1), ?2, ?3, ?4, ?5, ?6)",
        params![key(incident.0), step.at.as_ms(), what, kind, step.by, details],
    )?;
    Ok(written > 0)
}

const COMMENTS: &str = "'commented'";
const STANCES: &str = "'acknowledged', 'wont_fix', 'reopened'";

fn numbered(row: &Row<'_>) -> rusqlite::Result<(u64, IncidentStep)> {
    let details: Option<String> = row.get(4)?;
    let (what, comment) = word(row, 2, |what| row::read_step(what, None, details.as_deref()))?;
    let step = IncidentStep { at: Time::from_ms(row.get(1)?), what, by: row.get(3)?, comment };
    Ok((row.get::<_, i64>(0)?.unsigned_abs(), step))
}
