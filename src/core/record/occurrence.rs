//! What `detect` finds (§19): a record that happened, and does not last. It is told once, and then remembered for a time.

use std::collections::BTreeMap;

use super::difference::{RecordChange, in_order};
use super::stretch::Stretch;
use super::{NamedRecords, RecordStanding, ResultNumber};
use crate::core::assertion::Remember;
use crate::core::incident::IncidentKey;
use crate::core::time::Time;

/// By what it is judged whether something is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recall {
    pub remember: Remember,
    /// The time of the result.
    pub now: Time,
}

impl Recall {
    fn has(self, known: RecordStanding) -> bool {
        matches!(known, RecordStanding::Occurred { at } if !self.remember.is_over(at, self.now))
    }
}

/// What a result of `detect` makes of a stretch of what is known (19.2, 19.3), in the order of their keys. What it names and is not remembered occurs; what it does not name
/// stays remembered, unless another thing is detected now (18.8). What of that is over ends by time, if no result names it sooner.
///
/// Made anew after some of that was carried out, it has the rest.
pub fn occurrences<'a>(
    named: &'a NamedRecords,
    stretch: &'a Stretch,
    memory: Recall,
    result: ResultNumber,
) -> Vec<RecordChange<'a>> {
    let known = &stretch.known;
    let ends = known.iter().filter_map(|(key, known)| {
        let is_named = named.records.contains_key(key);
        match known {
            RecordStanding::Occurred { .. } if is_named => {
                (!memory.has(*known)).then_some(RecordChange::IsOver(key))
            }
            RecordStanding::Occurred { .. } => result.is_first.then_some(RecordChange::Ends(key)),
            // These were found by `assert`: nothing that happened is one of them.
            RecordStanding::Open { .. } => Some(RecordChange::Ends(key)),
            RecordStanding::Named { .. } => Some(RecordChange::IsForgotten(key)),
        }
    });
    let is_new = |key: &IncidentKey| !known.get(key).is_some_and(|known| memory.has(*known));
    let new = stretch.of(named).filter(|record| is_new(record.key()));
    in_order(ends.chain(new.map(RecordChange::Occurs)))
}

/// How many would be remembered after a result that names these (19.6).
pub fn would_remember(
    named: &NamedRecords,
    known: &BTreeMap<IncidentKey, RecordStanding>,
    memory: Recall,
) -> usize {
    let is_other = |(key, known): &(&IncidentKey, &RecordStanding)| {
        memory.has(**known) && !named.records.contains_key(*key)
    };
    known.iter().filter(is_other).count() + named.len()
}

#[cfg(test)]
mod tests;
