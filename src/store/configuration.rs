//! A configuration, and which of the checks that are declared it declares otherwise.
//!
//! To look at every check takes a second at a million. Whoever reloads does so beside the writer, which then has to do with the
//! difference alone.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::live::{Directory, Live};
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

/// A configuration, compared with a list of checks.
#[derive(Debug)]
pub struct Compared {
    /// The configuration.
    pub configuration: Configuration,
    /// The list that it was compared with.
    with: Option<Arc<Directory>>,
    /// What is new, or declared otherwise, or has former names.
    pub(super) others: Vec<Other>,
    /// Checks that no file declares any more, in the order of their numbers.
    pub(super) gone: Vec<CheckId>,
    /// How many checks files declared.
    pub(super) declared_before: usize,
    /// What is declared as before and stands in another line, and its place among the checks of the configuration.
    moved: Vec<(Arc<Definition>, usize)>,
}

/// A check that a configuration may declare otherwise.
#[derive(Debug)]
pub(super) struct Other {
    /// Its place among the checks of the configuration.
    pub(super) place: usize,
    /// Its former names that no file declares.
    pub(super) former: Vec<Name>,
}

impl Compared {
    /// Compares a configuration with a list of checks. It holds on to the list until the store takes it.
    pub fn new(configuration: Configuration, directory: Arc<Directory>) -> Compared {
        let (others, gone, moved) = (Vec::new(), Vec::new(), Vec::new());
        let mut compared = Compared { configuration, with: None, others, gone, declared_before: 0, moved };
        compared.compare(&directory);
        compared.with = Some(directory);
        compared
    }

    fn compare(&mut self, directory: &Directory) {
        let Compared { configuration, others, gone, declared_before, moved, .. } = self;
        others.clear();
        gone.clear();
        moved.clear();
        *declared_before = 0;
        let names: HashSet<&Name> = configuration.checks.iter().map(|check| &check.name).collect();
        for (place, definition) in configuration.checks.iter().enumerate() {
            match known(directory, definition) {
                Some(known) if known.source.stands_at(&definition.source) => {}
                Some(known) => moved.push((known.clone(), place)),
                None => {
                    let former = definition.renamed_from.iter().filter(|name| !names.contains(name));
                    others.push(Other { place, former: former.cloned().collect() });
                }
            }
        }
        for check in directory.checks.iter() {
            let is_by_file = matches!(check.definition.source, Source::File { .. });
            *declared_before += usize::from(is_by_file);
            if is_by_file && !names.contains(&check.definition.name) {
                gone.push(check.id);
            }
        }
        gone.sort_unstable();
    }

    /// Lets go of the list, and compares anew if it is not the present one any more.
    pub(super) fn renew(&mut self, live: &Live) {
        let now = live.directory();
        let before = self.with.take();
        if !before.is_some_and(|before| Arc::ptr_eq(&before, &now)) {
            self.compare(&now);
        }
    }

    /// Shows where checks stand that are declared as before. Call it once the configuration is taken.
    pub fn move_lines(&self) {
        for (known, place) in &self.moved {
            known.source.move_to(&self.configuration.checks[*place].source);
        }
    }
}

/// What a check is declared as, if that is the same and nothing else can come of it: how its users know a check is no file's to
/// say, and what has former names may continue another check (10.3).
fn known<'a>(directory: &'a Directory, definition: &Definition) -> Option<&'a Arc<Definition>> {
    let named = directory.by_name.get(&definition.name).filter(|named| !named.by_former_name)?;
    let known = &named.check.definition;
    let is_plain = known.alias.is_none() && definition.renamed_from.is_empty();
    (is_plain && **known == *definition).then_some(known)
}
