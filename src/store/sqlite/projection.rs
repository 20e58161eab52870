//! Of which checks Alertmanager may have to hear something else (§13): those that changed since they were last looked at,
//! and those whose time has come.
//!
//! A look too many costs time, a look too few a page: whoever is not sure has a check looked at again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::fast::ids::ById;
use crate::core::alert::Alert;
use crate::core::check::{CheckId, Name};
use crate::core::time::Time;

/// What Alertmanager was last told, and which checks are looked at next. No row holds the latter: a start looks at all.
#[derive(Debug, Default)]
pub(super) struct Projection {
    /// What Alertmanager was last told of each check, and may have to hear again.
    pub(super) alerts: BTreeMap<CheckId, Arc<[Alert]>>,
    /// Whether it is known which checks are to be looked at: not before somebody asks for the first time.
    is_followed: bool,
    /// Checks that changed, by when they last did, and the other way round.
    changed: BTreeMap<u64, CheckId>,
    changes: ById<u64>,
    last_change: u64,
    /// Others that are looked at again.
    again: BTreeSet<CheckId>,
    /// When checks are looked at again though nothing happens to them.
    times: BTreeSet<(Time, CheckId)>,
    /// Checks of which something is held back, whatever holds it.
    held: BTreeSet<CheckId>,
    /// Those of them that depend on others, by what they depend on.
    waiting_for: HashMap<Name, BTreeSet<CheckId>>,
}

impl Projection {
    pub(super) fn is_followed(&self) -> bool {
        self.is_followed
    }

    /// What Alertmanager is told of a check from now on; nothing, where there is none.
    pub(super) fn put_alerts(&mut self, check: CheckId, alerts: Arc<[Alert]>) {
        if alerts.is_empty() {
            self.alerts.remove(&check);
        } else {
            self.alerts.insert(check, alerts);
        }
    }

    /// A check is declared otherwise, judged otherwise, or its incident is another.
    pub(super) fn changed(&mut self, check: CheckId) {
        self.last_change += 1;
        if let Some(before) = self.changes.insert(check, self.last_change) {
            self.changed.remove(&before);
        }
        self.changed.insert(self.last_change, check);
    }

    /// Whether anything waits for a check of this name.
    pub(super) fn is_waited_for(&self, name: &Name) -> bool {
        self.waiting_for.contains_key(name)
    }

    /// The check of this name, or of this former name, is another or stands otherwise.
    pub(super) fn dependency_changed(&mut self, name: &Name) {
        let waiting = self.waiting_for.remove(name);
        self.look_again(waiting.unwrap_or_default());
    }

    /// A mute ends earlier than it was to: what it held may fire. A new one only holds.
    pub(super) fn unmuted(&mut self) {
        let held = std::mem::take(&mut self.held);
        self.look_again(held);
    }

    /// The clock was set back: no time of before says anything.
    pub(super) fn look_at_all(&mut self) {
        *self = Projection { alerts: std::mem::take(&mut self.alerts), ..Projection::default() };
    }

    /// There may be 100,000 of them, and a flip is not to wait for that: mostly they become the others as they are.
    pub(super) fn look_again(&mut self, mut checks: BTreeSet<CheckId>) {
        if checks.len() > self.again.len() {
            std::mem::swap(&mut checks, &mut self.again);
        }
        // Where few come to many, each finds its place; else both are put together at once.
        if checks.len() < self.again.len() / 16 {
            self.again.extend(checks);
        } else {
            self.again.append(&mut checks);
        }
    }

    /// Takes at most so many checks that are to be looked at now. What changed last goes first; but a few are of those that
    /// have waited longest, and of the others.
    pub(super) fn take(&mut self, bad: &BTreeSet<CheckId>, limit: usize, now: Time) -> Vec<CheckId> {
        if !self.is_followed {
            self.is_followed = true;
            self.again = bad.iter().chain(self.alerts.keys()).copied().collect();
        }
        let mut taken = Vec::new();
        while taken.len() < limit * 3 / 4 {
            let is_for_the_oldest = taken.len() % 4 == 3;
            let next = if is_for_the_oldest { self.changed.pop_first() } else { self.changed.pop_last() };
            let Some((_, check)) = next else { break };
            self.changes.remove(&check);
            taken.push(check);
        }
        while taken.len() < limit {
            let due = self.times.first().filter(|(at, _)| *at <= now).copied();
            let next = match due {
                Some(due) => {
                    self.times.remove(&due);
                    Some(due.1)
                }
                None => self.again.pop_first(),
            };
            let Some(check) = next else { break };
            taken.push(check);
        }
        taken
    }

    /// A check was looked at: it is again at this time. Something of it is held; then here is what it depends on.
    pub(super) fn looked(&mut self, check: CheckId, next: Option<Time>, held: Option<&[Name]>) {
        self.times.extend(next.map(|at| (at, check)));
        if held.is_some() {
            self.held.insert(check);
        } else {
            self.held.remove(&check);
        }
        for name in held.unwrap_or_default() {
            self.waiting_for.entry(name.clone()).or_default().insert(check);
        }
    }

    /// When something is to be looked at next; that is not later than now where something waits for it.
    pub(super) fn next_look(&self, now: Time) -> Option<Time> {
        let is_waiting = !self.is_followed || !self.changed.is_empty() || !self.again.is_empty();
        if is_waiting { Some(now) } else { self.times.first().map(|(at, _)| *at) }
    }
}
