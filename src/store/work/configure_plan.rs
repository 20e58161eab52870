//! A new configuration against what is declared (§10): which checks are renamed, and whether it is refused.

use std::collections::HashSet;

use super::named::NamedChecks;
use super::rows::Rows;
use crate::core::check::{CheckId, Definition, Name};
use crate::store::configuration::Renamed;
use crate::store::{Compared, ConfigureError, StoreError};

/// Up to so many checks may go at once (10.4).
const FREE_REMOVALS_BELOW: usize = 10;

/// Which checks go on under another name, and how many go.
#[derive(Default)]
pub(super) struct Renames<'a> {
    /// What may have had another name, and the check that it continues; `None`: it is a new one.
    pub(super) continues: Vec<(&'a Renamed, Option<CheckId>)>,
    /// A rename gave their name to another.
    pub(super) superseded: Vec<CheckId>,
    pub(super) renamed: Vec<(Name, Name)>,
    /// Renames of which both names have a history, at a start: each stays as it is.
    pub(super) passed_over: Vec<(Name, Name)>,
    /// The old names of these.
    kept_apart: Vec<Name>,
    /// How many checks are archived.
    pub(super) archived: usize,
    /// Too many are gone at once: at a start none is archived.
    pub(super) keeps_all: bool,
}

impl Renames<'_> {
    /// Names that no file declares, and that are no reason to archive the check that has them.
    pub(super) fn stay(&self) -> Vec<Name> {
        let renamed = self.renamed.iter().map(|(old, _)| old);
        renamed.chain(&self.kept_apart).cloned().collect()
    }
}

/// Which check a definition continues.
enum Continues<'a> {
    One(Option<CheckId>),
    /// These former names have a history, and another has one too.
    Several(Vec<(&'a Name, CheckId)>),
}

/// Says what becomes of the checks that may have had another name. At a start, what would be refused is passed over.
pub(super) fn plan_configuration<'a>(
    rows: &dyn Rows,
    compared: &'a Compared,
    at_start: bool,
) -> Result<Renames<'a>, ConfigureError> {
    let mut plan = Renames::default();
    let mut continued = HashSet::new();
    for one in &compared.renamed {
        let definition = &*one.definition;
        let continues = match continues(&mut plan, rows, &continued, definition, &one.former)? {
            Continues::One(id) => id,
            Continues::Several(olds) if at_start => {
                let new = &definition.name;
                plan.passed_over.extend(olds.iter().map(|(old, _)| ((*old).clone(), new.clone())));
                plan.kept_apart.extend(olds.into_iter().map(|(old, _)| old.clone()));
                rows.named(new)?
            }
            Continues::Several(olds) => {
                let (old, new) = (olds[0].0.clone(), definition.name.clone());
                return Err(ConfigureError::BothHaveHistory { old, new });
            }
        };
        continued.extend(continues);
        plan.continues.push((one, continues));
    }
    let staying: HashSet<Name> = plan.stay().into_iter().collect();
    let removed = compared.pending.to_archive(&[])
        - staying.iter().filter(|name| compared.pending.archives(name)).count();
    let declared = compared.declared_before;
    let is_mass = declared >= FREE_REMOVALS_BELOW && removed * 2 > declared;
    // Allowed when a configuration was taken that a death kept from being carried out to its end.
    let is_allowed = compared.allow_mass_removal || at_start && removed <= rows.allowed_removals()?;
    if is_mass && !is_allowed {
        if !at_start {
            return Err(ConfigureError::MassRemoval { removed, declared });
        }
        plan.keeps_all = true;
    }
    plan.archived = removed;
    Ok(plan)
}

/// Which check a definition continues: the one that has its name or a former name of it, and history if any has (10.3).
/// Where several have one, its former names that have.
fn continues<'a>(
    plan: &mut Renames<'_>,
    checks: &(impl NamedChecks + ?Sized),
    continued: &HashSet<CheckId>,
    definition: &Definition,
    former: &'a [Name],
) -> Result<Continues<'a>, StoreError> {
    let same = checks.named(&definition.name)?;
    let mut olds: Vec<(&'a Name, CheckId)> = Vec::new();
    for name in former {
        let id = checks.named(name)?.filter(|id| !continued.contains(id));
        olds.extend(id.map(|id| (name, id)));
    }
    if olds.is_empty() {
        return Ok(Continues::One(same));
    }
    let mut with_history = Vec::new();
    for (name, id) in &olds {
        if checks.known(*id)?.has_pings {
            with_history.push((*name, *id));
        }
    }
    let has_same_history = match same {
        Some(id) => checks.known(id)?.has_pings,
        None => false,
    };
    if with_history.len() + usize::from(has_same_history) > 1 {
        return Ok(Continues::Several(with_history));
    }
    let old = with_history.first().or(olds.first().filter(|_| same.is_none()));
    let Some((name, id)) = old else { return Ok(Continues::One(same)) };
    plan.renamed.push(((*name).clone(), definition.name.clone()));
    plan.superseded.extend(same);
    Ok(Continues::One(Some(*id)))
}
