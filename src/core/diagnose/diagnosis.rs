//! What was found of an incident, each time that it was something new.

use super::case::CaseSaid;
use super::solution::{EndRefused, Solution, SolutionEnd, SolutionOutcome};
use crate::core::time::Time;

/// What was found of an incident, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Which of its incident, from 1 on.
    pub number: u32,
    /// When it was decided what follows.
    pub at: Time,
    pub found: DiagnosisFound,
}

/// What was found, and what followed (21.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiagnosisFound {
    /// One case with a plan, which is carried out.
    Solution(Solution),
    /// One case with a plan, which people may carry out.
    Proposal { case: CaseSaid, plan: String },
    /// One case, which passes.
    Pass(CaseSaid),
    /// No case applies.
    NoCase,
    /// Several apply.
    Impasse(Vec<CaseSaid>),
    /// Something new was found, and as much is on record as may be: nothing is done any more.
    Full,
}

impl Diagnosis {
    /// So many are kept of an incident. The last of them is [`DiagnosisFound::Full`].
    pub const MOST: usize = 100;

    /// The solution that it is.
    pub fn solution(&self) -> Option<&Solution> {
        match &self.found {
            DiagnosisFound::Solution(solution) => Some(solution),
            _ => None,
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.solution().is_some_and(|solution| solution.ended.is_none())
    }
}

impl DiagnosisFound {
    /// As it stands in the database, on pages and in the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            DiagnosisFound::Solution(_) => "solution",
            DiagnosisFound::Proposal { .. } => "proposal",
            DiagnosisFound::Pass(_) => "pass",
            DiagnosisFound::NoCase => "no_case",
            DiagnosisFound::Impasse(_) => "impasse",
            DiagnosisFound::Full => "full",
        }
    }

    /// The cases that applied.
    pub fn cases(&self) -> &[CaseSaid] {
        match self {
            DiagnosisFound::Solution(solution) => std::slice::from_ref(&solution.case),
            DiagnosisFound::Proposal { case, .. } | DiagnosisFound::Pass(case) => std::slice::from_ref(case),
            DiagnosisFound::Impasse(cases) => cases,
            DiagnosisFound::NoCase | DiagnosisFound::Full => &[],
        }
    }

    /// What is, or would be, done.
    pub fn plan(&self) -> Option<&str> {
        match self {
            DiagnosisFound::Solution(Solution { plan, .. }) | DiagnosisFound::Proposal { plan, .. } => {
                Some(plan)
            }
            _ => None,
        }
    }

    /// Whether it is the same as another one: the same kind, with the same cases, whatever is said of them.
    pub(super) fn is_alike(&self, other: &DiagnosisFound) -> bool {
        let names = |found: &DiagnosisFound| {
            let mut names: Vec<String> = found.cases().iter().map(|case| case.name().to_owned()).collect();
            names.sort_unstable();
            names
        };
        self.as_str() == other.as_str() && names(self) == names(other)
    }
}

/// The solution under way is lost, if nobody said in time how it ended (21.4). Answers the diagnosis as it is then: it ended
/// when the time was over, whenever that is looked at.
pub fn lose(past: &[Diagnosis], now: Time) -> Option<Diagnosis> {
    let under_way = past.iter().find(|diagnosis| diagnosis.is_under_way())?;
    let until = under_way.at + Solution::LOST_AFTER;
    (until < now).then(|| under_way.ended(SolutionEnd { at: until, how: SolutionOutcome::Lost }))
}

/// Somebody says how a solution ended. `None`: so it did before. Of one that is lost it may still be said as long as no other was
/// decided: whoever carried it out could not reach us.
pub fn end_solution(
    past: &[Diagnosis],
    number: u32,
    how: SolutionOutcome,
    now: Time,
) -> Result<Option<Diagnosis>, EndRefused> {
    let is_it = |diagnosis: &&Diagnosis| diagnosis.solution().is_some_and(|it| it.number == number);
    let diagnosis = past.iter().find(is_it).ok_or(EndRefused::NoSuchSolution)?;
    let is_newest = past.iter().rev().find_map(Diagnosis::solution).is_some_and(|it| it.number == number);
    let ended = diagnosis.solution().and_then(|solution| solution.ended.clone());
    match ended.filter(|end| end.how != SolutionOutcome::Lost || !is_newest) {
        None => Ok(Some(diagnosis.ended(SolutionEnd { at: now, how }))),
        Some(end) if end.how == how => Ok(None),
        Some(end) => Err(EndRefused::EndedOtherwise(end)),
    }
}

impl Diagnosis {
    /// Nobody said in time how its solution ended.
    pub fn is_lost(&self) -> bool {
        let end = self.solution().and_then(|solution| solution.ended.as_ref());
        end.is_some_and(|end| end.how == SolutionOutcome::Lost)
    }

    fn ended(&self, end: SolutionEnd) -> Diagnosis {
        let mut ended = self.clone();
        if let DiagnosisFound::Solution(solution) = &mut ended.found {
            solution.ended = Some(end);
        }
        ended
    }
}
