//! What is open by a second, slow model, keyed by (check, key): it keeps all results since another thing was asserted, and counts.

use std::collections::BTreeSet;

/// One check's records.
#[derive(Default)]
pub(super) struct Model {
    /// The keys that each result named, of those that were judged since another thing was asserted.
    results: Vec<BTreeSet<String>>,
    pub(super) open: BTreeSet<String>,
    /// Keys that nobody wants to hear of.
    pub(super) marked: BTreeSet<String>,
    /// Another thing is asserted, and no result of that came yet.
    is_otherwise: bool,
    pub(super) is_paused: bool,
}

impl Model {
    /// A result that could tell was stored, and was no repetition.
    pub(super) fn is_stored(&mut self, keys: &BTreeSet<String>, (to_begin, to_end): (u32, u32), most: u32) {
        // 17.7, 18.6: neither says anything of records.
        if self.is_paused || keys.len() > most as usize {
            return;
        }
        if std::mem::take(&mut self.is_otherwise) {
            // 18.8
            self.results.clear();
            self.open.retain(|key| keys.contains(key));
        }
        self.results.push(keys.clone());
        let last = |count: u32| self.results.iter().rev().take(count as usize).collect::<Vec<_>>();
        let (begin, end) = (last(to_begin), last(to_end));
        let all: BTreeSet<String> = self.results.iter().flatten().chain(&self.open).cloned().collect();
        for key in all {
            if begin.len() == to_begin as usize && begin.iter().all(|keys| keys.contains(&key)) {
                self.open.insert(key);
            } else if end.len() == to_end as usize && !end.iter().any(|keys| keys.contains(&key)) {
                self.open.remove(&key);
            }
        }
    }

    /// Another thing is asserted, or somebody else looks.
    pub(super) fn is_asserted_otherwise(&mut self) {
        self.is_otherwise = true;
    }
}
