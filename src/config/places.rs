//! The names of sections, their nesting, and which of them hold secrets. Nothing that may be part of a secret is shown.

use super::keys::Kind::{List, Map, Secret};
use super::keys::{self, Section};

impl Section {
    /// Whether any section has a key of this name.
    pub(super) fn any_has(name: &str) -> bool {
        keys::MAIN
            .with_all_below()
            .iter()
            .chain(&[&keys::CHECK_FILE, &keys::COMPAT_SYSTEM])
            .any(|section| section.key(name).is_some())
    }

    /// Whether this section, or one below it, holds a secret.
    pub(super) fn leads_to_secrets(&self) -> bool {
        self.with_all_below().iter().any(|section| section.holds_secrets())
    }

    /// Whether one of its own keys is a secret.
    pub(super) fn holds_secrets(&self) -> bool {
        self.keys.iter().any(|key| matches!(key.kind, Secret))
    }

    /// The section, and all that stand in it at any depth.
    pub(super) fn with_all_below(&self) -> Vec<&Section> {
        let mut found = vec![self];
        let mut looked_at = 0;
        while let Some(section) = found.get(looked_at) {
            for key in section.keys {
                if let Map(below) | List(below) = key.kind
                    && !found.contains(&below)
                {
                    found.push(below);
                }
            }
            looked_at += 1;
        }
        found
    }
}
