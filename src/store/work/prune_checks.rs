//! Checks that were archived long enough ago are forgotten, with all that is theirs (10.3).

use super::old_rows::OldRows;
use super::round::{REMOVED, Round};
use crate::core::check::CheckId;
use crate::core::time::Time;
use crate::store::StoreError;

/// What it costs about as much as to forget one more check, or incident.
const ROWS: usize = 10;

/// Those that are archived are looked at once, when this begins: `over` are those left of what was found then, archived `before`.
pub(super) fn prune_checks(
    rows: &mut dyn OldRows,
    over: Option<Vec<CheckId>>,
    before: Time,
) -> Result<Round, StoreError> {
    let mut over = match over {
        Some(over) => over,
        None => archived_and_told(rows, before)?,
    };
    let mut left = REMOVED;
    while left > 0
        && let Some(check) = over.last().copied()
    {
        // It may have been declared again meanwhile, or is about to be.
        let is_over =
            rows.archived_at(check)?.is_some_and(|archived| archived < before) && !is_pending(&*rows, check)?;
        if is_over && !remove_check(rows, check, &mut left)? {
            break;
        }
        over.pop();
    }
    Ok(if over.is_empty() { Round::Space(0) } else { Round::Checks(Some(over)) })
}

fn is_pending(rows: &dyn OldRows, check: CheckId) -> Result<bool, StoreError> {
    Ok(rows.has_pending() && rows.pending(&rows.definition(check)?.name).is_some())
}

/// Those of which nothing is open or still to be told, the first at the end.
fn archived_and_told(rows: &dyn OldRows, before: Time) -> Result<Vec<CheckId>, StoreError> {
    let mut over = rows.archived_before(before)?;
    if !over.is_empty() {
        let unfinished = rows.unfinished_checks()?;
        let mut told = Vec::new();
        for id in over {
            if !unfinished.contains(&id) && rows.alerts(id)?.is_empty() {
                told.push(id);
            }
        }
        over = told;
    }
    over.sort_unstable_by(|a, b| b.cmp(a));
    Ok(over)
}

/// Removes a check and what is its own, no more than `left` rows of it; true once it is forgotten.
fn remove_check(rows: &mut dyn OldRows, check: CheckId, left: &mut usize) -> Result<bool, StoreError> {
    *left -= rows.delete_history(check, *left)?;
    *left -= rows.delete_records(check, *left)?;
    if *left == 0 {
        return Ok(false);
    }
    let most = left.div_ceil(ROWS);
    let incidents = rows.incidents_of(check, most)?;
    for incident in &incidents {
        rows.delete_incident(*incident)?;
    }
    *left = left.saturating_sub(incidents.len() * ROWS + ROWS);
    if incidents.len() == most {
        return Ok(false);
    }
    // Its pings are removed in the next round, since no check has their number.
    rows.delete_check(check)?;
    Ok(true)
}
