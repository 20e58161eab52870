//! The rows that may go: what pruning asks of the database.

use std::collections::HashSet;
use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::failed;
use super::files;
use super::history_tables::History;
use super::query::{id, key};
use super::tx::{Few, Tx};
use crate::core::check::CheckId;
use crate::core::incident::IncidentId;
use crate::core::outbox::{DeliveryKind, MessageId};
use crate::core::retention::Retention;
use crate::core::time::Time;
use crate::store::work::{OldPing, OldRows, OverIncidents};
use crate::store::{StoreError, row};

/// Pages that are given back at a time: each may be moved before, and is then written to the log.
const GIVEN_BACK: i64 = 256;
/// So many free pages are always kept, and of a file one page in eight: they will be used again soon.
const FREE_KEPT: i64 = 1024;

const ENDED_INCIDENTS: &str = "SELECT id, ended_at FROM incidents
     WHERE ended_at >= ?1 AND (ended_at > ?1 OR id > ?2) AND ended_at <= ?3 AND (ended_at < ?3 OR id < ?4)
     ORDER BY ended_at, id LIMIT ?5";
const ENDED_BEFORE_OTHERS: &str = "SELECT id, ended_at FROM incidents WHERE ended_at IS NOT NULL
     ORDER BY ended_at DESC, id DESC LIMIT 1 OFFSET ?1";

/// A number of rows as SQLite's.
pub(super) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn number(row: &Row<'_>) -> rusqlite::Result<i64> {
    row.get(0)
}

fn incident(row: &Row<'_>) -> rusqlite::Result<IncidentId> {
    Ok(IncidentId(number(row)?.unsigned_abs()))
}

fn end(row: &Row<'_>) -> rusqlite::Result<(Time, IncidentId)> {
    Ok((Time::from_ms(row.get(1)?), incident(row)?))
}

fn old_ping(row: &Row<'_>) -> rusqlite::Result<OldPing> {
    let flags: u8 = row.get(4)?;
    Ok(OldPing {
        number: row.get(0)?,
        check: id(row.get(1)?),
        at: Time::from_ms(row.get(2)?),
        ordinal: row.get(3)?,
        has_body: flags & row::PING_BODY != 0,
    })
}

