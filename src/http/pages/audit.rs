//! What people and the server did (22.10).

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::reply::Reply;
use super::super::viewer::Viewer;
use super::super::{App, decode};
use super::{Frame, page, words};
use crate::app::audit;
use crate::app::history::{HistoryPage, PageAsked};
use crate::core::audit::AuditKind;
use crate::core::text::shown;
use crate::core::time::Time;
use crate::store::history::{AuditRecord, AuditsWanted};

/// Rows on a page.
const ROWS: usize = 100;
/// The longest text that is looked for, in characters.
const MAX_TEXT: usize = 200;

/// Answers `/audit`; `actor`, `what` and `check` are filters, `before` leads to older rows. What cannot be understood is as if it
/// were not there.
pub(in super::super) fn answer(app: &App, query: Option<&str>, viewer: &Viewer) -> Reply {
    let [actor, what, check, before] = decode::query_values(query, ["actor", "what", "check", "before"])
        .map(|value| value.map(|value| shown(value.trim(), MAX_TEXT)).filter(|value| !value.is_empty()));
    let what = what.and_then(|what| AuditKind::of_word(&what));
    let wanted = AuditsWanted { actor, what, check, since: None };
    let asked = PageAsked { before: before.and_then(|before| before.parse().ok()), limit: ROWS };
    let now = app.services.clock.now();
    let read = audit::list(&app.services, &wanted, asked);
    let status = if read.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let content = html! {
        h1 { "What people and the server did" }
        (form(&wanted))
        @match &read {
            Ok(found) => { (table(app, found, now)) (older(&wanted, found)) }
            Err(error) => { div.banner.bad role="alert" { "The history cannot be read: " (error) } }
        }
        p.note.quiet { "What was said of incidents stands on the pages of their checks. The newest 10,000 are kept, for 90 days." }
    };
    page(
        status,
        &Frame { title: "Audit – punctual", up: "", worst: None, lives: true, viewer: Some(viewer) },
        &content,
    )
}

fn form(wanted: &AuditsWanted) -> Markup {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    html! {
        form.filters role="search" {
            input type="search" name="actor" value=(text(&wanted.actor)) maxlength=(MAX_TEXT) placeholder="who" aria-label="Who did it";
            select name="what" aria-label="What was done" {
                option value="" { "anything" }
                @for kind in AuditKind::ALL {
                    option value=(kind.as_str()) selected[wanted.what == Some(kind)] { (in_words(kind)) }
                }
            }
            input type="search" name="check" value=(text(&wanted.check)) maxlength=(MAX_TEXT) placeholder="check" aria-label="The name of the check";
            button { "Filter" }
        }
    }
}

fn table(app: &App, found: &HistoryPage<AuditRecord>, now: Time) -> Markup {
    html! {
        @if found.items.is_empty() { p.quiet { "Nothing." } }
        @else {
            table {
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "Check" }
                    th scope="col" { "Details" }
                } }
                tbody { @for AuditRecord { done, .. } in &found.items {
                    tr {
                        td.time { (words::when(done.at, now)) }
                        // Names and comments may turn the direction of writing: only their own.
                        td data-label="Who" { bdi { (done.actor) } }
                        td data-label="What" { (in_words(done.what)) }
                        td data-label="Check" { @if let Some(check) = &done.check { (check_link(app, check)) } }
                        td data-label="Details" {
                            @if !done.details.is_empty() { div { bdi { (done.details) } } }
                            @if !done.comment.is_empty() { div.quiet { bdi { (done.comment) } } }
                        }
                    }
                } }
            }
        }
    }
}

/// One that has the name now, or had it, leads to its page.
fn check_link(app: &App, name: &str) -> Markup {
    html! {
        @if app.services.live.find(name).is_some() { a href={ "checks/" (name) } { (name) } }
        @else { code { (name) } }
    }
}

fn older(wanted: &AuditsWanted, found: &HistoryPage<AuditRecord>) -> Markup {
    let address = |next: u64| {
        let query = decode::query(&[
            ("actor", wanted.actor.as_deref().unwrap_or_default()),
            ("what", wanted.what.map_or("", AuditKind::as_str)),
            ("check", wanted.check.as_deref().unwrap_or_default()),
            ("before", &next.to_string()),
        ]);
        format!("?{query}")
    };
    html! {
        @if let Some(next) = found.next { p.small { a href=(address(next)) { "Older" } } }
    }
}

fn in_words(what: AuditKind) -> &'static str {
    match what {
        AuditKind::Start => "started",
        AuditKind::Stop => "stopped",
        AuditKind::Reload => "took a configuration",
        AuditKind::Mute => "muted",
        AuditKind::Unmute => "ended a mute",
        AuditKind::Pause => "paused",
        AuditKind::Unpause => "unpaused",
        AuditKind::Create => "created",
        AuditKind::Edit => "changed",
        AuditKind::Delete => "deleted",
        AuditKind::Retry => "had it sent again",
        AuditKind::Drop => "dropped a message",
        AuditKind::Forget => "had names forgotten",
        AuditKind::SignIn => "signed in",
        AuditKind::SignOut => "signed out",
    }
}
