//! What a new configuration changed of checks.

use crate::core::check::Name;

/// The changes that a new configuration made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Declared for the first time.
    pub added: Vec<Name>,
    /// The spec has changed, so the check is judged differently from now on.
    pub changed: Vec<Name>,
    /// Only other parts have changed (title, labels, …).
    pub updated: Vec<Name>,
    /// No longer declared.
    pub archived: Vec<Name>,
    /// Declared again.
    pub returned: Vec<Name>,
    /// Old and new name.
    pub renamed: Vec<(Name, Name)>,
    /// Kept although no longer declared: at a start, a configuration that removes too many checks archives none (10.4).
    pub kept: Vec<Name>,
    /// Old and new names of renames that a start skipped because both checks have a history (10.3). Both stay.
    pub passed_over: Vec<(Name, Name)>,
}

/// How far the end of an attempt is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Settling {
    /// It is stored for so many of the message's members: the next call is told this number.
    GoesOn(usize),
    /// The next message to its receiver may leave.
    Ended,
}

/// How far a configuration is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarriedOn {
    /// So many checks are left.
    Left(usize),
    /// It is done, with these changes.
    Done(Changes),
}
