use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn record(key: &str) -> Record {
    Record::new(key).unwrap()
}

fn named(keys: &str) -> NamedRecords {
    keys.split_whitespace().map(record).collect()
}

/// What a store keeps of a check's records.
#[derive(Clone, Debug, Default)]
struct Kept {
    known: BTreeMap<IncidentKey, RecordStanding>,
    totals: RecordTotals,
}

impl Kept {
    /// Carries out the first so many changes; the result counts once none is left. Answers what began and ended.
    fn carry_out(&mut self, named: &NamedRecords, in_a_row: InARow, most: usize) -> Vec<String> {
        let result = self.totals.next_result();
        let before = Stretch::all(self.known.clone());
        let changes = difference(named, &before, in_a_row, result);
        let mut said = Vec::new();
        for change in changes.iter().take(most) {
            let (key, standing) = match *change {
                RecordChange::Begins(record) => {
                    said.push(format!("+{}", record.key()));
                    (record.key(), Some(RecordStanding::Open { missed_since: None }))
                }
                RecordChange::IsNamed(key) => (key, Some(RecordStanding::Named { since: result.number })),
                RecordChange::IsForgotten(key) => (key, None),
                RecordChange::IsMissed(key) => {
                    (key, Some(RecordStanding::Open { missed_since: Some(result.number) }))
                }
                other @ (RecordChange::Occurs(_) | RecordChange::IsOver(_)) => {
                    panic!("nothing that lasts is {other:?}")
                }
                RecordChange::IsBack(key) => (key, Some(RecordStanding::Open { missed_since: None })),
                RecordChange::Ends(key) => {
                    said.push(format!("-{key}"));
                    (key, None)
                }
            };
            match standing {
                Some(standing) => drop(self.known.insert(key.clone(), standing)),
                None => drop(self.known.remove(key)),
            }
        }
        if changes.len() <= most {
            self.totals.count_result();
        }
        said
    }

    fn open(&self) -> BTreeSet<String> {
        let is_open = |standing: &RecordStanding| matches!(standing, RecordStanding::Open { .. });
        let open = self.known.iter().filter(|(_, standing)| is_open(standing));
        open.map(|(key, _)| key.to_string()).collect()
    }
}

/// Results, each with the keys that it names, and what begins and ends.
fn check(to_begin: u32, to_end: u32, story: &[(&str, &str)]) {
    let mut kept = Kept::default();
    for (number, (keys, expected)) in story.iter().enumerate() {
        if *keys == "otherwise" {
            kept.totals.is_asserted_otherwise = true;
            continue;
        }
        let said = kept.carry_out(&named(keys), InARow { to_begin, to_end }, usize::MAX);
        assert_eq!(said.join(" "), *expected, "result {number} of {story:?}");
    }
}

/// 18.3
#[test]
fn what_a_result_does_not_name_holds() {
    check(1, 1, &[("a b", "+a +b"), ("b c", "-a +c"), ("b c", ""), ("", "-b -c"), ("", "")]);
}

/// 18.4
#[test]
fn a_record_begins_and_ends_after_so_many_results_in_a_row() {
    check(3, 1, &[("a", ""), ("a", ""), ("a b", "+a"), ("a", ""), ("a b", ""), ("a b", ""), ("a b", "+b")]);
    check(3, 1, &[("a", ""), ("a", ""), ("", ""), ("a", ""), ("a", ""), ("a", "+a")]);
    check(1, 3, &[("a", "+a"), ("", ""), ("", ""), ("a", ""), ("", ""), ("", ""), ("", "-a")]);
}

/// 18.8
#[test]
fn what_was_asserted_before_is_in_no_row_and_ends_where_it_is_not_named() {
    check(1, 3, &[("a b", "+a +b"), ("otherwise", ""), ("b", "-a"), ("", ""), ("", ""), ("", "-b")]);
    check(2, 1, &[("a", ""), ("otherwise", ""), ("a", ""), ("a", "+a")]);
}

/// 18.2
#[test]
fn a_key_that_is_named_twice_is_one_record_the_first() {
    let titled = |key: &str, title: &str| record(key).titled(title).unwrap();
    let named: NamedRecords =
        [titled("a", "first"), titled("b", ""), titled("a", "second")].into_iter().collect();
    assert_eq!(named.len(), 2);
    let titles: Vec<&str> = named.records.values().map(Record::title).collect();
    assert_eq!(titles, ["first", "b"]);
}

