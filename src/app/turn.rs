//! What people and programs change: on the writer's thread, within limits.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::aside::Room;
use super::writer::TakePings;
use crate::store::command::{CommandAnswer, StoreCommand};

/// Changes that wait in the writer's queue at a time, those included that nobody waits for any more: they are rare, and
/// pings go first.
pub const MAX_WAITING_CHANGES: usize = 64;
/// The same for whoever is at the socket of the data folder: no crowd of programs keeps them out.
const MAX_OF_OPERATORS: usize = 16;
/// So long a change may wait for the writer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why it is not known to be done: the server is too busy, its disk hangs, or it is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// It was not begun, and will not be.
    #[error("the server is too busy, or its disk hangs: nothing was changed, try again")]
    NotBegun,
    /// It was begun.
    #[error("the server's disk hangs: what was asked may still be done, look before you ask again")]
    Begun,
}

/// Places in the writer's queue.
#[derive(Debug)]
pub(super) struct WriterPlaces {
    programs: Arc<Semaphore>,
    operators: Arc<Semaphore>,
}

impl Default for WriterPlaces {
    fn default() -> WriterPlaces {
        let places = |count| Arc::new(Semaphore::new(count));
        WriterPlaces { programs: places(MAX_WAITING_CHANGES), operators: places(MAX_OF_OPERATORS) }
    }
}

impl WriterPlaces {
    /// Has a command carried out on the writer's thread, after what is queued already, with the time of its turn. What
    /// nobody waits for any more is not begun.
    pub(super) async fn run<R>(
        &self,
        writer: &dyn TakePings,
        room: Room,
        command: impl FnOnce(CommandAnswer<R>) -> StoreCommand,
    ) -> Result<R, Busy> {
        let places = if room == Room::Operators { &self.operators } else { &self.programs };
        let place = places.clone().try_acquire_owned().map_err(|_| Busy::NotBegun)?;
        let (answer, receiver, turn) = CommandAnswer::new(place);
        writer.command(command(answer));
        match timeout(TIMEOUT, receiver).await {
            Ok(Ok(answer)) => Ok(answer),
            // Too late, or the writer has ended: we are stopping.
            Ok(Err(_)) | Err(_) if turn.take() => Err(Busy::NotBegun),
            Ok(Err(_)) | Err(_) => Err(Busy::Begun),
        }
    }
}
