//! Reads JSON into the tree that YAML is read into. Values are numbered, and each has a JSON Pointer (RFC 6901).

use std::fmt;

use bumpalo::Bump;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::fault::{At, quote};
use super::tree::{Node, Value};
use crate::core::text::first_bytes;

/// How many bytes of a pointer are shown.
const MAX_POINTER_BYTES: usize = 256;

/// A document: its tree, and the places of its values.
pub(crate) struct Document<'t> {
    pub(crate) root: Node<'t>,
    places: Vec<Place>,
}

/// The number of a value's parent, and the value's name there. Storing whole pointers would take depth times length.
struct Place {
    parent: Option<usize>,
    token: String,
}

/// Parses a document into an arena. The parser refuses deep nesting; duplicate keys are refused here.
pub(crate) fn read<'t>(arena: &'t Bump, json: &[u8]) -> Result<Document<'t>, String> {
    let mut places = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(json);
    let root = Reader { arena, places: &mut places, parent: None, token: String::new() };
    let root = root.deserialize(&mut json).and_then(|root| json.end().map(|()| root));
    Ok(Document { root: root.map_err(|error| error.to_string())?, places })
}

impl Document<'_> {
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

/// What a value of the tree is in JSON; `None`: some of it could not be read, which is a fault already. A text that is not
/// quoted is what it looks like in JSON, or else a text.
pub(crate) fn json_of(node: &Node<'_>) -> Option<serde_json::Value> {
    let of_plain = |text: &str| match text {
        "true" | "True" | "TRUE" => serde_json::Value::Bool(true),
        "false" | "False" | "FALSE" => serde_json::Value::Bool(false),
        _ => serde_json::from_str(text).map_or_else(|_| text.into(), serde_json::Value::Number),
    };
    match node.value {
        _ if node.is_null() => Some(serde_json::Value::Null),
        Value::Text { text, plain } => Some(if plain { of_plain(text) } else { text.into() }),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(pairs) => {
            let pair = |(key, value): &(Node<'_>, Node<'_>)| Some((key.text().to_owned(), json_of(value)?));
            pairs.iter().map(pair).collect()
        }
        Value::Broken => None,
    }
}

/// Reads one value, and what is in it.
struct Reader<'r, 't> {
    arena: &'t Bump,
    places: &'r mut Vec<Place>,
    parent: Option<usize>,
    token: String,
}

impl<'t> Reader<'_, 't> {
    fn within(&mut self, parent: usize, token: String) -> Reader<'_, 't> {
        Reader { arena: self.arena, places: self.places, parent: Some(parent), token }
    }

    /// The number of the value, and its place in the tree.
    fn place(&mut self) -> (usize, At) {
        let number = self.places.len();
        self.places.push(Place { parent: self.parent, token: std::mem::take(&mut self.token) });
        (number, At { file: 0, line: u32::try_from(number + 1).unwrap_or(u32::MAX), column: 1 })
    }

    fn scalar(mut self, text: &str, plain: bool) -> Node<'t> {
        let (_, at) = self.place();
        Node { at, value: Value::Text { text: self.arena.alloc_str(text), plain } }
    }
}

impl<'de, 't> DeserializeSeed<'de> for Reader<'_, 't> {
    type Value = Node<'t>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'t>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 't> Visitor<'de> for Reader<'_, 't> {
    type Value = Node<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node<'t>, E> {
        Ok(self.scalar(&value.to_string(), true))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node<'t>, E> {
        Ok(self.scalar(&value.to_string(), true))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node<'t>, E> {
        Ok(self.scalar(&value.to_string(), true))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node<'t>, E> {
        Ok(self.scalar(&value.to_string(), true))
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'t>, E> {
        Ok(self.scalar("null", true))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node<'t>, E> {
        Ok(self.scalar(text, false))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Node<'t>, A::Error> {
        let (number, at) = self.place();
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.within(number, list.len().to_string()))? {
            list.push(item);
        }
        Ok(Node { at, value: Value::List(self.arena.alloc_slice_copy(&list)) })
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Node<'t>, A::Error> {
        let (number, at) = self.place();
        let mut pairs = Vec::new();
        let mut known = std::collections::HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let text = &*self.arena.alloc_str(&key);
            let value = map.next_value_seed(self.within(number, key))?;
            if !known.insert(text) {
                return Err(A::Error::custom(format!("the key {} is there twice", quote(text))));
            }
            pairs.push((Node { at: value.at, value: Value::Text { text, plain: false } }, value));
        }
        Ok(Node { at, value: Value::Map(self.arena.alloc_slice_copy(&pairs)) })
    }
}
