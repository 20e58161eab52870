//! What follows from the cases that apply (21.3).

use super::case::{Case, CaseSaid};
use super::diagnosis::{Diagnosis, DiagnosisFound};
use super::solution::Solution;
use crate::core::check::Rid;
use crate::core::time::Time;

/// What a look at the cases of an incident found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasesFound {
    /// Those that apply, each name once; at most [`Case::MOST`].
    pub cases: Vec<Case>,
    /// Which look it was, if that is said.
    pub rid: Option<Rid>,
    /// Whether a plan is carried out, or only proposed.
    pub is_carried_out: bool,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// A solution is to be carried out.
    Apply,
    /// People may carry one out.
    Propose,
    /// It passes.
    Wait,
    /// None applies: people are needed.
    NoCase,
    /// Several apply, or as much was tried as may be: people are needed.
    Impasse,
    /// A solution is under way, or was decided by this very look before: nothing is decided.
    UnderWay,
}

impl Decision {
    /// All of them.
    pub const ALL: [Decision; 6] = [
        Decision::Apply,
        Decision::Propose,
        Decision::Wait,
        Decision::NoCase,
        Decision::Impasse,
        Decision::UnderWay,
    ];

    /// As the API has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Apply => "apply",
            Decision::Propose => "propose",
            Decision::Wait => "wait",
            Decision::NoCase => "no_case",
            Decision::Impasse => "impasse",
            Decision::UnderWay => "under_way",
        }
    }
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    pub decision: Decision,
    /// The solution that is to be carried out, or is under way.
    pub solution: Option<Solution>,
    /// To be kept; `None`: nothing new was found.
    pub new: Option<Diagnosis>,
    /// The administrators are to be told of that (21.6).
    pub is_told: bool,
}

/// Decides what follows, by what was found of the incident before, in its order. What is lost by now ([`super::lose`]) has ended there.
pub fn decide(found: &CasesFound, past: &[Diagnosis], now: Time) -> Decided {
    let is_of_this_look = |solution: &&Solution| found.rid.is_some() && found.rid == solution.rid;
    let solutions = || past.iter().filter_map(Diagnosis::solution);
    let under_way = solutions().find(|solution| solution.ended.is_none());
    // Only of the newest: whoever gives all looks one id would decide nothing any more.
    let newest = || solutions().next_back().filter(is_of_this_look);
    if let Some(solution) = under_way.or_else(newest) {
        // Whoever decided it has not heard so, and asks again.
        let is_to_be_done = solution.ended.is_none() && is_of_this_look(&solution);
        let decision = if is_to_be_done { Decision::Apply } else { Decision::UnderWay };
        return Decided { decision, solution: Some(solution.clone()), new: None, is_told: false };
    }
    let (decision, found) = follows(found, past);
    if past.len() >= Diagnosis::MOST
        || past.last().is_some_and(|last| last.found.is_alike(&found)) && !is_deed(&found)
    {
        // Nothing is done of which nothing is kept.
        let decision = if is_deed(&found) { Decision::Impasse } else { decision };
        return Decided { decision, solution: None, new: None, is_told: false };
    }
    let is_last = past.len() + 1 == Diagnosis::MOST;
    let found = if is_last { DiagnosisFound::Full } else { found };
    let decision = if is_last && decision == Decision::Apply { Decision::Impasse } else { decision };
    let is_new = !past.iter().any(|before| before.found.is_alike(&found));
    // One before may be lost with its page.
    let number = past.iter().map(|before| before.number).max().unwrap_or(0) + 1;
    let new = Diagnosis { number, at: now, found };
    Decided {
        decision,
        solution: new.solution().cloned(),
        is_told: is_new && asks_for_people(&new.found),
        new: Some(new),
    }
}

fn is_deed(found: &DiagnosisFound) -> bool {
    matches!(found, DiagnosisFound::Solution(_))
}

/// Whether administrators are told that this was found. Of a solution they are told how it ended, if that is bad.
fn asks_for_people(found: &DiagnosisFound) -> bool {
    match found {
        DiagnosisFound::Proposal { .. }
        | DiagnosisFound::NoCase
        | DiagnosisFound::Impasse(_)
        | DiagnosisFound::Full => true,
        DiagnosisFound::Solution(_) | DiagnosisFound::Pass(_) => false,
    }
}

/// What follows where none is under way.
fn follows(found: &CasesFound, past: &[Diagnosis]) -> (Decision, DiagnosisFound) {
    let [only] = found.cases.as_slice() else {
        let cases: Vec<CaseSaid> = found.cases.iter().map(|case| case.said.clone()).collect();
        return if cases.is_empty() {
            (Decision::NoCase, DiagnosisFound::NoCase)
        } else {
            (Decision::Impasse, DiagnosisFound::Impasse(cases))
        };
    };
    let solutions = || past.iter().filter_map(Diagnosis::solution);
    let of_it = solutions().filter(|solution| solution.case.name() == only.said.name()).count();
    let case = only.said.clone();
    let Some(plan) = only.remedy.after(of_it).map(str::to_owned) else {
        return (Decision::Wait, DiagnosisFound::Pass(case));
    };
    if !found.is_carried_out {
        return (Decision::Propose, DiagnosisFound::Proposal { case, plan });
    }
    let number = solutions().map(|solution| solution.number).max().unwrap_or(0) + 1;
    let solution = Solution { number, case, plan, rid: found.rid.clone(), ended: None };
    (Decision::Apply, DiagnosisFound::Solution(solution))
}
