//! Who does something, and by which door.

use super::aside::Room;

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// As the history has it: `ann`, `ci (token)`, `user 1000`.
    pub name: String,
    /// Where they came in.
    pub door: Entrance,
}

/// Where somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// The API, over the network.
    Api,
    /// The socket of the data folder.
    Socket,
    /// The interface of this other system.
    Compat(&'static str),
}

impl Actor {
    /// The longest name of who says something, in bytes.
    pub const MAX_NAME_BYTES: usize = 100;

    /// For whom it is done.
    pub(super) fn room(&self) -> Room {
        match self.door {
            Entrance::Api | Entrance::Compat(_) => Room::Programs,
            Entrance::Socket => Room::Operators,
        }
    }

    /// Puts into the log what was done. Doors of other systems do so themselves, with their own names of things.
    pub(super) fn log(&self, done: &str) {
        let by = &*self.name;
        match self.door {
            Entrance::Api => tracing::info!(by, "by the API: {done}"),
            Entrance::Socket => tracing::info!(by, "by the control socket: {done}"),
            Entrance::Compat(_) => {}
        }
    }
}
