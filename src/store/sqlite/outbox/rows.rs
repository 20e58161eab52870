//! Reading and writing the rows of incidents, deliveries and messages.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Outbox;
use crate::core::check::CheckId;
use crate::core::incident::{AckTerm, Diagnosed, Incident, IncidentId, IncidentKey, IncidentStatus};
use crate::core::outbox::{
    Delivery, DeliveryId, DeliveryState, Message, MessageId, NewDelivery, after_abandoned,
};
use crate::core::route::{ActionId, ReceiverName};
use crate::core::time::{Span, Time};
use crate::store::StoreError;
use crate::store::row;
use crate::store::sqlite::error::{damaged, failed};
use crate::store::sqlite::query::{for_each, key};
use crate::store::sqlite::tx::Tx;
use crate::store::work::{Settled, entropy};

const INCIDENT: &str = "id, check_id, opened_at, ended_at, status, first, kinds, actions, covered, told_late_after_blind, key, \
     acknowledged_since, acknowledged_until, labels, diagnosed_at, is_solution_under_way";
const DELIVERY: &str = "id, incident_id, check_id, receiver, action, responder, kind, not_before, queued_at,
                        repeat_interval, state, reason, message_id, given_up, flaps, flapping_since, key, diagnosis";
const MESSAGE: &str = "id, receiver, key, members, created_at, attempts, retry_at, origin";

/// Everything that is not finished. Somebody is sending the messages `handed`; the claims of all others have ended (12.7):
/// they are of a server before, or of a call whose commit was not heard of.
pub(in crate::store::sqlite) fn load(
    db: &Connection,
    handed: &HashSet<MessageId>,
    last_life: Option<Time>,
    database_id: i64,
) -> Result<Outbox, StoreError> {
    let mut outbox = Outbox::default();
    let sql =
        format!("SELECT {DELIVERY} FROM deliveries WHERE state IN ('waiting', 'in_message') ORDER BY id");
    let resting = format!(
        "SELECT {DELIVERY} FROM deliveries WHERE state = 'parked' AND given_up IS NOT NULL AND EXISTS
         (SELECT 1 FROM incidents WHERE id = incident_id AND (ended_at IS NULL OR status = 'over')) ORDER BY id"
    );
    for_each(db, &resting, |row| Ok(read_delivery(row)?.map(|delivery| outbox.put_delivery(delivery))))?;
    for_each(db, &sql, |row| Ok(read_delivery(row)?.map(|delivery| outbox.put_delivery(delivery))))?;
    let sql = format!(
        "SELECT {INCIDENT} FROM incidents WHERE ended_at IS NULL OR id IN
         (SELECT incident_id FROM deliveries WHERE state IN ('waiting', 'in_message'))
         OR (status = 'over' AND id IN (SELECT incident_id FROM deliveries WHERE state = 'parked')) ORDER BY id"
    );
    for_each(db, &sql, |row| Ok(read_incident(row)?.map(|incident| outbox.put_incident(incident))))?;
    let sql = format!(
        "SELECT {DELIVERY} FROM deliveries WHERE (message_id IS NOT NULL OR given_up IS NOT NULL)
         AND incident_id IN (SELECT id FROM incidents WHERE ended_at IS NULL)"
    );
    for_each(db, &sql, |row| Ok(read_delivery(row)?.map(|delivery| outbox.told.put(&delivery))))?;
    let sql = format!("SELECT {MESSAGE} FROM messages WHERE state = 'open' ORDER BY id");
    let mut put = |message: Message| {
        let retry_at = match message.retry_at {
            // Also if the end of that attempt is stored: whoever made it has not heard so, and will say it again.
            _ if handed.contains(&message.id) => None,
            // Of one that was taken the rest is settled at once (12.4a).
            _ if message.members.iter().any(|id| !outbox.deliveries.contains_key(id)) => {
                Some(message.created_at)
            }
            None => Some(after_abandoned(&message, last_life, entropy(database_id, &message))),
            known => known,
        };
        outbox.put_message(Message { retry_at, ..message });
    };
    for_each(db, &sql, |row| Ok(read_message(row)?.map(&mut put)))?;
    let parked = "SELECT count(*), max(ifnull(json_extract(given_up, '$.since'), queued_at)) FROM deliveries
                  WHERE state = 'parked' OR (state IN ('waiting', 'in_message') AND given_up IS NOT NULL)";
    (outbox.parked, outbox.last_parked) =
        db.query_row(parked, [], |row| Ok((id(row, 0)?, some_time(row, 1)?))).map_err(failed)?;
    // What was waited for is not known any more: the first claim finds out.
    outbox.look_everywhere(Time::MIN);
    Ok(outbox)
}

