//! How a check is known to users of another system, and how much of its history is kept for them. Nothing here knows
//! which systems there are.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::time::Span;

/// The system that a check's users come from. The name has no meaning in this module.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Arc<str>);

impl Origin {
    pub fn new(name: &str) -> Origin {
        Origin(name.into())
    }

    /// The name in files, metrics and the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a check is known to users of another system. Its name there is the check's title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The other system.
    pub origin: Origin,
    /// [`Alias::ID_LETTERS`] letters a-z, unique over all origins.
    pub id: String,
    /// Made from the name and unique in its origin. It is not always a valid check name.
    pub slug: String,
}

impl Alias {
    /// The length of an id.
    pub const ID_LETTERS: usize = 8;
    /// How many of the newest events are kept whatever their age.
    pub const EVENTS_KEPT: u64 = 100;
    /// Older events are removed, except the newest [`Alias::EVENTS_KEPT`].
    pub const EVENTS_MAX_AGE: Span = Span::mins(7 * 24 * 60);
    /// How many of the newest events a mail shows.
    pub const EVENTS_IN_A_MAIL: usize = 15;

    /// Whether a text has the form of an id.
    pub fn is_id(text: &str) -> bool {
        text.len() == Alias::ID_LETTERS && text.bytes().all(|b| b.is_ascii_lowercase())
    }
}

/// How the checks of an origin differ from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// The most events that are kept.
    pub max_events: u64,
    /// A pause without an end forgives: a check that was late is no longer late after it (16.6).
    pub pause_forgives: bool,
    /// The history's text for the creation of a check.
    pub created: &'static str,
}

impl Default for Habits {
    /// The habits of an origin that is no longer known.
    fn default() -> Habits {
        Habits { max_events: 1000, pause_forgives: false, created: "Created" }
    }
}

/// The known origins with their habits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<Origin, Habits>);

impl Origins {
    /// The habits of an origin.
    pub fn habits(&self, origin: &Origin) -> Habits {
        self.0.get(origin).copied().unwrap_or_default()
    }
}

impl FromIterator<(Origin, Habits)> for Origins {
    fn from_iter<I: IntoIterator<Item = (Origin, Habits)>>(origins: I) -> Origins {
        Origins(origins.into_iter().collect())
    }
}

/// An entry in the history of a check with an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The check was created.
    Created,
    /// The check was pinged.
    Triggered,
    /// The check was paused.
    Paused,
    /// The pause was ended, but not by a trigger.
    Unpaused,
}

impl Happening {
    /// The text in the history: `Paused (night work)`.
    pub fn text(self, habits: Habits, comment: Option<&str>) -> String {
        let what = match self {
            Happening::Created => habits.created,
            Happening::Triggered => "Triggered",
            Happening::Paused => "Paused",
            Happening::Unpaused => "Unpaused",
        };
        match comment.filter(|comment| !comment.is_empty()) {
            Some(comment) => format!("{what} ({comment})"),
            None => what.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_speaks_as_its_system_does() {
        let check = |happening: Happening, created, comment, expected: &str| {
            let habits = Habits { created, ..Habits::default() };
            assert_eq!(happening.text(habits, comment), expected);
        };
        check(Happening::Created, "Canary created", None, "Canary created");
        check(Happening::Created, "Watcher created", None, "Watcher created");
        check(Happening::Triggered, "Canary created", Some("a (b)"), "Triggered (a (b))");
        check(Happening::Paused, "Watcher created", Some("x"), "Paused (x)");
        check(Happening::Unpaused, "Canary created", Some(""), "Unpaused");
    }

    #[test]
    fn an_origin_that_nobody_knows_has_plain_habits() {
        let (known, unknown) = (Origin::new("here"), Origin::new("gone"));
        let habits = Habits { max_events: 3, pause_forgives: true, created: "Made" };
        let origins = Origins::from_iter([(known.clone(), habits)]);
        assert_eq!((origins.habits(&known), origins.habits(&unknown)), (habits, Habits::default()));
    }

    #[test]
    fn an_id_is_eight_letters() {
        for bad in ["", "abcdefg", "abcdefghi", "abcdefg1", "Abcdefgh", "abcdefgä"] {
            assert!(!Alias::is_id(bad), "{bad}");
        }
        assert!(Alias::is_id("abcdefgh"));
    }
}
