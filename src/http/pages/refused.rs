//! What is said to whoever sent a form and may not see its page: their session is over, or they never had one.

use maud::{Markup, html};

use super::super::act::RefusedForm;
use super::super::decode;
use super::super::reply::Reply;
use super::super::viewer::Viewer;
use super::{Frame, page};

/// Answers the form of this page of ours, as `checks/backup`.
pub(in super::super) fn answer(to: &str, viewer: &Viewer, refused: &RefusedForm) -> Reply {
    let up = "../".repeat(to.matches('/').count());
    let content = html! {
        h1 { "Not done" }
        (why_not(refused))
        @if viewer.may_sign_in {
            p { a href={ (up) "sign-in?to=" (decode::encoded(to)) } { "Sign in" } " and do it again." }
        }
    };
    let title = "Not done – punctual";
    let frame = Frame { title, up: &up, worst: None, lives: false, viewer: Some(viewer) };
    page(refused.problem.status(), &frame, &content)
}

/// Why nothing was done, and what they had written.
pub(super) fn why_not(refused: &RefusedForm) -> Markup {
    html! {
        div.banner.bad role="alert" {
            // What fails in the middle says how far it came.
            strong { @if refused.problem.status().is_server_error() { "It went wrong: " } @else { "Nothing was done: " } }
            (refused.problem.detail())
            @if !refused.comment.is_empty() { p.lines { "You had written: " (refused.comment) } }
        }
    }
}