type Read<T> = rusqlite::Result<Result<T, StoreError>>;

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Time> {
    row.get(column).map(Time::from_ms)
}

fn some_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Time>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Time::from_ms))
}

/// A row of the columns of [`INCIDENT`].
pub(in crate::store) fn read_incident(row: &Row<'_>) -> Read<Incident> {
    let number = id(row, 0)?;
    let first = row::read_causes(row.get_ref(5)?.as_str()?).and_then(|causes| causes.first().copied());
    let kinds = row::read_kinds(row.get_ref(6)?.as_str()?);
    let actions: String = row.get(7)?;
    let actions = first.and_then(|first| row::read_planned(&actions, first.kind));
    let status = row::incident_status(row.get_ref(4)?.as_str()?);
    let covered = match row.get::<_, Option<String>>(8)? {
        Some(text) => row::read_families(&text),
        // Acknowledged by a version that knew no families: with all that it had by then.
        None if status == Some(IncidentStatus::Acknowledged) => {
            kinds.as_ref().map(|kinds| kinds.iter().map(|kind| kind.family()).collect())
        }
        None => Some(Vec::new()),
    };
    let key = IncidentKey::parse(row.get_ref(10)?.as_str()?).ok();
    let labels = row::read_labels(row.get_ref(13)?.as_str()?);
    let (Some(first), Some(kinds), Some(actions), Some(status), Some(covered), Some(key), Some(labels)) =
        (first, kinds, actions, status, covered, key, labels)
    else {
        return Ok(Err(damaged(format_args!("incident {number}"))));
    };
    Ok(Ok(Incident {
        id: IncidentId(number),
        check: CheckId(id(row, 1)?),
        key,
        labels,
        opened_at: time(row, 2)?,
        ended_at: some_time(row, 3)?,
        status,
        first,
        kinds,
        actions,
        covered,
        term: some_time(row, 11)?.zip(some_time(row, 12)?).map(|(since, until)| AckTerm { since, until }),
        told_after_blind: row.get(9)?,
        diagnosed: match some_time(row, 14)? {
            Some(at) => Some(Diagnosed { at, is_under_way: row.get(15)? }),
            None => None,
        },
    }))
}

/// A row of the columns of [`DELIVERY`].
pub(in crate::store) fn read_delivery(row: &Row<'_>) -> Read<Delivery> {
    let number = id(row, 0)?;
    let flaps = match row.get(14)? {
        Some(times) => Some((times, row.get(15)?)),
        None => None,
    };
    let kind = row::read_delivery_kind(row.get_ref(6)?.as_str()?, flaps, row.get(17)?);
    let reason: Option<String> = row.get(11)?;
    let message: Option<i64> = row.get(12)?;
    let state = row::read_delivery_state(
        row.get_ref(10)?.as_str()?,
        reason.as_deref(),
        message.map(i64::unsigned_abs),
    );
    let given_up = match row.get::<_, Option<String>>(13)? {
        Some(text) => row::read_given_up(&text).map(Some),
        None => Some(None),
    };
    let key = IncidentKey::parse(row.get_ref(16)?.as_str()?).ok();
    let (Some(kind), Some(state), Some(given_up), Some(key)) = (kind, state, given_up, key) else {
        return Ok(Err(damaged(format_args!("delivery {number}"))));
    };
    let told = NewDelivery {
        incident: IncidentId(id(row, 1)?),
        check: CheckId(id(row, 2)?),
        key,
        receiver: row.get_ref(3)?.as_str()?.into(),
        action: ActionId(row.get::<_, i64>(4)?.cast_unsigned()),
        responder: row.get(5)?,
        kind,
        not_before: time(row, 7)?,
        queued_at: time(row, 8)?,
        repeat_interval: row.get::<_, Option<i64>>(9)?.map(Span::ms),
    };
    Ok(Ok(Delivery { id: DeliveryId(number), told, state, given_up }))
}

