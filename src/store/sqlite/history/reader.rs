//! Reads history: what happened to a check, newest first, in short pages. It never delays the writer.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::audit;
use crate::core::assertion::Outcome;
use crate::core::cause::Status;
use crate::core::check::CheckId;
use crate::core::step::Judgement;
use crate::core::time::{Span, Time};
use crate::core::uptime::UptimeFlip;
use crate::store::StoreError;
use crate::store::history::{
    AuditRecord, AuditsWanted, BodyRecord, FlipRecord, JudgementRecord, LeftOut, MAX_PAGE, PauseRecord,
    PingRecord,
};
use crate::store::row::{PING_BODY, PING_REPEAT, PING_RESULT, flip_reason, ping_kind, read_causes};
use crate::store::sqlite::error::{damaged, failed};
use crate::store::sqlite::files::open_reader;
use crate::store::sqlite::happenings;
use crate::store::sqlite::query::word;

/// Reads history over one connection of its own, opened on first use. Calls block, each for a short page.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    db: Mutex<Option<Connection>>,
}

/// Which rows of a check: those before one of them, or the newest, and at most so many.
#[derive(Clone, Copy)]
pub(super) struct RowsOfCheck {
    pub(super) check: CheckId,
    pub(super) before: Option<u64>,
    pub(super) limit: usize,
}

/// A flip's number; and the name of its check, and it, if it can be read.
type FlipOfAny = (u64, Option<(String, FlipRecord)>);

fn flip(row: &Row<'_>) -> rusqlite::Result<FlipRecord> {
    Ok(FlipRecord {
        id: number(row, 0)?,
        at: Time::from_ms(row.get(1)?),
        from: word(row, 2, Status::of_word)?,
        to: word(row, 3, Status::of_word)?,
        reason: word(row, 4, flip_reason)?,
        causes: word(row, 5, read_causes)?,
    })
}

impl Reader {
    /// Reads the database in this folder.
    pub fn new(folder: &Path) -> Reader {
        Reader { folder: folder.to_owned(), db: Mutex::new(None) }
    }

    /// A page of a check's pings, newest first: those before the ping `before`, or the newest.
    pub fn pings(
        &self,
        check: CheckId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<PingRecord>, StoreError> {
        self.read(|db| {
            let mut next = match before {
                Some(seq) => previous_of(db, check, seq)?,
                None => newest_of(db, check)?,
            };
            let mut pings = Vec::new();
            let mut statement = db.prepare_cached(
                "SELECT seq, at, kind, flags, exit_status, duration, rid, comment, source, previous,
                 (SELECT ifnull(left_out, -1) FROM bodies WHERE bodies.seq = pings.seq)
                 FROM pings WHERE seq = ?1 AND check_id = ?2",
            )?;
            while next > 0 && pings.len() < limit.min(MAX_PAGE) {
                let found = statement
                    .query_row((next, key(check.0)), |row| Ok((ping(row)?, row.get(9)?)))
                    .optional()?;
                // Older pings were pruned.
                let Some((record, previous)) = found else { break };
                pings.push(record);
                next = previous;
            }
            Ok(pings)
        })
    }

    /// The body of a check's ping for people, with a mark where something is left out; `None` if there is none.
    pub fn body(&self, check: CheckId, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT body, bodies.left_out, flags FROM bodies JOIN pings USING (seq)
                 WHERE bodies.seq = ?1 AND bodies.check_id = ?2",
            )?;
            let found = statement.query_row((key(seq), key(check.0)), |row| {
                Ok((row.get(0)?, LeftOut::read(row.get(1)?, row.get(2)?)))
            });
            Ok(found.optional()?.map(|(body, left_out)| left_out.marked(body)))
        })
    }

    /// A page of a check's flips, newest first: those before the flip `before`, or the newest.
    pub fn flips(
        &self,
        check: CheckId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<FlipRecord>, StoreError> {
        self.page(
            "SELECT id, at, from_status, to_status, reason, causes FROM flips
             WHERE check_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
            RowsOfCheck { check, before, limit },
            flip,
        )
    }

    /// Flips of all checks, oldest first, from after this one on: each with its number and, if it can be read (14.6), the name of
    /// its check.
    pub fn flips_after(&self, after: u64, limit: usize) -> Result<Vec<FlipOfAny>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT flips.id, flips.at, from_status, to_status, reason, causes, checks.name
                 FROM flips JOIN checks ON checks.id = flips.check_id WHERE flips.id > ?1 ORDER BY flips.id LIMIT ?2",
            )?;
            let limit = key(limit.min(MAX_PAGE) as u64);
            let read = |row: &Row<'_>| {
                let named = flip(row).ok().zip(row.get(6).ok()).map(|(flip, name)| (name, flip));
                Ok((number(row, 0)?, named))
            };
            statement.query_map((key(after), limit), read)?.collect()
        })
    }

    /// The number of the newest flip of all; 0: there is none.
    pub fn last_flip(&self) -> Result<u64, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT ifnull(max(id), 0) FROM flips")?;
            statement.query_row([], |row| number(row, 0))
        })
    }

    /// The same, each with its number, as uptime needs them (25.4): one that cannot be read ends no report (14.6).
    pub fn flip_times(
        &self,
        check: CheckId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, UptimeFlip)>, StoreError> {
        self.page(
            "SELECT id, at, from_status, to_status, causes FROM flips
             WHERE check_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
            RowsOfCheck { check, before, limit },
            |row| {
                let at = Time::from_ms(row.get(1)?);
                let status = |column| word(row, column, Status::of_word).ok();
                let causes = word(row, 4, read_causes).unwrap_or_default();
                let flip = status(2).zip(status(3)).map(|(from, to)| UptimeFlip::new(at, from, to, &causes));
                Ok((number(row, 0)?, flip.unwrap_or_else(|| UptimeFlip::unreadable(at))))
            },
        )
    }

    /// A page of a check's judgements, newest first: those before the judgement `before`, or the newest.
    pub fn judgements(
        &self,
        check: CheckId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<JudgementRecord>, StoreError> {
        self.page(
            "SELECT id, occurrence, count, at_least, at_most, met FROM judgements
             WHERE check_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
            RowsOfCheck { check, before, limit },
            |row| {
                let judgement = Judgement {
                    occurrence: Time::from_ms(row.get(1)?),
                    count: row.get(2)?,
                    at_least: row.get(3)?,
                    at_most: row.get(4)?,
                    met: row.get(5)?,
                };
                Ok(JudgementRecord { id: number(row, 0)?, judgement })
            },
        )
    }

    /// A check's pauses at run time and their ends, newest first. An end by a ping is not among them.
    pub fn pauses(&self, check: CheckId) -> Result<Vec<PauseRecord>, StoreError> {
        self.page(
            "SELECT at, paused, comment, by FROM pauses WHERE check_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
            RowsOfCheck { check, before: None, limit: MAX_PAGE },
            |row| {
                Ok(PauseRecord {
                    at: Time::from_ms(row.get(0)?),
                    is_pause: row.get(1)?,
                    comment: row.get(2)?,
                    by: row.get(3)?,
                })
            },
        )
    }

    /// For a check that is paused at run time now: who paused it, and why.
    pub fn pause(&self, check: CheckId) -> Result<Option<PauseRecord>, StoreError> {
        Ok(self.pauses(check)?.into_iter().next().filter(|newest| newest.is_pause))
    }

    /// The newest events of a check with an alias, newest first; empty for other checks. They are bounded by the
    /// alias's limit and not by that of a page.
    pub fn canary_events(&self, check: CheckId, limit: usize) -> Result<Vec<(Time, String)>, StoreError> {
        self.read(|db| happenings::events(db, check, limit))
    }

    /// A page of what people and the server did, newest first: that before the row `before`, or the newest.
    pub fn audits(
        &self,
        wanted: &AuditsWanted,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        self.read(|db| audit::audits(db, wanted, before, limit))
    }

    pub(super) fn page<R>(
        &self,
        sql: &str,
        of: RowsOfCheck,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<R>,
    ) -> Result<Vec<R>, StoreError> {
        self.read(|db| {
            let before = of.before.map_or(i64::MAX, key);
            let limit = key(of.limit.min(MAX_PAGE) as u64);
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map((key(of.check.0), before, limit), read)?;
            rows.collect()
        })
    }

    pub(super) fn read<R>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> Result<R, StoreError> {
        let mut slot = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = Some(open_reader(&self.folder)?);
        }
        let db = slot.as_ref().ok_or_else(|| damaged("the reader has no connection"))?;
        let answer = db.unchecked_transaction().and_then(|_snapshot| read(db));
        if answer.is_err() {
            // The file may have been replaced, so the next call opens it again.
            *slot = None;
        }
        answer.map_err(failed)
    }
}

