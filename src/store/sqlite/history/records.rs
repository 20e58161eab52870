//! Records that are open, and keys that are marked (§18).

use rusqlite::Row;

use super::reader::{Reader, key, number};
use crate::core::check::CheckId;
use crate::core::incident::{IncidentId, IncidentKey};
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::history::{MAX_PAGE, MarkRecord, OpenRecord, RecordsWanted};
use crate::store::row::{incident_status, read_labels};
use crate::store::sqlite::query::word;

/// Records of a check that are open, in the order of their keys.
pub(super) fn records(
    reader: &Reader,
    check: CheckId,
    wanted: &RecordsWanted,
) -> Result<Vec<OpenRecord>, StoreError> {
    let RecordsWanted { after, only, search, wont_fix, limit } = wanted;
    // Both limits are within the index of open incidents.
    let sql = "SELECT incidents.key, id, status, opened_at, labels, ifnull(title, ''), ifnull(details, ''),
                 ifnull(begun, 0), begun_at, occurred_at
               FROM incidents LEFT JOIN record_details ON incident_id = id
                 LEFT JOIN records ON records.check_id = incidents.check_id AND records.key = incidents.key
               WHERE incidents.check_id = ?1 AND ended_at IS NULL AND incidents.key > ?2
                 AND (?3 IS NULL OR incidents.key = ?3) AND (?4 IS NULL OR (status = 'wont_fix') = ?4)
                 AND (?5 = '' OR instr(lower(incidents.key), lower(?5)) OR instr(lower(title), lower(?5)))
               ORDER BY incidents.key LIMIT ?6";
    let limit = key((*limit).min(MAX_PAGE) as u64);
    reader.read(|db| {
        let mut statement = db.prepare_cached(sql)?;
        statement
            .query_map((key(check.0), after, only.as_deref(), wont_fix, search, limit), record)?
            .collect()
    })
}

/// Keys of a check that are marked, in their order, after this one.
pub(super) fn marks(
    reader: &Reader,
    check: CheckId,
    after: &str,
    limit: usize,
) -> Result<Vec<MarkRecord>, StoreError> {
    let sql = "SELECT key, at, by, comment FROM marks WHERE check_id = ?1 AND key > ?2 ORDER BY key LIMIT ?3";
    reader.read(|db| {
        let mut statement = db.prepare_cached(sql)?;
        statement.query_map((key(check.0), after, key(limit.min(MAX_PAGE) as u64)), mark)?.collect()
    })
}

/// One of them.
pub(super) fn one_mark(
    reader: &Reader,
    check: CheckId,
    of: &IncidentKey,
) -> Result<Option<MarkRecord>, StoreError> {
    let sql = "SELECT key, at, by, comment FROM marks WHERE check_id = ?1 AND key = ?2";
    let found: Vec<MarkRecord> = reader.read(|db| {
        let mut statement = db.prepare_cached(sql)?;
        statement.query_map((key(check.0), of.as_str()), mark)?.collect()
    })?;
    Ok(found.into_iter().next())
}

fn record(row: &Row<'_>) -> rusqlite::Result<OpenRecord> {
    let title: String = row.get(5)?;
    let key = word(row, 0, |key| IncidentKey::parse(key).ok())?;
    Ok(OpenRecord {
        title: if title.is_empty() { key.to_string() } else { title },
        key,
        incident: IncidentId(number(row, 1)?),
        status: word(row, 2, incident_status)?,
        opened_at: Time::from_ms(row.get(3)?),
        labels: word(row, 4, read_labels)?,
        details: row.get(6)?,
        begun: row.get(7)?,
        begun_at: row.get::<_, Option<i64>>(8)?.map(Time::from_ms),
        occurred_at: row.get::<_, Option<i64>>(9)?.map(Time::from_ms),
    })
}

fn mark(row: &Row<'_>) -> rusqlite::Result<MarkRecord> {
    Ok(MarkRecord {
        key: word(row, 0, |key| IncidentKey::parse(key).ok())?,
        at: Time::from_ms(row.get(1)?),
        by: row.get(2)?,
        comment: row.get(3)?,
    })
}
