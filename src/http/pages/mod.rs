//! Pages for people: made whole on the server, escaped by maud. What the viewer may do is offered by forms. A script keeps what
//! they show as it is on the server (22.9b); nothing needs it.
//!
//! A new page is a file here, a variant of [`Page`], and a row and an arm in `src/http/routes.rs`.

mod ack;
mod acts;
mod assets;
mod audit;
mod banners;
mod bars;
mod check;
mod check_form;
mod checks;
mod config;
mod declared;
mod diagnoses;
mod edit;
mod filter;
mod history;
mod how_to_ping;
mod icon;
mod incident;
mod incident_filter;
mod incident_page;
mod incidents;
mod list;
mod marks;
mod outputs;
mod records;
mod refused;
mod runbooks;
mod runs;
mod said;
mod sign_in;
mod tag;
#[cfg(test)]
mod tests;
mod timeline;
mod unknown_names;
mod uptime;
mod words;

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use maud::{DOCTYPE, Markup, html};

use super::reply::{self, Reply};
use super::viewer::Viewer;
use super::visit::Visit;
use super::{App, etag, exposition};
use crate::app::Room;
use crate::config::Scope;
use crate::core::cause::Status;

pub(super) use ack::answer as ack;
pub(super) use assets::Asset;
pub(super) use audit::answer as audit;
pub(super) use check::answer as check;
pub(super) use checks::answer as checks;
pub(super) use config::{SaidOfConfig, answer as config};
pub(super) use edit::answer as edit;
pub(super) use incident_filter::IncidentFilter;
pub(super) use incident_page::answer as incident;
pub(super) use incidents::answer as incidents;
pub(super) use refused::answer as refused;
pub(super) use runbooks::answer as runbooks;
pub(super) use said::LENGTHS as ACK_LENGTHS;
pub(super) use sign_in::answer as sign_in;
pub(super) use uptime::answer as uptime;

/// A page for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Checks,
    Check,
    New,
    Edit,
    Incidents,
    Incident,
    Ack,
    Config,
    SignIn,
    Audit,
    Uptime,
}

/// Makes a page aside, compressed for whoever takes that; who has it as it is already is told so.
pub(super) async fn make(visit: Visit<'_>, page: impl FnOnce(&App) -> Reply + Send + 'static) -> Reply {
    let takes_gzip = exposition::takes_gzip(visit.parts);
    let held = etag::held(&visit.parts.headers);
    let answer = move |app: &App| reply::compressed(etag::unless_held(page(app), &held), takes_gzip);
    make_in(visit.room_or(Room::Pages), visit.app, answer).await
}

/// Makes an answer aside.
pub(super) async fn make_in(
    room: Room,
    app: &Arc<App>,
    answer: impl FnOnce(&App) -> Reply + Send + 'static,
) -> Reply {
    let at = app.clone();
    app.services
        .aside(room, move || answer(&at))
        .await
        .unwrap_or_else(|bug| reply::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{bug}\n")))
}

/// Our own style and script, and nothing of others (23.8).
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'",
);

/// What stands around the content of a page.
struct Frame<'p> {
    title: &'p str,
    /// Leads from the page's folder to the first page: addresses are relative, so that a proxy may put punctual below a path.
    up: &'p str,
    /// The worst status that it shows, in its icon; `None`: it shows none.
    worst: Option<Status>,
    /// It asks again while somebody looks at it (22.9b).
    lives: bool,
    /// Who looks at it; `None`: it is the same for everybody.
    viewer: Option<&'p Viewer>,
}

/// Links to the pages before and after this one, of a list that has more than one. Whoever asks for one beyond the last is on
/// that.
fn page_links(label: &str, page: usize, pages: usize, address: impl Fn(usize) -> String) -> Markup {
    let page = page.min(pages);
    html! {
        @if pages > 1 {
            nav.pages aria-label=(label) {
                @if page > 1 { a href=(address(page - 1)) rel="prev" { "Previous" } }
                span { "Page " (page) " of " (pages) }
                @if page < pages { a href=(address(page + 1)) rel="next" { "Next" } }
            }
        }
    }
}

/// Who somebody is, and how to become somebody else.
fn signed_in(viewer: &Viewer, up: &str) -> Markup {
    html! {
        @if let Some(session) = &viewer.session {
            form.sign-out method="post" action={ (up) "sign-out" } {
                input type="hidden" name="form" value=(viewer.form());
                span.quiet { bdi { (session.token) } " (" (session.scope.as_str()) ")" } " "
                button type="submit" { "Sign out" }
            }
        } @else if let Some(name) = viewer.name() {
            p.sign-out { span.quiet { bdi { (name) } } }
        } @else if viewer.may_sign_in && !viewer.is_known() {
            a href={ (up) "sign-in" } { "sign in" }
        }
    }
}

/// A page around its content.
fn page(status: StatusCode, frame: &Frame<'_>, content: &Markup) -> Reply {
    let Frame { title, up, worst, lives, viewer } = *frame;
    let head = html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        title { (title) }
        link rel="icon" href=(icon::of(worst)) data-old=(icon::of(None));
        link rel="stylesheet" href={ (up) (Asset::Style.address()) };
        script type="module" src={ (up) (Asset::Script.address()) } {}
    };
    let header = html! {
        a.skip href="#main" { "Skip to the content" }
        header {
            a.brand href=(if up.is_empty() { "./" } else { up }) { "punctual" }
            nav aria-label="punctual" {
                a href=(if up.is_empty() { "./" } else { up }) { "checks" }
                a href={ (up) "incidents" } { "incidents" }
                a href={ (up) "uptime" } { "uptime" }
                a href={ (up) "audit" } { "audit" }
                a href={ (up) "config" } { "config" }
                a href={ (up) "metrics" } { "metrics" }
                @if viewer.is_some_and(|viewer| viewer.may(Scope::Write)) { a href={ (up) "new" } { "new check" } }
                @if let Some(viewer) = viewer { (signed_in(viewer, up)) }
                span.quiet { (concat!("v", env!("CARGO_PKG_VERSION"))) }
            }
        }
    };
    // What was not found or not done is said once, and not asked for again.
    let tag = (lives && status == StatusCode::OK).then(|| tag::of([&head, &header, content]));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { (head) }
            body {
                (header)
                main #main tabindex="-1" data-status=[worst.map(Status::as_str)] data-tag=[tag.as_deref()] { (content) }
            }
        }
    };
    let mut reply = reply::text(status, page.into_string());
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, SAME_ORIGIN);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(tag) = tag {
        headers.insert(ETAG, HeaderValue::from_str(&tag).expect("a tag is plain text"));
    }
    reply
}

/// With `no-referrer` a browser would send a form without its origin (23.8).
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
