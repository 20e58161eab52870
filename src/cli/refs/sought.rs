//! What is sought: the checks, by all that stands for one of them in code (24.3).

use std::collections::HashMap;

use serde_json::Value;

use crate::config::Config;
use crate::core::reference::Ref;
use crate::core::refs::Refs;

/// A check whose places are sought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SoughtCheck {
    pub(super) name: String,
    /// `None`: it has none (24.1).
    pub(super) reference: Option<String>,
    /// Pings to these are its own, too.
    pub(super) former_names: Vec<String>,
    /// By which users of another system know it.
    pub(super) id: Option<String>,
}

/// What stands for a check at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum PlaceKind {
    Ref,
    Name,
    FormerName,
    Id,
}

impl PlaceKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            PlaceKind::Ref => "ref",
            PlaceKind::Name => "name",
            PlaceKind::FormerName => "former_name",
            PlaceKind::Id => "id",
        }
    }
}

/// All checks, and the way from a word to one of them.
#[derive(Debug, Default)]
pub(super) struct Sought {
    /// In the order of their names.
    pub(super) checks: Vec<SoughtCheck>,
    by_ref: HashMap<[u8; Ref::LEN], usize>,
    by_name: HashMap<Vec<u8>, (PlaceKind, usize)>,
    by_id: HashMap<Vec<u8>, usize>,
}

/// The longest id of another system that is sought, in bytes.
const MAX_ID_BYTES: usize = 128;

impl Sought {
    pub(super) fn new(mut checks: Vec<SoughtCheck>) -> Sought {
        checks.sort_by(|a, b| a.name.cmp(&b.name));
        let mut sought = Sought::default();
        for (number, check) in checks.iter().enumerate() {
            for former in &check.former_names {
                sought.by_name.entry(former.clone().into()).or_insert((PlaceKind::FormerName, number));
            }
            if let Some(reference) = check.reference.as_ref().and_then(|text| text.as_bytes().try_into().ok())
            {
                sought.by_ref.insert(reference, number);
            }
            if let Some(id) = check.id.as_ref().filter(|id| id.len() <= MAX_ID_BYTES) {
                sought.by_id.insert(id.clone().into(), number);
            }
        }
        // A name that a check has now is no former one.
        for (number, check) in checks.iter().enumerate() {
            sought.by_name.insert(check.name.clone().into(), (PlaceKind::Name, number));
        }
        Sought { checks, ..sought }
    }

    /// The checks of files.
    pub(super) fn of_config(config: &Config) -> Sought {
        let refs = Refs::of(config.checks.iter());
        let checks = config.checks.iter().map(|check| SoughtCheck {
            name: check.name.to_string(),
            reference: refs.get(check).map(|reference| reference.to_string()),
            former_names: check.renamed_from.iter().map(ToString::to_string).collect(),
            id: None,
        });
        Sought::new(checks.collect())
    }

    pub(super) fn by_ref(&self, word: &[u8]) -> Option<usize> {
        let word: [u8; Ref::LEN] = word.try_into().ok()?;
        self.by_ref.get(&word).copied()
    }

    pub(super) fn by_name(&self, word: &[u8]) -> Option<(PlaceKind, usize)> {
        self.by_name.get(word).copied()
    }

    pub(super) fn by_id(&self, word: &[u8]) -> Option<usize> {
        // Most configurations have none: then no word is hashed for it.
        if self.by_id.is_empty() || word.len() > MAX_ID_BYTES {
            return None;
        }
        self.by_id.get(word).copied()
    }
}

impl SoughtCheck {
    /// A check of the API; `None` if it is none.
    pub(super) fn of_api(check: &Value) -> Option<SoughtCheck> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let former = check["definition"]["renamed_from"].as_array();
        Some(SoughtCheck {
            name: text(&check["name"])?,
            reference: text(&check["ref"]),
            former_names: former.into_iter().flatten().filter_map(text).collect(),
            id: text(&check["canary"]["id"]),
        })
    }
}
