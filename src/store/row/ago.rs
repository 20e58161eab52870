//! Times of a row, as distances: most of them lie close to the newest, and take few bytes so.

use serde::{Deserialize, Serialize};

use crate::core::time::{Span, Time};

/// A time, as ms before the newest one of its row.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Ago(pub(super) i64);

/// Converts times to distances before the newest one, and back.
#[derive(Clone, Copy)]
pub(super) struct Since(pub(super) Time);

impl Since {
    pub(super) fn ago(self, time: Time) -> Ago {
        Ago((self.0 - time).as_ms())
    }

    pub(super) fn maybe(self, time: Option<Time>) -> Option<Ago> {
        time.map(|time| self.ago(time))
    }

    /// [`Time::MIN`] stands for "never" and would take nine bytes, so it is stored as `None`.
    pub(super) fn unless_never(self, time: Time) -> Option<Ago> {
        (time != Time::MIN).then(|| self.ago(time))
    }

    pub(super) fn time(self, ago: Ago) -> Time {
        self.0 - Span::ms(ago.0)
    }

    pub(super) fn times(self, ago: Option<Ago>) -> Option<Time> {
        ago.map(|ago| self.time(ago))
    }
}
