//! What was found of an incident, and what was done about it (21.9).

use maud::{Markup, html};

use super::words;
use crate::core::diagnose::{CaseSaid, Diagnosis, DiagnosisFound, Solution, SolutionOutcome};
use crate::core::time::Time;

/// All of it, the newest first; nothing, where nothing was found.
pub(super) fn section(found: &[Diagnosis], now: Time) -> Markup {
    html! {
        @if !found.is_empty() {
            h2 { "What was found" }
            table {
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "Found" } th scope="col" { "Cases" } th scope="col" { "Plan" }
                    th scope="col" { "Came of it" }
                } }
                tbody { @for diagnosis in found.iter().rev() { (line(diagnosis, now)) } }
            }
        }
    }
}

fn line(diagnosis: &Diagnosis, now: Time) -> Markup {
    let found = &diagnosis.found;
    html! {
        tr {
            td.time { (words::when(diagnosis.at, now)) }
            td {
                (word(found))
                @if let Some(solution) = diagnosis.solution() { " " (solution.number) }
            }
            td { @for of in found.cases() { div { (case(of)) } } }
            td { @if let Some(plan) = found.plan() { p.lines { bdi { (plan) } } } }
            td { @if let Some(solution) = diagnosis.solution() { (ended(solution, now)) } }
        }
    }
}

fn word(found: &DiagnosisFound) -> &'static str {
    match found {
        DiagnosisFound::Solution(_) => "Solution",
        DiagnosisFound::Proposal { .. } => "Proposal",
        DiagnosisFound::Pass(_) => "It passes",
        DiagnosisFound::NoCase => "No case applies",
        DiagnosisFound::Impasse(_) => "Impasse: several cases apply",
        DiagnosisFound::Full => "Diagnosed too often: nothing is done any more",
    }
}

fn case(case: &CaseSaid) -> Markup {
    html! {
        b { bdi { (case.name()) } }
        @if !case.problem().is_empty() { ": " bdi { (case.problem()) } }
        @if !case.reason().is_empty() { " " span.quiet { "(" bdi { (case.reason()) } ")" } }
    }
}

fn ended(solution: &Solution, now: Time) -> Markup {
    let Some(end) = &solution.ended else { return html! { "under way" } };
    let how = match end.how {
        SolutionOutcome::Enacted => "enacted",
        SolutionOutcome::Failed(_) => "failed",
        SolutionOutcome::Lost => "lost: nobody said how it ended",
    };
    html! {
        (how) ", " (words::when(end.at, now))
        @if let Some(reason) = end.how.reason() { p.lines { bdi { (reason) } } }
    }
}
