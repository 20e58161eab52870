//! What was found of an incident, and what was done about it (21.9).

use serde_json::{Value, json};

use super::check;
use super::shape::{explained, flag, list, object, one_of, or_null, text, time, whole};
use crate::app::diagnoses::ToDiagnose;
use crate::app::history::WholeIncident;
use crate::core::diagnose::{CaseSaid, Diagnosis, SolutionOutcome};
use crate::core::incident::IncidentStatus;

/// Any JSON.
pub(super) fn any() -> Value {
    json!({})
}

/// A plan as whoever found it wrote it.
pub(super) fn plan_value(plan: &str) -> Value {
    serde_json::from_str(plan).unwrap_or_else(|_| plan.into())
}

fn step_shape() -> Value {
    let words = ["solution", "proposal", "pass", "no_case", "impasse", "full"];
    let case = object("CaseSaid", [("case", text()), ("problem", text()), ("reason", text())]);
    object(
        "DiagnosisStep",
        [
            ("at", time()),
            ("found", one_of(words)),
            ("case", explained(or_null(text()), "null: none, or several.")),
            ("problem", or_null(text())),
            ("reason", explained(or_null(text()), "Why the case was said to apply.")),
            ("cases", explained(list(case), "All that applied.")),
            ("solution", or_null(whole())),
            ("plan", any()),
            ("enacted", explained(or_null(flag()), "null: it is under way, or nothing was to be done.")),
            ("result", or_null(one_of(["under_way", "enacted", "failed", "lost"]))),
            ("error", explained(or_null(text()), "Why it failed.")),
            ("ended_at", or_null(time())),
        ],
    )
}

pub(super) fn explanation_shape() -> Value {
    object(
        "Explanation",
        [
            ("title", text()),
            ("standing", one_of(IncidentStatus::ALL.map(IncidentStatus::as_str))),
            ("opened_at", time()),
            ("ended_at", or_null(time())),
            ("steps", list(step_shape())),
        ],
    )
}

/// Of an incident.
pub(super) fn explanation(whole: &WholeIncident) -> Value {
    let incident = &whole.view.record;
    json!({
        "title": whole.title,
        "standing": whole.view.status.as_str(),
        "opened_at": incident.opened_at.to_string(),
        "ended_at": check::text(incident.ended_at),
        "steps": whole.found.iter().map(step).collect::<Vec<_>>(),
    })
}

pub(super) fn to_diagnose_shape() -> Value {
    object(
        "IncidentToDiagnose",
        [
            ("incident", whole()),
            ("key", text()),
            ("title", text()),
            ("standing", one_of(IncidentStatus::ALL.map(IncidentStatus::as_str))),
            ("opened_at", time()),
            ("steps", explained(list(step_shape()), "What was found of it before, oldest first.")),
        ],
    )
}

pub(super) fn to_diagnose(of: &ToDiagnose) -> Value {
    let ToDiagnose { incident, title, found } = of;
    json!({
        "incident": incident.id.0,
        "key": incident.key.as_str(),
        "title": title,
        "standing": incident.status.as_str(),
        "opened_at": incident.opened_at.to_string(),
        "steps": found.iter().map(step).collect::<Vec<_>>(),
    })
}

fn step(diagnosis: &Diagnosis) -> Value {
    let found = &diagnosis.found;
    let only = match found.cases() {
        [only] => Some(only),
        _ => None,
    };
    let case =
        |case: &CaseSaid| json!({"case": case.name(), "problem": case.problem(), "reason": case.reason()});
    let solution = diagnosis.solution();
    let end = solution.and_then(|solution| solution.ended.as_ref());
    let result = solution.map(|_| end.map_or("under_way", |end| end.how.as_str()));
    json!({
        "at": diagnosis.at.to_string(),
        "found": found.as_str(),
        "case": only.map(CaseSaid::name),
        "problem": only.map(CaseSaid::problem),
        "reason": only.map(CaseSaid::reason),
        "cases": found.cases().iter().map(case).collect::<Vec<_>>(),
        "solution": solution.map(|solution| solution.number),
        "plan": found.plan().map(plan_value),
        "enacted": end.map(|end| end.how == SolutionOutcome::Enacted),
        "result": result,
        "error": end.and_then(|end| end.how.reason()),
        "ended_at": check::text(end.map(|end| end.at)),
    })
}
