//! Where facts, states, flips, incidents and deliveries are kept.
//!
//! [`Store`] is what every store guarantees; [`live`] is what readers see of it without asking it. One conformance
//! suite runs against every store. No SQL and no store's own type passes through here.
//!
//! Whoever owns a store owns it alone: the writer's thread in the server, the simulation in its tests.

mod edit;
mod error;
pub mod history;
pub mod live;
mod migrations;
mod row;
pub mod sqlite;
mod work;
pub mod writer;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::core::alert::Alert;
use crate::core::blind::Window;
use crate::core::check::{CheckId, Definition, Name, Ping};
use crate::core::incident::IncidentId;
use crate::core::notice::Notice;
use crate::core::outbox::{Attempt, Message, MessageId};
use crate::core::refusals;
use crate::core::retention::Retention;
use crate::core::route::{Mute, Policy, ReceiverName};
use crate::core::step::PingEffect;
use crate::core::text::first_bytes;
use crate::core::time::{Span, Time};

use live::Live;

pub use edit::{Edit, EditError, NewCheck, Past, RefusedEdit, SpecChange};
pub use error::StoreError;

/// What happens to one check at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Whose.
    pub check: CheckId,
    /// When it entered the queue (1.2).
    pub at: Time,
    /// What.
    pub what: What,
}

/// What happens to a check; changes of configuration come by [`Store::configure`].
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A job spoke.
    Ping(PingFact),
    /// Time passed.
    Tick,
    /// Paused at run time.
    Pause {
        /// Why; cut to [`PingFact::MAX_COMMENT_BYTES`].
        comment: Option<String>,
        /// Who, if that is known.
        by: Option<String>,
        /// When it ends by itself; `None`: not before somebody or a ping ends it.
        until: Option<Time>,
    },
    /// Unpaused at run time.
    Unpause {
        /// Why; cut to [`PingFact::MAX_COMMENT_BYTES`].
        comment: Option<String>,
        /// Who, if that is known.
        by: Option<String>,
    },
    /// Pings were answered 503 (9.1): it may be earlier than the entry, which could not be stored then.
    Refused(refusals::Refused),
}

/// A ping with everything that is kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PingFact {
    /// What is judged.
    pub ping: Ping,
    /// At most [`PingFact::MAX_COMMENT_BYTES`], cut at a character.
    pub comment: Option<String>,
    /// Its body, any bytes, at most [`PingFact::MAX_BODY_BYTES`]; `None` if it had none. Of a longer one, its first
    /// [`PingFact::FIRST_BODY_BYTES`] and then its last [`PingFact::LAST_BODY_BYTES`].
    pub body: Option<Vec<u8>>,
    /// Bytes between these, which are not kept.
    pub left_out: u64,
    /// The body was not read to its end.
    pub body_cut: bool,
    /// The peer's address.
    pub source: IpAddr,
}

impl PingFact {
    /// The longest comment that is kept, in bytes.
    pub const MAX_COMMENT_BYTES: usize = 500;

    /// Of a comment what is kept.
    pub fn kept(comment: &str) -> &str {
        first_bytes(comment, PingFact::MAX_COMMENT_BYTES)
    }
    /// The longest body that is kept, in bytes.
    pub const MAX_BODY_BYTES: usize = PingFact::FIRST_BODY_BYTES + PingFact::LAST_BODY_BYTES;
    /// So much of the beginning of a longer body is kept, in bytes.
    pub const FIRST_BODY_BYTES: usize = 2_000;
    /// So much of its end.
    pub const LAST_BODY_BYTES: usize = 8_000;
}

/// What became of an [`Entry`].
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// It is stored. For a ping, what it counted for.
    Done(Option<PingEffect>),
    /// No such check, or it is archived: nothing was stored.
    NoSuchCheck,
    /// Unpausing a check that its file pauses (7.1): nothing was stored.
    PausedByFile,
}

/// A whole configuration, as far as a store keeps it.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Every check that is declared.
    pub checks: Vec<Definition>,
    /// Who is told.
    pub policy: Arc<Policy>,
    /// How much history is kept.
    pub retention: Retention,
    /// The most checks there may be, those made through an API included: no edit makes more.
    pub max_checks: usize,
    /// Take a removal of more than half of at least 10 checks (10.4).
    pub allow_mass_removal: bool,
    /// Receivers that are reached otherwise than before: what was given up is tried again (12.4).
    pub changed_receivers: BTreeSet<ReceiverName>,
}

