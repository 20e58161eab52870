//! Reading a request's body: its beginning and its end are kept, what is between is read and dropped.

use std::collections::VecDeque;

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::limits::Limits;

/// A request's body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Received {
    /// Its beginning and its end, or all of it.
    pub(super) kept: Vec<u8>,
    /// Bytes between them that were read and are not kept.
    pub(super) left_out: u64,
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

/// How much of a body is kept: a log's end is what matters, and its beginning says what it is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keep {
    /// Bytes of its beginning.
    pub(super) first: usize,
    /// Bytes of its end.
    pub(super) last: usize,
}

impl Keep {
    /// It is only read.
    pub(super) const NOTHING: Keep = Keep { first: 0, last: 0 };
}

/// Reads a body and keeps so much of it.
pub(super) async fn read(body: Incoming, keep: Keep, limits: &Limits) -> Result<Received, BodyError> {
    if body.is_end_stream() {
        return Ok(Received::default());
    }
    // In a box: most pings have no body, and what is kept for a request is moved at every ping.
    let all = read_all(body, keep, limits.max_body_bytes);
    match Box::pin(tokio::time::timeout(limits.body_timeout, all)).await {
        Ok(received) => received,
        Err(_) => Err(BodyError::TimedOut),
    }
}

async fn read_all(mut body: Incoming, keep: Keep, max_bytes: usize) -> Result<Received, BodyError> {
    let mut ends = Ends::new(keep);
    let mut total_bytes = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        ends.add(&data);
        total_bytes += data.len();
        if total_bytes > max_bytes {
            return Ok(Received { unread: true, ..ends.received() });
        }
    }
    Ok(ends.received())
}

/// The two ends of what has come so far.
#[derive(Debug)]
struct Ends {
    keep: Keep,
    first: Vec<u8>,
    last: VecDeque<u8>,
    left_out: u64,
}

impl Ends {
    fn new(keep: Keep) -> Ends {
        Ends { keep, first: Vec::new(), last: VecDeque::new(), left_out: 0 }
    }

    fn add(&mut self, data: &[u8]) {
        let room = self.keep.first - self.first.len();
        let (first, rest) = data.split_at(data.len().min(room));
        self.first.extend_from_slice(first);
        let over = (self.last.len() + rest.len()).saturating_sub(self.keep.last);
        self.last.drain(..over.min(self.last.len()));
        self.last.extend(&rest[rest.len().saturating_sub(self.keep.last)..]);
        self.left_out += over as u64;
    }

    fn received(self) -> Received {
        let mut kept = self.first;
        kept.extend(self.last);
        Received { kept, left_out: self.left_out, unread: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_kept_however_a_body_comes() {
        for (length, kept, left_out) in
            [(0, "", 0), (3, "abc", 0), (5, "abcde", 0), (6, "abdef", 1), (26, "abxyz", 21)]
        {
            for piece in 1..=26 {
                let mut ends = Ends::new(Keep { first: 2, last: 3 });
                b"abcdefghijklmnopqrstuvwxyz"[..length].chunks(piece).for_each(|data| ends.add(data));
                let received = ends.received();
                let said = (String::from_utf8(received.kept).unwrap(), received.left_out);
                assert_eq!(said, (kept.to_owned(), left_out), "{length} bytes, {piece} at a time");
            }
        }
    }
}
