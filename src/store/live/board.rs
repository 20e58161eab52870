//! What Alertmanager is to hear (§13), as everybody reads it who pushes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::alert::Alert;
use crate::core::check::CheckId;

/// The alerts of every check of which something fires or has ended not long ago. Each change has a number, and numbers only
/// rise: who has heard all up to one asks for those that came later.
#[derive(Debug, Default)]
pub struct Board {
    checks: BTreeMap<CheckId, (u64, Arc<[Alert]>)>,
    /// The last change of each of these.
    changes: BTreeMap<u64, CheckId>,
    newest: u64,
}

impl Board {
    /// All alerts.
    pub fn all(&self) -> impl Iterator<Item = &Alert> {
        self.checks.values().flat_map(|(_, alerts)| alerts.iter())
    }

    /// How many checks are on it.
    pub fn len(&self) -> usize {
        self.checks.len()
    }

    pub fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }

    /// The number of the newest change.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// The numbers of the changes that came later than this one, but for those on which others of the same check followed.
    pub fn changes_after(&self, change: u64) -> impl Iterator<Item = u64> {
        self.changes.range(change + 1..).map(|(number, _)| *number)
    }

    /// The check that a change was of, and its alerts; `None`: another one of the same check has followed.
    pub fn put_by(&self, change: u64) -> Option<(CheckId, &Arc<[Alert]>)> {
        let check = self.changes.get(&change)?;
        Some((*check, &self.checks[check].1))
    }

    /// The next check after this one, in the order of their numbers, and its alerts.
    pub fn next_after(&self, check: Option<CheckId>) -> Option<(CheckId, &Arc<[Alert]>)> {
        let from = check.map_or(0, |check| check.0 + 1);
        self.checks.range(CheckId(from)..).next().map(|(check, (_, alerts))| (*check, alerts))
    }

    /// For the store: what a check's alerts are now; `None`: there is nothing more to hear of it.
    pub fn put(&mut self, check: CheckId, alerts: Option<&Arc<[Alert]>>) {
        if let Some((before, _)) = self.checks.remove(&check) {
            self.changes.remove(&before);
        }
        if let Some(alerts) = alerts {
            self.newest += 1;
            self.changes.insert(self.newest, check);
            self.checks.insert(check, (self.newest, alerts.clone()));
        }
    }

    /// For the store: these are all. What is as before has not changed.
    pub(in crate::store) fn replace(&mut self, all: &BTreeMap<CheckId, Arc<[Alert]>>) {
        let gone: Vec<CheckId> =
            self.checks.keys().filter(|check| !all.contains_key(check)).copied().collect();
        gone.into_iter().for_each(|check| self.put(check, None));
        for (check, alerts) in all {
            if self.checks.get(check).is_none_or(|(_, before)| before != alerts) {
                self.put(*check, Some(alerts));
            }
        }
    }
}
