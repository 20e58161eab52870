//! The history of incidents: their steps, and who was told.

use rusqlite::{OptionalExtension as _, Row};

use super::reader::{Reader, RowsOfCheck, key, number};
use super::records;
use crate::core::check::{CheckId, Definition};
use crate::core::diagnose::Diagnosis;
use crate::core::incident::{IncidentId, IncidentKey, IncidentStatus, IncidentStep};
use crate::core::outbox::Delivery;
use crate::core::retention::Retention;
use crate::core::time::Time;
use crate::core::uptime::UptimeIncident;
use crate::store::StoreError;
use crate::store::history::{IncidentRecord, MAX_PAGE, MarkRecord, OpenRecord, RecordsWanted};
use crate::store::row::{incident_status, read_causes, read_definition, read_labels, read_step};
use crate::store::sqlite::diagnoses::diagnoses_of;
use crate::store::sqlite::outbox::rows::deliveries_of;
use crate::store::sqlite::query::word;

impl Reader {
    /// A page of a check's incidents, newest first: those before the incident `before`, or the newest.
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
            RowsOfCheck { check, before, limit },
            incident,
        )
    }

    /// A page of all checks' incidents, newest first: those before the incident `before`, or the newest; only ended
    /// ones, only open ones, or both.
    pub fn incidents_of_all(
        &self,
        ended: Option<bool>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<IncidentRecord>, StoreError> {
        // Written as a constant condition, so that SQLite uses the index of open incidents.
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

    /// The definition of a check, which may be archived; `None` if it has been forgotten.
    pub fn definition(&self, check: CheckId) -> Result<Option<Definition>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT definition FROM checks WHERE id = ?1")?;
            let found =
                statement.query_row([key(check.0)], |row| word(row, 0, |text| read_definition(text).ok()));
            found.optional()
        })
    }

    /// The incident with this number; `None` if there is none, or it has been forgotten.
    pub fn incident(&self, id: IncidentId) -> Result<Option<IncidentRecord>, StoreError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached(&format!("SELECT {INCIDENT} FROM incidents WHERE id = ?1"))?;
            statement.query_row([key(id.0)], incident).optional()
        })
    }

    /// The open incident of the check's own key, if there is one (11.1).
    pub fn open_incident(&self, check: CheckId) -> Result<Option<IncidentRecord>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {INCIDENT} FROM incidents WHERE check_id = ?1 AND key = '' AND ended_at IS NULL"
            ))?;
            statement.query_row([key(check.0)], incident).optional()
        })
    }

    /// Records of a check that are open, in the order of their keys.
    pub fn records(&self, check: CheckId, wanted: &RecordsWanted) -> Result<Vec<OpenRecord>, StoreError> {
        records::records(self, check, wanted)
    }

    /// Keys of a check that are marked, in their order, after this one.
    pub fn marks(&self, check: CheckId, after: &str, limit: usize) -> Result<Vec<MarkRecord>, StoreError> {
        records::marks(self, check, after, limit)
    }

    /// One of them.
    pub fn mark(&self, check: CheckId, of: &IncidentKey) -> Result<Option<MarkRecord>, StoreError> {
        records::one_mark(self, check, of)
    }

    /// The newest steps of an incident, at most [`MAX_PAGE`]; oldest first.
    pub fn steps(&self, incident: IncidentId) -> Result<Vec<IncidentStep>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT at, what, kind, by, details FROM incident_steps
                 WHERE incident_id = ?1 ORDER BY number DESC LIMIT ?2",
            )?;
            let rows = statement.query_map((key(incident.0), key(MAX_PAGE as u64)), step)?;
            let mut steps: Vec<IncidentStep> = rows.collect::<rusqlite::Result<_>>()?;
            steps.reverse();
            Ok(steps)
        })
    }

    /// What a record is called; `None`: the incident is none of a record, or it was called nothing.
    pub fn record_title(&self, incident: IncidentId) -> Result<Option<String>, StoreError> {
        self.read(|db| {
            let sql = "SELECT title FROM record_details WHERE incident_id = ?1 AND title <> ''";
            db.prepare_cached(sql)?.query_row([key(incident.0)], |row| row.get(0)).optional()
        })
    }

    /// All that was found of an incident (§21), oldest first.
    pub fn diagnoses(&self, incident: IncidentId) -> Result<Vec<Diagnosis>, StoreError> {
        self.read(|db| diagnoses_of(db, incident))
    }

    /// Incidents of a check that go on and that nobody has answered, but for those of which a solution is under way: those of
    /// which nothing was found yet, and then those that were looked at longest ago, at most so many.
    pub fn to_be_diagnosed(&self, check: CheckId, limit: usize) -> Result<Vec<IncidentRecord>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "SELECT {INCIDENT} FROM incidents WHERE check_id = ?1 AND ended_at IS NULL AND NOT is_solution_under_way
                   AND status IN ('open', 'solution_applied', 'impasse')
                 ORDER BY diagnosed_at IS NOT NULL, diagnosed_at, id LIMIT ?2"
            ))?;
            statement.query_map((key(check.0), key(limit as u64)), incident)?.collect()
        })
    }

    /// The last step that set an incident's stance (acknowledged, `wont_fix` or open again); `None` if there is none.
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

    /// A page of the incidents of the check itself (11.1), newest first: those before the incident `before`, or the newest.
    pub fn incident_times(
        &self,
        check: CheckId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<UptimeIncident>, StoreError> {
        self.page(
            "SELECT id, opened_at, ended_at, status,
               (SELECT at FROM incident_steps WHERE incident_id = incidents.id AND what = 'acknowledged'
                ORDER BY number LIMIT 1)
             FROM incidents WHERE check_id = ?1 AND id < ?2 AND key = '' ORDER BY id DESC LIMIT ?3",
            RowsOfCheck { check, before, limit },
            |row| {
                let time = |column| row.get::<_, Option<i64>>(column).map(|ms| ms.map(Time::from_ms));
                Ok(UptimeIncident {
                    id: IncidentId(number(row, 0)?),
                    opened_at: Time::from_ms(row.get(1)?),
                    ended_at: time(2)?,
                    is_resolved: row
                        .get::<_, String>(3)
                        .is_ok_and(|word| incident_status(&word) == Some(IncidentStatus::Resolved)),
                    acknowledged_at: time(4)?,
                })
            },
        )
    }

    /// All incidents are kept that have ended since this time.
    pub fn incidents_kept_since(&self, now: Time) -> Result<Time, StoreError> {
        let by_age = now - Retention::INCIDENTS;
        self.read(|db| {
            let mut statement = db.prepare_cached(AS_MANY_AS_ARE_KEPT)?;
            let others = i64::try_from(Retention::MAX_INCIDENTS - 1).unwrap_or(i64::MAX);
            let mut found = statement.query([others])?;
            let oldest = found.next()?.map(|row| row.get(0)).transpose()?;
            Ok(oldest.map_or(by_age, |oldest| by_age.max(Time::from_ms(oldest))))
        })
    }

    /// The deliveries of an incident, by their numbers; at most [`MAX_PAGE`].
    pub fn deliveries(&self, incident: IncidentId) -> Result<Vec<Delivery>, StoreError> {
        self.read(|db| Ok(deliveries_of(db, incident, Some(MAX_PAGE))))?
    }
}

