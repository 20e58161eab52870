//! What to do about each alert: `docs/runbooks.md`, where alerts can link to it.

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::reply::Reply;
use super::{Frame, page};

const RUNBOOKS: &str = include_str!("../../../docs/runbooks.md");

/// Answers `/runbook`; the name of an alert in small letters is the anchor of its part.
pub(in super::super) fn answer() -> Reply {
    let mut parts = RUNBOOKS.split("\n## ");
    let begin = parts.next().unwrap_or_default().trim_start_matches("# Runbooks");
    let content = html! {
        h1 { "Runbooks" }
        p { (text(begin)) }
        @for part in parts {
            @let (alert, rest) = part.split_once('\n').unwrap_or((part, ""));
            h2 id=(alert.to_lowercase()) { (alert) }
            @for paragraph in rest.split("\n\n") { p { (text(paragraph)) } }
        }
    };
    let frame = Frame { title: "Runbooks – punctual", up: "", worst: None, lives: false, viewer: None };
    page(StatusCode::OK, &frame, &content)
}

/// Code between backticks; nothing else of Markdown is used there.
fn text(paragraph: &str) -> Markup {
    html! {
        @for (number, piece) in paragraph.split('`').enumerate() {
            @if number % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}
