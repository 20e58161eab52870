//! What the server offers to its doors.

use std::pin::Pin;
use std::sync::Arc;

use crate::app::{Bug, Services, Visitor};
use crate::config::Trigger;

/// The server, as far as its doors need it.
pub trait Host: Send + Sync {
    /// What operations need.
    fn services(&self) -> &Arc<Services>;

    /// The configuration of a system's door; `None` if it is switched off.
    fn settings(&self, system: &str) -> Option<DoorSettings>;

    /// Judges a key shown at a system's door. Wrong keys from the network are counted and limited; where somebody guesses, a
    /// short key is judged after a moment.
    fn judge_key<'r>(&'r self, system: &'static str, key: &'r str, visitor: Visitor) -> Judging<'r>;
}

/// A judgement in progress.
pub type Judging<'r> = Pin<Box<dyn Future<Output = KeyVerdict> + Send + 'r>>;

/// How a door is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorSettings {
    /// Whether it asks for a key.
    pub needs_key: bool,
    /// What a ping needs.
    pub trigger: Trigger,
    /// Whether a mail server is configured, so that checks may have addresses of their own.
    pub mail: bool,
}

impl DoorSettings {
    /// Whether a ping needs the key. If the door has no key, nobody can show one.
    pub fn trigger_needs_key(&self, by_id: bool) -> bool {
        match self.trigger {
            Trigger::Open => false,
            Trigger::Id => !by_id,
            Trigger::Key => true,
        }
    }
}

/// The result of checking a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyVerdict {
    /// It is the door's key.
    Right,
    /// It is not the door's key.
    Wrong,
    /// Too many that are not the door's key came from this address. This one is none either, or it is short and was not looked at.
    TooMany {
        /// When to try again.
        again_in_secs: u32,
    },
}

impl dyn Host {
    /// Does something that takes a while on a thread that may block, so that no ping waits for it.
    pub async fn aside<R: Send + 'static>(
        &self,
        visitor: Visitor,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Bug> {
        self.services().aside(visitor.room(), work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_asks_for_what_its_door_says() {
        let check = |trigger: Trigger, expected: [bool; 2]| {
            let door = DoorSettings { needs_key: false, trigger, mail: false };
            assert_eq!([true, false].map(|by_id| door.trigger_needs_key(by_id)), expected, "{trigger:?}");
        };
        check(Trigger::Open, [false, false]);
        check(Trigger::Id, [false, true]);
        check(Trigger::Key, [true, true]);
    }
}
