//! The hot path: pings, ticks, and what is done to single checks at run time.

use rusqlite::{CachedStatement, params};

use super::error::failed;
use super::happenings::is_paused;
use super::tx::Tx;
use super::{SqliteStore, key};
use crate::core::check::{CheckId, PingKind};
use crate::core::origin::{Habits, Happening};
use crate::core::step::{Input, PingEffect};
use crate::core::time::{Span, Time};
use crate::store::{Applied, Entry, PingFact, StoreError, What, row};

impl SqliteStore {
    pub(super) fn apply_all(&mut self, entries: Vec<Entry>) -> Result<Vec<Applied>, StoreError> {
        self.transact(|tx| {
            tx.memory.fetch(entries.iter().map(|entry| entry.check));
            let mut pings = Pings::new(tx)?;
            let applied = entries.into_iter().map(|entry| apply_one(tx, &mut pings, entry)).collect();
            pings.finish(tx)?;
            applied
        })
    }
}

fn apply_one(tx: &mut Tx<'_>, pings: &mut Pings<'_>, entry: Entry) -> Result<Applied, StoreError> {
    let Entry { check, at, what } = entry;
    let Some(staged) = tx.stage(check).filter(|staged| staged.state.archived.is_none()) else {
        return Ok(Applied::NoSuchCheck);
    };
    let was_paused = is_paused(&staged.state);
    let pause = staged.state.pause;
    let (is_tick, is_pause) = (matches!(what, What::Tick), matches!(what, What::Pause { .. }));
    let (input, comment, by) = match what {
        What::Ping(fact) => {
            let counted = tx.step(check, Input::Ping(fact.ping.clone()), at)?;
            note_ping(tx, check, was_paused, &fact, counted, at)?;
            pings.insert(tx, check, at, &fact, counted)?;
            return Ok(Applied::Done(counted));
        }
        What::Unpause { .. } if staged.definition.spec.paused => return Ok(Applied::PausedByFile),
        What::Tick => (Input::Tick, None, None),
        What::Pause { comment, by, until } => {
            let definition = staged.definition.clone();
            (pause_of(tx.memory.habits(&definition), until), comment, by)
        }
        What::Unpause { comment, by } => (Input::Unpause, comment, by),
        What::Refused(refused) => (Input::Refused(refused), None, None),
    };
    tx.step(check, input, at)?;
    tx.note_pause(check, was_paused, comment.as_deref(), at)?;
    let after = tx.with_state(check, |state| state.pause);
    let is_paused = after.at_run_time.is_some();
    if pause.at_run_time.is_some() != is_paused || is_pause && pause.until != after.until {
        // 7.2: one that time ends does so at its own end, whenever that is looked at.
        let (at, comment) = match pause.until.filter(|_| is_tick) {
            Some(until) => (until, Some("its time was over")),
            None => (at, comment.as_deref()),
        };
        tx.note_who_paused(check, (is_paused, at), comment, by.as_deref())?;
    }
    Ok(Applied::Done(None))
}

fn pause_of(habits: Habits, until: Option<Time>) -> Input {
    match until {
        Some(until) => Input::PauseUntil(until),
        None if habits.pause_forgives => Input::PauseAndForgive,
        None => Input::Pause,
    }
}

/// An alias's history knows successes, by whatever door they came, and pauses that a start or a failure ended.
fn note_ping(
    tx: &mut Tx<'_>,
    check: CheckId,
    was_paused: bool,
    fact: &PingFact,
    counted: Option<PingEffect>,
    at: Time,
) -> Result<(), StoreError> {
    let is_repeat = counted.is_none_or(|counted| counted.repeat);
    if fact.ping.kind == PingKind::Success && !is_repeat {
        tx.note_happening(check, Happening::Triggered, fact.comment.as_deref(), at)
    } else {
        tx.note_pause(check, was_paused, fact.comment.as_deref(), at)
    }
}

/// Appends facts.
struct Pings<'a> {
    insert: CachedStatement<'a>,
    insert_body: CachedStatement<'a>,
    are_bodies_others: bool,
}

impl<'a> Pings<'a> {
    fn new(tx: &Tx<'a>) -> Result<Pings<'a>, StoreError> {
        let insert = "INSERT INTO pings (seq, check_id, at, kind, flags, ordinal, previous, exit_status, duration, rid,
                      comment, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let insert_body =
            "INSERT INTO bodies (seq, check_id, ordinal, body, left_out) VALUES (?1, ?2, ?3, ?4, ?5)";
        Ok(Pings {
            insert: tx.db.prepare_cached(insert).map_err(failed)?,
            insert_body: tx.db.prepare_cached(insert_body).map_err(failed)?,
            are_bodies_others: false,
        })
    }

    fn insert(
        &mut self,
        tx: &mut Tx<'_>,
        check: CheckId,
        at: Time,
        fact: &PingFact,
        counted: Option<PingEffect>,
    ) -> Result<(), StoreError> {
        tx.memory.last_ping += 1;
        let seq = tx.memory.last_ping;
        let staged = tx.stage(check).expect("a ping's check is staged");
        let previous = std::mem::replace(&mut staged.last_ping, seq);
        staged.pings += 1;
        let body = fact.body.as_deref().filter(|body| !body.is_empty());
        let is_success = counted.is_some_and(|counted| counted.success);
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        let flags = flag(counted.is_some_and(|counted| counted.repeat), row::PING_REPEAT)
            | flag(fact.body_cut, row::PING_BODY_CUT)
            | flag(is_success, row::PING_SUCCESS)
            | flag(body.is_some(), row::PING_BODY);
        self.insert
            .execute(params![
                seq,
                key(check.0),
                at.as_ms(),
                row::ping_code(fact.ping.kind),
                flags,
                staged.pings,
                previous,
                fact.ping.exit_status,
                counted.and_then(|counted| counted.duration).map(Span::as_ms),
                fact.ping.rid.as_ref().map(|rid| rid.as_str()),
                fact.comment,
                fact.source.to_string(),
            ])
            .map_err(failed)?;
        let ordinal = staged.pings;
        if let Some(body) = body {
            let bytes = i64::try_from(body.len()).unwrap_or(i64::MAX);
            self.are_bodies_others = true;
            if tx.make_room(bytes)? {
                let left_out = i64::try_from(fact.left_out).unwrap_or(i64::MAX);
                self.insert_body
                    .execute(params![seq, key(check.0), ordinal, body, left_out])
                    .map_err(failed)?;
                tx.memory.body_bytes += bytes;
            }
        }
        if is_success {
            tx.successes.push((check, at));
        }
        Ok(())
    }

    fn finish(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if self.are_bodies_others { tx.note_body_bytes() } else { Ok(()) }
    }
}
