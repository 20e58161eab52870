//! What sets such systems apart: names, prefixes, and a few habits.

use std::sync::Arc;

use crate::core::check::{Alias, Origin};
use crate::core::origin::Habits;
use crate::store::live::Check;

/// One system's way of speaking.
#[derive(Debug)]
pub(in crate::compat) struct Dialect {
    /// Its name as it stands in files, metrics and the database.
    pub(in crate::compat) system: &'static str,
    /// What sets its users' checks apart.
    pub(in crate::compat) habits: Habits,
    /// What the system is called where people read it.
    pub(in crate::compat) title: &'static str,
    /// What its paths begin with.
    pub(in crate::compat) prefix: &'static str,
    /// What stands in a path between that and a command.
    pub(in crate::compat) path: &'static str,
    /// A check, as a key.
    pub(in crate::compat) one: &'static str,
    /// Checks, as a key.
    pub(in crate::compat) many: &'static str,
    /// A check, in an error.
    pub(in crate::compat) noun: &'static str,
    /// What stands behind a time.
    pub(in crate::compat) zone: &'static str,
    /// A periodicity is a whole number of seconds, and nothing else.
    pub(in crate::compat) whole_seconds: bool,
    /// A canary that is paused is late no more.
    pub(in crate::compat) pause_clears_late: bool,
    /// `search`, `m`, and a lone `-` that clears the addresses.
    pub(in crate::compat) extras: bool,
}

impl Dialect {
    /// Whose users' checks these are.
    pub(in crate::compat) fn origin(&self) -> Origin {
        Origin::new(self.system)
    }

    /// A check together with how it is known to the system's users; `None` if it is not.
    pub(in crate::compat) fn known<'c>(&self, check: &'c Arc<Check>) -> Option<(&'c Arc<Check>, &'c Alias)> {
        let canary =
            check.definition.alias.as_ref().filter(|canary| canary.origin.as_str() == self.system)?;
        Some((check, canary))
    }
}
