//! Checks that go bad and recover again and again, each time too soon to be told (12.5), counted on the rows alone.

use std::collections::BTreeMap;

use punctual::core::time::{Span, Time};

use crate::evidence::{Delivery, Evidence, Incident};
use crate::world::World;

const HOUR: Span = Span::mins(60);

/// Whoever was not told of three within an hour is told of that once, and again after an hour at the earliest.
pub(crate) fn hold(world: &World, evidence: &Evidence) {
    let mut of: BTreeMap<(u64, &str), Vec<&Delivery>> = BTreeMap::new();
    for row in &evidence.deliveries {
        of.entry((row.check, &row.receiver)).or_default().push(row);
    }
    for ((check, receiver), rows) in of {
        // Where the clock was set back, what came before what is not known from the rows.
        if world.server.two_clocks.knew_check(check) {
            continue;
        }
        let incidents = evidence.incidents[&check].iter();
        let is_too_short = |incident: &&Incident| {
            let is_its = |row: &&&Delivery| row.incident == incident.id;
            rows.iter().filter(is_its).any(|row| row.reason.as_deref() == Some("too_short"))
        };
        let too_short: Vec<&Incident> = incidents.filter(is_too_short).collect();
        let notices = rows.iter().filter(|row| row.kind == "flapping");
        // What comes after one that was dropped is counted anew, from a time that no row tells.
        let is_whole = notices.clone().all(|row| row.state != "cancelled");
        let compared = if is_whole { usize::MAX } else { 1 };
        let told = notices.filter_map(|row| row.flaps.map(|(times, since)| (row.incident, times, since)));
        assert_eq!(
            told.take(compared).collect::<Vec<_>>(),
            expected(&too_short).into_iter().take(compared).collect::<Vec<_>>(),
            "what flaps is not told as it should to {receiver}: {too_short:#?}"
        );
    }
}

/// The last incident of each notice, how many it is about, and when the first of these began.
fn expected(too_short: &[&Incident]) -> Vec<(u64, u32, Time)> {
    let end = |incident: &Incident| incident.ended_at.expect("it was too short");
    let mut notices = Vec::new();
    let mut told_at = None;
    let mut untold: Vec<&Incident> = Vec::new();
    let mut last = None;
    for incident in too_short.iter().copied() {
        let now = end(incident);
        if last.is_some_and(|last| now - last >= HOUR) {
            told_at = None;
            untold.clear();
        }
        last = Some(now);
        untold.push(incident);
        if told_at.is_none() {
            untold.retain(|earlier| now - end(earlier) < HOUR);
        }
        let is_time = told_at.map_or(untold.len() >= 3, |told_at| now - told_at >= HOUR);
        if is_time {
            notices.push((incident.id, untold.len() as u32, untold[0].opened_at));
            told_at = Some(now);
            untold.clear();
        }
    }
    notices
}

/// The incidents by whose standing a delivery may be dropped: its own; for a notice that a check flaps any of the check.
pub(crate) fn concerned<'a>(row: &'a Delivery, evidence: &'a Evidence) -> impl Iterator<Item = u64> + 'a {
    let of_check = evidence.incidents[&row.check].iter().map(|incident| incident.id);
    of_check.filter(|id| *id == row.incident || row.kind == "flapping")
}

/// Whether a later notice, of whichever incident, tells of all that this one would have told, and of more (12.5d). That one is
/// told, or has a reason of its own.
pub(crate) fn is_part_of_a_later(row: &Delivery, evidence: &Evidence) -> bool {
    let Some((times, since)) = row.flaps else { return false };
    let is_later =
        |other: &&Delivery| (other.check, &other.receiver) == (row.check, &row.receiver) && other.id > row.id;
    let mut later = evidence.deliveries.iter().filter(is_later).filter_map(|other| other.flaps);
    later.any(|(of_all, since_all)| of_all > times && since_all <= since)
}
