//! What every door is: asked and answering in plain types.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::host::Host;
use crate::core::check::Definition;
use crate::core::origin::Habits;

/// The interface of another system.
pub trait Door: std::fmt::Debug + Sync {
    /// The name of the system as it stands in files, metrics and the database: `coal_mine`.
    fn name(&self) -> &'static str;

    /// What sets its users' checks apart.
    fn habits(&self) -> Habits;

    /// What its paths begin with: `/coal-mine/`.
    fn prefix(&self) -> &'static str;

    /// What the system is called where people read it.
    fn title(&self) -> &'static str;

    /// What the system calls a check, and checks.
    fn nouns(&self) -> (&'static str, &'static str);

    /// What a request does whose path goes on so after the prefix.
    fn effect(&self, rest: &str) -> Effect;

    /// Answers, also where it is switched off by now. A request that is not waited for any more is given up.
    fn answer<'r>(&'r self, host: &'r Arc<dyn Host>, request: DoorRequest<'r>) -> Answering<'r>;

    /// The check that one of the system's own becomes, as the interface would make it; why not, in words. Its names there
    /// are the caller's.
    fn definition_of(&self, words: InWords<'_>) -> Result<Definition, String>;
}

/// One of a system's own, in its words.
#[derive(Clone, Copy, Debug)]
pub struct InWords<'a> {
    /// Its name there.
    pub name: &'a str,
    /// How often it reports, as the interface takes it.
    pub periodicity: &'a str,
    /// Free text.
    pub description: &'a str,
    /// Whom it mails.
    pub emails: &'a [&'a str],
}

/// An answer that is made.
pub type Answering<'r> = Pin<Box<dyn Future<Output = DoorAnswer> + Send + 'r>>;

/// A request, as far as a door needs to know it. None that is here reads its headers or its body.
#[derive(Clone, Copy, Debug)]
pub struct DoorRequest<'r> {
    /// `GET`, `POST`, …
    pub method: &'r str,
    /// Where to.
    pub to: Addressed<'r>,
    /// What follows the path's `?`, as it was sent.
    pub query: Option<&'r str>,
    /// The caller's address.
    pub source: IpAddr,
}

/// Which address was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressed<'r> {
    /// The door's prefix, and then this, as it was sent.
    Path(&'r str),
    /// `/ID`, the short address of what has this id.
    Id(&'r str),
}

/// What a request does, as far as it matters which page had a browser send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads.
    Reads,
    /// It is a ping.
    Pings,
    /// It changes something.
    Changes,
}

/// What is answered.
#[derive(Debug)]
pub struct DoorAnswer {
    /// HTTP's code.
    pub status: u16,
    /// In this order.
    pub headers: Vec<(&'static str, String)>,
    /// What follows them.
    pub body: DoorBody,
    /// How the ping ended, if it was to be one: pings are counted by whatever door they come.
    pub ping: Option<PingEnd>,
}

/// Writes an answer's body.
pub type WriteBody = Box<dyn FnOnce(&mut dyn io::Write) -> io::Result<()> + Send>;

/// What is sent.
pub enum DoorBody {
    /// A text.
    Text(String),
    /// What this writes, while it is sent; an error cuts the answer short.
    Written {
        /// Writes it; takes as long as its reader does.
        write: WriteBody,
        /// It is cut short then.
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

/// How a ping ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PingEnd {
    /// Stored.
    Accepted,
    /// It was for none that is known.
    UnknownCheck,
    /// A wrong key, or none where one is required.
    BadKey,
    /// It could not be understood.
    BadRequest,
    /// It could not be stored now.
    Overloaded,
}
