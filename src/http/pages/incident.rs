//! The open incidents of checks: how they stand, and who said so.

use maud::{Markup, html};

use super::super::App;
use super::words;
use crate::app::view::IncidentView;
use crate::core::check::CheckId;
use crate::core::incident::{DiagnosisStep, IncidentStatus, IncidentStep, StepKind};
use crate::core::outbox::{DeliveryKind, DeliveryStep, Telling};
use crate::core::time::Time;
use crate::store::StoreError;

/// So many of the newest steps are shown.
const STEPS: usize = 100;

/// A line on the incident that has not ended, and what happened to it.
pub(super) fn incident(whole: &Result<Option<Whole>, StoreError>, is_paused: bool, now: Time) -> Markup {
    match whole {
        Ok(Some((incident, happened))) => html! {
            (line(incident, is_paused, now))
            details { summary { "What happened to it" } (steps(happened, now)) }
        },
        Err(error) => {
            html! { div.banner.bad role="alert" { "Its incident cannot be read: " (error) } }
        }
        Ok(None) => html! {},
    }
}

/// An incident, and its steps, oldest first.
pub(super) type Whole = (IncidentView, Vec<IncidentStep>);

/// The incident of a check that has not ended, if there is one.
pub(super) fn read(app: &App, check: CheckId) -> Result<Option<Whole>, StoreError> {
    let reader = &app.services.history;
    let Some(incident) = IncidentView::open(reader, &app.services.live.answered(), check)? else {
        return Ok(None);
    };
    let steps = reader.steps(incident.record.id)?;
    Ok(Some((incident, steps)))
}

/// The same in few words, for a list.
pub(super) fn label(incident: &IncidentView, now: Time) -> Markup {
    let stands = if incident.status == IncidentStatus::WontFix { "marked wont-fix" } else { "acknowledged" };
    html! { span.label { (stands) @if let Some(said) = &incident.said { (by(said, now)) } } }
}

/// How one stands.
pub(super) fn standing_words(status: IncidentStatus) -> &'static str {
    match status {
        IncidentStatus::Open => "open",
        IncidentStatus::SolutionApplied => "solution applied",
        IncidentStatus::Impasse => "impasse",
        IncidentStatus::Acknowledged => "acknowledged",
        IncidentStatus::WontFix => "marked wont-fix",
        IncidentStatus::Resolved => "resolved",
        IncidentStatus::Removed => "no longer declared",
        IncidentStatus::Changed => "asserted no more",
        IncidentStatus::Over => "remembered no more",
    }
}

/// Who said last how one stands, when, until when, and why.
pub(super) fn answered(incident: &IncidentView, said: &IncidentStep, now: Time) -> Markup {
    // The step has the end that was said: a clock that was set back since has moved it (1.1).
    let acknowledged = StepKind::Acknowledged(incident.until());
    let is_it = matches!(said.what, StepKind::Acknowledged(_));
    let holds = incident.record.status == IncidentStatus::Acknowledged;
    let what = if is_it && holds { &acknowledged } else { &said.what };
    html! {
        (happened(what, now)) (by(said, now))
        @if incident.record.status == IncidentStatus::Acknowledged && incident.status == IncidentStatus::Open {
            span.quiet { " · nobody has taken on what began since" }
        }
        @if !said.comment.is_empty() { p.lines { bdi { (said.comment) } } }
    }
}

/// A name may turn the direction of writing: only its own.
fn by(said: &IncidentStep, now: Time) -> Markup {
    html! { " by " bdi { (said.by) } ", " (words::when(said.at, now)) }
}

