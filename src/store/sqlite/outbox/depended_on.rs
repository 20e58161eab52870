//! Who waits for whose recovery (8.3).

use std::collections::HashMap;

use crate::core::check::Name;

/// Names that some check depends on, and how many do.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct DependedOn(HashMap<Name, usize>);

impl DependedOn {
    pub(in crate::store::sqlite) fn has(&self, name: &Name) -> bool {
        self.0.contains_key(name)
    }

    /// A check depends on these.
    pub(in crate::store::sqlite) fn add(&mut self, names: &[Name]) {
        for name in names {
            *self.0.entry(name.clone()).or_default() += 1;
        }
    }

    /// A check that did depends on these no more.
    pub(in crate::store::sqlite) fn take_out(&mut self, names: &[Name]) {
        for name in names {
            let count = self.0.get_mut(name).expect("what is taken out was added");
            *count -= 1;
            if *count == 0 {
                self.0.remove(name);
            }
        }
    }
}
