//! The rows of diagnoses, in one transaction (§21).

use crate::core::diagnose::Diagnosis;
use crate::core::incident::IncidentId;
use crate::store::StoreError;

/// Row operations. All that a call reads is as this call has left it so far.
pub(in crate::store) trait DiagnosisRows {
    /// All that was found of an incident, also of one that has ended, in the order of their numbers.
    fn diagnoses(&self, incident: IncidentId) -> Result<Vec<Diagnosis>, StoreError>;
    /// Writes one as it is now. It goes with its incident.
    fn put_diagnosis(&mut self, incident: IncidentId, diagnosis: &Diagnosis) -> Result<(), StoreError>;
}
