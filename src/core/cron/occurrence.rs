//! Matching minutes of the calendar laid on real time, in a zone whose clocks change.
//!
//! cron(8): a job at a particular time that falls into a skipped time runs at the skip's end, and one that
//! falls into a repeated time runs once; a job with `*` as minute or hour runs whenever the clock shows a
//! matching minute. "Clock changes of more than 3 hours are considered to be corrections to the clock or
//! timezone, and the new time is used immediately": a day that a country skipped moves no job.
//!
//! Times are whole seconds since the epoch: `local` ones as the zone's clocks show them, others real.

use super::calendar::Pattern;
use crate::core::zone::{Local, Zone};

/// A skip that is shorter than this moves jobs to its end.
const LONGEST_MOVE_SECS: i64 = 3 * 3600;

/// A time at which a zone's clocks are changed.
#[derive(Clone, Copy)]
struct Change {
    at: i64,
    /// Seconds that the clocks are ahead of UTC.
    offset_before: i64,
    offset_after: i64,
}

/// Where a local time lies.
enum Place {
    Once(i64),
    /// Skipped: the clocks jump over it.
    Gap(Change),
    /// Repeated: the clocks are set back and show it twice.
    Fold(Change),
}

impl Change {
    /// What the clocks would show at the change: where a gap begins and a fold ends.
    fn local_before(self) -> i64 {
        self.at + self.offset_before
    }

    /// What they are set to: where a gap ends and a fold begins.
    fn local_after(self) -> i64 {
        self.at + self.offset_after
    }

    fn moves_jobs(self) -> bool {
        self.offset_after - self.offset_before < LONGEST_MOVE_SECS
    }
}

/// The first occurrence that is not before `from`.
pub(super) fn first_from(pattern: &Pattern, zone: Zone, from: i64) -> Option<i64> {
    let local = from + zone.offset_at(from);
    if pattern.is_wildcard {
        first_real(pattern, zone, from, local)
    } else {
        first_daily(pattern, zone, from, local)
    }
}

/// The last occurrence that is not after `until`.
pub(super) fn last_until(pattern: &Pattern, zone: Zone, until: i64) -> Option<i64> {
    let local = until + zone.offset_at(until);
    if pattern.is_wildcard {
        last_real(pattern, zone, until, local)
    } else {
        last_daily(pattern, zone, local, until)
    }
}

fn first_real(pattern: &Pattern, zone: Zone, mut from: i64, mut local: i64) -> Option<i64> {
    if let Place::Fold(change) = place(zone, local)
        && from < change.at
    {
        match match_from(pattern, local) {
            Some(found) if found < change.local_before() => return Some(found - change.offset_before),
            _ => (from, local) = (change.at, change.local_after()),
        }
    }
    loop {
        let found = match_from(pattern, local)?;
        match place(zone, found) {
            Place::Once(at) => return Some(at),
            Place::Fold(change) if found - change.offset_before >= from => {
                return Some(found - change.offset_before);
            }
            Place::Fold(change) => return Some(found - change.offset_after),
            Place::Gap(change) => local = change.local_after(),
        }
    }
}

fn first_daily(pattern: &Pattern, zone: Zone, from: i64, mut local: i64) -> Option<i64> {
    if let Place::Gap(change) = place(zone, local - 1)
        && change.moves_jobs()
    {
        // `from` is the end of a gap, to which its jobs are moved.
        local = change.local_before();
    }
    loop {
        let found = match_from(pattern, local)?;
        match place(zone, found) {
            Place::Once(at) => return Some(at),
            Place::Fold(change) if found - change.offset_before >= from => {
                return Some(found - change.offset_before);
            }
            Place::Fold(change) => local = change.local_before(),
            Place::Gap(change) if change.moves_jobs() => return Some(change.at),
            Place::Gap(change) => local = change.local_after(),
        }
    }
}

fn last_real(pattern: &Pattern, zone: Zone, mut until: i64, mut local: i64) -> Option<i64> {
    if let Place::Fold(change) = place(zone, local)
        && until >= change.at
    {
        match match_until(pattern, local) {
            Some(found) if found >= change.local_after() => return Some(found - change.offset_after),
            _ => (until, local) = (change.at - 1, change.local_before() - 1),
        }
    }
    loop {
        let found = match_until(pattern, local)?;
        match place(zone, found) {
            Place::Once(at) => return Some(at),
            Place::Fold(change) if found - change.offset_after <= until => {
                return Some(found - change.offset_after);
            }
            Place::Fold(change) => return Some(found - change.offset_before),
            Place::Gap(change) => local = change.local_before() - 1,
        }
    }
}

fn last_daily(pattern: &Pattern, zone: Zone, mut local: i64, until: i64) -> Option<i64> {
    if let Place::Fold(change) = place(zone, local)
        && until >= change.at
    {
        // In the second pass all of the first has been.
        local = change.local_before() - 1;
    }
    loop {
        let found = match_until(pattern, local)?;
        match place(zone, found) {
            Place::Once(at) => return Some(at),
            Place::Fold(change) => return Some(found - change.offset_before),
            Place::Gap(change) if change.moves_jobs() => return Some(change.at),
            Place::Gap(change) => local = change.local_before() - 1,
        }
    }
}

/// The first matching minute's begin that is not before this local second.
fn match_from(pattern: &Pattern, local: i64) -> Option<i64> {
    pattern.first_from((local + 59).div_euclid(60)).map(|minute| minute * 60)
}

fn match_until(pattern: &Pattern, local: i64) -> Option<i64> {
    pattern.last_until(local.div_euclid(60)).map(|minute| minute * 60)
}

fn place(zone: Zone, local: i64) -> Place {
    match zone.place(local) {
        Local::Once(offset) => Place::Once(local - offset),
        Local::Gap(before, after) => Place::Gap(change_between(zone, local - after, local - before)),
        Local::Fold(before, after) => Place::Fold(change_between(zone, local - before, local - after)),
    }
}

/// The change of clocks after `before` and not after `after`.
fn change_between(zone: Zone, mut before: i64, mut after: i64) -> Change {
    let offset_before = zone.offset_at(before);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if zone.offset_at(middle) == offset_before { before = middle } else { after = middle }
    }
    Change { at: after, offset_before, offset_after: zone.offset_at(after) }
}
