//! Records that were begun by themselves end by themselves after a time (18.9b).

use super::record_life::{OfCheck, change, end};
use super::rows::Rows;
use crate::core::check::CheckId;
use crate::core::incident::{PUNCTUAL, RecordEnding};
use crate::core::time::Time;
use crate::store::StoreError;

/// Ends some of what was begun by itself long enough ago (18.9b), or nothing where others of this call have ended enough.
pub(super) fn resolve_some(rows: &mut dyn Rows, check: CheckId, now: Time) -> Result<(), StoreError> {
    let Some(standing) = rows.to_change(check)? else { return Ok(()) };
    let (definition, begun) = (standing.definition.clone(), standing.state.records().begun);
    let of = OfCheck { check, definition: &definition, by: PUNCTUAL, at: now };
    let Some((after, begun)) = definition.spec.resolves_after().zip(begun) else { return Ok(()) };
    let is_archived = standing.state.archived.is_some();
    let slice = *rows.records_left();
    if is_archived || now < begun + after || slice == 0 {
        return Ok(());
    }
    let mut keys = rows.begun_first(check, slice)?;
    keys.retain(|(_, at)| *at + after <= now);
    *rows.records_left() -= keys.len();
    change(rows, of, |rows, made| {
        made.look_up_begun();
        keys.iter().try_for_each(|(key, _)| end(rows, of, key, RecordEnding::Resolved, made))
    })
    .map(drop)
}

/// What is asked of a check's records is another thing: which of them ends by itself first is looked up.
pub(super) fn ask_anew(rows: &mut dyn Rows, check: CheckId, now: Time) -> Result<(), StoreError> {
    let definition = rows.definition(check)?;
    let of = OfCheck { check, definition: &definition, by: PUNCTUAL, at: now };
    change(rows, of, |_, made| {
        made.look_up_begun();
        Ok(())
    })
    .map(drop)
}
