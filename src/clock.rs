//! The only place that reads the time (1.1).
//!
//! Engine time is a wall-clock anchor plus `CLOCK_BOOTTIME`: it runs on while the machine sleeps and does not
//! follow a wall clock that is set. Somebody has to ask [`Clock::jump`] from time to time, and to say
//! [`Clock::anchor`] when the wall clock should be believed again.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::core::time::{Span, Time};

/// Engine time. Shared; the anchor's owner is the engine's loop.
#[derive(Debug)]
pub struct Clock {
    /// What is added to the boot clock, in ms.
    anchor_ms: AtomicI64,
    /// Until then, by the boot clock in ms, a wall clock that is behind is not believed; 0: it is.
    doubted_until_ms: AtomicI64,
}

impl Clock {
    /// A wall clock that is off by more than this has jumped (1.1).
    pub const TOLERANCE: Span = Span::secs(5);

    /// How long a wall clock is waited for that is behind what we know to be past: a machine without a battery (1.1).
    pub const PATIENCE: Span = Span::mins(10);

    /// A clock that agrees with the wall clock now.
    pub fn new() -> Clock {
        Clock { anchor_ms: AtomicI64::new(wall_ms() - boot_ms()), doubted_until_ms: AtomicI64::new(0) }
    }

    /// It is not before this time, whatever the wall clock says: if that is behind, time goes on from here. If it is so
    /// by more than [`Clock::TOLERANCE`], [`Clock::is_trusted`] is false until the wall clock is set or
    /// [`Clock::PATIENCE`] is over; by less it was already when `last` was stored.
    pub fn not_before(&self, last: Time) {
        let behind = last - self.now();
        if behind <= Span::ZERO {
            return;
        }
        let boot_ms = boot_ms();
        self.anchor_ms.store(last.as_ms() - boot_ms, Ordering::Release);
        if behind > Clock::TOLERANCE {
            self.doubted_until_ms.store(boot_ms + Clock::PATIENCE.as_ms(), Ordering::Release);
        }
    }

    /// Whether engine time follows a wall clock that can be right: only then anything is judged.
    pub fn is_trusted(&self) -> bool {
        self.doubted_until_ms.load(Ordering::Acquire) == 0
    }

    /// The engine's time.
    pub fn now(&self) -> Time {
        Time::from_ms(self.anchor_ms.load(Ordering::Acquire) + boot_ms())
    }

    /// By how much the wall clock is ahead of engine time (negative: behind), where that is a jump.
    pub fn jump(&self) -> Option<Span> {
        let boot_ms = boot_ms();
        let ahead = Span::ms(wall_ms() - boot_ms - self.anchor_ms.load(Ordering::Acquire));
        let doubted = boot_ms < self.doubted_until_ms.load(Ordering::Acquire);
        // A clock that catches up is a jump however small, so that it is believed again.
        let is_jump = if self.is_trusted() {
            ahead.as_ms().abs() > Clock::TOLERANCE.as_ms()
        } else {
            ahead >= Span::ZERO || !doubted
        };
        is_jump.then_some(ahead)
    }

    /// Believes the wall clock from now on.
    pub fn anchor(&self) {
        self.anchor_ms.store(wall_ms() - boot_ms(), Ordering::Release);
        self.doubted_until_ms.store(0, Ordering::Release);
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

/// Measures how long something takes; no fact is ever stamped with it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// How long ago that was.
    pub fn took(&self) -> Duration {
        self.0.elapsed()
    }

    /// How long before the other one it was begun; nothing if it was not.
    pub fn before(&self, other: Stopwatch) -> Duration {
        other.0.saturating_duration_since(self.0)
    }
}

fn wall_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

fn boot_ms() -> i64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1.1: no battery clock.
    #[test]
    fn a_wall_clock_behind_the_last_sign_of_life_is_doubted() {
        let clock = Clock::new();
        assert!(clock.is_trusted() && clock.jump().is_none());
        let last = clock.now() + Span::mins(60);
        clock.not_before(last);
        assert!(clock.now() >= last && !clock.is_trusted());
        assert_eq!(clock.jump(), None);
        clock.anchor();
        assert!(clock.is_trusted() && clock.now() < last);
    }

    /// 1.1: engine time may have been ahead by as much before a restart.
    #[test]
    fn a_wall_clock_within_the_tolerance_is_believed() {
        let clock = Clock::new();
        let last = clock.now() + Span::secs(4);
        clock.not_before(last);
        assert!(clock.now() >= last && clock.is_trusted());
        assert_eq!(clock.jump(), None);
    }

    #[test]
    fn a_wall_clock_that_is_ahead_is_believed() {
        let clock = Clock::new();
        clock.not_before(clock.now() - Span::mins(60));
        assert!(clock.is_trusted());
    }
}
