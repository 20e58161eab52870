//! Diagnoses in a line for people.

use super::case::CaseSaid;
use super::diagnosis::{Diagnosis, DiagnosisFound};
use super::solution::{Solution, SolutionEnd, SolutionOutcome};

impl Diagnosis {
    /// What was found, in a line; "" where its kind says all.
    pub fn words(&self) -> String {
        match &self.found {
            DiagnosisFound::Solution(solution) => {
                format!("solution {}, {}", solution.number, case(&solution.case))
            }
            DiagnosisFound::Proposal { case: of, .. } | DiagnosisFound::Pass(of) => case(of),
            DiagnosisFound::Impasse(cases) => {
                let names: Vec<&str> = cases.iter().map(CaseSaid::name).collect();
                names.join(", ")
            }
            DiagnosisFound::NoCase => String::new(),
            DiagnosisFound::Full => format!("{} are on record", Diagnosis::MOST),
        }
    }
}

impl Diagnosis {
    /// The same in other words: each text that a stranger wrote is what this makes of it.
    #[must_use]
    pub fn reworded(&self, word: impl Fn(&str) -> String) -> Diagnosis {
        let mut found = self.found.clone();
        match &mut found {
            DiagnosisFound::Solution(solution) => {
                solution.case.reword(&word);
                solution.plan = word(&solution.plan);
                if let Some(SolutionEnd { how: SolutionOutcome::Failed(reason), .. }) = &mut solution.ended {
                    *reason = word(reason);
                }
            }
            DiagnosisFound::Proposal { case, plan } => {
                case.reword(&word);
                *plan = word(plan);
            }
            DiagnosisFound::Pass(case) => case.reword(&word),
            DiagnosisFound::Impasse(cases) => cases.iter_mut().for_each(|case| case.reword(&word)),
            DiagnosisFound::NoCase | DiagnosisFound::Full => {}
        }
        Diagnosis { found, ..self.clone() }
    }
}

impl Solution {
    /// That it ended so, in a line.
    pub fn end_words(&self, how: &SolutionOutcome) -> String {
        let name = format!("solution {}, {}", self.number, self.case.name());
        match how.reason() {
            Some(reason) if !reason.is_empty() => format!("{name}: {reason}"),
            _ => name,
        }
    }
}

fn case(case: &CaseSaid) -> String {
    match case.problem() {
        "" => case.name().to_owned(),
        problem => format!("{}: {problem}", case.name()),
    }
}
