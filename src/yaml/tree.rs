//! YAML as a tree in which every node knows its place.
//!
//! It is built from the parser's events and not by serde, which stops at the first error and forgets how a value was
//! written. Here reading goes on, a label's `1.10` stays `1.10`, and duplicate keys are faults like others.

use std::borrow::Cow;
use std::collections::HashMap;

use bumpalo::Bump;
use serde_yaml::granit_parser::{Event, Options, Parser, ScalarStyle, Span, Tag, options};

use super::fault::{At, quote};
use super::syntax;

/// The most nodes of a file: a million checks with 10 keys each.
const MAX_NODES: usize = 20_000_000;
/// The most nodes that aliases may add: 100,000 checks with 10 nodes each.
const MAX_COPIED_NODES: usize = 1_000_000;
/// The deepest nesting, including aliases.
const MAX_DEPTH: usize = 64;

/// A tree is made of many small pieces, which lie in an arena or are pieces of the file's text: it is dropped at once, and
/// leaves no holes in the memory of what was made meanwhile and stays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'t> {
    pub(crate) at: At,
    pub(crate) value: Value<'t>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'t> {
    /// A scalar as it was written; `plain` means without quotes.
    Text { text: &'t str, plain: bool },
    /// A sequence.
    List(&'t [Node<'t>]),
    /// A mapping. Its keys are texts, without duplicates.
    Map(&'t [(Node<'t>, Node<'t>)]),
    /// Not readable. A fault has been reported.
    Broken,
}

impl<'t> Node<'t> {
    /// Whether it is empty or `null`, which means the same as a missing key.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Text { text: "" | "~" | "null" | "Null" | "NULL", plain: true })
    }

    /// The value of a mapping's key.
    pub(crate) fn member(&self, name: &str) -> Option<&'t Node<'t>> {
        let Value::Map(pairs) = self.value else { return None };
        pairs.iter().find(|(key, _)| key.text() == name).map(|(_, value)| value)
    }

    /// The text of a scalar; "" for anything else.
    pub(crate) fn text(&self) -> &'t str {
        match self.value {
            Value::Text { text, .. } => text,
            _ => "",
        }
    }

    /// The kind of value, for "expected …, found …". A scalar's text is left out, since it may be a secret.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text { .. } if self.is_null() => "nothing",
            Value::Text { .. } => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping of keys",
            Value::Broken => "something unreadable",
        }
    }
}

/// The readable part of a file.
#[derive(Debug)]
pub(crate) struct Tree<'t> {
    /// The root of the document, without what follows a syntax error.
    pub(crate) root: Option<Node<'t>>,
    /// Faults in the YAML itself.
    pub(crate) faults: Vec<(At, String)>,
    /// Whether the document was not read to its end.
    pub(crate) cut_short: bool,
}

/// Parses a document into an arena. `unreadable` lists the byte offsets of values that are to become [`Value::Broken`];
/// `is_known` says whether a key of this name may be shown.
pub(crate) fn read<'t>(
    arena: &'t Bump,
    text: &'t str,
    file: u32,
    unreadable: &'t [usize],
    is_known: &'t dyn Fn(&str) -> bool,
) -> Tree<'t> {
    let options: Options = options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder {
        arena,
        file,
        unreadable,
        is_known,
        nodes: 0,
        copied_nodes: 0,
        documents: 0,
        open: Vec::new(),
        complete: Vec::new(),
        anchors: HashMap::new(),
        faults: Vec::new(),
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let step = match event {
            Ok((event, span)) => builder.event(event, &span),
            Err(error) => {
                let mark = error.marker();
                Err((builder.at(mark.line(), mark.col()), syntax::explain(error.kind())))
            }
        };
        if let Err(fault) = step {
            builder.faults.push(fault);
            return builder.cut_short();
        }
    }
    builder.tree(false)
}

/// A collection that has not ended yet.
struct Open {
    at: At,
    anchor: usize,
    is_map: bool,
    /// How many nodes were complete before its own.
    before: usize,
}

/// The target of aliases, with the number of its nodes and its depth.
struct Anchored<'t> {
    node: Node<'t>,
    nodes: usize,
    depth: usize,
}

