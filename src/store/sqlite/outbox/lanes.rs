//! The queues of all receivers, and in which order something leaves for them: whoever changes a queue changes that with it.

use std::collections::BTreeMap;

use super::departures::{Departs, DepartureQueue, Departures};
use super::lane::Lane;
use crate::core::route::ReceiverName;

/// A queue for each receiver of which anything was ever unfinished.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    by_name: BTreeMap<ReceiverName, Lane>,
    departures: Departures,
}

impl Lanes {
    pub(super) fn get(&self, name: &str) -> Option<&Lane> {
        self.by_name.get(name)
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&ReceiverName, &Lane)> {
        self.by_name.iter()
    }

    /// Those of checks' own mails.
    pub(super) fn own(&self) -> &DepartureQueue {
        &self.departures.own
    }

    pub(super) fn own_mut(&mut self) -> &mut DepartureQueue {
        &mut self.departures.own
    }

    pub(super) fn others(&self) -> &DepartureQueue {
        &self.departures.others
    }

    pub(super) fn others_mut(&mut self) -> &mut DepartureQueue {
        &mut self.departures.others
    }

    pub(super) fn departures(&self) -> usize {
        self.departures.own.len() + self.departures.others.len()
    }

    /// Whether this departure is known.
    pub(super) fn leaves(&self, name: &ReceiverName, departs: Departs) -> bool {
        self.departures.own.has(name, departs) || self.departures.others.has(name, departs)
    }

    /// Changes a receiver's queue; one that has none gets one.
    pub(super) fn change(&mut self, name: &ReceiverName, act: impl FnOnce(&mut Lane)) {
        let lane = self.by_name.entry(name.clone()).or_default();
        change(&mut self.departures, name, lane, act);
    }

    /// Changes a receiver's queue, if it has one.
    pub(super) fn change_known(&mut self, name: &ReceiverName, act: impl FnOnce(&mut Lane)) {
        if let Some(lane) = self.by_name.get_mut(name) {
            change(&mut self.departures, name, lane, act);
        }
    }

    pub(super) fn change_all(&mut self, mut act: impl FnMut(&ReceiverName, &mut Lane)) {
        for (name, lane) in &mut self.by_name {
            change(&mut self.departures, name, lane, |lane| act(name, lane));
        }
    }

    /// Takes out one that is empty.
    pub(super) fn take_out(&mut self, name: &str) -> Option<Lane> {
        let lane = self.by_name.remove(name)?;
        assert!(lane.is_empty(), "nothing leaves from an empty lane");
        Some(lane)
    }
}

fn change(departures: &mut Departures, name: &ReceiverName, lane: &mut Lane, act: impl FnOnce(&mut Lane)) {
    let before = lane.departs();
    act(lane);
    lane.forget_vain_times();
    departures.put(name, before, lane.departs());
}
