//! People who are known by something else than a token of ours, and passwords that were right (23.5, 23.9f).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::hash::are_equal;
use super::shares::Shares;
use crate::app::KnownBy;
use crate::config::{self, Scope};
use crate::core::secret::Secret;

/// Somebody who is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownPerson {
    pub(super) name: Arc<str>,
    pub(super) scope: Scope,
    pub(super) by: KnownBy,
}

/// People with passwords.
#[derive(Debug, Default)]
pub struct People(pub(super) Vec<(Arc<str>, Secret, Scope)>);

impl People {
    /// These people.
    pub fn new(people: &[config::Person]) -> People {
        let known =
            |person: &config::Person| (person.name.as_str().into(), person.hash.clone(), person.scope);
        People(people.iter().map(known).collect())
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }
}

/// Passwords that were right lately, and room for those that are looked at: each takes a thread for a tenth of a second or
/// longer, on purpose.
pub(super) struct Passwords {
    /// One of each person, by their name: whoever comes each few seconds costs nothing, however many do.
    right: Mutex<HashMap<Arc<str>, [u8; 32]>>,
    pub(super) room: Arc<Shares>,
}

impl Passwords {
    /// Looked at together, half of them of one address.
    const AT_A_TIME: usize = 2;
    /// So long one waits for its turn.
    pub(super) const PATIENCE: Duration = Duration::from_secs(5);

    pub(super) fn new() -> Passwords {
        Passwords { right: Mutex::default(), room: Shares::new(Passwords::AT_A_TIME) }
    }

    fn right(&self) -> MutexGuard<'_, HashMap<Arc<str>, [u8; 32]>> {
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this was right of this name; `key` stands for the password, and for the hash that it fits.
    pub(super) fn remembers(&self, name: &str, key: &[u8; 32]) -> bool {
        self.right().get(name).is_some_and(|right| are_equal(right, key))
    }

    /// It was right.
    pub(super) fn remember(&self, name: &Arc<str>, key: [u8; 32]) {
        self.right().insert(name.clone(), key);
    }

    /// Forgets those who are no more. So there are never more than a configuration has.
    pub(super) fn keep_only(&self, people: &People) {
        let names: HashSet<&str> = people.0.iter().map(|(name, ..)| &**name).collect();
        self.right().retain(|name, _| names.contains(&**name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_person_one_password_is_remembered_as_long_as_they_are_there() {
        let passwords = Passwords::new();
        let name = |number: usize| -> Arc<str> { number.to_string().into() };
        for number in 0..1000 {
            passwords.remember(&name(number), [1; 32]);
            passwords.remember(&name(number), [2; 32]);
        }
        assert!((0..1000).all(|number| passwords.remembers(&name(number), &[2; 32])));
        assert!(!passwords.remembers("7", &[1; 32]) && !passwords.remembers("1000", &[2; 32]));
        passwords.keep_only(&People(vec![(name(7), Secret::new("hash"), Scope::Read)]));
        assert!(passwords.remembers("7", &[2; 32]) && !passwords.remembers("8", &[2; 32]));
        assert_eq!(passwords.right().len(), 1);
    }
}
