//! What was found of incidents.

use crate::core::check::Rid;
use crate::core::diagnose::{CaseSaid, Diagnosis, DiagnosisFound, Solution, SolutionEnd, SolutionOutcome};
use crate::core::incident::{DiagnosisStep, IncidentStep, StepKind};
use crate::core::time::Time;
use crate::store::row::{read_diagnosis, read_step, write_diagnosis, write_step};

/// One of each kind, and of each end.
pub(super) fn every() -> Vec<Diagnosis> {
    let case = |name: &str| CaseSaid::new(name, "it is \"stuck\"", "ä").unwrap();
    let solution = |how: Option<SolutionOutcome>| {
        DiagnosisFound::Solution(Solution {
            number: u32::MAX,
            case: case("a"),
            plan: "[]".to_owned(),
            rid: how.is_none().then(|| Rid::parse("look-1").unwrap()),
            ended: how.map(|how| SolutionEnd { at: Time::MAX, how }),
        })
    };
    let all = [
        solution(None),
        solution(Some(SolutionOutcome::Enacted)),
        solution(Some(SolutionOutcome::Failed("no\nway".to_owned()))),
        solution(Some(SolutionOutcome::Lost)),
        DiagnosisFound::Proposal { case: case("b"), plan: "p".to_owned() },
        DiagnosisFound::Pass(case("c")),
        DiagnosisFound::NoCase,
        DiagnosisFound::Impasse(vec![case("a"), case("b")]),
        DiagnosisFound::Full,
    ];
    (1..).zip(all).map(|(number, found)| Diagnosis { number, at: Time::from_ms(1), found }).collect()
}

#[test]
fn every_diagnosis_is_read_back() {
    for diagnosis in every() {
        assert_eq!(read_diagnosis(&write_diagnosis(&diagnosis)), Some(diagnosis));
    }
}

#[test]
fn every_step_of_a_diagnosis_is_read_back() {
    for what in DiagnosisStep::ALL {
        let step = IncidentStep::new(StepKind::Diagnosis(what), "ann", Time::MIN).saying("solution 1");
        let (word, kind, details) = write_step(&step);
        let read = read_step(word, kind, details.as_deref()).unwrap();
        assert_eq!(read, (step.what, step.comment), "{word}");
    }
}
