//! Removes what the retention no longer keeps (15.2), a slice at each call, so that pings never wait long.
//!
//! A round goes through all tables; within one, a cursor goes through the rows by their ids. Nothing is lost if a round is
//! broken off: the next one begins anew.

mod checks;

use rusqlite::{CachedStatement, params};

use super::error::failed;
use super::memory::Slot;
use super::tx::Tx;
use super::{SqliteStore, files, key, load};
use crate::core::check::CheckId;
use crate::core::incident::IncidentId;
use crate::core::outbox::{DeliveryKind, Flapping};
use crate::core::retention::Retention;
use crate::core::time::Time;
use crate::store::{StoreError, row};

/// Rows looked at in a slice.
const LOOKED_AT: i64 = 4000;
/// Rows removed in a slice, where they are short.
const REMOVED: usize = 2000;
/// Checks, incidents or reminders that are looked at in a slice: each may have much.
const FEW: usize = 500;
/// A ping with a body costs as much as so many without.
const WITH_BODY: usize = 4;
/// Pages that are given back in a slice: each may be moved before, and is then written to the log.
const GIVEN_BACK: i64 = 256;
/// So many free pages are always kept, and of a file one page in eight: they will be used again soon.
const FREE_KEPT: i64 = 1024;

/// How far a round has come.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Round {
    stage: Stage,
    /// The last row that was looked at.
    cursor: i64,
    /// Checks that are to be forgotten, the first at the end.
    over: Vec<CheckId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Pings,
    Bodies,
    Judgements,
    Flips,
    Incidents,
    Messages,
    Flapping,
    Checks,
    Room,
}

/// What a slice came to.
pub(super) enum Slice {
    /// There is more of this stage, after this row.
    More(i64),
    /// The stage is done.
    Done,
}

impl SqliteStore {
    pub(super) fn prune_slice(&mut self, now: Time) -> Result<bool, StoreError> {
        let Some(settings) = &self.settings else { return Ok(false) };
        let retention = settings.retention.clone();
        let Round { stage, cursor, mut over } = std::mem::take(&mut self.round);
        let slice = self.transact(|tx| match stage {
            Stage::Pings => tx.prune_pings(cursor, &retention, now),
            Stage::Bodies => tx.prune_bodies(cursor, &retention),
            Stage::Judgements => tx.prune_judgements(cursor, now),
            Stage::Flips => tx.prune_flips(cursor),
            Stage::Incidents => tx.prune_incidents(cursor, now),
            Stage::Messages => tx.prune_messages(cursor, now),
            Stage::Flapping => tx.prune_flapping(now),
            Stage::Checks => tx.prune_checks(cursor, &mut over, &retention, now),
            Stage::Room => tx.give_room_back(cursor),
        })?;
        self.round = match slice {
            Slice::More(cursor) => Round { stage, cursor, over },
            Slice::Done => Round { stage: after(stage), ..Round::default() },
        };
        if stage == Stage::Room && cursor > 0 && self.round == Round::default() {
            self.shorten_file();
        }
        Ok(self.round != Round::default())
    }
}

impl SqliteStore {
    /// What was given back leaves the disk with the next checkpoint, which may be hours away.
    fn shorten_file(&self) {
        if let Some(db) = &self.db
            && let Err(error) = files::shorten(db)
        {
            tracing::debug!(%error, "the file is shortened later");
        }
    }
}

fn after(stage: Stage) -> Stage {
    match stage {
        Stage::Pings => Stage::Bodies,
        Stage::Bodies => Stage::Judgements,
        Stage::Judgements => Stage::Flips,
        Stage::Flips => Stage::Incidents,
        Stage::Incidents => Stage::Messages,
        Stage::Messages => Stage::Flapping,
        Stage::Flapping => Stage::Checks,
        Stage::Checks => Stage::Room,
        Stage::Room => Stage::Pings,
    }
}

/// Whether a ping is to go: its place among its check's pings, and its age, are both what is asked. What may still be in
/// the check's window stays (15.1), and with it the chain that leads there.
fn is_ping_over(slot: &Slot, ordinal: i64, at: Time, retention: &Retention, now: Time) -> bool {
    let newer = slot.pings - ordinal;
    let is_too_many = newer >= i64::from(retention.keep_at_most);
    let is_too_old = at < now - retention.max_age && newer >= i64::from(retention.keep_at_least);
    let is_in_window = at > now - slot.check.definition.count_window();
    (is_too_many || is_too_old) && !is_in_window
}

