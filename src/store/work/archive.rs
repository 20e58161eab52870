//! A check is no longer declared (10.3).

use super::rows::Rows;
use super::step::{Subject, step_check};
use crate::core::check::CheckId;
use crate::core::step::Input;
use crate::core::time::Time;
use crate::store::StoreError;

/// Does nothing to one that is archived already.
pub(super) fn archive(rows: &mut dyn Rows, check: CheckId, now: Time) -> Result<(), StoreError> {
    let standing = rows.to_change(check)?.filter(|standing| standing.state.archived.is_none());
    let Some(standing) = standing else { return Ok(()) };
    let definition = standing.definition.clone();
    step_check(rows, Subject::as_before(check, &definition), &Input::Archive, now)?;
    Ok(())
}
