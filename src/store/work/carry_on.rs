//! What a configuration changes is carried out check by check, and before anything else happens to the check (10.5).
//!
//! A check that nothing happened to in between changes as of the time at which the configuration was taken, so that no ping
//! and no deadline is judged otherwise than if all had changed at once.

use super::archive::archive;
use super::redeclare::{declare_again, put_names};
use super::rows::Rows;
use crate::core::check::{CheckId, Name};
use crate::store::StoreError;
use crate::store::pending::{PendingChange, Redeclared, is_by_file};

/// Carries out what is pending of these names. With `is_last` it is all that is left.
pub(in crate::store) fn carry_on(
    rows: &mut dyn Rows,
    names: &[Name],
    is_last: bool,
) -> Result<(), StoreError> {
    for name in names {
        carry_out(rows, name)?;
    }
    rows.put_allowed_removals(if is_last { 0 } else { rows.to_archive() })
}

/// What follows concerns every check: nothing is pending any more.
pub(in crate::store) fn carry_out_all(rows: &mut dyn Rows) -> Result<(), StoreError> {
    rows.all_pending().iter().try_for_each(|name| carry_out(rows, name))
}

/// A check is to be changed by something else: what is pending of it comes first.
pub(super) fn carry_out_of(rows: &mut dyn Rows, check: CheckId) -> Result<(), StoreError> {
    if rows.has_pending()
        && let Some(known) = rows.check(check)?
    {
        carry_out(rows, &known.definition.name)?;
    }
    Ok(())
}

/// Does nothing where nothing is pending.
pub(super) fn carry_out(rows: &mut dyn Rows, name: &Name) -> Result<(), StoreError> {
    let Some((change, at)) = rows.pending(name) else { return Ok(()) };
    let known = rows.named(name)?;
    let is_there = |id| Ok(!rows.check_now(id)?.is_archived && is_by_file(&rows.definition(id)?));
    let is_to_go = known.map_or(Ok(false), is_there)?;
    let became = match (change, known) {
        (PendingChange::Add(definition) | PendingChange::Declare(definition), _) => {
            let (id, became) = declare_again(rows, known, &definition, at)?;
            put_names(rows, id, name, [])?;
            became
        }
        (PendingChange::Archive, Some(id)) if is_to_go => {
            archive(rows, id, at)?;
            Redeclared::Archived
        }
        (PendingChange::Archive, _) => Redeclared::AsBefore,
    };
    rows.carried_out(name, became);
    Ok(())
}
