//! A configuration, and which of the checks that are declared it declares otherwise.
//!
//! To look at every check takes a second at a million. Whoever reloads does so beside the writer, which then has to do with the
//! difference alone, and with that in pieces (10.5).

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::live::Directory;
use super::pending::{PendingChange, PendingChanges, is_by_file};
use crate::core::audit::Audit;
use crate::core::check::{CheckId, Definition, Name, Source};
use crate::core::retention::Retention;
use crate::core::route::{Policy, ReceiverName};

/// A whole configuration, as far as a store needs it.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Every declared check.
    pub checks: Vec<Definition>,
    pub policy: Arc<Policy>,
    pub retention: Retention,
    /// The most checks that may exist, including those made through an API. No edit may exceed it.
    pub max_checks: usize,
    /// Accept the removal of more than half of at least 10 checks (10.4).
    pub allow_mass_removal: bool,
    /// Receivers whose settings have changed. What was given up for them is tried again (12.4).
    pub changed_receivers: BTreeSet<ReceiverName>,
}

/// What is kept of a configuration that is taken, beside what becomes of checks (22.10).
#[derive(Clone, Debug)]
pub struct ReloadNote {
    /// Who had it read, or why the server did.
    pub actor: String,
    /// What else it changes: `receivers (1 added: ops)`; "": nothing.
    pub also: String,
}

impl Default for ReloadNote {
    fn default() -> ReloadNote {
        ReloadNote { actor: Audit::SERVER.to_owned(), also: String::new() }
    }
}

/// A configuration, compared with the checks that are declared.
#[derive(Debug)]
pub struct Compared {
    pub(super) policy: Arc<Policy>,
    pub(super) retention: Retention,
    pub(super) max_checks: usize,
    pub(super) allow_mass_removal: bool,
    pub(super) changed_receivers: BTreeSet<ReceiverName>,
    /// What has former names that no file declares: it may continue another check, of those that were archived too (10.3).
    pub(super) renamed: Vec<Renamed>,
    /// What else is new or declared otherwise, in the order of the configuration, and what no file declares any more, in the
    /// order of the numbers.
    pub(super) pending: PendingChanges,
    /// What is kept of it once it is taken.
    pub note: ReloadNote,
    /// How many checks files declared.
    pub(super) declared_before: usize,
    /// What is declared as before and stands in another line.
    moved: Vec<(Arc<Definition>, Source)>,
}

/// A check that may have had another name before.
#[derive(Debug)]
pub(super) struct Renamed {
    pub(super) definition: Arc<Definition>,
    /// Its former names that no file declares.
    pub(super) former: Vec<Name>,
}

impl Compared {
    /// Compares a configuration with the checks of a list. No check of a file may be declared otherwise before the store takes
    /// it; what an API changes meanwhile does no harm.
    pub fn new(configuration: Configuration, directory: &Directory) -> Compared {
        let Configuration { checks, policy, retention, max_checks, allow_mass_removal, changed_receivers } =
            configuration;
        let mut compared = Compared {
            policy,
            retention,
            max_checks,
            allow_mass_removal,
            changed_receivers,
            renamed: Vec::new(),
            pending: PendingChanges::new(Vec::new()),
            note: ReloadNote::default(),
            declared_before: 0,
            moved: Vec::new(),
        };
        let names: HashSet<Name> = checks.iter().map(|check| check.name.clone()).collect();
        let mut pending = Vec::new();
        for definition in checks {
            pending.extend(compared.declare(definition, &names, directory));
        }
        let mut gone: Vec<(CheckId, &Name)> = Vec::new();
        for check in directory.checks.iter() {
            let (name, is_by_file) = (&check.definition.name, is_by_file(&check.definition));
            compared.declared_before += usize::from(is_by_file);
            if is_by_file && !names.contains(name) {
                gone.push((check.id, name));
            }
        }
        gone.sort_unstable();
        pending.extend(gone.into_iter().map(|(_, name)| (name.clone(), PendingChange::Archive)));
        compared.pending = PendingChanges::new(pending);
        compared
    }

    /// Notes what a definition means for the check that has its name; answers what is to become of it.
    fn declare(
        &mut self,
        mut definition: Definition,
        names: &HashSet<Name>,
        directory: &Directory,
    ) -> Option<(Name, PendingChange)> {
        let former = definition.renamed_from.iter().filter(|name| !names.contains(*name));
        let former: Vec<Name> = former.cloned().collect();
        if !former.is_empty() {
            self.renamed.push(Renamed { definition: Arc::new(definition), former });
            return None;
        }
        let name = definition.name.clone();
        let Some(known) = directory.by_name.get_key(name.as_str()).map(|check| &check.0.definition) else {
            return Some((name, PendingChange::Add(Arc::new(definition))));
        };
        // How its users know a check is no file's to say.
        let alias = std::mem::replace(&mut definition.alias, known.alias.clone());
        if **known != definition {
            definition.alias = alias;
            return Some((name, PendingChange::Declare(Arc::new(definition))));
        }
        if !known.source.stands_at(&definition.source) {
            self.moved.push((known.clone(), definition.source));
        }
        None
    }

    /// What is pending once it is taken.
    pub(super) fn take_pending(&mut self) -> PendingChanges {
        std::mem::replace(&mut self.pending, PendingChanges::new(Vec::new()))
    }

    /// Shows where checks stand that are declared as before. Call it once the configuration is taken.
    pub fn move_lines(&self) {
        self.moved.iter().for_each(|(known, source)| known.source.move_to(source));
    }
}
