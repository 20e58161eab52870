//! The rows of records and marks of the unit of work.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};

use super::error::{damaged, failed};
use super::old_rows::most;
use super::outbox::records as of_outbox;
use super::query::key;
use super::tx::Tx;
use crate::core::check::CheckId;
use crate::core::incident::{IncidentId, IncidentKey, IncidentKeyError, Matter};
use crate::core::outbox::{Delivery, DeliveryId, DeliveryState, MessageId};
use crate::core::record::{Record, RecordKind, RecordStanding};
use crate::core::route::ReceiverName;
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::work::{KnownRecord, NewMark, RecordRows, Rows as _};

/// So many are put into a message by one statement.
const AT_A_TIME: usize = 1_000;

/// The columns `named_since`, `missed_since` and `occurred_at`, from this place on.
fn standing(row: &Row<'_>, place: usize) -> rusqlite::Result<RecordStanding> {
    let (named, missed): (Option<i64>, Option<i64>) = (row.get(place)?, row.get(place + 1)?);
    let occurred: Option<i64> = row.get(place + 2)?;
    Ok(match (named, occurred) {
        (_, Some(at)) => RecordStanding::Occurred { at: Time::from_ms(at) },
        (Some(since), None) => RecordStanding::Named { since: since.unsigned_abs() },
        (None, None) => RecordStanding::Open { missed_since: missed.map(i64::unsigned_abs) },
    })
}

fn read_key(key: Result<IncidentKey, IncidentKeyError>, check: CheckId) -> Result<IncidentKey, StoreError> {
    key.map_err(|_| damaged(format_args!("a record of check {}", check.0)))
}

