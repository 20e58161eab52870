//! The time at which it is looked again at what waits for a receiver.

use crate::core::outbox::Occasion;
use crate::core::time::Time;

/// When a receiver is looked at again, and why. No row holds it: a start makes it anew, out of what rests, and looks at once.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::store) struct Pace {
    /// When something that waits may leave.
    pub(in crate::store) look_at: Option<Time>,
    /// When something that rests may be tried again.
    pub(in crate::store) try_at: Option<Time>,
    /// Why that may be sooner than it is due.
    pub(in crate::store) occasion: Option<Occasion>,
    /// When something that rests was tried in vain.
    pub(in crate::store) tried_at: Option<Time>,
    /// Until then the address of a check's own mail has had enough.
    pub(in crate::store) limited_until: Option<Time>,
}

impl Pace {
    /// What is not found out by a look is as it was.
    pub(in crate::store) fn recall(&mut self, before: Pace) {
        let Pace { occasion, tried_at, limited_until, .. } = before;
        *self = Pace { occasion, tried_at, limited_until, ..*self };
    }

    /// Something that waits may leave at this time, if nothing may before.
    pub(in crate::store) fn look_by(&mut self, at: Time) {
        self.look_at = Some(self.look_at.map_or(at, |other| other.min(at)));
    }

    /// Something that rests may be tried at this time, if nothing may before.
    pub(in crate::store) fn try_by(&mut self, at: Time) {
        self.try_at = Some(self.try_at.map_or(at, |other| other.min(at)));
    }
}
