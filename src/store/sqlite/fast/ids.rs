//! Checks by their numbers: SQLite gives them one after the other, so no stranger chooses them, and what is kept by them
//! may be hashed cheaply and packed closely. Every ping comes by here several times.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Index;

use crate::core::check::CheckId;

/// A map by the numbers of checks.
pub(in crate::store::sqlite) type ById<T> = HashMap<CheckId, T, BuildHasherDefault<IdHasher>>;

/// A map by the numbers of checks, for nearly all of them: those that follow each other lie together, and leave no room
/// between them as a table of hashes does.
#[derive(Debug)]
pub(in crate::store::sqlite) struct AllById<T> {
    /// By what their numbers have in common. None is empty.
    pages: ById<Page<T>>,
    len: usize,
}

type Page<T> = Box<[Option<T>; PAGE]>;

/// As many checks that went leave the room of a few thousand bytes for one that stays.
const PAGE: usize = 64;

impl<T> AllById<T> {
    pub(in crate::store::sqlite) fn len(&self) -> usize {
        self.len
    }

    pub(in crate::store::sqlite) fn get(&self, check: CheckId) -> Option<&T> {
        let (page, place) = place_of(check);
        self.pages.get(&page)?[place].as_ref()
    }

    pub(in crate::store::sqlite) fn get_mut(&mut self, check: CheckId) -> Option<&mut T> {
        let (page, place) = place_of(check);
        self.pages.get_mut(&page)?[place].as_mut()
    }

    /// Answers what was there.
    pub(in crate::store::sqlite) fn insert(&mut self, check: CheckId, value: T) -> Option<T> {
        let (place, len) = self.place(check);
        let before = place.replace(value);
        *len += usize::from(before.is_none());
        before
    }

    /// What is there, or else the default, which is there from now on.
    pub(in crate::store::sqlite) fn or_default(&mut self, check: CheckId) -> &mut T
    where
        T: Default,
    {
        let (place, len) = self.place(check);
        *len += usize::from(place.is_none());
        place.get_or_insert_default()
    }

    /// Its place, and the number of all.
    fn place(&mut self, check: CheckId) -> (&mut Option<T>, &mut usize) {
        let (page, place) = place_of(check);
        let page = self.pages.entry(page).or_insert_with(|| Box::new([const { None }; PAGE]));
        (&mut page[place], &mut self.len)
    }

    /// Answers what was there.
    pub(in crate::store::sqlite) fn remove(&mut self, check: CheckId) -> Option<T> {
        let (number, place) = place_of(check);
        let page = self.pages.get_mut(&number)?;
        let gone = page[place].take()?;
        self.len -= 1;
        if page.iter().all(Option::is_none) {
            self.pages.remove(&number);
        }
        Some(gone)
    }

    /// All, in no order.
    pub(in crate::store::sqlite) fn iter(&self) -> impl Iterator<Item = (CheckId, &T)> {
        self.pages.iter().flat_map(|(page, values)| {
            let numbers = (page.0 * PAGE as u64..).map(CheckId);
            numbers.zip(values.iter()).filter_map(|(check, value)| Some((check, value.as_ref()?)))
        })
    }
}

/// The number of its page, as if that were a check, and its place in it.
fn place_of(check: CheckId) -> (CheckId, usize) {
    (CheckId(check.0 / PAGE as u64), (check.0 % PAGE as u64) as usize)
}

impl<T> Default for AllById<T> {
    fn default() -> Self {
        AllById { pages: ById::default(), len: 0 }
    }
}

impl<T> Index<CheckId> for AllById<T> {
    type Output = T;

    fn index(&self, check: CheckId) -> &T {
        self.get(check).expect("there is such a check")
    }
}

/// One multiplication, which spreads numbers that follow each other (Fibonacci hashing).
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write_u64(&mut self, number: u64) {
        self.0 = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a check's number is one u64");
    }

    fn finish(&self) -> u64 {
        // Tables look at the lowest bits and at the highest: the product's lowest know little of the number.
        self.0.rotate_left(32)
    }
}

/// A set of checks, in the order of their numbers: a bit for each, 64 of them together.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct IdSet(BTreeMap<u64, u64>);

impl IdSet {
    pub(in crate::store::sqlite) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::store::sqlite) fn insert(&mut self, check: CheckId) {
        *self.0.entry(check.0 / 64).or_default() |= 1 << (check.0 % 64);
    }

    pub(in crate::store::sqlite) fn remove(&mut self, check: CheckId) {
        if let Some(bits) = self.0.get_mut(&(check.0 / 64)) {
            *bits &= !(1 << (check.0 % 64));
            if *bits == 0 {
                self.0.remove(&(check.0 / 64));
            }
        }
    }

    pub(in crate::store::sqlite) fn contains(&self, check: CheckId) -> bool {
        self.0.get(&(check.0 / 64)).is_some_and(|bits| bits & (1 << (check.0 % 64)) != 0)
    }

    pub(in crate::store::sqlite) fn iter(&self) -> impl Iterator<Item = CheckId> {
        std::iter::successors(self.first_from(0), |check| self.first_from(check.0 + 1))
    }

    /// The first one with this number or a higher one.
    pub(in crate::store::sqlite) fn first_from(&self, number: u64) -> Option<CheckId> {
        self.0.range(number / 64..).find_map(|(word, bits)| {
            let wanted = if *word == number / 64 { !0 << (number % 64) } else { !0 };
            let left = bits & wanted;
            (left != 0).then(|| CheckId(word * 64 + u64::from(left.trailing_zeros())))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_map_in_pages_is_what_a_map_is(
            steps in prop::collection::vec((0_u64..300, 0_u8..4), 0..200),
        ) {
            let (mut map, mut truth) = (AllById::default(), BTreeMap::new());
            for (turn, (number, what)) in steps.into_iter().enumerate() {
                let check = CheckId(number);
                let (answer, expected) = match what {
                    0 => (map.remove(check), truth.remove(&check)),
                    1 => (map.insert(check, turn), truth.insert(check, turn)),
                    2 => (Some(*map.or_default(check)), Some(*truth.entry(check).or_default())),
                    _ => (map.get_mut(check).copied(), truth.get(&check).copied()),
                };
                prop_assert_eq!((answer, map.len(), map.get(check)), (expected, truth.len(), truth.get(&check)));
            }
            prop_assert_eq!(map.iter().map(|(check, turn)| (check, *turn)).collect::<BTreeMap<_, _>>(), truth.clone());
            truth.keys().for_each(|check| assert!(map.remove(*check).is_some()));
            prop_assert!(map.pages.is_empty());
        }

        #[test]
        fn a_set_of_numbers_is_what_a_set_is(
            steps in prop::collection::vec((0_u64..300, any::<bool>()), 0..200),
            from in 0_u64..310,
        ) {
            let (mut set, mut truth) = (IdSet::default(), BTreeSet::new());
            for (number, is_insert) in steps {
                if is_insert {
                    set.insert(CheckId(number));
                    truth.insert(number);
                } else {
                    set.remove(CheckId(number));
                    truth.remove(&number);
                }
                prop_assert_eq!(set.is_empty(), truth.is_empty());
                prop_assert_eq!(set.contains(CheckId(from)), truth.contains(&from));
                prop_assert_eq!(set.first_from(from), truth.range(from..).next().copied().map(CheckId));
            }
        }
    }
}
