//! Names that are pinged and that no check has: a job is new and not declared yet, or its name is mistyped.
//!
//! Whoever reaches the port may ping whatever name where no keys are asked for. So both the number of names and their
//! length are bounded, and one address that pings many pushes out its own first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::core::check::Name;
use crate::core::text::first_chars;
use crate::core::time::{Span, Time};

/// A name that was pinged and that no check has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// As it was asked for, without control characters, at most [`Name::MAX_BYTES`] characters.
    pub name: String,
    /// When it was pinged first …
    pub first: Time,
    /// … and last.
    pub last: Time,
    /// How often: pings of every kind.
    pub count: u64,
    /// How many of them ended a run: successes and fails.
    pub ends: u64,
    /// From where last.
    pub source: IpAddr,
}

/// A ping to a name that no check has.
#[derive(Clone, Copy, Debug)]
pub struct UnknownPing<'a> {
    /// As people may see it.
    pub name: &'a str,
    /// It is a success or a fail.
    pub is_end: bool,
    pub source: IpAddr,
}

/// Those that were pinged last.
#[derive(Clone, Debug, Default)]
pub struct UnknownNames {
    by_name: BTreeMap<String, UnknownName>,
    /// Whether it is otherwise than it was last stored.
    is_changed: bool,
}

impl UnknownName {
    /// Names that were pinged within this time are pointed out: a job that runs once a day is among them.
    pub const RECENT: Span = Span::mins(24 * 60);
    /// So many runs say how often a job runs.
    const ENOUGH: u64 = 3;

    /// How long there was between the ends of its runs, on average; `None`: there were too few.
    pub fn interval(&self) -> Option<Span> {
        let between = i64::try_from(self.ends).ok()? - 1;
        let interval = (self.ends >= UnknownName::ENOUGH)
            .then(|| Span::ms((self.last - self.first).as_ms() / between))?;
        // The clock may have been set back.
        (interval > Span::ZERO).then_some(interval)
    }
}

impl UnknownNames {
    /// More are not kept.
    pub const MAX: usize = 500;

    /// What was stored.
    pub(super) fn stored(names: impl IntoIterator<Item = UnknownName>) -> UnknownNames {
        let by_name = names.into_iter().take(UnknownNames::MAX).map(|name| (name.name.clone(), name));
        UnknownNames { by_name: by_name.collect(), is_changed: false }
    }

    /// A ping came.
    pub fn note(&mut self, ping: UnknownPing<'_>, now: Time) {
        let UnknownPing { name, is_end, source } = ping;
        let name = first_chars(name, Name::MAX_BYTES);
        self.is_changed = true;
        let ends = u64::from(is_end);
        if let Some(known) = self.by_name.get_mut(name) {
            known.count = known.count.saturating_add(1);
            known.ends = known.ends.saturating_add(ends);
            (known.last, known.source) = (now, source);
            return;
        }
        if self.by_name.len() >= UnknownNames::MAX {
            self.make_room();
        }
        let new = UnknownName { name: name.to_owned(), first: now, last: now, count: 1, ends, source };
        self.by_name.insert(new.name.clone(), new);
    }

    /// Of the network that most of them are from, the one that was pinged longest ago goes.
    fn make_room(&mut self) {
        let mut networks: HashMap<u128, usize> = HashMap::new();
        for known in self.by_name.values() {
            *networks.entry(network(known.source)).or_default() += 1;
        }
        let weight = |known: &&UnknownName| (networks[&network(known.source)], Reverse(known.last));
        let goes = self.by_name.values().max_by_key(weight).map(|known| known.name.clone());
        goes.and_then(|name| self.by_name.remove(&name));
    }

    /// All, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &UnknownName> {
        self.by_name.values()
    }

    /// Whether it is kept.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Those for which this does not hold are forgotten.
    pub fn retain(&mut self, stays: impl Fn(&UnknownName) -> bool) {
        let before = self.by_name.len();
        self.by_name.retain(|_, known| stays(known));
        self.is_changed |= self.by_name.len() != before;
    }

    /// Whether there is something to store.
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// For the store: all of it is stored, or not after all.
    pub(super) fn set_changed(&mut self, is_changed: bool) {
        self.is_changed = is_changed;
    }
}

/// Whoever has one address of IPv6 has all that begin with the same 64 bits.
fn network(source: IpAddr) -> u128 {
    match source {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Time {
        Time::from_secs(secs)
    }

    fn note(names: &mut UnknownNames, name: &str, source: &str, secs: i64) {
        let source = source.parse().expect("it is an address");
        names.note(UnknownPing { name, is_end: true, source }, at(secs));
    }

    fn has_all(names: &UnknownNames, prefix: &str, count: usize) -> bool {
        (0..count).all(|i| names.has(&format!("{prefix}-{i}")))
    }

    #[test]
    fn what_was_pinged_longest_ago_goes_where_there_are_too_many() {
        let mut names = UnknownNames::default();
        for i in 0..UnknownNames::MAX + 50 {
            note(&mut names, &format!("job-{i}"), "10.0.0.1", i64::try_from(i).expect("a small number"));
            note(&mut names, "job-0", "10.0.0.1", i64::try_from(i).expect("a small number"));
        }
        assert_eq!(names.iter().count(), UnknownNames::MAX);
        assert!(names.has("job-0") && names.has("job-549"));
        assert!(!names.has("job-1") && !names.has("job-50") && names.has("job-51"));
    }

    /// A stranger who pings names without end takes none of the others' away.
    #[test]
    fn a_flood_from_one_network_pushes_out_its_own_names() {
        let mut names = UnknownNames::default();
        (0..20).for_each(|i| note(&mut names, &format!("job-{i}"), &format!("10.0.0.{}", i % 4), 1));
        for i in 0..10_000_u32 {
            note(&mut names, &format!("junk-{i}"), &format!("2001:db8::{:x}", i % 5_000), 1_000);
        }
        assert_eq!(names.iter().count(), UnknownNames::MAX);
        assert!(has_all(&names, "job", 20));
    }

    #[test]
    fn a_name_is_kept_with_its_first_and_last_ping() {
        let mut names = UnknownNames::default();
        names.note(UnknownPing { name: "a", is_end: false, source: [10, 0, 0, 1].into() }, at(100));
        note(&mut names, "a", "10.0.0.2", 160);
        let expected = UnknownName {
            name: "a".to_owned(),
            first: at(100),
            last: at(160),
            count: 2,
            ends: 1,
            source: [10, 0, 0, 2].into(),
        };
        assert_eq!(names.iter().collect::<Vec<_>>(), [&expected]);
        assert_eq!(expected.interval(), None, "one run says nothing");
        note(&mut names, "a", "10.0.0.2", 400);
        note(&mut names, "a", "10.0.0.2", 700);
        assert_eq!(names.iter().next().and_then(UnknownName::interval), Some(Span::secs(300)));
        assert!(names.is_changed());
        names.set_changed(false);
        names.retain(|_| true);
        assert!(!names.is_changed(), "nothing went");
        names.retain(|known| known.name != "a");
        assert!(names.is_changed() && names.iter().next().is_none());
    }

    #[test]
    fn a_long_name_is_cut() {
        let mut names = UnknownNames::default();
        note(&mut names, &"ä".repeat(100_000), "10.0.0.1", 1);
        assert_eq!(names.iter().next().map(|known| known.name.chars().count()), Some(Name::MAX_BYTES));
    }
}
