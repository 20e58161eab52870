//! The files of `src/` as one house: where what a path names is defined.

use std::collections::BTreeMap;

use crate::source::{Source, module_of};

/// `pub use` that lead in a circle end here.
const MOST_STEPS: usize = 8;

/// Every file by its module.
pub(crate) struct House<'a> {
    /// `crate::core::step` → `src/core/step/mod.rs`; without tests and `main.rs`, which shares its name with `lib.rs`.
    pub(crate) files: BTreeMap<Vec<String>, &'a Source>,
}

impl<'a> House<'a> {
    pub(crate) fn new(sources: &'a [Source]) -> House<'a> {
        let files = sources.iter().filter(|source| !source.is_test && source.path != "src/main.rs");
        House { files: files.map(|source| (module_of(&source.path), source)).collect() }
    }

    /// The file that defines the item that `path` names in `source`, and the item's name. A module is no item: naming it
    /// is not yet using anything of it. What is imported, by a `pub use` or not, is followed to where it is defined.
    pub(crate) fn home(&self, source: &'a Source, path: &[String]) -> Option<(&'a Source, String)> {
        self.follow(source, path, MOST_STEPS)
    }

    fn follow(&self, source: &'a Source, path: &[String], steps: usize) -> Option<(&'a Source, String)> {
        let first = path.first()?;
        if steps == 0 {
            return None;
        }
        if first != "crate" {
            let rest = &path[1..];
            let imported = source.facts.names.iter().find(|name| name.name == *first);
            let mut module = module_of(&source.path);
            module.push(first.clone());
            let path: Vec<String> = match imported {
                Some(name) if name.path.first() != Some(first) => [&name.path, rest].concat(),
                _ if self.files.contains_key(&module) => [&module, rest].concat(),
                _ => return None,
            };
            return self.follow(source, &path, steps - 1);
        }
        let (length, file) =
            (1..=path.len()).rev().find_map(|n| self.files.get(&path[..n]).map(|file| (n, *file)))?;
        let item = path.get(length)?;
        let is_imported = file.facts.names.iter().any(|name| name.name == *item);
        let further = if is_imported { self.follow(file, &path[length..], steps - 1) } else { None };
        Some(further.unwrap_or_else(|| (file, item.clone())))
    }
}
