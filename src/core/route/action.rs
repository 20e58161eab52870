//! Who is told, and what is then done.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::core::time::Span;

/// A receiver's name, as in the configuration.
pub type ReceiverName = Arc<str>;

/// A hash of an action's definition (12.1): stays the same over reloads that leave the action as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub u64);

/// One thing that a responder does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// A hash of the fields below.
    pub id: ActionId,
    /// Who is told.
    pub receiver: ReceiverName,
    /// How long after the first of the incident's causes that it matches.
    pub after: Span,
    /// Told again so long after it was told, while the incident is open.
    pub repeat_interval: Option<Span>,
}

impl Action {
    /// An action, with the id that its fields give it.
    pub fn new(receiver: ReceiverName, after: Span, repeat_interval: Option<Span>) -> Action {
        let mut hash = Sha256::new();
        hash.update(after.as_ms().to_be_bytes());
        hash.update(repeat_interval.map_or(-1, Span::as_ms).to_be_bytes());
        hash.update(receiver.as_bytes());
        let digest = hash.finalize();
        let first = digest.first_chunk().expect("SHA-256 has more than eight bytes");
        Action { id: ActionId(u64::from_be_bytes(*first)), receiver, after, repeat_interval }
    }
}

/// How messages leave for one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverPolicy {
    /// Whether it hears of recoveries (12.6).
    pub send_resolved: bool,
    /// What is due within this of the first leaves together (12.3).
    pub group_wait: Span,
    /// After so long a message is parked (12.4).
    pub give_up_after: Span,
    /// The most deliveries in one of its messages (12.3); at least 1.
    pub max_members: usize,
    /// Whether it is told in the job's own words: comments, and what a job wrote.
    pub include_output: bool,
}

impl ReceiverPolicy {
    /// The `group_wait` of a receiver that says nothing else.
    pub const GROUP_WAIT: Span = Span::secs(5);
}
