//! The looks that wait for their time, or for room: commands and those at one database by themselves, of which fewer run at a
//! time (17.6b).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::core::assertion::FoundBy;
use crate::core::check::CheckId;
use crate::core::probe::SqlProbe;
use crate::core::time::{Span, Time};

/// The looks that wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LookRoom {
    Commands,
    /// Those at one of `databases`.
    Database(Arc<str>),
    Others,
}

impl LookRoom {
    /// Where this is looked at; `None`: punctual does not look at it.
    pub(super) fn of(found_by: &FoundBy) -> Option<LookRoom> {
        match found_by {
            FoundBy::Reporter(_) => None,
            FoundBy::Http(_) | FoundBy::Promql(_) => Some(LookRoom::Others),
            FoundBy::Sql(probe) => Some(LookRoom::Database(probe.database.clone())),
            FoundBy::Exec(_) => Some(LookRoom::Commands),
        }
    }
}

/// How many looks may run at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LookLimits {
    pub(super) all: usize,
    pub(super) commands: usize,
    /// At each database for which that is said.
    pub(super) databases: BTreeMap<Arc<str>, usize>,
}

impl Default for LookLimits {
    fn default() -> LookLimits {
        LookLimits { all: 64, commands: 8, databases: BTreeMap::new() }
    }
}

impl LookLimits {
    /// The same, with these limits of databases.
    pub(super) fn with_databases(databases: impl Iterator<Item = (Arc<str>, usize)>) -> LookLimits {
        LookLimits { databases: databases.collect(), ..LookLimits::default() }
    }

    fn of(&self, room: &LookRoom) -> usize {
        match room {
            LookRoom::Commands => self.commands,
            LookRoom::Database(name) => {
                self.databases.get(name).copied().unwrap_or(SqlProbe::DEFAULT_CONNECTIONS)
            }
            LookRoom::Others => self.all,
        }
    }
}

/// How many looks run, and how many of them in each room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LookCount {
    all: usize,
    rooms: BTreeMap<LookRoom, usize>,
}

impl LookCount {
    /// Looks in these rooms.
    pub(super) fn of<'r>(rooms: impl Iterator<Item = &'r LookRoom>) -> LookCount {
        let mut running = LookCount::default();
        rooms.for_each(|room| running.add(room));
        running
    }

    pub(super) fn all(&self) -> usize {
        self.all
    }

    /// How many run in this room.
    pub(super) fn in_room(&self, room: &LookRoom) -> usize {
        self.rooms.get(room).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, room: &LookRoom) {
        self.all += 1;
        *self.rooms.entry(room.clone()).or_default() += 1;
    }

    pub(super) fn remove(&mut self, room: &LookRoom) {
        self.all -= 1;
        let count = self.rooms.get_mut(room).expect("it was added");
        *count -= 1;
        if *count == 0 {
            self.rooms.remove(room);
        }
    }
}

/// In the order of their due times, in each room; none of them is empty.
#[derive(Debug, Default)]
pub(super) struct LookQueues(BTreeMap<LookRoom, BTreeSet<(Time, CheckId)>>);

impl LookQueues {
    pub(super) fn add(&mut self, room: &LookRoom, due: Time, id: CheckId) {
        self.0.entry(room.clone()).or_default().insert((due, id));
    }

    pub(super) fn remove(&mut self, room: &LookRoom, due: Time, id: CheckId) {
        let Some(queue) = self.0.get_mut(room) else { return };
        queue.remove(&(due, id));
        if queue.is_empty() {
            self.0.remove(room);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The first due time.
    pub(super) fn first(&self) -> Option<Time> {
        self.0.values().filter_map(BTreeSet::first).map(|(due, _)| *due).min()
    }

    /// The first due time that is yet to come.
    pub(super) fn first_after(&self, now: Time) -> Option<Time> {
        let next = (now + Span::MS, CheckId(0));
        self.0.values().filter_map(|queue| queue.range(next..).next()).map(|(due, _)| *due).min()
    }

    /// Takes the oldest that is due and has room beside those that run.
    pub(super) fn take(
        &mut self,
        running: &LookCount,
        most: &LookLimits,
        now: Time,
    ) -> Option<(Time, CheckId)> {
        if running.all >= most.all {
            return None;
        }
        let firsts = self.0.iter().filter_map(|(room, queue)| Some((queue.first()?, room)));
        let may_begin = |(first, room): &(&(Time, CheckId), &LookRoom)| {
            first.0 <= now && running.in_room(room) < most.of(room)
        };
        let (&(due, id), room) = firsts.filter(may_begin).min_by_key(|(first, _)| **first)?;
        let room = room.clone();
        self.remove(&room, due, id);
        Some((due, id))
    }
}
