//! What is declared, out of the memory: for plans, before a transaction begins.

use std::sync::Arc;

use super::memory::{Memory, Slot};
use crate::core::check::{CheckId, Name, Origin, Source};
use crate::store::StoreError;
use crate::store::live::Directory;
use crate::store::work::{DeclaredCheck, DeclaredChecks};

/// A look at what the last call left. To be dropped before the next one, which changes the directory in place where nobody
/// looks at it.
pub(super) struct Reading<'a> {
    pub(super) memory: &'a Memory,
    pub(super) directory: Arc<Directory>,
}

impl DeclaredChecks for Reading<'_> {
    fn check(&self, id: CheckId) -> Result<Option<DeclaredCheck>, StoreError> {
        Ok(self.memory.checks.get(&id).map(|slot| DeclaredCheck {
            definition: slot.check.definition.clone(),
            is_archived: is_archived(slot),
            has_pings: slot.pings > 0,
        }))
    }

    fn named(&self, name: &Name) -> Result<Option<CheckId>, StoreError> {
        Ok(self.memory.by_name.get(name).copied())
    }

    fn with_alias(&self, id: &str) -> Result<Option<CheckId>, StoreError> {
        Ok(self.directory.by_alias.get(id).map(|check| check.id))
    }

    fn with_slug(&self, origin: &Origin, slug: &str) -> Result<Option<CheckId>, StoreError> {
        Ok(self.directory.by_slug(origin, slug).map(|check| check.id))
    }

    fn in_files(&self) -> Result<Vec<CheckId>, StoreError> {
        let is_by_file = |slot: &Slot| matches!(slot.check.definition.source, Source::File { .. });
        let is_it = |id: &CheckId| {
            let slot = &self.memory.checks[id];
            is_by_file(slot) && !is_archived(slot)
        };
        let mut ids: Vec<CheckId> = self.memory.by_name.values().copied().filter(is_it).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    fn count(&self) -> Result<usize, StoreError> {
        Ok(self.directory.checks.len())
    }
}

fn is_archived(slot: &Slot) -> bool {
    slot.check.known().state.archived.is_some()
}
