//! How checks refer to each other: names are unique, names that are mentioned exist, and no check depends on itself.

use std::collections::HashMap;

use thin_vec::ThinVec;

use crate::core::check::{Definition, Name};
use crate::core::reference::Ref;
use crate::yaml::fault::{At, Log, guess, quote};
use crate::yaml::fields::Fields;

/// A guess at a misspelt name compares it with all names, so only the first faults get one.
const MAX_GUESSES: usize = 20;

/// A name that a check mentions, and its place.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub(super) name: Name,
    pub(super) at: At,
}

impl Mention {
    pub(super) fn names(mentions: &[Mention]) -> ThinVec<Name> {
        mentions.iter().map(|mention| mention.name.clone()).collect()
    }
}

/// The names that one check mentions.
#[derive(Clone, Debug, Default)]
pub(super) struct Mentions {
    pub(super) renamed_from: Vec<Mention>,
    pub(super) depends_on: Vec<Mention>,
}

/// Every check that was read, including those with faults.
#[derive(Debug, Default)]
pub(super) struct Names {
    places: HashMap<Name, At>,
    /// The refs that checks set.
    refs: HashMap<Ref, At>,
    /// By the name of the check. Only checks that mention another are listed.
    mentions: Vec<(Name, Mentions)>,
}

impl Names {
    /// Makes room for so many more checks.
    pub(super) fn reserve(&mut self, checks: usize) {
        self.places.reserve(checks);
    }

    /// Declares a check. If the name is taken, the fault names both places.
    pub(super) fn declare(&mut self, name: &Name, at: At, log: &mut Log) {
        if let Some(first) = self.places.get(name) {
            let first = log.show(*first);
            log.fault(
                at,
                format!("the name `{name}` is taken by the check at {first}; every check has its own"),
            );
            return;
        }
        self.places.insert(name.clone(), at);
    }

    /// 24.1: declares the ref that a check sets. If it is taken, the fault names both places.
    pub(super) fn set_ref(&mut self, reference: Ref, at: At, log: &mut Log) {
        if let Some(first) = self.refs.get(&reference) {
            let first = log.show(*first);
            log.fault(
                at,
                format!("the ref `{reference}` is set at {first} already; every check has its own"),
            );
            return;
        }
        self.refs.insert(reference, at);
    }

    /// Keeps what a check mentions until all checks are known.
    pub(super) fn mention(&mut self, name: &Name, mentions: Mentions) {
        if !mentions.depends_on.is_empty() || !mentions.renamed_from.is_empty() {
            self.mentions.push((name.clone(), mentions));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Checks all mentions, once all files are read. If `complete`, every check was read: an unknown name does not
    /// exist.
    pub(super) fn check(&self, complete: bool, log: &mut Log) {
        if complete {
            self.check_known(log);
        }
        self.check_renames(log);
        self.check_cycles(log);
    }

    fn check_known(&self, log: &mut Log) {
        let dependencies = self.mentions.iter().flat_map(|(_, mentions)| &mentions.depends_on);
        let unknown = dependencies.filter(|mention| !self.places.contains_key(&mention.name));
        for (i, mention) in unknown.enumerate() {
            let hint = if i < MAX_GUESSES {
                guess(mention.name.as_str(), self.places.keys().map(Name::as_str))
            } else {
                String::new()
            };
            log.fault(mention.at, format!("`depends_on` names `{}`, which is no check{hint}", mention.name));
        }
    }

    fn check_renames(&self, log: &mut Log) {
        let mut claimed: HashMap<&Name, At> = HashMap::new();
        for (name, mentions) in &self.mentions {
            for old in &mentions.renamed_from {
                if old.name == *name {
                    log.fault(old.at, "a check is not renamed from its own name");
                } else if let Some(at) = self.places.get(&old.name) {
                    let place = log.show(*at);
                    let message =
                        format!("`{}` is still a check, at {place}: it cannot have been renamed", old.name);
                    log.fault(old.at, message);
                } else if let Some(first) = claimed.insert(&old.name, old.at) {
                    let first = log.show(first);
                    log.fault(
                        old.at,
                        format!("`{}` was renamed at {first} already: one check continues it", old.name),
                    );
                }
            }
        }
    }

    /// Walks the dependencies with an explicit stack, since a chain may be as long as there are checks.
    fn check_cycles(&self, log: &mut Log) {
        let edges: HashMap<&Name, &[Mention]> =
            self.mentions.iter().map(|(name, mentions)| (name, mentions.depends_on.as_slice())).collect();
        let mut finished: HashMap<&Name, bool> = HashMap::new();
        for (start, _) in &self.mentions {
            if finished.contains_key(start) {
                continue;
            }
            let mut path: Vec<(&Name, usize)> = vec![(start, 0)];
            finished.insert(start, false);
            while let Some((name, next)) = path.last_mut() {
                let Some(mention) = edges.get(*name).and_then(|edges| edges.get(*next)) else {
                    finished.insert(name, true);
                    path.pop();
                    continue;
                };
                *next += 1;
                match finished.get(&mention.name) {
                    Some(true) => {}
                    Some(false) => log.fault(mention.at, cycle(&path, &mention.name)),
                    None => {
                        finished.insert(&mention.name, false);
                        path.push((&mention.name, 0));
                    }
                }
            }
        }
    }
}

/// `a → b → a`, with the middle left out if it is long.
fn cycle(path: &[(&Name, usize)], back_to: &Name) -> String {
    let begin = path.iter().position(|(name, _)| *name == back_to).unwrap_or(0);
    let names: Vec<&str> = path[begin..].iter().map(|(name, _)| name.as_str()).collect();
    if let [alone] = names[..] {
        return format!("`{alone}` depends on itself");
    }
    let shown = match names.len() {
        0..=8 => names.join(" → "),
        len => {
            format!("{} → … {} more … → {}", names[..4].join(" → "), len - 6, names[len - 2..].join(" → "))
        }
    };
    format!("the dependencies go in a circle: {shown} → {back_to}")
}

/// The ref that a check sets (24.1).
pub(super) fn reference(fields: &Fields<'_>, log: &mut Log) -> Option<Ref> {
    let text = fields.text(log, "ref")?;
    let reference = Ref::parse(text);
    if reference.is_none() {
        let message = format!("`ref` is six characters of A-Z, a-z and 1-9, not {}", quote(text));
        log.fault(fields.at_value("ref"), message);
    }
    reference
}

/// Where a check is declared, for messages.
pub(super) fn place_of(check: &Definition) -> String {
    check.source.to_string()
}
