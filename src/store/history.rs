//! History for people: what happened to a check, newest first, in short pages. It never delays the writer.

mod left_out;

use std::sync::Arc;

use crate::core::assertion::Outcome;
use crate::core::audit::{Audit, AuditKind};
use crate::core::cause::{Cause, Status};
use crate::core::check::{CheckId, PingKind};
use crate::core::incident::{IncidentId, IncidentKey, IncidentStatus};
use crate::core::step::{FlipReason, Judgement};
use crate::core::time::{Span, Time};

pub use super::sqlite::Reader;
pub use left_out::LeftOut;

/// The most entries of a page, whatever is asked for.
pub const MAX_PAGE: usize = 1000;

/// A ping as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingRecord {
    /// Its number among all pings. It is also the cursor to the next page, and the key of the body.
    pub seq: u64,
    pub at: Time,
    pub kind: PingKind,
    /// What it is if it is a result (17.2).
    pub result: Option<Outcome>,
    /// It only repeated its run id's previous fact.
    pub repeat: bool,
    /// The part of its body that is kept.
    pub body: BodyRecord,
    pub exit_status: Option<u8>,
    /// How long the run took that it ended.
    pub duration: Option<Span>,
    pub rid: Option<String>,
    pub comment: Option<String>,
    /// The client's address.
    pub source: String,
}

impl PingRecord {
    /// What it is, in a word for people.
    pub fn word(&self) -> &'static str {
        self.result.map_or(self.kind.as_str(), Outcome::as_str)
    }
}

/// The part of a ping's body that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyRecord {
    /// The ping had no body.
    None,
    /// The body can be read, as far as it is kept.
    Kept(LeftOut),
    /// The ping had a body that is not, or no longer, kept (15.2).
    Gone,
}

/// A flip as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlipRecord {
    /// Its number. It is also the cursor to the next page.
    pub id: u64,
    pub at: Time,
    pub from: Status,
    pub to: Status,
    pub reason: FlipReason,
    /// All causes after the flip.
    pub causes: Vec<Cause>,
}

/// The beginning or the end of a pause at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseRecord {
    pub at: Time,
    /// Whether it is a beginning; otherwise an end.
    pub is_pause: bool,
    /// The reason.
    pub comment: Option<String>,
    /// Who did it, if known.
    pub by: Option<String>,
}

/// What somebody or the server did, as it is stored (22.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number. It is also the cursor to the next page.
    pub id: u64,
    pub done: Audit,
}

/// Which of them; all that is said must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditsWanted {
    /// A part of the actor's name.
    pub actor: Option<String>,
    pub what: Option<AuditKind>,
    /// The name that a check had then.
    pub check: Option<String>,
    /// Done then or later.
    pub since: Option<Time>,
}

/// A judgement as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgementRecord {
    /// Its number. It is also the cursor to the next page.
    pub id: u64,
    pub judgement: Judgement,
}

/// An incident as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentRecord {
    /// Its number. It is also the cursor to the next page.
    pub id: IncidentId,
    pub check: CheckId,
    /// Which record of the check it is of (11.1).
    pub key: IncidentKey,
    pub opened_at: Time,
    pub ended_at: Option<Time>,
    pub status: IncidentStatus,
    /// While it is acknowledged for a time (22.4): until when, by the clock as it is now; a step has what was said.
    pub until: Option<Time>,
    /// The cause that opened it.
    pub first: Cause,
    /// Of a record its own labels.
    pub labels: Arc<[(String, String)]>,
}

/// A record that is open (§18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRecord {
    /// It is also the cursor to the next page.
    pub key: IncidentKey,
    /// The key, where nothing else was said.
    pub title: String,
    /// JSON, or "".
    pub details: String,
    pub labels: Arc<[(String, String)]>,
    pub incident: IncidentId,
    pub status: IncidentStatus,
    pub opened_at: Time,
    /// How often it was begun by itself while it is open, and when for the last time (18.9); 0: by results alone.
    pub begun: u32,
    pub begun_at: Option<Time>,
    /// Of an occurrence since when it is remembered (19.3); `None`: it lasts.
    pub occurred_at: Option<Time>,
}

/// Which of them; all that is said must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordsWanted {
    /// Those with later keys.
    pub after: String,
    /// The one of this key.
    pub only: Option<String>,
    /// A part of the key or the title.
    pub search: String,
    /// Those that nobody wants to hear of, or the others.
    pub wont_fix: Option<bool>,
    /// At most so many.
    pub limit: usize,
}

/// A key that nobody wants to hear of (11.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkRecord {
    pub key: IncidentKey,
    pub at: Time,
    pub by: String,
    pub comment: String,
}

/// A message as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRecord {
    /// Its number. It is also the cursor to the next page.
    pub id: u64,
    pub receiver: String,
    /// The same at every attempt.
    pub key: String,
    /// One of [`MessageRecord::STATES`].
    pub state: String,
    /// The number of its deliveries.
    pub members: u64,
    /// How many of these were given up with it and have no later outcome.
    pub given_up: u64,
    /// The first of its checks, by their current names.
    pub checks: Vec<String>,
    /// When it was frozen.
    pub created_at: Time,
    /// The number of attempts begun.
    pub attempts: u32,
    /// When it is tried again.
    pub retry_at: Option<Time>,
    /// When it was taken, given up, split or dropped.
    pub settled_at: Option<Time>,
    /// The receiver's last answer, or why there was none.
    pub answer: Option<String>,
}

impl MessageRecord {
    /// The states of a message, in this order: an attempt is running; it waits for the next attempt; it was taken; it
    /// was given up; it was given up, but then all of it was tried again or need not be told any more; its content was
    /// refused and it was split; somebody dropped it.
    pub const STATES: [&str; 7] = ["sending", "waiting", "sent", "parked", "was_parked", "split", "dropped"];
}