impl OldRows for Tx<'_> {
    fn look_at_pings(
        &self,
        after: i64,
        limit: usize,
        look: &mut dyn FnMut(OldPing) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        // What a state's row does not know of yet is still needed.
        let up_to = self.memory.behind.up_to();
        let mut find = self.prepare(
            "SELECT seq, check_id, at, ordinal, flags FROM pings WHERE seq > ?1 AND seq <= ?3 ORDER BY seq LIMIT ?2",
        )?;
        let mut rows = find.query(params![after, most(limit), up_to]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            if look(old_ping(row).map_err(failed)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn pings_of(&self, check: CheckId) -> Result<Option<i64>, StoreError> {
        Ok(self.slot(check).map(|slot| slot.pings))
    }

    fn begin_old_pings(&mut self, retention: &Retention) -> Result<i64, StoreError> {
        Ok(self.memory.pings_kept.begin_old(retention))
    }

    fn note_old_pings(
        &mut self,
        up_to: i64,
        looked_at: usize,
        stay: &[CheckId],
        ahead: usize,
    ) -> Result<(), StoreError> {
        self.memory.pings_kept.note_old(up_to, looked_at, stay, ahead);
        Ok(())
    }

    fn begin_young_pings(&mut self) -> Result<bool, StoreError> {
        Ok(self.memory.pings_kept.begin_young(self.memory.most_pings))
    }

    fn note_young_pings(&mut self, stay: usize, is_end: bool) -> Result<(), StoreError> {
        let newest = self.numbers.last_ping - self.memory.behind.up_to();
        self.memory.pings_kept.note_young(stay);
        if is_end {
            self.memory.pings_kept.end_young(newest);
        }
        Ok(())
    }

    fn delete_ping(&mut self, number: i64) -> Result<(), StoreError> {
        self.is_a_ping_gone = true;
        self.execute("DELETE FROM pings WHERE seq = ?1", params![number])
    }

    fn oldest_bodies(&self, limit: usize) -> Result<Vec<(i64, i64)>, StoreError> {
        let sql = "SELECT seq, ifnull(length(body), 0) FROM bodies ORDER BY seq LIMIT ?1";
        History::Bodies.all(self, sql, params![most(limit)], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn next_with_new_bodies(&self, after: CheckId) -> Result<Option<CheckId>, StoreError> {
        Ok(self.memory.new_bodies.first_from(after.0 + 1))
    }

    fn bodies_are_few(&mut self, check: CheckId) -> Result<(), StoreError> {
        self.memory.new_bodies.remove(check);
        self.few.push(Few::Bodies(check));
        Ok(())
    }

    fn bodies_but(&self, check: CheckId, kept: u32, limit: usize) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT seq FROM bodies WHERE check_id = ?1 ORDER BY seq DESC LIMIT ?2 OFFSET ?3";
        History::Bodies.all(self, sql, params![key(check.0), most(limit), kept], number)
    }

    fn judgements_after(&self, after: u64, limit: usize) -> Result<Vec<(u64, Time)>, StoreError> {
        let sql = "SELECT id, occurrence FROM judgements WHERE id > ?1 ORDER BY id LIMIT ?2";
        History::Judgements.all(self, sql, params![key(after), most(limit)], |row| {
            // A time that cannot be read keeps it for no longer.
            Ok((number(row)?.unsigned_abs(), row.get(1).map_or(Time::MIN, Time::from_ms)))
        })
    }

    fn delete_judgement(&mut self, number: u64) -> Result<(), StoreError> {
        History::Judgements
            .change(self, "DELETE FROM judgements WHERE id = ?1", params![key(number)])
            .map(drop)
    }

    fn next_with_new_flips(&self, after: CheckId) -> Result<Option<CheckId>, StoreError> {
        Ok(self.memory.new_flips.first_from(after.0 + 1))
    }

    fn flips_are_few(&mut self, check: CheckId) -> Result<(), StoreError> {
        self.memory.new_flips.remove(check);
        self.few.push(Few::Flips(check));
        Ok(())
    }

    fn delete_flips_but(&mut self, check: CheckId, kept: u32, limit: usize) -> Result<usize, StoreError> {
        History::Flips.change(
            self,
            "DELETE FROM flips WHERE id IN (SELECT id FROM flips WHERE check_id = ?1 AND id <= (
               SELECT id FROM flips WHERE check_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2
             ) ORDER BY id LIMIT ?3)",
            params![key(check.0), kept, most(limit)],
        )
    }

    fn ended_incidents(
        &self,
        over: OverIncidents,
        limit: usize,
    ) -> Result<Vec<(Time, IncidentId)>, StoreError> {
        let OverIncidents { after, before } = over;
        let (from, to) = (after.0.as_ms(), before.0.as_ms());
        self.all(ENDED_INCIDENTS, params![from, key(after.1.0), to, key(before.1.0), most(limit)], end)
    }

    fn ended_before_others(&self, others: u64) -> Result<Option<(Time, IncidentId)>, StoreError> {
        let mut find = self.prepare(ENDED_BEFORE_OTHERS)?;
        find.query_row([key(others)], end).optional().map_err(failed)
    }

    fn incidents_of(&self, check: CheckId, limit: usize) -> Result<Vec<IncidentId>, StoreError> {
        let sql = "SELECT id FROM incidents WHERE check_id = ?1 LIMIT ?2";
        self.all(sql, params![key(check.0), most(limit)], incident)
    }

    fn delete_incident(&mut self, id: IncidentId) -> Result<(), StoreError> {
        let id = key(id.0);
        let mut count =
            self.prepare("SELECT count(*) FROM deliveries WHERE incident_id = ?1 AND state = 'parked'")?;
        let parked = count.query_row([id], number).map_err(failed)?;
        let outbox = &mut self.memory.outbox;
        outbox.parked = outbox.parked.saturating_sub(parked.unsigned_abs());
        self.execute("DELETE FROM deliveries WHERE incident_id = ?1", params![id])?;
        History::Steps.change(self, "DELETE FROM incident_steps WHERE incident_id = ?1", params![id])?;
        self.execute("DELETE FROM record_details WHERE incident_id = ?1", params![id])?;
        self.execute("DELETE FROM diagnoses WHERE incident_id = ?1", params![id])?;
        self.execute("DELETE FROM incidents WHERE id = ?1", params![id])
    }

    fn next_with_ended_records(&self, after: CheckId) -> Result<Option<CheckId>, StoreError> {
        Ok(self.memory.ended_records.first_from(after.0 + 1))
    }

    fn ended_records_are_few(&mut self, check: CheckId) -> Result<(), StoreError> {
        self.memory.ended_records.remove(check);
        self.few.push(Few::Records(check));
        Ok(())
    }

    fn ended_records_but(
        &self,
        check: CheckId,
        kept: u32,
        limit: usize,
    ) -> Result<Vec<IncidentId>, StoreError> {
        let sql = "SELECT id FROM incidents WHERE check_id = ?1 AND key <> '' AND ended_at IS NOT NULL
                   ORDER BY id DESC LIMIT ?2 OFFSET ?3";
        self.all(sql, params![key(check.0), most(limit), kept], incident)
    }

    fn next_with_new_reminders(&self) -> Result<Option<IncidentId>, StoreError> {
        Ok(self.memory.new_reminders.first().copied())
    }

    fn reminders_are_few(&mut self, id: IncidentId) -> Result<(), StoreError> {
        self.memory.new_reminders.remove(&id);
        self.few.push(Few::Reminders(id));
        Ok(())
    }

    fn delete_reminders_but(&mut self, id: IncidentId, kept: u32, limit: usize) -> Result<usize, StoreError> {
        self.change(
            "DELETE FROM deliveries WHERE id IN (
               SELECT id FROM deliveries WHERE incident_id = ?1 AND kind = ?2 AND state IN ('sent', 'cancelled')
               ORDER BY id DESC LIMIT ?3 OFFSET ?4)",
            params![key(id.0), DeliveryKind::Reminder.as_str(), most(limit), kept],
        )
    }

    fn delete_messages(
        &mut self,
        after: MessageId,
        limit: usize,
        before: Time,
    ) -> Result<Option<MessageId>, StoreError> {
        let mut last =
            self.prepare("SELECT max(id) FROM (SELECT id FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2)")?;
        let last: Option<i64> =
            last.query_row(params![key(after.0), most(limit)], |row| row.get(0)).map_err(failed)?;
        let Some(last) = last else { return Ok(None) };
        // They go with the last of their deliveries: the first one of an incident names its thread. What was given up is tried
        // again in messages of its own, one an hour at most: those before go by themselves.
        self.execute(
            "DELETE FROM messages WHERE id > ?1 AND id <= ?2 AND state <> 'open' AND settled_at < ?3 AND NOT EXISTS
             (SELECT 1 FROM json_each(members) JOIN deliveries ON deliveries.id = value
              WHERE messages.state NOT IN ('parked', 'refused') OR message_id = messages.id)",
            params![key(after.0), last, before.as_ms()],
        )?;
        Ok(Some(MessageId(last.unsigned_abs())))
    }

    fn delete_old_flapping(&mut self, up_to: Time, limit: usize) -> Result<usize, StoreError> {
        self.change(
            "DELETE FROM flapping WHERE (check_id, receiver) IN
             (SELECT check_id, receiver FROM flapping WHERE last_at <= ?1 LIMIT ?2)",
            params![up_to.as_ms(), most(limit)],
        )
    }

    fn delete_old_audits(&mut self, before: Time, limit: usize) -> Result<usize, StoreError> {
        // One of a clock that was ahead keeps none back that follows it within these.
        History::Audit.change(
            self,
            "DELETE FROM audit WHERE at < ?1 AND id IN (SELECT id FROM audit ORDER BY id LIMIT ?2)",
            params![before.as_ms(), most(limit)],
        )
    }

    fn archived_at(&self, check: CheckId) -> Result<Option<Time>, StoreError> {
        match self.staged.get(check) {
            Some(staged) => Ok(staged.state.archived),
            None => {
                let slot = self.slot(check);
                Ok(slot.and_then(|slot| slot.check.known().state.archived))
            }
        }
    }

    fn archived_before(&self, before: Time) -> Result<Vec<CheckId>, StoreError> {
        let archived = self.memory.archived.range(..(before, CheckId(0)));
        Ok(archived.map(|(_, check)| *check).collect())
    }

    fn unfinished_checks(&self) -> Result<HashSet<CheckId>, StoreError> {
        Ok(self.memory.outbox.unfinished_checks())
    }

    fn delete_history(&mut self, check: CheckId, limit: usize) -> Result<usize, StoreError> {
        let mut removed = 0;
        for history in [History::Flips, History::Judgements, History::Happenings, History::Pauses] {
            let table = history.table();
            let sql = format!(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE check_id = ?1 LIMIT ?2)"
            );
            let gone = history.change(self, &sql, params![key(check.0), most(limit - removed)])?;
            if matches!(history, History::Happenings) {
                self.happenings_went(check, gone)?;
            }
            removed += gone;
            if removed == limit {
                break;
            }
        }
        Ok(removed)
    }

    fn delete_check(&mut self, check: CheckId) -> Result<(), StoreError> {
        let id = key(check.0);
        self.execute("DELETE FROM names WHERE check_id = ?1", params![id])?;
        self.execute("DELETE FROM states WHERE check_id = ?1", params![id])?;
        self.execute("DELETE FROM checks WHERE id = ?1", params![id])?;
        self.forget(check)
    }

    fn give_space_back(&mut self, given_before: u64) -> Result<Option<u64>, StoreError> {
        let given = History::Space.touch(self, || give_space_back(self.db))?;
        Ok(given.map(|pages| given_before + pages))
    }
}

