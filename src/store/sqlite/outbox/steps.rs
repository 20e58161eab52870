//! What happened to an incident, on record (11.3).

use std::collections::HashSet;

use rusqlite::params;

use crate::core::incident::{IncidentId, IncidentStep, PUNCTUAL, StepKind};
use crate::core::outbox::{Delivery, DeliveryStep, Message, MessageId, Telling};
use crate::core::time::Time;
use crate::store::sqlite::error::{damaged, failed};
use crate::store::sqlite::key;
use crate::store::sqlite::tx::Tx;
use crate::store::{StoreError, row};

impl Tx<'_> {
    pub(in crate::store::sqlite) fn insert_step(
        &self,
        incident: IncidentId,
        step: &IncidentStep,
    ) -> Result<(), StoreError> {
        let (what, kind, details) = row::write_step(&step.what);
        self.execute(
            "INSERT INTO incident_steps (incident_id, number, at, what, kind, by, details) VALUES
             (?1, (SELECT ifnull(max(number), 0) + 1 FROM incident_steps WHERE incident_id = ?1), ?2, ?3, ?4, ?5, ?6)",
            params![key(incident.0), step.at.as_ms(), what, kind, step.by, details],
        )
    }

    /// What became of an attempt, for each incident that the message tells of.
    pub(super) fn note_attempt(
        &self,
        message: &Message,
        what: impl Fn(&Delivery) -> Telling,
        answer: &str,
        now: Time,
    ) -> Result<(), StoreError> {
        let mut noted = HashSet::new();
        for id in &message.members {
            let delivery = &self.memory.outbox.deliveries[id];
            if noted.insert(delivery.incident) {
                self.note(delivery, (what(delivery), Some(message.id), answer), PUNCTUAL, now)?;
            }
        }
        Ok(())
    }

    /// What became of a delivery, in which message, and with which answer; `by` whom.
    pub(super) fn note(
        &self,
        delivery: &Delivery,
        (what, message, answer): (Telling, Option<MessageId>, &str),
        by: &str,
        now: Time,
    ) -> Result<(), StoreError> {
        let before = self.forget_newest(delivery, what)?;
        let step = DeliveryStep {
            what,
            receiver: delivery.receiver.clone(),
            kind: delivery.kind,
            message,
            answer: answer.to_owned(),
            times: before.saturating_add(1),
        };
        self.insert_step(delivery.incident, &IncidentStep::new(StepKind::Delivery(step), by, now))
    }

    /// Of each kind of step and receiver there are the first and the newest: makes room for a newer one, and answers how
    /// often what goes had happened.
    fn forget_newest(&self, delivery: &Delivery, what: Telling) -> Result<u32, StoreError> {
        let mut find = self
            .db
            .prepare_cached(
                "SELECT number, details FROM incident_steps
                 WHERE incident_id = ?1 AND what = ?2 AND json_extract(details, '$.receiver') = ?3
                 ORDER BY number DESC LIMIT 2",
            )
            .map_err(failed)?;
        let incident = key(delivery.incident.0);
        let of = params![incident, what.as_str(), &*delivery.receiver];
        let rows = find.query_map(of, |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        let rows: Vec<(i64, String)> = rows.collect::<Result<_, _>>().map_err(failed)?;
        let [(number, details), _] = rows.as_slice() else { return Ok(0) };
        let Some(StepKind::Delivery(newest)) = row::read_step(what.as_str(), None, Some(details)) else {
            return Err(damaged(format_args!("step {number} of incident {incident}")));
        };
        self.execute(
            "DELETE FROM incident_steps WHERE incident_id = ?1 AND number = ?2",
            params![incident, number],
        )?;
        Ok(newest.times)
    }
}
