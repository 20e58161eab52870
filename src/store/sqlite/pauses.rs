//! Who paused a check at run time, who ended that, and what they said (7.1).

use rusqlite::params;

use super::key;
use super::tx::Tx;
use crate::core::check::CheckId;
use crate::core::incident::IncidentStep;
use crate::core::text::first_bytes;
use crate::core::time::Time;
use crate::store::{PingFact, StoreError};

/// So many are kept of a check, of which the newest is how it stands.
const KEPT: usize = 20;

impl Tx<'_> {
    /// Somebody has paused a check, or ended that. Texts are cut to what is kept.
    pub(super) fn note_who_paused(
        &self,
        check: CheckId,
        (is_paused, at): (bool, Time),
        comment: Option<&str>,
        by: Option<&str>,
    ) -> Result<(), StoreError> {
        let comment = comment.map(PingFact::kept);
        let by = by.map(|text| first_bytes(text, IncidentStep::MAX_BY_BYTES));
        self.execute(
            "INSERT INTO pauses (check_id, at, paused, comment, by) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![key(check.0), at.as_ms(), is_paused, comment, by],
        )?;
        self.execute(
            "DELETE FROM pauses WHERE check_id = ?1 AND id <= (
               SELECT id FROM pauses WHERE check_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            params![key(check.0), KEPT as i64],
        )
    }
}
