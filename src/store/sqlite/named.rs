//! Checks by what names them, out of the memory and the list that readers have: as the last call left them.

use super::memory::Slot;
use super::tx::Tx;
use crate::core::check::{CheckId, Origin};
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

    fn count(&self) -> Result<usize, StoreError> {
        Ok(self.live.directory().checks.len())
    }
}

fn is_archived(slot: &Slot) -> bool {
    slot.check.known().state.archived.is_some()
}
