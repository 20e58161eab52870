//! A record as programs say it, in JSON (18.1): in a report, by itself, and in a line of a command.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::core::record::Record;
use crate::core::text::shown;

/// A record as it is said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordWords {
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
    pub(crate) fn read(self) -> Result<Record, String> {
        let RecordWords { key, title, details, labels } = self;
        let details = if details.is_null() { String::new() } else { details.to_string() };
        let label = |(name, value): (String, Value)| match value {
            Value::String(value) if Record::is_label_name(&name) => Ok((name, value)),
            Value::String(_) => Err(format!("`{}` is no label's name", shown(&name, 60))),
            _ => Err("a label's value is a text".to_owned()),
        };
        let labels = labels.into_iter().map(label).collect::<Result<Vec<_>, _>>()?;
        let record = Record::new(&key).and_then(|record| record.titled(&title));
        let record = record.and_then(|record| record.detailed(&details));
        record.and_then(|record| record.labelled(labels)).map_err(|error| error.to_string())
    }
}
