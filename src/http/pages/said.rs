//! What forms ask of people who say something of incidents: who they are, why, and until when.

use maud::{Markup, html};

use super::super::viewer::Viewer;
use crate::app::Actor;

/// How long something may last that is asked for on a page: as it is sent, and in words.
pub(in super::super) const LENGTHS: [(&str, &str); 5] =
    [("1h", "1 hour"), ("4h", "4 hours"), ("8h", "8 hours"), ("1d", "1 day"), ("7d", "7 days")];

/// Whoever signed in may leave it out: their token has a name. Whoever is known by their own name is not asked.
pub(super) fn who(viewer: &Viewer) -> Markup {
    html! {
        @if viewer.name().is_none() { p { label {
            "Your name " @if viewer.is_known() { span.quiet { "(if not that of the token) " } }
            input name="who" maxlength=(Actor::MAX_NAME_BYTES) autocomplete="name" required[!viewer.is_known()];
        } } }
    }
}

/// A comment of several lines.
pub(super) fn comment(max_bytes: usize) -> Markup {
    html! { p { label { "Comment " textarea name="comment" rows="2" maxlength=(max_bytes) {} } } }
}

/// 22.4
pub(super) fn until_when() -> Markup {
    html! {
        p { label {
            "For " select name="for" {
                option value="" { "until it ends" }
                @for (value, words) in LENGTHS { option value=(value) { (words) } }
            }
            span.quiet { " (acknowledging and muting; a mute needs an end)" }
        } }
    }
}

/// What can be said of many.
pub(super) fn many_buttons() -> Markup {
    let all = [
        ("acknowledge", "Acknowledge: I am on it"),
        ("wont-fix", "Won't fix"),
        ("reopen", "Open again"),
        ("mute", "Mute"),
        ("comment", "Only comment"),
    ];
    html! { p { @for (name, words) in all { button type="submit" name="do" value=(name) { (words) } " " } } }
}
