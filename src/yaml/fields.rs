//! Reads a mapping value by value against the table of keys. Faults go to the log and reading goes on: a faulty value
//! is treated as if it were missing.

use super::fault::{At, Log, guess, is_word, nearest, quote};
use super::section::{Key, Kind, Need, Section, Vocabulary};
use super::tree::{Node, Value};
use super::units::{parse_duration, parse_size};
use crate::core::time::Span;

/// The most items in a list of texts.
const MAX_TEXTS: usize = 256;
/// The most labels of a check, and of a file.
pub(crate) const MAX_LABELS: usize = 32;
/// The longest value of a label, in bytes.
const MAX_LABEL_BYTES: usize = 1024;
/// Labels that already have a meaning, here or in Prometheus.
const REFUSED_LABELS: [&str; 17] = [
    "check",
    "group",
    "reason",
    "status",
    "kind",
    "alertname",
    "job",
    "instance",
    "pod",
    "shard",
    "le",
    "quantile",
    "title",
    "schedule",
    "timezone",
    "source",
    "runbook_url",
];

/// A mapping in a file, read as a known section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    /// The beginning of the mapping.
    pub(crate) at: At,
    section: &'a Section,
    pairs: &'a [(Node<'a>, Node<'a>)],
    /// Whether a key was refused. A value that seems to be missing may have been meant by it.
    refused: bool,
}

impl<'a> Fields<'a> {
    /// Reads a node as this section. Unknown keys, keys of later versions, and missing keys are faults.
    pub(crate) fn open(node: &'a Node<'a>, section: &'a Section, log: &mut Log) -> Option<Fields<'a>> {
        let pairs = match node.value {
            Value::Map(pairs) => pairs,
            Value::Broken => return None,
            _ => {
                let message = format!("{} is a mapping of keys, not {}", section.title, node.kind());
                log.fault(node.at, message);
                return None;
            }
        };
        let faults_before = log.count();
        for (key, _) in pairs {
            match section.key(key.text()) {
                Some(Key { kind: Kind::Later, name, .. }) => {
                    log.fault(key.at, format!("`{name}` is not supported by this version"));
                }
                Some(_) => {}
                None => log.fault(key.at, unknown_key(key.text(), section, log.vocabulary)),
            }
        }
        let fields = Fields { at: node.at, section, pairs, refused: log.count() > faults_before };
        for key in section.keys {
            let missing = matches!(key.need, Need::Required) && !fields.has(key.name);
            if missing && !fields.refused {
                log.fault(node.at, format!("{} needs `{}`: {}", section.title, key.name, uncapped(key.doc)));
            }
        }
        Some(fields)
    }

    fn node(&self, name: &str) -> Option<&'a Node<'a>> {
        self.pairs.iter().find(|(key, _)| key.text() == name).map(|(_, value)| value)
    }

    /// The value of a key, if it is present, not empty and readable.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Node<'a>> {
        self.kind(name);
        self.node(name).filter(|node| !node.is_null() && !matches!(node.value, Value::Broken))
    }

