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
#[derive(Debug)]
pub struct DoorKeys {
    keys: Vec<Key>,
    built: Vec<KnownDoor>,
}

impl DoorKeys {
    /// `later` are the names of those that are not built yet.
    pub fn new(built: impl IntoIterator<Item = KnownDoor>, later: &[&'static str]) -> DoorKeys {
        let built: Vec<KnownDoor> = built.into_iter().collect();
        let keys = built.iter().map(|door| key(door.name, Map(&COMPAT_SYSTEM), Optional, door.about));
        let later = later.iter().map(|name| key(name, Later, Optional, ""));
        DoorKeys { keys: keys.chain(later).collect(), built }
    }

    /// The names of those that are built.
    pub(in crate::config) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.built.iter().map(|door| door.name)
    }

    /// The section `compat`.
    pub(in crate::config) fn section(&'static self) -> Section {
        Section { keys: &self.keys, ..COMPAT }
    }

    /// What `compat` is for.
    pub(in crate::config) fn doc(&self) -> String {
        let titles: Vec<&str> = self.built.iter().map(|door| door.title).collect();
        match titles.as_slice() {
            [] => "Interfaces of other systems.".to_owned(),
            [only] => format!("The interface of {only}."),
            [first @ .., last] => format!("Interfaces of {} and {last}.", first.join(", ")),
        }
    }
}
