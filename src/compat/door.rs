//! The interface of every door, in plain types.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::host::Host;
use crate::app::Visitor;
use crate::core::notice::Notice;
use crate::core::origin::Habits;
use crate::core::time::Time;
use crate::notify::WordedMail;
use crate::store::NewCheck;

/// The interface of another system.
pub trait Door: std::fmt::Debug + Sync {
    /// The system's name in files, metrics and the database, such as `coal_mine`.
    fn name(&self) -> &'static str;

    /// How the checks of its users differ from others.
    fn habits(&self) -> Habits;

    /// The mail about one of their checks to its own addresses, in words that they know; `None`: in ours.
    fn mail(&self, notice: &Notice) -> Option<WordedMail>;

    /// The prefix of its paths, such as `/coal-mine/`.
    fn prefix(&self) -> &'static str;

    /// What stands in the path of each URL that pings, such as `/coal-mine/v1/canary/`. No message shows such a URL: a
    /// chat's preview would follow it.
    fn ping_path(&self) -> String;

    /// The system's name for people.
    fn title(&self) -> &'static str;

    /// One line on where it answers, for the reference of the configuration.
    fn about(&self) -> &'static str;

    /// The system's words for a check and for checks.
    fn nouns(&self) -> (&'static str, &'static str);

    /// The effect of a request with this path after the prefix.
    fn effect(&self, rest: &str) -> Effect;

    /// Answers a request. The door may have been switched off meanwhile. The future is dropped if nobody waits for it.
    fn answer<'r>(&'r self, host: &'r Arc<dyn Host>, request: DoorRequest<'r>) -> Answering<'r>;

    /// Reads a file of the system's checks, to be taken over; why it cannot be used, with the line.
    fn documents(&self, text: &str, now: Time) -> Result<Vec<DoorDocument>, String>;

    /// What puts the system's own configuration into the words of ours, as YAML; `None`: it is not read here.
    fn configuration(&self) -> Option<InOurWords>;
}

/// Puts a system's own configuration into the words of ours, or says why not, with the line.
pub type InOurWords = fn(&str) -> Result<String, String>;

/// The most documents of a file.
pub const MAX_DOCUMENTS: usize = 10_000;

/// A check of another server, as a file of the system has it.
#[derive(Debug)]
pub struct DoorDocument {
    /// Where it begins, counted from 1.
    pub line: usize,
    /// Its id and its name there, as far as they can be read.
    pub id: String,
    pub name: String,
    pub carried: Result<Carried, NotCarried>,
}

/// What is to be made, and what of the document is lost.
#[derive(Debug)]
pub struct Carried {
    pub new: NewCheck,
    /// One sentence each.
    pub lost: Vec<String>,
}

/// Why a document is not carried over; in words.
#[derive(Debug)]
pub enum NotCarried {
    /// It is not even one.
    Unreadable(String),
    Refused(String),
}

/// An answer in progress.
pub type Answering<'r> = Pin<Box<dyn Future<Output = DoorAnswer> + Send + 'r>>;

/// The part of a request that doors need. No door so far reads headers or the body.
#[derive(Clone, Copy, Debug)]
pub struct DoorRequest<'r> {
    /// `GET`, `POST`, …
    pub method: &'r str,
    pub to: Addressed<'r>,
    /// The query as sent, without the `?`.
    pub query: Option<&'r str>,
    /// The client.
    pub visitor: Visitor,
}

/// The address that was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressed<'r> {
    /// The path after the door's prefix, as sent.
    Path(&'r str),
    /// `/ID`, the short address of the check with this id.
    Id(&'r str),
}

/// The effect of a request. It decides whether a page of another site may send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads.
    Reads,
    /// It is a ping.
    Pings,
    /// It changes something.
    Changes,
}

#[derive(Debug)]
pub struct DoorAnswer {
    /// The HTTP status.
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: DoorBody,
    /// The result of the ping, if the request was to be one: pings are counted whichever door they use.
    pub ping: Option<PingEnd>,
}

/// Writes an answer's body.
pub type WriteBody = Box<dyn FnOnce(&mut dyn io::Write) -> io::Result<()> + Send>;

/// The body of an answer.
pub enum DoorBody {
    Text(String),
    /// A body that is written while it is sent. An error cuts the answer short.
    Written {
        /// Writes the body. It takes as long as the client does to read.
        write: WriteBody,
        /// The time after which it is cut short.
        within: Duration,
    },
}

impl std::fmt::Debug for DoorBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DoorBody::Text(text) => f.debug_tuple("Text").field(text).finish(),
            DoorBody::Written { within, .. } => f.debug_struct("Written").field("within", within).finish(),
        }
    }
}

/// The result of a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PingEnd {
    /// Stored.
    Accepted,
    /// The check is unknown.
    UnknownCheck,
    /// The key is wrong, or missing although one is required.
    BadKey,
    /// It could not be understood.
    BadRequest,
    /// It could not be stored now.
    Overloaded,
}
