//! Records of a check that are looked at together: what a result changes of many is carried out in slices (18.7).

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{NamedRecords, Record, RecordStanding};
use crate::core::incident::IncidentKey;

/// What is known of a check's records, of all keys or of those in a row of them.
#[derive(Clone, Debug, Default)]
pub struct Stretch {
    pub(super) known: BTreeMap<IncidentKey, RecordStanding>,
    after: Option<IncidentKey>,
    until: Option<IncidentKey>,
}

impl Stretch {
    /// All of them.
    pub fn all(known: BTreeMap<IncidentKey, RecordStanding>) -> Stretch {
        Stretch { known, after: None, until: None }
    }

    /// Those after this key, of which these first ones are known: `count`, unless there are no more. Of what is named so many
    /// are in it at most.
    pub fn after(
        after: Option<IncidentKey>,
        mut known: BTreeMap<IncidentKey, RecordStanding>,
        named: &NamedRecords,
        count: usize,
    ) -> Stretch {
        let last_known = known.last_key_value().filter(|_| known.len() >= count).map(|(key, _)| key);
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut following = named.records.range((from, Bound::Unbounded)).map(|(key, _)| key);
        let last_named = count.checked_sub(1).and_then(|before| following.nth(before));
        let until = last_known.into_iter().chain(last_named).min().cloned();
        if let Some(until) = &until {
            known.retain(|key, _| key <= until);
        }
        Stretch { known, after, until }
    }

    /// Its last key; `None`: no key comes after it.
    pub fn until(&self) -> Option<&IncidentKey> {
        self.until.as_ref()
    }

    /// Those of it that are named, in the order of their keys.
    pub(super) fn of<'n>(&self, named: &'n NamedRecords) -> impl Iterator<Item = &'n Record> {
        let from = self.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let to = self.until.as_ref().map_or(Bound::Unbounded, Bound::Included);
        named.records.range((from, to)).map(|(_, record)| record)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::record::{InARow, RecordTotals, difference};

    fn key(number: u8) -> IncidentKey {
        IncidentKey::parse(&format!("{number:02}")).unwrap()
    }

    fn standing(number: u8) -> RecordStanding {
        match number % 3 {
            0 => RecordStanding::Open { missed_since: None },
            1 => RecordStanding::Open { missed_since: Some(0) },
            _ => RecordStanding::Named { since: 0 },
        }
    }

    proptest! {
        /// 18.7: stretch after stretch it is what it is of all, in no more stretches than it takes.
        #[test]
        fn stretches_of_any_length_make_the_whole(
            known in prop::collection::btree_set(0..40u8, 0..40),
            named in prop::collection::btree_set(0..40u8, 0..40),
            count in 1..12usize,
        ) {
            let known: BTreeMap<_, _> = known.into_iter().map(|number| (key(number), standing(number))).collect();
            let named: NamedRecords = named.iter().map(|number| Record::new(key(*number).as_str()).unwrap()).collect();
            let in_a_row = InARow { to_begin: 2, to_end: 2 };
            let result = RecordTotals::default().next_result();
            let all = Stretch::all(known.clone());
            let whole = difference(&named, &all, in_a_row, result);
            let (mut after, mut parts, mut stretches) = (None, Vec::new(), 0);
            loop {
                let following = known.iter().filter(|(key, _)| after.as_ref().is_none_or(|after| after < *key));
                let first = following.take(count).map(|(key, known)| (key.clone(), *known)).collect();
                let stretch = Stretch::after(after, first, &named, count);
                let changes = difference(&named, &stretch, in_a_row, result);
                prop_assert!(changes.len() <= 2 * count, "{changes:?}");
                parts.extend(changes.iter().map(|change| format!("{change:?}")));
                stretches += 1;
                match stretch.until() {
                    Some(until) => after = Some(until.clone()),
                    None => break,
                }
            }
            let whole: Vec<String> = whole.iter().map(|change| format!("{change:?}")).collect();
            prop_assert_eq!(parts, whole);
            prop_assert!(stretches <= 2 + (known.len() + named.len()) / count, "{stretches}");
        }
    }
}
