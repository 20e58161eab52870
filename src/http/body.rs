//! Reading a request's body: the beginning is kept, the rest is read and dropped.

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::limits::Limits;

/// A request's body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Received {
    /// Its beginning.
    pub(super) kept: Vec<u8>,
    /// It was longer than what is kept.
    pub(super) cut: bool,
    /// It was longer than [`Limits::max_body_bytes`]: not read to its end.
    pub(super) unread: bool,
}

/// A body that did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Too slow.
    TimedOut,
    /// The connection ended, or the body breaks HTTP's rules.
    Broken,
}

/// Reads a body and keeps its first `keep_bytes`.
pub(super) async fn read(body: Incoming, keep_bytes: usize, limits: &Limits) -> Result<Received, BodyError> {
    if body.is_end_stream() {
        return Ok(Received::default());
    }
    // In a box: most pings have no body, and what is kept for a request is moved at every ping.
    let all = read_all(body, keep_bytes, limits.max_body_bytes);
    match Box::pin(tokio::time::timeout(limits.body_timeout, all)).await {
        Ok(received) => received,
        Err(_) => Err(BodyError::TimedOut),
    }
}

async fn read_all(mut body: Incoming, keep_bytes: usize, max_bytes: usize) -> Result<Received, BodyError> {
    let mut received = Received::default();
    let mut total_bytes = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        let room = keep_bytes - received.kept.len();
        received.kept.extend_from_slice(&data[..data.len().min(room)]);
        received.cut |= data.len() > room;
        total_bytes += data.len();
        if total_bytes > max_bytes {
            received.unread = true;
            break;
        }
    }
    Ok(received)
}
