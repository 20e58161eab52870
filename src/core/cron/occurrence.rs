//! Maps matching minutes of the calendar to real time, in a zone whose clocks change.
//!
//! cron(8): a job at a particular time that is skipped runs at the end of the skip, and one at a time that is repeated
//! runs once. A job with `*` as minute or hour runs whenever the clock shows a matching minute. "Clock changes of more
//! than 3 hours are considered to be corrections to the clock or timezone, and the new time is used immediately", so a
//! day that a country skipped moves no job.
//!
//! Times are in whole seconds since the epoch: `local` ones as the zone's clocks show them, the others real.

use super::calendar::Pattern;
use crate::core::zone::{Local, Zone};

/// A skip shorter than this moves jobs to its end.
const LONGEST_MOVE_SECS: i64 = 3 * 3600;

/// A change of a zone's clocks.
#[derive(Clone, Copy)]
struct Change {
    at: i64,
    /// Seconds by which the clocks are ahead of UTC.
    offset_before: i64,
    offset_after: i64,
}

/// How often the clocks show a local time.
enum Place {
    Once(i64),
    /// Never: the clocks jump over it.
    Gap(Change),
    /// Twice: the clocks are set back.
    Fold(Change),
}

impl Change {
    /// The local time that the clocks would show at the change: where a gap begins and a fold ends.
    fn local_before(self) -> i64 {
        self.at + self.offset_before
    }

    /// The local time to which the clocks are set: where a gap ends and a fold begins.
    fn local_after(self) -> i64 {
        self.at + self.offset_after
    }

    fn moves_jobs(self) -> bool {
        self.offset_after - self.offset_before < LONGEST_MOVE_SECS
    }
}

/// The first occurrence at or after `from`.
pub(super) fn first_from(pattern: &Pattern, zone: Zone, from: i64) -> Option<i64> {
    let local = from + zone.offset_at(from);
    if pattern.is_wildcard {
        first_real(pattern, zone, from, local)
    } else {
        first_daily(pattern, zone, from, local)
    }
}

/// The last occurrence at or before `until`.
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
        // `from` is the end of a gap, and the gap's jobs are moved to it.
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
        // In the second pass, everything in the first has already been.
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

/// The start of the first matching minute at or after this local second.
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
