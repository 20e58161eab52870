//! Checks that were archived long enough ago are forgotten, with all that is theirs (10.3).

use rusqlite::params;

use super::{REMOVED, Slice};
use crate::core::check::CheckId;
use crate::core::retention::Retention;
use crate::core::time::Time;
use crate::store::StoreError;
use crate::store::sqlite::error::failed;
use crate::store::sqlite::key;
use crate::store::sqlite::tx::Tx;

/// What it costs about as much as to forget one more check, or incident.
const ROWS: usize = 10;

impl Tx<'_> {
    /// All checks are looked at once, when the stage begins: `over` are those left of what was found then.
    pub(super) fn prune_checks(
        &mut self,
        cursor: i64,
        over: &mut Vec<CheckId>,
        retention: &Retention,
        now: Time,
    ) -> Result<Slice, StoreError> {
        let before = now - retention.archived;
        if cursor == 0 {
            *over = self.archived_and_told(before);
        }
        let mut left = REMOVED;
        while left > 0
            && let Some(check) = over.last().copied()
        {
            // It may have been declared again meanwhile.
            if self.is_archived(check, before) && !self.remove_check(check, &mut left)? {
                break;
            }
            over.pop();
        }
        Ok(if over.is_empty() { Slice::Done } else { Slice::More(1) })
    }

    fn is_archived(&self, check: CheckId, before: Time) -> bool {
        let slot = self.memory.checks.get(&check);
        slot.and_then(|slot| slot.check.known().state.archived).is_some_and(|archived| archived < before)
    }

    /// Those of which nothing is open or still to be told, the first at the end.
    fn archived_and_told(&self, before: Time) -> Vec<CheckId> {
        let memory = &*self.memory;
        let mut over: Vec<CheckId> =
            memory.checks.keys().copied().filter(|id| self.is_archived(*id, before)).collect();
        if !over.is_empty() {
            let unfinished = memory.outbox.unfinished_checks();
            over.retain(|id| !memory.alerts.contains_key(id) && !unfinished.contains(id));
        }
        over.sort_unstable_by(|a, b| b.cmp(a));
        over
    }

    /// Removes a check and what is its own, no more than `left` rows of it; true once it is forgotten.
    fn remove_check(&mut self, check: CheckId, left: &mut usize) -> Result<bool, StoreError> {
        let id = key(check.0);
        for table in ["flips", "judgements", "canary_events", "pauses"] {
            let sql = format!(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE check_id = ?1 LIMIT ?2)"
            );
            *left -= self.change(&sql, params![id, *left as i64])?;
            if *left == 0 {
                return Ok(false);
            }
        }
        let most = left.div_ceil(ROWS);
        let incidents: Vec<i64> = self
            .prepare("SELECT id FROM incidents WHERE check_id = ?1 LIMIT ?2")?
            .query_map(params![id, most as i64], |row| row.get(0))
            .and_then(Iterator::collect)
            .map_err(failed)?;
        for incident in &incidents {
            self.remove_incident(*incident)?;
        }
        *left = left.saturating_sub(incidents.len() * ROWS + ROWS);
        if incidents.len() == most {
            return Ok(false);
        }
        self.forget_check(check)?;
        Ok(true)
    }

    /// Its pings are removed in the next round, since no check has their number.
    fn forget_check(&mut self, check: CheckId) -> Result<(), StoreError> {
        let id = key(check.0);
        self.execute("DELETE FROM names WHERE check_id = ?1", params![id])?;
        self.execute("DELETE FROM states WHERE check_id = ?1", params![id])?;
        self.execute("DELETE FROM checks WHERE id = ?1", params![id])?;
        let memory = &mut *self.memory;
        memory.former.retain(|_, of| *of != check);
        memory.deadlines.forget(check);
        memory.behind.remove(check);
        memory.events.remove(&check);
        if let Some(slot) = memory.checks.remove(&check) {
            let name = &slot.check.definition.name;
            if memory.by_name.get(name) == Some(&check) {
                memory.by_name.remove(name);
            }
        }
        Ok(())
    }
}
