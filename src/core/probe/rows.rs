//! What a query has found: rows of a database, or series of a Prometheus, each with a key by which it is known again (17.16).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::found::ProbeFound;
use crate::core::assertion::{Assertion, Outcome};
use crate::core::incident::IncidentKey;
use crate::core::record::{Record, RecordError};
use crate::core::text::{first_bytes, first_chars, one_line};

/// Why no record can be made of a row. Then nothing is known of any of them (17.16).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    #[error("there is no column `{0}`, which `key` names")]
    NoColumn(String),
    #[error("`{0}`, which `key` names, is NULL in a row")]
    Null(String),
    #[error("`{0}`, which `key` names, is empty in a row")]
    Empty(String),
    #[error("a row is no record: {0}")]
    Record(#[from] RecordError),
    #[error("the rows have more than {} MiB", FoundRows::MAX_BYTES >> 20)]
    Large,
}

/// A row as a record that is known by the values of these columns, each with its name, joined by `/`.
///
/// # Errors
///
/// A value is missing or empty, or they make no key.
pub fn known_by_columns<'r>(
    columns: impl IntoIterator<Item = (&'r str, Option<&'r str>)>,
) -> Result<Record, RowError> {
    let mut key = String::new();
    for (at, (name, value)) in columns.into_iter().enumerate() {
        let value = value.ok_or_else(|| RowError::Null(name.to_owned()))?;
        if value.is_empty() {
            return Err(RowError::Empty(name.to_owned()));
        }
        if at > 0 {
            key.push('/');
        }
        for part in value.chars() {
            match part {
                '%' => key.push_str("%25"),
                '/' => key.push_str("%2F"),
                other => key.push(other),
            }
        }
    }
    Ok(Record::new(&key)?)
}

/// A series as a record that is known by its labels without its name, as a query selects them. They come sorted by name.
///
/// # Errors
///
/// They make no key.
pub fn known_by_labels<'r>(labels: impl IntoIterator<Item = (&'r str, &'r str)>) -> Result<Record, RowError> {
    let mut key = String::from("{");
    for (name, value) in labels.into_iter().filter(|(name, _)| *name != "__name__") {
        let comma = if key.len() > 1 { "," } else { "" };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        // Writing to a String cannot fail.
        let _ = write!(key, "{comma}{name}=\"{value}\"");
    }
    key.push('}');
    Ok(Record::new(&key)?)
}

/// A template with what stands in braces replaced; a name that is not there stays as it is written.
pub fn title_of<'r>(template: &str, value_of: impl Fn(&str) -> Option<Cow<'r, str>>) -> String {
    let (mut title, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        title.push_str(before);
        match after.split_once('}').and_then(|(name, after)| Some((value_of(name)?, after))) {
            Some((value, after)) => {
                title.push_str(first_chars(&value, Record::MAX_TITLE_CHARS));
                rest = after;
            }
            None => {
                title.push('{');
                rest = after;
            }
        }
    }
    title.push_str(rest);
    first_chars(&one_line(&title), Record::MAX_TITLE_CHARS).to_owned()
}

/// What a query has found so far, row by row, in bounds.
#[derive(Debug)]
pub struct FoundRows {
    /// How many there may be.
    most: usize,
    /// Rows that have one key are one record (18.2); where they are no records, each is counted.
    are_records: bool,
    rows: Vec<Record>,
    keys: BTreeSet<IncidentKey>,
    bytes: usize,
    are_more: bool,
}

impl FoundRows {
    /// The most room that rows take, in bytes: as much as a report may have.
    pub const MAX_BYTES: usize = 8 << 20;

    /// None yet, for what is asserted.
    pub fn of(assertion: &Assertion) -> FoundRows {
        let most = assertion.max_records.map_or(ProbeFound::SHOWN_ROWS, |most| most as usize);
        let are_records = assertion.max_records.is_some();
        FoundRows { most, are_records, rows: Vec::new(), keys: BTreeSet::new(), bytes: 0, are_more: false }
    }

    /// Whether no more need be read: there are too many.
    pub fn are_more(&self) -> bool {
        self.are_more
    }

    /// Adds one.
    ///
    /// # Errors
    ///
    /// They are too large.
    pub fn add(&mut self, row: Record) -> Result<(), RowError> {
        if self.are_more || self.are_records && !self.keys.insert(row.key().clone()) {
            return Ok(());
        }
        if self.rows.len() == self.most {
            self.are_more = true;
            return Ok(());
        }
        self.bytes += row.bytes();
        if self.bytes > FoundRows::MAX_BYTES {
            return Err(RowError::Large);
        }
        self.rows.push(row);
        Ok(())
    }

    /// What they come to.
    pub fn judge(self) -> ProbeFound {
        ProbeFound::of_rows(self.rows, self.are_more)
    }
}

