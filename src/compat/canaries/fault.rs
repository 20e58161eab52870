//! Why a command is not carried out: codes and texts as scripts know them.

use super::python;
use crate::compat::host::Unavailable;
use crate::store::{EditError, StoreError};

/// Why a command is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::compat) enum CommandFault {
    /// No command has this path.
    NoSuchPath,
    /// No check of this system is known by what was given.
    NotFound,
    /// No `auth_key`, or a wrong one.
    Unauthorized,
    /// Too many wrong ones came from this address.
    TooMany {
        /// When it should come again.
        again_in_secs: u32,
    },
    /// What was asked for cannot be: why, as the original said it where that is regular.
    Bad(String),
    /// It could not be stored now.
    Unavailable,
}

impl CommandFault {
    /// A fault in words of our own.
    pub(in crate::compat) fn bad(text: impl Into<String>) -> CommandFault {
        CommandFault::Bad(text.into())
    }

    /// A fault in the words of an exception of Python's.
    pub(in crate::compat) fn exception(kind: &str, text: &str) -> CommandFault {
        CommandFault::Bad(format!("{kind}({})", python::repr(text)))
    }

    /// The answer's code.
    pub(in crate::compat) fn status(&self) -> u16 {
        match self {
            CommandFault::NoSuchPath | CommandFault::NotFound => 404,
            CommandFault::Unauthorized => 401,
            CommandFault::TooMany { .. } => 429,
            CommandFault::Bad(_) => 400,
            CommandFault::Unavailable => 503,
        }
    }

    /// When to ask again, if that may help.
    pub(in crate::compat) fn again_in_secs(&self) -> Option<u32> {
        match self {
            CommandFault::TooMany { again_in_secs } => Some(*again_in_secs),
            CommandFault::Unavailable => Some(1),
            CommandFault::NoSuchPath
            | CommandFault::NotFound
            | CommandFault::Unauthorized
            | CommandFault::Bad(_) => None,
        }
    }

    /// What the answer says; `noun` is what the system calls a check.
    pub(in crate::compat) fn text(&self, noun: &str) -> String {
        match self {
            CommandFault::NoSuchPath => "404 Not Found".to_owned(),
            CommandFault::NotFound => format!("{noun} Not Found"),
            CommandFault::Unauthorized => "401 Unauthorized".to_owned(),
            CommandFault::TooMany { .. } => {
                "429 Too Many Requests: too many wrong keys, try again in a minute".to_owned()
            }
            CommandFault::Bad(text) => text.clone(),
            CommandFault::Unavailable => {
                "503 Service Unavailable: it could not be stored, try again".to_owned()
            }
        }
    }
}

impl From<Unavailable> for CommandFault {
    fn from(_: Unavailable) -> CommandFault {
        CommandFault::Unavailable
    }
}

impl From<StoreError> for CommandFault {
    fn from(error: StoreError) -> CommandFault {
        tracing::error!(%error, "a change of a canary could not be stored");
        CommandFault::Unavailable
    }
}

impl From<EditError> for CommandFault {
    fn from(error: EditError) -> CommandFault {
        match error {
            EditError::NoSuchCheck => CommandFault::NotFound,
            EditError::Store(error) => error.into(),
            other => CommandFault::bad(other.to_string()),
        }
    }
}