/// The incident that is the oldest of as many as are kept: whether there are that many is read off the index.
const AS_MANY_AS_ARE_KEPT: &str = "SELECT (SELECT min(ended_at) FROM incidents WHERE ended_at IS NOT NULL)
     FROM (SELECT 1 FROM incidents WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 1 OFFSET ?1)";

/// The columns that [`incident`] reads.
const INCIDENT: &str = "id, check_id, opened_at, ended_at, status, first, key, acknowledged_until, labels";

fn incident(row: &Row<'_>) -> rusqlite::Result<IncidentRecord> {
    let first = word(row, 5, |text| read_causes(text)?.first().copied())?;
    Ok(IncidentRecord {
        id: IncidentId(number(row, 0)?),
        check: CheckId(number(row, 1)?),
        key: word(row, 6, |key| IncidentKey::parse(key).ok())?,
        opened_at: Time::from_ms(row.get(2)?),
        ended_at: row.get::<_, Option<i64>>(3)?.map(Time::from_ms),
        status: word(row, 4, incident_status)?,
        until: row.get::<_, Option<i64>>(7)?.map(Time::from_ms),
        first,
        labels: word(row, 8, read_labels)?,
    })
}

fn step(row: &Row<'_>) -> rusqlite::Result<IncidentStep> {
    let (kind, details): (Option<String>, Option<String>) = (row.get(2)?, row.get(4)?);
    let (what, comment) = word(row, 1, |what| read_step(what, kind.as_deref(), details.as_deref()))?;
    Ok(IncidentStep { at: Time::from_ms(row.get(0)?), what, by: row.get(3)?, comment })
}
