//! The rows of diagnoses of the unit of work.

use rusqlite::{Connection, Row, params};

use super::error::failed;
use super::query::key;
use super::tx::Tx;
use crate::core::diagnose::Diagnosis;
use crate::core::incident::IncidentId;
use crate::store::StoreError;
use crate::store::row::{read_diagnosis, write_diagnosis};
use crate::store::work::DiagnosisRows;

/// All of an incident that can be read, in the order of their numbers: what is told of others must not wait for one that cannot.
pub(super) fn diagnoses_of(db: &Connection, incident: IncidentId) -> rusqlite::Result<Vec<Diagnosis>> {
    let sql = "SELECT diagnosis, number FROM diagnoses WHERE incident_id = ?1 ORDER BY number";
    let mut statement = db.prepare_cached(sql)?;
    let read = |row: &Row<'_>| {
        let diagnosis = row.get_ref(0)?.as_str().ok().and_then(read_diagnosis);
        if diagnosis.is_none() {
            let number: i64 = row.get(1)?;
            tracing::error!(incident = incident.0, number, "a diagnosis cannot be read, and is passed over");
        }
        Ok(diagnosis)
    };
    let all: rusqlite::Result<Vec<Option<Diagnosis>>> =
        statement.query_map([key(incident.0)], read)?.collect();
    Ok(all?.into_iter().flatten().collect())
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
