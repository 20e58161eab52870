//! Keeps facts, states, flips, incidents and deliveries.
//!
//! [`Store`] is the contract of every store, and one conformance suite runs against each of them; no SQL appears in it.
//! [`live`] is the committed state that readers see without calling the store. [`history`] reads the database.
//!
//! A store has a single owner: the writer's thread in the server, the simulation in its tests.
//!
//! A second store is a folder beside `sqlite`: it implements [`Store`] and the row traits of `work`, and passes both suites,
//! `tests/it/store/mod.rs` and `src/store/work/row_facts/`. Two things know SQLite besides: [`history::Reader`], which is
//! no trait yet, and the subcommands that open a folder.

mod changes;
pub mod command;
mod configuration;
mod diagnosis_call;
mod due;
mod edit;
mod error;
mod fact;
mod found_at;
mod halves;
pub mod history;
pub mod live;
pub mod pausing;
mod pending;
mod record_call;
mod row;
mod saying;
pub mod sqlite;
mod unknown_names;
mod work;
pub mod writer;

use std::sync::Arc;

use crate::core::audit::Audit;
use crate::core::blind::Window;
use crate::core::check::{CheckId, Name};
use crate::core::incident::IncidentId;
use crate::core::notice::Notice;
use crate::core::outbox::{Attempt, Message, MessageId};
use crate::core::refusals;
use crate::core::route::{Mute, ReceiverName};
use crate::core::step::PingEffect;
use crate::core::time::{Span, Time};

use live::Live;

pub use changes::{CarriedOn, Changes, Settling};
pub use configuration::{Compared, Configuration, ReloadNote};
pub use diagnosis_call::{DiagnosisAnswer, DiagnosisCall, DiagnosisOrder, DiagnosisRefusal};
pub use due::{Expired, expire, expire_some};
pub use edit::{Edit, EditError, NewCheck, Past, RefusedEdit, SpecChange};
pub use error::StoreError;
pub use fact::{PingFact, ResultFact, ResultTaken};
pub use found_at::FoundAt;
pub use pending::TakenChanges;
pub use record_call::{
    RecordAnswer, RecordCall, RecordNews, RecordOrder, RecordRefusal, RecordStands, ResultSlice,
};
pub use saying::{Saying, Stance, Stood};
pub use unknown_names::{UnknownName, UnknownNames, UnknownPing};

/// Something that happens to one check at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub check: CheckId,
    /// When it entered the queue (1.2).
    pub at: Time,
    pub what: What,
}

/// What happens to a check. Changes of configuration come through [`Store::configure`].
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A job pinged it.
    Ping(PingFact),
    /// Somebody looked whether what it asserts holds (17.1).
    Result(ResultFact),
    /// Time passed.
    Tick,
    /// Paused at run time.
    Pause {
        /// The reason; cut to [`PingFact::MAX_COMMENT_BYTES`].
        comment: Option<String>,
        /// Who paused it, if known.
        by: Option<String>,
        /// When the pause ends by itself; `None`: only when somebody or a ping ends it.
        until: Option<Time>,
    },
    /// Unpaused at run time.
    Unpause {
        /// The reason; cut to [`PingFact::MAX_COMMENT_BYTES`].
        comment: Option<String>,
        /// Who ended the pause, if known.
        by: Option<String>,
    },
    /// Pings were answered with 503 (9.1). That may have been before the entry's time, when it could not be stored.
    Refused(refusals::Refused),
}

/// The outcome of an [`Entry`].
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// Stored. For a ping, with its effect.
    Done(Option<PingEffect>),
    /// There is no such check, or it is archived. Nothing was stored.
    NoSuchCheck,
    /// A check that its file pauses cannot be unpaused (7.1). Nothing was stored.
    PausedByFile,
    /// A result is stored.
    Result(Box<ResultTaken>),
    /// A result makes more of records than one transaction stores: some of that is to be done first, by
    /// [`Store::change_records`] (18.7). Nothing was stored.
    InSlices,
    /// The check takes no records (`records: false`). Nothing was stored.
    TakesNoRecords,
    /// What a check detects has keys, and the result names none (19.1). Nothing was stored.
    NamesNothing,
    /// The check is asserted: whether it holds is reported, and no job pings it (17.2). Nothing was stored.
    TakesResults,
    /// The check is pinged, and asserts nothing. Nothing was stored.
    TakesPings,
    /// punctual looks itself whether it holds (17.1b). Nothing was stored.
    Probed,
    /// The check was paused, or is asserted otherwise, since this was looked at (17.7b). Nothing was stored.
    Outdated,
}

