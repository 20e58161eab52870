//! How a check is known to users of coal-mine and Night's Watch, and what those systems keep of its history.

use super::time::Span;

/// A system whose users ping and manage their checks here as they did there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// coal-mine: its checks are canaries.
    CoalMine,
    /// Night's Watch: its checks are watchers.
    NightsWatch,
}

impl System {
    /// All of them.
    pub const ALL: [System; 2] = [System::CoalMine, System::NightsWatch];

    /// As it stands in files, metrics and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            System::CoalMine => "coal_mine",
            System::NightsWatch => "nights_watch",
        }
    }

    /// The most events that are kept. Night's Watch itself knows no bound; ours is far beyond what anybody reads.
    pub fn max_events(self) -> u64 {
        match self {
            System::CoalMine => 1000,
            System::NightsWatch => 10_000,
        }
    }
}

/// How a check is known to users of another system. Its name there is the check's title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// Whose users.
    pub system: System,
    /// [`Canary::ID_LETTERS`] letters a-z, unique over both systems.
    pub id: String,
    /// Made from the name, unique in its system; not always a valid name of a check.
    pub slug: String,
}

impl Canary {
    /// How long an id is.
    pub const ID_LETTERS: usize = 8;
    /// So many of the newest events are kept whatever their age.
    pub const EVENTS_KEPT: u64 = 100;
    /// Older events go, but for [`Canary::EVENTS_KEPT`].
    pub const EVENTS_MAX_AGE: Span = Span::mins(7 * 24 * 60);
    /// So many of the newest events are told in a mail.
    pub const EVENTS_IN_A_MAIL: usize = 15;

    /// Whether a text can be an id.
    pub fn is_id(text: &str) -> bool {
        text.len() == Canary::ID_LETTERS && text.bytes().all(|b| b.is_ascii_lowercase())
    }
}

/// What stands in a canary's history.
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
    pub fn text(self, system: System, comment: Option<&str>) -> String {
        let what = match (self, system) {
            (Happening::Created, System::CoalMine) => "Canary created",
            (Happening::Created, System::NightsWatch) => "Watcher created",
            (Happening::Triggered, _) => "Triggered",
            (Happening::Paused, _) => "Paused",
            (Happening::Unpaused, _) => "Unpaused",
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
        let check = |happening: Happening, system, comment, expected: &str| {
            assert_eq!(happening.text(system, comment), expected);
        };
        check(Happening::Created, System::CoalMine, None, "Canary created");
        check(Happening::Created, System::NightsWatch, None, "Watcher created");
        check(Happening::Triggered, System::CoalMine, Some("a (b)"), "Triggered (a (b))");
        check(Happening::Paused, System::NightsWatch, Some("x"), "Paused (x)");
        check(Happening::Unpaused, System::CoalMine, Some(""), "Unpaused");
    }

    #[test]
    fn an_id_is_eight_letters() {
        for bad in ["", "abcdefg", "abcdefghi", "abcdefg1", "Abcdefgh", "abcdefgä"] {
            assert!(!Canary::is_id(bad), "{bad}");
        }
        assert!(Canary::is_id("abcdefgh"));
    }
}
