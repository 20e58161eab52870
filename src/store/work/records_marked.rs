//! Keys of records that nobody wants to hear of (11.2): the mark follows what is said of the incident, and outlives it.

use super::record_rows::NewMark;
use super::rows::Rows;
use super::step::{Subject, step_check};
use crate::core::incident::{Incident, IncidentStatus, Matter};
use crate::core::step::Input;
use crate::store::StoreError;

/// The most keys of a check that are marked (11.2).
const MAX_MARKS: usize = 10_000;

/// Whether one more key of a check may be marked, or this one is.
pub(super) fn may_be_marked(rows: &dyn Rows, of: &Matter) -> Result<bool, StoreError> {
    Ok(rows.is_marked(of)? || rows.count_marks(of.check)? < MAX_MARKS)
}

/// Somebody said something of a record's incident: the mark follows (11.2), and its check may fail by it or not any more (18.5).
pub(super) fn stands_otherwise(
    rows: &mut dyn Rows,
    stood: &Incident,
    stands: &Incident,
    said: &NewMark<'_>,
) -> Result<(), StoreError> {
    let is_marked = |incident: &Incident| incident.status == IncidentStatus::WontFix;
    let (was, is) = (is_marked(stood), is_marked(stands));
    let at = said.at;
    if is {
        rows.put_mark(&stood.matter(), said)?;
    } else if was {
        rows.delete_mark(&stood.matter())?;
    }
    if stood.is_occurrence() {
        // No check fails by one.
        return Ok(());
    }
    let Some(standing) = rows.to_change(stood.check)?.filter(|_| was != is) else { return Ok(()) };
    let (definition, mut totals) = (standing.definition.clone(), standing.state.records());
    totals.wont_fix = if is { totals.wont_fix.saturating_add(1) } else { totals.wont_fix.saturating_sub(1) };
    totals.wont_fix = totals.wont_fix.min(totals.open);
    step_check(rows, Subject::as_before(stood.check, &definition), &Input::Records(totals), at).map(drop)
}
