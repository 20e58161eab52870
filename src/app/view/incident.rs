//! Incidents as they are shown.

use crate::core::check::CheckId;
use crate::core::incident::{IncidentStatus, IncidentStep};
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::history::{IncidentRecord, Reader};
use crate::store::live::Answered;

/// An incident as it is shown.
#[derive(Clone, Debug)]
pub struct IncidentView {
    /// The stored row.
    pub record: IncidentRecord,
    /// How it stands now, see [`standing`].
    pub status: IncidentStatus,
    /// The last step in which somebody said how it stands.
    pub said: Option<IncidentStep>,
}

impl IncidentView {
    /// Reads what is not in the row.
    pub fn of(
        reader: &Reader,
        answered: &Answered,
        record: IncidentRecord,
    ) -> Result<IncidentView, StoreError> {
        let (status, said) = (standing(answered, &record), reader.last_said(record.id)?);
        Ok(IncidentView { record, status, said })
    }

    /// Until when it is acknowledged, if that has an end (22.4).
    pub fn until(&self) -> Option<Time> {
        self.record.until.filter(|_| self.record.status == IncidentStatus::Acknowledged)
    }

    /// The open incident of a check.
    pub fn open(
        reader: &Reader,
        answered: &Answered,
        check: CheckId,
    ) -> Result<Option<IncidentView>, StoreError> {
        let open = reader.open_incident(check)?;
        open.map(|record| IncidentView::of(reader, answered, record)).transpose()
    }
}

/// How an incident stands now: open, where whoever acknowledged it has not taken on all causes that hold (11.2).
pub fn standing(answered: &Answered, incident: &IncidentRecord) -> IncidentStatus {
    let is_own = incident.key.is_own();
    let is_covered = answered.contains_key(&incident.check);
    match incident.status {
        IncidentStatus::Acknowledged if is_own && !is_covered => IncidentStatus::Open,
        status => status,
    }
}
