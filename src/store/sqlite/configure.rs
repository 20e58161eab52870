//! A new configuration against what is declared (§10): first a plan, which may refuse it, then its changes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::params;

use super::memory::{Memory, UnstoredSettings};
use super::tx::Tx;
use super::{SqliteStore, key, windows};
use crate::core::check::{Alias, CheckId, Definition, Name, Source};
use crate::core::route::{ALL_OWN, ReceiverName, is_own_receiver};
use crate::core::state::State;
use crate::core::step::Input;
use crate::core::time::Time;
use crate::store::live::Directory;
use crate::store::{Changes, Configuration, ConfigureError, StoreError};

/// Up to so many checks may go at once (10.4).
const FREE_REMOVALS_BELOW: usize = 10;

/// What becomes of every check.
#[derive(Default)]
struct Plan<'a> {
    /// Each definition, with the check that it continues; `None`: a new one.
    declared: Vec<(&'a Definition, Option<CheckId>)>,
    archived: Vec<CheckId>,
    /// A rename gave their name to another.
    superseded: Vec<CheckId>,
    renamed: Vec<(Name, Name)>,
    /// Renames of which both names have a history, at a start: each stays as it is.
    passed_over: Vec<(Name, Name)>,
    /// The checks of the old names of these.
    kept_apart: HashSet<CheckId>,
    kept: Vec<Name>,
}

impl SqliteStore {
    pub(super) fn configure_with(
        &mut self,
        configuration: &Configuration,
        at_start: bool,
        now: Time,
    ) -> Result<Changes, ConfigureError> {
        self.ready()?;
        let plan = plan(&self.memory, configuration, at_start)?;
        let settings = UnstoredSettings {
            policy: configuration.policy.clone(),
            retention: configuration.retention.clone(),
            max_checks: configuration.max_checks,
        };
        let before = self.settings.replace(settings);
        let directory = self.live.directory();
        // A start does not know what was before: the memory has been read anew for that.
        let policy_before = before.as_ref().map(|before| before.policy.clone());
        let is_changed = |name: &ReceiverName| {
            let was = policy_before.as_ref().map(|policy| policy.receiver(name));
            was.is_some_and(|was| was != configuration.policy.receiver(name))
                || configuration.changed_receivers.contains(name)
                || is_own_receiver(name) && configuration.changed_receivers.contains(ALL_OWN)
        };
        let done = self.transact(|tx| {
            let changes = carry_out(tx, plan, &directory, now)?;
            tx.memory.outbox.mend(is_changed, now);
            Ok(changes)
        });
        if done.is_err() {
            self.settings = before;
        }
        Ok(done?)
    }
}

fn plan<'a>(
    memory: &Memory,
    configuration: &'a Configuration,
    at_start: bool,
) -> Result<Plan<'a>, ConfigureError> {
    let names: HashSet<&Name> = configuration.checks.iter().map(|check| &check.name).collect();
    let mut plan = Plan::default();
    let mut continued = HashSet::new();
    for definition in &configuration.checks {
        let id = match plan_one(&mut plan, memory, &names, &continued, definition) {
            Ok(id) => id,
            Err(olds) if at_start => {
                let new = &definition.name;
                plan.passed_over.extend(olds.iter().map(|(old, _)| ((*old).clone(), new.clone())));
                plan.kept_apart.extend(olds.into_iter().map(|(_, id)| id));
                memory.by_name.get(new).copied()
            }
            Err(olds) => {
                let (old, new) = (olds[0].0.clone(), definition.name.clone());
                return Err(ConfigureError::BothHaveHistory { old, new });
            }
        };
        continued.extend(id);
        plan.declared.push((definition, id));
    }
    let is_archived = |id: &CheckId| memory.checks[id].check.known().state.archived.is_some();
    // What was made through an API is no file's to remove.
    let is_by_file = |id: &CheckId| matches!(memory.checks[id].check.definition.source, Source::File { .. });
    let declared_before: Vec<CheckId> =
        memory.by_name.values().filter(|id| is_by_file(id) && !is_archived(id)).copied().collect();
    let stays = |id: &CheckId| continued.contains(id) || plan.kept_apart.contains(id);
    let is_gone = |id: &CheckId| !stays(id) && !plan.superseded.contains(id);
    let mut gone: Vec<CheckId> = declared_before.iter().filter(|id| is_gone(id)).copied().collect();
    gone.sort_unstable();
    let (removed, declared) = (gone.len(), declared_before.len());
    let is_mass = declared >= FREE_REMOVALS_BELOW && removed * 2 > declared;
    if !is_mass || configuration.allow_mass_removal {
        plan.archived = gone;
    } else if at_start {
        plan.kept = gone.iter().map(|id| memory.checks[id].check.definition.name.clone()).collect();
    } else {
        return Err(ConfigureError::MassRemoval { removed, declared });
    }
    Ok(plan)
}

