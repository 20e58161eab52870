//! One copy of what many checks have alike: of a million, most share a few specs, groups and labels.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use super::check::{Definition, Source, Spec};

/// What checks have that were made before. Whoever makes many keeps one, and drops it after the last.
#[derive(Debug, Default)]
pub struct Alike {
    specs: Known<Spec>,
    labels: Known<[(String, String)]>,
    /// Of groups and files, which are few.
    names: Known<str>,
    /// Descriptions and links. Where each check has its own, they fill no room of the others.
    texts: Known<str>,
}

impl Alike {
    /// Takes what another check has too from that check.
    pub fn share(&mut self, definition: &mut Definition) {
        let Definition { spec, labels, group, description, runbook_url, source, .. } = definition;
        self.specs.share(spec);
        self.labels.share(labels);
        let path = match source {
            Source::File { path, .. } => Some(path),
            Source::Api => None,
        };
        [group].into_iter().chain(path).for_each(|name| self.names.share(name));
        [description, runbook_url].into_iter().for_each(|text| self.texts.share(text));
    }
}

/// Values that are known.
#[derive(Debug)]
struct Known<T: ?Sized>(HashSet<Arc<T>>);

/// Where more differ from each other, each has its own: to know them all would take more memory than it saves.
const MOST: usize = 10_000;

impl<T: Hash + Eq + ?Sized> Known<T> {
    fn share(&mut self, value: &mut Arc<T>) {
        if let Some(known) = self.0.get(value) {
            *value = known.clone();
        } else if self.0.len() < MOST {
            self.0.insert(value.clone());
        }
    }
}

impl<T: ?Sized> Default for Known<T> {
    fn default() -> Self {
        Known(HashSet::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixtures;

    #[test]
    fn what_is_alike_is_there_once() {
        let (mut a, mut b) = (fixtures::definition(), fixtures::definition());
        let mut other = fixtures::definition();
        Arc::make_mut(&mut other.spec).paused = true;
        let (before, mut alike) = (b.clone(), Alike::default());
        for definition in [&mut a, &mut b, &mut other] {
            alike.share(definition);
        }
        assert_eq!(b, before);
        assert!(Arc::ptr_eq(&a.spec, &b.spec) && Arc::ptr_eq(&a.labels, &b.labels));
        let paths = [&a.source, &b.source].map(|source| match source {
            Source::File { path, .. } => path.as_ptr(),
            Source::Api => unreachable!("files declare them"),
        });
        assert_eq!(paths[0], paths[1]);
        assert!(other.spec.paused && Arc::ptr_eq(&other.group, &a.group));
    }
}
