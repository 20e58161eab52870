//! A new configuration against what is declared (§10): what becomes of every check, or why it is refused.

use std::collections::HashSet;

use super::named::{NamedCheck, NamedChecks};
use crate::core::check::{Alias, CheckId, Definition, Name, Origin};
use crate::store::configuration::Other;
use crate::store::{Compared, ConfigureError, StoreError};

/// Up to so many checks may go at once (10.4).
const FREE_REMOVALS_BELOW: usize = 10;

/// What becomes of every check.
#[derive(Default)]
pub(super) struct ConfigurationPlan<'a> {
    pub(super) declared: Vec<Declaration<'a>>,
    pub(super) archived: Vec<CheckId>,
    /// A rename gave their name to another.
    pub(super) superseded: Vec<CheckId>,
    pub(super) renamed: Vec<(Name, Name)>,
    /// Renames of which both names have a history, at a start: each stays as it is.
    pub(super) passed_over: Vec<(Name, Name)>,
    /// The checks of the old names of these.
    kept_apart: HashSet<CheckId>,
    /// Aliases that archived checks keep when they return.
    returned_ids: HashSet<String>,
    returned_slugs: HashSet<(Origin, String)>,
    pub(super) kept: Vec<Name>,
}

/// What a file declares, and the check that it continues; `None`: it is a new one.
pub(super) struct Declaration<'a> {
    declared: &'a Definition,
    /// Its former names that no file declares.
    pub(super) former: &'a [Name],
    /// The same with the alias that its check keeps, if it has one.
    with_alias: Option<Box<Definition>>,
    pub(super) continues: Option<CheckId>,
}

impl Declaration<'_> {
    pub(super) fn definition(&self) -> &Definition {
        self.with_alias.as_deref().unwrap_or(self.declared)
    }
}

/// Which check a definition continues.
enum Continues<'a> {
    One(Option<CheckId>),
    /// These former names have a history, and another has one too.
    Several(Vec<(&'a Name, CheckId)>),
}

/// Says what becomes of every check that is declared otherwise. At a start, what would be refused is passed over.
pub(super) fn plan_configuration<'a>(
    checks: &dyn NamedChecks,
    compared: &'a Compared,
    at_start: bool,
) -> Result<ConfigurationPlan<'a>, ConfigureError> {
    let configuration = &compared.configuration;
    let mut plan = ConfigurationPlan::default();
    let mut continued = HashSet::new();
    for Other { place, former } in &compared.others {
        let definition = &configuration.checks[*place];
        let continues = match continues(&mut plan, checks, &continued, definition, former)? {
            Continues::One(id) => id,
            Continues::Several(olds) if at_start => {
                let new = &definition.name;
                plan.passed_over.extend(olds.iter().map(|(old, _)| ((*old).clone(), new.clone())));
                plan.kept_apart.extend(olds.into_iter().map(|(_, id)| id));
                checks.named(new)?
            }
            Continues::Several(olds) => {
                let (old, new) = (olds[0].0.clone(), definition.name.clone());
                return Err(ConfigureError::BothHaveHistory { old, new });
            }
        };
        continued.extend(continues);
        let with_alias = match continues {
            Some(id) => with_its_alias(&mut plan, checks, id, definition)?,
            None => None,
        };
        plan.declared.push(Declaration { declared: definition, former, with_alias, continues });
    }
    // What was made through an API is no file's to remove.
    let stays = |id: &CheckId| continued.contains(id) || plan.kept_apart.contains(id);
    let gone: Vec<CheckId> = compared.gone.iter().filter(|id| !stays(id)).copied().collect();
    let (removed, declared) = (gone.len(), compared.declared_before);
    let is_mass = declared >= FREE_REMOVALS_BELOW && removed * 2 > declared;
    if !is_mass || configuration.allow_mass_removal {
        plan.archived = gone;
    } else if at_start {
        for id in gone {
            plan.kept.push(checks.known(id)?.definition.name.clone());
        }
    } else {
        return Err(ConfigureError::MassRemoval { removed, declared });
    }
    Ok(plan)
}

/// Which check a definition continues: the one that has its name or a former name of it, and history if any has (10.3).
/// Where several have one, its former names that have.
fn continues<'a>(
    plan: &mut ConfigurationPlan<'_>,
    checks: &dyn NamedChecks,
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

/// How its users know a check stays, whoever declares it; but what was given away while it was archived is gone.
fn with_its_alias(
    plan: &mut ConfigurationPlan<'_>,
    checks: &dyn NamedChecks,
    id: CheckId,
    definition: &Definition,
) -> Result<Option<Box<Definition>>, StoreError> {
    let NamedCheck { definition: known, is_archived, .. } = checks.known(id)?;
    let Some(alias) = &known.alias else { return Ok(None) };
    if is_archived {
        let slug = (alias.origin.clone(), alias.slug.clone());
        let is_returned = plan.returned_ids.contains(&alias.id) || plan.returned_slugs.contains(&slug);
        if is_returned || is_taken(checks, alias)? {
            return Ok(None);
        }
        plan.returned_ids.insert(alias.id.clone());
        plan.returned_slugs.insert(slug);
    }
    Ok(Some(Box::new(Definition { alias: Some(alias.clone()), ..definition.clone() })))
}

fn is_taken(checks: &dyn NamedChecks, alias: &Alias) -> Result<bool, StoreError> {
    Ok(checks.with_alias(&alias.id)?.is_some() || checks.with_slug(&alias.origin, &alias.slug)?.is_some())
}
