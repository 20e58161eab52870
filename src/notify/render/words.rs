//! Words and URLs that all parts of a message share.

use super::diagnosis::{found, found_word};
use crate::core::cause::Family;
use crate::core::check::Name;
use crate::core::incident::IncidentStatus;
use crate::core::notice::Notice;
use crate::notify::text::line;

/// How bad the news is. Worst first, for sorting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Late or failing.
    Bad,
    /// Blind: we cannot tell.
    Unknown,
    /// It is over.
    Good,
}

/// The external URL without a slash at its end.
pub fn base(external_url: &str) -> &str {
    external_url.trim_end_matches('/')
}

/// The URL of a check's page.
pub fn page(external_url: &str, check: &Name) -> String {
    format!("{}/checks/{check}", base(external_url))
}

/// A check's title, safe for any message. The name, if it has none.
pub fn title(notice: &Notice) -> String {
    let title = line(&notice.title, 200);
    if title.is_empty() { notice.check.to_string() } else { title }
}

pub fn family_word(family: Family) -> &'static str {
    match family {
        Family::Late => "LATE",
        Family::Failing => "FAILING",
        Family::Unknown => "UNKNOWN",
        Family::Occurred => "OCCURRED",
    }
}

/// What happened, in one word.
pub fn word(notice: &Notice) -> &'static str {
    if notice.flaps().is_some() {
        return "FLAPPING";
    }
    if let Some(found) = found(notice) {
        return found_word(found);
    }
    match (notice.is_over(), notice.incident_status) {
        (true, IncidentStatus::Removed) => "REMOVED",
        (true, IncidentStatus::Changed) => "CHANGED",
        // Of its records some are over, and others are not.
        (true, _) if !notice.is_all_over() => "EASED",
        (true, _) => "RECOVERED",
        (false, _) => family_word(notice.first.kind.family()),
    }
}

pub(super) fn tone(notice: &Notice) -> Tone {
    match (notice.is_over(), notice.first.kind.family()) {
        (true, _) => Tone::Good,
        (false, Family::Unknown) => Tone::Unknown,
        (false, _) => Tone::Bad,
    }
}
