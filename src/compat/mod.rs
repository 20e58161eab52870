//! Interfaces of other systems, for their users' jobs, scripts and clients: one folder per system, behind one trait,
//! [`Door`].
//!
//! A door gets plain types and answers with plain types, and may do what its [`Host`] offers. How requests reach it,
//! and what checks they pass before, is not its concern. It says all that others must know of its system: its key in the
//! configuration, its paths, which URLs ping, the habits of its users, the words of their mails, and what its files mean. To
//! add a door, add its folder, its `mod` line, and its place in [`DOORS`]; to delete one, delete these. `canaries` goes with
//! the last door that uses it.

mod canaries;
mod coal_mine;
mod door;
mod host;
mod nights_watch;

use std::sync::LazyLock;

pub use self::door::{
    Addressed, Answering, Carried, Door, DoorAnswer, DoorBody, DoorDocument, DoorRequest, Effect, InOurWords,
    MAX_DOCUMENTS, NotCarried, PingEnd, WriteBody,
};
pub use self::host::{DoorSettings, Host, Judging, KeyVerdict};

use crate::config::{DoorKeys, KnownDoor};
use crate::core::check::Origin;
use crate::core::notice::Notice;
use crate::core::origin::Origins;
use crate::notify::{PingUrls, WordedMail};

/// All doors. Each answers only if the configuration switches it on.
pub static DOORS: &[&dyn Door] = &[&coal_mine::DOOR, &nights_watch::DOOR];

/// The doors that are still to come: the configuration says so, where somebody switches one on.
const LATER: &[&str] = &["affirmative", "healthchecks"];

/// The doors, for the configuration.
pub static DOOR_KEYS: LazyLock<DoorKeys> = LazyLock::new(|| {
    let known = |door: &&dyn Door| KnownDoor { name: door.name(), title: door.title(), about: door.about() };
    DoorKeys::new(DOORS.iter().map(known), LATER)
});

/// The door of this name.
pub fn door_of(name: &str) -> Option<&'static dyn Door> {
    DOORS.iter().find(|door| door.name() == name).copied()
}

/// The habits of each door's users, for the store.
pub fn origins() -> Origins {
    DOORS.iter().map(|door| (Origin::new(door.name()), door.habits())).collect()
}

/// The mail about a check to its own addresses, in the words of the system that its users know; `None`: in ours.
pub fn mail(notice: &Notice) -> Option<WordedMail> {
    let alias = notice.alias.as_ref()?;
    door_of(alias.origin.as_str())?.mail(notice)
}

/// The URLs that ping through a door, whether it is open or not.
pub fn ping_urls() -> PingUrls {
    PingUrls::new(DOORS.iter().map(|door| door.ping_path()))
}

/// The door that answers `/ID`: the one whose system knows this id, if it is switched on, otherwise the first that is.
pub fn door_of_id(host: &dyn Host, id: &str) -> Option<&'static dyn Door> {
    let is_open = |door: &&'static dyn Door| host.settings(door.name()).is_some();
    let known = host.services().live.find_alias(id);
    let alias = known.as_ref().and_then(|check| check.definition.alias.as_ref());
    let known = alias.and_then(|alias| door_of(alias.origin.as_str())).filter(is_open);
    known.or_else(|| DOORS.iter().copied().find(is_open))
}
