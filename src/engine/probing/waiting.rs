//! The looks that wait for their time, or for room: commands by themselves, of which fewer run at a time (17.6b).

use std::collections::BTreeSet;

use crate::core::check::CheckId;
use crate::core::probe::ProbeKind;
use crate::core::time::{Span, Time};

/// How many looks run at a time, and how many of them are commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LookCount {
    pub(super) all: usize,
    pub(super) commands: usize,
}

impl LookCount {
    /// The most there are.
    pub(super) const MOST: LookCount = LookCount { all: 64, commands: 8 };

    /// These looks.
    pub(super) fn of(kinds: impl Iterator<Item = ProbeKind>) -> LookCount {
        let mut running = LookCount::default();
        kinds.for_each(|kind| running.add(kind));
        running
    }

    pub(super) fn add(&mut self, kind: ProbeKind) {
        self.all += 1;
        self.commands += usize::from(kind == ProbeKind::Exec);
    }

    pub(super) fn remove(&mut self, kind: ProbeKind) {
        self.all -= 1;
        self.commands -= usize::from(kind == ProbeKind::Exec);
    }
}

/// In the order of their due times.
#[derive(Debug, Default)]
pub(super) struct LookQueues {
    commands: BTreeSet<(Time, CheckId)>,
    others: BTreeSet<(Time, CheckId)>,
}

impl LookQueues {
    pub(super) fn add(&mut self, kind: ProbeKind, due: Time, id: CheckId) {
        let queue = if kind == ProbeKind::Exec { &mut self.commands } else { &mut self.others };
        queue.insert((due, id));
    }

    pub(super) fn remove(&mut self, kind: ProbeKind, due: Time, id: CheckId) {
        let queue = if kind == ProbeKind::Exec { &mut self.commands } else { &mut self.others };
        queue.remove(&(due, id));
    }

    pub(super) fn clear(&mut self) {
        self.commands.clear();
        self.others.clear();
    }

    /// The first due time.
    pub(super) fn first(&self) -> Option<Time> {
        let firsts = [&self.commands, &self.others].map(BTreeSet::first);
        firsts.into_iter().flatten().map(|(due, _)| *due).min()
    }

    /// The first due time that is yet to come.
    pub(super) fn first_after(&self, now: Time) -> Option<Time> {
        let next = (now + Span::MS, CheckId(0));
        let firsts = [&self.commands, &self.others].map(|queue| queue.range(next..).next());
        firsts.into_iter().flatten().map(|(due, _)| *due).min()
    }

    /// Takes the oldest that is due and has room beside those that run.
    pub(super) fn take(&mut self, running: LookCount, most: LookCount, now: Time) -> Option<(Time, CheckId)> {
        if running.all >= most.all {
            return None;
        }
        let is_due = |first: &(Time, CheckId)| first.0 <= now;
        let command = self.commands.first().filter(|first| is_due(first) && running.commands < most.commands);
        let other = self.others.first().filter(|first| is_due(first));
        match (command, other) {
            (Some(command), Some(other)) if command < other => self.commands.pop_first(),
            (Some(_), None) => self.commands.pop_first(),
            (_, Some(_)) => self.others.pop_first(),
            (None, None) => None,
        }
    }
}