impl<'a> Tx<'a> {
    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'a>, StoreError> {
        self.db.prepare_cached(sql).map_err(failed)
    }

    /// Whether no ping goes before its age says so: no check ever had more than are kept, and those of checks that are
    /// forgotten are older still.
    fn are_young_kept(&self, retention: &Retention) -> bool {
        let is_over = |slot: &Slot| slot.pings > i64::from(retention.keep_at_most);
        retention.archived >= retention.max_age && !self.memory.checks.values().any(is_over)
    }

    fn prune_pings(&mut self, cursor: i64, retention: &Retention, now: Time) -> Result<Slice, StoreError> {
        // What a row does not know of yet is still needed.
        if cursor == 0 {
            self.catch_up_some()?;
        }
        let up_to = self.memory.behind.up_to();
        let mut look = self.prepare(
            "SELECT seq, check_id, at, ordinal, flags FROM pings WHERE seq > ?1 AND seq <= ?3 ORDER BY seq LIMIT ?2",
        )?;
        let mut remove = self.prepare("DELETE FROM pings WHERE seq = ?1")?;
        let mut rows = look.query(params![cursor, LOOKED_AT, up_to]).map_err(failed)?;
        let (mut last, mut looked_at) = (cursor, 0);
        let mut over: Vec<(i64, bool)> = Vec::new();
        let mut cost = 0;
        let (mut are_young_kept, mut is_rest_kept) = (None, false);
        while cost < REMOVED
            && let Some(row) = rows.next().map_err(failed)?
        {
            let column = |column: usize| row.get::<_, i64>(column).map_err(failed);
            looked_at += 1;
            last = column(0)?;
            let at = Time::from_ms(column(2)?);
            let is_young = at >= now - retention.max_age && at <= now;
            if is_young && *are_young_kept.get_or_insert_with(|| self.are_young_kept(retention)) {
                // From here on nothing is over: most rounds end where they begin. A wrong date that a clock once had, in
                // the future, is not taken for young: what came after it has its own age.
                is_rest_kept = true;
                break;
            }
            let slot = self.memory.checks.get(&load::id(column(1)?));
            let ordinal = column(3)?;
            if slot.is_none_or(|slot| is_ping_over(slot, ordinal, at, retention, now)) {
                let has_body = column(4)? & i64::from(row::PING_BODY) != 0;
                cost += if has_body { WITH_BODY } else { 1 };
                over.push((last, has_body));
            }
        }
        drop(rows);
        for (seq, has_body) in &over {
            remove.execute([seq]).map_err(failed)?;
            if *has_body {
                self.remove_body(*seq)?;
            }
        }
        if !over.is_empty() {
            // The newest ping may be among them, and its number is never given again.
            self.set_meta("last_ping", self.memory.last_ping)?;
            self.note_body_bytes()?;
        }
        let is_end = is_rest_kept || (looked_at < LOOKED_AT && cost < REMOVED);
        Ok(if is_end { Slice::Done } else { Slice::More(last) })
    }

    /// They stand in the order of their time, but for those of a clock that was ahead: these are passed over.
    fn prune_judgements(&mut self, cursor: i64, now: Time) -> Result<Slice, StoreError> {
        let mut look =
            self.prepare("SELECT id, occurrence FROM judgements WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let mut remove = self.prepare("DELETE FROM judgements WHERE id = ?1")?;
        let rows = look.query_map(params![cursor, REMOVED as i64], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Vec<(i64, i64)> = rows.map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
        for (id, occurrence) in &rows {
            let at = Time::from_ms(*occurrence);
            if at < now - Retention::JUDGEMENTS {
                remove.execute([id]).map_err(failed)?;
            } else if at <= now {
                return Ok(Slice::Done);
            }
        }
        let last = rows.last().filter(|_| rows.len() == REMOVED);
        Ok(last.map_or(Slice::Done, |(id, _)| Slice::More(*id)))
    }

    /// Check by check.
    fn prune_flips(&mut self, cursor: i64) -> Result<Slice, StoreError> {
        let mut look = self.prepare("SELECT id FROM checks WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let checks = look.query_map(params![cursor, FEW as i64], |row| row.get(0)).map_err(failed)?;
        let checks: Vec<i64> = checks.collect::<Result<_, _>>().map_err(failed)?;
        let mut last = cursor;
        for check in &checks {
            let removed = self.change(
                "DELETE FROM flips WHERE id IN (SELECT id FROM flips WHERE check_id = ?1 AND id <= (
                   SELECT id FROM flips WHERE check_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2
                 ) ORDER BY id LIMIT ?3)",
                params![check, Retention::FLIPS_OF_A_CHECK, FEW as i64],
            )?;
            if removed == FEW {
                return Ok(Slice::More(last));
            }
            last = *check;
        }
        Ok(if checks.len() == FEW { Slice::More(last) } else { Slice::Done })
    }

    fn prune_incidents(&mut self, cursor: i64, now: Time) -> Result<Slice, StoreError> {
        let newest: i64 = self
            .db
            .query_row("SELECT ifnull(max(id), 0) FROM incidents", [], |row| row.get(0))
            .map_err(failed)?;
        let too_many = newest - key(Retention::MAX_INCIDENTS);
        let mut look =
            self.prepare("SELECT id, ended_at FROM incidents WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let rows = look.query_map(params![cursor, FEW as i64 / 2], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Vec<(i64, Option<i64>)> =
            rows.map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
        for (id, ended_at) in &rows {
            let is_told = !self.memory.outbox.incidents.contains_key(&IncidentId(id.unsigned_abs()));
            let is_old = ended_at.is_some_and(|at| Time::from_ms(at) < now - Retention::INCIDENTS);
            if is_told && ended_at.is_some() && (is_old || *id <= too_many) {
                self.remove_incident(*id)?;
            } else if ended_at.is_none() {
                self.prune_reminders(*id)?;
            }
        }
        let is_done = (rows.len() as i64) < FEW as i64 / 2;
        let last = rows.last().map_or(cursor, |(id, _)| *id);
        Ok(if is_done { Slice::Done } else { Slice::More(last) })
    }

    /// An incident may go on for years, and be told of every minute.
    fn prune_reminders(&self, incident: i64) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM deliveries WHERE id IN (
               SELECT id FROM deliveries WHERE incident_id = ?1 AND kind = ?2 AND state IN ('sent', 'cancelled')
               ORDER BY id DESC LIMIT ?3 OFFSET ?4)",
            params![
                incident,
                DeliveryKind::Reminder.as_str(),
                FEW as i64,
                Retention::REMINDERS_OF_AN_INCIDENT
            ],
        )
    }

    fn remove_incident(&mut self, id: i64) -> Result<(), StoreError> {
        let parked: i64 = self
            .prepare("SELECT count(*) FROM deliveries WHERE incident_id = ?1 AND state = 'parked'")?
            .query_row([id], |row| row.get(0))
            .map_err(failed)?;
        let outbox = &mut self.memory.outbox;
        outbox.parked = outbox.parked.saturating_sub(parked.unsigned_abs());
        self.execute("DELETE FROM deliveries WHERE incident_id = ?1", params![id])?;
        self.execute("DELETE FROM incident_steps WHERE incident_id = ?1", params![id])?;
        self.execute("DELETE FROM incidents WHERE id = ?1", params![id])
    }

    /// Messages go with the last of their deliveries: the first one of an incident names its thread. What was given up is
    /// tried again in messages of its own, one an hour at most: those before go by themselves.
    fn prune_messages(&mut self, cursor: i64, now: Time) -> Result<Slice, StoreError> {
        let last: Option<i64> = self
            .prepare("SELECT max(id) FROM (SELECT id FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2)")?
            .query_row(params![cursor, FEW as i64 / 10], |row| row.get(0))
            .map_err(failed)?;
        let Some(last) = last else { return Ok(Slice::Done) };
        self.execute(
            "DELETE FROM messages WHERE id > ?1 AND id <= ?2 AND state <> 'open' AND settled_at < ?3 AND NOT EXISTS
             (SELECT 1 FROM json_each(members) JOIN deliveries ON deliveries.id = value
              WHERE messages.state NOT IN ('parked', 'refused') OR message_id = messages.id)",
            params![cursor, last, (now - Retention::JUDGEMENTS).as_ms()],
        )?;
        Ok(Slice::More(last))
    }

    /// Pages that hold nothing any more are taken off the end of the file, some at a time; what stood there moves down.
    fn give_room_back(&self, given_before: i64) -> Result<Slice, StoreError> {
        let pragma = |name: &str| -> Result<i64, StoreError> {
            self.db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).map_err(failed)
        };
        let (pages, free) = (pragma("page_count")?, pragma("freelist_count")?);
        let wanted = (free - FREE_KEPT - pages / 8).min(GIVEN_BACK);
        if wanted <= 0 || pragma("auto_vacuum")? != files::INCREMENTAL {
            return Ok(Slice::Done);
        }
        let mut give = self.db.prepare(&format!("PRAGMA incremental_vacuum({wanted})")).map_err(failed)?;
        let mut steps = give.query([]).map_err(failed)?;
        while steps.next().map_err(failed)?.is_some() {}
        Ok(Slice::More(given_before + wanted))
    }

    /// Those after which there was none for so long that the next one is the first (12.5).
    fn prune_flapping(&self, now: Time) -> Result<Slice, StoreError> {
        let removed = self.change(
            "DELETE FROM flapping WHERE (check_id, receiver) IN
             (SELECT check_id, receiver FROM flapping WHERE last_at <= ?1 LIMIT ?2)",
            params![(now - Flapping::WITHIN).as_ms(), FEW as i64],
        )?;
        Ok(if removed == FEW { Slice::More(0) } else { Slice::Done })
    }

    /// Runs a statement, prepared once; answers how many rows it changed.
    fn change(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<usize, StoreError> {
        self.db.prepare_cached(sql).and_then(|mut sql| sql.execute(values)).map_err(failed)
    }
}