/// Why a configuration was refused. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// 10.4
    #[error(
        "it would remove {removed} of {declared} checks; if that is meant: punctual reload --allow-mass-removal"
    )]
    MassRemoval {
        /// How many checks are no longer declared.
        removed: usize,
        /// How many checks were declared.
        declared: usize,
    },
    /// 10.3
    #[error("`{new}` has `renamed_from: [{old}]`, but both have a history: give one of them another name")]
    BothHaveHistory {
        /// The former name.
        old: Name,
        /// The name that should continue it.
        new: Name,
    },
    /// 10.5
    #[error("the configuration before is not carried out yet: {left} checks are left")]
    Unfinished {
        /// How many checks it is still to change.
        left: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The outcome of a manual action on a message (12.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByHand {
    /// Done, for this many deliveries.
    Done(usize),
    /// The message is being sent right now. Nothing was done.
    UnderWay,
    /// There is nothing left to tell: the message was taken, dropped or already tried again, or its incidents have
    /// ended.
    Over,
    /// Its receiver is not configured.
    NoReceiver,
    /// There is no such message, or it has been forgotten.
    NoSuchMessage,
}

/// A message for the caller to send now, with no transaction open.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// The message. Its attempt is already committed.
    pub message: Message,
    /// One for each member, in the members' order.
    pub notices: Vec<Notice>,
}

/// What happened to deliveries that were held by `--no-deliveries`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LetGo {
    /// Deliveries about checks that are still bad. They now wait to be sent.
    pub told: usize,
    /// All others.
    pub cancelled: usize,
}

/// The contract of every store.
///
/// Every call is one transaction (14.1): facts, states, flips, incidents, their steps and deliveries are stored
/// together or not at all, and are durable when the call returns. A call that fails leaves no change that a later call
/// could see, and the store works again once the cause is gone. Calls judge with `core` alone; the caller passes the
/// time.
pub trait Store: Send {
    /// The committed state, for readers.
    fn live(&self) -> Arc<Live>;

    /// Called once after opening, before anything else. Ends the claims of the previous process (12.7), stores the time
    /// from its last sign of life to `now` as a blind window (9.1), and returns that window; `None` for a new database.
    /// If `now` is before the last sign of life, no window is stored.
    fn begin(&mut self, now: Time) -> Result<Option<Window>, StoreError>;

    /// The last committed sign of life. After a call that failed it is read from the database.
    fn last_sign_of_life(&mut self) -> Result<Option<Time>, StoreError>;

    /// Stores a sign of life: pings are taken and judging runs (9.1).
    fn sign_of_life(&mut self, now: Time) -> Result<(), StoreError>;

    /// How long the clock has been doubted, over all starts (1.1).
    fn doubted(&self) -> Span;

    /// Stores the time spent in doubt, instead of a sign of life. Zero once the clock is trusted.
    fn doubt(&mut self, spent: Span) -> Result<(), StoreError>;

    /// A clean stop: stores a last sign of life and then the states as they are, up to 100,000 of them, so that the next
    /// start, perhaps of a newer version, has few steps to repeat. If it fails, the sign of life may be stored.
    fn end(&mut self, now: Time) -> Result<(), StoreError>;

    /// Stores a blind window (9.1). What is already judged stays. The window may end in the future: nothing in it is
    /// judged until then, or until [`Store::reanchor`] cuts it off.
    fn blind(&mut self, window: Window) -> Result<(), StoreError>;

