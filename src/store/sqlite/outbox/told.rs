//! Who was told of each incident that is open: its end is told to the same (8.4), and reads nothing for that.

use std::collections::HashMap;

use crate::core::incident::IncidentId;
use crate::core::outbox::Delivery;
use crate::store::StoreError;

/// Of each receiver the first delivery that was attempted; `None`: only the rows say.
#[derive(Debug, Default)]
pub(super) struct FirstTold(HashMap<IncidentId, Option<Vec<Delivery>>>);

impl FirstTold {
    /// Takes a delivery of an incident that goes on, as its row is now.
    pub(super) fn put(&mut self, delivery: &Delivery) {
        let is_attempted = delivery.is_attempted();
        if !is_attempted && !self.0.contains_key(&delivery.incident) {
            return;
        }
        let told = self.0.entry(delivery.incident).or_insert_with(|| Some(Vec::new()));
        let Some(firsts) = told else { return };
        match firsts.iter_mut().find(|first| first.receiver == delivery.receiver) {
            Some(first) if is_attempted && delivery.id <= first.id => *first = delivery.clone(),
            // It was to be told, and was let go as not: another may be the first.
            Some(first) if !is_attempted && delivery.id == first.id => *told = None,
            Some(_) => {}
            None => firsts.extend(is_attempted.then(|| delivery.clone())),
        }
    }

    /// Of an incident that is open. `None`: only the rows say.
    pub(super) fn of(&self, incident: IncidentId) -> Option<&[Delivery]> {
        self.0.get(&incident).map_or(Some(&[]), |told| told.as_deref())
    }

    /// What was noted of an incident may be wrong.
    pub(super) fn ask_rows(&mut self, incident: IncidentId, is_open: bool) {
        self.forget(incident);
        self.0.extend(is_open.then_some((incident, None)));
    }

    /// The incident has ended.
    pub(super) fn forget(&mut self, incident: IncidentId) {
        self.0.remove(&incident);
    }
}

/// Whether all rows of an incident say the same of it, as far as they are not pruned.
pub(super) fn is_what_rows_say(told: &[Delivery], rows: &Result<Vec<Delivery>, StoreError>) -> bool {
    let attempted = || rows.iter().flatten().filter(|row| row.is_attempted());
    let is_first = |first: &Delivery| {
        let mut to_it = attempted().filter(|row| row.receiver == first.receiver);
        first.is_attempted() && to_it.next().is_none_or(|row| row.id >= first.id)
    };
    told.iter().all(is_first)
        && attempted().all(|row| told.iter().any(|first| first.receiver == row.receiver))
}
