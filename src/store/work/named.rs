//! Checks by what names them, as far as plans ask.

use std::sync::Arc;

use super::check_rows::CheckRows;
use crate::core::check::{CheckId, Definition, Origin};
use crate::store::StoreError;

/// A check, an archived one too.
pub(in crate::store) struct NamedCheck {
    pub(in crate::store) definition: Arc<Definition>,
    pub(in crate::store) is_archived: bool,
    pub(in crate::store) has_pings: bool,
}

/// Row operations that only read. All that they answer is as this call has left it so far.
pub(in crate::store) trait NamedChecks: CheckRows {
    /// The check of this number; `None`: there is none.
    fn check(&self, id: CheckId) -> Result<Option<NamedCheck>, StoreError>;
    /// The one with an alias of this id that is not archived.
    fn with_alias(&self, id: &str) -> Result<Option<CheckId>, StoreError>;
    /// The one that is not archived and that the users of an origin know by this slug.
    fn with_slug(&self, origin: &Origin, slug: &str) -> Result<Option<CheckId>, StoreError>;
    /// How many are not archived, once what a configuration still changes is changed.
    fn count(&self) -> Result<usize, StoreError>;

    /// A check of which a plan has the number.
    fn known(&self, id: CheckId) -> Result<NamedCheck, StoreError> {
        Ok(self.check(id)?.expect("a plan has its numbers from the same store"))
    }
}
