//! Where judging panics, that is caught here, and ends nothing but itself (1.6).

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::core::check::Spec;

thread_local! {
    static BROKEN: Cell<fn(&Spec) -> bool> = const { Cell::new(|_| false) };
}

/// From now on this thread cannot judge by such specs: for tests, which know of no other that cannot be judged by.
#[doc(hidden)]
pub fn break_judging_by(are_broken: fn(&Spec) -> bool) {
    BROKEN.set(are_broken);
}

/// Judges by a spec; `None`: that panicked. Whatever `judge` was given to change is lost then.
pub(super) fn guarded<R>(spec: &Spec, judge: impl FnOnce() -> R) -> Option<R> {
    let judge = || {
        assert!(!BROKEN.get()(spec), "a test broke it");
        judge()
    };
    catch_unwind(AssertUnwindSafe(judge)).ok()
}