impl ProbeFound {
    /// What rows come to: any of them is one too many. `are_more` than these says so.
    pub fn of_rows(rows: Vec<Record>, are_more: bool) -> ProbeFound {
        let Some(first) = rows.first() else { return ProbeFound::holds() };
        let count = match (rows.len(), are_more) {
            (1, false) => "1 row".to_owned(),
            (count, false) => format!("{count} rows"),
            (count, true) => format!("more than {count} rows"),
        };
        let why = format!("{count}, the first: {}", first.title());
        let mut text = String::new();
        for row in &rows {
            let (key, title) = (row.key().as_str(), row.title());
            let title = if title == key { String::new() } else { format!(" {title}") };
            let _ = writeln!(text, "{key}{title} {}", row.details());
            if text.len() > ProbeFound::MAX_TEXT_BYTES {
                break;
            }
        }
        let text = first_bytes(&text, ProbeFound::MAX_TEXT_BYTES).to_owned();
        ProbeFound { outcome: Outcome::Violated, why, text, rows, are_more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixtures::probed_at;
    use crate::core::incident::IncidentKeyError;

    /// 17.16
    #[test]
    fn a_key_is_made_of_columns_and_tells_which_it_cannot_be_made_of() {
        let key = |values: &[Option<&str>]| {
            let row = known_by_columns(values.iter().zip(["a", "b"]).map(|(value, name)| (name, *value)));
            row.map(|row| row.key().as_str().to_owned())
        };
        assert_eq!(key(&[Some("17")]).as_deref(), Ok("17"));
        assert_eq!(key(&[Some("17"), Some("x y")]).as_deref(), Ok("17/x y"));
        assert_eq!(key(&[Some("1/2"), Some("3%")]).as_deref(), Ok("1%2F2/3%25"));
        assert_ne!(key(&[Some("1/2"), Some("3")]), key(&[Some("1"), Some("2/3")]));
        assert_eq!(key(&[Some("1"), None]), Err(RowError::Null("b".to_owned())));
        assert_eq!(key(&[Some("")]), Err(RowError::Empty("a".to_owned())));
        assert_eq!(
            key(&[Some("a\nb")]),
            Err(RowError::Record(RecordError::Key(IncidentKeyError::ControlCharacter)))
        );
        assert_eq!(key(&[Some(&"x".repeat(256))]).map(|key| key.len()), Ok(256));
        assert_eq!(
            key(&[Some(&"x".repeat(257))]),
            Err(RowError::Record(RecordError::Key(IncidentKeyError::TooLong)))
        );
    }

    /// 17.16
    #[test]
    fn a_key_is_made_of_labels() {
        let key = |labels: &[(&'static str, &'static str)]| {
            known_by_labels(labels.iter().copied()).map(|row| row.key().as_str().to_owned())
        };
        assert_eq!(key(&[]).as_deref(), Ok("{}"));
        assert_eq!(
            key(&[("__name__", "up"), ("job", "a"), ("x", "b\"c\\")]).as_deref(),
            Ok(r#"{job="a",x="b\"c\\"}"#)
        );
        assert_eq!(key(&[("a", "1\n2")]).as_deref(), Ok(r#"{a="1\n2"}"#));
        assert_eq!(
            key(&[("a", "1\u{7}2")]),
            Err(RowError::Record(RecordError::Key(IncidentKeyError::ControlCharacter)))
        );
    }

    #[test]
    fn a_title_has_values_in_the_place_of_names() {
        let title = |template: &str| title_of(template, |name| (name == "email").then_some("a@b.c".into()));
        assert_eq!(title("{email}"), "a@b.c");
        assert_eq!(title("Mail of {email}, {other} {"), "Mail of a@b.c, {other} {");
        assert_eq!(title("{{email}}"), "{a@b.c}");
        assert_eq!(title(&"{email}".repeat(100)).chars().count(), 200);
    }

    /// 18.2b, 18.6, 17.13d
    #[test]
    fn rows_of_one_key_are_one_record_and_there_is_an_end_of_them() {
        let found = |max_records: Option<u32>, keys: &mut dyn Iterator<Item = String>| {
            let assertion = Assertion { max_records, ..probed_at("http://127.0.0.1/") };
            let mut rows = FoundRows::of(&assertion);
            for key in keys {
                rows.add(Record::new(&key).expect("it is one")).expect("it fits");
            }
            let found = rows.judge();
            (found.rows.len(), found.are_more)
        };
        let jobs = |count: usize, of: usize| (0..count).map(move |number| format!("job {}", number % of));
        assert_eq!(found(Some(3), &mut jobs(1_200, 3)), (3, false));
        assert_eq!(found(Some(3), &mut jobs(1_200, 4)), (3, true));
        assert_eq!(found(None, &mut jobs(900, 3)), (900, false));
        assert_eq!(found(None, &mut jobs(1_001, 3)), (1_000, true));
        let mut rows = FoundRows::of(&Assertion { max_records: Some(10_000), ..probed_at("http://a/") });
        let large = |number: usize| {
            let details = format!("\"{}\"", "x".repeat(4_000));
            Record::new(&number.to_string()).and_then(|row| row.detailed(&details)).expect("it is one")
        };
        let refused = (0..10_000).find_map(|number| rows.add(large(number)).err());
        assert_eq!(refused, Some(RowError::Large));
    }

    #[test]
    fn rows_are_counted_and_shown() {
        let row = |key: &str| {
            let row = Record::new(key).and_then(|row| row.titled(&format!("t{key}")));
            row.and_then(|row| row.detailed("{}")).expect("it is one")
        };
        assert_eq!(ProbeFound::of_rows(Vec::new(), false), ProbeFound::holds());
        let two = ProbeFound::of_rows(vec![row("1"), row("2")], false);
        assert_eq!((two.why.as_str(), two.text.as_str()), ("2 rows, the first: t1", "1 t1 {}\n2 t2 {}\n"));
        assert_eq!(ProbeFound::of_rows(vec![row("1")], true).why, "more than 1 rows, the first: t1");
        let many = ProbeFound::of_rows((0..1000).map(|i| row(&format!("{i:0>100}"))).collect(), false);
        assert_eq!((many.text.len(), many.rows.len()), (ProbeFound::MAX_TEXT_BYTES, 1000));
    }
}
