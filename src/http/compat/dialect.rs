//! What sets the two systems apart: names, prefixes, and a few habits.

use std::sync::Arc;

use crate::core::check::{Canary, System};
use crate::store::live::Check;

/// One system's way of speaking.
#[derive(Debug)]
pub(super) struct Dialect {
    pub(super) system: System,
    /// What stands in a path between the system and a command.
    pub(super) path: &'static str,
    /// A check, as a key.
    pub(super) one: &'static str,
    /// Checks, as a key.
    pub(super) many: &'static str,
    /// A check, in an error.
    pub(super) noun: &'static str,
    /// What stands behind a time.
    pub(super) zone: &'static str,
    /// A periodicity is a whole number of seconds, and nothing else.
    pub(super) whole_seconds: bool,
    /// A canary that is paused is late no more.
    pub(super) pause_clears_late: bool,
    /// `search`, `m`, and a lone `-` that clears the addresses.
    pub(super) extras: bool,
}

const COAL_MINE: Dialect = Dialect {
    system: System::CoalMine,
    path: "v1/canary/",
    one: "canary",
    many: "canaries",
    noun: "Canary",
    zone: "+00:00",
    whole_seconds: false,
    pause_clears_late: false,
    extras: true,
};

const NIGHTS_WATCH: Dialect = Dialect {
    system: System::NightsWatch,
    path: "v1/watcher/",
    one: "watcher",
    many: "watchers",
    noun: "Watcher",
    zone: "",
    whole_seconds: true,
    pause_clears_late: true,
    extras: false,
};

impl Dialect {
    /// The way of speaking of a system.
    pub(super) fn of(system: System) -> &'static Dialect {
        match system {
            System::CoalMine => &COAL_MINE,
            System::NightsWatch => &NIGHTS_WATCH,
        }
    }

    /// A check together with how it is known to the system's users; `None` if it is not.
    pub(super) fn known<'c>(&self, check: &'c Arc<Check>) -> Option<(&'c Arc<Check>, &'c Canary)> {
        let canary = check.definition.canary.as_ref().filter(|canary| canary.system == self.system)?;
        Some((check, canary))
    }
}
