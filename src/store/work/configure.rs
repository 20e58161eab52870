//! A new configuration is taken (§10): from now on it says whom to tell, and what it declares otherwise is pending.

use super::again::mend;
use super::archive::archive;
use super::audit::{NAMED, keep};
use super::configure_plan::{Renames, plan_configuration};
use super::redeclare::{declare_again, put_names};
use super::rows::Rows;
use crate::core::audit::{Audit, AuditKind};
use crate::core::check::Name;
use crate::core::outbox::Occasion;
use crate::core::route::{ALL_OWN, Policy, ReceiverName, is_own_receiver};
use crate::core::time::Time;
use crate::store::pending::Redeclared;
use crate::store::{Changes, Compared, ConfigureError, ReloadNote, StoreError};

/// What is done of a configuration once it is taken.
pub(in crate::store) struct Taken {
    /// Which renames were carried out, and which passed over.
    pub(in crate::store) changes: Changes,
    /// What became of the checks that had former names.
    pub(in crate::store) declared: Vec<(Name, Redeclared)>,
    /// Checks that no file declares and that are not archived: they go on under another name, or stay beside the one that
    /// should have continued them.
    pub(in crate::store) stay: Vec<Name>,
    /// Too many are gone at once: at a start none is archived (10.4c).
    pub(in crate::store) keeps_all: bool,
}

/// Takes a configuration, or refuses it before anything is written. Its policy is the one that is answered to the unit of work
/// already; `policy_before` is the one before, which a start does not know.
pub(in crate::store) fn configure(
    rows: &mut dyn Rows,
    compared: &Compared,
    at_start: bool,
    policy_before: Option<&Policy>,
    now: Time,
) -> Result<Taken, ConfigureError> {
    let plan = plan_configuration(&*rows, compared, at_start)?;
    let (stay, keeps_all) = (plan.stay(), plan.keeps_all);
    rows.put_allowed_removals(if keeps_all { 0 } else { plan.archived })?;
    let changes = Changes {
        renamed: plan.renamed.clone(),
        passed_over: plan.passed_over.clone(),
        ..Changes::default()
    };
    let declared = carry_out(rows, &plan, now)?;
    keep_note(rows, compared, (&plan, at_start), now)?;
    if policy_before.is_none_or(|before| before.receivers != compared.policy.receivers) {
        rows.look_everywhere(now);
    }
    let is_changed = |name: &ReceiverName| {
        let was = policy_before.map(|policy| policy.receiver(name));
        was.is_some_and(|was| was != compared.policy.receiver(name))
            || compared.changed_receivers.contains(name)
            || is_own_receiver(name) && compared.changed_receivers.contains(ALL_OWN)
    };
    mend(rows, Occasion::Changed, is_changed, now)?;
    Ok(Taken { changes, declared, stay, keeps_all })
}

/// Who had it taken, and what it changes: its numbers, and the first names. A start that changes nothing is told already.
fn keep_note(
    rows: &mut dyn Rows,
    compared: &Compared,
    (plan, at_start): (&Renames<'_>, bool),
    now: Time,
) -> Result<(), StoreError> {
    let pending = &compared.pending;
    let (archived, kept) = if plan.keeps_all { (0, plan.archived) } else { (plan.archived, 0) };
    let numbers = [
        (pending.to_add(&[]), "added"),
        (pending.redeclared(), "changed"),
        (archived, "archived"),
        (plan.renamed.len(), "renamed"),
        (kept, "kept, though no file declares them"),
    ];
    let numbers: Vec<String> = numbers
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let ReloadNote { actor, also } = &compared.note;
    if at_start && numbers.is_empty() && also.is_empty() {
        return Ok(());
    }
    let renamed = plan.renamed.iter().map(|(old, new)| format!("{old}→{new}"));
    let is_renamed = |name: &Name| plan.renamed.iter().any(|(old, _)| old == name);
    let others = pending.names().filter(|name| !is_renamed(name)).map(Name::to_string);
    let names: Vec<String> = renamed.chain(others).take(NAMED).collect();
    let mut said = Vec::new();
    if !numbers.is_empty() {
        said.push(format!("checks: {}: {}", numbers.join(", "), names.join(" ")));
    }
    if !also.is_empty() {
        said.push(format!("also changed: {also}"));
    }
    let details = if said.is_empty() { "nothing changed".to_owned() } else { said.join("; ") };
    keep(rows, &Audit::new(now, actor, AuditKind::Reload).with_details(&details))
}

/// Renames are carried out at once: which check has which name is never half so.
fn carry_out(
    rows: &mut dyn Rows,
    plan: &Renames<'_>,
    now: Time,
) -> Result<Vec<(Name, Redeclared)>, StoreError> {
    for id in &plan.superseded {
        archive(rows, *id, now)?;
        rows.supersede(*id)?;
    }
    let mut declared = Vec::new();
    let mut ids = Vec::new();
    for (renamed, continues) in &plan.continues {
        let (id, became) = declare_again(rows, *continues, &renamed.definition, now)?;
        declared.push((renamed.definition.name.clone(), became));
        ids.push(id);
    }
    for ((renamed, _), id) in plan.continues.iter().zip(ids) {
        let is_passed_over = |old: &Name| plan.passed_over.iter().any(|(other, _)| other == old);
        let former = renamed.former.iter().filter(|old| !is_passed_over(old));
        put_names(rows, id, &renamed.definition.name, former)?;
    }
    Ok(declared)
}
