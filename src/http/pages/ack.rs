//! Where a message's link leads by which people acknowledge (22.5): what it told, and how that stands.

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::App;
use super::super::act::RefusedForm;
use super::super::reply::Reply;
use super::refused::why_not;
use super::said::{LENGTHS, comment};
use super::{Frame, incident, page, words};
use crate::app::Actor;
use crate::app::ack_link::{LinkedMessage, linked, of_token};
use crate::app::view::IncidentView;
use crate::core::check::Definition;
use crate::core::incident::IncidentStep;
use crate::core::time::Time;
use crate::notify::AckLink;

/// So many incidents are shown; a check's records may be thousands.
const SHOWN: usize = 256;

/// Answers `/ack/{token}`. `refused` says why something was not done that somebody asked for.
pub(in super::super) fn answer(app: &App, token: &str, refused: Option<&RefusedForm>) -> Reply {
    let now = app.services.clock.now();
    let found = of_token(&app.services, token);
    let (status, content) = match &found {
        None => (StatusCode::NOT_FOUND, not_ours()),
        // Whoever finds an old mail is told nothing of what stood in it, nor how things stand now.
        Some(link) if link.until < now => (StatusCode::GONE, over(link, now)),
        Some(link) => match linked(&app.services, link) {
            Ok(Some(told)) => (StatusCode::OK, content(token, link, &told, now)),
            Ok(None) => (StatusCode::GONE, html! { p { "What this message told is not kept any more." } }),
            Err(error) => {
                let banner = html! { div.banner.bad role="alert" { "It cannot be read: " (error) } };
                (StatusCode::SERVICE_UNAVAILABLE, banner)
            }
        },
    };
    let content = html! {
        h1 { "Acknowledge" }
        @if let Some(refused) = refused { (why_not(refused)) }
        (content)
        p.small { a href="../incidents" { "All incidents" } }
    };
    let frame =
        Frame { title: "Acknowledge – punctual", up: "../", worst: None, lives: false, viewer: None };
    page(refused.map_or(status, |refused| refused.problem.status()), &frame, &content)
}

fn not_ours() -> Markup {
    html! { p { "This link is not one of this server's: it may have been cut on its way." } }
}

fn over(link: &AckLink, now: Time) -> Markup {
    html! { p { "This link was good for a week, until " (words::when(link.until, now)) "." } }
}

fn content(token: &str, link: &AckLink, told: &LinkedMessage, now: Time) -> Markup {
    let open = told.open().count();
    html! {
        p {
            "What was told to " bdi { (told.message.receiver) } ", "
            (words::when(told.message.created_at, now)) ", and how it stands:"
        }
        table {
            thead { tr { th scope="col" { "Standing" } th scope="col" { "Check" } th scope="col" { "Why" } th scope="col" { "Began" } } }
            tbody { @for (definition, view) in told.incidents.iter().take(SHOWN) { (row(definition, view, now)) } }
        }
        @let more = told.incidents.len().saturating_sub(SHOWN);
        @if more > 0 { p.quiet { "and " (more) " more" } }
        @if told.incidents.is_empty() { p.quiet { "It is not kept any more." } }
        @if open > 0 {
            (form(token, open))
            p.small { "This link is good for whoever has it, and ends " (words::when(link.until, now)) "." }
        }
    }
}

fn row(definition: &Definition, view: &IncidentView, now: Time) -> Markup {
    let record = &view.record;
    html! {
        tr {
            td {
                span class={ "standing st-" (view.status.as_str()) } { (incident::standing_words(view.status)) }
                @if let Some(ended) = record.ended_at { " " (words::when(ended, now)) }
                @else if let Some(said) = &view.said { div { (incident::answered(view, said, now)) } }
            }
            td data-label="Check" {
                a.name href={ "../checks/" (definition.name) } { bdi { (definition.title) } }
                @if *definition.title != *definition.name.as_str() { " " code.quiet { (definition.name) } }
            }
            td data-label="Why" { (record.first.kind.meaning()) }
            td.time data-label="Began" { (words::when(record.opened_at, now)) }
        }
    }
}

/// Nobody acknowledges without a name: a robot that presses every button has none.
fn form(token: &str, open: usize) -> Markup {
    html! {
        form.sign-in method="post" action={ "./" (token) } {
            p { label {
                "Your name "
                input name="who" maxlength=(Actor::MAX_NAME_BYTES) autocomplete="name" required;
            } }
            p { label { "For " select name="for" {
                @for (value, words) in LENGTHS { option value=(value) selected[value == "1d"] { (words) } }
                option value="end" { "until it ends" }
            } } }
            (comment(IncidentStep::MAX_COMMENT_BYTES))
            p { button type="submit" {
                "Acknowledge: I am on it" @if open > 1 { " (" (open) " that are open)" }
            } }
        }
    }
}
