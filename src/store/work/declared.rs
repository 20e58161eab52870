//! What is declared, as far as plans ask, before anything is changed.

use std::sync::Arc;

use crate::core::check::{CheckId, Definition, Name, Origin};
use crate::store::StoreError;

/// A check of a store.
pub(in crate::store) struct DeclaredCheck {
    pub(in crate::store) definition: Arc<Definition>,
    pub(in crate::store) is_archived: bool,
    pub(in crate::store) has_pings: bool,
}

/// Reads of what is declared, as the last call left it.
pub(in crate::store) trait DeclaredChecks {
    /// The check of this number; `None`: there is none.
    fn check(&self, id: CheckId) -> Result<Option<DeclaredCheck>, StoreError>;
    /// The one that has this name, an archived one too.
    fn named(&self, name: &Name) -> Result<Option<CheckId>, StoreError>;
    /// The one with an alias of this id that is not archived.
    fn with_alias(&self, id: &str) -> Result<Option<CheckId>, StoreError>;
    /// The one that is not archived and that the users of an origin know by this slug.
    fn with_slug(&self, origin: &Origin, slug: &str) -> Result<Option<CheckId>, StoreError>;
    /// Those that are not archived and that files declare, in the order of their numbers.
    fn in_files(&self) -> Result<Vec<CheckId>, StoreError>;
    /// How many are not archived.
    fn count(&self) -> Result<usize, StoreError>;

    /// A check of which a plan has the number.
    fn known(&self, id: CheckId) -> Result<DeclaredCheck, StoreError> {
        Ok(self.check(id)?.expect("a plan has its numbers from the same store"))
    }
}
