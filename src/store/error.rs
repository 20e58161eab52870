//! Why a store could not do something.

/// Why a store could not do something. Nothing of the call was stored, unless [`StoreError::Unclear`].
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The file belongs to a newer version.
    #[error(
        "the database is of a newer version ({found}) than this program knows ({known}): run a newer punctual, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The file's version.
        found: u32,
        /// The newest that we know.
        known: u32,
    },
    /// Whether it was stored shows at the next start: the commit was begun and its outcome is not known.
    #[error("the commit failed, and whether it was stored is not known: {0}")]
    Unclear(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Failed(String),
}
