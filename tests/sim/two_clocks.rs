//! What is in doubt after a clock was set (1.1): times from before and from after that are not of one clock.

use std::collections::BTreeSet;

use punctual::core::outbox::DeliveryId;
use punctual::core::time::Time;
use rusqlite::Connection;

use crate::evidence::{Delivery, deliveries, number, rows};

/// What was there when a clock was set back, and not at its end. What came to its end before, or began later, is of one clock.
#[derive(Debug, Default)]
pub(crate) struct TwoClocks {
    pub(crate) was_set_back: bool,
    deliveries: BTreeSet<DeliveryId>,
    incidents: BTreeSet<u64>,
    /// Checks of which there was anything to tell before.
    checks: BTreeSet<u64>,
    /// Times that were passed over, since the clock was set ahead: up to the second.
    leaps: Vec<(Time, Time)>,
}

impl TwoClocks {
    pub(crate) fn set_back(&mut self, db: &Connection) {
        self.was_set_back = true;
        let open = deliveries(db, "state IN ('waiting', 'in_message', 'parked')");
        self.incidents.extend(open.iter().map(|row| row.incident));
        self.deliveries.extend(open.iter().map(|row| row.id));
        let numbers = |sql: &str| rows(db, sql, |row| number(row, 0));
        self.incidents.extend(numbers("SELECT id FROM incidents WHERE ended_at IS NULL"));
        self.checks.extend(numbers("SELECT DISTINCT check_id FROM deliveries"));
    }

    pub(crate) fn set_ahead(&mut self, from: Time, to: Time) {
        self.leaps.push((from, to));
    }

    /// What happened then was seen when it was over, and later by as much as the clock was set.
    pub(crate) fn leapt_over(&self, at: Time) -> bool {
        self.leaps.iter().any(|(from, to)| *from < at && at <= *to)
    }

    /// A delivery that waited then, or whose incident was not over.
    pub(crate) fn knew(&self, row: &Delivery) -> bool {
        self.deliveries.contains(&row.id) || self.knew_incident(row.incident)
    }

    pub(crate) fn knew_incident(&self, incident: u64) -> bool {
        self.incidents.contains(&incident)
    }

    pub(crate) fn knew_check(&self, check: u64) -> bool {
        self.checks.contains(&check)
    }
}
