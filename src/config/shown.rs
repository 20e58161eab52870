//! What the main file says, for those who may look at the server: in its own words, without any secret.

use serde_json::{Map, Value};

use super::keys::{self, DoorKeys, Kind, Section};
use crate::yaml::tree::{Node, Value as Written};

/// Stands in place of each secret.
const SECRET: &str = "<secret>";

/// All that the main file says but its checks: each of those is shown with its place, whichever file it stands in.
pub(super) fn main_file(main: &Node<'_>, doors: &'static DoorKeys) -> Value {
    let Written::Map(pairs) = main.value else { return Value::Null };
    let compat = doors.section();
    let rest = pairs.iter().filter(|(key, _)| key.text() != "checks");
    keyed(rest, &keys::MAIN, &compat)
}

fn keyed<'n>(
    pairs: impl Iterator<Item = &'n (Node<'n>, Node<'n>)>,
    section: &Section,
    compat: &Section,
) -> Value {
    let said = pairs.filter(|(_, value)| !value.is_null());
    let shown = said.filter_map(|(key, value)| {
        let known = section.key(key.text())?;
        Some((known.name.to_owned(), of_kind(value, known.kind, compat)))
    });
    Value::Object(shown.collect())
}

fn of_kind(node: &Node<'_>, kind: Kind, compat: &Section) -> Value {
    match (kind, node.value) {
        // A template of a webhook often has the key of a service in it (docs/templates.md).
        (Kind::Secret | Kind::SecretsByName | Kind::Lines(_), _) => SECRET.into(),
        (Kind::Map(section), Written::Map(pairs)) => keyed(pairs.iter(), section, compat),
        (Kind::Told, Written::Map(pairs)) => keyed(pairs.iter(), compat, compat),
        (Kind::List(section), Written::List(items)) => {
            items.iter().map(|item| of_kind(item, Kind::Map(section), compat)).collect()
        }
        (Kind::Texts, Written::List(items)) => items.iter().map(|item| item.text()).collect(),
        (Kind::Labels | Kind::WordsByName(_), Written::Map(pairs)) => {
            let words = pairs.iter().map(|(name, value)| (name.text().to_owned(), value.text().into()));
            Value::Object(words.collect::<Map<_, _>>())
        }
        (Kind::Flag, _) => matches!(node.text(), "true" | "True" | "TRUE" | "yes" | "on").into(),
        (Kind::Whole(..), _) => node.text().parse::<u64>().map_or_else(|_| node.text().into(), Value::from),
        _ => node.text().into(),
    }
}
