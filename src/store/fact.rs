//! Pings and results, with everything that is kept of them.

use std::net::IpAddr;
use std::sync::Arc;

use super::found_at::FoundAt;
use super::record_call::RecordNews;
use crate::core::assertion::AssertionResult;
use crate::core::check::Ping;
use crate::core::incident::{IncidentId, IncidentStatus};
use crate::core::record::NamedRecords;
use crate::core::text::{both_ends, first_bytes};

/// A ping, with everything that is kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PingFact {
    pub ping: Ping,
    /// At most [`PingFact::MAX_COMMENT_BYTES`], cut between characters.
    pub comment: Option<String>,
    /// The body: any bytes, at most [`PingFact::MAX_BODY_BYTES`]; `None` if there was none. Of a longer body, the first
    /// [`PingFact::FIRST_BODY_BYTES`] and the last [`PingFact::LAST_BODY_BYTES`] are kept.
    pub body: Option<Vec<u8>>,
    /// The number of bytes between these two parts, which are not kept.
    pub left_out: u64,
    /// The body was not read to its end.
    pub body_cut: bool,
    /// The client's address.
    pub source: IpAddr,
}

impl PingFact {
    /// The longest comment that is kept, in bytes.
    pub const MAX_COMMENT_BYTES: usize = 500;

    /// The part of a comment that is kept.
    pub fn kept(comment: &str) -> &str {
        first_bytes(comment, PingFact::MAX_COMMENT_BYTES)
    }

    /// Of a body that is too long its beginning and its end, and the number of bytes between; `None`: it is empty.
    pub fn kept_body(body: &str) -> (Option<Vec<u8>>, u64) {
        let Some((first, last)) = both_ends(body, PingFact::FIRST_BODY_BYTES, PingFact::LAST_BODY_BYTES)
        else {
            return (Some(body.as_bytes().to_vec()).filter(|body| !body.is_empty()), 0);
        };
        // What is left out begins after so many bytes, whatever they are.
        let mut kept = first.as_bytes().to_vec();
        kept.resize(PingFact::FIRST_BODY_BYTES, b' ');
        let left_out = body.len() - kept.len() - last.len();
        kept.extend_from_slice(last.as_bytes());
        (Some(kept), left_out as u64)
    }

    /// The longest body that is kept, in bytes.
    pub const MAX_BODY_BYTES: usize = PingFact::FIRST_BODY_BYTES + PingFact::LAST_BODY_BYTES;
    /// How much of the beginning of a longer body is kept, in bytes.
    pub const FIRST_BODY_BYTES: usize = 2_000;
    /// How much of its end is kept, in bytes.
    pub const LAST_BODY_BYTES: usize = 8_000;
}

/// A result, with everything that is kept of it among the pings (17.2).
#[derive(Clone, Debug, PartialEq)]
pub struct ResultFact {
    pub result: AssertionResult,
    /// Why it is so; bounded as a ping's comment.
    pub why: Option<String>,
    /// What it names that violates the assertion; `None`: it is about the whole (18.3). What of that counts is found with the
    /// check's own bounds: `result` says nothing of it.
    pub records: Option<Arc<NamedRecords>>,
    /// What the look said, bounded as a ping's body, and kept where it differs from the newest that is kept.
    pub text: Option<Vec<u8>>,
    /// The number of bytes that are left out of it, as of a body.
    pub left_out: u64,
    pub source: FoundAt,
}

/// What a result made of its check.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultTaken {
    /// The incident of the check that was open before, and how it stood.
    pub before: Option<(IncidentId, IncidentStatus)>,
    /// The one that is open now.
    pub after: Option<(IncidentId, IncidentStatus)>,
    /// What became of records.
    pub records: RecordNews,
    /// The check is paused: it is kept, and judges nothing (17.7).
    pub is_paused: bool,
}
