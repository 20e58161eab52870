//! Solutions: what was decided to be done, and how that ended (21.4).

use super::case::CaseSaid;
use crate::core::check::Rid;
use crate::core::text::first_bytes;
use crate::core::time::{Span, Time};

/// What is done about an incident, since one case applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// Which of the solutions of its incident, from 1 on.
    pub number: u32,
    /// Why.
    pub case: CaseSaid,
    /// What is done, in the words of whoever does it.
    pub plan: String,
    /// Which look it was decided by, where that was said: the same one is told the same again.
    pub rid: Option<Rid>,
    /// How it ended; `None`: it is under way.
    pub ended: Option<SolutionEnd>,
}

/// How a solution ended, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SolutionEnd {
    pub at: Time,
    pub how: SolutionOutcome,
}

/// How a solution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SolutionOutcome {
    /// Its plan was carried out.
    Enacted,
    /// It was not, or not wholly: why.
    Failed(String),
    /// Nobody said how it ended.
    Lost,
}

/// Why nobody can say any more how a solution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndRefused {
    /// There is no solution of this number.
    NoSuchSolution,
    /// It ended otherwise before.
    EndedOtherwise(SolutionEnd),
}

impl Solution {
    /// The longest plan, in bytes.
    pub const MAX_PLAN_BYTES: usize = 10_000;
    /// After so long without a word it is lost.
    pub const LOST_AFTER: Span = Span::mins(10);
}

impl SolutionOutcome {
    /// The longest reason that is kept, in bytes.
    pub const MAX_REASON_BYTES: usize = 10_000;

    /// It failed, and this is why: as much of it as is kept.
    pub fn failed(reason: &str) -> SolutionOutcome {
        SolutionOutcome::Failed(first_bytes(reason, SolutionOutcome::MAX_REASON_BYTES).to_owned())
    }

    /// As it stands in the database, on pages and in the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            SolutionOutcome::Enacted => "enacted",
            SolutionOutcome::Failed(_) => "failed",
            SolutionOutcome::Lost => "lost",
        }
    }

    /// Why it failed.
    pub fn reason(&self) -> Option<&str> {
        match self {
            SolutionOutcome::Failed(reason) => Some(reason),
            SolutionOutcome::Enacted | SolutionOutcome::Lost => None,
        }
    }
}
