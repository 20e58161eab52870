//! Which checks had other names before (10.3).

use std::collections::{BTreeMap, HashMap};

use crate::core::check::{CheckId, Name};

/// Former names, and whose they are.
#[derive(Debug, Default)]
pub(super) struct PastNames {
    by_name: BTreeMap<Name, CheckId>,
    by_check: HashMap<CheckId, Vec<Name>>,
}

impl PastNames {
    pub(super) fn get(&self, name: &Name) -> Option<CheckId> {
        self.by_name.get(name).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Name> {
        self.by_name.keys()
    }

    /// The former names of a check.
    pub(super) fn of(&self, check: CheckId) -> &[Name] {
        self.by_check.get(&check).map_or(&[], Vec::as_slice)
    }

    pub(super) fn insert(&mut self, name: Name, check: CheckId) {
        self.remove(&name);
        self.by_check.entry(check).or_default().push(name.clone());
        self.by_name.insert(name, check);
    }

    /// Answers whether it was a former name.
    pub(super) fn remove(&mut self, name: &Name) -> bool {
        let Some(check) = self.by_name.remove(name) else { return false };
        let names = self.by_check.get_mut(&check).expect("it is known whose each name is");
        names.retain(|other| other != name);
        if names.is_empty() {
            self.by_check.remove(&check);
        }
        true
    }

    pub(super) fn by_name(&self) -> &BTreeMap<Name, CheckId> {
        &self.by_name
    }

    /// There is no such check any more.
    pub(super) fn forget(&mut self, check: CheckId) {
        for name in self.by_check.remove(&check).unwrap_or_default() {
            self.by_name.remove(&name);
        }
    }
}
