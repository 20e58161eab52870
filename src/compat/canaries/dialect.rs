//! How the systems of canaries differ: names, prefixes, and a few habits.

use std::sync::Arc;

use crate::compat::door::InOurWords;
use crate::core::check::{Alias, Origin};
use crate::core::origin::Habits;
use crate::store::live::Check;

/// The words and habits of one system.
#[derive(Debug)]
pub(in crate::compat) struct Dialect {
    /// The name in files, metrics and the database.
    pub(in crate::compat) system: &'static str,
    /// How the checks of its users differ from others.
    pub(in crate::compat) habits: Habits,
    /// The name for people.
    pub(in crate::compat) title: &'static str,
    /// One line on where it answers.
    pub(in crate::compat) about: &'static str,
    /// The beginning of its paths.
    pub(in crate::compat) prefix: &'static str,
    /// The part of a path between the prefix and the command.
    pub(in crate::compat) path: &'static str,
    /// The JSON key of a check.
    pub(in crate::compat) one: &'static str,
    /// The JSON key of several checks.
    pub(in crate::compat) many: &'static str,
    /// The word for a check in errors.
    pub(in crate::compat) noun: &'static str,
    /// The display name before the sender's address in mails; `None`: the address alone.
    pub(in crate::compat) sender: Option<&'static str>,
    /// The suffix of a time.
    pub(in crate::compat) zone: &'static str,
    /// A periodicity must be a whole number of seconds.
    pub(in crate::compat) whole_seconds: bool,
    /// A paused canary is no longer late.
    pub(in crate::compat) pause_clears_late: bool,
    /// Reads the system's own configuration as YAML for ours, where that is possible.
    pub(in crate::compat) configuration: Option<InOurWords>,
    /// Supports `search`, `m`, and a lone `-` that clears the addresses.
    pub(in crate::compat) extras: bool,
}

impl Dialect {
    /// The origin of its users' checks.
    pub(in crate::compat) fn origin(&self) -> Origin {
        Origin::new(self.system)
    }

    /// The check with its alias in this system; `None` if it has none.
    pub(in crate::compat) fn known<'c>(&self, check: &'c Arc<Check>) -> Option<(&'c Arc<Check>, &'c Alias)> {
        let canary =
            check.definition.alias.as_ref().filter(|canary| canary.origin.as_str() == self.system)?;
        Some((check, canary))
    }
}