/// Which check a definition continues: the one that has its name or a former name of it, and history if any has (10.3).
/// Where several have one, its former names that have.
fn plan_one<'a>(
    plan: &mut Plan<'_>,
    memory: &Memory,
    names: &HashSet<&Name>,
    continued: &HashSet<CheckId>,
    definition: &'a Definition,
) -> Result<Option<CheckId>, Vec<(&'a Name, CheckId)>> {
    let same = memory.by_name.get(&definition.name).copied();
    let free = |name: &&Name| !names.contains(name);
    let olds = definition.renamed_from.iter().filter(free);
    let olds: Vec<(&'a Name, CheckId)> = olds
        .filter_map(|name| Some((name, *memory.by_name.get(name)?)))
        .filter(|(_, id)| !continued.contains(id))
        .collect();
    let has_history = |id: CheckId| memory.checks[&id].pings > 0;
    let with_history: Vec<_> = olds.iter().filter(|(_, id)| has_history(*id)).copied().collect();
    if with_history.len() + usize::from(same.is_some_and(has_history)) > 1 {
        return Err(with_history);
    }
    let old = with_history.first().or(olds.first().filter(|_| same.is_none()));
    let Some((name, id)) = old else { return Ok(same) };
    plan.renamed.push(((*name).clone(), definition.name.clone()));
    plan.superseded.extend(same);
    Ok(Some(*id))
}

fn carry_out(
    tx: &mut Tx<'_>,
    plan: Plan<'_>,
    directory: &Directory,
    now: Time,
) -> Result<Changes, StoreError> {
    tx.catch_up_all()?;
    let name = |id: &CheckId| tx.memory.checks[id].check.definition.name.clone();
    let mut changes = Changes {
        archived: plan.archived.iter().map(name).collect(),
        kept: plan.kept,
        renamed: plan.renamed,
        passed_over: plan.passed_over,
        ..Changes::default()
    };
    for id in &plan.superseded {
        tx.archive(*id, now)?;
        tx.supersede(*id)?;
    }
    for id in plan.archived {
        tx.archive(id, now)?;
    }
    let mut ids = HashMap::new();
    for (definition, id) in &plan.declared {
        let id = match id {
            Some(id) => tx.declare_again(*id, definition, directory, now, &mut changes)?,
            None => tx.declare(definition, now, &mut changes)?,
        };
        ids.insert(&definition.name, id);
    }
    for (definition, _) in &plan.declared {
        let id = ids[&definition.name];
        let is_passed_over = |old: &Name| changes.passed_over.iter().any(|(other, _)| other == old);
        let is_free = |old: &&Name| !ids.contains_key(old) && !is_passed_over(old);
        for old in definition.renamed_from.iter().filter(is_free) {
            tx.set_former_name(old, id)?;
        }
        tx.free_name(&definition.name)?;
    }
    // Other receivers, labels, dependencies and quiet times.
    tx.memory.outbox.look_everywhere(now);
    Ok(changes)
}

impl Tx<'_> {
    pub(super) fn archive(&mut self, id: CheckId, now: Time) -> Result<(), StoreError> {
        let staged = self.stage(id).expect("the plan names checks of memory");
        staged.is_redeclared = true;
        if staged.state.archived.is_none() {
            self.step(id, Input::Archive, now)?;
        }
        Ok(())
    }

    fn declare(
        &mut self,
        definition: &Definition,
        now: Time,
        changes: &mut Changes,
    ) -> Result<CheckId, StoreError> {
        let id = self.insert_check(definition)?;
        self.stage_new(id, Arc::new(definition.clone()), State::declared(&definition.spec, now));
        changes.added.push(definition.name.clone());
        Ok(id)
    }

    fn declare_again(
        &mut self,
        id: CheckId,
        definition: &Definition,
        directory: &Directory,
        now: Time,
        changes: &mut Changes,
    ) -> Result<CheckId, StoreError> {
        let known = &self.memory.checks[&id].check;
        let is_archived = known.known().state.archived.is_some();
        // How its users know it stays, whoever declares it; but what was given away meanwhile is gone.
        let is_taken = |alias: &Alias| {
            directory.by_alias.contains_key(&alias.id)
                || directory.by_slug(&alias.origin, &alias.slug).is_some()
        };
        let alias = known.definition.alias.clone().filter(|alias| !is_archived || !is_taken(alias));
        let as_alias = alias.map(|alias| Definition { alias: Some(alias), ..definition.clone() });
        let definition = as_alias.as_ref().unwrap_or(definition);
        if !is_archived && *known.definition == *definition {
            return Ok(id);
        }
        let is_changed = known.definition.spec != definition.spec;
        let is_recounted = known.definition.count_window() != definition.count_window();
        let staged = self.stage(id).expect("the plan names checks of memory");
        staged.is_redeclared = true;
        let last_ping = staged.last_ping;
        let spec = || Box::new(definition.spec.clone());
        let new = Arc::new(definition.clone());
        // The policy is the new one already: old labels would not be those that it was written for.
        if is_archived {
            changes.returned.push(definition.name.clone());
            self.step_told_as(id, &new, Input::Return(spec()), now)?;
        } else if is_changed {
            changes.changed.push(definition.name.clone());
            self.step_told_as(id, &new, Input::Change(spec()), now)?;
        } else {
            changes.updated.push(definition.name.clone());
        }
        let window = if is_recounted {
            Some(windows::of_check(self.db, last_ping, definition.count_window(), now)?)
        } else {
            None
        };
        self.write_check(id, definition)?;
        let staged = self.stage(id).expect("it was staged above");
        staged.definition = new;
        staged.window = window;
        Ok(id)
    }

    /// The old URL leads to this check.
    pub(super) fn set_former_name(&mut self, old: &Name, id: CheckId) -> Result<(), StoreError> {
        if self.memory.former.get(old) == Some(&id) {
            return Ok(());
        }
        self.memory.former.insert(old.clone(), id);
        self.is_renamed = true;
        self.execute(
            "INSERT OR REPLACE INTO names (name, check_id) VALUES (?1, ?2)",
            params![old.as_str(), key(id.0)],
        )
    }

    /// A name that is declared is nobody's former name.
    pub(super) fn free_name(&mut self, name: &Name) -> Result<(), StoreError> {
        if self.memory.former.remove(name).is_none() {
            return Ok(());
        }
        self.is_renamed = true;
        self.execute("DELETE FROM names WHERE name = ?1", params![name.as_str()])
    }
}
