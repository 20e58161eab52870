//! Checks by what names them, out of the memory and the list that readers have.

use super::memory::is_declared;
use super::staging::{Staged, Staging};
use super::tx::Tx;
use crate::core::check::{Alias, CheckId, Origin};
use crate::store::StoreError;
use crate::store::work::{NamedCheck, NamedChecks};

impl NamedChecks for Tx<'_> {
    fn check(&self, id: CheckId) -> Result<Option<NamedCheck>, StoreError> {
        if let Some(staged) = self.staged.get(id) {
            return Ok(Some(NamedCheck {
                definition: staged.definition.clone(),
                is_archived: is_archived(staged),
                has_pings: staged.pings > 0,
            }));
        }
        Ok(self.slot(id).map(|slot| NamedCheck {
            definition: slot.check.definition.clone(),
            is_archived: slot.check.known().state.archived.is_some(),
            has_pings: slot.pings > 0,
        }))
    }

    fn with_alias(&self, id: &str) -> Result<Option<CheckId>, StoreError> {
        let before = self.live.directory().by_alias.get(id).map(|check| check.id);
        Ok(having(&self.staged, before, |alias| alias.id == id))
    }

    fn with_slug(&self, origin: &Origin, slug: &str) -> Result<Option<CheckId>, StoreError> {
        let before = self.live.directory().by_slug(origin, slug).map(|check| check.id);
        Ok(having(&self.staged, before, |alias| alias.origin == *origin && alias.slug == slug))
    }

    fn count(&self) -> Result<usize, StoreError> {
        let directory = self.live.directory();
        let came = |(id, staged): &(CheckId, &Staged)| {
            let was_there = self.memory.checks.get(*id).is_some_and(|slot| is_declared(&slot.check));
            isize::from(!is_archived(staged)) - isize::from(was_there)
        };
        let more: isize = self.staged.iter().map(|staged| came(&staged)).sum();
        let count = directory.checks.len().saturating_add_signed(more);
        let to_add = self.pending.map_or(0, |pending| pending.to_add(&self.carried));
        let to_archive = self.pending.map_or(0, |pending| pending.to_archive(&self.carried));
        Ok((count + to_add).saturating_sub(to_archive))
    }
}

/// The check that is not archived and has such an alias, if `before` had it before this call.
fn having(staging: &Staging, before: Option<CheckId>, is_it: impl Fn(&Alias) -> bool) -> Option<CheckId> {
    let has_it = |staged: &Staged| staged.definition.alias.as_deref().is_some_and(&is_it);
    let staged = staging.iter().find(|(_, staged)| !is_archived(staged) && has_it(staged));
    staged.map(|(id, _)| id).or(before.filter(|id| staging.get(*id).is_none()))
}

fn is_archived(staged: &Staged) -> bool {
    staged.state.archived.is_some()
}
