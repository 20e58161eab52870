//! The judge: one input, one state, the next state and what is to be told (1.3, 1.4).

use super::cause::{Cause, CauseKind, Causes, Status};
use super::check::{Ping, Spec};
use super::state::State;
use super::time::{Span, Time};

/// What happens to a check.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A job spoke.
    Ping(Ping),
    /// Time passed.
    Tick,
    /// Somebody paused it at run time (7.1).
    Pause,
    /// Somebody ended that pause; a pause by the file stays.
    Unpause,
    /// Its spec is another one from now on (10.1).
    Change(Box<Spec>),
    /// A ping of this check was answered 503 at this time (9.1).
    Refused,
    /// It is no longer declared (10.3).
    Archive,
    /// It is declared again, thus (10.3).
    Return(Box<Spec>),
}

/// What a step made.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The state after it.
    pub state: State,
    /// What changed, oldest first.
    pub flips: Vec<Flip>,
    /// Evaluations of a counted check, oldest first (3.6).
    pub judgements: Vec<Judgement>,
    /// What the ping counted for; `None` for every other input.
    pub ping: Option<Counted>,
}

/// What a ping counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// It only repeated its run id's previous fact (4.1).
    pub repeat: bool,
    /// It counts as a success in windows (3.1, 3.7).
    pub success: bool,
    /// How long the run took that it ended, if the start is known.
    pub duration: Option<Span>,
}

/// A change of status or of the set of causes (6.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The time of the transition itself.
    pub at: Time,
    /// The status before and after.
    pub from: Status,
    /// The status before and after.
    pub to: Status,
    /// Causes that began.
    pub begun: Vec<Cause>,
    /// Kinds of causes that ended.
    pub ended: Vec<CauseKind>,
    /// All causes after it, also those that a pause hides.
    pub causes: Causes,
    /// Why.
    pub reason: FlipReason,
}

/// Why a check flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlipReason {
    /// A time passed.
    Judged,
    /// A ping came.
    Pinged,
    /// Somebody paused it, or its file did.
    Paused,
    /// Somebody unpaused it, or its file or a ping did.
    Unpaused,
    /// Its spec changed, and by the new one it is not bad (10.2).
    Changed,
    /// It is no longer declared.
    Archived,
    /// It is declared again.
    Returned,
}

/// One evaluation of a counted check at an occurrence (3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The occurrence T.
    pub occurrence: Time,
    /// Successes that counted for it.
    pub count: u32,
    /// `at_least`, where it was judged.
    pub at_least: Option<u32>,
    /// `at_most`, where it was judged.
    pub at_most: Option<u32>,
    /// Whether the count fits.
    pub met: bool,
}
