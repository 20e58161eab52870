//! Pings go by their age, and where their check has too many (15.2).
//!
//! They lie in the order in which they came: a round looks at those that grew old since the last one, and ends at the first
//! that is young. All others are looked at again when enough of them may be over.

use std::ops::ControlFlow;

use super::old_rows::{OldPing, OldRows};
use super::round::{REMOVED, Round};
use crate::core::check::CheckId;
use crate::core::retention::Retention;
use crate::core::time::Time;
use crate::store::StoreError;

/// Rows looked at in a slice.
const LOOKED_AT: usize = 4000;
/// A ping with a body costs as much as so many without.
const WITH_BODY: usize = 4;

/// What a slice looked at.
struct Looked {
    over: Vec<OldPing>,
    stay: Vec<OldPing>,
    /// The last of them.
    last: i64,
    /// There is none after it, or it is young.
    is_end: bool,
}

pub(super) fn prune_old_pings(
    rows: &mut dyn OldRows,
    after: i64,
    retention: &Retention,
    now: Time,
) -> Result<Round, StoreError> {
    let after = if after == 0 { rows.begin_old_pings(retention)? } else { after };
    let is_young = |ping: &OldPing| ping.at >= now - retention.max_age && ping.at <= now;
    let looked = look(&*rows, after, is_young, |count, ping| is_over(count, ping, retention, now))?;
    remove(rows, &looked.over)?;
    // A wrong date that a clock once had, in the future, is not taken for young: what came after it has its own age.
    let ahead = looked.stay.iter().filter(|ping| ping.at > now).count();
    let stay: Vec<CheckId> = looked.stay.iter().map(|ping| ping.check).collect();
    rows.note_old_pings(looked.last, looked.over.len() + stay.len(), &stay, ahead)?;
    Ok(if !looked.is_end {
        Round::Pings(looked.last)
    } else if rows.begin_young_pings()? {
        Round::YoungPings(looked.last)
    } else {
        Round::Bodies(CheckId(0))
    })
}

pub(super) fn prune_young_pings(
    rows: &mut dyn OldRows,
    after: i64,
    retention: &Retention,
    now: Time,
) -> Result<Round, StoreError> {
    let looked = look(&*rows, after, |_| false, |count, ping| is_over(count, ping, retention, now))?;
    remove(rows, &looked.over)?;
    rows.note_young_pings(looked.stay.len(), looked.is_end)?;
    Ok(if looked.is_end { Round::Bodies(CheckId(0)) } else { Round::YoungPings(looked.last) })
}

/// Looks at pings after this one until one of them is the `end`.
fn look(
    rows: &dyn OldRows,
    after: i64,
    end: impl Fn(&OldPing) -> bool,
    is_over: impl Fn(i64, &OldPing) -> bool,
) -> Result<Looked, StoreError> {
    let (mut over, mut stay, mut last, mut cost) = (Vec::new(), Vec::new(), after, 0);
    let mut is_end = false;
    rows.look_at_pings(after, LOOKED_AT, &mut |ping| {
        is_end = end(&ping);
        if is_end {
            return Ok(ControlFlow::Break(()));
        }
        last = ping.number;
        if rows.pings_of(ping.check)?.is_none_or(|count| is_over(count, &ping)) {
            cost += if ping.has_body { WITH_BODY } else { 1 };
            over.push(ping);
        } else {
            stay.push(ping);
        }
        Ok(if cost < REMOVED { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    is_end |= over.len() + stay.len() < LOOKED_AT && cost < REMOVED;
    Ok(Looked { over, stay, last, is_end })
}

/// Whether a ping of a check that ever had so many is to go: its place among them, and its age, are both what is asked.
/// Judgements and counts need none that is here: states and windows hold what they need (15.1).
fn is_over(count: i64, ping: &OldPing, retention: &Retention, now: Time) -> bool {
    let newer = count - ping.ordinal;
    let is_too_old = ping.at < now - retention.max_age && newer >= i64::from(retention.keep_at_least);
    newer >= i64::from(retention.keep_at_most) || is_too_old
}

fn remove(rows: &mut dyn OldRows, over: &[OldPing]) -> Result<(), StoreError> {
    for ping in over {
        rows.delete_ping(ping.number)?;
        if ping.has_body {
            rows.delete_body(ping.number)?;
        }
    }
    Ok(())
}
