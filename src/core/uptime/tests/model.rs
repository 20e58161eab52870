//! The same by a model that knows no intervals and no midnights: it looks at each minute, and at what its clocks show.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use proptest::prelude::*;

use super::super::*;
use crate::core::fixtures::definition;
use crate::core::zone::Zone;

const STATUSES: [Status; 8] = [
    Status::New,
    Status::Up,
    Status::Late,
    Status::Failing,
    Status::Unknown,
    Status::Paused,
    Status::Archived,
    Status::Up,
];

/// Zones, each with a day on which its clocks change, and the hours of that day.
const CHANGES: [(&str, &str, i64); 4] = [
    ("Europe/Berlin", "2026-03-29", 23),
    ("Europe/Berlin", "2026-10-25", 25),
    ("America/New_York", "2026-03-08", 23),
    ("America/New_York", "2026-11-01", 25),
];

/// A check over some weeks around a day.
#[derive(Debug)]
struct History {
    declared: Time,
    /// Oldest first.
    flips: Vec<UptimeFlip>,
    /// So many of the oldest are not kept.
    lost: usize,
}

impl History {
    fn of(noon: Time, declared: i64, flips: &[(i64, usize)], lost: usize) -> History {
        let declared = noon + Span::mins(declared);
        let mut changes: Vec<(i64, usize)> = flips.to_vec();
        changes.sort_unstable();
        let mut from = Status::New;
        let flip = |&(minutes, status): &(i64, usize)| {
            let to = STATUSES[status];
            let flip = UptimeFlip::new(noon + Span::mins(minutes), from, to, &[]);
            from = to;
            flip
        };
        let flips: Vec<UptimeFlip> = changes.iter().map(flip).filter(|flip| flip.at >= declared).collect();
        let lost = lost.min(flips.len());
        History { declared, flips, lost }
    }

    fn kept(&self) -> &[UptimeFlip] {
        &self.flips[self.lost..]
    }

    fn intervals(&self, whole: TimePart) -> Vec<UptimeInterval> {
        let newest_first: Vec<UptimeFlip> = self.kept().iter().rev().copied().collect();
        let state = State::declared(&definition().spec, self.declared);
        let all_kept = self.lost == 0;
        let beginning = all_kept.then(|| UptimeBeginning::of(&state, newest_first.last())).flatten();
        intervals(whole, &newest_first, beginning)
    }

    fn kind_at(&self, time: Time) -> UptimeKind {
        match self.kept().iter().rfind(|flip| flip.at <= time) {
            Some(flip) => match flip.change.unwrap().1 {
                Status::Up | Status::New | Status::Grace => UptimeKind::Good,
                Status::Archived => UptimeKind::Unseen,
                Status::Late => UptimeKind::Late,
                Status::Failing => UptimeKind::Failing,
                Status::Unknown => UptimeKind::Unknown,
                Status::Paused => UptimeKind::Paused,
            },
            None if self.lost == 0 && time >= self.declared => {
                match self.flips.first().map(|flip| flip.change.unwrap().0) {
                    None | Some(Status::New | Status::Up) => UptimeKind::Good,
                    Some(Status::Paused) => UptimeKind::Paused,
                    Some(_) => UptimeKind::Unseen,
                }
            }
            None => UptimeKind::Unseen,
        }
    }
}

/// The first day of the part in which the clocks show this time.
fn first_day(zone: Zone, time: Time, length: PartLength) -> NaiveDate {
    let mut day = zone.local(time).date_naive();
    let is_first = |day: NaiveDate| match length {
        PartLength::Day => true,
        PartLength::Week => day.weekday() == chrono::Weekday::Mon,
        PartLength::Month => day.day() == 1,
    };
    while !is_first(day) {
        day = day.pred_opt().unwrap();
    }
    day
}

fn noon(day: &str) -> Time {
    let day: NaiveDate = day.parse().unwrap();
    Time::from_secs(i64::from(day.to_epoch_days()) * 86_400 + 43_200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// 25.1, 25.2
    #[test]
    fn parts_are_what_each_minute_of_them_was(
        change in 0_usize..4,
        length in 0_usize..3,
        (from, lasts) in (-8_000_i64..1_000, 1_i64..9_000),
        declared in -9_000_i64..1_000,
        flips in prop::collection::vec((-9_000_i64..9_000, 0_usize..8), 0..30),
        lost in 0_usize..4,
    ) {
        let (zone, day, _) = CHANGES[change];
        let (zone, length, noon) = (Zone::bundled(zone).unwrap(), PartLength::ALL[length], noon(day));
        let history = History::of(noon, declared, &flips, lost);
        let from = noon + Span::mins(from);
        let whole = TimePart { from, to: from + Span::mins(lasts) };
        let mut model: BTreeMap<NaiveDate, BTreeMap<UptimeKind, i64>> = BTreeMap::new();
        for minute in 0..lasts {
            let time = from + Span::mins(minute);
            let part = model.entry(first_day(zone, time, length)).or_default();
            *part.entry(history.kind_at(time)).or_default() += 1;
        }
        let seen = UptimeSeen {
            intervals: history.intervals(whole),
            incidents: Vec::new(),
            incidents_since: Time::MIN,
        };
        let parts = parts(whole, length, zone).unwrap();
        prop_assert_eq!(parts.len(), model.len());
        for (part, (day, minutes)) in parts.iter().rev().zip(&model) {
            prop_assert_eq!(first_day(zone, part.from, length), *day);
            let tally = seen.over(*part).tally;
            for kind in UptimeKind::ALL {
                let expected = Span::mins(minutes.get(&kind).copied().unwrap_or(0));
                prop_assert_eq!(tally.span(kind), expected, "{:?} on {}", kind, day);
            }
            let judged = [UptimeKind::Good, UptimeKind::Late, UptimeKind::Failing];
            let judged: i64 = judged.iter().filter_map(|kind| minutes.get(kind)).sum();
            let good = minutes.get(&UptimeKind::Good).copied().unwrap_or(0);
            let up = (judged > 0).then(|| good as f64 / judged as f64);
            prop_assert_eq!(tally.up().map(|up| (up * 1e9).round()), up.map(|up| (up * 1e9).round()));
        }
    }

    /// 25.1
    #[test]
    fn the_seconds_of_a_day_add_up_to_its_length(
        change in 0_usize..4,
        declared in -9_000_i64..1_000,
        flips in prop::collection::vec((-3_000_i64..3_000, 0_usize..8), 0..30),
    ) {
        let (zone, day, hours) = CHANGES[change];
        let (zone, day_noon) = (Zone::bundled(zone).unwrap(), noon(day));
        let from = zone.start_of_day(day.parse().unwrap());
        let whole = TimePart { from: from - Span::mins(600), to: from + Span::mins(3_000) };
        let intervals = History::of(day_noon, declared, &flips, 0).intervals(whole);
        let seen = UptimeSeen { intervals, incidents: Vec::new(), incidents_since: Time::MIN };
        let parts = parts(whole, PartLength::Day, zone).unwrap();
        let part = parts.iter().find(|part| part.from == from).unwrap();
        let tally = seen.over(*part).tally;
        let sum = UptimeKind::ALL.iter().fold(Span::ZERO, |sum, kind| sum + tally.span(*kind));
        prop_assert_eq!(sum, Span::mins(hours * 60));
    }
}