    /// Whether the key has a value, readable or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.node(name).is_some_and(|node| !node.is_null())
    }

    /// Whether a key was refused. A value that seems to be missing may have been meant by it.
    pub(crate) fn has_refused_keys(&self) -> bool {
        self.refused
    }

    /// Whether a key was refused that is to come.
    pub(crate) fn has_later_keys(&self) -> bool {
        let mut later = self.section.keys.iter().filter(|key| matches!(key.kind, Kind::Later));
        later.any(|key| self.has(key.name))
    }

    /// The place of the key's value, or of the section if there is none.
    pub(crate) fn at_value(&self, name: &str) -> At {
        self.node(name).map_or(self.at, |node| node.at)
    }

    /// The place of the key, or of the section if there is none.
    pub(crate) fn at_key(&self, name: &str) -> At {
        self.pairs.iter().find(|(key, _)| key.text() == name).map_or(self.at, |(key, _)| key.at)
    }

    fn kind(&self, name: &str) -> Kind {
        self.section.key(name).unwrap_or_else(|| panic!("`{name}` is missing in the table of keys")).kind
    }

    /// A scalar of any kind; anything else is a fault.
    pub(crate) fn scalar(&self, log: &mut Log, name: &str) -> Option<&'a str> {
        let node = self.get(name)?;
        match node.value {
            Value::Text { text, .. } => Some(text),
            _ => {
                let wanted = expectation(self.kind(name));
                log.fault(node.at, format!("`{name}` is {wanted}, not {}", node.kind()));
                None
            }
        }
    }

    /// A text within its limits; an empty one is a fault.
    pub(crate) fn text(&self, log: &mut Log, name: &str) -> Option<&'a str> {
        let (max_bytes, lines) = match self.kind(name) {
            Kind::Text(max_bytes) => (max_bytes, false),
            Kind::Lines(max_bytes) => (max_bytes, true),
            other => panic!("`{name}` is read as a text and declared as {other:?}"),
        };
        let text = self.scalar(log, name)?;
        let control = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\t'));
        let problem = if text.trim().is_empty() {
            "is empty; leave the key out or give it a value".to_owned()
        } else if text.len() > max_bytes {
            format!("has at most {max_bytes} bytes, not {}", text.len())
        } else if text.contains(control) {
            "is one line of text without control characters".to_owned()
        } else {
            return Some(text);
        };
        log.fault(self.at_value(name), format!("`{name}` {problem}"));
        None
    }

    /// A text, or a list of texts, each with its place.
    pub(crate) fn texts(&self, log: &mut Log, name: &str) -> Vec<(At, &'a str)> {
        let Some(node) = self.get(name) else { return Vec::new() };
        let items = match node.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(node),
        };
        if items.len() > MAX_TEXTS {
            log.fault(node.at, format!("`{name}` has at most {MAX_TEXTS} items, not {}", items.len()));
            return Vec::new();
        }
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match item.value {
                Value::Text { text, .. } if !item.is_null() && !text.is_empty() => {
                    texts.push((item.at, text));
                }
                Value::Broken => {}
                _ => log.fault(item.at, format!("an item of `{name}` is a text, not {}", item.kind())),
            }
        }
        texts
    }

    /// A duration within its limits.
    pub(crate) fn duration(&self, log: &mut Log, name: &str) -> Option<Span> {
        let Kind::Duration(min, max) = self.kind(name) else {
            panic!("`{name}` is not declared as a duration")
        };
        let text = self.scalar(log, name)?;
        let message = match parse_duration(text) {
            Ok(span) if span < min => format!("`{name}` is at least {min}, not {span}"),
            Ok(span) if span > max => format!("`{name}` is at most {max}, not {span}"),
            Ok(span) => return Some(span),
            Err(error) => format!("`{name}` is {}: {error}", quote(text)),
        };
        log.fault(self.at_value(name), message);
        None
    }

    /// A whole number within its limits.
    pub(crate) fn whole(&self, log: &mut Log, name: &str) -> Option<u64> {
        let Kind::Whole(min, max) = self.kind(name) else { panic!("`{name}` is not declared as a number") };
        let text = self.scalar(log, name)?;
        match text.parse::<u64>() {
            Ok(number) if (min..=max).contains(&number) => Some(number),
            _ => {
                let message = format!("`{name}` is a whole number from {min} to {max}, not {}", quote(text));
                log.fault(self.at_value(name), message);
                None
            }
        }
    }

    /// A number of bytes.
    pub(crate) fn size(&self, log: &mut Log, name: &str) -> Option<u64> {
        let text = self.scalar(log, name)?;
        let size = parse_size(text);
        if size.is_none() {
            let message = format!("`{name}` is a size like `500MB` or `1GB`, not {}", quote(text));
            log.fault(self.at_value(name), message);
        }
        size
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, log: &mut Log, name: &str) -> Option<bool> {
        match self.scalar(log, name)? {
            "true" | "True" | "TRUE" | "yes" | "on" => Some(true),
            "false" | "False" | "FALSE" | "no" | "off" => Some(false),
            other => {
                log.fault(self.at_value(name), format!("`{name}` is true or false, not {}", quote(other)));
                None
            }
        }
    }

    /// One of the words that the table lists for the key.
    pub(crate) fn one_of(&self, log: &mut Log, name: &str) -> Option<&'static str> {
        let Kind::OneOf(words) = self.kind(name) else {
            panic!("`{name}` is not declared as one of some words")
        };
        let text = self.scalar(log, name)?;
        let word = words.iter().find(|word| **word == text).copied();
        if word.is_none() {
            let all = words.join(", ");
            let hint = guess(text, words.iter().copied());
            log.fault(self.at_value(name), format!("`{name}` is one of {all}, not {}{hint}", quote(text)));
        }
        word
    }

    /// The section below a key.
    pub(crate) fn map(&self, log: &mut Log, name: &str) -> Option<Fields<'a>> {
        let Kind::Map(section) = self.kind(name) else { panic!("`{name}` is not declared as a mapping") };
        Fields::open(self.get(name)?, section, log)
    }

    /// The items of a list of sections, still to be opened.
    pub(crate) fn items(&self, log: &mut Log, name: &str) -> &'a [Node<'a>] {
        let Kind::List(_) = self.kind(name) else { panic!("`{name}` is not declared as a list") };
        let Some(node) = self.get(name) else { return &[] };
        match node.value {
            Value::List(items) => items,
            _ => {
                log.fault(
                    node.at,
                    format!("`{name}` is a list (each item begins with `-`), not {}", node.kind()),
                );
                &[]
            }
        }
    }

    /// The sections of a list. Items that are not mappings are faults and are left out.
    pub(crate) fn sections(&self, log: &mut Log, name: &str) -> Vec<Fields<'a>> {
        let Kind::List(section) = self.kind(name) else { panic!("`{name}` is not declared as a list") };
        self.items(log, name).iter().filter_map(|item| Fields::open(item, section, log)).collect()
    }

    /// A mapping of names, each with a text and its place. Anything else is a fault, and is left out.
    pub(crate) fn by_name(&self, log: &mut Log, name: &str) -> Vec<(&'a str, At, &'a str)> {
        assert!(matches!(self.kind(name), Kind::SecretsByName | Kind::WordsByName(_)), "`{name}` is none");
        let Some(node) = self.get(name) else { return Vec::new() };
        let Value::Map(pairs) = node.value else {
            log.fault(node.at, format!("`{name}` is a mapping of names, not {}", node.kind()));
            return Vec::new();
        };
        let mut named = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            match value.value {
                Value::Text { text, .. }
                    if !value.is_null() && !text.is_empty() && !key.text().is_empty() =>
                {
                    named.push((key.text(), value.at, text));
                }
                Value::Broken => {}
                _ => log.fault(value.at, format!("`{name}` has a name and a text in each line")),
            }
        }
        named
    }

    /// Labels, sorted by name, with values as they were written.
    pub(crate) fn labels(&self, log: &mut Log, name: &str) -> Vec<(String, String)> {
        let Some(node) = self.get(name) else { return Vec::new() };
        let Value::Map(pairs) = node.value else {
            let message = format!("`{name}` is a mapping, as in {{team: dba}}, not {}", node.kind());
            log.fault(node.at, message);
            return Vec::new();
        };
        if pairs.len() > MAX_LABELS {
            log.fault(node.at, format!("there are at most {MAX_LABELS} labels, not {}", pairs.len()));
        }
        let mut labels = Vec::with_capacity(pairs.len());
        for (label, value) in pairs {
            if let Some(problem) = label_problem(label.text()) {
                log.fault(label.at, format!("the label {} {problem}", quote(label.text())));
            }
            match value.value {
                Value::Broken => {}
                Value::Text { text, .. } if !value.is_null() && !text.is_empty() => {
                    if text.len() > MAX_LABEL_BYTES || text.contains(char::is_control) {
                        let message =
                            format!("a label's value is one line of at most {MAX_LABEL_BYTES} bytes of text");
                        log.fault(value.at, message);
                    }
                    labels.push((label.text().to_owned(), text.to_string()));
                }
                Value::Text { .. } if !value.is_null() => {
                    let message = format!(
                        "the label {} is empty: leave it out, or give it a text",
                        quote(label.text())
                    );
                    log.fault(value.at, message);
                }
                _ => {
                    let message =
                        format!("the label {} needs a text, not {}", quote(label.text()), value.kind());
                    log.fault(value.at, message);
                }
            }
        }
        labels.sort();
        labels
    }
}

