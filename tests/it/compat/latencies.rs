//! How long requests take while something else goes on.

use std::time::{Duration, Instant};

/// How long each of some requests took; sorted.
#[derive(Debug)]
pub(super) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Carries out these requests over and over, a few dozen a second, until so much time has passed.
    pub(super) fn of(during: Duration, requests: &[&dyn Fn()]) -> Latencies {
        // Not as fast as it goes: other tests run beside this one, and it is the mail that must not matter.
        const PAUSE: Duration = Duration::from_millis(20);
        let start = Instant::now();
        let mut latencies = Vec::new();
        while start.elapsed() < during {
            for request in requests {
                let start = Instant::now();
                request();
                latencies.push(start.elapsed());
            }
            std::thread::sleep(PAUSE);
        }
        latencies.sort_unstable();
        Latencies(latencies)
    }

    /// Nearly all are quick; none is as slow as what waits for a server that hangs (10 s and more).
    pub(super) fn are_those_of_nothing_that_waits(&self) {
        let (p99, max) = (self.0[self.0.len() * 99 / 100], self.0[self.0.len() - 1]);
        assert!(self.0.len() > 50, "only {} requests", self.0.len());
        assert!(p99 < Duration::from_secs(1) && max < Duration::from_secs(5), "p99 {p99:?}, at most {max:?}");
    }
}
