//! What Alertmanager should hear (§13): a projection, stored so that what ended is still told.

use std::collections::BTreeSet;

use rusqlite::params;

use super::key;
use super::tx::Tx;
use crate::core::alert::{Alert, alerts_of, project};
use crate::core::check::CheckId;
use crate::core::incident::IncidentStatus;
use crate::core::outbox::DeliveryKind;
use crate::core::route::ReceiverPolicy;
use crate::core::time::Time;
use crate::store::work::{self, Question, SeenCheck};
use crate::store::{Alerts, StoreError, row};

impl Tx<'_> {
    pub(super) fn alerts(&mut self, now: Time) -> Result<Alerts, StoreError> {
        let stored = self.memory.alerts.keys().copied();
        let checks: BTreeSet<CheckId> = self.memory.bad.iter().copied().chain(stored).collect();
        let mut alerts = Alerts::default();
        for check in checks {
            let (of_check, next_look) = self.project(check, now)?;
            alerts.all.extend(of_check);
            alerts.next_look = alerts.next_look.into_iter().chain(next_look).min();
        }
        Ok(alerts)
    }

    /// The alerts of a check, and when those that are held may fire.
    fn project(&mut self, id: CheckId, now: Time) -> Result<(Vec<Alert>, Option<Time>), StoreError> {
        let slot = &self.memory.checks[&id];
        let definition = slot.check.definition.clone();
        let (wanted, causes, is_paused) = {
            let state = &slot.check.known().state;
            (alerts_of(&definition, state), state.causes.clone(), state.pause.since().is_some())
        };
        let incident = self.memory.outbox.open_incident(id);
        let wanted: Vec<Alert> = match incident {
            Some(incident) => wanted.into_iter().map(|alert| alert.of_incident(incident.id)).collect(),
            None => wanted,
        };
        let seen = SeenCheck {
            definition: &definition,
            causes: causes.as_slice(),
            is_paused,
            incident: incident.map_or(IncidentStatus::Open, |incident| incident.status),
        };
        let opened_at = incident.map_or(now, |incident| incident.opened_at);
        let dependencies = &work::dependencies(self, &definition);
        // 8.3: it waits for what it depends on as a delivery does by default.
        let group_wait = ReceiverPolicy::GROUP_WAIT;
        let (kind, ready_at) = (DeliveryKind::Alert, opened_at);
        let verdict = work::verdict(self, Question { seen, dependencies, kind, ready_at, group_wait }, now);
        let next_look = verdict.next_look().filter(|_| !wanted.is_empty());
        let stored = self.memory.alerts.get(&id).map_or(&[][..], Vec::as_slice);
        let alerts = project(stored, &wanted, verdict.holds_push(), now);
        if alerts == stored {
            return Ok((alerts, next_look));
        }
        if alerts.is_empty() {
            self.execute("DELETE FROM alerts WHERE check_id = ?1", params![key(id.0)])?;
            self.memory.alerts.remove(&id);
        } else {
            self.execute(
                "INSERT OR REPLACE INTO alerts (check_id, alerts) VALUES (?1, ?2)",
                params![key(id.0), row::write_alerts(&alerts)],
            )?;
            self.memory.alerts.insert(id, alerts.clone());
        }
        Ok((alerts, next_look))
    }
}
