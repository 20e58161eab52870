//! What a configuration changes of checks, from when it is taken until it is carried out (10.5).

use std::collections::HashMap;
use std::sync::Arc;

use super::changes::Changes;
use crate::core::check::{Definition, Name, Source};
use crate::core::time::Time;

/// What is to become of a check.
#[derive(Clone, Debug)]
pub(super) enum PendingChange {
    /// A file declares it, and no check that is declared had its name when that was found out.
    Add(Arc<Definition>),
    /// A file declares it otherwise.
    Declare(Arc<Definition>),
    /// No file declares it any more.
    Archive,
}

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redeclared {
    AsBefore,
    Added,
    Changed,
    Updated,
    Returned,
    Archived,
}

/// What a configuration changes, once it is taken. It is large, and whoever drops it last waits for that.
#[derive(Debug)]
pub struct TakenChanges {
    /// In the order in which they are carried out.
    all: Vec<(Name, PendingChange)>,
    places: HashMap<Name, usize>,
    /// When it was taken. Each check changes as of then, whenever that is carried out.
    at: Time,
}

impl TakenChanges {
    /// When a check changes that is declared as this; `None`: it does not, or has already.
    pub(super) fn changes(&self, declared: &Arc<Definition>) -> Option<Time> {
        let place = *self.places.get(&declared.name)?;
        let is_to_change = match &self.all[place].1 {
            PendingChange::Add(definition) | PendingChange::Declare(definition) => {
                !is_so(definition, declared)
            }
            PendingChange::Archive => is_by_file(declared),
        };
        is_to_change.then_some(self.at)
    }
}

/// All that is still to be carried out.
///
/// It is found by name and not by number: each change is compared with the rows once more when it is carried out, so that one
/// whose commit was in doubt changes nothing the second time.
#[derive(Debug)]
pub(super) struct PendingChanges {
    /// What was to be done at first, which readers share.
    taken: Arc<TakenChanges>,
    /// Which of these are carried out, some before their turn; and up to where all are.
    is_done: Vec<bool>,
    turn: usize,
    left: usize,
    /// How many of those that are left add a check, and archive one.
    added: usize,
    archived: usize,
    /// What was done so far.
    changes: Changes,
}

impl PendingChanges {
    /// Of these, in their order; each name once.
    pub(super) fn new(all: Vec<(Name, PendingChange)>) -> PendingChanges {
        let places = all.iter().enumerate().map(|(place, (name, _))| (name.clone(), place));
        let places: HashMap<Name, usize> = places.collect();
        assert_eq!(all.len(), places.len(), "a check changes once");
        let count =
            |is_it: fn(&PendingChange) -> bool| all.iter().filter(|(_, change)| is_it(change)).count();
        let added = count(|change| matches!(change, PendingChange::Add(_)));
        let archived = count(|change| matches!(change, PendingChange::Archive));
        let (is_done, left) = (vec![false; all.len()], all.len());
        let taken = Arc::new(TakenChanges { all, places, at: Time::MIN });
        PendingChanges { taken, is_done, turn: 0, left, added, archived, changes: Changes::default() }
    }

    /// Nothing becomes of the check of this name.
    pub(super) fn remove(&mut self, name: &Name) {
        let Some(place) = self.place(name) else { return };
        self.is_done[place] = true;
        self.left -= 1;
        let change = &self.taken.all[place].1;
        self.added -= usize::from(matches!(change, PendingChange::Add(_)));
        self.archived -= usize::from(matches!(change, PendingChange::Archive));
    }

    /// Archives none after all. Answers their names, in their order.
    pub(super) fn keep_all(&mut self) -> Vec<Name> {
        let kept = self.in_order().filter(|(_, change)| matches!(change, PendingChange::Archive));
        let kept: Vec<Name> = kept.map(|(name, _)| name.clone()).collect();
        kept.iter().for_each(|name| self.remove(name));
        kept
    }

    /// The configuration is taken, and so much of it is carried out already.
    pub(super) fn taken(mut self, at: Time, changes: Changes) -> PendingChanges {
        Arc::get_mut(&mut self.taken).expect("nobody has seen it before it was taken").at = at;
        self.changes = changes;
        self
    }

    /// For readers.
    pub(super) fn shared(&self) -> Arc<TakenChanges> {
        self.taken.clone()
    }

