//! A record as programs say it (18.1): in a result, and by itself.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::shape::{self, explained, labels, text};
use crate::core::record::{NamedRecords, Record};

/// A record as it is said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordWords {
    key: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    details: Value,
    #[serde(default)]
    labels: Map<String, Value>,
}

impl RecordWords {
    /// Whether it is one.
    pub(super) fn read(self) -> Result<Record, String> {
        let RecordWords { key, title, details, labels } = self;
        let details = if details.is_null() { String::new() } else { details.to_string() };
        let label = |(name, value): (String, Value)| match value {
            Value::String(value) if Record::is_label_name(&name) => Ok((name, value)),
            Value::String(_) => Err(format!("`{}` is no label's name", crate::core::text::shown(&name, 60))),
            _ => Err("a label's value is a text".to_owned()),
        };
        let labels = labels.into_iter().map(label).collect::<Result<Vec<_>, _>>()?;
        let record = Record::new(&key).and_then(|record| record.titled(&title));
        let record = record.and_then(|record| record.detailed(&details));
        record.and_then(|record| record.labelled(labels)).map_err(|error| error.to_string())
    }
}

/// All that a result names, read one by one: no more of them are in memory than any check may have. Or which of them is none, and
/// why.
pub(super) struct RecordsSaid(pub(super) Result<NamedRecords, String>);

impl<'de> Deserialize<'de> for RecordsSaid {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<RecordsSaid, D::Error> {
        from.deserialize_seq(OneByOne)
    }
}

struct OneByOne;

impl<'de> Visitor<'de> for OneByOne {
    type Value = RecordsSaid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records, each with a `key`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<RecordsSaid, A::Error> {
        let (mut named, mut number) = (Ok(NamedRecords::default()), 0);
        while let Some(said) = all.next_element::<RecordWords>()? {
            let Ok(records) = &mut named else { continue };
            match said.read() {
                Ok(record) => records.add(record),
                Err(why) => named = Err(format!("`records`, item {number}: {why}")),
            }
            number += 1;
        }
        Ok(RecordsSaid(named))
    }
}

/// What is asked for.
pub(super) fn asked_shape() -> Value {
    let mut record = shape::asked([
        ("key", explained(text(), "By which it is known: 1 to 256 bytes, without control characters.")),
        ("title", explained(text(), "For people, at most 200 characters; the key if left out.")),
        ("details", explained(serde_json::json!({}), "Anything, at most 4,096 bytes as JSON.")),
        ("labels", explained(labels(), "Its own, at most 8, for matchers.")),
    ]);
    record["title"] = "RecordNamed".into();
    record["required"] = serde_json::json!(["key"]);
    record
}
