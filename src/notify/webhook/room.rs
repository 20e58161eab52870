//! How much of a message a chat has room for, in the unit that it counts.

use crate::core::text::{cut_units, units};
use crate::notify::render::Card;

/// The longest that a stranger's text may be in a card, tried in this order: where a card has no room it says less, and
/// leaves no line out.
const OF_ONE: &[usize] = &[2000, 1000, 500, 250, 120, 60];
/// In a message of several, where a card is to leave room for the next.
const OF_MANY: &[usize] = &[250, 120, 60];

/// Longer links are on the check's page, and not in chats.
const MAX_LINK_BYTES: usize = 300;

/// The lines of a card whose lengths, summed up, are within `room`; `None`: not even the shortest are.
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

/// The card's links that a chat shows: name and address.
pub(super) fn links(card: &Card) -> impl Iterator<Item = (&'static str, &str)> {
    let runbook = card.runbook.as_deref().filter(|url| url.len() <= MAX_LINK_BYTES);
    runbook.map(|url| ("Runbook", url)).into_iter().chain([("Page", card.page.as_str())])
}

/// The text in its form, cut so that the form has at most `max` units of UTF-16: no escape is cut in two.
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