    /// Whether the check of this name is to be archived.
    pub(super) fn archives(&self, name: &Name) -> bool {
        matches!(self.change(name), Some(PendingChange::Archive))
    }

    /// What is to become of the check of a name, and as of when.
    pub(super) fn get(&self, name: &Name) -> Option<(PendingChange, Time)> {
        self.change(name).map(|change| (change.clone(), self.taken.at))
    }

    fn change(&self, name: &Name) -> Option<&PendingChange> {
        self.place(name).map(|place| &self.taken.all[place].1)
    }

    /// Where what is left of a name stands.
    fn place(&self, name: &Name) -> Option<usize> {
        self.taken.places.get(name).copied().filter(|place| !self.is_done[*place])
    }

    /// All that is left, in its order.
    fn in_order(&self) -> impl Iterator<Item = &(Name, PendingChange)> {
        let left = self.taken.all.iter().zip(&self.is_done).skip(self.turn);
        left.filter(|(_, is_done)| !**is_done).map(|(change, _)| change)
    }

    /// How many of those that are left are declared otherwise, and neither added nor archived.
    pub(super) fn redeclared(&self) -> usize {
        self.left - self.added - self.archived
    }

    /// The names of all that is left, in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.in_order().map(|(name, _)| name)
    }

    /// The same.
    pub(super) fn all(&self) -> Vec<Name> {
        self.names().cloned().collect()
    }

    /// Those of the next ones, at most so many.
    pub(super) fn next(&mut self, limit: usize) -> Vec<Name> {
        while self.is_done.get(self.turn) == Some(&true) {
            self.turn += 1;
        }
        self.in_order().take(limit).map(|(name, _)| name.clone()).collect()
    }

    /// These were carried out, and that is committed.
    pub(super) fn carried_out(&mut self, done: Vec<(Name, Redeclared)>) {
        for (name, became) in done {
            self.remove(&name);
            let names = match became {
                Redeclared::AsBefore => continue,
                Redeclared::Added => &mut self.changes.added,
                Redeclared::Changed => &mut self.changes.changed,
                Redeclared::Updated => &mut self.changes.updated,
                Redeclared::Returned => &mut self.changes.returned,
                Redeclared::Archived => &mut self.changes.archived,
            };
            names.push(name);
        }
    }

    /// The rows were read anew, after a call of which nobody knew whether it was committed: what they have already is carried
    /// out. `declared` answers what a check of a name is declared as.
    pub(super) fn read_anew(&mut self, declared: impl Fn(&Name) -> Option<Arc<Definition>>) {
        let found = |(name, change): &(Name, PendingChange)| {
            let known = declared(name);
            let is_so = |definition| known.as_ref().is_some_and(|known| is_so(definition, known));
            let became = match change {
                PendingChange::Add(definition) if is_so(definition) => Redeclared::Added,
                PendingChange::Declare(definition) if is_so(definition) => Redeclared::Changed,
                PendingChange::Archive if !known.as_ref().is_some_and(is_by_file) => Redeclared::Archived,
                _ => return None,
            };
            Some((name.clone(), became))
        };
        let found = self.in_order().filter_map(found).collect();
        self.carried_out(found);
    }

    /// How many are left.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// How many of these add a check, once these are carried out, too.
    pub(super) fn to_add(&self, done: &[(Name, Redeclared)]) -> usize {
        let is_add = |name: &Name| matches!(self.change(name), Some(PendingChange::Add(_)));
        self.added - done.iter().filter(|(name, _)| is_add(name)).count()
    }

    /// How many of these archive one, once these are carried out, too.
    pub(super) fn to_archive(&self, done: &[(Name, Redeclared)]) -> usize {
        self.archived - done.iter().filter(|(name, _)| self.archives(name)).count()
    }

    pub(super) fn into_changes(self) -> Changes {
        self.changes
    }
}

/// What an API made is no file's to remove, by whatever name.
pub(super) fn is_by_file(declared: &Arc<Definition>) -> bool {
    matches!(declared.source, Source::File { .. })
}

/// Whether a check is declared as a file says. How its users know it is no file's to say.
fn is_so(definition: &Arc<Definition>, declared: &Arc<Definition>) -> bool {
    let is_equal = || match &declared.alias {
        None => definition == declared,
        alias => **declared == Definition { alias: alias.clone(), ..(**definition).clone() },
    };
    Arc::ptr_eq(definition, declared) || is_equal()
}