    /// [`Store::blind`] for a window in which we were running, but refused requests unread, of unknown checks.
    fn refused_unread(&mut self, window: Window) -> Result<(), StoreError>;

    /// Called when the clock was set from `before` to `now` (1.1). Brings back every check whose state has a later
    /// time, and cuts off all blindness after `now`. Mutes that had ended by `before` stay ended.
    fn reanchor(&mut self, before: Time, now: Time) -> Result<(), StoreError>;

    /// Takes a configuration, all or nothing (§10): it says whom to tell from now on, and is refused here or not at all. What
    /// it changes of checks follows by [`Store::carry_on`], as of `now`; whatever else happens to a check finds it changed
    /// already (10.5). Until all is carried out no other one is taken.
    ///
    /// Checks made through an API stay as they are, unless a file declares
    /// the name of one: then the file takes it over with its identity, its history and its `alias`.
    ///
    /// With `at_start`, a configuration that removes too many checks archives none and lists them in [`Changes::kept`],
    /// and a rename of two checks that both have a history is skipped and listed in [`Changes::passed_over`]. At a
    /// reload both are refused.
    fn take(&mut self, compared: &mut Compared, at_start: bool, now: Time) -> Result<(), ConfigureError>;

    /// Carries out what the configuration that was taken still changes, at most so many checks of it: those that files
    /// declare in the order of the configuration, then those that are archived in the order of their numbers. After a death
    /// the next start compares anew, and so changes what was left.
    fn carry_on(&mut self, limit: usize, now: Time) -> Result<CarriedOn, StoreError>;

    /// [`Store::take`] for a configuration that is not compared yet, and all that follows.
    fn configure(
        &mut self,
        configuration: &Configuration,
        at_start: bool,
        now: Time,
    ) -> Result<Changes, ConfigureError> {
        let mut compared = Compared::new(configuration.clone(), &self.live().directory());
        self.take(&mut compared, at_start, now)?;
        compared.move_lines();
        self.carry_on_to_the_end(now)
    }

    /// [`Store::carry_on`] until all is done, while nobody waits.
    fn carry_on_to_the_end(&mut self, now: Time) -> Result<Changes, ConfigureError> {
        const SLICE: usize = 10_000;
        loop {
            if let CarriedOn::Done(changes) = self.carry_on(SLICE, now)? {
                return Ok(changes);
            }
        }
    }

    /// Creates, changes or deletes checks through an API: all of the edits, in their order, or none. Returns one id for
    /// each.
    fn edit_all(&mut self, edits: Vec<Edit>, by: &str, now: Time) -> Result<Vec<CheckId>, RefusedEdit>;

    /// [`Store::edit_all`] for a single edit.
    fn edit(&mut self, edit: Edit, by: &str, now: Time) -> Result<CheckId, EditError> {
        match self.edit_all(vec![edit], by, now) {
            Ok(ids) => Ok(*ids.first().expect("one number is answered for each edit")),
            Err(refused) => Err(refused.error),
        }
    }

    /// Steps each entry in its order and stores the outcomes. Returns one [`Applied`] for each entry.
    fn apply(&mut self, entries: &[Entry]) -> Result<Vec<Applied>, StoreError>;

    /// What is to become of records of a check outside of a result's fact: a slice of a result, one of them, a mark (§18). Those
    /// that no result will end are due (see [`Store::due`]) until all have ended.
    fn change_records(&mut self, call: &RecordCall, now: Time) -> Result<RecordAnswer, StoreError>;

    /// What somebody found of an incident, or how a solution of it ended (§21). A solution of which nobody says how it ended is
    /// due until it is lost (see [`Store::due`]).
    fn diagnose(&mut self, call: &DiagnosisCall, now: Time) -> Result<DiagnosisAnswer, StoreError>;

    /// Checks whose deadline is before `now`, earliest first, with that deadline; at most `limit`. The deadline is only
    /// a hint: `step` decides.
    fn due(&mut self, now: Time, limit: usize) -> Vec<(CheckId, Time)>;

