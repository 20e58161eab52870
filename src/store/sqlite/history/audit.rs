//! What people and the server did (22.10).

use rusqlite::{Connection, Row, params};

use crate::core::audit::{Audit, AuditKind};
use crate::core::time::Time;
use crate::store::history::{AuditRecord, AuditsWanted, MAX_PAGE};
use crate::store::sqlite::error::is_value_spoilt;
use crate::store::sqlite::query::{key, word};

/// What was done, newest first. A row that cannot be read is passed over (14.6).
pub(super) fn audits(
    db: &Connection,
    wanted: &AuditsWanted,
    before: Option<u64>,
    limit: usize,
) -> rusqlite::Result<Vec<AuditRecord>> {
    // No more rows than can be looked at are kept.
    let mut find = db.prepare_cached(
        "SELECT id, at, actor, what, check_name, details, comment FROM audit
         WHERE id < ?1 AND (?2 IS NULL OR instr(actor, ?2) > 0) AND (?3 IS NULL OR what = ?3)
           AND (?4 IS NULL OR check_name = ?4) AND (?5 IS NULL OR at >= ?5)
         ORDER BY id DESC",
    )?;
    let AuditsWanted { actor, what, check, since } = wanted;
    let before = before.map_or(i64::MAX, key);
    let (what, since) = (what.map(AuditKind::as_str), since.map(Time::as_ms));
    let mut rows = find.query(params![before, actor, what, check, since])?;
    let mut found = Vec::new();
    while found.len() < limit.min(MAX_PAGE)
        && let Some(row) = rows.next()?
    {
        match record(row) {
            Err(error) if is_value_spoilt(&error) => {}
            read => found.push(read?),
        }
    }
    Ok(found)
}

fn record(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    let done = Audit {
        at: Time::from_ms(row.get(1)?),
        actor: row.get(2)?,
        what: word(row, 3, AuditKind::of_word)?,
        check: row.get(4)?,
        details: row.get(5)?,
        comment: row.get(6)?,
    };
    Ok(AuditRecord { id: row.get::<_, i64>(0)?.unsigned_abs(), done })
}
