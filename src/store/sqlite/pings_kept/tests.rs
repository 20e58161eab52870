//! What pruning knows of pings, beside a plain list of them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::core::time::{Span, Time};

/// 15.2a
#[test]
fn many_are_looked_at_when_an_eighth_may_be_over() {
    let retention = Retention { keep_at_most: 10, ..Retention::default() };
    let mut pings = PingsKept::default();
    assert_eq!(pings.begin_old(&retention), 0);
    assert!(!pings.begin_young(10), "no check ever had more");
    assert!(pings.begin_young(11));
    pings.note_young(800_000);
    pings.end_young(0);
    assert!(!pings.begin_young(11));
    // A job in a loop, which had ten before.
    let mut came = 0;
    while !pings.begin_young(11 + came) {
        came += 1;
        pings.came(CheckId(1), 10 + came);
    }
    assert!((100_000..130_000).contains(&came), "{came}");
}

/// 15.2a
#[test]
fn old_ones_are_looked_at_again_when_checks_of_theirs_ping() {
    let retention = Retention::default();
    let mut pings = PingsKept::default();
    pings.begin_old(&retention);
    pings.note_old(500, 500, &[CheckId(1), CheckId(2)], 0);
    pings.came(CheckId(3), 1_000);
    assert_eq!(pings.begin_old(&retention), 500, "it has none of these");
    pings.came(CheckId(2), 7);
    assert_eq!(pings.begin_old(&retention), 0);
    pings.note_old(500, 2, &[CheckId(1)], 0);
    pings.forgot(CheckId(2), 7);
    assert_eq!(pings.begin_old(&retention), 500);
    pings.forgot(CheckId(1), 7);
    assert_eq!(pings.begin_old(&retention), 0);
    pings.note_old(500, 1, &[], 1);
    assert_eq!(pings.begin_old(&retention), 0, "the date of one is still to come");
    let other = Retention { keep_at_least: 7, ..retention };
    pings.note_old(500, 1, &[], 0);
    assert_eq!(pings.begin_old(&other), 0);
}

/// So few are looked at in a slice.
const LOOKED_AT: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Event {
    Ping(usize),
    /// The clock goes on, or is set back.
    Clock(i64),
    Forget(usize),
    /// The rows of states know of all pings.
    CatchUp,
    Slice,
    /// A slice fails, and a round begins anew.
    BreakOff,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (0..4_usize).prop_map(Event::Ping),
        4 => (0..5_i64).prop_map(Event::Clock),
        1 => (-20..20_i64).prop_map(Event::Clock),
        1 => (0..4_usize).prop_map(Event::Forget),
        2 => Just(Event::CatchUp),
        8 => Just(Event::Slice),
        1 => Just(Event::BreakOff),
    ]
}

#[derive(Debug, PartialEq)]
enum Round {
    Begin,
    Old,
    Young(i64),
}

#[derive(Clone)]
struct Row {
    check: u64,
    at: Time,
    ordinal: i64,
}

/// All rows, in a list, and how pruning goes through them.
struct Plain {
    pings: PingsKept,
    retention: Retention,
    rows: BTreeMap<i64, Row>,
    /// The checks of these places, and how many pings each ever had. A number is given once.
    checks: [u64; 4],
    had: BTreeMap<u64, i64>,
    most: i64,
    last: i64,
    caught_up_to: i64,
    now: Time,
    was_set_back: bool,
    round: Round,
    /// All that is old was looked at since the round began anew.
    is_done_with_old: bool,
}

impl Plain {
    fn new(is_forgotten_soon: bool) -> Plain {
        let archived = Span::secs(if is_forgotten_soon { 5 } else { 50 });
        let (keep_at_least, keep_at_most) = (2, 4);
        let max_age = Span::secs(10);
        Plain {
            pings: PingsKept::default(),
            retention: Retention { keep_at_least, keep_at_most, max_age, archived, ..Retention::default() },
            rows: BTreeMap::new(),
            checks: [0, 1, 2, 3],
            had: BTreeMap::new(),
            most: 0,
            last: 0,
            caught_up_to: 0,
            now: Time::from_secs(1000),
            was_set_back: false,
            round: Round::Begin,
            is_done_with_old: true,
        }
    }

