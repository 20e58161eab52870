//! What a result that names all that violates makes of what is known (18.3, 18.4).

use super::stretch::Stretch;
use super::{NamedRecords, Record, RecordStanding, ResultNumber};
use crate::core::incident::IncidentKey;

/// How many results in a row make a record begin, and end (18.4); each at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InARow {
    pub to_begin: u32,
    pub to_end: u32,
}

/// What becomes of a record by a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordChange<'a> {
    /// It is violated: its incident opens.
    Begins(&'a Record),
    /// It is named for the first time, and has to be so more often.
    IsNamed(&'a IncidentKey),
    /// It was named before, not often enough, and is not any more.
    IsForgotten(&'a IncidentKey),
    /// It is not named, and has to be so more often.
    IsMissed(&'a IncidentKey),
    /// It was not named before, and is again.
    IsBack(&'a IncidentKey),
    /// It is over.
    Ends(&'a IncidentKey),
    /// It occurred, and was not remembered: its incident opens (19.2).
    Occurs(&'a Record),
    /// It is not remembered any more (19.3).
    IsOver(&'a IncidentKey),
}

impl RecordChange<'_> {
    /// Of which record.
    pub fn key(&self) -> &IncidentKey {
        match self {
            RecordChange::Begins(record) | RecordChange::Occurs(record) => record.key(),
            RecordChange::IsNamed(key)
            | RecordChange::IsForgotten(key)
            | RecordChange::IsMissed(key)
            | RecordChange::IsBack(key)
            | RecordChange::Ends(key)
            | RecordChange::IsOver(key) => key,
        }
    }
}

/// What a result makes of a stretch of its check's records (18.3, 18.4), in the order of their keys.
///
/// Made anew after some of that was carried out, it has the rest.
pub fn difference<'a>(
    named: &'a NamedRecords,
    stretch: &'a Stretch,
    in_a_row: InARow,
    result: ResultNumber,
) -> Vec<RecordChange<'a>> {
    // What occurred by another declaration is nothing that lasts, named or not.
    let known = &stretch.known;
    let occurred = known.iter().filter(|(_, known)| matches!(known, RecordStanding::Occurred { .. }));
    let of_occurred = occurred.map(|(key, _)| RecordChange::Ends(key));
    let of_named = stretch.of(named).filter_map(|record| {
        let known = known.get(record.key()).copied();
        if_named(record, known, in_a_row, result)
    });
    let others = known.iter().filter(|(key, _)| !named.records.contains_key(*key));
    let of_others = others.filter_map(|(key, known)| if_not_named(key, *known, in_a_row, result));
    in_order(of_occurred.chain(of_named).chain(of_others))
}

/// By their keys, so that a slice of them goes as far as one of these; of one key in the order in which they come.
pub(super) fn in_order<'a>(changes: impl Iterator<Item = RecordChange<'a>>) -> Vec<RecordChange<'a>> {
    let mut changes: Vec<_> = changes.collect();
    changes.sort_by(|one, other| one.key().cmp(other.key()));
    changes
}

/// What becomes of one that a result names.
fn if_named<'a>(
    record: &'a Record,
    known: Option<RecordStanding>,
    in_a_row: InARow,
    result: ResultNumber,
) -> Option<RecordChange<'a>> {
    let since = match known {
        Some(RecordStanding::Open { missed_since }) => {
            return missed_since.map(|_| RecordChange::IsBack(record.key()));
        }
        // It was counted for something else.
        Some(RecordStanding::Named { since }) if result.is_first && since < result.number => None,
        Some(RecordStanding::Named { since }) => Some(since),
        Some(RecordStanding::Occurred { .. }) | None => None,
    };
    if results_since(since.unwrap_or(result.number), result) >= u64::from(in_a_row.to_begin) {
        return Some(RecordChange::Begins(record));
    }
    since.is_none().then_some(RecordChange::IsNamed(record.key()))
}

/// What becomes of one that a result does not name.
fn if_not_named(
    key: &IncidentKey,
    known: RecordStanding,
    in_a_row: InARow,
    result: ResultNumber,
) -> Option<RecordChange<'_>> {
    match known {
        RecordStanding::Occurred { .. } => None,
        RecordStanding::Named { .. } => Some(RecordChange::IsForgotten(key)),
        RecordStanding::Open { .. } if result.is_first => Some(RecordChange::Ends(key)),
        RecordStanding::Open { missed_since } => {
            let results = results_since(missed_since.unwrap_or(result.number), result);
            if results >= u64::from(in_a_row.to_end) {
                return Some(RecordChange::Ends(key));
            }
            missed_since.is_none().then_some(RecordChange::IsMissed(key))
        }
    }
}

/// How many results there were since this one, with both.
fn results_since(since: u64, result: ResultNumber) -> u64 {
    result.number.saturating_sub(since) + 1
}
