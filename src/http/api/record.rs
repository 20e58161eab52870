//! A record as programs say it (18.1): in a result, and by itself.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::Value;

use super::shape::{self, explained, labels, text};
use crate::core::record::NamedRecords;
use crate::record_words::RecordWords;

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