    /// What is due of this check cannot be stored: it is due again a while after now (14.7c).
    fn put_off(&mut self, check: CheckId, now: Time);

    /// The earliest deadline. Nothing needs judging up to and including it.
    fn next_deadline(&self) -> Option<Time>;

    /// Freezes and returns the messages that may be sent at `now` (12.3): new ones, and those whose retry is due. At
    /// most one for each receiver that has no attempt running.
    fn claim(&mut self, now: Time) -> Result<Vec<Outgoing>, StoreError>;

    /// Stops all sending, whatever the receiver. Deliveries are planned and wait until [`Store::let_deliveries_go`].
    fn hold_deliveries(&mut self) -> Result<(), StoreError>;

    /// Ends [`Store::hold_deliveries`]; called at a start before the first claim. What is still bad is told, including
    /// what was already in a message; the rest is cancelled. `None` if nothing was held.
    fn let_deliveries_go(&mut self, now: Time) -> Result<Option<LetGo>, StoreError>;

    /// When [`Store::claim`] may next have something to do, if nothing else happens before.
    fn next_claim(&self) -> Option<Time>;

    /// Stores how an attempt ended, or a piece of that (12.4a): `from` is 0, and then what [`Settling::GoesOn`] says. Call it until
    /// it answers that it has [`Settling::Ended`]: until then the message counts as being sent. Settling a message again
    /// changes nothing.
    fn settle(
        &mut self,
        message: MessageId,
        attempt: &Attempt,
        from: usize,
        now: Time,
    ) -> Result<Settling, StoreError>;

    /// Has a message tried again. One that waits for its next attempt is tried at once. Of a parked one, deliveries
    /// that are still to be told wait again, as if they had never been given up.
    fn retry_message(&mut self, message: MessageId, by: &str, now: Time) -> Result<ByHand, StoreError>;

    /// The same for everything that was given up for a receiver, at most 10,000 deliveries per call.
    fn retry_parked(&mut self, receiver: &ReceiverName, by: &str, now: Time) -> Result<ByHand, StoreError>;

    /// Drops a message: it need not be told any more, says the person `by`. If it was attempted, recoveries of its
    /// incidents are told all the same.
    fn drop_message(&mut self, message: MessageId, by: &str, now: Time) -> Result<ByHand, StoreError>;

    /// Somebody says something of incidents (11.2, 22.3). Answers for each what became of it. A comment that cannot be kept is
    /// an error.
    fn stand_all(
        &mut self,
        incidents: &[IncidentId],
        saying: &Saying,
        now: Time,
    ) -> Result<Vec<Stood>, StoreError>;

    /// Brings the alerts of at most so many checks up to date, for [`Live::board`] (§13). Answers when there is more to do,
    /// which is now while some checks are left: those that changed last come first. Later it is, if nothing else happens
    /// before, when a mute ends, a dependency stayed good, or an alert was resolved long enough ago.
    fn alerts(&mut self, limit: usize, now: Time) -> Result<Option<Time>, StoreError>;

    /// Mutes what the matchers match until a time (8.2). Returns the mute's number.
    fn mute(&mut self, mute: Mute, now: Time) -> Result<u64, StoreError>;

    /// Somebody ends a mute. False if there is none with this number.
    fn unmute(&mut self, id: u64, by: &str, now: Time) -> Result<bool, StoreError>;

    /// Keeps what somebody did that no call of the store has carried out (22.10).
    fn keep(&mut self, done: &Audit) -> Result<(), StoreError>;

    /// Stores the names of [`Live::unknown_names`], where they are otherwise than they were last stored: at most
    /// [`UnknownNames::MAX`] rows.
    fn keep_unknown_names(&mut self) -> Result<(), StoreError>;

    /// Somebody has one of these names forgotten, or all of them. Answers how many went.
    fn forget_unknown_names(&mut self, name: Option<&str>, by: &str, now: Time) -> Result<usize, StoreError>;

    /// Removes history that is past its retention, for a few milliseconds. True if there is more to do (15.2).
    fn prune(&mut self, now: Time) -> Result<bool, StoreError>;
}
