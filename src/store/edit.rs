//! Edits: changes of checks through an API, which exist only in the database.

use super::error::StoreError;
use crate::core::check::{CheckId, Definition, Name, Source};
use crate::core::step::PastState;
use crate::core::time::Time;

/// One change. The store sets the definition's `source` to [`crate::core::check::Source::Api`] and its `spec.paused` to
/// false, whatever the caller passes: an API pauses at run time.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Creates a check. If it has an `alias`, the store names it: by the slug if that is a valid and free name,
    /// otherwise by the id.
    Create(Box<NewCheck>),
    /// Changes a check. Its old name leads to it until another check takes that name.
    Update {
        check: CheckId,
        /// The new definition. Of `alias` only the slug may change; `None` keeps the alias. The name of a check with an
        /// alias follows its slug.
        definition: Box<Definition>,
        /// How a changed spec is judged.
        how: SpecChange,
    },
    /// Deletes a check: it is archived, and its name, slug and id are free at once.
    Delete { check: CheckId },
}

/// How a changed spec is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecChange {
    /// From now on (10.2).
    Judged,
    /// The deadline counts from the newest entry of the history, even if the spec is the same.
    Rearmed,
}

/// A check to be created.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCheck {
    pub definition: Definition,
    /// Paused from the beginning, at run time: a ping ends the pause.
    pub paused: bool,
    /// What another system knew of it, for an import. It goes on from there, and nobody is alerted.
    pub past: Option<Past>,
}

/// What another system knew of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Its state there. A check that was late gets an open incident of which its own addresses count as told, so they
    /// hear of the recovery.
    pub state: PastState,
    /// Its history, newest first, cut to its system's bound. Only checks with an alias have one.
    pub history: Vec<(Time, String)>,
}

/// Why an edit was refused. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// Another check has this name.
    #[error("there is a check of the name `{0}` already")]
    NameTaken(Name),
    /// Another check of the same system has this slug.
    #[error("another one has this slug already")]
    SlugTaken,
    /// The id is invalid or taken, or was to become a name that is taken. Try another one.
    #[error("`{0}` cannot be an id here")]
    BadId(String),
    /// There is no check with this number, or it is archived.
    #[error("there is no such check")]
    NoSuchCheck,
    /// The check is declared in a file, so an API cannot change it.
    #[error("it is declared in {path}:{line}: change it there")]
    DeclaredInFile {
        /// The path as given on the command line or in `check_files`.
        path: String,
        /// Counted from 1.
        line: u32,
    },
    /// There are `max_checks` checks already, including those of files.
    #[error("there are {max} checks already, and `max_checks` allows no more")]
    TooMany { max: usize },
    /// It would depend on a check that does not exist.
    #[error("it would depend on `{0}`, which is no check")]
    UnknownDependency(Name),
    /// It would depend on itself through this check.
    #[error("it would depend on itself, through `{0}`")]
    DependencyCircle(Name),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EditError {
    /// What a file declares no API changes (16.1b).
    pub fn unless_of_api(source: &Source) -> Result<(), EditError> {
        match source {
            Source::Api => Ok(()),
            Source::File { path, line } => {
                Err(EditError::DeclaredInFile { path: path.to_string(), line: line.get() })
            }
        }
    }
}

/// Why a list of edits was refused. Nothing was stored.
#[derive(Debug, thiserror::Error)]
#[error("edit {index}: {error}")]
pub struct RefusedEdit {
    /// The index of the edit, counted from 0; 0 also if the edits are refused as a whole.
    pub index: usize,
    pub error: EditError,
}
