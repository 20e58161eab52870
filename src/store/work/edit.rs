//! Checks that are made, changed and deleted through an API.

use std::collections::HashSet;
use std::sync::Arc;

use super::archive::archive;
use super::audit::EditsKept;
use super::carry_on::{carry_out, carry_out_of};
use super::edit_plan::plan_edits;
use super::happenings::note_created;
use super::past::take_over;
use super::rows::Rows;
use super::step::{Subject, step_check};
use crate::core::check::{CheckId, Definition, Name};
use crate::core::state::State;
use crate::core::step::Input;
use crate::core::time::Time;
use crate::store::{Edit, NewCheck, RefusedEdit, SpecChange, StoreError};

/// Makes edits in their order, and answers one number for each; or refuses all of them before anything is written.
pub(in crate::store) fn edit(
    rows: &mut dyn Rows,
    max_checks: usize,
    edits: Vec<Edit>,
    by: &str,
    now: Time,
) -> Result<Vec<CheckId>, RefusedEdit> {
    let pending = carry_out_what_they_name(rows, &edits);
    pending.map_err(|error| RefusedEdit { index: 0, error: error.into() })?;
    let edits = plan_edits(&*rows, max_checks, edits)?;
    let done = edit_and_keep(rows, edits, by, now);
    done.map_err(|error| RefusedEdit { index: 0, error: error.into() })
}

fn edit_and_keep(
    rows: &mut dyn Rows,
    edits: Vec<Edit>,
    by: &str,
    now: Time,
) -> Result<Vec<CheckId>, StoreError> {
    let mut kept = EditsKept::new(edits.len());
    let mut ids = Vec::with_capacity(edits.len());
    for edit in edits {
        kept.note(&*rows, &edit)?;
        ids.push(edit_one(rows, edit, now)?);
    }
    kept.keep(rows, by, now)?;
    Ok(ids)
}

/// What edits ask of names and of dependencies is answered by what is declared, not by what is still to be changed.
fn carry_out_what_they_name(rows: &mut dyn Rows, edits: &[Edit]) -> Result<(), StoreError> {
    if !rows.has_pending() {
        return Ok(());
    }
    for edit in edits {
        let definition = match edit {
            Edit::Create(new) => Some(&new.definition),
            Edit::Update { check, definition, .. } => {
                carry_out_of(rows, *check)?;
                Some(&**definition)
            }
            Edit::Delete { check } => {
                carry_out_of(rows, *check)?;
                None
            }
        };
        let Some(definition) = definition else { continue };
        carry_out(rows, &definition.name)?;
        carry_out_dependencies(rows, definition)?;
        for text in definition.alias.iter().flat_map(|alias| [&alias.id, &alias.slug]) {
            if let Ok(name) = Name::parse(text) {
                carry_out(rows, &name)?;
            }
        }
    }
    Ok(())
}

/// Whether it would depend on itself is asked of all that it depends on, through others too.
fn carry_out_dependencies(rows: &mut dyn Rows, definition: &Definition) -> Result<(), StoreError> {
    let mut seen = HashSet::new();
    let mut waiting = definition.depends_on.clone();
    while let Some(name) = waiting.pop() {
        if seen.contains(&name) {
            continue;
        }
        carry_out(rows, &name)?;
        if let Some(check) = rows.named(&name)? {
            waiting.extend_from_slice(&rows.definition(check)?.depends_on);
        }
        seen.insert(name);
    }
    Ok(())
}

fn edit_one(rows: &mut dyn Rows, edit: Edit, now: Time) -> Result<CheckId, StoreError> {
    match edit {
        Edit::Create(new) => create(rows, *new, now),
        Edit::Update { check, definition, how } => {
            redefine(rows, check, &Arc::new(*definition), how, now)?;
            Ok(check)
        }
        Edit::Delete { check } => {
            archive(rows, check, now)?;
            rows.supersede(check)?;
            Ok(check)
        }
    }
}

fn create(rows: &mut dyn Rows, new: NewCheck, now: Time) -> Result<CheckId, StoreError> {
    let NewCheck { definition, paused, past } = new;
    take_name(rows, &definition.name)?;
    let definition = Arc::new(definition);
    if let Some(past) = past {
        return take_over(rows, &definition, &past, paused, now);
    }
    let id = rows.insert_check(definition.clone(), State::declared(&definition.spec, now))?;
    let made = Subject::as_before(id, &definition);
    if paused {
        step_check(rows, made, &Input::Pause, now)?;
    }
    note_created(rows, made, now)?;
    Ok(id)
}

fn redefine(
    rows: &mut dyn Rows,
    id: CheckId,
    definition: &Arc<Definition>,
    how: SpecChange,
    now: Time,
) -> Result<(), StoreError> {
    let standing = rows.to_change(id)?.expect("the plan names checks that are there");
    let old = standing.definition.clone();
    if definition.name != old.name {
        take_name(rows, &definition.name)?;
    }
    if definition.spec != old.spec || how == SpecChange::Rearmed {
        let spec = definition.spec.clone();
        let input = match how {
            SpecChange::Judged => Input::Change(spec),
            SpecChange::Rearmed => Input::Rearm { spec, from: rearmed_from(rows, id)? },
        };
        step_check(rows, Subject { check: id, by: &old, told_as: definition }, &input, now)?;
    }
    rows.update_check(id, definition.clone())?;
    if old.count_window() != definition.count_window() {
        rows.recount_window(id, definition.count_window(), now)?;
    }
    if definition.name != old.name {
        rows.put_former_name(&old.name, id)?;
    }
    Ok(())
}

/// What a rearmed deadline counts from: the newest entry of the history, of whatever kind.
fn rearmed_from(rows: &dyn Rows, id: CheckId) -> Result<Time, StoreError> {
    if let Some((newest, _)) = rows.newest_happenings(id, 1)?.first() {
        return Ok(*newest);
    }
    let state = rows.state(id)?;
    Ok(state.last_discharge.map_or(state.armed_since, |at| at.max(state.armed_since)))
}

/// The name is to be another check's: whoever had it and is archived, or was once called so, gives it up.
fn take_name(rows: &mut dyn Rows, name: &Name) -> Result<(), StoreError> {
    if let Some(id) = rows.named(name)?
        && rows.check_now(id)?.is_archived
    {
        rows.supersede(id)?;
    }
    rows.delete_former_name(name)
}
