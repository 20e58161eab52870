//! Who paused a check at run time, who ended that, and what they said (7.1).

use super::fact_rows::NewPause;
use super::rows::Rows;
use crate::core::check::CheckId;
use crate::core::incident::IncidentStep;
use crate::core::text::first_bytes;
use crate::store::{PingFact, StoreError};

/// So many are kept of a check, of which the newest is how it stands.
const KEPT: usize = 20;

/// Somebody has paused a check, or ended that. Texts are cut to what is kept.
pub(super) fn note_who_paused(
    rows: &mut dyn Rows,
    check: CheckId,
    pause: NewPause<'_>,
) -> Result<(), StoreError> {
    let comment = pause.comment.map(PingFact::kept);
    let by = pause.by.map(|text| first_bytes(text, IncidentStep::MAX_BY_BYTES));
    rows.insert_pause(check, NewPause { comment, by, ..pause })?;
    rows.delete_pauses_but(check, KEPT)
}
