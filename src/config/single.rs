//! A single check from an API's client: JSON with the words of `checks:`, judged by the same code as files.

use std::sync::Arc;

use bumpalo::Bump;

use super::assertion::{WAYS, asserting};
use super::check::{self, FileShared};
use super::keys;
use super::times::Times;
use crate::core::check::{Definition, Name, Source};
use crate::yaml::fault::{Log, quote};
use crate::yaml::fields::Fields;
use crate::yaml::json::{self, Document};
use crate::yaml::tree::{Node, Value};

/// A check as a client describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// The definition. Its source is the API, and it is not paused by a file.
    pub definition: Definition,
    /// The value of `paused`, if given.
    pub paused: Option<bool>,
}

/// Why a description was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescribedError {
    /// It cannot be parsed.
    #[error("this is not JSON: {0}")]
    NotJson(String),
    /// It can be parsed, but is wrong.
    #[error("the check is not right")]
    Faults {
        /// In the order of the document; never empty.
        list: Vec<DescribedFault>,
        /// How many more there are.
        omitted: usize,
    },
}

/// One fault of a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedFault {
    /// A JSON Pointer to the faulty value.
    pub pointer: String,
    /// What is wrong and what would be right. One line.
    pub message: String,
}

impl DescribedError {
    /// Further faults are counted, but not listed.
    const MAX_FAULTS: usize = 50;
}

/// Parses the description of a check. Missing values are as in a file without `defaults`. If it has no name, it gets
/// `known`, or without that a name made from its title.
pub fn read_check(json: &[u8], known: Option<&Name>) -> Result<Described, DescribedError> {
    let arena = Bump::new();
    let document = json::read(&arena, json).map_err(DescribedError::NotJson)?;
    let mut log = Log::new(&keys::VOCABULARY);
    log.file("the request");
    let root = with_name(&arena, document.root, known, &mut log);
    let described = root.and_then(|root| described(&root, &mut log));
    match described {
        Some(described) if log.count() == 0 => Ok(described),
        _ => Err(faults(&document, log)),
    }
}

fn described(root: &Node<'_>, log: &mut Log) -> Option<Described> {
    let fields = Fields::open(root, &keys::CHECK, log)?;
    if fields.has("renamed_from") {
        let message = "`renamed_from` is for files: here a check is renamed by giving it another `name`";
        log.fault(fields.at_key("renamed_from"), message);
    }
    let asserting = asserting(&fields);
    let way =
        |way: &&&str| asserting.and_then(|key| fields.get(key)).and_then(|node| node.member(way)).is_some();
    if let Some((way, key)) = WAYS.iter().filter(|way| **way != "reported").find(way).zip(asserting) {
        // 17.11: whoever may make checks by a token must not have us ask anything of anybody.
        let message = format!("`{way}` is for files: a check made here may be `reported`");
        log.fault(fields.at_value(key), message);
    }
    if fields.has("ref") {
        // Two of them are equal by no file's fault, and a file's must stay its own.
        let message = "`ref` is for files: here it is made of the name of the check";
        log.fault(fields.at_key("ref"), message);
    }
    let paused = fields.flag(log, "paused");
    let name = check::name(&fields, log).unwrap_or_else(check::nameless);
    let (mut definition, _) =
        check::definition(&fields, name, &FileShared::default(), &mut Times::default(), log)?;
    definition.source = Source::Api;
    Arc::make_mut(&mut definition.spec).paused = false;
    Some(Described { definition, paused })
}

/// The check, with a name if it has none. `None` if that is a fault that leaves nothing to look at.
fn with_name<'t>(arena: &'t Bump, root: Node<'t>, known: Option<&Name>, log: &mut Log) -> Option<Node<'t>> {
    let at = root.at;
    let Value::Map(pairs) = root.value else { return Some(root) };
    let find = |key: &str| pairs.iter().find(|(name, value)| name.text() == key && !value.is_null());
    if find("name").is_some() {
        return Some(root);
    }
    let name = match (known, find("title")) {
        (Some(name), _) => name.to_string(),
        (None, Some((_, title))) => {
            let slug = check::slug(title.text());
            if Name::parse(&slug).is_err() {
                let message = format!(
                    "no name can be made of the title {}: give the check a `name`",
                    quote(title.text())
                );
                log.fault(title.at, message);
                return None;
            }
            slug
        }
        (None, None) => {
            log.fault(at, "a check needs `name`, or `title`, of which its name is made");
            return None;
        }
    };
    let text = |text| Node { at, value: Value::Text { text, plain: false } };
    let others = pairs.iter().copied().filter(|(key, _)| key.text() != "name");
    let named = others.chain([(text("name"), text(arena.alloc_str(&name)))]);
    let pairs: Vec<(Node<'_>, Node<'_>)> = named.collect();
    Some(Node { at, value: Value::Map(arena.alloc_slice_copy(&pairs)) })
}

fn faults(document: &Document<'_>, log: Log) -> DescribedError {
    let count = log.count();
    let mut faults = log.into_places();
    faults.truncate(DescribedError::MAX_FAULTS);
    let omitted = count - faults.len();
    let fault = |(at, message)| DescribedFault { pointer: document.pointer(at), message };
    DescribedError::Faults { list: faults.into_iter().map(fault).collect(), omitted }
}
