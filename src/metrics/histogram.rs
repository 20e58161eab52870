//! Histograms of durations.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts durations by upper bounds. Observing never waits for readers.
#[derive(Debug)]
pub struct Histogram {
    /// Upper bounds in seconds, ascending.
    bounds: &'static [f64],
    /// One count for each bound and one for everything above them. Not cumulative.
    counts: Vec<AtomicU64>,
    sum_us: AtomicU64,
}

impl Histogram {
    /// An empty histogram. The bounds are in seconds, ascending.
    pub(super) fn new(bounds: &'static [f64]) -> Histogram {
        assert!(bounds.is_sorted() && !bounds.is_empty(), "bounds ascend");
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { bounds, counts, sum_us: AtomicU64::new(0) }
    }

    /// Counts one duration. A duration equal to a bound belongs to that bound's bucket.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = self.bounds.partition_point(|bound| *bound < seconds);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Each upper bound in seconds with the number of durations up to it. The last bound is infinite.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let sums = self.counts.iter().scan(0, |sum, count| {
            *sum += count.load(Ordering::Relaxed);
            Some(*sum)
        });
        bounds.zip(sums)
    }

    /// The sum of all durations in microseconds.
    pub(super) fn sum_us(&self) -> u64 {
        self.sum_us.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_by_every_bound_that_it_does_not_exceed() {
        let histogram = Histogram::new(&[0.001, 0.5, 2.0]);
        for us in [500, 1000, 1001, 500_000, 3_000_000] {
            histogram.observe(Duration::from_micros(us));
        }
        let counts: Vec<(f64, u64)> = histogram.cumulative().collect();
        assert_eq!(counts, [(0.001, 2), (0.5, 4), (2.0, 4), (f64::INFINITY, 5)]);
        assert_eq!(histogram.sum_us(), 3_502_501);
    }
}
