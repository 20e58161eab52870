//! Who asks, as far as it is known.

use std::sync::Arc;

use crate::app::{Entrance, Room};

/// Who asks, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Whoever reaches the port.
    Anybody,
    /// Whoever has the token of this name.
    Token(Arc<str>),
    /// The user of this number on this machine, at the socket of the data folder: may do everything.
    User(u32),
}

impl Caller {
    /// Where they came in.
    pub(super) fn entrance(&self) -> Entrance {
        match self {
            Caller::Anybody | Caller::Token(_) => Entrance::Api,
            Caller::User(_) => Entrance::Socket,
        }
    }

    /// For whom work is done.
    pub(super) fn room(&self) -> Room {
        match self {
            Caller::Anybody | Caller::Token(_) => Room::Programs,
            Caller::User(_) => Room::Operators,
        }
    }
}
