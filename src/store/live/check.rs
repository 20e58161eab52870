//! A check as readers see it.

use std::hint::black_box;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::core::check::{CheckId, Definition};
use crate::core::state::State;
use crate::core::window::WindowCount;

#[derive(Debug)]
pub struct Check {
    pub id: CheckId,
    /// What is declared.
    pub definition: Arc<Definition>,
    known: Mutex<Known>,
}

/// What is known of a check.
#[derive(Clone, Debug)]
pub struct Known {
    /// The committed state.
    pub state: State,
    /// Counts for `count_in_window`.
    pub window: WindowCount,
}

impl Check {
    pub fn new(id: CheckId, definition: Arc<Definition>, known: Known) -> Check {
        Check { id, definition, known: Mutex::new(known) }
    }

    /// Reads something of each part that a ping needs, so that the processor loads it into its cache. Holds no lock.
    pub fn fetch(&self) {
        let Definition { spec, alias, .. } = &*self.definition;
        black_box((
            self.known.is_poisoned(),
            Arc::strong_count(&self.definition),
            spec.paused,
            alias.is_some(),
        ));
    }

    /// What is known of it now. Hold the lock briefly: the writer waits for it.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of its state, for work that takes longer, such as walking through a schedule.
    pub fn state(&self) -> State {
        self.known().state.clone()
    }
}
