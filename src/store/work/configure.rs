//! A new configuration is carried out as it was planned (§10).

use std::sync::Arc;

use super::again::mend;
use super::archive::archive;
use super::configure_plan::{ConfigurationPlan, plan_configuration};
use super::rows::Rows;
use super::step::{Subject, step_check};
use crate::core::check::{CheckId, Definition, Name};
use crate::core::outbox::Occasion;
use crate::core::route::{ALL_OWN, Policy, ReceiverName, is_own_receiver};
use crate::core::state::State;
use crate::core::step::Input;
use crate::core::time::Time;
use crate::store::{Changes, Compared, ConfigureError, StoreError};

/// What a declaration means for the check that it continues.
enum Redeclared {
    AsBefore,
    Returned,
    Changed,
    Updated,
}

/// Takes a configuration, or refuses it before anything is written. Its policy is the one that is answered to the unit of work
/// already; `policy_before` is the one before, which a start does not know.
pub(in crate::store) fn configure(
    rows: &mut dyn Rows,
    compared: &Compared,
    at_start: bool,
    policy_before: Option<&Policy>,
    now: Time,
) -> Result<Changes, ConfigureError> {
    let plan = plan_configuration(&*rows, compared, at_start)?;
    let configuration = &compared.configuration;
    let changes = carry_out(rows, plan, now)?;
    // Other receivers, labels, dependencies and quiet times.
    rows.look_everywhere(now);
    let is_changed = |name: &ReceiverName| {
        let was = policy_before.map(|policy| policy.receiver(name));
        was.is_some_and(|was| was != configuration.policy.receiver(name))
            || configuration.changed_receivers.contains(name)
            || is_own_receiver(name) && configuration.changed_receivers.contains(ALL_OWN)
    };
    mend(rows, Occasion::Changed, is_changed, now)?;
    Ok(changes)
}

fn carry_out(rows: &mut dyn Rows, plan: ConfigurationPlan<'_>, now: Time) -> Result<Changes, StoreError> {
    let archived = plan.archived.iter().map(|id| Ok(rows.definition(*id)?.name.clone()));
    let mut changes = Changes {
        archived: archived.collect::<Result<_, StoreError>>()?,
        kept: plan.kept,
        renamed: plan.renamed,
        passed_over: plan.passed_over,
        ..Changes::default()
    };
    for id in &plan.superseded {
        archive(rows, *id, now)?;
        rows.supersede(*id)?;
    }
    for id in plan.archived {
        archive(rows, id, now)?;
    }
    let mut ids = Vec::new();
    for declaration in &plan.declared {
        let definition = declaration.definition();
        ids.push(match declaration.continues {
            Some(id) => declare_again(rows, id, definition, &mut changes, now)?,
            None => {
                changes.added.push(definition.name.clone());
                let state = State::declared(&definition.spec, now);
                rows.insert_check(Arc::new(definition.clone()), state)?
            }
        });
    }
    for (declaration, id) in plan.declared.iter().zip(ids) {
        let is_passed_over = |old: &Name| changes.passed_over.iter().any(|(other, _)| other == old);
        for old in declaration.former.iter().filter(|old| !is_passed_over(old)) {
            rows.put_former_name(old, id)?;
        }
        // A name that is declared is nobody's former name.
        rows.delete_former_name(&declaration.definition().name)?;
    }
    Ok(changes)
}

fn declare_again(
    rows: &mut dyn Rows,
    id: CheckId,
    definition: &Definition,
    changes: &mut Changes,
    now: Time,
) -> Result<CheckId, StoreError> {
    let name = || definition.name.clone();
    match redeclare(rows, id, definition, now)? {
        Redeclared::AsBefore => {}
        Redeclared::Returned => changes.returned.push(name()),
        Redeclared::Changed => changes.changed.push(name()),
        Redeclared::Updated => changes.updated.push(name()),
    }
    Ok(id)
}

fn redeclare(
    rows: &mut dyn Rows,
    id: CheckId,
    definition: &Definition,
    now: Time,
) -> Result<Redeclared, StoreError> {
    let (known, is_archived) = (rows.definition(id)?, rows.check_now(id)?.is_archived);
    if !is_archived && *known == *definition {
        known.source.move_to(&definition.source);
        return Ok(Redeclared::AsBefore);
    }
    rows.to_change(id)?;
    let spec = || Box::new(definition.spec.clone());
    // The policy is the new one already: old labels would not be those that it was written for.
    let judged = Subject { check: id, by: &known, told_as: definition };
    let redeclared = if is_archived {
        step_check(rows, judged, Input::Return(spec()), now)?;
        Redeclared::Returned
    } else if known.spec != definition.spec {
        step_check(rows, judged, Input::Change(spec()), now)?;
        Redeclared::Changed
    } else {
        Redeclared::Updated
    };
    rows.update_check(id, Arc::new(definition.clone()))?;
    if known.count_window() != definition.count_window() {
        rows.recount_window(id, definition.count_window(), now)?;
    }
    Ok(redeclared)
}
