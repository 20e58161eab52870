//! How a check is known to users of another system, and what is kept of its history for them. Which systems there are, and
//! what they are called, nothing here knows.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::time::Span;

/// The system from which a check's users came: a name that says nothing here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Arc<str>);

impl Origin {
    /// The system of this name.
    pub fn new(name: &str) -> Origin {
        Origin(name.into())
    }

    /// As it stands in files, metrics and the database.
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
    /// Whose users.
    pub origin: Origin,
    /// [`Alias::ID_LETTERS`] letters a-z, unique over all origins.
    pub id: String,
    /// Made from the name, unique in its origin; not always a valid name of a check.
    pub slug: String,
}

impl Alias {
    /// How long an id is.
    pub const ID_LETTERS: usize = 8;
    /// So many of the newest events are kept whatever their age.
    pub const EVENTS_KEPT: u64 = 100;
    /// Older events go, but for [`Alias::EVENTS_KEPT`].
    pub const EVENTS_MAX_AGE: Span = Span::mins(7 * 24 * 60);
    /// So many of the newest events are told in a mail.
    pub const EVENTS_IN_A_MAIL: usize = 15;

    /// Whether a text can be an id.
    pub fn is_id(text: &str) -> bool {
        text.len() == Alias::ID_LETTERS && text.bytes().all(|b| b.is_ascii_lowercase())
    }
}

/// What sets the checks of an origin apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// The most events that are kept.
    pub max_events: u64,
    /// A pause without an end forgives: what was late is not, once it is over (16.6).
    pub pause_forgives: bool,
    /// What the history says of a check that was made.
    pub created: &'static str,
}

impl Default for Habits {
    /// Those of an origin that nobody knows any more.
    fn default() -> Habits {
        Habits { max_events: 1000, pause_forgives: false, created: "Created" }
    }
}

/// The origins whose habits are known.
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

/// What stands in the history of a check with an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It was made.
    Created,
    /// It reported.
    Triggered,
    /// It was paused.
    Paused,
    /// The pause was ended, but not by a trigger.
    Unpaused,
}

impl Happening {
    /// As it stands in the history: `Paused (night work)`.
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
