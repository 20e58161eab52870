//! What SQLite's errors mean to a caller.

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::StoreError;

/// An error before the commit: nothing of the transaction is stored.
pub(in crate::store) fn failed(error: Error) -> StoreError {
    match error {
        Error::SqliteFailure(cause, _) if cause.code == ErrorCode::DiskFull => StoreError::Full,
        error if is_page_spoilt(&error) || is_value_spoilt(&error) => {
            damaged(format_args!("{error}; `punctual check-storage` says where"))
        }
        other => match other.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) => {
                StoreError::Row(other.to_string())
            }
            _ => StoreError::Failed(other.to_string()),
        },
    }
}

/// Whether a page does not hang together, or a disk does not give it.
fn is_page_spoilt(error: &Error) -> bool {
    const NOT_READ: [i32; 5] = [
        ffi::SQLITE_IOERR_READ,
        ffi::SQLITE_IOERR_SHORT_READ,
        ffi::SQLITE_IOERR_CORRUPTFS,
        ffi::SQLITE_IOERR_DATA,
        ffi::SQLITE_IOERR_IN_PAGE,
    ];
    let Error::SqliteFailure(cause, _) = error else { return false };
    cause.code == ErrorCode::DatabaseCorrupt || NOT_READ.contains(&cause.extended_code)
}

/// Whether a row was read, and has a value in it that no program of ours has written there.
pub(super) fn is_value_spoilt(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..)
    )
}

/// Whether a row could not be written beside those that are there. Nothing else of the call is undone by that. (What a trigger
/// refuses is none of these: we have none.)
pub(super) fn is_refused(error: &Error) -> bool {
    const REFUSED: [i32; 5] = [
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
        ffi::SQLITE_CONSTRAINT_UNIQUE,
        ffi::SQLITE_CONSTRAINT_ROWID,
        ffi::SQLITE_CONSTRAINT_NOTNULL,
        ffi::SQLITE_CONSTRAINT_DATATYPE,
    ];
    matches!(error, Error::SqliteFailure(cause, _) if REFUSED.contains(&cause.extended_code))
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

#[cfg(test)]
mod tests {
    use rusqlite::types::{FromSqlError, Type};

    use super::*;

    fn of_sqlite(code: i32) -> Error {
        Error::SqliteFailure(ffi::Error::new(code), None)
    }

    /// 14.6
    #[test]
    fn what_cannot_be_read_is_damaged() {
        let not_read = [266, 522, 8458, 11, 267, 523, 779].map(of_sqlite);
        let not_ours = [
            Error::InvalidColumnType(1, "at".to_owned(), Type::Text),
            Error::IntegralValueOutOfRange(1, -1),
            FromSqlError::InvalidType.into(),
        ];
        for error in not_read.into_iter().chain(not_ours) {
            let said = error.to_string();
            assert!(matches!(failed(error), StoreError::Damaged(_)), "{said}");
        }
        // A write that fails, and a lock, say nothing of what is there.
        for code in [10, 778, 1034, 5, 26] {
            assert!(matches!(failed(of_sqlite(code)), StoreError::Failed(_)), "{code}");
        }
        assert!(matches!(failed(of_sqlite(13)), StoreError::Full));
        assert_eq!(
            [1555, 2067, 3091, 1811, 787].map(|code| is_refused(&of_sqlite(code))),
            [true, true, true, false, false]
        );
    }

    /// 14.7: a constraint, a trigger, a value of another type, and one that is too long.
    #[test]
    fn a_row_that_is_not_taken_is_no_failure_of_the_disk() {
        for code in [19, 2067, 1555, 1811, 20, 18] {
            assert!(matches!(failed(of_sqlite(code)), StoreError::Row(_)), "{code}");
        }
    }
}
