use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::core::record::{InARow, Record, RecordTotals, difference};
use crate::core::time::Span;

fn record(key: &str) -> Record {
    Record::new(key).unwrap()
}

fn named<'a>(keys: impl IntoIterator<Item = &'a str>) -> NamedRecords {
    keys.into_iter().map(record).collect()
}

fn at(secs: u64) -> Time {
    Time::from_secs(i64::try_from(secs).unwrap())
}

/// What a store keeps of a check that detects something.
#[derive(Clone, Debug, Default)]
struct Kept {
    known: BTreeMap<IncidentKey, RecordStanding>,
    totals: RecordTotals,
}

impl Kept {
    /// Carries out the first so many changes; the result counts once none is left. Answers what occurred.
    fn carry_out(&mut self, named: &NamedRecords, memory: Recall, most: usize) -> Vec<String> {
        let before = Stretch::all(self.known.clone());
        let changes = occurrences(named, &before, memory, self.totals.next_result());
        let mut occurred = Vec::new();
        for change in changes.iter().take(most) {
            match *change {
                RecordChange::Occurs(record) => {
                    occurred.push(record.key().to_string());
                    let standing = RecordStanding::Occurred { at: memory.now };
                    let was = self.known.insert(record.key().clone(), standing);
                    assert_eq!(was, None, "nothing that is remembered occurs");
                }
                RecordChange::Ends(key) | RecordChange::IsOver(key) | RecordChange::IsForgotten(key) => {
                    assert!(self.known.remove(key).is_some(), "only what is known ends");
                }
                other => panic!("nothing that occurs is {other:?}"),
            }
        }
        if changes.len() <= most {
            self.totals.count_result();
        }
        occurred
    }

    /// Time goes by: what is over is forgotten, by whoever looks.
    fn look(&mut self, memory: Recall) {
        self.known.retain(|_, known| memory.has(*known));
    }
}

const WEEK: Remember = Remember::For(Span::mins(7 * 24 * 60));

/// T13
#[test]
fn what_is_remembered_for_a_week_is_told_on_monday_and_again_on_the_next() {
    let mut kept = Kept::default();
    let day = 24 * 60 * 60;
    let told: Vec<u64> = (0..15)
        .filter(|days| {
            let memory = Recall { remember: WEEK, now: at(days * day) };
            kept.look(memory);
            !kept.carry_out(&named(["a"]), memory, usize::MAX).is_empty()
        })
        .collect();
    assert_eq!(told, [0, 7, 14]);
}

/// 19.3
#[test]
fn what_is_remembered_for_ever_occurs_once() {
    let mut kept = Kept::default();
    for days in [0, 400, 40_000] {
        let memory = Recall { remember: Remember::Forever, now: at(days * 86_400) };
        kept.look(memory);
        let occurred = kept.carry_out(&named(["a"]), memory, usize::MAX);
        assert_eq!(occurred.len(), usize::from(days == 0), "{days}");
    }
}

/// 19.3
#[test]
fn what_is_over_is_new_though_nobody_has_looked_meanwhile() {
    let mut kept = Kept::default();
    let memory = |secs| Recall { remember: Remember::For(Span::secs(60)), now: at(secs) };
    assert_eq!(kept.carry_out(&named(["a", "b"]), memory(0), usize::MAX), ["a", "b"]);
    assert!(kept.carry_out(&named(["a"]), memory(59), usize::MAX).is_empty());
    assert_eq!(kept.carry_out(&named(["a"]), memory(60), usize::MAX), ["a"]);
    let b = IncidentKey::parse("b").unwrap();
    assert_eq!(kept.known[&b], RecordStanding::Occurred { at: at(0) }, "it ends by time");
}

/// 19.7
#[test]
fn what_lasted_ends_where_it_is_detected_and_the_other_way_round() {
    let key = |text| IncidentKey::parse(text).unwrap();
    let memory = Recall { remember: WEEK, now: at(10) };
    let lasting = [
        (key("a"), RecordStanding::Open { missed_since: None }),
        (key("b"), RecordStanding::Open { missed_since: Some(1) }),
        (key("c"), RecordStanding::Named { since: 1 }),
    ];
    let mut kept = Kept { known: lasting.into(), ..Kept::default() };
    kept.totals.is_asserted_otherwise = true;
    assert_eq!(kept.carry_out(&named(["a", "c"]), memory, usize::MAX), ["a", "c"]);
    assert_eq!(kept.known.len(), 2);

    let result = RecordTotals { is_asserted_otherwise: true, ..RecordTotals::default() }.next_result();
    let (in_a_row, named) = (InARow { to_begin: 1, to_end: 3 }, named(["a"]));
    let known = Stretch::all(kept.known);
    let changes = difference(&named, &known, in_a_row, result);
    let a = named.records.values().next().unwrap();
    let ends = [RecordChange::Ends(&key("a")), RecordChange::Begins(a), RecordChange::Ends(&key("c"))];
    assert_eq!(changes, ends);
}

