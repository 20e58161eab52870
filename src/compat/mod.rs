//! Other systems' interfaces, for the jobs, scripts and clients of their users: one folder a system, behind one trait,
//! [`Door`].
//!
//! A door is asked in plain types and answers in plain types; what it may do is what its [`Host`] lets it do. Whoever
//! brings requests to it, and what else they must pass, is not its business. To delete a door, delete its folder and its
//! two lines below; `canaries` goes with the last that speaks of such.

mod canaries;
mod coal_mine;
mod door;
mod host;
mod nights_watch;

pub use self::canaries::{MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES, slug as slug_of};
pub use self::door::{
    Addressed, Answering, Door, DoorAnswer, DoorBody, DoorRequest, Effect, InWords, PingEnd, WriteBody,
};
pub use self::host::{DoorSettings, Host, KeyVerdict, Pending, StoreWork, Unavailable, Work};

use crate::core::check::Origin;
use crate::core::origin::Origins;

/// All doors; each answers where the configuration switches it on.
pub static DOORS: &[&dyn Door] = &[&coal_mine::DOOR, &nights_watch::DOOR];

/// The door of this name.
pub fn door_of(name: &str) -> Option<&'static dyn Door> {
    DOORS.iter().find(|door| door.name() == name).copied()
}

/// What sets the checks of each door's users apart, for the store.
pub fn origins() -> Origins {
    DOORS.iter().map(|door| (Origin::new(door.name()), door.habits())).collect()
}

/// The door that answers `/ID`: that of the system which knows this id, if it is switched on, else the first one that is.
pub fn door_of_id(host: &dyn Host, id: &str) -> Option<&'static dyn Door> {
    let is_open = |door: &&'static dyn Door| host.settings(door.name()).is_some();
    let known = host.live().find_alias(id);
    let alias = known.as_ref().and_then(|check| check.definition.alias.as_ref());
    let known = alias.and_then(|alias| door_of(alias.origin.as_str())).filter(is_open);
    known.or_else(|| DOORS.iter().copied().find(is_open))
}