    fn happens(&mut self, event: Event) {
        self.pings.begin_call();
        match event {
            Event::Ping(place) => {
                let check = self.checks[place];
                let had = self.had.entry(check).or_default();
                *had += 1;
                self.most = self.most.max(*had);
                self.last += 1;
                self.rows.insert(self.last, Row { check, at: self.now, ordinal: *had });
                self.pings.came(CheckId(check), *had);
            }
            Event::Clock(secs) => {
                self.was_set_back |= secs < 0;
                self.now = self.now + Span::secs(secs);
            }
            Event::Forget(place) => {
                let check = self.checks[place];
                // It was archived for long: none of its pings is younger.
                let is_young = |row: &Row| row.check == check && row.at > self.now - self.retention.archived;
                if !self.rows.values().any(is_young)
                    && let Some(had) = self.had.remove(&check)
                {
                    self.pings.forgot(CheckId(check), had);
                    self.checks[place] += 4;
                }
            }
            Event::CatchUp => self.caught_up_to = self.last,
            Event::Slice => self.slice(),
            Event::BreakOff => {
                let rows = self.rows.clone();
                self.slice();
                self.pings.undo();
                (self.rows, self.round) = (rows, Round::Begin);
            }
        }
    }

    fn is_beyond_most(&self, row: &Row) -> bool {
        let most = i64::from(self.retention.keep_at_most);
        self.had.get(&row.check).is_none_or(|had| had - row.ordinal >= most)
    }

    fn is_over(&self, row: &Row) -> bool {
        let least = i64::from(self.retention.keep_at_least);
        let is_too_old = row.at < self.now - self.retention.max_age;
        self.is_beyond_most(row) || is_too_old && self.had[&row.check] - row.ordinal >= least
    }

    /// The rows of a slice, and whether there is none after them.
    fn look(&self, after: i64, is_end: impl Fn(&Row) -> bool) -> (Vec<i64>, bool) {
        let shown = self.rows.range(after + 1..).take_while(|(number, _)| **number <= self.caught_up_to);
        let looked: Vec<i64> =
            shown.take_while(|(_, row)| !is_end(row)).map(|(number, _)| *number).take(LOOKED_AT).collect();
        let is_end = looked.len() < LOOKED_AT;
        (looked, is_end)
    }

    fn remove(&mut self, looked: &[i64]) -> Vec<i64> {
        let looked = looked.iter().copied();
        let (over, stay): (Vec<i64>, _) = looked.partition(|number| self.is_over(&self.rows[number]));
        self.rows.retain(|number, _| !over.contains(number));
        stay
    }

    fn slice(&mut self) {
        match self.round {
            Round::Begin => {
                self.pings.begin_old(&self.retention);
                self.round = Round::Old;
                self.old();
            }
            Round::Old => self.old(),
            Round::Young(after) => {
                let (looked, is_end) = self.look(after, |_| false);
                let stay = self.remove(&looked);
                self.pings.note_young(stay.len());
                self.round = Round::Young(looked.last().copied().unwrap_or(after));
                if is_end {
                    self.pings.end_young(self.last - self.caught_up_to);
                    self.round = Round::Begin;
                }
            }
        }
    }

    fn old(&mut self) {
        let after = self.pings.shares.looked_up_to;
        let young_from = self.now - self.retention.max_age;
        let (looked, is_end) = self.look(after, |row| row.at >= young_from && row.at <= self.now);
        let stay = self.remove(&looked);
        let checks: Vec<CheckId> = stay.iter().map(|number| CheckId(self.rows[number].check)).collect();
        let ahead = stay.iter().filter(|number| self.rows[*number].at > self.now).count();
        let last = looked.last().copied().unwrap_or(after);
        self.pings.note_old(last, looked.len(), &checks, ahead);
        self.is_done_with_old = is_end;
        if is_end {
            let is_young_next = self.pings.begin_young(self.most);
            self.round = if is_young_next { Round::Young(last) } else { Round::Begin };
        }
    }

    fn compare(&self) {
        let Shares { looked_up_to, old, young, are_young_known } = &self.pings.shares;
        let old_rows = self.rows.range(..=looked_up_to);
        assert_eq!(old.kept, count(old_rows.clone().count()), "old ones");
        let over = old_rows.filter(|(_, row)| self.is_over(row)).count();
        assert!(over == 0 || old.over > 0, "{over} old ones are over");
        if *are_young_known {
            let young_rows = self.rows.range(looked_up_to + 1..);
            assert_eq!(young.kept, count(young_rows.clone().count()), "young ones");
            // What is too old is found by a round; so is, once more, what a clock that was set back has made young again.
            let is_young = |row: &Row| row.at >= self.now - self.retention.max_age;
            let over = young_rows.filter(|(_, row)| is_young(row) && self.is_beyond_most(row)).count();
            let is_looked_for = self.is_done_with_old && !self.was_set_back;
            assert!(!is_looked_for || count(over) <= young.over, "{over} young ones are over");
        }
    }
}

proptest! {
    /// 15.2a
    #[test]
    fn what_is_known_is_what_a_list_of_all_rows_says(
        is_forgotten_soon in any::<bool>(),
        events in prop::collection::vec(event(), 0..200),
    ) {
        let mut plain = Plain::new(is_forgotten_soon);
        for event in events {
            plain.happens(event);
            plain.compare();
        }
    }
}
