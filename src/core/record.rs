//! What violates an assertion, one by one (§18): what a result names, and what that makes begin and end.
//!
//! Nothing here knows how a record is told of, nor how it is stored. [`difference()`] is the judge: as it is made anew from what
//! is stored, it may be carried out in slices, and broken off between any two (18.7).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::incident::{IncidentKey, IncidentKeyError};
use super::time::Time;

mod difference;
mod occurrence;
mod stretch;
mod totals;

pub use difference::{InARow, RecordChange, difference};
pub use occurrence::{Recall, occurrences, would_remember};
pub use stretch::Stretch;
pub use totals::{OccurrenceTotals, RecordKind, RecordTotals, ResultNumber};

/// One thing that violates an assertion, known by its key (18.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Never that of the check itself.
    key: IncidentKey,
    /// For people; the key where nothing is said.
    title: Arc<str>,
    /// JSON, or "".
    details: Arc<str>,
    /// Its own, sorted by name.
    labels: Arc<[(String, String)]>,
}

/// Why something is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("it has no key")]
    NoKey,
    #[error(transparent)]
    Key(#[from] IncidentKeyError),
    #[error("a title has at most {} characters", Record::MAX_TITLE_CHARS)]
    LongTitle,
    #[error("details have at most {} bytes", Record::MAX_DETAILS_BYTES)]
    LongDetails,
    #[error("there are at most {} labels", Record::MAX_LABELS)]
    ManyLabels,
    #[error("a label's value is one line of 1 to {} bytes", Record::MAX_LABEL_BYTES)]
    Label,
}

impl Record {
    /// The longest title.
    pub const MAX_TITLE_CHARS: usize = 200;
    /// The longest details, in bytes.
    pub const MAX_DETAILS_BYTES: usize = 4096;
    /// The most labels of its own.
    pub const MAX_LABELS: usize = 8;
    /// The longest value of a label, in bytes.
    pub const MAX_LABEL_BYTES: usize = 1024;
    /// The longest name of a label.
    const MAX_LABEL_NAME_BYTES: usize = 128;

    /// A record of which nothing but its key is known.
    ///
    /// # Errors
    ///
    /// The key is none of a record.
    pub fn new(key: &str) -> Result<Record, RecordError> {
        let key = IncidentKey::parse(key)?;
        if key.is_own() {
            return Err(RecordError::NoKey);
        }
        Ok(Record { title: key.as_str().into(), key, details: Arc::default(), labels: Arc::default() })
    }

    /// The same with a title; with "" it stays as it is.
    ///
    /// # Errors
    ///
    /// It is too long.
    pub fn titled(self, title: &str) -> Result<Record, RecordError> {
        if title.chars().count() > Record::MAX_TITLE_CHARS {
            return Err(RecordError::LongTitle);
        }
        Ok(if title.is_empty() { self } else { Record { title: title.into(), ..self } })
    }

    /// The same with details, which the caller knows to be JSON.
    ///
    /// # Errors
    ///
    /// They are too long.
    pub fn detailed(self, details: &str) -> Result<Record, RecordError> {
        if details.len() > Record::MAX_DETAILS_BYTES {
            return Err(RecordError::LongDetails);
        }
        Ok(Record { details: details.into(), ..self })
    }

    /// Whether a record may have this label: its name as a check's (18.1), its value a line that is not empty.
    pub fn is_label(name: &str, value: &str) -> bool {
        Record::is_label_name(name) && Record::is_label_value(value)
    }

    /// Whether a label may have this name.
    pub fn is_label_name(name: &str) -> bool {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_';
        let is_named = name.chars().all(|c| first(c) || c.is_ascii_digit());
        name.starts_with(first) && name.len() <= Record::MAX_LABEL_NAME_BYTES && is_named
    }

    fn is_label_value(text: &str) -> bool {
        (1..=Record::MAX_LABEL_BYTES).contains(&text.len()) && !text.contains(char::is_control)
    }

    /// The same with labels, of whose names the caller knows that they are names of labels.
    ///
    /// # Errors
    ///
    /// They are too many, or a value is none of a label.
    pub fn labelled(self, mut labels: Vec<(String, String)>) -> Result<Record, RecordError> {
        if labels.len() > Record::MAX_LABELS {
            return Err(RecordError::ManyLabels);
        }
        if !labels.iter().all(|(_, value)| Record::is_label_value(value)) {
            return Err(RecordError::Label);
        }
        labels.sort();
        Ok(Record { labels: labels.into(), ..self })
    }

    /// Which of the check's.
    pub fn key(&self) -> &IncidentKey {
        &self.key
    }

    /// For people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// JSON, or "".
    pub fn details(&self) -> &str {
        &self.details
    }

    /// Its own labels, sorted by name.
    pub fn labels(&self) -> &Arc<[(String, String)]> {
        &self.labels
    }

    /// How much room it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let labels: usize = self.labels.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.key.as_str().len() + self.title.len() + self.details.len() + labels
    }
}

/// All that a result names, each once, in the order of their keys: what it does not name holds (18.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedRecords {
    records: BTreeMap<IncidentKey, Record>,
    /// There are more than any check may have: they are not here.
    are_more: bool,
}

impl NamedRecords {
    /// The most that a check may allow for (18.6).
    pub const MOST: usize = 10_000;
    /// How many a check allows for where nothing is said.
    pub const DEFAULT_MOST: u32 = 1_000;

    /// Adds one. The same key twice is one record, the first (18.2).
    pub fn add(&mut self, record: Record) {
        if self.records.contains_key(&record.key) {
            return;
        }
        self.are_more |= self.records.len() == NamedRecords::MOST;
        if !self.are_more {
            self.records.insert(record.key.clone(), record);
        }
    }

    /// The same, of which not all were read: whatever a check allows for, these are more (18.6).
    pub fn and_more(self) -> NamedRecords {
        NamedRecords { are_more: true, ..self }
    }

    /// Whether they are no more than this (18.6).
    pub fn fit(&self, most: u32) -> bool {
        !self.are_more && self.records.len() <= most as usize
    }

    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many are named, as far as they are here.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// How much room they take, in bytes.
    pub fn bytes(&self) -> usize {
        self.records.values().map(Record::bytes).sum()
    }
}

impl FromIterator<Record> for NamedRecords {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> NamedRecords {
        let mut named = NamedRecords::default();
        records.into_iter().for_each(|record| named.add(record));
        named
    }
}

/// How a record stands between two results. Results are numbered, so that a row that goes on changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordStanding {
    /// Named in each result since this one, and not often enough to be violated.
    Named { since: u64 },
    /// Its incident is open.
    Open {
        /// Not named in any result since this one, and not often enough to be over.
        missed_since: Option<u64>,
    },
    /// It occurred then, and its incident is open for as long as it is remembered (19.3).
    Occurred { at: Time },
}

#[cfg(test)]
mod tests;
