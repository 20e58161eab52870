//! The only place that reads the time (1.1).
//!
//! Engine time is a wall-clock anchor plus `CLOCK_BOOTTIME`: it goes on while the machine sleeps and does not follow a
//! wall clock that is set. The engine calls [`Clock::jump`] regularly, and [`Clock::anchor`] to follow it again.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::core::time::{Span, Time};

/// Engine time. It is shared; the engine's loop owns the anchor.
#[derive(Debug)]
pub struct Clock {
    source: Source,
    /// The offset of engine time from the boot clock, in ms.
    anchor_ms: AtomicI64,
    /// Set while the wall clock is not believed.
    doubt: Mutex<Option<Doubt>>,
    /// Set while a change of the wall clock may not be stored yet: the engine time before the change.
    unsettled: Mutex<Option<Time>>,
}

/// Where the time comes from.
#[derive(Debug)]
enum Source {
    System,
    Hands(Arc<Hands>),
}

impl Source {
    fn wall_ms(&self) -> i64 {
        match self {
            Source::System => wall_ms(),
            Source::Hands(hands) => hands.wall_ms.load(Ordering::Acquire),
        }
    }

    fn boot_ms(&self) -> i64 {
        match self {
            Source::System => boot_ms(),
            Source::Hands(hands) => hands.boot_ms.load(Ordering::Acquire),
        }
    }
}

/// The hands of a simulated machine's clock. They are kept from one process to the next.
#[doc(hidden)]
#[derive(Debug)]
pub struct Hands {
    wall_ms: AtomicI64,
    boot_ms: AtomicI64,
}

impl Hands {
    /// A clock whose wall clock shows this time.
    pub fn at(wall: Time) -> Arc<Hands> {
        Arc::new(Hands { wall_ms: AtomicI64::new(wall.as_ms()), boot_ms: AtomicI64::new(0) })
    }

    /// Lets time pass.
    pub fn pass(&self, span: Span) {
        self.boot_ms.fetch_add(span.as_ms(), Ordering::AcqRel);
        self.set_wall(span);
    }

    /// Moves the wall clock by this much, without time passing.
    pub fn set_wall(&self, by: Span) {
        self.wall_ms.fetch_add(by.as_ms(), Ordering::AcqRel);
    }

    /// The time that the wall clock shows.
    pub fn wall(&self) -> Time {
        Time::from_ms(self.wall_ms.load(Ordering::Acquire))
    }
}

/// A wall clock that is behind a time that is known to be past.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    /// The newest time known to be past. A wall clock that has reached it is believed.
    past: Time,
    /// When this process began to doubt, by the boot clock in ms.
    since_ms: i64,
    /// How long earlier processes spent in this doubt.
    before: Span,
}

impl Doubt {
    /// The time spent in doubt, measured by the boot clock: a difference of dates would be as wrong as the dates.
    fn spent(&self, boot_ms: i64) -> Span {
        self.before + Span::ms(boot_ms - self.since_ms)
    }
}

impl Clock {
    /// A wall clock that differs from engine time by more than this has jumped (1.1).
    pub const TOLERANCE: Span = Span::secs(5);

    /// How long to wait, over all starts, for a wall clock that is behind a time known to be past, such as that of a
    /// machine without a battery (1.1).
    pub const PATIENCE: Span = Span::mins(10);

    /// A clock that agrees with the wall clock now.
    pub fn new() -> Clock {
        Clock::from(Source::System)
    }

    /// [`Clock::new`] with simulated hands.
    #[doc(hidden)]
    pub fn with_hands(hands: Arc<Hands>) -> Clock {
        Clock::from(Source::Hands(hands))
    }

    fn from(source: Source) -> Clock {
        let anchor_ms = AtomicI64::new(source.wall_ms() - source.boot_ms());
        Clock { source, anchor_ms, doubt: Mutex::default(), unsettled: Mutex::default() }
    }

    /// Ensures that engine time is not before `past`, the last trusted sign of life. If the wall clock is behind `past`
    /// by at most [`Clock::TOLERANCE`], it was so when the sign of life was stored, and time goes on from `past`. If it
    /// is further behind, it is doubted until it has caught up or [`Clock::PATIENCE`] is over. Earlier starts have
    /// already spent `spent` of that time, and engine time goes on from where they left it.
    pub fn not_before(&self, past: Time, spent: Span) {
        let behind = past - self.now();
        if behind <= Span::ZERO {
            return;
        }
        let boot_ms = self.source.boot_ms();
        if behind <= Clock::TOLERANCE {
            self.anchor_ms.store(past.as_ms() - boot_ms, Ordering::Release);
        } else if spent < Clock::PATIENCE {
            self.anchor_ms.store((past + spent).as_ms() - boot_ms, Ordering::Release);
            *self.doubt() = Some(Doubt { past, since_ms: boot_ms, before: spent });
        }
    }

