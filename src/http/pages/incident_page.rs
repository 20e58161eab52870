//! The page of one incident: what happened to it, who was told, and with which answer.

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::App;
use super::super::act::RefusedForm;
use super::super::reply::Reply;
use super::super::viewer::Viewer;
use super::refused::why_not;
use super::said::{comment, many_buttons, until_when, who};
use super::{Frame, diagnoses, incident, page, words};
use crate::app::history::{self, DeliveryView, WholeIncident};
use crate::app::view::IncidentView;
use crate::config::Scope;
use crate::core::assertion::Remember;
use crate::core::cause::CauseKind;
use crate::core::incident::{IncidentId, IncidentStatus, IncidentStep};
use crate::core::time::Time;

/// So many of the newest deliveries are shown.
const DELIVERIES: usize = 100;

/// Answers `/incidents/{id}`. `refused` says why something was not done that the viewer asked for.
pub(in super::super) fn answer(
    app: &App,
    id: &str,
    (viewer, refused): (&Viewer, Option<&RefusedForm>),
) -> Reply {
    let now = app.services.clock.now();
    let frame = |title| Frame { title, up: "../", worst: None, lives: true, viewer: Some(viewer) };
    let status = |of_page| refused.map_or(of_page, |refused| refused.problem.status());
    let found = id.parse().map_or(Ok(None), |id| history::incident(&app.services, IncidentId(id)));
    let whole = match found {
        Ok(Some(whole)) => whole,
        Ok(None) => {
            let content = html! {
                h1 { "No such incident" }
                @if let Some(refused) = refused { (why_not(refused)) }
                p { "There is none of this number, or not any more. " a href="../incidents" { "All incidents" } }
            };
            return page(status(StatusCode::NOT_FOUND), &frame("No such incident – punctual"), &content);
        }
        Err(error) => {
            let content = html! {
                h1 { "Incident " (id) }
                @if let Some(refused) = refused { (why_not(refused)) }
                div.banner.bad role="alert" { "It cannot be read: " (error) }
            };
            return page(status(StatusCode::SERVICE_UNAVAILABLE), &frame("Incidents – punctual"), &content);
        }
    };
    let title = format!("Incident {} – punctual", whole.view.record.id.0);
    let content = content(viewer, refused, &whole, now);
    page(status(StatusCode::OK), &frame(&title), &content)
}

fn content(viewer: &Viewer, refused: Option<&RefusedForm>, whole: &WholeIncident, now: Time) -> Markup {
    let WholeIncident { view, definition, steps, title, found, deliveries } = whole;
    let record = &view.record;
    html! {
        p.small { a href="../incidents" { "All incidents" } }
        h1 { "Incident " (record.id.0) ": " bdi { (title) } }
        @if let Some(refused) = refused { (why_not(refused)) }
        dl {
            dt { "Check" }
            dd {
                a.name href={ "../checks/" (definition.name) } { (definition.name) }
                div { (words::labels(definition, "../")) }
            }
            @if !record.key.is_own() { dt { "Key" } dd { bdi { (record.key) } } }
            dt { "Standing" }
            dd {
                span class={ "standing st-" (view.status.as_str()) } { (standing(view)) }
                @if let Some(said) = &view.said { " · " (incident::answered(view, said, now)) }
            }
            dt { "Why" } dd { (record.first.kind.meaning()) " " span.quiet { "(" (record.first.kind.as_str()) ")" } }
            @if record.first.kind == CauseKind::Occurred { (occurred(whole, now)) }
            @else {
                dt { "Began" } dd { (words::when(record.opened_at, now)) }
                dt { "Ended" } dd { (words::when_or(record.ended_at, now, "not yet")) }
            }
        }
        @if viewer.may(Scope::Operate) { (forms(viewer, whole)) }
        @else if viewer.may_sign_in && !viewer.is_known() {
            p.small { a href={ "../sign-in?to=incidents/" (record.id.0) } { "Sign in" } " to answer it." }
        }
        (diagnoses::section(found, now))
        h2 { "What happened" }
        (incident::steps(steps, now))
        h2 { "Who was told" }
        (told(deliveries, now))
    }
}

/// What happened does not stand open: it occurred.
fn standing(view: &IncidentView) -> &'static str {
    match view.status {
        IncidentStatus::Open if view.record.first.kind == CauseKind::Occurred => "occurred",
        status => incident::standing_words(status),
    }
}

/// When it occurred, and how long that is remembered.
fn occurred(whole: &WholeIncident, now: Time) -> Markup {
    let record = &whole.view.record;
    let until = |remember: Remember| remember.until(record.opened_at);
    html! {
        dt { "Occurred" } dd { (words::when(record.opened_at, now)) }
        @match (record.ended_at, whole.definition.spec.remembers()) {
            (Some(at), _) => { dt { "Remembered until" } dd { (words::when(at, now)) } }
            (None, Some(remember)) => { dt { "Remembered until" } dd { (words::when_or(until(remember), now, "for ever")) } }
            (None, None) => {}
        }
    }
}

/// Of one that is over only a comment can be left.
fn forms(viewer: &Viewer, whole: &WholeIncident) -> Markup {
    let record = &whole.view.record;
    let is_over = record.status.is_ended();
    html! {
        section.acts aria-label="What you may do" {
            details open[!is_over] {
                summary { @if is_over { "Comment" } @else { "Answer it" } }
                form method="post" action={ "./" (record.id.0) } {
                    input type="hidden" name="form" value=(viewer.form());
                    (who(viewer))
                    (comment(IncidentStep::MAX_COMMENT_BYTES))
                    @if is_over { p { button type="submit" name="do" value="comment" { "Comment" } } }
                    @else { (until_when()) (many_buttons()) }
                }
            }
        }
    }
}

fn told(deliveries: &[DeliveryView], now: Time) -> Markup {
    html! {
        @if deliveries.is_empty() { p.quiet { "Nobody, and nobody is to be." } }
        @else {
            table {
                thead { tr {
                    th scope="col" { "Receiver" } th scope="col" { "What" } th scope="col" { "Came of it" }
                    th scope="col" { "When" } th scope="col" { "Answer" }
                } }
                tbody { @for view in deliveries.iter().rev().take(DELIVERIES) { (delivery(view, now)) } }
            }
        }
    }
}

fn delivery(view: &DeliveryView, now: Time) -> Markup {
    let DeliveryView { delivery, message } = view;
    let (state, reason) = view.state();
    let state = match state {
        "waiting" => "waits",
        "in_message" => "is being sent",
        "sent" => "was told",
        "parked" => "given up",
        _ => "not told",
    };
    let settled = message.as_ref().and_then(|message| message.settled_at);
    html! {
        tr {
            td { bdi { (delivery.receiver) } }
            td data-label="What" { (incident::told_what(delivery.kind)) }
            td data-label="Came of it" { (state) @if let Some(reason) = reason { span.quiet { " (" (reason) ")" } } }
            td.time data-label="When" {
                @match settled {
                    Some(at) => (words::when(at, now)),
                    None if state == "waits" => { "not before " (words::when(delivery.not_before, now)) }
                    None => span.quiet { "–" }
                }
            }
            td data-label="Answer" { @if let Some(answer) = message.as_ref().and_then(|message| message.answer.as_ref()) { bdi { (answer) } } }
        }
    }
}
