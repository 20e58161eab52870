//! One line of a message's list.

use super::diagnosis::{found, found_words};
use super::{Tone, family_word, how_many, page, title, tone, word};
use crate::core::incident::IncidentStatus;
use crate::core::notice::{Notice, Severity};
use crate::core::text::cut_units;
use crate::notify::Notification;
use crate::notify::text::{line, span};

/// One line of a message's list: which check, and why it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub tone: Tone,
    /// The word for what happened, such as `LATE`.
    pub word: &'static str,
    pub name: String,
    /// The title, at most [`Item::MAX_TITLE_UNITS`]; "" if it is the same as the name.
    pub title: String,
    /// Why and for how long, in our own words.
    pub why: String,
    /// The severity, at most [`Item::MAX_SEVERITY_UNITS`], or "".
    pub severity: String,
    pub page: String,
}

impl Item {
    /// The line without markup.
    pub fn plain(&self) -> String {
        self.line(&self.name, str::to_owned)
    }

    /// The longest title of an item, in UTF-16 units. The number of checks that a format can name is computed from it.
    pub const MAX_TITLE_UNITS: usize = 50;
    /// The longest severity of an item, in UTF-16 units.
    pub const MAX_SEVERITY_UNITS: usize = 16;

    /// The line, with the name as the format shows it. Texts that users wrote go through `escape`.
    pub fn line(&self, name: &str, escape: impl Fn(&str) -> String) -> String {
        let parts = [
            self.word.to_owned(),
            name.to_owned(),
            escape(&self.title),
            self.why.clone(),
            escape(&self.severity),
        ];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }
}

pub(super) fn item(notification: &Notification<'_>, notice: &Notice) -> Item {
    let title = title(notice);
    let title = if title == notice.check.as_str() { String::new() } else { title };
    let severity = line(Severity::of(&notice.labels).as_str(), 100);
    Item {
        tone: tone(notice),
        word: word(notice),
        name: notice.check.to_string(),
        title: cut_units(&title, Item::MAX_TITLE_UNITS),
        why: why(notification, notice),
        severity: cut_units(&severity, Item::MAX_SEVERITY_UNITS),
        page: page(notification.external_url, &notice.check),
    }
}

fn why(notification: &Notification<'_>, notice: &Notice) -> String {
    let lasted = span(notice.ended_at.unwrap_or(notification.now) - notice.began_at());
    let first = notice.first.kind;
    if let Some(flaps) = notice.flaps() {
        return format!("bad {} times in {lasted}, last: {}", flaps.times, first.as_str());
    }
    let was = || format!("was {} ({}) for {lasted}", family_word(first.family()), first.as_str());
    if let Some(found) = found(notice) {
        return found_words(found).to_owned();
    }
    if let Some(records) = &notice.records {
        if notice.tells_of_occurrences() {
            return how_many(records);
        }
        let what = if notice.is_over() { "violated what should hold" } else { notice.first.kind.meaning() };
        return format!("{what}: records: {}", how_many(records));
    }
    match (notice.is_over(), notice.incident_status) {
        (true, IncidentStatus::Removed) => format!("no longer declared, {}", was()),
        (true, _) => was(),
        (false, _) => {
            let cause = notice.leading().unwrap_or(notice.first);
            format!("{}, {lasted}", cause.kind.meaning())
        }
    }
}