/// Why no check may have this label.
fn label_problem(name: &str) -> Option<&'static str> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let other = |c: char| first(c) || c.is_ascii_digit();
    if !name.starts_with(first) || !name.chars().all(other) || name.len() > 128 {
        Some("is no label's name: letters, digits and _, not beginning with a digit, at most 128")
    } else if REFUSED_LABELS.contains(&name) {
        Some("means something already; choose another name")
    } else if name.starts_with("__") || name.starts_with("exported_") {
        Some("belongs to Prometheus; choose another name")
    } else {
        None
    }
}

/// The message about an unknown key.
fn unknown_key(name: &str, section: &Section, vocabulary: &Vocabulary) -> String {
    let built = |key: &&Key| !matches!(key.kind, Kind::Later);
    let names = || section.keys.iter().filter(built).map(|key| key.name);
    let habit =
        vocabulary.habits.iter().find(|(habit, ours)| *habit == name && names().any(|name| name == *ours));
    let near = habit.map(|(_, ours)| *ours).or_else(|| nearest(name, names()));
    let home = (vocabulary.near)(section).iter().find(|near| near.key(name).is_some());
    let hint = if let Some(near) = near {
        format!("; did you mean `{near}`?")
    } else if let Some(home) = home {
        format!("; it belongs in {}", home.title)
    } else {
        let all: Vec<&str> = names().collect();
        format!("; it has {}", all.join(", "))
    };
    // If a colon or a blank was forgotten, or the key is in the wrong place, it may be a secret.
    let is_near = near.is_some() || home.is_some();
    let may_be_shown = match (section.holds_secrets(), section.leads_to_secrets()) {
        (true, _) => is_word(name) && is_near,
        (false, true) => is_word(name),
        (false, false) => true,
    };
    let shown = if may_be_shown { format!(" key {}", quote(name)) } else { " such key".to_owned() };
    format!("{} has no{shown}{hint}", section.title)
}

fn expectation(kind: Kind) -> &'static str {
    match kind {
        Kind::Duration(..) => "a duration",
        Kind::Whole(..) => "a whole number",
        Kind::Size => "a size",
        Kind::Flag => "true or false",
        Kind::OneOf(_) => "a word",
        _ => "a text",
    }
}

fn uncapped(doc: &str) -> String {
    let mut chars = doc.trim_end_matches('.').chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