fn newest_of(db: &Connection, check: CheckId) -> rusqlite::Result<i64> {
    // The state's row may lag behind (see sqlite/fast/behind.rs), but by few pings.
    let mut statement = db.prepare_cached(
        "SELECT max(last_ping, ifnull((SELECT max(seq) FROM pings WHERE check_id = ?1
           AND seq > ifnull((SELECT value FROM meta WHERE key = 'states_up_to'), 0)), 0))
         FROM states WHERE check_id = ?1",
    )?;
    Ok(statement.query_row([key(check.0)], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn previous_of(db: &Connection, check: CheckId, seq: u64) -> rusqlite::Result<i64> {
    let mut statement = db.prepare_cached("SELECT previous FROM pings WHERE seq = ?1 AND check_id = ?2")?;
    Ok(statement.query_row((key(seq), key(check.0)), |row| row.get(0)).optional()?.unwrap_or(0))
}

fn ping(row: &Row<'_>) -> rusqlite::Result<PingRecord> {
    let kind: u8 = row.get(2)?;
    let flags: u8 = row.get(3)?;
    let kind = ping_kind(kind).ok_or_else(|| rusqlite::Error::IntegralValueOutOfRange(2, i64::from(kind)))?;
    Ok(PingRecord {
        seq: number(row, 0)?,
        at: Time::from_ms(row.get(1)?),
        kind,
        result: Outcome::of_kept(kind).filter(|_| flags & PING_RESULT != 0),
        repeat: flags & PING_REPEAT != 0,
        body: match (flags & PING_BODY != 0, row.get(10)?) {
            (false, _) => BodyRecord::None,
            (true, None) => BodyRecord::Gone,
            (true, left_out) => BodyRecord::Kept(LeftOut::read(left_out.filter(|bytes| *bytes >= 0), flags)),
        },
        exit_status: row.get(4)?,
        duration: row.get::<_, Option<i64>>(5)?.map(Span::ms),
        rid: row.get(6)?,
        comment: row.get(7)?,
        source: row.get(8)?,
    })
}

pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

pub(super) fn key(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
