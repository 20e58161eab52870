//! YAML as a tree in which every node knows its place.
//!
//! It is built from the parser's events and not by serde, which stops at the first error and forgets how a value was
//! written. Here reading goes on, a label's `1.10` stays `1.10`, and duplicate keys are faults like others.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_yaml::granit_parser::{Event, Options, Parser, ScalarStyle, Span, Tag, options};

use super::fault::{At, quote};
use super::syntax;

/// The most nodes of a file: a million checks with 10 keys each.
const MAX_NODES: usize = 20_000_000;
/// The most nodes that aliases may add: 100,000 checks with 10 nodes each.
const MAX_COPIED_NODES: usize = 1_000_000;
/// The deepest nesting, including aliases.
const MAX_DEPTH: usize = 64;

#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) at: At,
    pub(crate) value: Value<'a>,
}

#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    /// A scalar as it was written; `plain` means without quotes.
    Text { text: Cow<'a, str>, plain: bool },
    /// A sequence.
    List(Vec<Node<'a>>),
    /// A mapping. Its keys are texts, without duplicates.
    Map(Vec<(Node<'a>, Node<'a>)>),
    /// Not readable. A fault has been reported.
    Broken,
}

impl Node<'_> {
    /// Whether it is empty or `null`, which means the same as a missing key.
    pub(crate) fn is_null(&self) -> bool {
        match &self.value {
            Value::Text { text, plain: true } => {
                matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    /// The text of a scalar; "" for anything else.
    pub(crate) fn text(&self) -> &str {
        match &self.value {
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
pub(crate) struct Tree<'a> {
    /// The root of the document, without what follows a syntax error.
    pub(crate) root: Option<Node<'a>>,
    /// Faults in the YAML itself.
    pub(crate) faults: Vec<(At, String)>,
    /// Whether the document was not read to its end.
    pub(crate) cut_short: bool,
}

/// Parses a document. `unreadable` lists the byte offsets of values that are to become [`Value::Broken`]; `is_known` says
/// whether a key of this name may be shown.
pub(crate) fn read<'a>(
    text: &'a str,
    file: u32,
    unreadable: &'a [usize],
    is_known: &'a dyn Fn(&str) -> bool,
) -> Tree<'a> {
    let options: Options = options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder::new(file, unreadable, is_known);
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
    Tree { root: builder.root, faults: builder.faults, cut_short: false }
}

/// A collection that has not ended yet.
struct Open<'a> {
    at: At,
    anchor: usize,
    content: Content<'a>,
}

enum Content<'a> {
    List(Vec<Node<'a>>),
    Map { pairs: Vec<(Node<'a>, Node<'a>)>, key: Option<Node<'a>> },
}

/// The target of aliases, with the number of its nodes and its depth.
struct Anchored<'a> {
    node: Node<'a>,
    nodes: usize,
    depth: usize,
}

struct Builder<'a> {
    file: u32,
    unreadable: &'a [usize],
    is_known: &'a dyn Fn(&str) -> bool,
    nodes: usize,
    copied_nodes: usize,
    documents: usize,
    open: Vec<Open<'a>>,
    anchors: HashMap<usize, Anchored<'a>>,
    faults: Vec<(At, String)>,
    root: Option<Node<'a>>,
}

type Fatal = (At, String);

impl<'a> Builder<'a> {
    fn new(file: u32, unreadable: &'a [usize], is_known: &'a dyn Fn(&str) -> bool) -> Builder<'a> {
        Builder {
            file,
            unreadable,
            is_known,
            nodes: 0,
            copied_nodes: 0,
            documents: 0,
            open: Vec::new(),
            anchors: HashMap::new(),
            faults: Vec::new(),
            root: None,
        }
    }

    /// The parser counts lines from 1 and columns from 0.
    fn at(&self, line: usize, column: usize) -> At {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        At { file: self.file, line: number(line), column: number(column).saturating_add(1) }
    }

    fn event(&mut self, event: Event<'a>, span: &Span) -> Result<(), Fatal> {
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
                    Value::Text { text, plain: style == ScalarStyle::Plain }
                };
                self.count(at)?;
                self.add(Node { at, value }, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(at, anchor, Content::List(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, _) => {
                self.open(at, anchor, Content::Map { pairs: Vec::new(), key: None })?;
            }
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

    fn open(&mut self, at: At, anchor: usize, content: Content<'a>) -> Result<(), Fatal> {
        self.count(at)?;
        self.check_depth(at, 1)?;
        self.open.push(Open { at, anchor, content });
        Ok(())
    }

    fn check_depth(&self, at: At, more: usize) -> Result<(), Fatal> {
        if self.open.len() + more > MAX_DEPTH {
            return Err((at, format!("nested more than {MAX_DEPTH} deep")));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fatal> {
        let open = self.open.pop().expect("the parser ends only what it has begun");
        let value = match open.content {
            Content::List(mut items) => {
                items.shrink_to_fit();
                Value::List(items)
            }
            Content::Map { pairs, key } => {
                assert!(key.is_none(), "the parser gives every key a value");
                Value::Map(self.finish_map(pairs))
            }
        };
        self.add(Node { at: open.at, value }, open.anchor)
    }

    /// Adds a complete node to the open collection, or as the root.
    fn add(&mut self, node: Node<'a>, anchor: usize) -> Result<(), Fatal> {
        if anchor > 0 {
            let (nodes, depth) = measure(&node);
            self.count_copied(node.at, nodes)?;
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, depth });
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { pairs, key }) => match key.take() {
                None => *key = Some(node),
                Some(key) => pairs.push((key, node)),
            },
        }
        Ok(())
    }

    fn alias(&mut self, at: At, anchor: usize) -> Result<(), Fatal> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err((at, "an alias inside of what it refers to".to_owned()));
        };
        let (nodes, depth) = (anchored.nodes, anchored.depth);
        self.count_copied(at, nodes)?;
        self.check_depth(at, depth)?;
        let node = self.anchors[&anchor].node.clone();
        self.add(node, 0)
    }

    /// Checks that keys are texts without duplicates, and applies `<<`.
    fn finish_map(&mut self, pairs: Vec<(Node<'a>, Node<'a>)>) -> Vec<(Node<'a>, Node<'a>)> {
        let mut kept: Vec<(Node<'a>, Node<'a>)> = Vec::with_capacity(pairs.len());
        let mut merged: Vec<Node<'a>> = Vec::new();
        let mut places: HashMap<String, At> = HashMap::new();
        let large = pairs.len() > 32;
        for (key, value) in pairs {
            let Value::Text { text, plain } = &key.value else {
                self.faults.push((key.at, format!("a key is a text, not {}", key.kind())));
                continue;
            };
            if *plain && text == "<<" {
                merged.push(value);
                continue;
            }
            let before = match large {
                true => places.insert(text.to_string(), key.at),
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
        kept.shrink_to_fit();
        kept
    }

    fn merge(&mut self, kept: &mut Vec<(Node<'a>, Node<'a>)>, node: Node<'a>) {
        match node.value {
            Value::Map(pairs) => {
                for (key, value) in pairs {
                    if !kept.iter().any(|(other, _)| other.text() == key.text()) {
                        kept.push((key, value));
                    }
                }
            }
            Value::List(items) if items.iter().all(|item| matches!(item.value, Value::Map(_))) => {
                items.into_iter().for_each(|item| self.merge(kept, item));
            }
            Value::Broken => {}
            _ => self.faults.push((node.at, format!("`<<` takes a mapping of keys, not {}", node.kind()))),
        }
    }

    /// Closes what a syntax error left open, and keeps what is complete: the items of the lists at the top. Anything
    /// else would only be reported to lack what follows the error.
    fn cut_short(mut self) -> Tree<'a> {
        while self.open.len() > 2 {
            self.open.pop();
        }
        if self.open.len() == 2
            && let Some(Open { at, content: Content::List(mut items), .. }) = self.open.pop()
        {
            // A line with another indentation ends the item that it belongs to.
            items.pop();
            let list = Node { at, value: Value::List(items) };
            self.add(list, 0).expect("nothing is counted without an anchor");
        }
        if let Some(Open { at, content: Content::Map { pairs, .. }, .. }) = self.open.pop() {
            self.root = Some(Node { at, value: Value::Map(self.finish_map(pairs)) });
        }
        Tree { root: self.root, faults: self.faults, cut_short: true }
    }
}

/// The number of nodes, and the depth of collections.
fn measure(node: &Node<'_>) -> (usize, usize) {
    let children: Vec<(usize, usize)> = match &node.value {
        Value::List(items) => items.iter().map(measure).collect(),
        Value::Map(pairs) => pairs.iter().flat_map(|(key, value)| [measure(key), measure(value)]).collect(),
        Value::Text { .. } | Value::Broken => return (1, 0),
    };
    let nodes = 1 + children.iter().map(|(nodes, _)| nodes).sum::<usize>();
    let depth = 1 + children.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
    (nodes, depth)
}
