//! Former names that are still pinged.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::store::live::Live;

/// Former names whose use was logged already; at most [`FormerNames::MAX`].
#[derive(Debug, Default)]
pub struct FormerNames(Mutex<BTreeSet<String>>);

impl FormerNames {
    const MAX: usize = 1000;

    /// Says once that a check was pinged by its former name (10.3).
    pub(super) fn log_use(&self, former: &str, live: &Live) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() < FormerNames::MAX
            && !names.contains(former)
            && let Some(check) = live.find(former)
        {
            names.insert(former.to_owned());
            let check = &check.definition.name;
            tracing::warn!(former, %check, "a check is pinged by its former name: change the URL in its job");
        }
    }
}