struct Builder<'t> {
    arena: &'t Bump,
    file: u32,
    unreadable: &'t [usize],
    is_known: &'t dyn Fn(&str) -> bool,
    nodes: usize,
    copied_nodes: usize,
    documents: usize,
    open: Vec<Open>,
    /// The complete nodes of the collections that are open: of a mapping, each key before its value. In the end it is the root.
    complete: Vec<Node<'t>>,
    anchors: HashMap<usize, Anchored<'t>>,
    faults: Vec<(At, String)>,
}

type Fatal = (At, String);

impl<'t> Builder<'t> {
    /// The parser counts lines from 1 and columns from 0.
    fn at(&self, line: usize, column: usize) -> At {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        At { file: self.file, line: number(line), column: number(column).saturating_add(1) }
    }

    fn event(&mut self, event: Event<'t>, span: &Span) -> Result<(), Fatal> {
        let at = self.at(span.start.line(), span.start.col());
        if let Some(tag) = event.tag() {
            self.tag(at, tag);
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err((at, "a second document begins here; a file holds one".to_owned()));
                }
            }
            Event::Scalar(text, style, anchor, _) => {
                let start = span.start.byte_offset().unwrap_or(usize::MAX);
                let value = if self.unreadable.binary_search(&start).is_ok() {
                    Value::Broken
                } else {
                    let text = match text {
                        Cow::Borrowed(text) => text,
                        Cow::Owned(text) => self.arena.alloc_str(&text),
                    };
                    Value::Text { text, plain: style == ScalarStyle::Plain }
                };
                self.count(at)?;
                self.add(Node { at, value }, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => self.open(at, anchor, false)?,
            Event::MappingStart(_, anchor, _) => self.open(at, anchor, true)?,
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            Event::Alias(anchor) => self.alias(at, anchor)?,
            Event::UnresolvedAlias(_) => {
                // It may be a secret, so nothing of it is shown.
                let message =
                    "this alias is not defined as an anchor before; a text that begins with `*` needs quotes";
                self.faults.push((at, message.to_owned()));
                self.count(at)?;
                self.add(Node { at, value: Value::Broken }, 0)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn tag(&mut self, at: At, tag: &Tag) {
        if tag.is_custom() && tag.parts() != ("", "!") {
            self.faults.push((at, "a tag (`!…`) has no meaning here; write the value itself".to_owned()));
        }
    }

    fn count(&mut self, at: At) -> Result<(), Fatal> {
        self.nodes += 1;
        match self.nodes <= MAX_NODES {
            true => Ok(()),
            false => Err((at, format!("more than {MAX_NODES} values in one file"))),
        }
    }

    fn count_copied(&mut self, at: At, nodes: usize) -> Result<(), Fatal> {
        self.copied_nodes = self.copied_nodes.saturating_add(nodes);
        match self.copied_nodes <= MAX_COPIED_NODES {
            true => Ok(()),
            false => Err((at, format!("anchors and aliases stand for more than {MAX_COPIED_NODES} values"))),
        }
    }

    fn open(&mut self, at: At, anchor: usize, is_map: bool) -> Result<(), Fatal> {
        self.count(at)?;
        self.check_depth(at, 1)?;
        self.open.push(Open { at, anchor, is_map, before: self.complete.len() });
        Ok(())
    }

    fn check_depth(&self, at: At, more: usize) -> Result<(), Fatal> {
        if self.open.len() + more > MAX_DEPTH {
            return Err((at, format!("nested more than {MAX_DEPTH} deep")));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fatal> {
        let Open { at, anchor, is_map, before } =
            self.open.pop().expect("the parser ends only what it has begun");
        let value = if is_map { self.map(before) } else { self.list(before) };
        self.add(Node { at, value }, anchor)
    }

    /// Adds a complete node to the open collection, or as the root.
    fn add(&mut self, node: Node<'t>, anchor: usize) -> Result<(), Fatal> {
        if anchor > 0 {
            let (nodes, depth) = measure(&node);
            self.count_copied(node.at, nodes)?;
            self.anchors.insert(anchor, Anchored { node, nodes, depth });
        }
        self.complete.push(node);
        Ok(())
    }

    fn alias(&mut self, at: At, anchor: usize) -> Result<(), Fatal> {
        let Some(&Anchored { node, nodes, depth }) = self.anchors.get(&anchor) else {
            return Err((at, "an alias inside of what it refers to".to_owned()));
        };
        self.count_copied(at, nodes)?;
        self.check_depth(at, depth)?;
        self.add(node, 0)
    }

    /// The nodes after the first `before` are the items of a list.
    fn list(&mut self, before: usize) -> Value<'t> {
        let items = self.arena.alloc_slice_copy(&self.complete[before..]);
        self.complete.truncate(before);
        Value::List(items)
    }

    /// The nodes after the first `before` are the keys and values of a mapping. Checks that keys are texts without duplicates,
    /// and applies `<<`.
    fn map(&mut self, before: usize) -> Value<'t> {
        let nodes = self.complete.split_off(before);
        let (pairs, rest) = nodes.as_chunks();
        assert!(rest.is_empty(), "the parser gives every key a value");
        let mut kept: Vec<(Node<'t>, Node<'t>)> = Vec::with_capacity(pairs.len());
        let mut merged: Vec<Node<'t>> = Vec::new();
        let mut places: HashMap<&str, At> = HashMap::new();
        let large = pairs.len() > 32;
        for &[key, value] in pairs {
            let Value::Text { text, plain } = key.value else {
                self.faults.push((key.at, format!("a key is a text, not {}", key.kind())));
                continue;
            };
            if plain && text == "<<" {
                merged.push(value);
                continue;
            }
            let before = match large {
                true => places.insert(text, key.at),
                false => kept.iter().find(|(other, _)| other.text() == text).map(|(other, _)| other.at),
            };
            match before {
                Some(first) => {
                    // An unknown key may be part of a secret.
                    let shown = if (self.is_known)(text) { quote(text) } else { "this key".to_owned() };
                    let message = format!("{shown} stands twice; first in line {}", first.line);
                    self.faults.push((key.at, message));
                }
                None => kept.push((key, value)),
            }
        }
        for node in merged {
            self.merge(&mut kept, node);
        }
        Value::Map(self.arena.alloc_slice_copy(&kept))
    }

    fn merge(&mut self, kept: &mut Vec<(Node<'t>, Node<'t>)>, node: Node<'t>) {
        match node.value {
            Value::Map(pairs) => {
                for (key, value) in pairs {
                    if !kept.iter().any(|(other, _)| other.text() == key.text()) {
                        kept.push((*key, *value));
                    }
                }
            }
            Value::List(items) if items.iter().all(|item| matches!(item.value, Value::Map(_))) => {
                items.iter().for_each(|item| self.merge(kept, *item));
            }
            Value::Broken => {}
            _ => self.faults.push((node.at, format!("`<<` takes a mapping of keys, not {}", node.kind()))),
        }
    }

    /// Closes what a syntax error left open, and keeps what is complete: the items of the lists at the top. Anything
    /// else would only be reported to lack what follows the error.
    fn cut_short(mut self) -> Tree<'t> {
        let mut open = std::mem::take(&mut self.open).into_iter();
        let (first, second, third) = (open.next(), open.next(), open.next());
        if let Some(Open { before, .. }) = third {
            self.complete.truncate(before);
        }
        match second {
            Some(Open { at, is_map: false, before, .. }) => {
                // A line with another indentation ends the item that it belongs to.
                self.complete.truncate(before.max(self.complete.len().saturating_sub(1)));
                let value = self.list(before);
                self.complete.push(Node { at, value });
            }
            Some(Open { before, .. }) => self.complete.truncate(before),
            None => {}
        }
        match first {
            Some(Open { at, is_map: true, before, .. }) => {
                let keys_without_value = (self.complete.len() - before) % 2;
                self.complete.truncate(self.complete.len() - keys_without_value);
                let value = self.map(before);
                self.complete.push(Node { at, value });
            }
            Some(Open { before, .. }) => self.complete.truncate(before),
            None => {}
        }
        self.tree(true)
    }

    fn tree(mut self, cut_short: bool) -> Tree<'t> {
        Tree { root: self.complete.pop(), faults: self.faults, cut_short }
    }
}

/// The number of nodes, and the depth of collections.
fn measure(node: &Node<'_>) -> (usize, usize) {
    let children: Vec<(usize, usize)> = match node.value {
        Value::List(items) => items.iter().map(measure).collect(),
        Value::Map(pairs) => pairs.iter().flat_map(|(key, value)| [measure(key), measure(value)]).collect(),
        Value::Text { .. } | Value::Broken => return (1, 0),
    };
    let nodes = 1 + children.iter().map(|(nodes, _)| nodes).sum::<usize>();
    let depth = 1 + children.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
    (nodes, depth)
}
