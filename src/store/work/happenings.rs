//! The history of checks that have an alias: written in the transaction of the fact, and pruned as it grows.

use super::fact_rows::OldHappenings;
use super::rows::Rows;
use super::step::Subject;
use crate::core::check::{Alias, CheckId};
use crate::core::origin::Happening;
use crate::core::state::Pause;
use crate::core::time::Time;
use crate::store::{PingFact, StoreError};

/// Puts down what happened to a check, if it has an alias.
pub(super) fn note_happening(
    rows: &mut dyn Rows,
    judged: Subject<'_>,
    what: Happening,
    comment: Option<&str>,
    at: Time,
) -> Result<(), StoreError> {
    if judged.by.alias.is_none() {
        return Ok(());
    }
    let habits = rows.habits(judged.by);
    rows.insert_happening(judged.check, at, &what.text(habits, comment.map(PingFact::kept)))?;
    prune_happenings(rows, judged.check, habits.max_events, at)
}

/// What the history says where a pause at run time has begun or ended.
pub(super) fn turn_of(before: Pause, after: Pause) -> Option<Happening> {
    match (before.at_run_time.is_some(), after.at_run_time.is_some()) {
        (false, true) => Some(Happening::Paused),
        (true, false) => Some(Happening::Unpaused),
        _ => None,
    }
}

/// Drops the oldest while there are too many, or while there are more than enough and the oldest is too old.
fn prune_happenings(rows: &mut dyn Rows, check: CheckId, most: u64, now: Time) -> Result<(), StoreError> {
    let count = rows.count_happenings(check)?;
    if count <= Alias::EVENTS_KEPT {
        return Ok(());
    }
    let over = count.saturating_sub(most);
    let before = now - Alias::EVENTS_MAX_AGE;
    if over > 0 || rows.oldest_happening(check)?.is_some_and(|oldest| oldest < before) {
        rows.delete_happenings(check, OldHappenings { over, before, kept: Alias::EVENTS_KEPT })?;
    }
    Ok(())
}

/// Puts down that a check was made, if it has an alias.
pub(super) fn note_created(rows: &mut dyn Rows, made: Subject<'_>, now: Time) -> Result<(), StoreError> {
    note_happening(rows, made, Happening::Created, None, now)
}
