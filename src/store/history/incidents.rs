//! Incidents, what happened to them, and who was told.

use rusqlite::{OptionalExtension as _, Row};

use super::{MAX_PAGE, Reader, key, number, word};
use crate::core::cause::Cause;
use crate::core::check::{CheckId, Definition};
use crate::core::incident::{IncidentId, IncidentKey, IncidentStatus, IncidentStep};
use crate::core::outbox::Delivery;
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::row::{incident_status, read_causes, read_definition, read_step};
use crate::store::sqlite::outbox::rows::deliveries_of;

/// An incident as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentRecord {
    /// Its number: also the cursor to the page after it.
    pub id: IncidentId,
    /// Whose.
    pub check: CheckId,
    /// Which of it (11.1).
    pub key: IncidentKey,
    /// When it began.
    pub opened_at: Time,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// Where it stands.
    pub status: IncidentStatus,
    /// The cause that opened it.
    pub first: Cause,
}

impl Reader {
    /// Incidents of a check, newest first, before the incident `before`.
    pub fn incidents(
        &self,
        check: CheckId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<IncidentRecord>, StoreError> {
        self.page(
            &format!(
                "SELECT {INCIDENT} FROM incidents WHERE check_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
            ),
            (check, before, limit),
            incident,
        )
    }

    /// Incidents of all checks, newest first, before the incident `before`: those that have ended, those that have not, or
    /// both.
    pub fn incidents_of_all(
        &self,
        ended: Option<bool>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<IncidentRecord>, StoreError> {
        // Written out, so that those that have not ended are found by their index.
        let which = match ended {
            Some(true) => "AND ended_at IS NOT NULL",
            Some(false) => "AND ended_at IS NULL",
            None => "",
        };
        let sql = format!("SELECT {INCIDENT} FROM incidents WHERE id < ?1 {which} ORDER BY id DESC LIMIT ?2");
        self.read(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let before = before.map_or(i64::MAX, key);
            statement.query_map((before, key(limit.min(MAX_PAGE) as u64)), incident)?.collect()
        })
    }

    /// What was declared of a check, also of one that no longer is; `None`: it is forgotten.
    pub fn definition(&self, check: CheckId) -> Result<Option<Definition>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT definition FROM checks WHERE id = ?1")?;
            let found =
                statement.query_row([key(check.0)], |row| word(row, 0, |text| read_definition(text).ok()));
            found.optional()
        })
    }

    /// The incident of this number; `None`: there never was one, or it is forgotten.
    pub fn incident(&self, id: IncidentId) -> Result<Option<IncidentRecord>, StoreError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached(&format!("SELECT {INCIDENT} FROM incidents WHERE id = ?1"))?;
            statement.query_row([key(id.0)], incident).optional()
        })
    }

    /// The incident of a check itself that has not ended: one, or none (11.1).
    pub fn open_incident(&self, check: CheckId) -> Result<Option<IncidentRecord>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {INCIDENT} FROM incidents WHERE check_id = ?1 AND key = '' AND ended_at IS NULL"
            ))?;
            statement.query_row([key(check.0)], incident).optional()
        })
    }

    /// What happened to an incident, oldest first; at most [`MAX_PAGE`] steps.
    pub fn steps(&self, incident: IncidentId) -> Result<Vec<IncidentStep>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT at, what, kind, by, details FROM incident_steps
                 WHERE incident_id = ?1 ORDER BY number LIMIT ?2",
            )?;
            let rows = statement.query_map((key(incident.0), key(MAX_PAGE as u64)), step)?;
            rows.collect()
        })
    }

    /// What somebody said of an incident last: acknowledged, `wont_fix` or open again; `None`: nobody said anything.
    pub fn last_said(&self, incident: IncidentId) -> Result<Option<IncidentStep>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT at, what, kind, by, details FROM incident_steps
                 WHERE incident_id = ?1 AND what IN ('acknowledged', 'wont_fix', 'reopened')
                 ORDER BY number DESC LIMIT 1",
            )?;
            statement.query_row([key(incident.0)], step).optional()
        })
    }

    /// Who was or will be told of an incident, in the order of the deliveries' numbers; at most [`MAX_PAGE`].
    pub fn deliveries(&self, incident: IncidentId) -> Result<Vec<Delivery>, StoreError> {
        self.read(|db| Ok(deliveries_of(db, incident, Some(MAX_PAGE))))?
    }
}

/// The columns of a row that [`incident`] reads.
const INCIDENT: &str = "id, check_id, opened_at, ended_at, status, first, key";

fn incident(row: &Row<'_>) -> rusqlite::Result<IncidentRecord> {
    let first = word(row, 5, |text| read_causes(text)?.first().copied())?;
    Ok(IncidentRecord {
        id: IncidentId(number(row, 0)?),
        check: CheckId(number(row, 1)?),
        key: word(row, 6, |key| IncidentKey::parse(key).ok())?,
        opened_at: Time::from_ms(row.get(2)?),
        ended_at: row.get::<_, Option<i64>>(3)?.map(Time::from_ms),
        status: word(row, 4, incident_status)?,
        first,
    })
}

fn step(row: &Row<'_>) -> rusqlite::Result<IncidentStep> {
    let (kind, details): (Option<String>, Option<String>) = (row.get(2)?, row.get(4)?);
    let what = word(row, 1, |what| read_step(what, kind.as_deref(), details.as_deref()))?;
    Ok(IncidentStep { at: Time::from_ms(row.get(0)?), what, by: row.get(3)? })
}