impl RecordRows for Tx<'_> {
    fn records_of(
        &self,
        check: CheckId,
        after: Option<&IncidentKey>,
        limit: usize,
    ) -> Result<BTreeMap<IncidentKey, RecordStanding>, StoreError> {
        let sql = "SELECT key, named_since, missed_since, occurred_at FROM records
                   WHERE check_id = ?1 AND key > ?2 ORDER BY key LIMIT ?3";
        let read = |row: &Row<'_>| Ok((IncidentKey::parse(row.get_ref(0)?.as_str()?), standing(row, 1)?));
        // A record's key is never empty.
        let of = params![key(check.0), after.map_or("", IncidentKey::as_str), most(limit)];
        let rows = self.all(sql, of, read)?;
        rows.into_iter().map(|(key, standing)| Ok((read_key(key, check)?, standing))).collect()
    }

    fn record(&self, of: &Matter) -> Result<Option<KnownRecord>, StoreError> {
        let sql = "SELECT named_since, missed_since, occurred_at, begun, begun_at FROM records
                   WHERE check_id = ?1 AND key = ?2";
        let read = |row: &Row<'_>| {
            let begun_at: Option<i64> = row.get(4)?;
            Ok(KnownRecord {
                standing: standing(row, 0)?,
                begun: row.get(3)?,
                begun_at: begun_at.map(Time::from_ms),
            })
        };
        let of = params![key(of.check.0), of.key.as_str()];
        self.prepare(sql)?.query_row(of, read).optional().map_err(failed)
    }

    fn put_record(&mut self, of: &Matter, known: KnownRecord) -> Result<(), StoreError> {
        let KnownRecord { standing, begun, begun_at } = known;
        let (named, missed, occurred) = match standing {
            RecordStanding::Named { since } => (Some(key(since)), None, None),
            RecordStanding::Open { missed_since } => (None, missed_since.map(key), None),
            RecordStanding::Occurred { at } => (None, None, Some(at.as_ms())),
        };
        self.execute(
            "INSERT OR REPLACE INTO records (check_id, key, named_since, missed_since, occurred_at, begun, begun_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![key(of.check.0), of.key.as_str(), named, missed, occurred, begun, begun_at.map(Time::as_ms)],
        )
    }

    fn delete_record(&mut self, of: &Matter) -> Result<(), StoreError> {
        let sql = "DELETE FROM records WHERE check_id = ?1 AND key = ?2";
        self.execute(sql, params![key(of.check.0), of.key.as_str()])
    }

    fn put_record_details(&mut self, incident: IncidentId, record: &Record) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO record_details (incident_id, title, details) VALUES (?1, ?2, ?3)",
            params![key(incident.0), record.title(), record.details()],
        )
    }

    fn record_details(&self, incident: IncidentId) -> Result<Option<(String, String)>, StoreError> {
        let sql = "SELECT title, details FROM record_details WHERE incident_id = ?1";
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        self.prepare(sql)?.query_row([key(incident.0)], read).optional().map_err(failed)
    }

    fn open_records(
        &self,
        check: CheckId,
        after: Option<&IncidentKey>,
        limit: usize,
    ) -> Result<Vec<IncidentId>, StoreError> {
        Ok(of_outbox::open_records(&self.memory.outbox, check, after).take(limit).collect())
    }

    fn records_of_kind(
        &self,
        check: CheckId,
        kind: RecordKind,
        limit: usize,
    ) -> Result<Vec<IncidentKey>, StoreError> {
        let sql = "SELECT key FROM records
                   WHERE check_id = ?1 AND named_since IS NULL AND (occurred_at IS NOT NULL) = ?2 LIMIT ?3";
        let read = |row: &Row<'_>| Ok(IncidentKey::parse(row.get_ref(0)?.as_str()?));
        let of = params![key(check.0), kind == RecordKind::Occurred, key(limit as u64)];
        self.all(sql, of, read)?.into_iter().map(|key| read_key(key, check)).collect()
    }

    fn oldest_occurrences(
        &self,
        check: CheckId,
        limit: usize,
    ) -> Result<Vec<(IncidentKey, Time)>, StoreError> {
        let sql = "SELECT key, occurred_at FROM records INDEXED BY records_occurred
                   WHERE check_id = ?1 AND occurred_at IS NOT NULL ORDER BY occurred_at, key LIMIT ?2";
        let read =
            |row: &Row<'_>| Ok((IncidentKey::parse(row.get_ref(0)?.as_str()?), Time::from_ms(row.get(1)?)));
        let rows = self.all(sql, params![key(check.0), key(limit as u64)], read)?;
        rows.into_iter().map(|(key, at)| Ok((read_key(key, check)?, at))).collect()
    }

    fn bring_back_occurrences(&mut self, now: Time) -> Result<(), StoreError> {
        self.execute("UPDATE records SET occurred_at = ?1 WHERE occurred_at > ?1", params![now.as_ms()])
    }

    fn is_marked(&self, of: &Matter) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM marks WHERE check_id = ?1 AND key = ?2)";
        let of = params![key(of.check.0), of.key.as_str()];
        self.prepare(sql)?.query_row(of, |row| row.get(0)).map_err(failed)
    }

    fn count_marks(&self, check: CheckId) -> Result<usize, StoreError> {
        let sql = "SELECT count(*) FROM marks WHERE check_id = ?1";
        let count: i64 = self.prepare(sql)?.query_row([key(check.0)], |row| row.get(0)).map_err(failed)?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    fn put_mark(&mut self, of: &Matter, mark: &NewMark<'_>) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO marks (check_id, key, at, by, comment) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![key(of.check.0), of.key.as_str(), mark.at.as_ms(), mark.by, mark.comment],
        )
    }

    fn delete_mark(&mut self, of: &Matter) -> Result<bool, StoreError> {
        let sql = "DELETE FROM marks WHERE check_id = ?1 AND key = ?2";
        Ok(self.change(sql, params![key(of.check.0), of.key.as_str()])? > 0)
    }

    fn record_thread(
        &self,
        check: CheckId,
        receiver: &ReceiverName,
        thread: IncidentId,
    ) -> Result<Option<String>, StoreError> {
        let sql = "SELECT message FROM record_threads WHERE check_id = ?1 AND receiver = ?2 AND thread = ?3";
        let of = params![key(check.0), &**receiver, key(thread.0)];
        self.prepare(sql)?.query_row(of, |row| row.get(0)).optional().map_err(failed)
    }

    fn put_record_thread(
        &mut self,
        check: CheckId,
        receiver: &ReceiverName,
        thread: IncidentId,
        message: &str,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO record_threads (check_id, receiver, thread, message) VALUES (?1, ?2, ?3, ?4)",
            params![key(check.0), &**receiver, key(thread.0), message],
        )
    }

    fn record_reminders(&self, check: CheckId) -> Result<Vec<Delivery>, StoreError> {
        Ok(of_outbox::record_reminders(&self.memory.outbox, check).cloned().collect())
    }

    fn waiting_of_records(
        &self,
        check: CheckId,
        receiver: &ReceiverName,
        limit: usize,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        Ok(of_outbox::waiting_of_records(&self.memory.outbox, check, receiver, limit))
    }

    fn put_in_message(&mut self, members: Vec<Delivery>, message: MessageId) -> Result<(), StoreError> {
        // What was given up before has more to write.
        let (plain, others): (Vec<_>, Vec<_>) = members.into_iter().partition(|row| row.given_up.is_none());
        let state = DeliveryState::InMessage(message);
        for some in plain.chunks(AT_A_TIME) {
            let ids: Vec<u64> = some.iter().map(|row| row.id.0).collect();
            let ids = serde_json::to_string(&ids).expect("a list of numbers is always JSON");
            self.execute(
                "UPDATE deliveries SET state = ?1, reason = NULL, message_id = ?2
                 WHERE id IN (SELECT value FROM json_each(?3))",
                params![state.as_str(), key(message.0), ids],
            )?;
        }
        for row in plain {
            self.memory.outbox.put_delivery(Delivery { state: state.clone(), ..row });
        }
        others.into_iter().try_for_each(|row| self.update_delivery(Delivery { state: state.clone(), ..row }))
    }

    fn delete_records(&mut self, check: CheckId, limit: usize) -> Result<usize, StoreError> {
        let mut gone = 0;
        for (table, name) in [("records", "key"), ("marks", "key"), ("record_threads", "receiver")] {
            let left = i64::try_from(limit - gone).unwrap_or(i64::MAX);
            let sql = format!(
                "DELETE FROM {table} WHERE check_id = ?1 AND {name} IN
                 (SELECT {name} FROM {table} WHERE check_id = ?1 LIMIT ?2)"
            );
            gone += self.change(&sql, params![key(check.0), left])?;
        }
        Ok(gone)
    }
}
