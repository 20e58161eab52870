//! What people say with an operation: checked before anything is done.

use super::actor::{Actor, Entrance};
use super::not_done::NotDone;
use crate::core::text::is_command;
use crate::core::time::{Span, Time};

/// The longest pause or mute that has an end: one that lasts longer is a change of the configuration.
const MAX_LENGTH: Span = Span::mins(366 * 24 * 60);

/// Whether something that is said now can end then.
pub(super) fn check_end(what: &'static str, until: Time, now: Time) -> Result<Time, NotDone> {
    check_end_within(what, until, MAX_LENGTH, now)
}

/// The same of something that may not last longer than this.
pub(super) fn check_end_within(
    what: &'static str,
    until: Time,
    longest: Span,
    now: Time,
) -> Result<Time, NotDone> {
    if until <= now || until - now > longest {
        return Err(NotDone::BadEnd { what, longest });
    }
    Ok(until)
}

/// Whether somebody may call themselves so: only what they said is judged, for the rest of their name stands in the
/// configuration.
pub(super) fn check_name(actor: &Actor) -> Result<(), NotDone> {
    let is_bad =
        |by: &String| by.trim().is_empty() || by.len() > Actor::MAX_NAME_BYTES || by.chars().any(is_command);
    if actor.said.as_ref().is_some_and(is_bad) { Err(NotDone::BadActor) } else { Ok(()) }
}

/// Whether somebody may say so.
pub(super) fn check_said(actor: &Actor, comment: &str, max_bytes: usize) -> Result<(), NotDone> {
    check_name(actor)?;
    // What users of other systems say may have several lines.
    let is_one_line = matches!(actor.door, Entrance::Compat(..)) || !comment.chars().any(char::is_control);
    if comment.len() > max_bytes || !is_one_line {
        return Err(NotDone::BadComment(max_bytes));
    }
    Ok(())
}

/// What somebody says of an incident may have several lines (22.3), as they are kept.
pub(super) fn check_lines(actor: &Actor, comment: &str, max_bytes: usize) -> Result<String, NotDone> {
    check_name(actor)?;
    // Browsers send both characters for the end of a line.
    let comment = comment.trim().replace("\r\n", "\n");
    if comment.len() > max_bytes || comment.chars().any(|c| c != '\n' && c.is_control()) {
        return Err(NotDone::BadLines(max_bytes));
    }
    Ok(comment)
}

/// `, says ann: vendor outage`
pub(super) fn in_words(actor: &Actor, comment: &str) -> String {
    let why = if comment.is_empty() { String::new() } else { format!(": {comment}") };
    format!(", says {}{why}", actor.name())
}
