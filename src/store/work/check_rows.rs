//! The rows of checks, in one transaction: what they are declared as, and how they stand.

use std::sync::Arc;

use crate::core::cause::Causes;
use crate::core::check::{CheckId, Definition, Name};
use crate::core::route::Dependency;
use crate::core::state::State;
use crate::core::step::{Flip, Judgement};
use crate::core::time::Time;
use crate::store::StoreError;

/// How a check stands, as far as deliveries ask.
pub(in crate::store) struct CheckNow {
    pub(in crate::store) causes: Causes,
    pub(in crate::store) is_paused: bool,
    pub(in crate::store) is_archived: bool,
}

/// A check as this call has left it so far.
pub(in crate::store) struct CheckToChange<'a> {
    pub(in crate::store) definition: &'a Arc<Definition>,
    pub(in crate::store) state: &'a State,
}

/// How a state became another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Became {
    /// By a ping that flipped nothing. The same step over the same pings makes the same state, so its row may be written later.
    ByPing,
    /// By something else: its row is written in this call.
    Otherwise,
}

/// Row operations. All that a call reads is as this call has left it so far.
pub(in crate::store) trait CheckRows {
    /// What a check is declared as.
    fn definition(&self, check: CheckId) -> Result<Arc<Definition>, StoreError>;
    /// All that is known of a check.
    fn state(&self, check: CheckId) -> Result<State, StoreError>;
    /// How a check stands, as far as deliveries ask.
    fn check_now(&self, check: CheckId) -> Result<CheckNow, StoreError>;
    /// How a check of this name, or of this former name, stands that another depends on; `None`: there is none that is declared.
    fn dependency(&self, name: &Name) -> Result<Option<Dependency>, StoreError>;

    /// The checks whose states know a later time, in the order of their numbers.
    fn known_later_than(&self, now: Time) -> Result<Vec<CheckId>, StoreError>;

    /// A check that this call is to change: nobody else changes it before the call ends. `None`: there is none of this number.
    fn to_change(&mut self, check: CheckId) -> Result<Option<CheckToChange<'_>>, StoreError>;
    /// Moves the state of a check that is to be changed out of its place. [`CheckRows::put_state`] puts the next one there,
    /// before anything else is asked about the check.
    fn take_state(&mut self, check: CheckId) -> State;
    /// Puts the state of a check that is to be changed in its place.
    fn put_state(&mut self, check: CheckId, state: State, became: Became) -> Result<(), StoreError>;

    /// The check that has this name, an archived one too.
    fn named(&self, name: &Name) -> Result<Option<CheckId>, StoreError>;
    /// Writes a check that no row holds yet, and answers the number that it got.
    fn insert_check(&mut self, definition: Arc<Definition>, state: State) -> Result<CheckId, StoreError>;
    /// A check that is to be changed is declared otherwise from now on.
    fn update_check(&mut self, check: CheckId, definition: Arc<Definition>) -> Result<(), StoreError>;
    /// The name of a check is free; its history stays for as long as that of every archived check.
    fn supersede(&mut self, check: CheckId) -> Result<(), StoreError>;
    /// The old URL leads to this check.
    fn put_former_name(&mut self, old: &Name, check: CheckId) -> Result<(), StoreError>;
    /// Does nothing where it is nobody's.
    fn delete_former_name(&mut self, name: &Name) -> Result<(), StoreError>;

    fn insert_flip(&mut self, check: CheckId, flip: &Flip) -> Result<(), StoreError>;
    fn insert_judgement(&mut self, check: CheckId, judgement: &Judgement) -> Result<(), StoreError>;
}
