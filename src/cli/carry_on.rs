//! What a configuration changes is carried out in pieces, with pings between (10.5).

use std::time::Duration;

use crate::clock::Stopwatch;
use crate::store::writer::Writer;
use crate::store::{CarriedOn, Changes, StoreError};

/// So long a ping may wait for one piece.
const AIM: Duration = Duration::from_millis(10);

/// How many checks a piece changes. Where the disk is slow, one commit alone takes longer than it should.
const LEAST: usize = 16;
const MOST: usize = 1_024;

/// How often it is said how much is left.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Has the writer carry out what it took, to the end. If that fails it is called again.
pub(super) async fn carry_on(writer: &Writer) -> Result<Changes, StoreError> {
    let mut limit = LEAST;
    let mut told = Stopwatch::start();
    loop {
        let piece = writer.call(move |store, now| {
            let since = Stopwatch::start();
            (store.carry_on(limit, now), since.took())
        });
        let (carried, took) = piece.await;
        match carried? {
            CarriedOn::Done(changes) => return Ok(changes),
            CarriedOn::Left(left) => {
                limit = next_limit(limit, took);
                if told.took() >= TELL_EVERY {
                    tracing::info!(left, "checks are still to be changed");
                    told = Stopwatch::start();
                }
            }
        }
        // Half of the time is the pings'.
        tokio::time::sleep(took).await;
    }
}

/// Halved or doubled at most: a disk may have been slow once.
fn next_limit(limit: usize, took: Duration) -> usize {
    let fits = limit.saturating_mul(usize::try_from(AIM.as_micros()).unwrap_or(usize::MAX));
    let fits = fits / usize::try_from(took.as_micros()).unwrap_or(usize::MAX).max(1);
    fits.clamp(limit / 2, limit * 2).clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_as_large_as_fits_its_time() {
        let ms = Duration::from_millis;
        assert_eq!(next_limit(100, ms(10)), 100);
        assert_eq!(next_limit(100, ms(8)), 125);
        assert_eq!(next_limit(100, ms(1)), 200);
        assert_eq!(next_limit(100, ms(1000)), 50);
        assert_eq!(next_limit(LEAST, ms(1000)), LEAST);
        assert_eq!(next_limit(MOST, Duration::ZERO), MOST);
    }
}