fn line(incident: &IncidentView, is_paused: bool, now: Time) -> Markup {
    let IncidentView { record, status, said } = incident;
    let (stands, means) = match (record.status, said) {
        (stands, _) if stands.is_unanswered() && is_paused => {
            (standing_words(stands), "nothing is sent of it while the check is paused")
        }
        (IncidentStatus::Acknowledged, _) if *status == IncidentStatus::Open => {
            ("acknowledged", "but nobody has taken on what began since")
        }
        (IncidentStatus::Acknowledged, _) => ("acknowledged", "only its recovery will be told"),
        (IncidentStatus::WontFix, _) => ("marked wont-fix", "nothing is sent of it before its recovery"),
        (IncidentStatus::SolutionApplied, _) => {
            ("solution applied", "something is done about it, or it passes")
        }
        (IncidentStatus::Impasse, _) => ("impasse", "nobody knows what is to be done"),
        (_, Some(_)) => ("open again", "nobody is on it"),
        (_, None) => ("open", "nobody has said to be on it"),
    };
    html! {
        p {
            a href={ "../incidents/" (record.id.0) } { "Incident " (record.id.0) } ": " (stands)
            @if let Some(said) = said { (by(said, now)) }
            @if let Some(until) = incident.until() { ", which ends " (words::when(until, now)) }
            span.quiet { " · " (means) }
        }
    }
}

/// What happened to it, the newest first.
pub(super) fn steps(steps: &[IncidentStep], now: Time) -> Markup {
    html! {
        table { tbody { @for step in steps.iter().rev().take(STEPS) {
                tr {
                    td.time { (words::when(step.at, now)) }
                    td { (happened(&step.what, now)) @if !step.comment.is_empty() { p.lines { bdi { (step.comment) } } } }
                    td.quiet { "by " bdi { (step.by) } }
                }
        } } }
    }
}

fn happened(what: &StepKind, now: Time) -> Markup {
    html! {
        @match what {
            StepKind::Began(kind) => { "Began: " (kind.meaning()) }
            StepKind::Eased(kind) => { "Over: " (kind.meaning()) }
            StepKind::Resolved => { "Resolved" }
            StepKind::Removed => { "No longer declared" }
            StepKind::Changed => { "Asserted no more" }
            StepKind::Over => { "Remembered no more" }
            StepKind::Acknowledged(until) => {
                "Acknowledged" @if let Some(until) = until { " until " (words::when(*until, now)) }
            }
            StepKind::Commented => { "Comment" }
            StepKind::WontFix => { "Marked wont-fix" }
            StepKind::Reopened => { "Open again" }
            StepKind::Diagnosis(step) => { (diagnosed(*step)) }
            StepKind::Delivery(step) => { (delivery(step)) }
        }
    }
}

/// What was found, or became of what is done.
fn diagnosed(step: DiagnosisStep) -> &'static str {
    match step {
        DiagnosisStep::Decided => "A solution is to be carried out",
        DiagnosisStep::Proposed => "A solution is proposed",
        DiagnosisStep::Waits => "It passes",
        DiagnosisStep::NoCase => "No case applies",
        DiagnosisStep::Impasse => "Several cases apply",
        DiagnosisStep::Full => "Diagnosed too often: nothing is done any more",
        DiagnosisStep::Enacted => "A solution was carried out",
        DiagnosisStep::SolutionFailed => "A solution failed",
        DiagnosisStep::Lost => "A solution is lost: nobody said how it ended",
    }
}

/// What somebody is told.
pub(super) fn told_what(kind: DeliveryKind) -> &'static str {
    match kind {
        DeliveryKind::Alert => "alert",
        DeliveryKind::Reminder => "reminder",
        DeliveryKind::Recovery => "recovery",
        DeliveryKind::Episode => "alert and recovery",
        DeliveryKind::Flapping(_) => "it flaps",
        DeliveryKind::Diagnosis(_) => "what was found",
    }
}

fn delivery(step: &DeliveryStep) -> Markup {
    let became = match step.what {
        Telling::Told => "told",
        Telling::Failed => "not reached",
        Telling::Retried => "tried again, not reached",
        Telling::Parked => "given up",
        Telling::Dropped => "dropped",
    };
    let what = told_what(step.kind);
    html! {
        bdi { (step.receiver) } ": " (became) " (" (what) ")"
        @if step.times > 1 { ", " (step.times) " times" }
        @if !step.answer.is_empty() { ": " bdi { (step.answer) } }
    }
}
