//! Errors of a store.

/// Why a store failed. Nothing of the call was stored, except perhaps with [`StoreError::Unclear`].
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The file was written by a newer version.
    #[error(
        "the database is of a newer version ({found}) than this program knows ({known}): run a newer punctual, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The file's version.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The commit was begun, but its outcome is unknown. The next start will show whether it was stored.
    #[error("the commit failed, and whether it was stored is not known: {0}")]
    Unclear(String),
    /// What it needs cannot be read: a page that a disk has spoilt, or a row that no version of ours has written.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// One row cannot be stored, whatever it is: the disk takes others.
    #[error("a row cannot be stored: {0}")]
    Row(String),
    /// Any other failure.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// Whether other rows may be stored all the same.
    pub(super) fn is_of_a_row(&self) -> bool {
        matches!(self, StoreError::Row(_) | StoreError::Damaged(_))
    }
}