    fn doubt(&self) -> std::sync::MutexGuard<'_, Option<Doubt>> {
        self.doubt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the wall clock has been doubted, over all starts (1.1). Nothing is judged while it is.
    pub fn doubted(&self) -> Option<Span> {
        self.doubt().map(|doubt| doubt.spent(self.source.boot_ms()))
    }

    /// Whether the wall clock is believed. Otherwise nothing is judged.
    pub fn is_trusted(&self) -> bool {
        self.doubt().is_none()
    }

    /// The current engine time.
    pub fn now(&self) -> Time {
        Time::from_ms(self.anchor_ms.load(Ordering::Acquire) + self.source.boot_ms())
    }

    /// How far the wall clock is ahead of engine time (negative: behind), if it has jumped or if an earlier jump is
    /// still to be stored.
    pub fn jump(&self) -> Option<Span> {
        let (boot_ms, wall_ms) = (self.source.boot_ms(), self.source.wall_ms());
        let ahead = Span::ms(wall_ms - boot_ms - self.anchor_ms.load(Ordering::Acquire));
        let is_jump = match *self.doubt() {
            None => ahead.as_ms().abs() > Clock::TOLERANCE.as_ms(),
            // The wall clock is believed again, however small the jump.
            Some(doubt) => Time::from_ms(wall_ms) >= doubt.past || doubt.spent(boot_ms) >= Clock::PATIENCE,
        };
        (is_jump || self.unsettled().is_some()).then_some(ahead)
    }

    /// Makes engine time follow the wall clock, and ends the doubt.
    pub fn anchor(&self) {
        self.anchor_ms.store(self.source.wall_ms() - self.source.boot_ms(), Ordering::Release);
        *self.doubt() = None;
    }

    /// The newest engine time from which the clock was set, while that is still to be stored.
    pub fn unsettled(&self) -> Option<Time> {
        *self.unsettled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the change of the clock is stored (`None`), or is still to be stored from this time on.
    pub fn settle(&self, still_from: Option<Time>) {
        *self.unsettled.lock().unwrap_or_else(PoisonError::into_inner) = still_from;
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

/// Measures durations. Facts are never stamped with it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// The time since the start.
    pub fn took(&self) -> Duration {
        self.0.elapsed()
    }

    /// How long this was started before the other; 0 if it was not.
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

    /// 1.1: a machine without a battery clock.
    #[test]
    fn a_wall_clock_behind_the_last_sign_of_life_is_doubted() {
        let clock = Clock::new();
        assert!(clock.is_trusted() && clock.jump().is_none());
        let last = clock.now() + Span::mins(60);
        clock.not_before(last, Span::ZERO);
        assert!(clock.now() >= last && !clock.is_trusted());
        assert_eq!(clock.jump(), None);
        clock.anchor();
        assert!(clock.is_trusted() && clock.now() < last);
    }

    /// 1.1: before a restart, engine time may have been ahead by as much.
    #[test]
    fn a_wall_clock_within_the_tolerance_is_believed() {
        let clock = Clock::new();
        let last = clock.now() + Span::secs(4);
        clock.not_before(last, Span::ZERO);
        assert!(clock.now() >= last && clock.is_trusted());
        assert_eq!(clock.jump(), None);
    }

    #[test]
    fn a_wall_clock_that_is_ahead_is_believed() {
        let clock = Clock::new();
        clock.not_before(clock.now() - Span::mins(60), Span::ZERO);
        assert!(clock.is_trusted());
    }

    /// 1.1: restarts do not extend the patience.
    #[test]
    fn a_doubt_goes_on_over_starts_and_ends_with_its_patience() {
        let past = Clock::new().now() + Span::mins(60);
        let almost = Clock::PATIENCE - Span::secs(1);
        let clock = Clock::new();
        clock.not_before(past, almost);
        assert!(clock.doubted().is_some_and(|spent| spent >= almost), "{:?}", clock.doubted());
        assert!(clock.now() >= past + almost, "engine time goes on from where it was left");
        let clock = Clock::new();
        clock.not_before(past, Clock::PATIENCE);
        assert!(clock.is_trusted() && clock.now() < past);
    }

    /// 1.1: a new start would believe it, so a process that has waited for it does too.
    #[test]
    fn a_wall_clock_that_reaches_what_is_known_to_be_past_is_believed() {
        let clock = Clock::new();
        clock.not_before(clock.now() + Span::mins(60), Span::ZERO);
        assert_eq!(clock.jump(), None);
        let caught_up = clock.doubt().map(|doubt| Doubt { past: Clock::new().now(), ..doubt });
        *clock.doubt() = caught_up;
        assert!(clock.jump().is_some_and(|ahead| ahead < Span::ZERO), "back to what the wall clock says");
    }
}