/// 18.8
#[test]
fn what_another_declaration_does_not_find_any_more_is_forgotten_and_the_rest_is_not_told_again() {
    let mut kept = Kept::default();
    let memory = |secs| Recall { remember: WEEK, now: at(secs) };
    assert_eq!(kept.carry_out(&named(["a", "b"]), memory(0), usize::MAX), ["a", "b"]);
    assert!(kept.carry_out(&named(["b"]), memory(1), usize::MAX).is_empty());
    kept.totals.is_asserted_otherwise = true;
    assert!(kept.carry_out(&named(["b"]), memory(2), usize::MAX).is_empty());
    assert_eq!(kept.carry_out(&named(["a", "b"]), memory(3), usize::MAX), ["a"]);
}

/// 19.6
#[test]
fn what_would_be_remembered_is_counted_once_and_without_what_is_over() {
    let key = |text| IncidentKey::parse(text).unwrap();
    let occurred = |secs| RecordStanding::Occurred { at: at(secs) };
    let known = [
        (key("a"), occurred(0)),
        (key("b"), occurred(50)),
        (key("c"), occurred(50)),
        (key("d"), RecordStanding::Named { since: 1 }),
    ];
    let memory = Recall { remember: Remember::For(Span::secs(60)), now: at(60) };
    assert_eq!(would_remember(&named(["b", "e"]), &known.into(), memory), 3);
}

/// What happens, and so many seconds after what was before: a result that is carried out whole; one of which so many changes are,
/// and then the server dies and the same is reported again; or somebody looks what is over.
#[derive(Clone, Debug)]
enum Happening {
    Result(BTreeSet<u8>),
    Killed(BTreeSet<u8>, usize),
    Tick,
}

fn happenings() -> impl Strategy<Value = Vec<(u64, Happening)>> {
    let keys = || prop::collection::btree_set(0u8..6, 0..6);
    let one = prop_oneof![
        6 => keys().prop_map(Happening::Result),
        3 => (keys(), 0usize..6).prop_map(|(keys, after)| Happening::Killed(keys, after)),
        2 => Just(Happening::Tick),
    ];
    prop::collection::vec((0u64..90, one), 1..24)
}

proptest! {
    /// 19.2, 19.3, 18.7: each key is told once in the time for which it is remembered, whoever dies between any two changes, and
    /// whether somebody looks meanwhile or not.
    #[test]
    fn each_key_is_told_once_in_its_time(happenings in happenings()) {
        const TIME: u64 = 60;
        let mut kept = Kept::default();
        let mut last_told: BTreeMap<String, u64> = BTreeMap::new();
        let mut now = 0;
        for (later, happening) in happenings {
            now += later;
            let memory = Recall { remember: Remember::For(Span::secs(60)), now: at(now) };
            let (keys, killed_after) = match happening {
                Happening::Result(keys) => (keys, None),
                Happening::Killed(keys, after) => (keys, Some(after)),
                Happening::Tick => {
                    kept.look(memory);
                    continue;
                }
            };
            let names: Vec<String> = keys.iter().map(u8::to_string).collect();
            let named = named(names.iter().map(String::as_str));
            let (mut told, results) = (Vec::new(), kept.totals.results);
            if let Some(after) = killed_after {
                told.extend(kept.carry_out(&named, memory, after));
            }
            if kept.totals.results == results {
                told.extend(kept.carry_out(&named, memory, usize::MAX));
            }
            let is_new = |name: &&String| last_told.get(*name).is_none_or(|told| told + TIME <= now);
            let expected: Vec<String> = names.iter().filter(is_new).cloned().collect();
            told.sort();
            prop_assert_eq!(&told, &expected);
            last_told.extend(told.into_iter().map(|name| (name, now)));
        }
    }
}
