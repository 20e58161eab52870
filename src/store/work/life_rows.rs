//! The rows of punctual itself, in one transaction: when it was there, and what people keep silent.

use crate::core::blind::{BlindWindows, Window};
use crate::core::route::{Mute, Mutes};
use crate::core::time::{Span, Time};
use crate::store::StoreError;

/// Why pings may have been lost in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Lost {
    /// We were not there.
    Away,
    /// We were, and refused requests that nobody read.
    Unread,
}

/// Row operations. All that a call reads is as this call has left it so far.
pub(in crate::store) trait LifeRows {
    /// When the database was made; `None`: it is new.
    fn created(&self) -> Result<Option<Time>, StoreError>;
    fn put_created(&mut self, now: Time) -> Result<(), StoreError>;

    fn last_sign_of_life(&self) -> Result<Option<Time>, StoreError>;
    fn put_sign_of_life(&mut self, at: Time) -> Result<(), StoreError>;
    /// How long the clock has been doubted (1.1).
    fn doubted(&self) -> Result<Span, StoreError>;
    fn put_doubted(&mut self, spent: Span) -> Result<(), StoreError>;

    /// When we were not there, or refused what nobody read.
    fn blind(&self) -> Result<&BlindWindows, StoreError>;
    /// Adds a window that is not empty, joined with those that it touches.
    fn add_window(&mut self, window: Window, why: Lost) -> Result<(), StoreError>;
    /// Leaves nothing of any window after `now`.
    fn cut_windows(&mut self, now: Time) -> Result<(), StoreError>;
    /// How long we were blind since the database was made, as last put.
    fn blind_total(&self) -> Result<Span, StoreError>;
    fn put_blind_total(&mut self, total: Span) -> Result<(), StoreError>;

    /// How many checks a configuration that was taken is still to archive, as last put: so many may go at a start, also where
    /// that is most of them (10.4).
    fn allowed_removals(&self) -> Result<usize, StoreError>;
    fn put_allowed_removals(&mut self, count: usize) -> Result<(), StoreError>;

    /// What people keep silent.
    fn mutes(&self) -> Result<&Mutes, StoreError>;
    /// Writes one that no row holds yet, and answers the number that it got.
    fn insert_mute(&mut self, mute: Mute) -> Result<u64, StoreError>;
    /// Writes from when until when one holds.
    fn update_mute(&mut self, mute: &Mute) -> Result<(), StoreError>;
    fn delete_mute(&mut self, id: u64) -> Result<(), StoreError>;
    /// Removes those that have ended, at `now` too.
    fn delete_ended_mutes(&mut self, now: Time) -> Result<(), StoreError>;
}
