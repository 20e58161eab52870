//! Who does something, and by which door.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::aside::Room;

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name that they gave, if they gave one.
    pub said: Option<String>,
    /// Where they came in, and by what they were let in.
    pub door: Entrance,
}

/// Where somebody came in, and by what they were let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// The API, over the network.
    Api {
        /// The name of the token that was shown, if one was.
        token: Option<Arc<str>>,
        /// The peer's address.
        source: IpAddr,
    },
    /// A page, over the network.
    Page {
        /// The name of the token that they signed in with, if they did.
        token: Option<Arc<str>>,
        /// The peer's address.
        source: IpAddr,
    },
    /// A page, over the network, by somebody who is known by name.
    Person {
        /// Their name.
        name: Arc<str>,
        /// Who says so.
        by: KnownBy,
        /// The address that they come from.
        source: IpAddr,
    },
    /// A link in a message (22.5).
    Link {
        /// To whom that was sent.
        receiver: Arc<str>,
        /// The peer's address.
        source: IpAddr,
    },
    /// The socket of the data folder: the user's number.
    Socket(u32),
    /// The interface of this other system.
    Compat(&'static str, Visitor),
}

/// How the name of somebody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// A proxy that is trusted says it (23.5).
    Proxy,
    /// They have the password of that name (23.9f).
    Password,
}

impl KnownBy {
    /// As the history has it.
    pub fn as_str(self) -> &'static str {
        match self {
            KnownBy::Proxy => "proxy",
            KnownBy::Password => "password",
        }
    }
}

/// Whose connection a request came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visitor {
    /// Somebody's on the network.
    Address(IpAddr),
    /// The operator's: the user of this number, at the socket of the data folder.
    User(u32),
}

impl Visitor {
    /// Where they are: at the socket on this machine.
    pub fn address(self) -> IpAddr {
        match self {
            Visitor::Address(source) => source,
            Visitor::User(_) => Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// For whom what programs ask for is done.
    pub fn room(self) -> Room {
        match self {
            Visitor::Address(_) => Room::Programs,
            Visitor::User(_) => Room::Operators,
        }
    }
}

impl fmt::Display for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Visitor::Address(source) => source.fmt(f),
            Visitor::User(user) => write!(f, "user {user}"),
        }
    }
}

impl Actor {
    /// The longest name that somebody may give themselves, in bytes.
    pub const MAX_NAME_BYTES: usize = 100;

    /// As the history has it: `ann (token oncall)`, `oncall (token)`, `ann (user 0)`, `user 0` (22.1a).
    pub fn name(&self) -> String {
        match (&self.door, &self.said) {
            (Entrance::Api { token, source } | Entrance::Page { token, source }, said) => {
                over_network(token.as_deref(), *source, said.as_deref())
            }
            // Whoever is known need not say a name, and none that they say hides theirs.
            (Entrance::Person { name, by, .. }, _) => format!("{name} ({})", by.as_str()),
            (Entrance::Link { receiver, .. }, said) => {
                format!("{} (link to {receiver})", said.as_deref().unwrap_or("somebody"))
            }
            (Entrance::Socket(user), None) => format!("user {user}"),
            // Commands say so of whoever has no name.
            (Entrance::Socket(user), Some(said)) if *said == format!("user {user}") => said.clone(),
            (Entrance::Socket(user), Some(said)) => format!("{said} (user {user})"),
            (Entrance::Compat(system, visitor), _) => format!("{system} at {visitor}"),
        }
    }

    /// For whom it is done.
    pub(super) fn room(&self) -> Room {
        match self.door {
            Entrance::Api { .. } => Room::Programs,
            Entrance::Page { .. } | Entrance::Person { .. } | Entrance::Link { .. } => Room::Pages,
            Entrance::Socket(_) => Room::Operators,
            Entrance::Compat(_, visitor) => visitor.room(),
        }
    }

    /// Puts into the log what was done, with each fact in a field of its own.
    pub(super) fn log(&self, done: &str) {
        self.log_with(None, done);
    }

    /// The same of this check.
    pub(super) fn log_of(&self, check: &str, done: &str) {
        self.log_with(Some(check), done);
    }

    /// Doors of other systems log themselves, with their own names of things.
    fn log_with(&self, check: Option<&str>, done: &str) {
        let by = self.said.as_deref();
        match &self.door {
            Entrance::Api { token, source } => {
                tracing::info!(check, by, token = token.as_deref(), %source, "by the API: {done}");
            }
            Entrance::Page { token, source } => {
                tracing::info!(check, by, token = token.as_deref(), %source, "on a page: {done}");
            }
            Entrance::Person { name, by, source } => {
                tracing::info!(check, by = &**name, known_by = by.as_str(), %source, "on a page: {done}");
            }
            Entrance::Link { receiver, source } => {
                tracing::info!(check, by, %receiver, %source, "by a link in a message: {done}");
            }
            Entrance::Socket(user) => tracing::info!(check, by, user, "by the control socket: {done}"),
            Entrance::Compat(..) => {}
        }
    }
}

fn over_network(token: Option<&str>, source: IpAddr, said: Option<&str>) -> String {
    match (token, said) {
        (Some(token), None) => format!("{token} (token)"),
        (Some(token), Some(said)) => format!("{said} (token {token})"),
        (None, None) => source.to_string(),
        (None, Some(said)) => format!("{said} ({source})"),
    }
}
