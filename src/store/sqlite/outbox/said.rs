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
    let count = |sql: &str| -> Result<usize, StoreError> {
        Ok(History::Steps.all(tx, sql, of, |row| row.get::<_, u32>(0))?.into_iter().sum::<u32>() as usize)
    };
    Ok(Some(SaidOf {
        comments: count(COMMENTS)?,
        stances: count(STANCES)?,
        newest: History::Steps.all(tx, NEWEST, of, numbered)?,
    }))
}

/// No more are asked for than there may be (`Saying::MAX_COMMENTS`, `Saying::MAX_STANCES`): of older versions there may be
/// more.
const COMMENTS: &str = "SELECT count(*) FROM (SELECT 1 FROM incident_steps
    WHERE incident_id = ?1 AND what = 'commented' LIMIT 200)";
const STANCES: &str = "SELECT count(*) FROM (SELECT 1 FROM incident_steps
    WHERE incident_id = ?1 AND what IN ('acknowledged', 'wont_fix', 'reopened') LIMIT 200)";
/// `+` keeps SQLite from going through all that its check did to find them.
const NEWEST: &str = "SELECT number, at, what, by, details FROM incident_steps
    WHERE incident_id = ?1 AND number IN (SELECT number FROM incident_steps
        WHERE incident_id = ?1 AND what IN ('commented', 'acknowledged', 'wont_fix', 'reopened')
        ORDER BY +number DESC LIMIT 2)
    ORDER BY number DESC";

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

fn numbered(row: &Row<'_>) -> rusqlite::Result<(u64, IncidentStep)> {
    let details: Option<String> = row.get(4)?;
    let (what, comment) = word(row, 2, |what| row::read_step(what, None, details.as_deref()))?;
    let step = IncidentStep { at: Time::from_ms(row.get(1)?), what, by: row.get(3)?, comment };
    Ok((row.get::<_, i64>(0)?.unsigned_abs(), step))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{COMMENTS, NEWEST, STANCES};
    use crate::store::Saying;
    use crate::store::sqlite::migrations::migrate;

    /// 22.3: however often its check flipped, what people said is found without looking at that.
    #[test]
    fn what_people_said_is_found_among_whatever_else_happened() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        for sql in [COMMENTS, STANCES, NEWEST] {
            let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan: Vec<String> =
                explain.query_map([1], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
            let reads: Vec<&String> = plan.iter().filter(|line| line.contains("incident_steps")).collect();
            let is_direct = |line: &&String| {
                line.contains("COVERING INDEX incident_steps_what (incident_id=? AND what=?)")
                    || line.contains("USING PRIMARY KEY (incident_id=? AND number=?)")
            };
            assert!(!reads.is_empty() && reads.iter().all(is_direct), "{plan:?}");
        }
        assert_eq!((Saying::MAX_COMMENTS, Saying::MAX_STANCES), (200, 200), "as many as are asked for");
    }
}
