//! Why an operation was not carried out: one text for every door.

use super::actor::Actor;
use super::aside::Bug;
use super::ping::PingNotTaken;
use super::turn::Busy;
use crate::core::check::Name;
use crate::core::matcher::MatcherError;
use crate::core::time::Span;
use crate::store::{DiagnosisRefusal, RecordRefusal, StoreError};

/// Why an operation was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// No check has this name.
    #[error("there is no check `{0}`: `punctual checks list` lists them")]
    NoSuchCheck(String),
    /// It was taken out of its file, or deleted, meanwhile.
    #[error("{0} is no longer declared")]
    Gone(Name),
    /// 7.1
    #[error("{0} is paused by its file: take `paused: true` out of it, and reload")]
    PausedByFile(Name),
    /// A time that is past, or too far away.
    #[error("{what} ends later than now, and within {longest}")]
    BadEnd {
        /// `a pause`
        what: &'static str,
        /// The longest that there may be.
        longest: Span,
    },
    /// Several lines, or too long.
    #[error("`comment`: a comment is one line of at most {0} bytes")]
    BadComment(usize),
    /// Control characters, or too long.
    #[error("`comment`: a comment has at most {0} bytes, and of control characters only ends of lines")]
    BadLines(usize),
    /// Nothing is said.
    #[error("`comment`: say something")]
    NoComment,
    /// 22.4
    #[error("only an acknowledgement has an end")]
    NoEnd,
    /// None, several lines, or too long.
    #[error("`by`: who says so has a name of one line, of at most {} bytes", Actor::MAX_NAME_BYTES)]
    BadActor,
    /// Matchers that cannot be read.
    #[error(transparent)]
    BadMatchers(#[from] MatcherError),
    /// No matchers.
    #[error("say which: all are check=~\".*\"")]
    NoMatchers,
    /// As many as there may be.
    #[error("there are {0} mutes already: end some")]
    TooManyMutes(usize),
    /// No mute has this number.
    #[error("there is no mute {0}: `punctual mutes` lists them")]
    NoSuchMute(String),
    /// No incident has this number.
    #[error("there is no incident {0}: `punctual incidents list` lists them")]
    NoSuchIncident(String),
    /// It is as it should be.
    #[error("{0} has no open incident: `punctual incidents list` lists them")]
    NoOpenIncident(Name),
    /// Nobody can say anything of it any more.
    #[error("the check of incident {0} is no longer declared")]
    IncidentGone(u64),
    /// It stands so already, or has ended.
    #[error("incident {id} of {check} {stands}")]
    NotStood {
        /// Its number.
        id: u64,
        /// Its check.
        check: Name,
        /// How it stands, in words.
        stands: String,
    },
    /// 21.2
    #[error("incident {id}: {why}")]
    NotDiagnosed {
        /// Its number.
        id: u64,
        why: DiagnosisRefusal,
    },
    /// None is open that these match.
    #[error("no incident is open that {0} matches: `punctual incidents list` lists them")]
    NoneMatches(String),
    /// None of what was picked is open.
    #[error("none of these incidents is open: choose some that are")]
    NonePicked,
    /// Of several things some were done: which is what this says.
    #[error("{0}: the server is too busy, or its disk fails; ask again, for the others")]
    PartlyDone(String),
    /// No message has this number.
    #[error("there is no message {0}, or not any more")]
    NoSuchMessage(String),
    /// It is being sent.
    #[error("message {0} is being sent right now: look again in a moment")]
    UnderWay(u64),
    /// Its receiver was taken out of the configuration.
    #[error("the receiver of message {0} is no longer configured")]
    ReceiverGone(u64),
    /// Nothing is left of it.
    #[error(
        "nothing of message {0} is to be told: it was taken, what it tells of has ended, or it was tried again since"
    )]
    NothingToTell(u64),
    /// No receiver has this name.
    #[error("there is no receiver `{0}`")]
    NoSuchReceiver(String),
    /// No such name was pinged, or a check has it.
    #[error("no name `{0}` was pinged that no check has")]
    NoSuchUnknownName(String),
    /// It was started with `--no-deliveries`.
    #[error("nothing leaves this server: it was started with --no-deliveries")]
    NothingLeaves,
    /// As many samples as there may be are waiting to be sent.
    #[error("others send samples: try again in a moment")]
    SamplesWait,
    /// Nothing is left of what was given up of it.
    #[error("nothing that is still bad was given up of {0}")]
    NothingParked(String),
    /// Every fault of a configuration: lines for people.
    #[error("{0}")]
    Faulty(String),
    /// The server stops.
    #[error("the server stops, and reads no configuration any more")]
    Stopping,
    /// The server is busy.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A ping was not taken.
    #[error(transparent)]
    NotTaken(#[from] PingNotTaken),
    /// Nothing became of a record.
    #[error(transparent)]
    Record(#[from] RecordRefusal),
    /// No such record is open.
    #[error("no record `{key}` of {check} is open")]
    NoSuchRecord { check: Name, key: String },
    /// No such key is marked.
    #[error("no key `{key}` of {check} is marked")]
    NoSuchMark { check: Name, key: String },
    /// The store could not take it.
    #[error("{error}: {now}", error = .0, now = what_now(.0))]
    Store(#[from] StoreError),
    /// It has a bug.
    #[error(transparent)]
    Bug(#[from] Bug),
}

fn what_now(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unclear(_) => "look before you try again",
        StoreError::Damaged(_) => "nothing was changed",
        _ => "nothing was changed, try again",
    }
}

/// What kind of reason it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDoneKind {
    /// There is no such thing.
    NotFound,
    /// It is not so that it could be done.
    Conflict,
    /// What was asked makes no sense.
    Invalid,
    /// It may be done later.
    Unavailable,
    /// By a bug.
    Bug,
}

impl NotDone {
    /// What kind of reason it is.
    pub fn kind(&self) -> NotDoneKind {
        match self {
            NotDone::NoSuchCheck(_)
            | NotDone::NotDiagnosed { why: DiagnosisRefusal::NoSuchSolution, .. }
            | NotDone::NoSuchMute(_)
            | NotDone::NoSuchIncident(_)
            | NotDone::NoSuchMessage(_)
            | NotDone::NoSuchReceiver(_)
            | NotDone::NoSuchUnknownName(_)
            | NotDone::NotTaken(PingNotTaken::NoSuchCheck)
            | NotDone::Record(RecordRefusal::NoSuchCheck)
            | NotDone::NoSuchRecord { .. }
            | NotDone::NoSuchMark { .. }
            | NotDone::Gone(_) => NotDoneKind::NotFound,
            NotDone::PausedByFile(_)
            | NotDone::TooManyMutes(_)
            | NotDone::NoOpenIncident(_)
            | NotDone::IncidentGone(_)
            | NotDone::NotStood { .. }
            | NotDone::NotDiagnosed { .. }
            | NotDone::NoneMatches(_)
            | NotDone::NonePicked
            | NotDone::UnderWay(_)
            | NotDone::ReceiverGone(_)
            | NotDone::NothingToTell(_)
            | NotDone::NothingParked(_)
            | NotDone::NothingLeaves
            | NotDone::Record(_)
            | NotDone::NotTaken(
                PingNotTaken::OnlyPost
                | PingNotTaken::TakesResults
                | PingNotTaken::TakesPings
                | PingNotTaken::Probed
                | PingNotTaken::TakesNoRecords(_),
            ) => NotDoneKind::Conflict,
            NotDone::BadEnd { .. }
            | NotDone::BadComment(_)
            | NotDone::BadLines(_)
            | NotDone::NoComment
            | NotDone::NoEnd
            | NotDone::BadActor
            | NotDone::BadMatchers(_)
            | NotDone::Faulty(_)
            | NotDone::NoMatchers => NotDoneKind::Invalid,
            NotDone::PartlyDone(_)
            | NotDone::Stopping
            | NotDone::SamplesWait
            | NotDone::Busy(_)
            | NotDone::NotTaken(PingNotTaken::Overloaded | PingNotTaken::NotStored)
            | NotDone::Store(_) => NotDoneKind::Unavailable,
            NotDone::Bug(_) => NotDoneKind::Bug,
        }
    }
}
