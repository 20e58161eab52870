//! The rows of the first page: what needs somebody, what somebody is on or asked not to hear of, and the rest.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use super::filter::{BadOrder, Filter, Sorting};
use crate::app::view::{CheckView, Moment};
use crate::core::cause::Status;
use crate::core::incident::IncidentStatus;
use crate::core::notice::Severity;
use crate::core::results::LastResults;
use crate::core::route::HoldReason;
use crate::core::state::State;
use crate::core::step::View;
use crate::core::time::Time;
use crate::store::live::{Check, Live};

/// A check as it is shown.
pub(super) struct CheckRow {
    pub(super) check: Arc<Check>,
    pub(super) view: View,
    pub(super) held: Option<HoldReason>,
    /// What somebody said of its open incident.
    pub(super) answered: Option<IncidentStatus>,
    pub(super) last_seen: Option<Time>,
    pub(super) results: LastResults,
    sorting: Arc<Sorting>,
}

/// The parts of the list, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// It is bad, and nobody has said anything.
    NeedsSomebody,
    /// It is bad, and somebody is on it, or asked not to hear of it, or it waits for another.
    Aside,
    /// All others.
    Rest,
}

impl Part {
    pub(super) const ALL: [Part; 3] = [Part::NeedsSomebody, Part::Aside, Part::Rest];

    pub(super) fn title(self) -> &'static str {
        match self {
            Part::NeedsSomebody => "Needs somebody",
            Part::Aside => "Acknowledged, muted or waiting for another",
            Part::Rest => "The others",
        }
    }
}

impl CheckRow {
    /// What its section is called; empty: it is in none.
    pub(super) fn section(&self) -> &str {
        self.sorting.section(&self.check.definition)
    }

    pub(super) fn part(&self) -> Part {
        match self.view.status {
            Status::Failing | Status::Late | Status::Unknown => {
                let is_aside = self.answered.is_some() || self.held.is_some();
                if is_aside { Part::Aside } else { Part::NeedsSomebody }
            }
            Status::Grace | Status::New | Status::Up | Status::Paused | Status::Archived => Part::Rest,
        }
    }
}

fn since(view: &View) -> Option<Time> {
    view.causes.iter().map(|cause| cause.since).min()
}

impl Ord for CheckRow {
    /// In the order in which people should look at them: bad ones by their severity and since when; the others by section,
    /// then how they are.
    fn cmp(&self, other: &CheckRow) -> Ordering {
        let (one, two) = (&self.check.definition, &other.check.definition);
        let order = self.part().cmp(&other.part()).then_with(|| {
            if self.part() == Part::Rest {
                return self.section().cmp(other.section()).then(self.view.status.cmp(&other.view.status));
            }
            let weight = Severity::of(&one.labels).cmp(&Severity::of(&two.labels));
            let since = since(&self.view).cmp(&since(&other.view));
            match self.sorting.order {
                BadOrder::Severity => weight.then(since),
                BadOrder::Since => since.then(weight),
            }
        });
        order.then_with(|| one.name.cmp(&two.name))
    }
}

impl PartialOrd for CheckRow {
    fn partial_cmp(&self, other: &CheckRow) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for CheckRow {
    fn eq(&self, other: &CheckRow) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for CheckRow {}

/// What the first page shows. Of a million checks, only those of the page are kept.
#[derive(Default)]
pub(super) struct List {
    /// How many checks there are.
    pub(super) all: usize,
    /// How many there are of each status that the words find.
    pub(super) found: BTreeMap<Status, usize>,
    pub(super) wanted: Counts,
    /// How many of them need somebody, by their status, the worst first.
    pub(super) needing: BTreeMap<Status, usize>,
    /// The first ones of those that are wanted, in the order in which people should look at them.
    pub(super) rows: Vec<CheckRow>,
}

impl List {
    /// Looks at all checks. At most so many rows are kept.
    pub(super) fn of(filter: &Filter, moment: &Moment<'_>, live: &Live, limit: usize) -> List {
        let (answered, directory) = (live.answered(), live.directory());
        let mut list = List { all: directory.checks.len(), ..List::default() };
        let mut first: BinaryHeap<CheckRow> = BinaryHeap::new();
        for check in directory.checks.iter() {
            let CheckView { state, view, held } = moment.look(check);
            if !filter.finds(&check.definition, &view) {
                continue;
            }
            *list.found.entry(view.status).or_default() += 1;
            if filter.status.is_some_and(|status| status != view.status) {
                continue;
            }
            let held = held.or_else(|| moment.waits(check, &view, &answered));
            let answered = answered.get(&check.id).copied();
            let State { last_seen, results, .. } = state;
            let (check, sorting) = (check.clone(), filter.sorting.clone());
            let row = CheckRow { check, view, held, answered, last_seen, results, sorting };
            list.wanted.count(&row);
            if row.part() == Part::NeedsSomebody {
                *list.needing.entry(row.view.status).or_default() += 1;
            }
            if first.len() < limit {
                first.push(row);
            } else if first.peek().is_some_and(|last| row < *last) {
                first.pop();
                first.push(row);
            }
        }
        list.rows = first.into_sorted_vec();
        list
    }
}

/// Due, and nothing was ever heard of it: not as it should be yet.
fn is_unseen_in_grace(row: &CheckRow) -> bool {
    row.view.status == Status::Grace && row.last_seen.is_none()
}

/// What the rows come to.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) all: usize,
    pub(super) needs_somebody: usize,
    acknowledged: usize,
    wont_fix: usize,
    muted: usize,
    waiting: usize,
    never_seen: usize,
    paused: usize,
}

impl Counts {
    fn count(&mut self, row: &CheckRow) {
        let by_people = matches!(row.held, Some(HoldReason::Muted { .. } | HoldReason::Quiet { .. }));
        self.all += 1;
        match (row.part(), row.answered) {
            (Part::NeedsSomebody, _) => self.needs_somebody += 1,
            (Part::Aside, Some(IncidentStatus::Acknowledged)) => self.acknowledged += 1,
            (Part::Aside, Some(IncidentStatus::WontFix)) => self.wont_fix += 1,
            (Part::Aside, None) if by_people => self.muted += 1,
            (Part::Aside, None) => self.waiting += 1,
            (Part::Aside, Some(_)) => {}
            (Part::Rest, _) => {
                self.never_seen += usize::from(row.view.status == Status::New || is_unseen_in_grace(row));
                self.paused += usize::from(row.view.status == Status::Paused);
            }
        }
    }

