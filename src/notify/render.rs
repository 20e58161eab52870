//! The content of a message, before a receiver's format is applied.
//!
//! [`render`] turns notices into a [`Text`]: a subject, an [`Item`] for each notice, and [`Card`]s with details of the
//! first of them. Every text in it is already harmless ([`super::text::line`]), so a format escapes only its markup.

mod card;
mod diagnosis;
mod item;
mod plain;
mod records;
mod web;
mod words;

use std::collections::BTreeSet;

pub use card::{Card, Line};
pub use diagnosis::{found_cases, found_words};
pub use item::Item;
pub use records::{each, how_many, records_page};
use words::tone;
pub use words::{Tone, base, family_word, page, title, word};

use super::Notification;
use super::text::both_stretches;
use crate::core::cause::CauseKind;
use crate::core::notice::{Notice, worst_first};
use crate::core::text::{cut, cut_units};

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// `[LATE] Nightly backup`, and at the end `[RECOVERED] Nightly backup`. Reminders repeat it.
    pub subject: String,
    /// The worst tone of its items.
    pub tone: Tone,
    /// What many checks have in common, said once.
    pub summary: Option<String>,
    /// All notices, worst first; at least one. A format lists them if there are several.
    pub items: Vec<Item>,
    /// Details of the first items. A format shows as many as it has room for.
    pub cards: Vec<Card>,
    /// The page of all checks; set if the message is about several.
    pub overview: Option<String>,
    /// Where people acknowledge what it tells (22.5).
    pub acknowledge: Option<String>,
}

impl Text {
    /// The most cards that are built; no format has room for more.
    pub const MAX_CARDS: usize = 20;
    /// The longest subject, in UTF-16 units.
    pub const MAX_SUBJECT_UNITS: usize = 150;

    /// Whether the message is about several things and lists them.
    pub fn is_digest(&self) -> bool {
        self.overview.is_some()
    }

    /// The label of the link by which people acknowledge.
    pub fn acknowledge_words(&self) -> &'static str {
        if self.is_digest() { "Acknowledge all of these" } else { "Acknowledge" }
    }

    /// The label of the link to all checks, if details of `shown` items are shown.
    pub fn rest(&self, shown: usize) -> String {
        match self.items.len().saturating_sub(shown) {
            0 => "All checks".to_owned(),
            1 => "1 is without details here: all checks".to_owned(),
            more => format!("{more} are without details here: all checks"),
        }
    }
}

/// Puts the notices into words.
pub fn render(notification: &Notification<'_>) -> Text {
    let mut text = without_link(notification);
    text.acknowledge = acknowledge(notification);
    if let Some(card) = text.cards.first_mut() {
        card.acknowledge.clone_from(&text.acknowledge);
    }
    text
}

fn without_link(notification: &Notification<'_>) -> Text {
    let ordered = worst_first(notification.notices);
    let items: Vec<Item> = ordered.iter().map(|notice| item::item(notification, notice)).collect();
    if let [notice] = ordered[..] {
        return Text {
            subject: subject(notice),
            tone: tone(notice),
            summary: None,
            items,
            cards: vec![card::card(notification, notice)],
            overview: None,
            acknowledge: None,
        };
    }
    let blind: Vec<&Notice> = ordered.iter().copied().filter(|notice| is_blind_alert(notice)).collect();
    let is_summed_up = |notice: &Notice| blind.len() > 1 && is_blind_alert(notice);
    let single = ordered.iter().filter(|notice| !is_summed_up(notice));
    let cards = single.take(Text::MAX_CARDS).map(|notice| card::card(notification, notice)).collect();
    Text {
        subject: digest_subject(&ordered),
        tone: ordered.iter().map(|notice| tone(notice)).min().expect("a message has at least one member"),
        summary: blind_summary(notification, &blind),
        items,
        cards,
        overview: Some(format!("{}/", base(notification.external_url))),
        acknowledge: None,
    }
}

/// Where people acknowledge what it tells: of what is over nobody takes anything on.
pub(super) fn acknowledge(notification: &Notification<'_>) -> Option<String> {
    let is_open = |notice: &Notice| !notice.is_over() && notice.flaps().is_none();
    let url = notification.ack_url.filter(|_| notification.notices.iter().any(is_open));
    url.map(str::to_owned)
}

fn is_blind_alert(notice: &Notice) -> bool {
    !notice.is_over() && notice.first.kind == CauseKind::Blind && notice.blind.is_some()
}

/// The subject names the incident's first cause, so that a thread keeps its subject until its end. Mail programs find
/// the thread by its headers.
fn subject(notice: &Notice) -> String {
    cut_units(&format!("[{}] {}", word(notice), title(notice)), Text::MAX_SUBJECT_UNITS)
}

fn digest_subject(notices: &[&Notice]) -> String {
    const ORDER: [&str; 13] = [
        "IMPASSE",
        "NO CASE",
        "UNSOLVED",
        "PROPOSED",
        "FAILING",
        "LATE",
        "UNKNOWN",
        "OCCURRED",
        "FLAPPING",
        "EASED",
        "RECOVERED",
        "REMOVED",
        "CHANGED",
    ];
    let counts = ORDER.map(|name| (name, notices.iter().filter(|notice| word(notice) == name).count()));
    let there: Vec<&(&str, usize)> = counts.iter().filter(|(_, count)| *count > 0).collect();
    let words = match there[..] {
        [(only, _)] => (*only).to_owned(),
        _ => there.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", "),
    };
    let titles: Vec<String> = notices.iter().map(|notice| cut(&title(notice), 40)).collect();
    let checks = match notices.iter().map(|notice| &notice.check).collect::<BTreeSet<_>>().len() {
        1 => "1 check".to_owned(),
        many => format!("{many} checks"),
    };
    cut_units(&format!("[{words}] {checks}: {}", listed(&titles, 3)), Text::MAX_SUBJECT_UNITS)
}

/// The first `max` names, and `…` if there are more.
fn listed(names: &[String], max: usize) -> String {
    let shown = names.iter().take(max).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > max { format!("{shown}, …") } else { shown }
}

/// 9.6: checks that are unknown because of the same blind time are told in one sentence, not one by one.
fn blind_summary(notification: &Notification<'_>, blind: &[&Notice]) -> Option<String> {
    let [first, _, ..] = blind else { return None };
    let windows = || blind.iter().filter_map(|notice| notice.blind);
    let from = windows().map(|window| window.from).min()?;
    let to = windows().map(|window| window.to).max()?;
    let when = both_stretches(from, to, first.zone, notification.now);
    let count = blind.len();
    Some(format!(
        "{count} checks were due while punctual was not listening, {when}. Whether their jobs ran is not known."
    ))
}

#[cfg(test)]
mod tests;
