//! What a look came to.

use crate::core::assertion::Outcome;

/// What a look came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeFound {
    pub outcome: Outcome,
    /// Why it is so, in a line for people; "": it holds.
    pub why: String,
    /// What it has seen, for people; "": nothing beyond that.
    pub text: String,
}

impl ProbeFound {
    pub fn holds() -> ProbeFound {
        ProbeFound { outcome: Outcome::Holds, why: String::new(), text: String::new() }
    }

    pub fn violated(why: impl Into<String>) -> ProbeFound {
        ProbeFound { outcome: Outcome::Violated, why: why.into(), text: String::new() }
    }

    pub fn unknown(why: impl Into<String>) -> ProbeFound {
        ProbeFound { outcome: Outcome::Unknown, why: why.into(), text: String::new() }
    }
}