fn read_message(row: &Row<'_>) -> Read<Message> {
    let number = id(row, 0)?;
    let Ok(members) = serde_json::from_str::<Vec<u64>>(row.get_ref(3)?.as_str()?) else {
        return Ok(Err(damaged(format_args!("message {number}"))));
    };
    Ok(Ok(Message {
        id: MessageId(number),
        receiver: row.get_ref(1)?.as_str()?.into(),
        key: row.get(2)?,
        members: members.into_iter().map(DeliveryId).collect(),
        created_at: time(row, 4)?,
        attempts: row.get(5)?,
        attempts_here: 0,
        retry_at: some_time(row, 6)?,
        origin: row.get::<_, Option<i64>>(7)?.map(|origin| MessageId(origin.unsigned_abs())),
    }))
}

/// The first deliveries of an incident, the finished ones too, in the order of their ids.
pub(in crate::store) fn deliveries_of(
    db: &Connection,
    incident: IncidentId,
    limit: Option<usize>,
) -> Result<Vec<Delivery>, StoreError> {
    let sql = format!("SELECT {DELIVERY} FROM deliveries WHERE incident_id = ?1 ORDER BY id LIMIT ?2");
    // -1 is no limit.
    let limit = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let mut query = db.prepare_cached(&sql).map_err(failed)?;
    let rows = query.query_map([key(incident.0), limit], read_delivery).map_err(failed)?;
    rows.map(|row| row.map_err(failed)?).collect()
}

/// A delivery by its number; `None`: there is none, or not any more.
pub(super) fn delivery(db: &Connection, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let sql = format!("SELECT {DELIVERY} FROM deliveries WHERE id = ?1");
    let mut query = db.prepare_cached(&sql).map_err(failed)?;
    query.query_row([key(id.0)], read_delivery).optional().map_err(failed)?.transpose()
}

/// What was given up with a message, and not tried again since; `None`: there is no such message.
pub(super) fn given_up_with(
    db: &Connection,
    message: MessageId,
) -> Result<Option<Vec<Delivery>>, StoreError> {
    let sql = "SELECT members FROM messages WHERE id = ?1";
    let read = |row: &Row<'_>| row.get::<_, String>(0);
    let Some(members) = db.query_row(sql, [key(message.0)], read).optional().map_err(failed)? else {
        return Ok(None);
    };
    let members: Vec<u64> =
        serde_json::from_str(&members).map_err(|_| damaged(format_args!("message {}", message.0)))?;
    let mut found = Vec::new();
    for member in members {
        let row = delivery(db, DeliveryId(member))?;
        let is_of_it = |row: &Delivery| matches!(row.state, DeliveryState::Parked { message: of, .. } if of == Some(message));
        found.extend(row.filter(is_of_it));
    }
    Ok(Some(found))
}

/// The key of an incident's first message to a receiver.
pub(super) fn thread_of(
    db: &Connection,
    incident: IncidentId,
    receiver: &ReceiverName,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT messages.key FROM deliveries JOIN messages ON messages.id = message_id
               WHERE incident_id = ?1 AND deliveries.receiver = ?2 ORDER BY messages.id LIMIT 1";
    let mut find = db.prepare_cached(sql).map_err(failed)?;
    find.query_row(params![key(incident.0), &**receiver], |row| row.get(0)).optional().map_err(failed)
}

/// The word of its row.
pub(super) fn word(settled: Settled) -> &'static str {
    match settled {
        Settled::Sent => "sent",
        Settled::Parked => "parked",
        Settled::Refused => "refused",
        Settled::Split => "split",
        Settled::Dropped => "dropped",
    }
}