/// What a new configuration changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Declared for the first time.
    pub added: Vec<Name>,
    /// Judged differently from now on.
    pub changed: Vec<Name>,
    /// Only told differently from now on (title, labels, …).
    pub updated: Vec<Name>,
    /// No longer declared.
    pub archived: Vec<Name>,
    /// Declared again.
    pub returned: Vec<Name>,
    /// Old and new name.
    pub renamed: Vec<(Name, Name)>,
    /// Would have been archived by a start with a configuration that removes too many (10.4): they were kept.
    pub kept: Vec<Name>,
    /// Old and new name of renames that a start passed over, since both have a history (10.3): each stays as it is.
    pub passed_over: Vec<(Name, Name)>,
}

/// Why a configuration was not taken. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// 10.4
    #[error(
        "it would remove {removed} of {declared} checks; if that is meant: punctual reload --allow-mass-removal"
    )]
    MassRemoval {
        /// How many are no longer declared.
        removed: usize,
        /// How many were declared.
        declared: usize,
    },
    /// 10.3
    #[error("`{new}` has `renamed_from: [{old}]`, but both have a history: give one of them another name")]
    BothHaveHistory {
        /// The former name.
        old: Name,
        /// The name that continues it.
        new: Name,
    },
    /// The store could not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What people say of an open incident (11.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// Somebody is on it.
    Acknowledge,
    /// Nobody wants to hear of it until it recovers.
    WontFix,
    /// Neither: whoever matches is told, from now.
    Reopen,
}

/// What came of something that somebody did with a message by hand (12.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByHand {
    /// It is done, for so many deliveries.
    Done(usize),
    /// It is being sent right now: nothing was done.
    UnderWay,
    /// Nothing of it is to be told: it was taken or dropped, what it tells of has ended, or it was tried again since.
    Over,
    /// Its receiver is not configured.
    NoReceiver,
    /// There is no such message, or not any more.
    NoSuchMessage,
}

/// A message that is to be sent now, by the caller, with no transaction open.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// The message; its attempt is committed already.
    pub message: Message,
    /// One for each member, in their order.
    pub notices: Vec<Notice>,
}

/// What Alertmanager should hear (§13).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alerts {
    /// Those that fire, and those resolved within 15 min.
    pub all: Vec<Alert>,
    /// When more of them may fire though nothing else happens: a mute ends, or what a check depends on stayed good (13.3).
    pub next_look: Option<Time>,
}

/// What became of deliveries that were held (`--no-deliveries`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LetGo {
    /// Those of what is still bad: they wait to be told.
    pub told: usize,
    /// The others.
    pub cancelled: usize,
}

/// What every store guarantees.
///
/// Every call is one transaction (14.1): facts, states, flips, incidents, their steps and deliveries are stored
/// together or not at all, and are durable when the call answers. A call that fails has changed nothing that a later
/// call could see, and the store can be used again once its cause is gone. Calls judge with `core` alone; the time is
/// always the caller's.
pub trait Store: Send {
    /// What readers see of this store.
    fn live(&self) -> Arc<Live>;

    /// Called once after opening, before anything else: ends the claims of the server before (12.7), and stores the
    /// time from its last sign of life to `now` as a blind window (9.1). Answers that window; `None` for a new database.
    /// A `now` before the last sign of life stores no window.
    fn begin(&mut self, now: Time) -> Result<Option<Window>, StoreError>;

    /// The last sign of life that is committed, whatever became of calls since: after one that failed, it is looked up.
    fn last_sign_of_life(&mut self) -> Result<Option<Time>, StoreError>;

    /// Stores that pings are taken and judging runs (9.1).
    fn sign_of_life(&mut self, now: Time) -> Result<(), StoreError>;

    /// How long the clock has been doubted, over all starts (1.1).
    fn doubted(&self) -> Span;

    /// Stores this, in place of a sign of life; zero once the clock is trusted.
    fn doubt(&mut self, spent: Span) -> Result<(), StoreError>;

    /// A clean stop: a last sign of life, and every state is stored as it is, so that a start, perhaps of a newer version,
    /// has nothing to step through.
    fn end(&mut self, now: Time) -> Result<(), StoreError>;

    /// Stores a blind window (9.1). What is already judged stays. It may end in the future: what cannot be told is not
    /// judged until then, or until [`Store::reanchor`] cuts it off.
    fn blind(&mut self, window: Window) -> Result<(), StoreError>;

    /// [`Store::blind`] for a window in which we were there, and refused requests unread: of which checks nobody knows.
    fn refused_unread(&mut self, window: Window) -> Result<(), StoreError>;

