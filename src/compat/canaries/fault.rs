//! Why a command fails: codes and texts that scripts already know.

use super::python;
use crate::app::edit::EditNotDone;
use crate::app::ping::PingNotTaken;
use crate::app::{Bug, NotDone, NotDoneKind};
use crate::store::{EditError, StoreError};

/// Why a command fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::compat) enum CommandFault {
    /// No command has this path.
    NoSuchPath,
    /// No check of this system matches the arguments.
    NotFound,
    /// The `auth_key` is missing or wrong.
    Unauthorized,
    /// Too many wrong keys came from this address.
    TooMany {
        /// When to try again.
        again_in_secs: u32,
    },
    /// The request cannot be fulfilled. The text is the original's where that is regular.
    Bad(String),
    /// It cannot be stored now.
    Unavailable,
}

impl CommandFault {
    /// A fault in our own words.
    pub(in crate::compat) fn bad(text: impl Into<String>) -> CommandFault {
        CommandFault::Bad(text.into())
    }

    /// A fault in the words of a Python exception.
    pub(in crate::compat) fn exception(kind: &str, text: &str) -> CommandFault {
        CommandFault::Bad(format!("{kind}({})", python::repr(text)))
    }

    /// The HTTP status.
    pub(in crate::compat) fn status(&self) -> u16 {
        match self {
            CommandFault::NoSuchPath | CommandFault::NotFound => 404,
            CommandFault::Unauthorized => 401,
            CommandFault::TooMany { .. } => 429,
            CommandFault::Bad(_) => 400,
            CommandFault::Unavailable => 503,
        }
    }

    /// When to try again, if that may help.
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

    /// The text of the answer; `noun` is the system's word for a check.
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

impl From<Bug> for CommandFault {
    fn from(_: Bug) -> CommandFault {
        CommandFault::Unavailable
    }
}

impl From<PingNotTaken> for CommandFault {
    fn from(why: PingNotTaken) -> CommandFault {
        match why {
            PingNotTaken::NoSuchCheck => CommandFault::NotFound,
            PingNotTaken::OnlyPost
            | PingNotTaken::TakesResults
            | PingNotTaken::TakesPings
            | PingNotTaken::Probed
            | PingNotTaken::TakesNoRecords(_) => CommandFault::bad(why.to_string()),
            PingNotTaken::Overloaded | PingNotTaken::NotStored => CommandFault::Unavailable,
        }
    }
}

impl From<NotDone> for CommandFault {
    fn from(why: NotDone) -> CommandFault {
        match (why.kind(), why) {
            (_, NotDone::Store(error)) => error.into(),
            (NotDoneKind::NotFound, _) => CommandFault::NotFound,
            (NotDoneKind::Conflict | NotDoneKind::Invalid, why) => CommandFault::bad(why.to_string()),
            (NotDoneKind::Unavailable | NotDoneKind::Bug, _) => CommandFault::Unavailable,
        }
    }
}

impl From<EditNotDone> for CommandFault {
    fn from(why: EditNotDone) -> CommandFault {
        match why {
            EditNotDone::Refused(error) => error.into(),
            why @ EditNotDone::KnownElsewhere { .. } => CommandFault::bad(why.to_string()),
            EditNotDone::Busy(_) | EditNotDone::Contended => CommandFault::Unavailable,
        }
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
