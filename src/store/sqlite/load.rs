//! Reads everything that the store keeps in memory: at a start, and once nobody knows whether a call was committed.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::error::{damaged, failed};
use super::fast::behind::{Behind, UP_TO};
use super::fast::replay::replay;
use super::history_tables::History;
use super::memory::{Memory, Numbers, Slot};
use super::query::{for_each, id, word};
use super::rows_read::RowsRead;
use super::{blind, happenings, mutes, outbox, windows};
use crate::core::alike::Alike;
use crate::core::check::{CheckId, Name};
use crate::core::outbox::MessageId;
use crate::core::secret::Secret;
use crate::core::time::{Span, Time};
use crate::core::window::WindowCount;
use crate::store::live::{ByName, Check, Known};
use crate::store::{StoreError, row};

/// The whole memory, as the rows say. Somebody is sending the messages `handed`.
pub(super) fn load(db: &Connection, handed: &HashSet<MessageId>) -> Result<Memory, StoreError> {
    let mut memory = Memory::default();
    load_meta(db, &mut memory)?;
    memory.blind = blind::load(db)?;
    memory.outbox = outbox::rows::load(db, handed, memory.numbers.sign_of_life, memory.database_id)?;
    let without_windows = load_checks(db, &mut memory)?;
    replay(db, &mut memory)?;
    windows::load(db, &mut memory, &without_windows)?;
    load_alerts(db, &mut memory)?;
    load_bodies(db, &mut memory)?;
    happenings::load(db, &mut memory)?;
    memory.mutes = mutes::load(db)?;
    memory.secret = load_secret(db);
    memory.note_all_states();
    memory.settle_deadlines();
    Ok(memory)
}

/// Where it cannot be read nobody signs in, and all else works.
fn load_secret(db: &Connection) -> Option<Arc<Secret>> {
    let sql = "SELECT value FROM secrets WHERE name = 'people'";
    match db.query_row(sql, [], |row| row.get::<_, String>(0)) {
        Ok(secret) => Some(Arc::new(Secret::new(secret))),
        Err(error) => {
            tracing::error!(%error, "the secret of the database cannot be read: nobody can sign in");
            None
        }
    }
}

fn load_meta(db: &Connection, memory: &mut Memory) -> Result<(), StoreError> {
    let value = |name: &str| -> Result<Option<i64>, StoreError> {
        db.query_row("SELECT value FROM meta WHERE key = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(failed)
    };
    let newest: Option<i64> =
        db.query_row("SELECT max(seq) FROM pings", [], |row| row.get(0)).map_err(failed)?;
    let removals = value("allowed_removals")?.unwrap_or(0);
    memory.numbers = Numbers {
        created: value("created")?.map(Time::from_ms),
        sign_of_life: value("sign_of_life")?.map(Time::from_ms),
        doubted: value("doubted_ms")?.map_or(Span::ZERO, Span::ms),
        allowed_removals: usize::try_from(removals).unwrap_or(0),
        blind_total: Span::ms(value("blind_ms")?.unwrap_or(0)),
        last_ping: newest.max(value("last_ping")?).unwrap_or(0),
        body_bytes: value("body_bytes")?.unwrap_or(0),
    };
    memory.database_id = value("database_id")?.unwrap_or(0);
    memory.behind = Behind::new(value(UP_TO)?, memory.numbers.last_ping);
    Ok(())
}

/// Answers those that have pinged and of which the row has no window.
fn load_checks(db: &Connection, memory: &mut Memory) -> Result<Vec<CheckId>, StoreError> {
    let sql = "SELECT id, definition, superseded, last_ping, pings, state, window
               FROM checks JOIN states ON check_id = id ORDER BY id";
    let count = db.query_row("SELECT count(*) FROM checks WHERE superseded = 0", [], |row| row.get(0));
    let count: i64 = count.map_err(failed)?;
    let room = usize::try_from(count).unwrap_or_default();
    memory.by_name.reserve(room);
    let (mut rows_read, mut alike) = (RowsRead::new("checks", count), Alike::default());
    let mut without_windows = Vec::new();
    for_each(db, sql, |row| {
        rows_read.count();
        let id = id(row.get(0)?);
        let definition = match row::read_definition(row.get_ref(1)?.as_str()?) {
            Ok(mut definition) => {
                alike.share(&mut definition);
                Arc::new(definition)
            }
            Err(why) => return Ok(Err(damaged(format_args!("definition of check {}: {why}", id.0)))),
        };
        let Some(read) = row::read_state(row.get_ref(5)?.as_blob()?) else {
            return Ok(Err(damaged(format_args!("state of check {}", definition.name))));
        };
        let row::ReadState { state, are_results_lost } = read;
        if are_results_lost {
            memory.damaged.lost_at_start += 1;
            memory.damaged.tell_of_row(History::Results, &format_args!("check {}", definition.name));
        }
        let is_superseded: bool = row.get(2)?;
        // The first round finds out which of them keep too many.
        memory.new_flips.insert(id);
        if state.records.is_some() {
            memory.ended_records.insert(id);
        }
        let last_ping = row.get(3)?;
        let within = definition.count_window();
        let written = row.get_ref(6)?.as_blob_or_null()?;
        let window = written.and_then(|bytes| row::read_window(bytes, within));
        if written.is_some() && window.is_none() {
            tracing::error!(check = %definition.name, "a window cannot be read, and is counted from pings");
        }
        if window.is_none() && last_ping != 0 {
            without_windows.push(id);
        }
        let known = Known { state, window: window.unwrap_or_else(|| WindowCount::new(within)) };
        let check = Arc::new(Check::new(id, definition, known));
        if !is_superseded {
            memory.by_name.replace(ByName(check.clone()));
        }
        memory.place(Slot { check, last_ping, pings: row.get(4)? });
        Ok(Ok(()))
    })?;
    load_former_names(db, memory)?;
    Ok(without_windows)
}

fn load_former_names(db: &Connection, memory: &mut Memory) -> Result<(), StoreError> {
    for_each(db, "SELECT name, check_id FROM names", |row| {
        let Ok(name) = Name::parse(row.get_ref(0)?.as_str()?) else {
            return Ok(Err(damaged("a former name")));
        };
        memory.former.insert(name, id(row.get(1)?));
        Ok(Ok(()))
    })
}

fn load_alerts(db: &Connection, memory: &mut Memory) -> Result<(), StoreError> {
    let Memory { damaged, projection, .. } = memory;
    History::Alerts.read_at_start(db, damaged, "SELECT check_id, alerts FROM alerts", |row| {
        projection.alerts.insert(id(row.get(0)?), word(row, 1, row::read_alerts)?.into());
        Ok(())
    })
}

/// Whoever keeps a body may keep too many: the first round finds out.
fn load_bodies(db: &Connection, memory: &mut Memory) -> Result<(), StoreError> {
    let Memory { damaged, new_bodies, .. } = memory;
    History::Bodies.read_at_start(db, damaged, "SELECT DISTINCT check_id FROM bodies", |row| {
        new_bodies.insert(id(row.get(0)?));
        Ok(())
    })
}
