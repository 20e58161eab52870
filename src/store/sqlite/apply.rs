//! The hot path: pings, ticks, and what is done to single checks at run time.

use rusqlite::{CachedStatement, params};

use super::error::failed;
use super::tx::Tx;
use super::{SqliteStore, key};
use crate::core::check::CheckId;
use crate::core::step::{Counted, Input};
use crate::core::time::{Span, Time};
use crate::store::{Applied, Entry, PingFact, StoreError, What, row};

impl SqliteStore {
    pub(super) fn apply_all(&mut self, entries: Vec<Entry>) -> Result<Vec<Applied>, StoreError> {
        self.transact(|tx| {
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
    let input = match what {
        What::Ping(fact) => {
            let counted = tx.step(check, Input::Ping(fact.ping.clone()), at)?;
            pings.insert(tx, check, at, fact, counted)?;
            return Ok(Applied::Done(counted));
        }
        What::Unpause if staged.definition.spec.paused => return Ok(Applied::PausedByFile),
        What::Tick => Input::Tick,
        What::Pause => Input::Pause,
        What::Unpause => Input::Unpause,
        What::Refused { at } => Input::Refused { at },
    };
    tx.step(check, input, at)?;
    Ok(Applied::Done(None))
}

/// Appends facts.
struct Pings<'a> {
    insert: CachedStatement<'a>,
    insert_body: CachedStatement<'a>,
    body_bytes: i64,
}

impl<'a> Pings<'a> {
    fn new(tx: &Tx<'a>) -> Result<Pings<'a>, StoreError> {
        let insert = "INSERT INTO pings (seq, check_id, at, kind, flags, ordinal, previous, exit_status, duration, rid,
                      comment, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let insert_body = "INSERT INTO bodies (seq, check_id, ordinal, body) VALUES (?1, ?2, ?3, ?4)";
        Ok(Pings {
            insert: tx.db.prepare_cached(insert).map_err(failed)?,
            insert_body: tx.db.prepare_cached(insert_body).map_err(failed)?,
            body_bytes: 0,
        })
    }

    fn insert(
        &mut self,
        tx: &mut Tx<'_>,
        check: CheckId,
        at: Time,
        fact: PingFact,
        counted: Option<Counted>,
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
                fact.source,
            ])
            .map_err(failed)?;
        if let Some(body) = body {
            self.insert_body.execute(params![seq, key(check.0), staged.pings, body]).map_err(failed)?;
            self.body_bytes += i64::try_from(body.len()).unwrap_or(i64::MAX);
        }
        if is_success {
            staged.successes.push(at);
        }
        staged.last_source = Some(fact.source);
        Ok(())
    }

    fn finish(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if self.body_bytes > 0 {
            tx.memory.body_bytes += self.body_bytes;
            tx.set_meta("body_bytes", tx.memory.body_bytes)?;
        }
        Ok(())
    }
}
