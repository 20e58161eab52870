//! The rows of punctual itself: when it was there, and what people keep silent.

use rusqlite::params;

use super::blind;
use super::query::key;
use super::tx::Tx;
use crate::core::blind::{BlindWindows, Window};
use crate::core::route::{HeldBy, Mute, Mutes};
use crate::core::time::{Span, Time};
use crate::store::StoreError;
use crate::store::work::{LifeRows, Lost};

impl LifeRows for Tx<'_> {
    fn created(&self) -> Result<Option<Time>, StoreError> {
        Ok(self.numbers.created)
    }

    fn put_created(&mut self, now: Time) -> Result<(), StoreError> {
        self.set_meta("created", now.as_ms())?;
        self.set_meta("database_id", self.memory.database_id)?;
        self.numbers.created = Some(now);
        Ok(())
    }

    fn last_sign_of_life(&self) -> Result<Option<Time>, StoreError> {
        Ok(self.numbers.sign_of_life)
    }

    fn put_sign_of_life(&mut self, at: Time) -> Result<(), StoreError> {
        self.set_meta("sign_of_life", at.as_ms())?;
        self.numbers.sign_of_life = Some(at);
        Ok(())
    }

    fn doubted(&self) -> Result<Span, StoreError> {
        Ok(self.numbers.doubted)
    }

    fn put_doubted(&mut self, spent: Span) -> Result<(), StoreError> {
        if spent == self.numbers.doubted {
            return Ok(());
        }
        self.numbers.doubted = spent;
        self.set_meta("doubted_ms", spent.as_ms())
    }

    fn blind(&self) -> Result<&BlindWindows, StoreError> {
        Ok(self.blind_now())
    }

    fn add_window(&mut self, window: Window, why: Lost) -> Result<(), StoreError> {
        blind::insert(self, window, why)?;
        self.change_blind(|blind| drop(blind::add(blind, window, why)));
        Ok(())
    }

    fn cut_windows(&mut self, now: Time) -> Result<(), StoreError> {
        // The clock went ahead: rows may stay behind what is as it was.
        if self.blind_now().ending_after(now).is_empty() {
            return Ok(());
        }
        self.catch_up_all()?;
        blind::cut(self, now)?;
        self.change_blind(|blind| blind.bring_back_to(now));
        Ok(())
    }

    fn blind_total(&self) -> Result<Span, StoreError> {
        Ok(self.numbers.blind_total)
    }

    fn put_blind_total(&mut self, total: Span) -> Result<(), StoreError> {
        self.numbers.blind_total = total;
        self.set_meta("blind_ms", total.as_ms())
    }

    fn allowed_removals(&self) -> Result<usize, StoreError> {
        Ok(self.numbers.allowed_removals)
    }

    fn put_allowed_removals(&mut self, count: usize) -> Result<(), StoreError> {
        if count == self.numbers.allowed_removals {
            return Ok(());
        }
        self.numbers.allowed_removals = count;
        self.set_meta("allowed_removals", i64::try_from(count).unwrap_or(i64::MAX))
    }

    fn mutes(&self) -> Result<&Mutes, StoreError> {
        Ok(self.mutes.as_ref().unwrap_or(&self.memory.mutes))
    }

    fn insert_mute(&mut self, mute: Mute) -> Result<u64, StoreError> {
        self.execute(
            "INSERT INTO mutes (matchers, until, since, comment, by) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![mute.text, mute.until.as_ms(), mute.since.as_ms(), mute.comment, mute.by],
        )?;
        let id = self.db.last_insert_rowid().unsigned_abs();
        self.change_mutes(|mutes| mutes.push(Mute { id, ..mute }));
        Ok(id)
    }

    fn update_mute(&mut self, mute: &Mute) -> Result<(), StoreError> {
        let times = params![key(mute.id), mute.since.as_ms(), mute.until.as_ms()];
        self.execute("UPDATE mutes SET since = ?2, until = ?3 WHERE id = ?1", times)?;
        self.memory.projection.unmuted();
        self.change_mutes(|mutes| {
            if let Some(known) = mutes.iter_mut().find(|known| known.id == mute.id) {
                (known.since, known.until) = (mute.since, mute.until);
            }
        });
        self.memory.outbox.ask_held_by(&HeldBy::Mute(mute.id));
        Ok(())
    }

    fn delete_mute(&mut self, id: u64) -> Result<(), StoreError> {
        self.execute("DELETE FROM mutes WHERE id = ?1", params![key(id)])?;
        self.memory.projection.unmuted();
        self.change_mutes(|mutes| mutes.retain(|mute| mute.id != id));
        self.memory.outbox.ask_held_by(&HeldBy::Mute(id));
        Ok(())
    }

    fn delete_ended_mutes(&mut self, now: Time) -> Result<(), StoreError> {
        self.execute("DELETE FROM mutes WHERE until <= ?1", params![now.as_ms()])?;
        self.change_mutes(|mutes| mutes.retain(|mute| mute.until > now));
        Ok(())
    }
}
