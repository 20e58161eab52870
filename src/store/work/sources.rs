//! Whose results count: a client's where nobody else looks, and our own where they are of what is asserted now.

use super::fact_rows::KeptAs;
use crate::core::assertion::Assertion;
use crate::core::state::State;
use crate::store::FoundAt;

/// How whoever found something out stands to what is asserted now.
pub(super) enum SourceStanding {
    /// Its results count, and are kept so.
    Taken(KeptAs),
    /// punctual looks itself (17.1b).
    Refused,
    /// What was looked at is asserted no more, or was paused (17.7b).
    Outdated,
}

impl SourceStanding {
    /// How it stands to this assertion of a check that stands so.
    pub(super) fn of(assertion: &Assertion, state: &State, source: &FoundAt) -> SourceStanding {
        match source {
            FoundAt::Client(_) if assertion.found_by.is_probe() => SourceStanding::Refused,
            FoundAt::Client(_) => SourceStanding::Taken(KeptAs::Report),
            FoundAt::Probe { assertion: looked_at, begun } => {
                let was_paused = state.pause.since().is_some() || state.armed_since > *begun;
                if was_paused || **looked_at != *assertion {
                    SourceStanding::Outdated
                } else {
                    SourceStanding::Taken(KeptAs::Probe)
                }
            }
        }
    }
}
