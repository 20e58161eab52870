//! What is known of a section and its keys.

use crate::core::time::Span;

/// A mapping of keys.
#[derive(Clone, Copy)]
pub(crate) struct Section {
    /// What the JSON Schema calls it; unique.
    pub(crate) id: &'static str,
    /// What messages call it.
    pub(crate) title: &'static str,
    pub(crate) keys: &'static [Key],
}

impl Section {
    /// The key of this name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Whether this section, or one below it, holds a secret.
    pub(crate) fn leads_to_secrets(&self) -> bool {
        self.with_all_below().iter().any(|section| section.holds_secrets())
    }

    /// Whether one of its own keys is a secret.
    pub(crate) fn holds_secrets(&self) -> bool {
        self.keys.iter().any(|key| matches!(key.kind, Kind::Secret | Kind::SecretsByName))
    }

    /// Whether it stands directly in the section.
    pub(crate) fn has_below(&self, section: &Section) -> bool {
        self.below().any(|below| below == section)
    }

    /// The section, and all that stand in it at any depth.
    pub(crate) fn with_all_below(&self) -> Vec<&Section> {
        let mut found = vec![self];
        let mut looked_at = 0;
        while let Some(section) = found.get(looked_at) {
            for below in section.below() {
                if !found.contains(&below) {
                    found.push(below);
                }
            }
            looked_at += 1;
        }
        found
    }

    /// The sections that stand directly in it.
    fn below(&self) -> impl Iterator<Item = &'static Section> {
        self.keys.iter().filter_map(|key| match key.kind {
            Kind::Map(below) | Kind::List(below) => Some(below),
            _ => None,
        })
    }
}

/// What is known of all sections together: what a key was meant to be that does not belong where it stands.
pub(crate) struct Vocabulary {
    /// Names that other systems use for our keys.
    pub(crate) habits: &'static [(&'static str, &'static str)],
    /// The sections near this one, in which its keys are often looked for.
    pub(crate) near: fn(&Section) -> &'static [&'static Section],
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vocabulary")
    }
}

impl PartialEq for Section {
    fn eq(&self, other: &Section) -> bool {
        self.id == other.id
    }
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) need: Need,
    pub(crate) doc: &'static str,
}

/// The kind of a key's value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A text on one line, of at most this many bytes.
    Text(usize),
    /// A text of several lines, of at most this many bytes.
    Lines(usize),
    /// A text that is never shown.
    Secret,
    /// The path of a file, relative to the file that names it.
    Path,
    /// A text, or a list of texts.
    Texts,
    /// A duration between these two.
    Duration(Span, Span),
    /// A whole number between these two.
    Whole(u64, u64),
    /// A number of bytes with its unit.
    Size,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A mapping of label names to values.
    Labels,
    /// A mapping of names, each with a text that is never shown.
    SecretsByName,
    /// A mapping of names, each with one of these words.
    WordsByName(&'static [&'static str]),
    /// Anything, whose bounds and meaning only its reader knows.
    Json,
    /// A mapping of keys.
    Map(&'static Section),
    /// A mapping whose keys are not in the table: they are told to whoever reads it.
    Told,
    /// A list of mappings of keys.
    List(&'static Section),
    /// Known, but not built yet.
    Later,
}

/// Whether a key is required.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    Required,
    /// May be left out, which has a meaning of its own.
    Optional,
    /// May be left out, and then has this value.
    Default(&'static str),
}

pub(crate) const fn key(name: &'static str, kind: Kind, need: Need, doc: &'static str) -> Key {
    Key { name, kind, need, doc }
}

pub(crate) const SECOND: Span = Span::secs(1);
pub(crate) const MINUTE: Span = Span::mins(1);
pub(crate) const HOUR: Span = Span::mins(60);
pub(crate) const DAY: Span = Span::mins(24 * 60);
pub(crate) const YEAR: Span = Span::mins(365 * 24 * 60);
pub(crate) const TEN_YEARS: Span = Span::mins(10 * 365 * 24 * 60);
pub(crate) const MONTH: Span = Span::mins(31 * 24 * 60);
pub(crate) const WEEK: Span = Span::mins(7 * 24 * 60);

/// The longest name of a receiver, a ping key or a group, in bytes.
pub(crate) const NAME: usize = 128;
pub(crate) const URL: usize = 2048;
