//! What a step makes: the next state, and what is to be told of it.

use crate::core::cause::{Cause, CauseKind, Causes, Status};
use crate::core::state::State;
use crate::core::time::{Span, Time};

/// The outcome of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub state: State,
    /// The flips, oldest first.
    pub flips: Vec<Flip>,
    /// The judgements of a counted check, oldest first (3.6).
    pub judgements: Vec<Judgement>,
    /// The effect of the ping or result; `None` for every other input.
    pub ping: Option<PingEffect>,
}

/// The effect of a ping, or of a result (17.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingEffect {
    /// It only repeats its run id's previous fact (4.1).
    pub repeat: bool,
    /// It counts as a success in windows (3.1, 3.7).
    pub success: bool,
    /// How long the run took that it ended, if the start is known, or the look that it comes from.
    pub duration: Option<Span>,
}

/// A change of status or of the set of causes (6.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The time of the transition itself.
    pub at: Time,
    pub from: Status,
    pub to: Status,
    pub begun: Vec<Cause>,
    pub ended: Vec<CauseKind>,
    /// All causes after the flip, including those that a pause hides.
    pub causes: Causes,
    pub reason: FlipReason,
}

impl Flip {
    /// What it says of the check itself: of violated records their own incidents tell (18.5).
    #[must_use]
    pub fn of_check_itself(&self) -> Flip {
        let is_own = |kind: CauseKind| kind != CauseKind::RecordsViolated;
        let mut flip = Flip { causes: self.causes.own(), ..self.clone() };
        flip.begun.retain(|cause| is_own(cause.kind));
        flip.ended.retain(|kind| is_own(*kind));
        flip
    }
}

/// Why a check flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlipReason {
    /// A time passed.
    Judged,
    /// A ping came.
    Pinged,
    /// A result came (17.1).
    Reported,
    /// Somebody paused it, or its file did.
    Paused,
    /// A person, its file or a ping ended the pause, or the pause's time was over.
    Unpaused,
    /// Its spec changed, and the check is not bad by the new one (10.2).
    Changed,
    /// It is no longer declared.
    Archived,
    /// It is declared again.
    Returned,
}

impl FlipReason {
    pub const ALL: [FlipReason; 8] = [
        FlipReason::Judged,
        FlipReason::Pinged,
        FlipReason::Reported,
        FlipReason::Paused,
        FlipReason::Unpaused,
        FlipReason::Changed,
        FlipReason::Archived,
        FlipReason::Returned,
    ];

    /// The word in the database, the log and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            FlipReason::Judged => "judged",
            FlipReason::Pinged => "pinged",
            FlipReason::Reported => "reported",
            FlipReason::Paused => "paused",
            FlipReason::Unpaused => "unpaused",
            FlipReason::Changed => "changed",
            FlipReason::Archived => "archived",
            FlipReason::Returned => "returned",
        }
    }
}

/// The judgement of a counted check at an occurrence (3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The time T.
    pub occurrence: Time,
    /// The successes that counted for it.
    pub count: u32,
    /// `at_least`, if it was judged.
    pub at_least: Option<u32>,
    /// `at_most`, if it was judged.
    pub at_most: Option<u32>,
    /// Whether the count is within the bounds that were judged.
    pub met: bool,
}
