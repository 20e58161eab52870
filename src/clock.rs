//! The only place that reads the time (1.1).
//!
//! Engine time is a wall-clock anchor plus `CLOCK_BOOTTIME`: it runs on while the machine sleeps and does not
//! follow a wall clock that is set. Somebody has to ask [`Clock::jump`] from time to time, and to say
//! [`Clock::anchor`] when the wall clock should be believed again.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::core::time::{Span, Time};

/// Engine time. Shared; the anchor's owner is the engine's loop.
#[derive(Debug)]
pub struct Clock {
    /// Wall clock minus boot clock, in ms, when it was last anchored.
    anchor_ms: AtomicI64,
}

impl Clock {
    /// A wall clock that is off by more than this has jumped (1.1).
    pub const TOLERANCE: Span = Span::secs(5);

    /// A clock that agrees with the wall clock now.
    pub fn new() -> Clock {
        Clock { anchor_ms: AtomicI64::new(wall_ms() - boot_ms()) }
    }

    /// The engine's time.
    pub fn now(&self) -> Time {
        Time::from_ms(self.anchor_ms.load(Ordering::Acquire) + boot_ms())
    }

    /// By how much the wall clock is ahead of engine time (negative: behind), where that is a jump.
    pub fn jump(&self) -> Option<Span> {
        let ahead = Span::ms(wall_ms() - boot_ms() - self.anchor_ms.load(Ordering::Acquire));
        (ahead.as_ms().abs() > Clock::TOLERANCE.as_ms()).then_some(ahead)
    }

    /// Believes the wall clock from now on.
    pub fn anchor(&self) {
        self.anchor_ms.store(wall_ms() - boot_ms(), Ordering::Release);
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
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
