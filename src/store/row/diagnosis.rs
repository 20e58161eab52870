//! What was found of incidents, as JSON (§21).

use serde::{Deserialize, Serialize};

use crate::core::check::Rid;
use crate::core::diagnose::{CaseSaid, Diagnosis, DiagnosisFound, Solution, SolutionEnd, SolutionOutcome};
use crate::core::time::Time;

#[derive(Serialize, Deserialize)]
pub(super) struct DiagnosisRow {
    number: u32,
    at: i64,
    found: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cases: Vec<CaseRow>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    plan: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    solution: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<EndRow>,
}

#[derive(Serialize, Deserialize)]
struct CaseRow {
    name: String,
    problem: String,
    reason: String,
}

#[derive(Serialize, Deserialize)]
struct EndRow {
    at: i64,
    how: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reason: String,
}

/// A diagnosis as stored in its row.
pub(in crate::store) fn write_diagnosis(diagnosis: &Diagnosis) -> String {
    serde_json::to_string(&DiagnosisRow::of(diagnosis)).expect("texts and numbers are always JSON")
}

/// Parses a diagnosis; `None` if this program cannot read it.
pub(in crate::store) fn read_diagnosis(text: &str) -> Option<Diagnosis> {
    serde_json::from_str::<DiagnosisRow>(text).ok()?.read()
}

impl DiagnosisRow {
    pub(super) fn of(diagnosis: &Diagnosis) -> DiagnosisRow {
        let Diagnosis { number, at, found } = diagnosis;
        let case = |case: &CaseSaid| CaseRow {
            name: case.name().to_owned(),
            problem: case.problem().to_owned(),
            reason: case.reason().to_owned(),
        };
        let solution = diagnosis.solution();
        DiagnosisRow {
            number: *number,
            at: at.as_ms(),
            found: found.as_str().to_owned(),
            cases: found.cases().iter().map(case).collect(),
            plan: found.plan().unwrap_or_default().to_owned(),
            solution: solution.map(|solution| solution.number),
            rid: solution.and_then(|solution| solution.rid.as_ref()).map(|rid| rid.as_str().to_owned()),
            ended: solution.and_then(|solution| solution.ended.as_ref()).map(end_row),
        }
    }

    pub(super) fn read(self) -> Option<Diagnosis> {
        let DiagnosisRow { number, at, found, cases, plan, solution, rid, ended } = self;
        let read = |case: CaseRow| CaseSaid::new(&case.name, &case.problem, &case.reason).ok();
        let mut cases: Vec<CaseSaid> = cases.into_iter().map(read).collect::<Option<_>>()?;
        let found = match found.as_str() {
            "no_case" => DiagnosisFound::NoCase,
            "full" => DiagnosisFound::Full,
            "impasse" => DiagnosisFound::Impasse(cases),
            "pass" => DiagnosisFound::Pass(cases.pop()?),
            "proposal" => DiagnosisFound::Proposal { case: cases.pop()?, plan },
            "solution" => DiagnosisFound::Solution(Solution {
                number: solution?,
                case: cases.pop()?,
                plan,
                rid: rid.as_deref().and_then(Rid::stored),
                ended: match ended {
                    Some(row) => Some(read_end(row)?),
                    None => None,
                },
            }),
            _ => return None,
        };
        Some(Diagnosis { number, at: Time::from_ms(at), found })
    }
}

fn end_row(end: &SolutionEnd) -> EndRow {
    EndRow {
        at: end.at.as_ms(),
        how: end.how.as_str().to_owned(),
        reason: end.how.reason().unwrap_or_default().to_owned(),
    }
}

fn read_end(row: EndRow) -> Option<SolutionEnd> {
    let how = match row.how.as_str() {
        "enacted" => SolutionOutcome::Enacted,
        "failed" => SolutionOutcome::Failed(row.reason),
        "lost" => SolutionOutcome::Lost,
        _ => return None,
    };
    Some(SolutionEnd { at: Time::from_ms(row.at), how })
}
