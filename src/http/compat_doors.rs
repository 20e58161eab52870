//! The interfaces of other systems, as the configuration opens them.

use super::hash::Hash;
use crate::config::{Compat, Trigger};

/// The interfaces of other systems: which are switched on, and with which key.
#[derive(Debug, Default)]
pub struct CompatDoors(Vec<(&'static str, CompatDoor)>);

/// An interface of another system that is switched on.
#[derive(Debug)]
pub struct CompatDoor {
    key: Option<Hash>,
    trigger: Trigger,
}

impl CompatDoors {
    /// Those that are switched on.
    pub fn new(compat: &[Compat]) -> CompatDoors {
        let door = |compat: &Compat| {
            let key = compat.auth_key.as_ref().map(|key| Hash::of(key.expose().as_bytes()));
            (compat.system, CompatDoor { key, trigger: compat.trigger })
        };
        CompatDoors(compat.iter().map(door).collect())
    }

    /// The door of this system; `None`: it is switched off.
    pub(super) fn of(&self, system: &str) -> Option<&CompatDoor> {
        self.0.iter().find(|(other, _)| *other == system).map(|(_, door)| door)
    }
}

impl CompatDoor {
    /// Whether an `auth_key` is asked for.
    pub fn needs_key(&self) -> bool {
        self.key.is_some()
    }

    /// Whether knowing a slug or a name is enough for a trigger: then neither is a secret.
    pub(super) fn is_open_to_names(&self) -> bool {
        self.trigger == Trigger::Open
    }

    /// What a trigger asks for.
    pub(super) fn trigger(&self) -> Trigger {
        self.trigger
    }

    /// Whether this `auth_key` opens it; without a key of its own whatever is given does.
    pub fn is_opened_by(&self, given: Option<&[u8]>) -> bool {
        match (&self.key, given) {
            (None, _) => true,
            (Some(key), Some(given)) => key.equals(&Hash::of(given)),
            (Some(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::secret::Secret;

    #[test]
    fn a_door_of_another_system_is_shut_open_or_has_a_key() {
        let compat = |system, key: Option<&str>| Compat {
            system,
            auth_key: key.map(Secret::new),
            trigger: Trigger::Open,
        };
        let doors = CompatDoors::new(&[compat("coal_mine", Some("k"))]);
        assert!(doors.of("nights_watch").is_none());
        let door = doors.of("coal_mine").expect("it is switched on");
        assert!(door.needs_key() && door.is_opened_by(Some(b"k")));
        assert!(!door.is_opened_by(Some(b"K")) && !door.is_opened_by(None));
        let open = CompatDoors::new(&[compat("coal_mine", None)]);
        let door = open.of("coal_mine").expect("it is switched on");
        assert!(!door.needs_key() && door.is_opened_by(None));
    }
}
