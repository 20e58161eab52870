//! Why a command is not carried out: codes and texts as scripts know them.

use hyper::StatusCode;

use super::python;
use crate::http::Busy;
use crate::http::aside::Bug;
use crate::store::{EditError, StoreError};

/// Why a command is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No command has this path.
    NoSuchPath,
    /// No check of this system is known by what was given.
    NotFound,
    /// No `auth_key`, or a wrong one.
    Unauthorized,
    /// Too many wrong ones came from this address.
    TooMany,
    /// What was asked for cannot be: why, as the original said it where that is regular.
    Bad(String),
    /// It could not be stored now.
    Unavailable,
}

impl Fault {
    /// A fault in words of our own.
    pub(super) fn bad(text: impl Into<String>) -> Fault {
        Fault::Bad(text.into())
    }

    /// A fault in the words of an exception of Python's.
    pub(super) fn exception(kind: &str, text: &str) -> Fault {
        Fault::Bad(format!("{kind}({})", python::repr(text)))
    }

    /// The answer's code.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Fault::NoSuchPath | Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::Unauthorized => StatusCode::UNAUTHORIZED,
            Fault::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Fault::Bad(_) => StatusCode::BAD_REQUEST,
            Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the answer says; `noun` is what the system calls a check.
    pub(super) fn text(&self, noun: &str) -> String {
        match self {
            Fault::NoSuchPath => "404 Not Found".to_owned(),
            Fault::NotFound => format!("{noun} Not Found"),
            Fault::Unauthorized => "401 Unauthorized".to_owned(),
            Fault::TooMany => "429 Too Many Requests: too many wrong keys, try again in a minute".to_owned(),
            Fault::Bad(text) => text.clone(),
            Fault::Unavailable => "503 Service Unavailable: it could not be stored, try again".to_owned(),
        }
    }
}

impl From<Busy> for Fault {
    fn from(_: Busy) -> Fault {
        Fault::Unavailable
    }
}

impl From<Bug> for Fault {
    fn from(_: Bug) -> Fault {
        Fault::Unavailable
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        tracing::error!(%error, "a change of a canary could not be stored");
        Fault::Unavailable
    }
}

impl From<EditError> for Fault {
    fn from(error: EditError) -> Fault {
        match error {
            EditError::NoSuchCheck => Fault::NotFound,
            EditError::Store(error) => error.into(),
            other => Fault::bad(other.to_string()),
        }
    }
}