    /// `2 checks need somebody, 1 is acknowledged`. What is good is only said where nothing is bad.
    pub(super) fn in_words(self, is_all: bool) -> String {
        let bad = [
            (self.needs_somebody, "needs somebody", "need somebody"),
            (self.acknowledged, "is acknowledged", "are acknowledged"),
            (self.wont_fix, "is marked wont-fix", "are marked wont-fix"),
            (self.muted, "is bad and muted", "are bad and muted"),
            (self.waiting, "is bad and waits for another", "are bad and wait for others"),
        ];
        let idle = [
            (self.never_seen, "has yet to report", "have yet to report"),
            (self.paused, "is paused", "are paused"),
        ];
        let is_bad = bad.iter().any(|(count, ..)| *count > 0);
        let good = self.all - self.never_seen - self.paused;
        let fine = (good, "is as it should be", "are as they should be");
        let words = match (self.all, is_bad) {
            (0, _) if is_all => return "Nothing is expected to happen".to_owned(),
            (0, _) => return "No check matches".to_owned(),
            (1, false) if good == 1 => "The check is as it should be".to_owned(),
            (all, false) if good == all => format!("All {all} checks are as they should be"),
            (_, false) => listed([fine].into_iter().chain(idle)),
            (_, true) => listed(bad.into_iter()),
        };
        if is_all { words } else { format!("{words}, of those shown") }
    }
}

/// `2 checks need somebody, 1 is acknowledged`.
fn listed(kinds: impl Iterator<Item = (usize, &'static str, &'static str)>) -> String {
    let mut words = String::new();
    for (count, of_one, of_more) in kinds.filter(|(count, ..)| *count > 0) {
        let said = if count == 1 { of_one } else { of_more };
        match (words.is_empty(), count) {
            (true, 1) => words = format!("1 check {said}"),
            (true, _) => words = format!("{count} checks {said}"),
            (false, _) => words.push_str(&format!(", {count} {said}")),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W3
    #[test]
    fn the_headline_counts_what_needs_somebody_and_calls_good_only_what_is() {
        let none = Counts { all: 4, ..Counts::default() };
        let check = |counts: Counts, expected: &str| assert_eq!(counts.in_words(true), expected);
        check(Counts { needs_somebody: 1, ..none }, "1 check needs somebody");
        check(
            Counts { needs_somebody: 2, acknowledged: 1, ..none },
            "2 checks need somebody, 1 is acknowledged",
        );
        check(
            Counts { acknowledged: 2, wont_fix: 2, ..none },
            "2 checks are acknowledged, 2 are marked wont-fix",
        );
        check(Counts { wont_fix: 1, paused: 1, ..none }, "1 check is marked wont-fix");
        check(
            Counts { muted: 3, waiting: 1, ..none },
            "3 checks are bad and muted, 1 is bad and waits for another",
        );
        check(none, "All 4 checks are as they should be");
        check(Counts { all: 1, ..none }, "The check is as it should be");
        check(Counts { all: 1, never_seen: 1, ..none }, "1 check has yet to report");
        check(
            Counts { never_seen: 2, paused: 1, ..none },
            "1 check is as it should be, 2 have yet to report, 1 is paused",
        );
        check(Counts { paused: 4, ..none }, "4 checks are paused");
        check(Counts::default(), "Nothing is expected to happen");
        assert_eq!(none.in_words(false), "All 4 checks are as they should be, of those shown");
        assert_eq!(Counts::default().in_words(false), "No check matches");
    }
}
