//! The checks that a call changes, as it leaves them: beside what readers see, until it is committed.

use std::sync::Arc;

use super::ids::ById;

use crate::core::check::{CheckId, Definition};
use crate::core::state::State;
use crate::core::window::WindowCount;
use crate::store::sqlite::memory::Slot;

/// One check as a call leaves it.
pub(in crate::store::sqlite) struct Staged {
    pub(in crate::store::sqlite) definition: Arc<Definition>,
    pub(in crate::store::sqlite) state: State,
    pub(in crate::store::sqlite) last_ping: i64,
    pub(in crate::store::sqlite) pings: i64,
    /// All successes in the window, where they were counted anew.
    pub(in crate::store::sqlite) window: Option<WindowCount>,
    /// It is new, or declared otherwise.
    pub(in crate::store::sqlite) is_redeclared: bool,
    /// A rename gave its name to another.
    pub(in crate::store::sqlite) is_superseded: bool,
    /// Nothing but pings that flipped nothing: its row may stay behind them.
    pub(in crate::store::sqlite) may_stay_behind: bool,
    was_archived: bool,
}

impl Staged {
    /// A check that no row holds yet.
    pub(in crate::store::sqlite) fn new(definition: Arc<Definition>, state: State) -> Staged {
        Staged {
            definition,
            was_archived: false,
            state,
            last_ping: 0,
            pings: 0,
            window: None,
            is_redeclared: true,
            is_superseded: false,
            may_stay_behind: false,
        }
    }

    /// A check as it was before the call.
    pub(in crate::store::sqlite) fn of(slot: &Slot) -> Staged {
        let state = slot.check.state();
        Staged {
            definition: slot.check.definition.clone(),
            was_archived: state.archived.is_some(),
            state,
            last_ping: slot.last_ping,
            pings: slot.pings,
            window: None,
            is_redeclared: false,
            is_superseded: false,
            may_stay_behind: true,
        }
    }

    /// Whether readers need a new list of checks.
    pub(in crate::store::sqlite) fn changes_the_list(&self) -> bool {
        self.is_redeclared || self.state.archived.is_some() != self.was_archived
    }
}

/// All of them, in the order in which the call came to them. Its room is used again by the next call: every ping needs
/// some, and of so much at a time the allocator would make hard work.
#[derive(Default)]
pub(in crate::store::sqlite) struct Staging {
    checks: Vec<(CheckId, Staged)>,
    places: ById<usize>,
}

impl Staging {
    /// Room for so many is kept.
    const KEPT: usize = 4096;

    pub(in crate::store::sqlite) fn get(&self, id: CheckId) -> Option<&Staged> {
        self.places.get(&id).map(|place| &self.checks[*place].1)
    }

    pub(in crate::store::sqlite) fn get_mut(&mut self, id: CheckId) -> Option<&mut Staged> {
        self.places.get(&id).map(|place| &mut self.checks[*place].1)
    }

    pub(in crate::store::sqlite) fn insert(&mut self, id: CheckId, staged: Staged) -> &mut Staged {
        let before = self.places.insert(id, self.checks.len());
        assert!(before.is_none(), "a check is staged once");
        self.checks.push((id, staged));
        let (_, staged) = self.checks.last_mut().expect("it was pushed above");
        staged
    }

    pub(in crate::store::sqlite) fn iter(&self) -> impl Iterator<Item = (CheckId, &Staged)> {
        self.checks.iter().map(|(id, staged)| (*id, staged))
    }

    pub(in crate::store::sqlite) fn iter_mut(&mut self) -> impl Iterator<Item = (CheckId, &mut Staged)> {
        self.checks.iter_mut().map(|(id, staged)| (*id, staged))
    }

    /// Empties it for the next call.
    pub(in crate::store::sqlite) fn clear(&mut self) {
        self.checks.clear();
        self.checks.shrink_to(Staging::KEPT);
        self.places.clear();
        self.places.shrink_to(Staging::KEPT);
    }
}
