//! What is set aside is asked about again when its time comes, or before that when what holds it changes.
//!
//! A row too many that is asked about costs time; one too few is a page that nobody gets. So whoever is not sure asks, and a
//! memory that is read anew has set nothing aside.

use std::collections::{BTreeSet, HashMap};

use crate::core::outbox::DeliveryId;
use crate::core::route::HeldBy;

/// What may end holds before their time, and what is to be asked about since it did.
#[derive(Debug, Default)]
pub(super) struct Holds {
    by: HashMap<HeldBy, BTreeSet<DeliveryId>>,
    /// What `by` may say of each.
    of: HashMap<DeliveryId, Vec<HeldBy>>,
    asked: BTreeSet<DeliveryId>,
}

impl Holds {
    /// All that may end the hold of one that is set aside, beside its time and its check.
    pub(super) fn set(&mut self, id: DeliveryId, by: Vec<HeldBy>) {
        self.forget(id);
        for one in &by {
            self.by.entry(one.clone()).or_default().insert(id);
        }
        if !by.is_empty() {
            self.of.insert(id, by);
        }
    }

    /// It is set aside no more.
    pub(super) fn forget(&mut self, id: DeliveryId) {
        for one in self.of.remove(&id).unwrap_or_default() {
            if let Some(ids) = self.by.get_mut(&one) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by.remove(&one);
                }
            }
        }
    }

    /// This has changed: all that it holds is asked about. However much that is, it costs nothing until it is.
    pub(super) fn ask_held_by(&mut self, by: &HeldBy) {
        if let Some(ids) = self.by.remove(by) {
            self.ask(ids);
        }
    }

    /// These are asked about.
    pub(super) fn ask(&mut self, mut ids: BTreeSet<DeliveryId>) {
        if ids.len() > self.asked.len() {
            std::mem::swap(&mut ids, &mut self.asked);
        }
        self.asked.extend(ids);
    }

    /// The next of those that are to be asked about.
    pub(super) fn next_asked(&mut self) -> Option<DeliveryId> {
        self.asked.pop_first()
    }

    pub(super) fn is_any_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// All of which it is known what may end their holds.
    pub(super) fn ids(&self) -> impl Iterator<Item = &DeliveryId> {
        self.of.keys().chain(self.by.values().flatten())
    }
}
