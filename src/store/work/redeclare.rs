//! A check is declared: for the first time, again, or otherwise (10.2, 10.3).

use std::sync::Arc;

use super::resolve_after::ask_anew;
use super::rows::Rows;
use super::step::{Subject, step_check};
use crate::core::check::{CheckId, Definition, Name};
use crate::core::state::State;
use crate::core::step::Input;
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::pending::Redeclared;

/// Declares the check that it continues, or a new one. Answers its number, and what became of it.
pub(super) fn declare_again(
    rows: &mut dyn Rows,
    continues: Option<CheckId>,
    definition: &Arc<Definition>,
    now: Time,
) -> Result<(CheckId, Redeclared), StoreError> {
    match continues {
        Some(id) => {
            let definition = with_its_alias(&*rows, id, definition)?;
            Ok((id, redeclare(rows, id, &definition, now)?))
        }
        None => {
            let state = State::declared(&definition.spec, now);
            Ok((rows.insert_check(definition.clone(), state)?, Redeclared::Added))
        }
    }
}

/// A name that is declared is nobody's former name; the former ones lead to the check.
pub(super) fn put_names<'a>(
    rows: &mut dyn Rows,
    check: CheckId,
    name: &Name,
    former: impl IntoIterator<Item = &'a Name>,
) -> Result<(), StoreError> {
    for old in former {
        rows.put_former_name(old, check)?;
    }
    rows.delete_former_name(name)
}

fn redeclare(
    rows: &mut dyn Rows,
    id: CheckId,
    definition: &Arc<Definition>,
    now: Time,
) -> Result<Redeclared, StoreError> {
    let (known, is_archived) = (rows.definition(id)?, rows.check_now(id)?.is_archived);
    if !is_archived && known == *definition {
        known.source.move_to(&definition.source);
        return Ok(Redeclared::AsBefore);
    }
    rows.to_change(id)?;
    // The policy is the new one already: old labels would not be those that it was written for.
    let judged = Subject { check: id, by: &known, told_as: definition };
    let redeclared = if is_archived {
        step_check(rows, judged, &Input::Return(definition.spec.clone()), now)?;
        Redeclared::Returned
    } else if known.spec != definition.spec {
        step_check(rows, judged, &Input::Change(definition.spec.clone()), now)?;
        Redeclared::Changed
    } else {
        Redeclared::Updated
    };
    rows.update_check(id, definition.clone())?;
    if known.spec.resolves_after().is_some() != definition.spec.resolves_after().is_some() || is_archived {
        ask_anew(rows, id, now)?;
    }
    if known.count_window() != definition.count_window() {
        rows.recount_window(id, definition.count_window(), now)?;
    }
    Ok(redeclared)
}

/// How its users know a check stays, whoever declares it; but what was given away while it was archived is gone.
fn with_its_alias(
    rows: &dyn Rows,
    id: CheckId,
    definition: &Arc<Definition>,
) -> Result<Arc<Definition>, StoreError> {
    let known = rows.known(id)?;
    let Some(alias) = &known.definition.alias else { return Ok(definition.clone()) };
    let is_taken =
        rows.with_alias(&alias.id)?.is_some() || rows.with_slug(&alias.origin, &alias.slug)?.is_some();
    if known.is_archived && is_taken {
        return Ok(definition.clone());
    }
    Ok(Arc::new(Definition { alias: Some(alias.clone()), ..(**definition).clone() }))
}
