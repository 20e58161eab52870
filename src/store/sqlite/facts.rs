//! The rows of what has happened to checks of the unit of work: pings, bodies, happenings, pauses, and what people did.

use rusqlite::{OptionalExtension, Row, params};

use super::error::failed;
use super::happenings::events;
use super::history_tables::History;
use super::query::key;
use super::tx::Tx;
use super::{unknown_rows, windows};
use crate::core::assertion::Outcome;
use crate::core::audit::{Audit, AuditBound};
use crate::core::check::{CheckId, PingKind};
use crate::core::notice::LastRun;
use crate::core::time::{Span, Time};
use crate::store::history::LeftOut;
use crate::store::work::{FactRows, KeptAs, NewPause, NewPing, OldHappenings, PingSaid};
use crate::store::{StoreError, UnknownName, row};

const INSERT: &str =
    "INSERT INTO pings (seq, check_id, at, kind, flags, ordinal, previous, exit_status, duration, rid,
                      comment, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const INSERT_BODY: &str =
    "INSERT INTO bodies (seq, check_id, ordinal, body, left_out) VALUES (?1, ?2, ?3, ?4, ?5)";

impl FactRows for Tx<'_> {
    fn insert_ping(&mut self, ping: NewPing<'_>) -> Result<(), StoreError> {
        let NewPing { check, at, fact, counted, is, keeps_body } = ping;
        self.numbers.last_ping += 1;
        let seq = self.numbers.last_ping;
        let staged = self.staged_now(check);
        let previous = std::mem::replace(&mut staged.last_ping, seq);
        staged.pings += 1;
        let ordinal = staged.pings;
        self.memory.pings_kept.came(check, ordinal);
        let body = fact.body.as_deref().filter(|body| !body.is_empty());
        let is_success = counted.is_some_and(|counted| counted.success);
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        let flags = flag(counted.is_some_and(|counted| counted.repeat), row::PING_REPEAT)
            | flag(fact.body_cut, row::PING_BODY_CUT)
            | flag(is_success, row::PING_SUCCESS)
            | flag(is != KeptAs::Ping, row::PING_RESULT)
            | flag(body.is_some(), row::PING_BODY);
        self.execute(
            INSERT,
            params![
                seq,
                key(check.0),
                at.as_ms(),
                row::ping_code(fact.ping.kind),
                flags,
                ordinal,
                previous,
                fact.ping.exit_status,
                counted.and_then(|counted| counted.duration).map(Span::as_ms),
                fact.ping.rid.as_ref().map(|rid| rid.as_str()),
                fact.comment,
                if is == KeptAs::Probe { "probe".to_owned() } else { fact.source.to_string() },
            ],
        )?;
        if let Some(body) = body.filter(|_| keeps_body) {
            let left_out = i64::try_from(fact.left_out).unwrap_or(i64::MAX);
            let values = params![seq, key(check.0), ordinal, body, left_out];
            if History::Bodies.change(self, INSERT_BODY, values)? > 0 {
                self.memory.new_bodies.insert(check);
                self.numbers.body_bytes += i64::try_from(body.len()).unwrap_or(i64::MAX);
            }
        }
        if is_success {
            self.staged_now(check).successes.push(at);
        }
        Ok(())
    }

    fn last_ping(&self, check: CheckId) -> Result<i64, StoreError> {
        Ok(match self.staged.get(check) {
            Some(staged) => staged.last_ping,
            None => self.memory.checks[check].last_ping,
        })
    }

    fn ping(&self, check: CheckId, number: i64) -> Result<Option<PingSaid>, StoreError> {
        let sql = "SELECT at, kind, flags, exit_status, duration, source, comment, previous FROM pings
                   WHERE seq = ?1 AND check_id = ?2";
        let said = self.prepare(sql)?.query_row((number, key(check.0)), said).optional().map_err(failed)?;
        let Some((mut said, flags)) = said else { return Ok(None) };
        if flags & row::PING_BODY != 0 {
            let sql = "SELECT body, left_out FROM bodies WHERE seq = ?1";
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let body: Vec<(Vec<u8>, Option<i64>)> = History::Bodies.all(self, sql, params![number], read)?;
            let body = body.into_iter().next();
            said.body = body.map(|(body, left_out)| LeftOut::read(left_out, flags).marked(body));
        }
        Ok(Some(said))
    }

    fn recount_window(&mut self, check: CheckId, within: Span, now: Time) -> Result<(), StoreError> {
        let db = self.db;
        let slot = self.memory.checks.get(check);
        let staged = self.staged.get_mut(check).expect("a check is staged before it is changed");
        let before = staged.window(slot);
        staged.window = Some(windows::recount(db, staged.last_ping, &before, within, now)?);
        staged.successes.clear();
        staged.may_stay_behind = false;
        Ok(())
    }

    fn body_bytes(&self) -> Result<i64, StoreError> {
        Ok(self.numbers.body_bytes)
    }

    fn newest_body(&self, check: CheckId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT body FROM bodies WHERE check_id = ?1 ORDER BY seq DESC LIMIT 1";
        let newest = History::Bodies.all(self, sql, params![key(check.0)], |row| row.get(0))?;
        Ok(newest.into_iter().next())
    }

    fn oldest_body(&self) -> Result<Option<i64>, StoreError> {
        let oldest = History::Bodies.all(self, "SELECT min(seq) FROM bodies", &[], |row| row.get(0))?;
        Ok(oldest.into_iter().next().flatten())
    }

    fn delete_body(&mut self, ping: i64) -> Result<bool, StoreError> {
        let sql = "DELETE FROM bodies WHERE seq = ?1 RETURNING ifnull(length(body), 0)";
        let gone: Vec<i64> = History::Bodies.all(self, sql, params![ping], |row| row.get(0))?;
        self.numbers.body_bytes -= gone.iter().sum::<i64>();
        Ok(!gone.is_empty())
    }

    fn insert_happening(&mut self, check: CheckId, at: Time, text: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO canary_events (check_id, at, text) VALUES (?1, ?2, ?3)";
        if History::Happenings.change(self, sql, params![key(check.0), at.as_ms(), text])? > 0 {
            self.happenings.insert(check, self.count_happenings(check)? + 1);
        }
        Ok(())
    }

    fn count_happenings(&self, check: CheckId) -> Result<u64, StoreError> {
        let known = self.happenings.get(&check).or_else(|| self.memory.happenings.get(&check));
        Ok(known.copied().unwrap_or(0))
    }

    fn oldest_happening(&self, check: CheckId) -> Result<Option<Time>, StoreError> {
        let sql = "SELECT at FROM canary_events WHERE check_id = ?1 ORDER BY id LIMIT 1";
        let oldest = History::Happenings.all(self, sql, params![key(check.0)], |row| row.get(0))?;
        Ok(oldest.first().copied().map(Time::from_ms))
    }

    fn newest_happenings(&self, check: CheckId, limit: usize) -> Result<Vec<(Time, String)>, StoreError> {
        History::Happenings.touch(self, || events(self.db, check, limit))
    }

    fn delete_happenings(&mut self, check: CheckId, old: OldHappenings) -> Result<(), StoreError> {
        let OldHappenings { over, before, kept } = old;
        let may_go = self.count_happenings(check)?.saturating_sub(kept);
        // Of those that are not among the newest, up to the first that may stay.
        let removed = History::Happenings.change(
            self,
            "DELETE FROM canary_events WHERE id IN (
               SELECT id FROM (SELECT id, at, row_number() OVER (ORDER BY id) AS place
                               FROM canary_events WHERE check_id = ?1 ORDER BY id LIMIT ?2)
               WHERE place <= ?3 OR at < ?4)",
            params![key(check.0), key(may_go), key(over), before.as_ms()],
        )?;
        self.happenings_went(check, removed)
    }

    fn insert_audit(&mut self, done: &Audit) -> Result<u64, StoreError> {
        let sql = "INSERT INTO audit (at, actor, what, check_name, details, comment) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let Audit { at, actor, what, check, details, comment } = done;
        let values = params![at.as_ms(), actor, what.as_str(), check, details, comment];
        let written = History::Audit.change(self, sql, values)?;
        Ok(if written > 0 { self.db.last_insert_rowid().unsigned_abs() } else { 0 })
    }

    fn delete_audits_but(&mut self, kept: AuditBound) -> Result<(), StoreError> {
        let kinds: Vec<String> = kept.kinds().map(|kind| format!("'{}'", kind.as_str())).collect();
        let kinds = kinds.join(", ");
        let sql = format!(
            "DELETE FROM audit WHERE what IN ({kinds}) AND id <= (
             SELECT id FROM audit WHERE what IN ({kinds}) ORDER BY id DESC LIMIT 1 OFFSET ?1)"
        );
        History::Audit.change(self, &sql, params![key(kept.most())]).map(drop)
    }

    fn put_unknown_names(&mut self, names: &[UnknownName]) -> Result<(), StoreError> {
        unknown_rows::put(self, names)
    }

    fn insert_pause(&mut self, check: CheckId, pause: NewPause<'_>) -> Result<(), StoreError> {
        let NewPause { is_pause, at, comment, by } = pause;
        let sql = "INSERT INTO pauses (check_id, at, paused, comment, by) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![key(check.0), at.as_ms(), is_pause, comment, by];
        History::Pauses.change(self, sql, values).map(drop)
    }

    fn delete_pauses_but(&mut self, check: CheckId, kept: usize) -> Result<(), StoreError> {
        let sql = "DELETE FROM pauses WHERE check_id = ?1 AND id <= (
                   SELECT id FROM pauses WHERE check_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
        History::Pauses.change(self, sql, params![key(check.0), kept as i64]).map(drop)
    }
}

/// What a ping said, without its body; and its flags.
fn said(row: &Row<'_>) -> rusqlite::Result<(PingSaid, u8)> {
    let kind = row::ping_kind(row.get(1)?);
    let flags: u8 = row.get(2)?;
    let duration: Option<i64> = row.get(4)?;
    let run = LastRun {
        at: Time::from_ms(row.get(0)?),
        is_success: kind == Some(PingKind::Success),
        outcome: kind.and_then(Outcome::of_kept).filter(|_| flags & row::PING_RESULT != 0),
        exit_status: row.get(3)?,
        duration: duration.map(Span::ms),
        source: row.get(5)?,
        comment: row.get(6)?,
    };
    let is_repeat = flags & row::PING_REPEAT != 0;
    Ok((PingSaid { kind, is_repeat, run, previous: row.get(7)?, body: None }, flags))
}
