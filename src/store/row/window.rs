//! A trailing window in few bytes, since it is written with its check's state: postcard, of each time by how much its distance
//! from the one before it is another than the last, which is little for a job that runs by a clock.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::core::time::{Span, Time};
use crate::core::window::WindowCount;

/// The first byte of a window.
const VERSION: u8 = 1;

/// The newest first, in both one row of times.
#[derive(Serialize, Deserialize)]
struct WindowRow {
    exact: Vec<i64>,
    /// The newest of a bucket, and how many there are in it.
    buckets: Vec<(i64, u64)>,
}

/// How far a row of times has come.
#[derive(Default)]
struct Times {
    before: Option<i64>,
    distance: i64,
}

impl Times {
    fn write(&mut self, at: Time) -> i64 {
        let at = at.as_ms();
        let Some(before) = self.before.replace(at) else { return at };
        let distance = before - at;
        distance - std::mem::replace(&mut self.distance, distance)
    }

    fn read(&mut self, written: i64) -> Time {
        let at = self.before.map_or(written, |before| {
            self.distance = self.distance.wrapping_add(written);
            before.wrapping_sub(self.distance)
        });
        self.before = Some(at);
        Time::from_ms(at)
    }
}

/// The window as stored with its check's state. Its length is declared.
pub(in crate::store) fn write_window(window: &WindowCount) -> Vec<u8> {
    let mut times = Times::default();
    let row = WindowRow {
        exact: window.exact().iter().rev().map(|at| times.write(*at)).collect(),
        buckets: window
            .buckets()
            .iter()
            .rev()
            .map(|(newest, count)| (times.write(*newest), *count))
            .collect(),
    };
    postcard::to_extend(&row, vec![VERSION]).expect("a row of numbers is always encoded")
}

/// Parses a window of this length; `None` if this program cannot read it.
pub(in crate::store) fn read_window(bytes: &[u8], within: Span) -> Option<WindowCount> {
    let (_, bytes) = bytes.split_first().filter(|(version, _)| **version == VERSION)?;
    let row: WindowRow = postcard::from_bytes(bytes).ok()?;
    let mut times = Times::default();
    let mut exact: VecDeque<Time> = row.exact.into_iter().map(|at| times.read(at)).collect();
    let buckets = row.buckets.into_iter().map(|(newest, count)| (times.read(newest), count));
    let mut buckets: VecDeque<(Time, u64)> = buckets.collect();
    exact.make_contiguous().reverse();
    buckets.make_contiguous().reverse();
    WindowCount::with(within, exact, buckets)
}