    /// Settles every check whose state has a time later than `now`, and leaves no blindness after it: the clock was set
    /// (1.1). It was `before`: mutes that had ended by then stay ended.
    fn reanchor(&mut self, before: Time, now: Time) -> Result<(), StoreError>;

    /// Takes a configuration, all or nothing (§10). Checks that were made through an API stay as they are, unless a file
    /// declares the name of one: then it is the file's, with its identity, its history and its `alias`. With `at_start`,
    /// a configuration that removes too many archives nothing and says so in [`Changes::kept`], and a rename of two that have
    /// a history is passed over, which [`Changes::passed_over`] says; at a reload both are refused.
    fn configure(
        &mut self,
        configuration: &Configuration,
        at_start: bool,
        now: Time,
    ) -> Result<Changes, ConfigureError>;

    /// Makes, changes or deletes checks through an API: all of the edits, in their order, or none. Answers one number for
    /// each.
    fn edit_all(&mut self, edits: Vec<Edit>, now: Time) -> Result<Vec<CheckId>, RefusedEdit>;

    /// [`Store::edit_all`] for one.
    fn edit(&mut self, edit: Edit, now: Time) -> Result<CheckId, EditError> {
        match self.edit_all(vec![edit], now) {
            Ok(ids) => Ok(*ids.first().expect("one number is answered for each edit")),
            Err(refused) => Err(refused.error),
        }
    }

    /// Steps each entry in its order and stores what came of it. Answers one [`Applied`] for each entry.
    fn apply(&mut self, entries: Vec<Entry>) -> Result<Vec<Applied>, StoreError>;

    /// Checks whose deadline is before `now`, those due first, with that deadline: a hint, `step` is the judge. At most
    /// `limit`.
    fn due(&mut self, now: Time, limit: usize) -> Vec<(CheckId, Time)>;

    /// The earliest deadline: nothing needs judging up to and including it.
    fn next_deadline(&self) -> Option<Time>;

    /// Freezes and answers the messages that may leave at `now` (12.3): new ones, and those whose retry is due. At most
    /// one for each receiver that has none under way.
    fn claim(&mut self, now: Time) -> Result<Vec<Outgoing>, StoreError>;

    /// From now on nothing leaves, whoever asks not to be told: what is planned waits, until [`Store::let_deliveries_go`].
    fn hold_deliveries(&mut self) -> Result<(), StoreError>;

    /// Ends what [`Store::hold_deliveries`] began, before the first claim of a start: what is still bad is told, also what was
    /// in a message; the rest is cancelled. `None`: nothing was held.
    fn let_deliveries_go(&mut self, now: Time) -> Result<Option<LetGo>, StoreError>;

    /// When [`Store::claim`] may have something to do next, if nothing else happens before.
    fn next_claim(&self) -> Option<Time>;

    /// Stores how an attempt ended (12.4). To be called again until it succeeds: until then the message counts as being
    /// sent. What is settled already stays as it is.
    fn settle(&mut self, message: MessageId, attempt: &Attempt, now: Time) -> Result<(), StoreError>;

    /// Has a message tried again at once: one that waits for its next attempt; of one that was given up, what is still to be
    /// told waits for its turn as if it never had been.
    fn retry_message(&mut self, message: MessageId, now: Time) -> Result<ByHand, StoreError>;

    /// The same for all that was given up of a receiver, at most 10,000 deliveries in a call.
    fn retry_parked(&mut self, receiver: &ReceiverName, now: Time) -> Result<ByHand, StoreError>;

    /// A message need not be told any more, says a person of this name. Recoveries of what it tells of are told all the
    /// same, if it was attempted.
    fn drop_message(&mut self, message: MessageId, by: &str, now: Time) -> Result<ByHand, StoreError>;

    /// Somebody says how an incident stands (11.2); false if it has ended, or stands so already. `by` is a person's name.
    fn stand(
        &mut self,
        incident: IncidentId,
        stance: Stance,
        by: &str,
        now: Time,
    ) -> Result<bool, StoreError>;

    /// Brings the stored alerts up to date and answers all that Alertmanager should hear (§13).
    fn alerts(&mut self, now: Time) -> Result<Alerts, StoreError>;

    /// Mutes what the matchers match until a time (8.2); answers the mute's number.
    fn mute(&mut self, mute: Mute, now: Time) -> Result<u64, StoreError>;

    /// Ends a mute; false if there is none of this number.
    fn unmute(&mut self, id: u64, now: Time) -> Result<bool, StoreError>;

    /// Removes history that the retention no longer keeps, for a few milliseconds; true if there is more to do (15.2).
    fn prune(&mut self, now: Time) -> Result<bool, StoreError>;
}
