//! What cannot be stored now, though all else can (14.7).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::Directory;
use crate::clock::Stopwatch;
use crate::core::check::CheckId;
use crate::store::error::StoreError;

/// How often the log says that something of a check cannot be stored.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// What could not be stored of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::store) enum InputKind {
    Ping,
    Refusal,
    Tick,
    ByHand,
}

/// By check, what was last refused of it: a ping, a refusal of one, a tick. Nothing, once that was stored again.
#[derive(Debug, Default)]
pub(in crate::store) struct Quarantine {
    of: HashMap<CheckId, HashSet<InputKind>>,
    said: Option<Stopwatch>,
}

impl Quarantine {
    /// The log says it once a minute.
    pub(super) fn say(&mut self, check: CheckId, error: &StoreError, directory: &Directory) {
        if self.said.is_none_or(|said| said.took() >= SAY_EVERY) {
            self.said = Some(Stopwatch::start());
            let name = directory.checks.iter().find(|other| other.id == check);
            let name = name.map_or_else(|| check.0.to_string(), |check| check.definition.name.to_string());
            tracing::error!(check = name, %error, "what happens to a check cannot be stored, and is refused: all else goes on");
        }
    }

    pub(super) fn add(&mut self, check: CheckId, kind: InputKind) {
        self.of.entry(check).or_default().insert(kind);
    }

    /// These are stored, and so is what was due of their checks before.
    pub(in crate::store) fn remove(&mut self, stored: impl Iterator<Item = (CheckId, InputKind)>) {
        if self.of.is_empty() {
            return;
        }
        for (check, kind) in stored {
            if let Some(kinds) = self.of.get_mut(&check) {
                kinds.remove(&kind);
                kinds.remove(&InputKind::Tick);
                if kinds.is_empty() {
                    self.of.remove(&check);
                }
            }
        }
    }

    /// Of what is declared: of other checks nothing is to be stored.
    pub(super) fn count(&self, directory: &Directory) -> u64 {
        if self.of.is_empty() {
            return 0;
        }
        directory
            .checks
            .iter()
            .filter_map(|check| self.of.get(&check.id))
            .map(|kinds| kinds.len() as u64)
            .sum()
    }
}
