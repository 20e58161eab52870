//! Answers that are sent while they are made: by a thread of their own, for a bounded time.
//!
//! One that is not made to its end is cut short, which its reader sees: the half of a scrape or a list must not pass for
//! the whole.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};

/// Pieces that wait for a slow reader.
const AHEAD: usize = 2;

/// The answer is not whole: it could not be made, or its reader was too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer was cut short")]
pub(super) struct CutShort;

#[derive(Debug)]
enum Piece {
    Bytes(Bytes),
    /// There is no more.
    End,
}

/// Where pieces go.
pub(super) struct Sender {
    pieces: mpsc::Sender<Piece>,
    runtime: Handle,
    over: Pin<Box<Sleep>>,
}

impl Sender {
    /// Waits until the reader has room for it.
    pub(super) fn send(&mut self, bytes: Bytes) -> Result<(), CutShort> {
        self.put(Piece::Bytes(bytes))
    }

    fn put(&mut self, piece: Piece) -> Result<(), CutShort> {
        let Sender { pieces, runtime, over } = self;
        runtime.block_on(async {
            tokio::select! {
                biased;
                sent = pieces.send(piece) => sent.map_err(|_| CutShort),
                () = over => Err(CutShort),
            }
        })
    }
}

impl Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(Bytes::copy_from_slice(bytes)).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The end of an answer that is read.
#[derive(Debug)]
pub(super) struct PieceReceiver(mpsc::Receiver<Piece>);

impl PieceReceiver {
    /// The next piece; `None` at the end.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, CutShort>>> {
        self.0.poll_recv(cx).map(|piece| match piece {
            Some(Piece::Bytes(bytes)) => Some(Ok(bytes)),
            Some(Piece::End) => None,
            None => Some(Err(CutShort)),
        })
    }
}

/// What `make` writes on a thread that may block. It holds its place until then, at most for `limit`: an error,
/// also one from its sender, cuts the answer short.
pub(super) fn made<E>(
    place: impl Send + 'static,
    limit: Duration,
    make: impl FnOnce(&mut Sender) -> Result<(), E> + Send + 'static,
) -> PieceReceiver {
    let (pieces, received) = mpsc::channel(AHEAD);
    let mut sender = Sender { pieces, runtime: Handle::current(), over: Box::pin(sleep(limit)) };
    tokio::task::spawn_blocking(move || {
        if make(&mut sender).is_ok() {
            // Gone: nobody listens any more, and that is all right.
            let _ = sender.put(Piece::End);
        }
        drop(place);
    });
    PieceReceiver(received)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::http::reply::{Reply, in_pieces};

    fn make(
        places: &Arc<Semaphore>,
        limit: Duration,
        make: impl FnOnce(&mut Sender) -> Result<(), CutShort> + Send + 'static,
    ) -> Reply {
        in_pieces(places.clone().try_acquire_owned().expect("there is a place"), limit, make)
    }

    #[tokio::test]
    async fn a_reader_that_is_too_slow_gives_its_place_back_and_sees_that_it_has_not_all() {
        let places = Arc::new(Semaphore::new(1));
        let endless = |sender: &mut Sender| loop {
            sender.send(Bytes::from_static(b"x"))?;
        };
        let reply = make(&places, Duration::from_millis(20), endless);
        // Nobody reads.
        let _place = places.acquire().await.expect("this semaphore is never closed");
        assert_eq!(reply.into_body().collect().await.err(), Some(CutShort));
    }

    #[tokio::test]
    async fn what_is_made_to_its_end_is_whole_and_what_fails_is_not() {
        let places = Arc::new(Semaphore::new(2));
        let limit = Duration::from_secs(60);
        let whole = make(&places, limit, |sender| sender.send(Bytes::from_static(b"whole")));
        assert_eq!(whole.into_body().collect().await.expect("it is whole").to_bytes(), "whole");
        let half = make(&places, limit, |sender| {
            sender.send(Bytes::from_static(b"half"))?;
            Err(CutShort)
        });
        assert_eq!(half.into_body().collect().await.err(), Some(CutShort));
    }
}
