//! Who asks, as far as it is known.

use std::net::IpAddr;
use std::sync::Arc;

use super::auth::Admission;
use crate::app::{Entrance, KnownBy, Room};

/// Who asks, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Whoever reaches the port.
    Anybody,
    /// Whoever may ping, by what they showed or without anything, and does nothing else.
    Pinger(Admission),
    /// Whoever has the token of this name.
    Token(Arc<str>),
    /// Whoever is known by this name.
    Person(Arc<str>, KnownBy),
    /// The user of this number on this machine, at the socket of the data folder: may do everything.
    User(u32),
}

impl Caller {
    /// Where they came in, from this address.
    pub(super) fn entrance(&self, source: IpAddr) -> Entrance {
        match self {
            Caller::Anybody | Caller::Pinger(_) => Entrance::Api { token: None, source },
            Caller::Token(token) => Entrance::Api { token: Some(token.clone()), source },
            Caller::Person(name, by) => Entrance::Person { name: name.clone(), by: *by, source },
            Caller::User(user) => Entrance::Socket(*user),
        }
    }

    /// Where they came in who act on a page, from this address.
    pub(super) fn on_page(&self, source: IpAddr) -> Entrance {
        match self.entrance(source) {
            Entrance::Api { token, source } => Entrance::Page { token, source },
            other => other,
        }
    }

    /// For whom work is done.
    pub(super) fn room(&self) -> Room {
        match self {
            Caller::Anybody | Caller::Pinger(_) | Caller::Token(_) | Caller::Person(..) => Room::Programs,
            Caller::User(_) => Room::Operators,
        }
    }
}
