//! Fits a message into the room that a chat has, in the unit that the chat counts.

use crate::core::text::{cut_units, units};
use crate::notify::render::Card;

/// The longest that a user's text may be in a card, tried in this order: a card without room shortens its texts instead
/// of leaving a line out.
const OF_ONE: &[usize] = &[2000, 1000, 500, 250, 120, 60];
/// The same in a message of several cards, where a card has to leave room for the next.
const OF_MANY: &[usize] = &[250, 120, 60];

/// Longer links are shown on the check's page only.
const MAX_LINK_BYTES: usize = 300;

/// The card's lines, shortened until their total length fits into `room`; `None` if even the shortest do not fit.
pub(super) fn fitting(
    card: &Card,
    is_digest: bool,
    room: usize,
    length: impl Fn(&str) -> usize,
) -> Option<Vec<String>> {
    let levels = if is_digest { OF_MANY } else { OF_ONE };
    let said = levels.iter().map(|longest| card.said(*longest));
    said.into_iter().find(|lines| lines.iter().map(|line| length(line)).sum::<usize>() <= room)
}

/// The links that a chat shows for a card, as name and URL.
pub(super) fn links(card: &Card) -> impl Iterator<Item = (&'static str, &str)> {
    let runbook = card.runbook.as_deref().filter(|url| url.len() <= MAX_LINK_BYTES);
    let acknowledge = card.acknowledge.as_deref().filter(|url| url.len() <= MAX_LINK_BYTES);
    let page = [("Page", card.page.as_str())];
    let links = runbook.map(|url| ("Runbook", url)).into_iter().chain(page);
    links.chain(acknowledge.map(|url| ("Acknowledge", url)))
}

/// Formats the text, cut so that the result has at most `max` UTF-16 units. No escape is cut in two.
pub(super) fn cut_escaped(text: &str, max: usize, escape: impl Fn(&str) -> String) -> String {
    let mut longest = units(text).max(1);
    loop {
        let escaped = escape(&cut_units(text, longest));
        if units(&escaped) <= max || longest == 1 {
            return escaped;
        }
        longest -= 1;
    }
}