impl Tx<'_> {
    /// Writes an incident that no row holds yet, and answers the number that it got.
    pub(super) fn write_new_incident(&self, incident: &Incident) -> Result<IncidentId, StoreError> {
        let sql = format!(
            "INSERT INTO incidents ({INCIDENT}) VALUES (NULL, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,
             ?15, ?16)"
        );
        self.write_incident_by(&sql, incident)?;
        Ok(IncidentId(self.db.last_insert_rowid().unsigned_abs()))
    }

    pub(super) fn write_incident(&self, incident: &Incident) -> Result<(), StoreError> {
        let sql =
            "UPDATE incidents SET check_id = ?2, opened_at = ?3, ended_at = ?4, status = ?5, first = ?6,
                   kinds = ?7, actions = ?8, covered = ?9, told_late_after_blind = ?10, key = ?11,
                   acknowledged_since = ?12, acknowledged_until = ?13, labels = ?14,
                   diagnosed_at = ?15, is_solution_under_way = ?16 WHERE id = ?1";
        self.write_incident_by(sql, incident)
    }

    fn write_incident_by(&self, sql: &str, incident: &Incident) -> Result<(), StoreError> {
        self.execute(
            sql,
            params![
                key(incident.id.0),
                key(incident.check.0),
                incident.opened_at.as_ms(),
                incident.ended_at.map(Time::as_ms),
                incident.status.as_str(),
                row::write_causes([&incident.first]),
                row::write_kinds(&incident.kinds),
                row::write_planned(&incident.actions),
                row::write_families(&incident.covered),
                incident.told_after_blind,
                incident.key.as_str(),
                incident.term.map(|term| term.since.as_ms()),
                incident.term.map(|term| term.until.as_ms()),
                row::write_labels(&incident.labels),
                incident.diagnosed.map(|diagnosed| diagnosed.at.as_ms()),
                incident.diagnosed.is_some_and(|diagnosed| diagnosed.is_under_way),
            ],
        )
    }

    /// Writes a delivery that no row holds yet, in this state.
    pub(super) fn write_new_delivery(
        &mut self,
        new: NewDelivery,
        state: DeliveryState,
    ) -> Result<Delivery, StoreError> {
        let (word, reason, message) = row::write_delivery_state(&state);
        let flaps = row::flaps_row(new.kind);
        self.execute(
            "INSERT INTO deliveries (incident_id, check_id, receiver, action, responder, kind, not_before, queued_at,
             repeat_interval, state, reason, message_id, flaps, flapping_since, key, diagnosis)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            params![
                key(new.incident.0),
                key(new.check.0),
                &*new.receiver,
                new.action.0.cast_signed(),
                new.responder,
                new.kind.as_str(),
                new.not_before.as_ms(),
                new.queued_at.as_ms(),
                new.repeat_interval.map(Span::as_ms),
                word,
                reason,
                message.map(key),
                flaps.map(|(times, _)| times),
                flaps.map(|(_, since)| since),
                new.key.as_str(),
                row::diagnosis_row(new.kind),
            ],
        )?;
        let id = DeliveryId(self.db.last_insert_rowid().unsigned_abs());
        let delivery = Delivery { state, ..new.numbered(id) };
        self.memory.outbox.put_delivery(delivery.clone());
        Ok(delivery)
    }

    /// Writes what may change of a delivery.
    pub(super) fn write_delivery(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let (state, reason, message) = row::write_delivery_state(&delivery.state);
        self.execute(
            "UPDATE deliveries SET kind = ?2, not_before = ?3, queued_at = ?4, state = ?5, reason = ?6, message_id = ?7,
             given_up = ?8 WHERE id = ?1",
            params![
                key(delivery.id.0),
                delivery.kind.as_str(),
                delivery.not_before.as_ms(),
                delivery.queued_at.as_ms(),
                state,
                reason,
                message.map(key),
                delivery.given_up.as_ref().map(row::write_given_up),
            ],
        )
    }

    /// Writes a message that no row holds yet, under way, with what it says; answers the number that it got.
    pub(super) fn write_new_message(
        &self,
        message: &Message,
        notices: &str,
    ) -> Result<MessageId, StoreError> {
        let members: Vec<u64> = message.members.iter().map(|member| member.0).collect();
        self.execute(
            "INSERT INTO messages (receiver, key, members, notices, created_at, attempts, origin, state)
             VALUES (?1, '', ?2, ?3, ?4, ?5, ?6, 'open')",
            params![
                &*message.receiver,
                serde_json::to_string(&members).expect("a list of numbers is always JSON"),
                notices,
                message.created_at.as_ms(),
                message.attempts,
                message.origin.map(|origin| key(origin.0)),
            ],
        )?;
        Ok(MessageId(self.db.last_insert_rowid().unsigned_abs()))
    }

    /// Writes what may change of a message that is not settled. `answer` is its last attempt's.
    pub(super) fn write_message(&self, message: &Message, answer: Option<&str>) -> Result<(), StoreError> {
        self.execute(
            "UPDATE messages SET key = ?2, created_at = ?3, attempts = ?4, retry_at = ?5, answer = ifnull(?6, answer)
             WHERE id = ?1",
            params![
                key(message.id.0),
                message.key,
                message.created_at.as_ms(),
                message.attempts,
                message.retry_at.map(Time::as_ms),
                answer,
            ],
        )
    }
}
