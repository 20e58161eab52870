//! All that a world left in its database, read beside the store.

use std::collections::{BTreeMap, BTreeSet};

use punctual::core::outbox::{DeliveryId, MessageId};
use punctual::core::time::Time;
use rusqlite::Connection;

use crate::operators::reader;
use crate::world::World;

/// Kind, since, would-be.
pub(crate) type StoredCause = (String, i64, Option<String>);

/// A change of a check, as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Flip {
    pub(crate) at: i64,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) reason: String,
    pub(crate) causes: Vec<StoredCause>,
}

#[derive(Clone, Debug)]
pub(crate) struct Incident {
    pub(crate) id: u64,
    pub(crate) opened_at: Time,
    pub(crate) ended_at: Option<Time>,
    pub(crate) status: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) id: DeliveryId,
    pub(crate) incident: u64,
    pub(crate) check: u64,
    pub(crate) receiver: String,
    pub(crate) action: u64,
    pub(crate) kind: String,
    pub(crate) not_before: Time,
    pub(crate) queued_at: Time,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<MessageId>,
    pub(crate) given_up: Option<GivenUp>,
    /// How often it flapped, and since when (12.5).
    pub(crate) flaps: Option<(u32, Time)>,
}

/// That it was given up, the last time.
#[derive(Clone, Debug)]
pub(crate) struct GivenUp {
    pub(crate) at: Time,
    pub(crate) tries: u32,
    was_attempted: bool,
}

impl Delivery {
    pub(crate) fn is_attempted(&self) -> bool {
        self.message.is_some() || self.given_up.as_ref().is_some_and(|given_up| given_up.was_attempted)
    }

    /// Also that it flaps is told when an incident has ended.
    pub(crate) fn tells_of_the_end(&self) -> bool {
        matches!(self.kind.as_str(), "recovery" | "episode" | "flapping")
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    pub(crate) key: String,
    pub(crate) receiver: String,
    pub(crate) members: Vec<DeliveryId>,
    pub(crate) attempts: u32,
    pub(crate) state: String,
    pub(crate) settled_at: Option<Time>,
    pub(crate) retry_at: Option<Time>,
    /// When it was frozen, or the one it was split from.
    pub(crate) created_at: Time,
}

/// All that was stored.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) flips: BTreeMap<u64, Vec<Flip>>,
    /// Check, occurrence, count, met; the order in which checks are judged at one time says nothing.
    pub(crate) judgements: Vec<(u64, i64, i64, bool)>,
    pub(crate) incidents: BTreeMap<u64, Vec<Incident>>,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) messages: Vec<Message>,
}

pub(crate) fn rows<T>(
    db: &Connection,
    sql: &str,
    read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = db.prepare_cached(sql).unwrap();
    statement.query_map([], |row| read(row)).unwrap().map(Result::unwrap).collect()
}

pub(crate) fn number(row: &rusqlite::Row<'_>, place: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(place).map(i64::cast_unsigned)
}

pub(crate) fn time(row: &rusqlite::Row<'_>, place: usize) -> rusqlite::Result<Time> {
    row.get(place).map(Time::from_ms)
}

impl Evidence {
    /// All of it, and what was there of checks that were forgotten, and of messages that are kept no longer.
    pub(crate) fn read(world: &World) -> Evidence {
        let db = reader(world.server.folder());
        let mut all = Evidence { messages: messages(&db, "true"), ..Evidence::of(&db, "true") };
        let kept: BTreeSet<MessageId> = all.messages.iter().map(|message| message.id).collect();
        let gone = world.server.forgotten.messages.values().filter(|message| !kept.contains(&message.id));
        all.messages.extend(gone.cloned());
        all.messages.sort_by_key(|message| message.id);
        for (check, rows) in &world.server.forgotten.rows {
            if world.server.judged[check].is_forgotten {
                let rows = rows.clone();
                all.flips.extend(rows.flips);
                all.judgements.extend(rows.judgements);
                all.incidents.extend(rows.incidents);
                all.deliveries.extend(rows.deliveries);
            }
        }
        all.judgements.sort_by_key(|(check, ..)| *check);
        all.deliveries.sort_by_key(|row| row.id);
        all
    }

