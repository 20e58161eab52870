//! The keys of the section `compat`, one for each interface of another system. Whoever loads a configuration knows which
//! there are: each is a folder of a room above this one.

use super::server::{COMPAT, COMPAT_SYSTEM};
use crate::yaml::section::Kind::{Later, Map};
use crate::yaml::section::Need::Optional;
use crate::yaml::section::{Key, Section, key};

/// An interface of another system, as the configuration knows it.
#[derive(Clone, Copy, Debug)]
pub struct KnownDoor {
    /// Its key in `compat`.
    pub name: &'static str,
    /// The system's name for people.
    pub title: &'static str,
    /// One line for the reference.
    pub about: &'static str,
}

/// The interfaces that a configuration may switch on.
#[derive(Debug, Default)]
pub struct DoorKeys {
    keys: Vec<Key>,
    titles: Vec<&'static str>,
}

impl DoorKeys {
    /// `later` are the names of those that are not built yet.
    pub fn new(built: impl IntoIterator<Item = KnownDoor>, later: &[&'static str]) -> DoorKeys {
        let mut doors = DoorKeys::default();
        for KnownDoor { name, title, about } in built {
            doors.keys.push(key(name, Map(&COMPAT_SYSTEM), Optional, about));
            doors.titles.push(title);
        }
        doors.keys.extend(later.iter().map(|name| key(name, Later, Optional, "")));
        doors
    }

    /// The names of those that are built.
    pub(in crate::config) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().take(self.titles.len()).map(|key| key.name)
    }

    /// The section `compat`.
    pub(in crate::config) fn section(&'static self) -> Section {
        Section { keys: &self.keys, ..COMPAT }
    }

    /// What `compat` is for.
    pub(in crate::config) fn doc(&self) -> String {
        match self.titles.as_slice() {
            [] => "Interfaces of other systems.".to_owned(),
            [only] => format!("The interface of {only}."),
            [first @ .., last] => format!("Interfaces of {} and {last}.", first.join(", ")),
        }
    }
}
