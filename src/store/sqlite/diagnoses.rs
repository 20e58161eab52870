//! The rows of diagnoses of the unit of work.

use rusqlite::{Connection, params};

use super::error::failed;
use super::query::{key, word};
use super::tx::Tx;
use crate::core::diagnose::Diagnosis;
use crate::core::incident::IncidentId;
use crate::store::StoreError;
use crate::store::row::{read_diagnosis, write_diagnosis};
use crate::store::work::DiagnosisRows;

/// All of an incident, in the order of their numbers.
pub(super) fn diagnoses_of(db: &Connection, incident: IncidentId) -> rusqlite::Result<Vec<Diagnosis>> {
    let sql = "SELECT diagnosis FROM diagnoses WHERE incident_id = ?1 ORDER BY number";
    let mut statement = db.prepare_cached(sql)?;
    statement.query_map([key(incident.0)], |row| word(row, 0, read_diagnosis))?.collect()
}

impl DiagnosisRows for Tx<'_> {
    fn diagnoses(&self, incident: IncidentId) -> Result<Vec<Diagnosis>, StoreError> {
        diagnoses_of(self.db, incident).map_err(failed)
    }

    fn put_diagnosis(&mut self, incident: IncidentId, diagnosis: &Diagnosis) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO diagnoses (incident_id, number, diagnosis) VALUES (?1, ?2, ?3)",
            params![key(incident.0), diagnosis.number, write_diagnosis(diagnosis)],
        )
    }
}