/// Pages that hold nothing any more are taken off the end of the file; what stood there moves down. Answers how many, if any.
fn give_space_back(db: &Connection) -> rusqlite::Result<Option<u64>> {
    let pragma = |name: &str| db.query_row(&format!("PRAGMA {name}"), [], number);
    let (pages, free) = (pragma("page_count")?, pragma("freelist_count")?);
    let wanted = (free - FREE_KEPT - pages / 8).min(GIVEN_BACK);
    if wanted <= 0 || pragma("auto_vacuum")? != files::INCREMENTAL {
        return Ok(None);
    }
    let mut give = db.prepare(&format!("PRAGMA incremental_vacuum({wanted})"))?;
    let mut steps = give.query([])?;
    while steps.next()?.is_some() {}
    Ok(Some(wanted.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::SqliteStore;

    /// 15.2: each incident is found by its end, in its order.
    #[test]
    fn no_round_walks_through_all_incidents() {
        let folder = tempfile::tempdir().unwrap();
        let _store = SqliteStore::open(folder.path()).unwrap();
        let db = files::open_reader(folder.path()).unwrap();
        for (sql, values) in [(ENDED_INCIDENTS, 5), (ENDED_BEFORE_OTHERS, 1)] {
            let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps =
                explain.query_map(rusqlite::params_from_iter(vec![0; values]), |row| row.get(3)).unwrap();
            let steps: Vec<String> = steps.map(Result::unwrap).collect();
            assert_eq!(steps.len(), 1, "{steps:?}");
            assert!(steps[0].contains("USING COVERING INDEX incidents_ended (ended_at>"), "{steps:?}");
        }
    }
}
