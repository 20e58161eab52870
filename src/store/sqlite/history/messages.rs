//! The history of messages: who was told what and when, and the answer.

use rusqlite::{Row, params};

use super::reader::{Reader, key, number};
use crate::core::incident::IncidentId;
use crate::core::outbox::{Message, MessageId};
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::history::{MAX_PAGE, MessageRecord};

/// How many checks a message names.
const NAMED_CHECKS: u64 = 10;

impl Reader {
    /// A page of messages, newest first: those before the message `before`, or the newest; only those in this state and
    /// to this receiver, if given.
    pub fn messages(
        &self,
        state: Option<&str>,
        receiver: Option<&str>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT id, receiver, key, created_at, attempts, retry_at, settled_at, answer,
                        json_array_length(members), given_up, shown, members
                 FROM (SELECT *, CASE
                         WHEN state = 'open' THEN iif(retry_at IS NULL, 'sending', 'waiting')
                         WHEN state IN ('parked', 'refused') THEN iif(given_up > 0, 'parked', 'was_parked')
                         ELSE state END AS shown
                       FROM (SELECT *, CASE WHEN state IN ('parked', 'refused') THEN (
                               SELECT count(*) FROM json_each(members) JOIN deliveries ON deliveries.id = value
                               WHERE deliveries.state = 'parked' AND deliveries.message_id = messages.id
                             ) ELSE 0 END AS given_up
                             FROM messages WHERE id < ?1 AND (?2 IS NULL OR receiver = ?2)))
                 WHERE ?3 IS NULL OR shown = ?3 ORDER BY id DESC LIMIT ?4",
            )?;
            let mut name = db.prepare_cached(
                "SELECT DISTINCT checks.name FROM json_each(?1) JOIN deliveries ON deliveries.id = value
                 JOIN checks ON checks.id = deliveries.check_id LIMIT ?2",
            )?;
            let before = before.map_or(i64::MAX, key);
            let limit = key(limit.min(MAX_PAGE) as u64);
            let mut rows = statement.query(params![before, receiver, state, limit])?;
            let mut messages = Vec::new();
            while let Some(row) = rows.next()? {
                let members: String = row.get(11)?;
                let names = name.query_map(params![members, key(NAMED_CHECKS)], |row| row.get(0))?;
                messages.push(MessageRecord { checks: names.collect::<Result<_, _>>()?, ..message(row)? });
            }
            Ok(messages)
        })
    }
}

impl Reader {
    /// The incidents that a message told of, oldest first, as far as that is kept.
    pub fn incidents_of_message(&self, id: MessageId) -> Result<Vec<IncidentId>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT DISTINCT incident_id FROM messages, json_each(members) JOIN deliveries ON deliveries.id = value
                 WHERE messages.id = ?1 ORDER BY incident_id LIMIT ?2",
            )?;
            let incident = |row: &Row<'_>| Ok(IncidentId(number(row, 0)?));
            statement.query_map((key(id.0), key(Message::MAX_DELIVERIES as u64)), incident)?.collect()
        })
    }

    /// The message of this number; `None` if there is none, or not any more.
    pub fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, StoreError> {
        let newest = self.messages(None, None, id.0.checked_add(1), 1)?;
        Ok(newest.into_iter().next().filter(|message| message.id == id.0))
    }
}

fn message(row: &Row<'_>) -> rusqlite::Result<MessageRecord> {
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Time::from_ms));
    Ok(MessageRecord {
        id: number(row, 0)?,
        receiver: row.get(1)?,
        key: row.get(2)?,
        state: row.get(10)?,
        members: number(row, 8)?,
        given_up: number(row, 9)?,
        checks: Vec::new(),
        created_at: Time::from_ms(row.get(3)?),
        attempts: row.get(4)?,
        retry_at: time(5)?,
        settled_at: time(6)?,
        answer: row.get(7)?,
    })
}