    /// What is kept of some checks, without the messages.
    pub(crate) fn of(db: &Connection, which: &str) -> Evidence {
        let flips = format!(
            "SELECT check_id, at, from_status, to_status, reason, causes FROM flips WHERE {which} ORDER BY id"
        );
        let flips = rows(db, &flips, |row| {
            let causes: serde_json::Value = serde_json::from_str(&row.get::<_, String>(5)?).unwrap();
            let cause = |cause: &serde_json::Value| {
                let text = |place: usize| cause[place].as_str().map(str::to_owned);
                (text(0).unwrap(), cause[1].as_i64().unwrap(), text(2))
            };
            let flip = Flip {
                at: row.get(1)?,
                from: row.get(2)?,
                to: row.get(3)?,
                reason: row.get(4)?,
                causes: causes.as_array().unwrap().iter().map(cause).collect(),
            };
            Ok((number(row, 0)?, flip))
        });
        let judgements = format!(
            "SELECT check_id, occurrence, count, met FROM judgements WHERE {which} ORDER BY check_id, id"
        );
        let incidents = format!(
            "SELECT check_id, id, opened_at, ended_at, status FROM incidents WHERE {which} ORDER BY id"
        );
        let incidents = rows(db, &incidents, |row| {
            let ended_at = row.get::<_, Option<i64>>(3)?.map(Time::from_ms);
            let (id, opened_at, status) = (number(row, 1)?, time(row, 2)?, row.get(4)?);
            Ok((number(row, 0)?, Incident { id, opened_at, ended_at, status }))
        });
        Evidence {
            flips: by_check(flips),
            judgements: rows(db, &judgements, |row| {
                Ok((number(row, 0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            }),
            incidents: by_check(incidents),
            deliveries: deliveries(db, which),
            messages: Vec::new(),
        }
    }
}

fn by_check<T>(rows: Vec<(u64, T)>) -> BTreeMap<u64, Vec<T>> {
    let mut sorted: BTreeMap<u64, Vec<T>> = BTreeMap::new();
    for (check, row) in rows {
        sorted.entry(check).or_default().push(row);
    }
    sorted
}

/// Those of which `which` is true.
pub(crate) fn deliveries(db: &Connection, which: &str) -> Vec<Delivery> {
    let sql = format!(
        "SELECT id, incident_id, check_id, receiver, action, kind, not_before, queued_at, state, reason, message_id,
                given_up, flaps, flapping_since FROM deliveries WHERE {which} ORDER BY id"
    );
    rows(db, &sql, |row| {
        Ok(Delivery {
            id: DeliveryId(number(row, 0)?),
            incident: number(row, 1)?,
            check: number(row, 2)?,
            receiver: row.get(3)?,
            action: number(row, 4)?,
            kind: row.get(5)?,
            not_before: time(row, 6)?,
            queued_at: time(row, 7)?,
            state: row.get(8)?,
            reason: row.get(9)?,
            message: row.get::<_, Option<i64>>(10)?.map(|id| MessageId(id.cast_unsigned())),
            given_up: row.get::<_, Option<String>>(11)?.map(|text| given_up(&text)),
            flaps: match row.get(12)? {
                Some(times) => Some((times, time(row, 13)?)),
                None => None,
            },
        })
    })
}

fn given_up(text: &str) -> GivenUp {
    let row: serde_json::Value = serde_json::from_str(text).unwrap();
    GivenUp {
        at: Time::from_ms(row["at"].as_i64().unwrap()),
        tries: row["tries"].as_u64().unwrap() as u32,
        was_attempted: !row["message"].is_null(),
    }
}

/// Whether nothing more becomes of a message.
pub(crate) fn is_settled(db: &Connection, id: MessageId) -> bool {
    let sql = "SELECT state <> 'open' FROM messages WHERE id = ?1";
    db.query_row(sql, [id.0.cast_signed()], |row| row.get(0)).unwrap()
}

/// Those of which `which` is true.
pub(crate) fn messages(db: &Connection, which: &str) -> Vec<Message> {
    let sql = format!(
        "SELECT id, key, receiver, members, attempts, state, settled_at, created_at, retry_at FROM messages
         WHERE {which} ORDER BY id"
    );
    rows(db, &sql, |row| {
        let members: Vec<u64> = serde_json::from_str(&row.get::<_, String>(3)?).unwrap();
        Ok(Message {
            id: MessageId(number(row, 0)?),
            key: row.get(1)?,
            receiver: row.get(2)?,
            members: members.into_iter().map(DeliveryId).collect(),
            attempts: row.get(4)?,
            state: row.get(5)?,
            settled_at: row.get::<_, Option<i64>>(6)?.map(Time::from_ms),
            created_at: Time::from_ms(row.get(7)?),
            retry_at: row.get::<_, Option<i64>>(8)?.map(Time::from_ms),
        })
    })
}
