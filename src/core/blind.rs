//! Blind windows: when punctual itself was not listening (§9).

use super::time::{Span, Time};

/// A stretch of time in which pings may have been lost: (from, to].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// The last moment at which pings were surely taken.
    pub from: Time,
    /// The first moment at which they were taken again.
    pub to: Time,
}

/// The blind windows that still matter: sorted, apart from each other, at most [`BlindWindows::MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlindWindows(Vec<Window>);

impl BlindWindows {
    /// More are not kept: the oldest is forgotten.
    pub const MAX: usize = 4096;

    /// Adds a window, joining those that it touches. An empty or reversed one is none.
    pub fn add(&mut self, mut window: Window) {
        if window.to <= window.from {
            return;
        }
        self.0.retain(|other| {
            let touches = other.from <= window.to && window.from <= other.to;
            if touches {
                window.from = window.from.min(other.from);
                window.to = window.to.max(other.to);
            }
            !touches
        });
        let place = self.0.partition_point(|other| other.from < window.from);
        self.0.insert(place, window);
        if self.0.len() > BlindWindows::MAX {
            self.0.remove(0);
        }
    }

    /// The clock was set back (1.1): nothing of a window is later than now. A wrong date must not make us blind for years.
    pub fn bring_back_to(&mut self, now: Time) {
        self.0.retain(|window| window.from < now);
        for window in &mut self.0 {
            window.to = window.to.min(now);
        }
    }

    /// The windows that end after `time`, oldest first.
    pub fn ending_after(&self, time: Time) -> &[Window] {
        let first = self.0.partition_point(|window| window.to <= time);
        &self.0[first..]
    }

    /// All windows, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Window> {
        self.0.iter()
    }

    /// How much of what comes after `time` is blind.
    pub fn after(&self, time: Time) -> Span {
        self.ending_after(time)
            .iter()
            .fold(Span::ZERO, |sum, window| sum + (window.to - window.from.max(time)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: i64, to: i64) -> Window {
        Window { from: Time::from_secs(from), to: Time::from_secs(to) }
    }

    #[test]
    fn windows_that_touch_become_one() {
        let mut windows = BlindWindows::default();
        for w in [window(10, 20), window(40, 50), window(20, 30), window(5, 5), window(9, 8)] {
            windows.add(w);
        }
        assert_eq!(windows.0, [window(10, 30), window(40, 50)]);
        windows.add(window(25, 45));
        assert_eq!(windows.0, [window(10, 50)]);
        assert_eq!(windows.after(Time::from_secs(0)), Span::secs(40));
        assert_eq!(windows.after(Time::from_secs(45)), Span::secs(5));
    }

    /// 1.1
    #[test]
    fn a_wrong_date_leaves_no_blindness_ahead() {
        let mut windows = BlindWindows::default();
        for w in [window(10, 20), window(40, 5000), window(6000, 7000)] {
            windows.add(w);
        }
        windows.bring_back_to(Time::from_secs(50));
        assert_eq!(windows.0, [window(10, 20), window(40, 50)]);
    }

    #[test]
    fn the_oldest_window_is_forgotten_past_the_limit() {
        let mut windows = BlindWindows::default();
        for i in 0..=BlindWindows::MAX as i64 {
            windows.add(window(10 * i, 10 * i + 1));
        }
        assert_eq!(windows.0.len(), BlindWindows::MAX);
        assert_eq!(windows.ending_after(Time::from_secs(0))[0], window(10, 11));
    }
}
