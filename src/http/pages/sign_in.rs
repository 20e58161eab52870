//! Where one signs in (23.3).

use hyper::StatusCode;
use maud::html;

use super::super::App;
use super::super::reply::Reply;
use super::super::viewer::Viewer;
use super::{Frame, page};

/// Answers `/sign-in`. `to` is the page to go on to; `refused` says why somebody was not let in.
pub(in super::super) fn answer(
    app: &App,
    viewer: &Viewer,
    to: &str,
    refused: Option<(StatusCode, &str)>,
) -> Reply {
    let has_secret = app.services.live.secret().is_some();
    let content = html! {
        h1 { "Sign in" }
        @if let Some((_, why)) = refused { div.banner.bad role="alert" { (why) } }
        @if !viewer.may_sign_in {
            p { "There is nothing to sign in with: the configuration has no " code { "auth.tokens" } "." }
        } @else if !has_secret {
            p { "Nobody can sign in now: the database could not be read. The log says why." }
        } @else {
            form.sign-in method="post" action="sign-in" {
                input type="hidden" name="to" value=(to);
                p { label { "Token " input name="token" type="password" autocomplete="current-password" required autofocus; } }
                p { button type="submit" { "Sign in" } }
            }
            p.small.quiet {
                "Tokens stand under " code { "auth.tokens" } " of the configuration. A session lasts 12 hours, and as long as its token."
            }
        }
    };
    let status = refused.map_or(StatusCode::OK, |(status, _)| status);
    page(
        status,
        &Frame { title: "Sign in – punctual", up: "", worst: None, lives: false, viewer: Some(viewer) },
        &content,
    )
}
