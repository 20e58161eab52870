//! The rows of the unit of work, out of the memory and into the database.

use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, params};

use super::lane::Lane;
use super::rows::word;
use super::told::is_what_rows_say;
use super::{Outbox, rows, said};
use crate::core::alert::Alert;
use crate::core::check::CheckId;
use crate::core::incident::{Incident, IncidentId, IncidentStep, Matter, StepKind};
use crate::core::notice::{Notice, Severity};
use crate::core::outbox::{
    Delivery, DeliveryId, DeliveryKind, DeliveryState, DeliveryStep, Flapping, Flaps, Message, MessageId,
    NewDelivery, Telling,
};
use crate::core::route::ReceiverName;
use crate::core::time::Time;
use crate::store::sqlite::error::failed;
use crate::store::sqlite::history_tables::History;
use crate::store::sqlite::memory::Memory;
use crate::store::sqlite::query::{self, key};
use crate::store::sqlite::tx::Tx;
use crate::store::work::{Rows, SaidOf, Settled};
use crate::store::{StoreError, row};

/// In `meta`: 1 since a start after which nothing leaves.
const HELD: &str = "deliveries_held";

impl Rows for Tx<'_> {
    fn database_id(&self) -> Result<i64, StoreError> {
        Ok(self.memory.database_id)
    }

    fn is_held(&self) -> Result<bool, StoreError> {
        let mut find = self.prepare("SELECT value <> 0 FROM meta WHERE key = ?1")?;
        let held = find.query_row([HELD], |row| row.get(0)).optional().map_err(failed)?;
        Ok(held.unwrap_or(false))
    }

    fn put_held(&mut self, is_held: bool) -> Result<(), StoreError> {
        self.set_meta(HELD, i64::from(is_held))
    }

    fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        Ok(self.memory.outbox.incidents.get(&id).cloned())
    }

    fn open_incident(&self, of: &Matter) -> Result<Option<Incident>, StoreError> {
        Ok(self.memory.outbox.open_incident(of).cloned())
    }

    fn insert_incident(&mut self, incident: &Incident) -> Result<IncidentId, StoreError> {
        self.write_new_incident(incident)
    }

    fn update_incident(&mut self, incident: Incident) -> Result<(), StoreError> {
        self.write_incident(&incident)?;
        if incident.key.is_own() {
            self.answered.push(incident.check);
            self.changed.push(incident.check);
        } else {
            // What is told of the others stands as it did.
            self.changed_records.push(incident.id);
            if incident.status.is_ended() {
                self.memory.ended_records.insert(incident.check);
            }
        }
        self.memory.outbox.put_incident(incident);
        Ok(())
    }

    fn terms_over(&self, check: CheckId, before: Time) -> Result<Vec<IncidentId>, StoreError> {
        Ok(self.memory.outbox.terms.over(check, before))
    }

    fn standing_for_a_time(&self) -> Result<Vec<Incident>, StoreError> {
        let Outbox { terms, incidents, .. } = &self.memory.outbox;
        Ok(terms.incidents().map(|id| incidents[&id].clone()).collect())
    }

    fn said_of(&self, incident: IncidentId) -> Result<Option<SaidOf>, StoreError> {
        said::said_of(self, incident)
    }

    fn insert_step(&mut self, incident: IncidentId, step: &IncidentStep) -> Result<bool, StoreError> {
        said::write_step(self, incident, step)
    }

    fn repeated_telling(
        &self,
        incident: IncidentId,
        what: Telling,
        receiver: &ReceiverName,
    ) -> Result<Option<(u64, DeliveryStep)>, StoreError> {
        let sql = "SELECT number, details FROM incident_steps
                   WHERE incident_id = ?1 AND what = ?2 ORDER BY number DESC";
        let told = |details: &str| match row::read_step(what.as_str(), None, Some(details))?.0 {
            StepKind::Delivery(step) => Some(step),
            _ => None,
        };
        let of = params![key(incident.0), what.as_str()];
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, query::word(row, 1, told)?));
        let steps = History::Steps.all(self, sql, of, read)?;
        let mut of_receiver = steps.into_iter().filter(|(_, step)| step.receiver == *receiver);
        let newest = of_receiver.next();
        let is_repeated = of_receiver.next().is_some();
        Ok(newest.filter(|_| is_repeated).map(|(number, step)| (number.unsigned_abs(), step)))
    }

    fn delete_step(&mut self, incident: IncidentId, number: u64) -> Result<(), StoreError> {
        let sql = "DELETE FROM incident_steps WHERE incident_id = ?1 AND number = ?2";
        History::Steps.change(self, sql, params![key(incident.0), key(number)]).map(drop)
    }

    fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        Ok(self.memory.outbox.deliveries.get(&id).cloned())
    }

    fn unfinished(&self, incident: IncidentId) -> Result<Vec<Delivery>, StoreError> {
        Ok(self.memory.outbox.unfinished(incident).cloned().collect())
    }

    fn deliveries_of(&self, incident: IncidentId) -> Result<Vec<Delivery>, StoreError> {
        rows::deliveries_of(self.db, incident, None)
    }

    fn first_attempted(&self, incident: IncidentId) -> Result<Vec<Delivery>, StoreError> {
        let told = self.memory.outbox.first_told(incident);
        debug_assert!(told.is_none_or(|told| is_what_rows_say(told, &self.deliveries_of(incident))));
        told.map_or_else(|| self.deliveries_of(incident), |told| Ok(told.to_vec()))
    }

    fn all_unfinished(&self) -> Result<Vec<Delivery>, StoreError> {
        Ok(self.memory.outbox.deliveries.values().cloned().collect())
    }

    fn given_up_with(&self, message: MessageId) -> Result<Option<Vec<Delivery>>, StoreError> {
        rows::given_up_with(self.db, message)
    }

    fn waiting_for(&self, receiver: &ReceiverName) -> Result<Vec<Delivery>, StoreError> {
        let outbox = &self.memory.outbox;
        let ids = outbox.lanes.get(receiver).into_iter().flat_map(|lane| lane.waiting.ids());
        Ok(ids.map(|id| outbox.deliveries[id].clone()).collect())
    }

    fn first_waiting(&self, receiver: &ReceiverName) -> Result<Option<Delivery>, StoreError> {
        let outbox = &self.memory.outbox;
        let first = outbox.lanes.get(receiver).and_then(|lane| lane.waiting.ids().next());
        Ok(first.map(|id| outbox.deliveries[id].clone()))
    }

    fn count_waiting(&self, receiver: &ReceiverName) -> Result<usize, StoreError> {
        Ok(self.memory.outbox.lanes.get(receiver).map_or(0, |lane| lane.waiting.candidates()))
    }

    fn aside_before(&self, delivery: &Delivery) -> Result<Vec<DeliveryId>, StoreError> {
        let lane = self.memory.outbox.lanes.get(&delivery.receiver).into_iter();
        let aside = lane.flat_map(|lane| lane.waiting.aside_before(delivery.id, &delivery.matter()));
        Ok(aside.collect())
    }

    fn waiting_notice(
        &self,
        check: CheckId,
        receiver: &ReceiverName,
    ) -> Result<Option<Delivery>, StoreError> {
        let outbox = &self.memory.outbox;
        let Some(lane) = outbox.lanes.get(receiver) else { return Ok(None) };
        let waiting = lane.waiting.of_check(check).map(|id| &outbox.deliveries[&id]);
        let notices = waiting.filter(|row| matches!(row.kind, DeliveryKind::Flapping(_)));
        Ok(notices.max_by_key(|row| row.id).cloned())
    }

    fn insert_delivery(&mut self, new: NewDelivery, state: DeliveryState) -> Result<Delivery, StoreError> {
        if new.kind == DeliveryKind::Reminder {
            self.memory.new_reminders.insert(new.incident);
        }
        self.write_new_delivery(new, state)
    }

    fn update_delivery(&mut self, delivery: Delivery) -> Result<(), StoreError> {
        self.write_delivery(&delivery)?;
        self.memory.outbox.put_delivery(delivery);
        Ok(())
    }

    fn worst_first(
        &mut self,
        receiver: &ReceiverName,
        after: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let Memory { outbox, checks, .. } = &mut *self.memory;
        outbox.rank_waiting(receiver, |check| {
            let known = checks.get(check).map(|slot| &slot.check.definition);
            let definition = known.or(self.staged.get(check).map(|staged| &staged.definition));
            Severity::of(&definition.expect("a check is there while something of it waits").labels)
        });
        let lane = outbox.lanes.get(receiver).into_iter();
        Ok(lane.flat_map(|lane| lane.waiting.worst_first(after)).copied().take(limit).collect())
    }

    fn resting_first(
        &self,
        receiver: &ReceiverName,
    ) -> Result<Box<dyn Iterator<Item = DeliveryId> + '_>, StoreError> {
        Ok(Box::new(self.memory.outbox.resting_of(receiver)))
    }

    fn resting_receivers(&self) -> Result<Vec<ReceiverName>, StoreError> {
        let lanes = self.memory.outbox.lanes.iter();
        Ok(lanes.filter(|(_, lane)| !lane.given_up.is_empty()).map(|(name, _)| name.clone()).collect())
    }

    fn thread_of(&self, incident: IncidentId, receiver: &ReceiverName) -> Result<Option<String>, StoreError> {
        // Most receivers have heard nothing of it yet: that reads nothing.
        let is_told = |told: &[Delivery]| told.iter().any(|first| first.receiver == *receiver);
        if self.memory.outbox.first_told(incident).is_some_and(|told| !is_told(told)) {
            debug_assert!(!rows::thread_of(self.db, incident, receiver).is_ok_and(|thread| thread.is_some()));
            return Ok(None);
        }
        rows::thread_of(self.db, incident, receiver)
    }

    fn flapping(&self, check: CheckId, receiver: &ReceiverName) -> Result<Option<Flapping>, StoreError> {
        let sql = "SELECT last_at, bouts, told_at, times, since FROM flapping WHERE check_id = ?1 AND receiver = ?2";
        let mut find = self.db.prepare_cached(sql).map_err(failed)?;
        let read = |row: &Row<'_>| {
            let time = |place: usize| row.get::<_, i64>(place).map(Time::from_ms);
            if row.get::<_, Option<i64>>(2)?.is_none() {
                // What cannot be read is counted anew.
                let bouts = row::read_bouts(row.get_ref(1)?.as_str()?).unwrap_or_default();
                return Ok(Flapping::Untold(bouts));
            }
            let times: u32 = row.get(3)?;
            let more = if times > 0 { Some(Flaps { times, since: time(4)? }) } else { None };
            Ok(Flapping::Told { at: time(2)?, last: time(0)?, more })
        };
        find.query_row(params![key(check.0), &**receiver], read).optional().map_err(failed)
    }

    fn put_flapping(
        &mut self,
        check: CheckId,
        receiver: &ReceiverName,
        flapping: &Flapping,
    ) -> Result<(), StoreError> {
        let (bouts, told_at, more) = match flapping {
            Flapping::Untold(bouts) => (row::write_bouts(bouts), None, None),
            Flapping::Told { at, more, .. } => (String::new(), Some(at.as_ms()), *more),
        };
        self.execute(
            "INSERT OR REPLACE INTO flapping (check_id, receiver, last_at, bouts, told_at, times, since)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                key(check.0),
                &**receiver,
                flapping.last().map_or(0, Time::as_ms),
                bouts,
                told_at,
                more.map_or(0, |flaps| flaps.times),
                more.map_or(0, |flaps| flaps.since.as_ms()),
            ],
        )
    }

    fn delete_flapping(&mut self, check: CheckId, receiver: &ReceiverName) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM flapping WHERE check_id = ?1 AND receiver = ?2",
            params![key(check.0), &**receiver],
        )
    }

    fn messages(&self) -> Result<Vec<Message>, StoreError> {
        Ok(self.memory.outbox.messages.values().cloned().collect())
    }

    fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        Ok(self.memory.outbox.messages.get(&id).cloned())
    }

    fn abandoned(&self) -> Result<Vec<Message>, StoreError> {
        let sql = "SELECT id FROM messages WHERE state = 'open' AND retry_at IS NULL ORDER BY id";
        let ids = self.all(sql, &[], |row| row.get::<_, i64>(0))?;
        let message = |id: &i64| self.memory.outbox.messages.get(&MessageId(id.unsigned_abs())).cloned();
        Ok(ids.iter().filter_map(message).collect())
    }

    fn messages_to(&self, receiver: &ReceiverName) -> Result<Vec<Message>, StoreError> {
        let outbox = &self.memory.outbox;
        let ids = outbox.lanes.get(receiver).into_iter().flat_map(Lane::messages);
        Ok(ids.map(|id| outbox.messages[id].clone()).collect())
    }

    fn next_retry(&self, receiver: &ReceiverName) -> Result<Option<Message>, StoreError> {
        let outbox = &self.memory.outbox;
        let next = outbox.lanes.get(receiver).and_then(Lane::next_retry);
        Ok(next.map(|(_, id)| outbox.messages[&id].clone()))
    }

    fn is_in_message(&self, receiver: &ReceiverName, matter: &Matter) -> Result<bool, StoreError> {
        let lane = self.memory.outbox.lanes.get(receiver);
        Ok(lane.is_some_and(|lane| lane.waiting.is_in_message(matter)))
    }

    fn is_under_way(&self, receiver: &ReceiverName) -> Result<bool, StoreError> {
        Ok(self.memory.outbox.lanes.get(receiver).is_some_and(|lane| lane.under_way.is_some()))
    }

    fn refused_parts(&self, origin: MessageId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM messages WHERE origin = ?1 AND state = ?2";
        let of = params![key(origin.0), word(Settled::Refused)];
        let count: i64 = self.db.query_row(sql, of, |row| row.get(0)).map_err(failed)?;
        Ok(count.unsigned_abs())
    }

    fn is_some_of_it_sent(&self, message: MessageId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM messages, json_each(members) JOIN deliveries ON deliveries.id = value
                   WHERE messages.id = ?1 AND deliveries.state = 'sent')";
        self.db.query_row(sql, [key(message.0)], |row| row.get(0)).map_err(failed)
    }

    fn frozen(&self, message: &Message) -> Result<Option<Vec<Notice>>, StoreError> {
        let sql = "SELECT notices FROM messages WHERE id = ?1";
        let text: String = self.db.query_row(sql, [key(message.id.0)], |row| row.get(0)).map_err(failed)?;
        // Of a check's records one notice says all.
        let is_whole = |said: &Vec<Notice>| !said.is_empty() && said.len() <= message.members.len();
        Ok(row::read_notices(&text).filter(is_whole))
    }

    fn insert_message(&mut self, message: Message, notices: &[Notice]) -> Result<Message, StoreError> {
        let id = self.write_new_message(&message, &row::write_notices(notices))?;
        // It bears a number of this start: a database that is restored from a backup gives the numbers of its messages once
        // more, and a receiver would take them for repetitions.
        Ok(Message { id, key: format!("{:016x}-{}", self.memory.epoch, id.0), ..message })
    }

    fn update_message(&mut self, message: Message, answer: Option<&str>) -> Result<(), StoreError> {
        self.write_message(&message, answer)?;
        self.memory.outbox.put_message(message);
        Ok(())
    }

    fn settle_message(
        &mut self,
        id: MessageId,
        settled: Settled,
        answer: Option<&str>,
        now: Time,
    ) -> Result<(), StoreError> {
        self.execute(
            "UPDATE messages SET state = ?2, settled_at = ?3, answer = ifnull(?4, answer), retry_at = NULL, notices = ''
             WHERE id = ?1",
            params![key(id.0), word(settled), now.as_ms(), answer],
        )?;
        self.memory.outbox.forget_message(id);
        Ok(())
    }

    fn alerts(&self, check: CheckId) -> Result<Arc<[Alert]>, StoreError> {
        let known = self.alerts.get(&check).or_else(|| self.memory.projection.alerts.get(&check));
        Ok(known.cloned().unwrap_or_default())
    }

    fn put_alerts(&mut self, check: CheckId, alerts: Vec<Alert>) -> Result<(), StoreError> {
        if alerts.is_empty() {
            self.alerts.insert(check, Arc::default());
            let sql = "DELETE FROM alerts WHERE check_id = ?1";
            return History::Alerts.change(self, sql, params![key(check.0)]).map(drop);
        }
        let text = row::write_alerts(&alerts);
        self.alerts.insert(check, alerts.into());
        let sql = "INSERT OR REPLACE INTO alerts (check_id, alerts) VALUES (?1, ?2)";
        History::Alerts.change(self, sql, params![key(check.0), text]).map(drop)
    }

    fn own_under_way(&self) -> Result<usize, StoreError> {
        Ok(self.memory.outbox.own_under_way)
    }

    fn note_parked(&mut self, now: Time) {
        let Outbox { last_parked, .. } = &mut self.memory.outbox;
        *last_parked = (*last_parked).max(Some(now));
    }

    fn note_dropped(&mut self) {
        let outbox = &mut self.memory.outbox;
        outbox.parked = outbox.parked.saturating_sub(1);
    }
}
