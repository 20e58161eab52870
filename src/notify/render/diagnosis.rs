//! What was found of an incident, and needs people (21.6).

use crate::core::diagnose::{CaseSaid, DiagnosisFound, Solution, SolutionOutcome};
use crate::core::notice::Notice;
use crate::notify::text::{line, lines};

/// How much is shown of a problem, and of a reason.
const MAX_SAID_CHARS: usize = 200;
const MAX_PLAN_CHARS: usize = 1_000;
const MAX_LINES: usize = 20;

/// What was found, where a notice tells of that.
pub(super) fn found(notice: &Notice) -> Option<&DiagnosisFound> {
    notice.diagnosis.as_ref().map(|diagnosis| &diagnosis.found)
}

/// In one word.
pub(super) fn found_word(found: &DiagnosisFound) -> &'static str {
    match found {
        DiagnosisFound::NoCase => "NO CASE",
        DiagnosisFound::Impasse(_) | DiagnosisFound::Full => "IMPASSE",
        DiagnosisFound::Proposal { .. } => "PROPOSED",
        DiagnosisFound::Solution(_) | DiagnosisFound::Pass(_) => "UNSOLVED",
    }
}

/// In a few words.
pub fn found_words(found: &DiagnosisFound) -> &'static str {
    match found {
        DiagnosisFound::NoCase => "no case applies that would explain it",
        DiagnosisFound::Impasse(_) => "several cases apply, so nothing is done",
        DiagnosisFound::Full => "it was diagnosed a hundred times, so nothing is done any more",
        DiagnosisFound::Proposal { .. } => "one case applies, and its plan waits for somebody",
        DiagnosisFound::Pass(_) => "one case applies, which passes",
        DiagnosisFound::Solution(solution) => match solution.ended.as_ref().map(|end| &end.how) {
            Some(SolutionOutcome::Failed(_)) => "a solution failed",
            Some(SolutionOutcome::Lost) => "nobody said in 10 minutes how a solution ended",
            Some(SolutionOutcome::Enacted) => "a solution was carried out",
            None => "a solution is under way",
        },
    }
}

/// The details, each with its label; "": there is none of it.
pub(super) fn found_details(found: &DiagnosisFound) -> [(&'static str, String); 4] {
    let failed = |solution: &Solution| {
        solution.ended.as_ref().and_then(|end| end.how.reason().map(str::to_owned)).unwrap_or_default()
    };
    let (solution, reason) = match found {
        DiagnosisFound::Solution(solution) => (solution.number.to_string(), failed(solution)),
        _ => (String::new(), String::new()),
    };
    [
        ("Cases", found_cases(found)),
        ("Solution", solution),
        ("Plan", lines(found.plan().unwrap_or_default(), MAX_LINES, MAX_PLAN_CHARS)),
        ("Failed", lines(&reason, MAX_LINES, MAX_PLAN_CHARS)),
    ]
}

/// The cases that apply, one a line.
pub fn found_cases(found: &DiagnosisFound) -> String {
    found.cases().iter().map(case).collect::<Vec<_>>().join("\n")
}

fn case(case: &CaseSaid) -> String {
    let mut said = line(case.name(), CaseSaid::MAX_NAME_BYTES);
    let problem = line(case.problem(), MAX_SAID_CHARS);
    if !problem.is_empty() {
        said = format!("{said}: {problem}");
    }
    let reason = line(case.reason(), MAX_SAID_CHARS);
    if reason.is_empty() { said } else { format!("{said} ({reason})") }
}
