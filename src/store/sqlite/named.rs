//! Checks by what names them, out of the memory and the list that readers have: as the last call left them.

use super::memory::Slot;
use super::tx::Tx;
use crate::core::check::{CheckId, Origin, Source};
use crate::store::StoreError;
use crate::store::work::{NamedCheck, NamedChecks};

impl NamedChecks for Tx<'_> {
    fn check(&self, id: CheckId) -> Result<Option<NamedCheck>, StoreError> {
        Ok(self.memory.checks.get(&id).map(|slot| NamedCheck {
            definition: slot.check.definition.clone(),
            is_archived: is_archived(slot),
            has_pings: slot.pings > 0,
        }))
    }

    fn with_alias(&self, id: &str) -> Result<Option<CheckId>, StoreError> {
        Ok(self.live.directory().by_alias.get(id).map(|check| check.id))
    }

    fn with_slug(&self, origin: &Origin, slug: &str) -> Result<Option<CheckId>, StoreError> {
        Ok(self.live.directory().by_slug(origin, slug).map(|check| check.id))
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
        Ok(self.live.directory().checks.len())
    }
}

fn is_archived(slot: &Slot) -> bool {
    slot.check.known().state.archived.is_some()
}
