//! What SQLite's errors mean to a caller.

use rusqlite::{Error, ErrorCode};

use crate::store::StoreError;

/// An error before the commit: nothing of the transaction is stored.
pub(in crate::store) fn failed(error: Error) -> StoreError {
    match error {
        Error::SqliteFailure(cause, _) if cause.code == ErrorCode::DiskFull => StoreError::Full,
        Error::SqliteFailure(cause, why) if cause.code == ErrorCode::DatabaseCorrupt => {
            let error = Error::SqliteFailure(cause, why);
            damaged(format_args!("{error}; `punctual check-storage` says where"))
        }
        other => StoreError::Failed(other.to_string()),
    }
}

/// An error of the commit itself. A full disk shows before the commit is written; after anything else (a failed fsync)
/// nobody knows.
pub(super) fn commit_failed(error: Error) -> StoreError {
    match failed(error) {
        StoreError::Failed(why) | StoreError::Damaged(why) => StoreError::Unclear(why),
        other => other,
    }
}

/// A row that this program cannot have written.
pub(in crate::store) fn damaged(what: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(what.to_string())
}
