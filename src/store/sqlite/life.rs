//! Being there: a start, signs of life, blind windows, and a clock that was set back (§9, 1.1).

use std::sync::atomic::Ordering;

use rusqlite::params;

use super::memory::Slot;
use super::tx::Tx;
use super::{SqliteStore, windows};
use crate::core::blind::{BlindWindows, Window};
use crate::core::check::CheckId;
use crate::core::step::Input;
use crate::core::time::{Span, Time};
use crate::store::StoreError;
use crate::store::work::Rows as _;

impl SqliteStore {
    pub(super) fn begin_at(&mut self, now: Time) -> Result<Option<Window>, StoreError> {
        let window = self.transact(|tx| {
            if tx.memory.created.is_none() {
                tx.set_meta("created", now.as_ms())?;
                tx.set_meta("database_id", tx.memory.database_id)?;
                tx.memory.created = Some(now);
            }
            let away = tx.memory.sign_of_life.filter(|last| *last < now).map(|from| Window { from, to: now });
            if let Some(window) = away {
                tx.add_blind(window)?;
            }
            tx.sign_of_life(now)?;
            Ok(away)
        })?;
        self.show_blind();
        Ok(window)
    }

    pub(super) fn sign_of_life_at(&mut self, now: Time) -> Result<(), StoreError> {
        self.look_at_files()?;
        self.ready()?;
        let before = self.memory.sign_of_life;
        let done = self.transact(|tx| tx.sign_of_life(now));
        // A full disk shows at the commit. Nothing but this number is to be put back, so that a disk that stays full does
        // not have the whole memory read anew each second.
        if done.is_err() && self.db.is_some() {
            self.memory.sign_of_life = before;
            self.is_stale = false;
        }
        done
    }

    /// Once a second, whether the clock is trusted or not.
    fn look_at_files(&self) -> Result<(), StoreError> {
        self.file.is_still_there()?;
        self.live.totals.database_bytes.store(self.file.bytes(), Ordering::Relaxed);
        self.live.totals.log_bytes.store(self.file.log_bytes(), Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn doubted_for(&mut self, spent: Span) -> Result<(), StoreError> {
        self.look_at_files()?;
        self.ready()?;
        if spent == Span::ZERO && self.memory.doubted == Span::ZERO {
            return Ok(());
        }
        self.transact(|tx| tx.set_meta("doubted_ms", spent.as_ms()))?;
        self.memory.doubted = spent;
        Ok(())
    }

    pub(super) fn blind_in(&mut self, window: Window) -> Result<(), StoreError> {
        self.transact(|tx| tx.add_blind(window))?;
        self.show_blind();
        Ok(())
    }

    pub(super) fn refused_unread_in(&mut self, window: Window) -> Result<(), StoreError> {
        self.transact(|tx| tx.add_window(window, "refused_windows", BlindWindows::add_refusals))?;
        self.show_blind();
        Ok(())
    }

    pub(super) fn reanchor_at(&mut self, before: Time, now: Time) -> Result<(), StoreError> {
        self.transact(|tx| {
            if tx.memory.sign_of_life.is_some_and(|last| last > now) {
                tx.set_meta("sign_of_life", now.as_ms())?;
                tx.memory.sign_of_life = Some(now);
            }
            tx.bring_back_blind(now)?;
            for id in tx.later_than(now) {
                let staged = tx.stage(id).expect("the number is one of memory's");
                let within = staged.definition.count_window();
                let last_ping = staged.last_ping;
                tx.step(id, Input::Tick, now)?;
                let window = windows::of_check(tx.db, last_ping, within, now)?;
                tx.stage(id).expect("it was staged above").window = Some(window);
            }
            tx.bring_back_mutes(before, now)?;
            tx.bring_back_outbox(now)
        })?;
        self.show_blind();
        self.live.set_mutes(self.memory.mutes.clone());
        Ok(())
    }

    fn show_blind(&mut self) {
        self.live.set_blind(self.memory.blind.clone());
    }
}

impl Tx<'_> {
    pub(super) fn end(&mut self, now: Time) -> Result<(), StoreError> {
        self.catch_up_entirely()?;
        self.sign_of_life(now)
    }

    /// Never goes back, but by [`SqliteStore::reanchor_at`]: a clock that is wrong at a start would make a blind window of
    /// years. The row is written in any case: it proves that the disk takes writes.
    fn sign_of_life(&mut self, now: Time) -> Result<(), StoreError> {
        let newest = self.memory.sign_of_life.map_or(now, |last| last.max(now));
        self.set_meta("sign_of_life", newest.as_ms())?;
        self.memory.sign_of_life = Some(newest);
        Ok(())
    }

    fn add_blind(&mut self, window: Window) -> Result<(), StoreError> {
        self.add_window(window, "blind_windows", BlindWindows::add)
    }

    /// Adds a window, and writes those that hold others now in place of these.
    fn add_window(
        &mut self,
        window: Window,
        table: &str,
        add: impl FnOnce(&mut BlindWindows, Window) -> Vec<Window>,
    ) -> Result<(), StoreError> {
        if window.to <= window.from {
            return Ok(());
        }
        self.catch_up_all()?;
        let before = self.memory.blind.after(Time::MIN);
        let changed = add(&mut self.memory.blind, window);
        self.memory.blind_total += self.memory.blind.after(Time::MIN) - before;
        self.set_meta("blind_ms", self.memory.blind_total.as_ms())?;
        for window in changed {
            let (from, to) = (window.from.as_ms(), window.to.as_ms());
            self.execute(&format!("DELETE FROM {table} WHERE from_at BETWEEN ?1 AND ?2"), params![from, to])?;
            self.execute(
                &format!("INSERT INTO {table} (from_at, to_at) VALUES (?1, ?2)"),
                params![from, to],
            )?;
        }
        self.memory.judge_deadlines();
        Ok(())
    }

    fn bring_back_blind(&mut self, now: Time) -> Result<(), StoreError> {
        self.catch_up_all()?;
        self.memory.blind_total = self.memory.blind_total - self.memory.blind.after(now);
        self.set_meta("blind_ms", self.memory.blind_total.as_ms())?;
        self.memory.blind.bring_back_to(now);
        for table in ["blind_windows", "refused_windows"] {
            self.execute(&format!("DELETE FROM {table} WHERE from_at >= ?1"), params![now.as_ms()])?;
            self.execute(&format!("UPDATE {table} SET to_at = min(to_at, ?1)"), params![now.as_ms()])?;
        }
        self.memory.judge_deadlines();
        Ok(())
    }

    fn bring_back_outbox(&mut self, now: Time) -> Result<(), StoreError> {
        let (deliveries, messages) = self.memory.outbox.later_than(now);
        for mut delivery in deliveries {
            delivery.bring_back_to(now);
            self.update_delivery(delivery)?;
        }
        for mut message in messages {
            message.bring_back_to(now);
            self.update_message(message, None)?;
        }
        self.memory.outbox.bring_back_own(now);
        self.memory.outbox.look_everywhere(now);
        Ok(())
    }

    /// The checks whose states know a later time.
    fn later_than(&self, now: Time) -> Vec<CheckId> {
        let is_later = |slot: &Slot| slot.check.known().state.newest > now;
        let later = self.memory.checks.iter().filter(|(_, slot)| is_later(slot));
        let mut ids: Vec<CheckId> = later.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }
}
