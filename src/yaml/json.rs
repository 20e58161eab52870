//! Reads JSON into the tree that YAML is read into. Values are numbered, and each has a JSON Pointer (RFC 6901).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::fault::{At, quote};
use super::tree::{Node, Value};
use crate::core::text::first_bytes;

/// How many bytes of a pointer are shown.
const MAX_POINTER_BYTES: usize = 256;

/// A document: its tree, and the places of its values.
pub(crate) struct Document {
    pub(crate) root: Node<'static>,
    places: Vec<Place>,
}

/// The number of a value's parent, and the value's name there. Storing whole pointers would take depth times length.
struct Place {
    parent: Option<usize>,
    token: String,
}

/// Parses a document. The parser refuses deep nesting; duplicate keys are refused here.
pub(crate) fn read(json: &[u8]) -> Result<Document, String> {
    let json: Json = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let mut places = Vec::new();
    let root = node(json, None, String::new(), &mut places);
    Ok(Document { root, places })
}

impl Document {
    /// The pointer to a value of the tree, such as `/expect/within`; "" is the document as a whole.
    pub(crate) fn pointer(&self, at: At) -> String {
        let mut tokens = Vec::new();
        let mut next = (at.line as usize).checked_sub(1);
        while let Some(place) = next.and_then(|number| self.places.get(number)) {
            if place.parent.is_some() {
                tokens.push(place.token.replace('~', "~0").replace('/', "~1"));
            }
            next = place.parent;
        }
        let pointer: String = tokens.iter().rev().flat_map(|token| ["/", token]).collect();
        first_bytes(&pointer, MAX_POINTER_BYTES).to_owned()
    }
}

/// A JSON value whose keys keep their order.
enum Json {
    Plain(String),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

fn node(json: Json, parent: Option<usize>, token: String, places: &mut Vec<Place>) -> Node<'static> {
    let number = places.len();
    places.push(Place { parent, token });
    let at = At { file: 0, line: u32::try_from(number + 1).unwrap_or(u32::MAX), column: 1 };
    let text = |text: String, plain| Value::Text { text: Cow::Owned(text), plain };
    let value = match json {
        Json::Plain(word) => text(word, true),
        Json::Text(words) => text(words, false),
        Json::List(items) => {
            let items = items.into_iter().enumerate();
            Value::List(items.map(|(i, item)| node(item, Some(number), i.to_string(), places)).collect())
        }
        Json::Map(pairs) => {
            let mut nodes = Vec::with_capacity(pairs.len());
            for (key, value) in pairs {
                let value = node(value, Some(number), key.clone(), places);
                nodes.push((Node { at: value.at, value: text(key, false) }, value));
            }
            Value::Map(nodes)
        }
    };
    Node { at, value }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Plain(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Plain(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Plain(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Plain(value.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Plain("null".to_owned()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut pairs: Vec<(String, Json)> = Vec::new();
        let mut known = std::collections::HashSet::new();
        while let Some((key, value)) = map.next_entry::<String, Json>()? {
            if !known.insert(key.clone()) {
                return Err(A::Error::custom(format!("the key {} is there twice", quote(&key))));
            }
            pairs.push((key, value));
        }
        Ok(Json::Map(pairs))
    }
}
