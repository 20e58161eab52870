//! Bodies of pings and their budget (15.2). Together they are never more than a tenth above it: where a new one would be,
//! the oldest go in the same transaction. Pruning brings them back to the budget, so that this is seldom needed.

use rusqlite::params;

use super::error::failed;
use super::prune::Slice;
use super::tx::Tx;
use crate::core::retention::Retention;
use crate::store::StoreError;

/// So many old bodies go for a new one at most, so that pings do not wait long. If that is not enough, it is not kept.
const OUT_FOR_ONE: usize = 8;
/// Bodies that pruning removes at a time: one of the longest lies on three pages.
const REMOVED: usize = 500;

impl Tx<'_> {
    /// Makes room for a body of so many bytes; false if there is none.
    pub(super) fn make_room(&mut self, bytes: i64) -> Result<bool, StoreError> {
        let Some(settings) = self.settings else { return Ok(true) };
        let budget = settings.retention.max_body_bytes;
        let most = i64::try_from(budget.saturating_add(budget / 10)).unwrap_or(i64::MAX);
        let is_room = |tx: &Self| tx.memory.body_bytes.saturating_add(bytes) <= most;
        for _ in 0..OUT_FOR_ONE {
            if is_room(self) || bytes > most {
                break;
            }
            let mut oldest = self.prepare("SELECT min(seq) FROM bodies")?;
            let oldest: Option<i64> = oldest.query_row([], |row| row.get(0)).map_err(failed)?;
            let Some(oldest) = oldest else { break };
            self.remove_body(oldest)?;
        }
        Ok(is_room(self))
    }

    pub(super) fn remove_body(&mut self, seq: i64) -> Result<(), StoreError> {
        let mut remove = self.prepare("DELETE FROM bodies WHERE seq = ?1 RETURNING length(body)")?;
        let mut rows = remove.query([seq]).map_err(failed)?;
        if let Some(row) = rows.next().map_err(failed)? {
            self.memory.body_bytes -= row.get::<_, i64>(0).map_err(failed)?;
        }
        Ok(())
    }

    pub(super) fn note_body_bytes(&self) -> Result<(), StoreError> {
        self.set_meta("body_bytes", self.memory.body_bytes)
    }

    /// Over the budget the oldest go first; then, check by check, all but the newest.
    pub(super) fn prune_bodies(&mut self, cursor: i64, retention: &Retention) -> Result<Slice, StoreError> {
        let budget = i64::try_from(retention.max_body_bytes).unwrap_or(i64::MAX);
        let oldest = self.oldest_bodies(budget)?;
        let (over, slice) =
            if oldest.is_empty() { self.older_bodies(cursor)? } else { (oldest, Slice::More(cursor)) };
        for seq in &over {
            self.remove_body(*seq)?;
        }
        if !over.is_empty() {
            self.note_body_bytes()?;
        }
        Ok(slice)
    }

    /// So many of the oldest that the rest fits into the budget, but no more than go in a slice.
    fn oldest_bodies(&self, budget: i64) -> Result<Vec<i64>, StoreError> {
        let mut look = self.prepare("SELECT seq, length(body) FROM bodies ORDER BY seq LIMIT ?1")?;
        let mut rows = look.query([REMOVED as i64]).map_err(failed)?;
        let mut left = self.memory.body_bytes;
        let mut over = Vec::new();
        while left > budget
            && let Some(row) = rows.next().map_err(failed)?
        {
            over.push(row.get(0).map_err(failed)?);
            left -= row.get::<_, i64>(1).map_err(failed)?;
        }
        Ok(over)
    }

    /// Those that are not among the newest of their checks, of some checks after this one.
    fn older_bodies(&self, cursor: i64) -> Result<(Vec<i64>, Slice), StoreError> {
        let mut next = self.prepare("SELECT min(check_id) FROM bodies WHERE check_id > ?1")?;
        let mut look =
            self.prepare("SELECT seq FROM bodies WHERE check_id = ?1 ORDER BY seq DESC LIMIT ?2 OFFSET ?3")?;
        let mut over: Vec<i64> = Vec::new();
        let mut last = cursor;
        for _ in 0..REMOVED {
            let check: Option<i64> = next.query_row([last], |row| row.get(0)).map_err(failed)?;
            let Some(check) = check else { return Ok((over, Slice::Done)) };
            let left = (REMOVED - over.len()) as i64;
            let rows = look.query_map(params![check, left, Retention::BODIES_OF_A_CHECK], |row| row.get(0));
            over.extend(rows.and_then(Iterator::collect::<Result<Vec<i64>, _>>).map_err(failed)?);
            if over.len() == REMOVED {
                break;
            }
            last = check;
        }
        Ok((over, Slice::More(last)))
    }
}
