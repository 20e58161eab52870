//! What a configuration changes is carried out in pieces, with pings between (10.5).

use std::time::Duration;

use crate::clock::Stopwatch;
use crate::engine::Piece;
use crate::store::writer::Writer;
use crate::store::{CarriedOn, Changes, StoreError};

/// So long a ping may wait for one piece.
const AIM: Duration = Duration::from_millis(10);

/// The most checks that a piece changes.
const MOST: usize = 1_024;

/// How often it is said how much is left.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Has the writer carry out what it took, to the end. If that fails it is called again.
pub(super) async fn carry_on(writer: &Writer) -> Result<Changes, StoreError> {
    let mut piece = Piece::new(AIM, MOST);
    let mut told = Stopwatch::start();
    loop {
        let size = piece.size();
        let carried = writer.call(move |store, now| {
            let since = Stopwatch::start();
            (store.carry_on(size, now), since.took())
        });
        let (carried, took) = carried.await;
        match carried? {
            CarriedOn::Done(changes) => return Ok(changes),
            CarriedOn::Left(left) => {
                piece.took(size, took);
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
