//! People who are known by something else than a token of ours, and passwords that were right (23.5, 23.9f).

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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
    right: Mutex<RightOnes>,
    pub(super) room: Arc<Shares>,
}

#[derive(Default)]
struct RightOnes {
    known: HashSet<[u8; 32]>,
    /// The oldest first.
    order: VecDeque<[u8; 32]>,
}

impl Passwords {
    /// Looked at together, half of them of one address.
    const AT_A_TIME: usize = 2;
    /// So long one waits for its turn.
    pub(super) const PATIENCE: Duration = Duration::from_secs(5);
    /// As many as are remembered.
    const REMEMBERED: usize = 100;

    pub(super) fn new() -> Passwords {
        Passwords { right: Mutex::default(), room: Shares::new(Passwords::AT_A_TIME) }
    }

    pub(super) fn remembers(&self, key: &[u8; 32]) -> bool {
        self.right.lock().unwrap_or_else(PoisonError::into_inner).known.contains(key)
    }

    pub(super) fn remember(&self, key: [u8; 32]) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if !right.known.insert(key) {
            return;
        }
        right.order.push_back(key);
        if right.order.len() > Passwords::REMEMBERED
            && let Some(oldest) = right.order.pop_front()
        {
            right.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_passwords_are_remembered_and_the_oldest_goes() {
        let passwords = Passwords::new();
        (0..=100).for_each(|number| passwords.remember([number; 32]));
        (0..=100).for_each(|number| passwords.remember([number; 32]));
        assert_eq!((0..=100).filter(|number| passwords.remembers(&[*number; 32])).count(), 100);
        assert!(passwords.remembers(&[100; 32]));
    }
}
