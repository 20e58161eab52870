//! The history of checks that have an alias: written in the transaction of the fact, and pruned as it grows.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::failed;
use super::tx::Tx;
use super::{key, load};
use crate::core::check::{Alias, CheckId};
use crate::core::origin::Happening;
use crate::core::state::State;
use crate::core::time::Time;
use crate::store::sqlite::memory::Memory;
use crate::store::{PingFact, StoreError};

/// How many events each check with an alias has.
pub(super) fn load(db: &Connection, memory: &mut Memory) -> Result<(), StoreError> {
    load::for_each(db, "SELECT check_id, count(*) FROM canary_events GROUP BY check_id", |row| {
        memory.events.insert(load::id(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs());
        Ok(Ok(()))
    })
}

impl Tx<'_> {
    /// Puts down what happened to a check, if it has an alias.
    pub(super) fn note_happening(
        &mut self,
        check: CheckId,
        what: Happening,
        comment: Option<&str>,
        at: Time,
    ) -> Result<(), StoreError> {
        let staged = self.stage(check).filter(|staged| staged.definition.alias.is_some());
        let Some(definition) = staged.map(|staged| staged.definition.clone()) else { return Ok(()) };
        let habits = self.memory.habits(&definition);
        self.insert_event(check, at, &what.text(habits, comment.map(PingFact::kept)))?;
        self.prune_events(check, habits.max_events, at)
    }

    /// What a pause that began or ended says in the history.
    pub(super) fn note_pause(
        &mut self,
        check: CheckId,
        was_paused: bool,
        comment: Option<&str>,
        at: Time,
    ) -> Result<(), StoreError> {
        let is_paused = self.with_state(check, is_paused);
        match (was_paused, is_paused) {
            (false, true) => self.note_happening(check, Happening::Paused, comment, at),
            (true, false) => self.note_happening(check, Happening::Unpaused, comment, at),
            _ => Ok(()),
        }
    }

    pub(super) fn insert_event(&mut self, check: CheckId, at: Time, text: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO canary_events (check_id, at, text) VALUES (?1, ?2, ?3)",
            params![key(check.0), at.as_ms(), text],
        )?;
        *self.memory.events.entry(check).or_default() += 1;
        Ok(())
    }

    /// Drops the oldest while there are too many, or while there are more than enough and the oldest is too old.
    fn prune_events(&mut self, check: CheckId, most: u64, now: Time) -> Result<(), StoreError> {
        let count = self.memory.events[&check];
        if count <= Alias::EVENTS_KEPT {
            return Ok(());
        }
        let mut oldest = self
            .db
            .prepare_cached("SELECT at FROM canary_events WHERE check_id = ?1 ORDER BY id LIMIT 1")
            .map_err(failed)?;
        let oldest: i64 = oldest.query_row([key(check.0)], |row| row.get(0)).map_err(failed)?;
        let too_old = (now - Alias::EVENTS_MAX_AGE).as_ms();
        let over = count.saturating_sub(most);
        if over == 0 && oldest >= too_old {
            return Ok(());
        }
        // Of those that are not among the newest, up to the first that may stay.
        let removed = self
            .db
            .prepare_cached(
                "DELETE FROM canary_events WHERE id IN (
                   SELECT id FROM (SELECT id, at, row_number() OVER (ORDER BY id) AS place
                                   FROM canary_events WHERE check_id = ?1 ORDER BY id LIMIT ?2)
                   WHERE place <= ?3 OR at < ?4)",
            )
            .and_then(|mut remove| {
                remove.execute(params![key(check.0), key(count - Alias::EVENTS_KEPT), key(over), too_old])
            })
            .map_err(failed)?;
        let left = self.memory.events.get_mut(&check).expect("it was counted above");
        *left -= removed as u64;
        Ok(())
    }

    /// When the newest event of a check with an alias was.
    pub(super) fn newest_event(&self, check: CheckId) -> Result<Option<Time>, StoreError> {
        let sql = "SELECT at FROM canary_events WHERE check_id = ?1 ORDER BY id DESC LIMIT 1";
        let mut find = self.db.prepare_cached(sql).map_err(failed)?;
        let at: Option<i64> = find.query_row([key(check.0)], |row| row.get(0)).optional().map_err(failed)?;
        Ok(at.map(Time::from_ms))
    }
}

/// The newest events of a check with an alias, newest first.
pub(in crate::store) fn events(
    db: &Connection,
    check: CheckId,
    limit: usize,
) -> rusqlite::Result<Vec<(Time, String)>> {
    let sql = "SELECT at, text FROM canary_events WHERE check_id = ?1 ORDER BY id DESC LIMIT ?2";
    let mut find = db.prepare_cached(sql)?;
    let rows = find.query_map(params![key(check.0), key(limit as u64)], |row| {
        Ok((Time::from_ms(row.get(0)?), row.get(1)?))
    })?;
    rows.collect()
}

/// Whether a check is paused at run time.
pub(super) fn is_paused(state: &State) -> bool {
    state.pause.at_run_time.is_some()
}
