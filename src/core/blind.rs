//! Blind windows: the times when punctual was not listening (§9).

use super::time::{Span, Time};

/// A stretch of time in which pings may have been lost: (from, to].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// The last moment at which pings were certainly taken.
    pub from: Time,
    /// The first moment at which pings were taken again.
    pub to: Time,
}

/// All blind windows, sorted and disjoint. None is forgotten: if there are more than [`BlindWindows::MAX`] of one kind,
/// the two closest are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlindWindows {
    /// Windows in which we were not running.
    absences: Vec<Window>,
    /// Windows in which we were running, but refused requests unread.
    refusals: Vec<Window>,
    /// The union of both.
    all: Vec<Window>,
}

impl BlindWindows {
    /// The most windows of one kind.
    pub const MAX: usize = 4096;

    /// Builds both kinds at once.
    pub fn new(
        absences: impl IntoIterator<Item = Window>,
        refusals: impl IntoIterator<Item = Window>,
    ) -> BlindWindows {
        let joined = |windows: &mut dyn Iterator<Item = Window>| {
            let mut joined = Vec::new();
            windows.for_each(|window| drop(put(&mut joined, window)));
            joined
        };
        let (absences, refusals) = (joined(&mut absences.into_iter()), joined(&mut refusals.into_iter()));
        BlindWindows { all: united(&absences, &refusals), absences, refusals }
    }

    /// Adds a window in which we were absent, and joins it with those that it touches. An empty or reversed window is
    /// ignored. Returns the windows that were added or enlarged.
    pub fn add(&mut self, window: Window) -> Vec<Window> {
        let changed = put(&mut self.absences, window);
        self.all = united(&self.absences, &self.refusals);
        changed
    }

    /// [`BlindWindows::add`] for a window in which requests were refused unread.
    pub fn add_refusals(&mut self, window: Window) -> Vec<Window> {
        let changed = put(&mut self.refusals, window);
        self.all = united(&self.absences, &self.refusals);
        changed
    }

    /// What is still to be added so that this window is one of refusals, and one with those that are closer to it than
    /// `near`; `None` if all of it is known.
    pub fn unknown_refusals(&self, window: Window, near: Span) -> Option<Window> {
        let mut unknown = window;
        let later = ending_after(&self.refusals, window.from - near).iter();
        for known in later.take_while(|known| known.from - window.to < near) {
            if known.from <= window.from && window.to <= known.to {
                return None;
            }
            unknown.from = unknown.from.min(known.to);
            unknown.to = unknown.to.max(known.from);
        }
        Some(unknown)
    }

    /// Cuts all windows at `now` after the clock was set back (1.1): a wrong date must not make us blind for years.
    pub fn bring_back_to(&mut self, now: Time) {
        for windows in [&mut self.absences, &mut self.refusals] {
            windows.retain(|window| window.from < now);
            for window in windows {
                window.to = window.to.min(now);
            }
        }
        self.all = united(&self.absences, &self.refusals);
    }

    /// Whether we were absent at some time in (`from`, `to`].
    pub fn was_absent(&self, from: Time, to: Time) -> bool {
        ending_after(&self.absences, from).first().is_some_and(|window| window.from < to)
    }

    /// Whether a window reaches its end only because requests were refused.
    pub fn is_refusal(&self, window: Window) -> bool {
        !self.was_absent(window.to - Span::MS, window.to)
            && ending_after(&self.refusals, window.to - Span::MS)
                .first()
                .is_some_and(|it| it.from < window.to)
    }

    /// The windows that end after `time`, oldest first.
    pub fn ending_after(&self, time: Time) -> &[Window] {
        ending_after(&self.all, time)
    }

    /// All windows, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Window> {
        self.all.iter()
    }

    /// The length of all blindness after `time`.
    pub fn after(&self, time: Time) -> Span {
        length_after(&self.all, time)
    }

    /// The length of all absence after `time`.
    pub fn absent_after(&self, time: Time) -> Span {
        length_after(&self.absences, time)
    }
}

fn length_after(windows: &[Window], time: Time) -> Span {
    let windows = ending_after(windows, time).iter();
    windows.fold(Span::ZERO, |sum, window| sum + (window.to - window.from.max(time)))
}

fn ending_after(windows: &[Window], time: Time) -> &[Window] {
    &windows[windows.partition_point(|window| window.to <= time)..]
}

fn put(windows: &mut Vec<Window>, mut window: Window) -> Vec<Window> {
    if window.to <= window.from {
        return Vec::new();
    }
    windows.retain(|other| {
        let touches = other.from <= window.to && window.from <= other.to;
        if touches {
            window.from = window.from.min(other.from);
            window.to = window.to.max(other.to);
        }
        !touches
    });
    let place = windows.partition_point(|other| other.from < window.from);
    windows.insert(place, window);
    let mut changed = vec![window];
    let closest = (1..windows.len()).min_by_key(|i| windows[*i].from - windows[*i - 1].to);
    if let Some(closest) = closest.filter(|_| windows.len() > BlindWindows::MAX) {
        windows[closest - 1].to = windows.remove(closest).to;
        changed.push(windows[closest - 1]);
    }
    changed
}

fn united(some: &[Window], others: &[Window]) -> Vec<Window> {
    let mut all: Vec<Window> = [some, others].concat();
    all.sort_by_key(|window| window.from);
    all.dedup_by(|later, earlier| {
        let touches = later.from <= earlier.to;
        if touches {
            earlier.to = earlier.to.max(later.to);
        }
        touches
    });
    all
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
        assert_eq!(windows.all, [window(10, 30), window(40, 50)]);
        windows.add(window(25, 45));
        assert_eq!(windows.all, [window(10, 50)]);
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
        assert_eq!(windows.all, [window(10, 20), window(40, 50)]);
    }

    /// 9.1
    #[test]
    fn no_window_is_forgotten_and_the_closest_are_joined() {
        let mut windows = BlindWindows::default();
        for i in 0..=BlindWindows::MAX as i64 {
            let early = if i == 7 { 5 } else { 0 };
            windows.add(window(10 * i - early, 10 * i + 1));
        }
        assert_eq!(windows.all.len(), BlindWindows::MAX);
        assert_eq!(windows.all[0], window(0, 1));
        assert_eq!(windows.all[6], window(60, 71));
    }

    /// 9.1
    #[test]
    fn refusals_are_blind_as_absences_are_and_known_apart() {
        let mut windows = BlindWindows::default();
        windows.add(window(10, 20));
        windows.add_refusals(window(20, 30));
        windows.add_refusals(window(40, 50));
        assert_eq!(windows.all, [window(10, 30), window(40, 50)]);
        let at = Time::from_secs;
        assert!(windows.was_absent(at(0), at(11)) && !windows.was_absent(at(20), at(100)));
        assert!(windows.is_refusal(window(10, 30)) && !windows.is_refusal(window(10, 20)));
        windows.bring_back_to(at(45));
        assert_eq!(windows.all, [window(10, 30), window(40, 45)]);
    }
}
