//! New files (§10), as the bystanders understand them: taken at once, and carried out check by check (10.5).

use std::collections::{BTreeSet, VecDeque};

use punctual::core::check::{CheckId, Definition, Name, Source};
use punctual::core::time::Time;
use punctual::store::{CarriedOn, Compared, ConfigureError, Store, StoreError};

use crate::fate::Fate;
use crate::judged::Judged;
use crate::scene::Files;
use crate::server::{Called, Server};

/// What the files in force still change, in the order in which it is carried out.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    left: VecDeque<(Name, PendingChange)>,
    taken_at: Option<Time>,
}

#[derive(Clone, Debug)]
enum PendingChange {
    Declare(Box<Definition>),
    Archive,
}

/// What a store does with new files. Those of the simulation are never refused.
pub(crate) fn take(
    store: &mut dyn Store,
    files: &Files,
    at_start: bool,
    now: Time,
) -> Result<(), StoreError> {
    let mut compared = Compared::new(files.configuration(), &store.live().directory());
    store.take(&mut compared, at_start, now).map_err(|error| match error {
        ConfigureError::Store(error) => error,
        other => panic!("a configuration is refused: {other}"),
    })
}

impl Server {
    /// Whether the files in force are not carried out to their end.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.left.is_empty()
    }

    /// Files declare it, and it is not there yet (10.5d).
    pub(crate) fn is_to_be_added(&self, name: &Name) -> bool {
        let is_there = self.called(name.as_str()).is_some_and(|judged| !judged.model.archived);
        !is_there && self.pending.left.iter().any(|(pending, _)| pending == name)
    }

    /// Takes new files; false if that failed.
    pub(crate) fn configure(&mut self, files: &Files, now: Time, fate: Fate) -> bool {
        let asked = files.clone();
        let done: Called<_> = self.call(now, fate, move |store, at| take(store, &asked, false, at));
        let is_taken = done.answer.is_some();
        if done.commits > 0 {
            self.tell_taken(files, is_taken, now);
        }
        is_taken
    }

    /// Changes some more checks; answers whether that was all.
    pub(crate) fn carry_on(&mut self, limit: usize, now: Time, fate: Fate) -> bool {
        let done = self.call(now, fate, move |store, now| store.carry_on(limit, now));
        if done.commits > 0 {
            self.tell_carried_on(limit);
        }
        matches!(done.answer, Some(CarriedOn::Done(_)))
    }

    /// Renames are carried out when files are taken; what else they change is pending, unless the store has forgotten it.
    pub(crate) fn tell_taken(&mut self, files: &Files, is_kept: bool, now: Time) {
        self.note_forgotten(now);
        let declared: BTreeSet<&Name> = files.checks.iter().map(|check| &check.name).collect();
        let (renamed, others): (Vec<_>, Vec<_>) = files
            .checks
            .iter()
            .partition(|check| check.renamed_from.iter().any(|former| !declared.contains(former)));
        self.files = files.clone();
        for definition in renamed {
            self.tell_declared(definition, now);
        }
        if !is_kept {
            return;
        }
        let is_declared = |judged: &&Judged| !judged.is_forgotten && !judged.model.archived;
        let is_as_before = |definition: &Definition| {
            let known = self.judged.values().filter(is_declared);
            known.clone().any(|judged| judged.definition == *definition)
        };
        let changed = others.into_iter().filter(|definition| !is_as_before(definition));
        let declare = |definition: &Definition| PendingChange::Declare(Box::new(definition.clone()));
        let changed = changed.map(|definition| (definition.name.clone(), declare(definition)));
        let is_gone = |judged: &&Judged| {
            judged.definition.source != Source::Api && !declared.contains(&judged.definition.name)
        };
        let gone = self.judged.values().filter(is_declared).filter(is_gone);
        let gone = gone.map(|judged| (judged.definition.name.clone(), PendingChange::Archive));
        self.pending = Pending { left: changed.chain(gone).collect(), taken_at: Some(now) };
    }

    pub(crate) fn tell_carried_on(&mut self, limit: usize) {
        for _ in 0..limit {
            let Some((name, change)) = self.pending.left.pop_front() else { return };
            self.tell_change(&name, &change);
        }
    }

    /// Something else happens to a check: what is pending of it comes first.
    pub(crate) fn tell_pending_of(&mut self, check: CheckId) {
        let name = &self.judged[&check].definition.name;
        let Some(place) = self.pending.left.iter().position(|(pending, _)| pending == name) else { return };
        let (name, change) = self.pending.left.remove(place).expect("it was found above");
        self.tell_change(&name, &change);
    }

    fn tell_change(&mut self, name: &Name, change: &PendingChange) {
        let at = self.pending.taken_at.expect("it was taken");
        match change {
            PendingChange::Declare(definition) => self.tell_declared(definition, at),
            PendingChange::Archive => {
                let (scale, files) = (self.scale.clone(), self.files.clone());
                let is_it = |judged: &&mut Judged| !judged.is_forgotten && judged.definition.name == *name;
                let judged = self.judged.values_mut().find(is_it).expect("what is archived is known");
                judged.log.is_touched = true;
                judged.walk(at, &scale, &files);
                judged.archive(at, &files);
            }
        }
    }

    fn tell_declared(&mut self, definition: &Definition, at: Time) {
        let (scale, files) = (self.scale.clone(), self.files.clone());
        let is_it = |judged: &Judged| {
            judged.definition.name == definition.name
                || definition.renamed_from.contains(&judged.definition.name)
        };
        let mut known = self.judged.values_mut().filter(|judged| !judged.is_forgotten);
        let Some(judged) = known.find(|judged| is_it(judged)) else {
            let id = CheckId(self.judged.len() as u64 + 1);
            self.judged.insert(id, Judged::declared(definition, &scale, &self.blind, at));
            return;
        };
        // Whatever is judged now is told of the check as it is now: so are the responders.
        judged.define(definition);
        let plan = Judged::plan(definition, &scale);
        let is_archived = judged.model.archived;
        if is_archived || judged.plan.spec != plan.spec {
            judged.log.is_touched = true;
            judged.walk(at, &scale, &files);
            if is_archived {
                judged.model.come_back(&plan, at);
            } else {
                judged.model.change(&judged.plan, &plan, at);
            }
            judged.plan = plan;
            judged.note(at, &files);
        }
        judged.archived_at = None;
    }
}
