//! Changes of checks that are made through an API, and so live in the database alone.

use super::error::StoreError;
use crate::core::check::{CheckId, Definition, Name};
use crate::core::step::PastState;
use crate::core::time::Time;

/// One change. Its definition's `source` is always [`crate::core::check::Source::Api`] and its `spec.paused` false,
/// whatever the caller says: an API pauses at run time.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// A new check. The name of one with an `alias` is given by the store: the slug if that is a valid name and free, else
    /// the id.
    Create(Box<NewCheck>),
    /// It is another one from now on; its old name leads to it until somebody else takes that.
    Update {
        /// Which.
        check: CheckId,
        /// What it is now. Of `alias` only the slug may change; without one, the check keeps the one it has. The name of
        /// a check with an alias follows its slug.
        definition: Box<Definition>,
        /// How a changed spec is judged.
        how: SpecChange,
    },
    /// It is no more: archived, and its name, slug and id are free at once.
    Delete {
        /// Which.
        check: CheckId,
    },
}

/// How a changed spec is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecChange {
    /// From now on (10.2).
    Judged,
    /// The deadline counts from the newest entry of its history, also where the spec is the same.
    Rearmed,
}

/// A check that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCheck {
    /// What it is.
    pub definition: Definition,
    /// Paused from the beginning, at run time: a ping ends it.
    pub paused: bool,
    /// What another system knew of it, for an import: it goes on from there, and nobody is alerted.
    pub past: Option<Past>,
}

/// What another system knew of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// How it stood. One that was late has an open incident of which its own addresses count as told: they hear of the
    /// recovery.
    pub state: PastState,
    /// Its history, newest first; what is beyond the bound of its system is dropped. Only a check with an alias has one.
    pub history: Vec<(Time, String)>,
}

/// Why an edit was refused. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// Another check has this name.
    #[error("there is a check of the name `{0}` already")]
    NameTaken(Name),
    /// Another alias of the same system has this slug.
    #[error("another one has this slug already")]
    SlugTaken,
    /// It is no id, or another alias has it, or it was to be a name and another check has that: try another one.
    #[error("`{0}` cannot be an id here")]
    BadId(String),
    /// There is none of this number, or it is archived.
    #[error("there is no such check")]
    NoSuchCheck,
    /// What a file declares no API changes.
    #[error("it is declared in {path}:{line}: change it there")]
    DeclaredInFile {
        /// As it was named on the command line or in `check_files`.
        path: String,
        /// Counted from 1.
        line: u32,
    },
    /// `max_checks` are there already, those of the files included.
    #[error("there are {max} checks already, and `max_checks` allows no more")]
    TooMany {
        /// So many may there be.
        max: usize,
    },
    /// It would depend on a check that is not there.
    #[error("it would depend on `{0}`, which is no check")]
    UnknownDependency(Name),
    /// It would depend on itself, by way of this check.
    #[error("it would depend on itself, through `{0}`")]
    DependencyCircle(Name),
    /// The store could not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why several edits were refused. Nothing of any of them was stored.
#[derive(Debug, thiserror::Error)]
#[error("edit {index}: {error}")]
pub struct RefusedEdit {
    /// Which of them, counted from 0; 0 where all of them are meant.
    pub index: usize,
    /// Why.
    pub error: EditError,
}