/// 18.1
#[test]
fn a_record_is_bounded_and_none_is_the_check_itself() {
    assert_eq!(Record::new(""), Err(RecordError::NoKey));
    assert!(matches!(Record::new(&"x".repeat(257)), Err(RecordError::Key(_))));
    assert_eq!(record("a").titled(&"夜".repeat(201)), Err(RecordError::LongTitle));
    assert!(record("a").titled(&"夜".repeat(200)).is_ok());
    assert_eq!(record("a").detailed(&"x".repeat(4097)), Err(RecordError::LongDetails));
    let labels = |count: usize, value: &str| vec![("x".to_owned(), value.to_owned()); count];
    assert_eq!(record("a").labelled(labels(9, "y")), Err(RecordError::ManyLabels));
    assert!(record("a").labelled(labels(8, "y")).is_ok());
    for bad in ["", "a\nb", &"y".repeat(1025)] {
        assert_eq!(record("a").labelled(labels(1, bad)), Err(RecordError::Label), "{bad:?}");
    }
}

/// 18.6
#[test]
fn more_than_any_check_may_have_are_counted_and_not_kept() {
    let all: NamedRecords = (0..50_000).map(|n| record(&n.to_string())).collect();
    assert_eq!((all.len(), all.fit(u32::MAX), all.fit(1_000)), (NamedRecords::MOST, false, false));
    let most: NamedRecords = (0..10_000).map(|n| record(&n.to_string())).collect();
    assert_eq!((most.fit(10_000), most.fit(9_999)), (true, false));
}

/// A second opinion, which counts through all results so far: it is keyed by the record, and knows no numbers.
#[derive(Default)]
struct Naive {
    /// For each result the keys that it named, since another thing was asserted.
    results: Vec<BTreeSet<String>>,
    open: BTreeSet<String>,
    is_first: bool,
}

impl Naive {
    fn result(&mut self, keys: &BTreeSet<String>, in_a_row: InARow) {
        self.results.push(keys.clone());
        let is_first = std::mem::take(&mut self.is_first);
        let last = |count: u32| self.results.iter().rev().take(count as usize);
        let all: BTreeSet<String> = self.results.iter().flatten().chain(&self.open).cloned().collect();
        for key in all {
            let is_named_in = |keys: &BTreeSet<String>| keys.contains(&key);
            let begins =
                self.results.len() >= in_a_row.to_begin as usize && last(in_a_row.to_begin).all(is_named_in);
            let ends = self.results.len() >= in_a_row.to_end as usize
                && !last(in_a_row.to_end).any(is_named_in)
                || is_first && !keys.contains(&key);
            if begins {
                self.open.insert(key.clone());
            } else if ends {
                self.open.remove(&key);
            }
        }
    }
}

/// What happens: a result that is carried out whole; one of which so many changes are, and then the server dies and the same is
/// reported again; or another thing is asserted.
#[derive(Clone, Debug)]
enum Happening {
    Result(BTreeSet<u8>),
    Killed(BTreeSet<u8>, usize),
    Otherwise,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let keys = || prop::collection::btree_set(0u8..6, 0..6);
    let one = prop_oneof![
        6 => keys().prop_map(Happening::Result),
        3 => (keys(), 0usize..6).prop_map(|(keys, after)| Happening::Killed(keys, after)),
        1 => Just(Happening::Otherwise),
    ];
    prop::collection::vec(one, 1..24)
}

proptest! {
    /// 18.3, 18.4, 18.7, 18.8: nothing begins or ends twice, and a death between any two changes is harmless.
    #[test]
    fn the_difference_is_what_counting_through_all_results_finds(
        happenings in happenings(),
        to_begin in 1u32..4,
        to_end in 1u32..4,
    ) {
        let in_a_row = InARow { to_begin, to_end };
        let (mut kept, mut naive) = (Kept::default(), Naive::default());
        for happening in happenings {
            let (keys, killed_after) = match happening {
                Happening::Result(keys) => (keys, None),
                Happening::Killed(keys, after) => (keys, Some(after)),
                Happening::Otherwise => {
                    kept.totals.is_asserted_otherwise = true;
                    naive = Naive { results: Vec::new(), is_first: true, ..naive };
                    continue;
                }
            };
            let names: BTreeSet<String> = keys.iter().map(u8::to_string).collect();
            let named: NamedRecords = names.iter().map(|key| record(key)).collect();
            let before = kept.open();
            let (mut said, results) = (Vec::new(), kept.totals.results);
            if let Some(after) = killed_after {
                said.extend(kept.carry_out(&named, in_a_row, after));
            }
            // Where so many were all, nobody died before it was stored.
            if kept.totals.results == results {
                said.extend(kept.carry_out(&named, in_a_row, usize::MAX));
            }
            naive.result(&names, in_a_row);
            prop_assert_eq!(kept.open(), naive.open.clone());
            let began = naive.open.difference(&before).map(|key| format!("+{key}"));
            let ended = before.difference(&naive.open).map(|key| format!("-{key}"));
            let mut expected: Vec<String> = began.chain(ended).collect();
            expected.sort();
            said.sort();
            prop_assert_eq!(said, expected);
        }
    }
}
