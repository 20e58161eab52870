//! The checks that a call changes, as it leaves them: beside what readers see, until it is committed.

use std::sync::Arc;

use smallvec::SmallVec;

use super::fast::ids::ById;
use super::memory::Slot;
use crate::core::check::{CheckId, Definition};
use crate::core::state::State;
use crate::core::time::Time;
use crate::core::window::WindowCount;

/// One check as a call leaves it.
pub(super) struct Staged {
    pub(super) definition: Arc<Definition>,
    pub(super) state: State,
    pub(super) last_ping: i64,
    pub(super) pings: i64,
    /// All successes in the window before these, where they were counted anew.
    pub(super) window: Option<WindowCount>,
    /// Successes that this call took, in their order: one, nearly always.
    pub(super) successes: SmallVec<[Time; 1]>,
    /// It is new, or declared otherwise.
    pub(super) is_redeclared: bool,
    /// A rename gave its name to another.
    pub(super) is_superseded: bool,
    /// Nothing but pings that flipped nothing: its row may stay behind them.
    pub(super) may_stay_behind: bool,
    was_archived: bool,
}

impl Staged {
    /// A check that no row holds yet.
    pub(super) fn new(definition: Arc<Definition>, state: State) -> Staged {
        Staged {
            definition,
            was_archived: false,
            state,
            last_ping: 0,
            pings: 0,
            window: None,
            successes: SmallVec::new(),
            is_redeclared: true,
            is_superseded: false,
            may_stay_behind: false,
        }
    }

    /// A check as it was before the call.
    pub(super) fn of(slot: &Slot) -> Staged {
        let state = slot.check.state();
        Staged {
            definition: slot.check.definition.clone(),
            was_archived: state.archived.is_some(),
            state,
            last_ping: slot.last_ping,
            pings: slot.pings,
            window: None,
            successes: SmallVec::new(),
            is_redeclared: false,
            is_superseded: false,
            may_stay_behind: true,
        }
    }

    /// The window as this call leaves it; before, it was that of `slot`, if there was one.
    pub(super) fn window(&self, slot: Option<&Slot>) -> WindowCount {
        let mut window = match (&self.window, slot) {
            (Some(window), _) => window.clone(),
            (None, Some(slot)) => slot.check.known().window.clone(),
            (None, None) => WindowCount::new(self.definition.count_window()),
        };
        self.successes.iter().for_each(|at| window.add(*at));
        window
    }

    /// Whether readers need a new list of checks.
    pub(super) fn changes_the_list(&self) -> bool {
        self.is_redeclared || self.state.archived.is_some() != self.was_archived
    }
}

/// All of them, in the order in which the call came to them.
#[derive(Default)]
pub(super) struct Staging {
    checks: Vec<(CheckId, Staged)>,
    places: ById<usize>,
}

impl Staging {
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
}
