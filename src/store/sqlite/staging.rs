//! The checks that a call changes, as it leaves them: beside what readers see, until it is committed.

use std::sync::Arc;

use super::ids::ById;
use crate::core::check::{CheckId, Definition};
use crate::core::state::State;
use crate::core::window::WindowCount;

/// One check as a call leaves it.
pub(super) struct Staged {
    pub(super) definition: Arc<Definition>,
    pub(super) state: State,
    pub(super) last_ping: i64,
    pub(super) pings: i64,
    /// All successes in the window, where they were counted anew.
    pub(super) window: Option<WindowCount>,
    /// Readers need a new list of checks: it is new, archived, back, or declared otherwise.
    pub(super) is_redeclared: bool,
    /// A rename gave its name to another.
    pub(super) is_superseded: bool,
    /// Nothing but pings that flipped nothing: its row may stay behind them.
    pub(super) may_stay_behind: bool,
}

/// All of them, in the order in which the call came to them. Its room is used again by the next call: every ping needs
/// some, and of so much at a time the allocator would make hard work.
#[derive(Default)]
pub(super) struct Staging {
    checks: Vec<(CheckId, Staged)>,
    places: ById<usize>,
}

impl Staging {
    /// Room for so many is kept.
    const KEPT: usize = 4096;

    pub(super) fn get(&self, id: CheckId) -> Option<&Staged> {
        self.places.get(&id).map(|place| &self.checks[*place].1)
    }

    pub(super) fn get_mut(&mut self, id: CheckId) -> Option<&mut Staged> {
        self.places.get(&id).map(|place| &mut self.checks[*place].1)
    }

    pub(super) fn insert(&mut self, id: CheckId, staged: Staged) -> &mut Staged {
        let before = self.places.insert(id, self.checks.len());
        assert!(before.is_none(), "a check is staged once");
        self.checks.push((id, staged));
        let (_, staged) = self.checks.last_mut().expect("it was pushed above");
        staged
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (CheckId, &Staged)> {
        self.checks.iter().map(|(id, staged)| (*id, staged))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (CheckId, &mut Staged)> {
        self.checks.iter_mut().map(|(id, staged)| (*id, staged))
    }

    /// Empties it for the next call.
    pub(super) fn clear(&mut self) {
        self.checks.clear();
        self.checks.shrink_to(Staging::KEPT);
        self.places.clear();
        self.places.shrink_to(Staging::KEPT);
    }
}
