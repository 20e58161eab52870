//! What sets such systems apart: names, prefixes, and a few habits.

use std::sync::Arc;

use crate::core::check::{Canary, System};
use crate::store::live::Check;

/// One system's way of speaking.
#[derive(Debug)]
pub(in crate::compat) struct Dialect {
    pub(in crate::compat) system: System,
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
    /// A check together with how it is known to the system's users; `None` if it is not.
    pub(in crate::compat) fn known<'c>(&self, check: &'c Arc<Check>) -> Option<(&'c Arc<Check>, &'c Canary)> {
        let canary = check.definition.canary.as_ref().filter(|canary| canary.system == self.system)?;
        Some((check, canary))
    }
}
