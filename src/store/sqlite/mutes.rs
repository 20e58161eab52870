//! Mutes (8.2).

use rusqlite::{Connection, params};

use super::SqliteStore;
use super::load::for_each;
use super::tx::Tx;
use crate::core::route::{Matcher, Mute};
use crate::core::time::Time;
use crate::store::StoreError;

/// All mutes. One that cannot be read is none: better heard once too often than never.
pub(super) fn load(db: &Connection) -> Result<Vec<Mute>, StoreError> {
    let mut mutes = Vec::new();
    for_each(db, "SELECT id, matchers, until, since, comment, by FROM mutes ORDER BY id", |row| {
        let text: String = row.get(1)?;
        match Matcher::parse_list(&text) {
            Ok(matchers) => mutes.push(Mute {
                id: row.get::<_, i64>(0)?.unsigned_abs(),
                matchers,
                text,
                until: Time::from_ms(row.get(2)?),
                since: Time::from_ms(row.get(3)?),
                comment: row.get(4)?,
                by: row.get(5)?,
            }),
            Err(error) => {
                tracing::error!(matchers = text, %error, "a mute cannot be read, and holds nothing");
            }
        }
        Ok(Ok(()))
    })?;
    Ok(mutes)
}

impl SqliteStore {
    pub(super) fn mute_until(&mut self, mut mute: Mute, now: Time) -> Result<u64, StoreError> {
        let id = self.transact(|tx| {
            tx.forget_ended_mutes(now)?;
            tx.execute(
                "INSERT INTO mutes (matchers, until, since, comment, by) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![mute.text, mute.until.as_ms(), mute.since.as_ms(), mute.comment, mute.by],
            )?;
            mute.id = tx.db.last_insert_rowid().unsigned_abs();
            let id = mute.id;
            tx.memory.mutes.push(mute);
            tx.memory.outbox.look_everywhere(now);
            Ok(id)
        })?;
        self.live.set_mutes(self.memory.mutes.clone());
        Ok(id)
    }

    pub(super) fn unmute_now(&mut self, id: u64, now: Time) -> Result<bool, StoreError> {
        let was_there = self.transact(|tx| {
            if !tx.memory.mutes.iter().any(|mute| mute.id == id) {
                return Ok(false);
            }
            tx.forget_ended_mutes(now)?;
            tx.execute("DELETE FROM mutes WHERE id = ?1", params![super::key(id)])?;
            tx.memory.mutes.retain(|mute| mute.id != id);
            tx.memory.outbox.look_everywhere(now);
            Ok(true)
        })?;
        self.live.set_mutes(self.memory.mutes.clone());
        Ok(was_there)
    }
}

impl Tx<'_> {
    /// 1.1: a mute that has ended by the clock that was wrong does not begin again, and one made by it does not last longer.
    pub(super) fn bring_back_mutes(&mut self, before: Time, now: Time) -> Result<(), StoreError> {
        self.forget_ended_mutes(before)?;
        let mut mutes = std::mem::take(&mut self.memory.mutes);
        for mute in mutes.iter_mut().filter(|mute| mute.since > now) {
            mute.bring_back_to(now);
            let times = params![super::key(mute.id), mute.since.as_ms(), mute.until.as_ms()];
            self.execute("UPDATE mutes SET since = ?2, until = ?3 WHERE id = ?1", times)?;
        }
        self.memory.mutes = mutes;
        Ok(())
    }

    fn forget_ended_mutes(&mut self, now: Time) -> Result<(), StoreError> {
        self.execute("DELETE FROM mutes WHERE until <= ?1", params![now.as_ms()])?;
        self.memory.mutes.retain(|mute| mute.until > now);
        Ok(())
    }
}
