//! What must hold of every world, each property by itself, with the rule that it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::evidence::{Delivery, Evidence, Incident, Message};
use crate::flapping;
use crate::judged::Bad;
use crate::oracles;
use crate::receivers::Try;
use crate::reopening;
use crate::split;
use crate::tally::Tally;
use crate::times;
use crate::world::World;
use punctual::core::cause::CauseKind;
use punctual::core::check::CheckId;
use punctual::core::incident::IncidentId;
use punctual::core::outbox::{DeliveryId, MessageId};
use punctual::core::time::Span;

/// Every property over one world that has come to its end.
pub(crate) fn hold(world: &World, evidence: &Evidence) -> Tally {
    flips_are_those_of_the_model(world, evidence);
    flips_are_chained(evidence);
    incidents_are_the_bad_periods(world, evidence);
    every_match_is_planned(world, evidence);
    times::hold(world, evidence);
    flapping::hold(world, evidence);
    what_follows_blindness_is_told(world, evidence);
    nothing_is_planned_twice_at_a_time(world, evidence);
    keys_are_unique(evidence);
    a_retry_says_the_same(world, evidence);
    attempts_are_stored_before_they_are_made(world, evidence);
    what_is_sent_has_arrived(world, evidence);
    nobody_is_told_by_two_messages(world, evidence);
    split::hold(evidence);
    nothing_is_planned_twice(world, evidence);
    order_is_kept(world, evidence);
    the_recovery_follows_what_was_attempted(world, evidence);
    one_reminder_waits(evidence);
    nothing_waits_for_ever(world, evidence);
    everything_planned_is_told_or_exempt(world, evidence);
    let mut tally = reopening::hold(world, evidence);
    tally.count_world(world, evidence);
    tally.count_looks(&oracles::hold(world, evidence));
    tally
}

/// 1.3, 2.5, §3–§5, §9, §10: no flip is missed, doubled or misplaced, over all deaths, errors and jumps.
fn flips_are_those_of_the_model(world: &World, evidence: &Evidence) {
    for (id, judged) in &world.server.judged {
        let flips = evidence.flips.get(&id.0).into_iter().flatten();
        let stored = flips.map(|flip| {
            let causes = flip.causes.iter().map(|(kind, _, would_be)| (kind.clone(), would_be.clone()));
            (flip.at, causes.collect())
        });
        let expected = judged.history.iter().map(|(at, causes)| {
            let word = |kind: CauseKind| kind.as_str().to_owned();
            let causes = causes.iter().map(|(kind, _, would_be)| (word(*kind), would_be.map(word)));
            (at.as_ms(), causes.collect())
        });
        let (stored, expected) = (changes(stored), changes(expected));
        if stored != expected {
            let mut text = String::new();
            for place in 0..stored.len().max(expected.len()) {
                let (left, right) = (stored.get(place), expected.get(place));
                let sign = if left == right { ' ' } else { '!' };
                writeln!(text, "{sign} stored {left:?}\n{sign} model  {right:?}").unwrap();
            }
            panic!("flips of {} are not the model's:\n{text}", judged.definition.name);
        }
    }
}

/// A time, and the causes from then on, with what they would have been.
type Change = (i64, Vec<(String, Option<String>)>);

/// What changed, without pauses and the like: those of one time as one, and what came and went within it not at all.
fn changes(all: impl Iterator<Item = Change>) -> Vec<Change> {
    let mut kept: Vec<Change> = vec![(0, Vec::new())];
    for (at, mut causes) in all {
        causes.sort();
        // Before those of one time are joined: a clock that was set back may come to that time again, after a pause.
        if kept.last().is_some_and(|(_, last)| *last == causes) {
            continue;
        }
        kept.pop_if(|(last, _)| *last == at);
        // And after: what came and went within one time leaves nothing, whichever of the two knows of it.
        if kept.last().is_none_or(|(_, last)| *last != causes) {
            kept.push((at, causes));
        }
    }
    kept
}

/// 1.1, 6.3: where the clock comes to an older time again.
#[test]
fn what_came_and_went_within_one_time_leaves_no_trace() {
    let at =
        |at, bad: bool| -> Change { (at, bad.then(|| ("failed".to_owned(), None)).into_iter().collect()) };
    let (first, after) = ([at(712, true), at(715, false)], [at(715, true), at(717, false)]);
    let lived = |second: &[Change]| changes([&first[..], second, &after].concat().into_iter());
    assert_eq!(lived(&[at(708, true), at(708, false)]), lived(&[at(708, false)]));
}

/// 6.3
fn flips_are_chained(evidence: &Evidence) {
    for flips in evidence.flips.values() {
        for pair in flips.windows(2) {
            assert_eq!(pair[0].to, pair[1].from, "flips are not chained: {pair:?}");
            let same = pair[0].to == pair[1].to && pair[0].causes == pair[1].causes;
            assert!(!same, "a flip of nothing: {pair:?}");
        }
    }
}

/// 11.1: one incident for each bad period, opened and ended with it.
fn incidents_are_the_bad_periods(world: &World, evidence: &Evidence) {
    for (id, judged) in &world.server.judged {
        let stored = evidence.incidents.get(&id.0).map_or(&[][..], Vec::as_slice);
        let stored: Vec<_> = stored.iter().map(|incident| (incident.opened_at, incident.ended_at)).collect();
        // An incident ends no earlier than it began, whatever the clock said.
        let ended = |bad: &crate::judged::Bad| bad.ended_at.map(|at| at.max(bad.opened_at));
        let expected: Vec<_> = judged.bad.iter().map(|bad| (bad.opened_at, ended(bad))).collect();
        assert_eq!(
            stored,
            expected,
            "incidents of {} are not its bad periods: {:#?}",
            judged.definition.name,
            evidence.flips.get(&id.0)
        );
    }
}

/// 12.1, 12.2: one delivery for each action that matches, and none else.
fn every_match_is_planned(world: &World, evidence: &Evidence) {
    for (id, judged) in &world.server.judged {
        let incidents = evidence.incidents.get(&id.0).map_or(&[][..], Vec::as_slice);
        for (incident, bad) in incidents.iter().zip(&judged.bad) {
            let of = evidence.deliveries.iter().filter(|delivery| delivery.incident == incident.id);
            let planned: BTreeSet<u64> = of.map(|delivery| delivery.action).collect();
            let required: BTreeSet<u64> = bad.required.iter().map(|action| action.0).collect();
            let allowed: BTreeSet<u64> = bad.allowed.iter().map(|action| action.0).collect();
            // Of two actions with the same receiver and delay one is enough.
            let missing: Vec<u64> = required.difference(&planned).copied().collect();
            let told = |action: &u64| world.is_covered(*action, &planned);
            assert!(
                missing.iter().all(told),
                "{incident:?} of {}: not planned: {missing:?}",
                judged.definition.name
            );
            let extra: Vec<u64> = planned.difference(&allowed).copied().collect();
            assert!(
                extra.is_empty(),
                "{incident:?} of {}: nobody asked for {extra:?}",
                judged.definition.name
            );
        }
    }
}

/// The bad period of each incident, by its number.
pub(crate) fn bad_of<'a>(world: &'a World, evidence: &Evidence) -> BTreeMap<u64, &'a Bad> {
    let of = |(check, incidents): (&u64, &Vec<Incident>)| {
        let bad = &world.server.judged[&CheckId(*check)].bad;
        incidents.iter().map(|incident| incident.id).zip(bad).collect::<Vec<_>>()
    };
    evidence.incidents.iter().flat_map(of).collect()
}

/// 9.6: whoever is to hear of a cause does, also where that took the place of `blind`; and it counts from then on.
fn what_follows_blindness_is_told(world: &World, evidence: &Evidence) {
    let two_clocks = &world.server.two_clocks;
    let bad = bad_of(world, evidence);
    for (incident, bad) in bad.into_iter().filter(|(incident, _)| !two_clocks.knew_incident(*incident)) {
        let Some((at, actions)) = &bad.after_blind else { continue };
        // One that was due when it recovered may have become the message of both.
        let is_alert = |row: &&Delivery| matches!(row.kind.as_str(), "alert" | "episode");
        let rows = evidence.deliveries.iter().filter(|row| row.incident == incident);
        let rows: Vec<&Delivery> = rows.filter(is_alert).collect();
        for action in actions {
            let after = world.action(action.0).expect("some files asked for it").after;
            let then =
                rows.iter().filter(|row| row.not_before == *at + after).map(|row| row.action).collect();
            assert!(
                world.is_covered(action.0, &then),
                "known at {at}, and {action:?} is not planned: {rows:?}"
            );
        }
    }
}

/// 12.1: one delivery for each action, at whatever time it is planned.
fn nothing_is_planned_twice_at_a_time(world: &World, evidence: &Evidence) {
    // 9.6: what follows `blind` is planned anew. That may be of the same moment: where a change of the spec, which is judged at
    // once, finds that we cannot tell, and a ping comes with it; and where a clock that was set back comes there again.
    let bad = bad_of(world, evidence);
    let is_told_anew = |row: &Delivery| bad.get(&row.incident).is_some_and(|bad| bad.after_blind.is_some());
    let is_superseded = |row: &Delivery| row.reason.as_deref() == Some("superseded");
    let may_repeat = |row: &Delivery| is_superseded(row) || world.server.two_clocks.knew(row);
    let is_once = |row: &&Delivery| !is_told_anew(row) || !may_repeat(row);
    let mut planned = BTreeSet::new();
    for row in evidence.deliveries.iter().filter(|row| row.kind == "alert").filter(is_once) {
        let it = (row.incident, &row.receiver, row.action, row.not_before, row.queued_at);
        assert!(planned.insert(it), "planned twice: {row:?}");
    }
}

/// 12.3: Idempotency-Key and Message-ID.
fn keys_are_unique(evidence: &Evidence) {
    let keys: BTreeSet<&str> = evidence.messages.iter().map(|message| message.key.as_str()).collect();
    assert_eq!(keys.len(), evidence.messages.len(), "two messages have one key");
}

/// 12.3: the same members, in the same order, under the same key.
fn a_retry_says_the_same(world: &World, evidence: &Evidence) {
    let mut first: BTreeMap<&str, &Try> = BTreeMap::new();
    for attempt in &world.receivers.tries {
        let known = first.entry(&attempt.key).or_insert(attempt);
        assert_eq!(known.message, attempt.message, "one key for two messages");
        assert_eq!(known.members, attempt.members, "a retry has other members");
        assert_eq!(known.told, attempt.told, "a retry says something else");
        assert_eq!(known.receiver, attempt.receiver, "a retry goes elsewhere");
    }
    for message in &evidence.messages {
        if let Some(known) = first.get(message.key.as_str()) {
            assert_eq!((&known.members, &known.receiver), (&message.members, &message.receiver));
        }
    }
}

/// 12.3: what reached a receiver is known to the database, with at least as many attempts.
fn attempts_are_stored_before_they_are_made(world: &World, evidence: &Evidence) {
    let mut last: BTreeMap<MessageId, u32> = BTreeMap::new();
    for attempt in &world.receivers.tries {
        let before = last.insert(attempt.message, attempt.attempt).unwrap_or(0);
        assert!(attempt.attempt > before, "attempt {} of {} was made twice", attempt.attempt, attempt.key);
        let stored = evidence.messages.iter().find(|message| message.id == attempt.message);
        let stored = stored.expect("a message that reached a receiver is not in the database");
        assert_eq!(stored.key, attempt.key, "a message that reached a receiver has another key");
        assert!(
            stored.attempts >= attempt.attempt,
            "an attempt was made that is not stored: {}",
            attempt.key
        );
    }
}

/// 12.7: at least once. What counts as sent has been in its receiver's hands.
fn what_is_sent_has_arrived(world: &World, evidence: &Evidence) {
    let taken: BTreeSet<MessageId> =
        world.receivers.tries.iter().filter(|attempt| attempt.taken).map(|attempt| attempt.message).collect();
    for message in evidence.messages.iter().filter(|message| message.state == "sent") {
        assert!(taken.contains(&message.id), "{} counts as sent, and nobody has it", message.key);
    }
    for delivery in evidence.deliveries.iter().filter(|delivery| delivery.state == "sent") {
        assert!(delivery.message.is_some_and(|id| taken.contains(&id)), "{delivery:?} counts as sent");
    }
}

/// 12.3, 12.4: a delivery is a member of one open message at a time, and of at most one that was taken.
fn nobody_is_told_by_two_messages(world: &World, evidence: &Evidence) {
    let mut last: BTreeMap<DeliveryId, MessageId> = BTreeMap::new();
    for (place, attempt) in world.receivers.tries.iter().enumerate() {
        for member in &attempt.members {
            let before = last.insert(*member, attempt.message).filter(|before| *before != attempt.message);
            let Some(before) = before else { continue };
            let message = evidence.messages.iter().find(|message| message.id == before);
            let message = message.expect("what was handed over is stored");
            // That it was refused may not have been heard of, before a death; and what a receiver that is gone was sent is
            // closed by a claim. Then the database alone knows.
            let was_settled =
                || world.server.era > 0 || message.settled_at.is_some_and(|at| at <= attempt.at);
            let is_given_up =
                || matches!(message.state.as_str(), "split" | "parked" | "refused") && was_settled();
            let is_closed = world.closed.get(&before).is_some_and(|at| *at <= place) || is_given_up();
            assert!(
                is_closed && message.state != "sent",
                "{} tells again of {member:?}: {before:?}",
                attempt.key
            );
        }
    }
    let mut taken = BTreeSet::new();
    for message in evidence.messages.iter().filter(|message| message.state == "sent") {
        let again = message.members.iter().find(|member| !taken.insert(**member));
        assert_eq!(again, None, "{} was taken, and so was another one that tells of it", message.key);
    }
}

/// 12.1: one alert for each action of an incident, again only after it was reopened or was unknown at first (9.6), or for what
/// began beside an acknowledgement (11.2).
fn nothing_is_planned_twice(world: &World, evidence: &Evidence) {
    let mut planned: BTreeMap<(u64, u64), usize> = BTreeMap::new();
    for row in evidence.deliveries.iter().filter(|row| row.kind == "alert") {
        *planned.entry((row.incident, row.action)).or_default() += 1;
    }
    let blind: BTreeSet<u64> = evidence
        .flips
        .iter()
        .flat_map(|(check, flips)| {
            let is_blind =
                |flip: &&crate::evidence::Flip| flip.causes.iter().any(|(kind, _, _)| kind == "blind");
            flips.iter().filter(is_blind).map(|_| *check)
        })
        .collect();
    let bad = bad_of(world, evidence);
    for (check, incidents) in &evidence.incidents {
        for incident in incidents {
            let stances = world.stood.get(&IncidentId(incident.id)).copied().unwrap_or(0);
            let bad = bad.get(&incident.id);
            let beside = bad.map_or(0, |bad| bad.beside_since.len());
            let is_told_anew = blind.contains(check) || bad.is_some_and(|bad| bad.after_blind.is_some());
            let most = 1 + stances + beside + usize::from(is_told_anew);
            let of = planned.range((incident.id, 0)..=(incident.id, u64::MAX));
            let doubled = of.clone().find(|(_, count)| **count > most);
            assert_eq!(doubled, None, "an action of {incident:?} is planned too often");
        }
    }
}

/// 12.5: first in, first out for each check and receiver.
fn order_is_kept(world: &World, evidence: &Evidence) {
    let delivery: BTreeMap<DeliveryId, &Delivery> =
        evidence.deliveries.iter().map(|delivery| (delivery.id, delivery)).collect();
    // By check and receiver: the last message that was handed over, and what of it was told last.
    let mut last: BTreeMap<(u64, &str), (MessageId, &Delivery)> = BTreeMap::new();
    for (place, attempt) in world.receivers.tries.iter().enumerate() {
        assert!(attempt.members.is_sorted(), "{} tells the newest first", attempt.key);
        for member in &attempt.members {
            // Of reminders only the newest are kept.
            let Some(member) = delivery.get(member).copied() else { continue };
            let lane = (member.check, attempt.receiver.as_str());
            if let Some((message, before)) =
                last.get(&lane).filter(|(message, _)| *message != attempt.message)
            {
                let closed = world.closed.get(message).is_some_and(|at| *at <= place);
                let is_given_up = |other: &&Message| matches!(other.state.as_str(), "parked" | "refused");
                let parked = evidence.messages.iter().filter(is_given_up).any(|other| other.id == *message);
                assert!(
                    closed || parked,
                    "{} overtakes an open message to {}",
                    attempt.key,
                    attempt.receiver
                );
                // A part of a message that was split tells once more what the whole one told.
                let whole = evidence.messages.iter().find(|other| other.id == *message);
                if whole.is_some_and(|whole| whole.state == "split" && whole.members.contains(&member.id)) {
                    last.insert(lane, (attempt.message, member));
                    continue;
                }
                assert!(
                    before.incident <= member.incident,
                    "an older incident is told after a newer one: {member:?}"
                );
                let ends = before.incident == member.incident && before.tells_of_the_end();
                assert!(!ends, "something follows the recovery: {member:?}");
            }
            last.insert(lane, (attempt.message, member));
        }
    }
}

/// 12.6, 8.4: a recovery for every receiver with an attempted message that wants it, and for no other.
fn the_recovery_follows_what_was_attempted(world: &World, evidence: &Evidence) {
    let mut of: BTreeMap<(u64, &str), Vec<&Delivery>> = BTreeMap::new();
    for delivery in &evidence.deliveries {
        of.entry((delivery.incident, delivery.receiver.as_str())).or_default().push(delivery);
    }
    let ended: BTreeMap<u64, &Incident> = evidence
        .incidents
        .values()
        .flatten()
        .filter(|incident| incident.ended_at.is_some())
        .map(|incident| (incident.id, incident))
        .collect();
    for ((incident, receiver), rows) in of {
        let recoveries = rows.iter().filter(|row| row.kind == "recovery").count();
        let Some(incident) = ended.get(&incident) else {
            assert_eq!(recoveries, 0, "a recovery of what is still bad: {rows:?}");
            continue;
        };
        // Whoever was taken out of the files hears nothing; these are counted among the exempt.
        if world.ever_gone.contains(receiver) {
            continue;
        }
        let attempted = rows.iter().any(|row| !row.tells_of_the_end() && row.is_attempted());
        let episode = rows.iter().any(|row| row.kind == "episode");
        let wants = world.server.files.receiver(receiver).is_some_and(|receiver| receiver.send_resolved);
        assert_eq!(
            recoveries,
            usize::from(attempted && wants && !episode),
            "{incident:?} for {receiver}: {rows:?}"
        );
    }
}

/// 12.4
fn one_reminder_waits(evidence: &Evidence) {
    let mut waiting = BTreeSet::new();
    for row in evidence.deliveries.iter().filter(|row| row.kind == "reminder" && row.state == "waiting") {
        assert!(waiting.insert((row.incident, &row.receiver)), "two reminders wait: {row:?}");
    }
}

/// After the storm every receiver takes what it gets: what still waits is not yet due, or held by a rule of §8.
fn nothing_waits_for_ever(world: &World, evidence: &Evidence) {
    let now = world.diary.now;
    for row in &evidence.deliveries {
        let judged = &world.server.judged[&CheckId(row.check)];
        match row.state.as_str() {
            "in_message" => panic!("still in a message: {row:?}"),
            "waiting" => {
                let due = row.not_before.max(row.queued_at) + Span::secs(30);
                // What was held until this very moment leaves after it.
                let held = |at| world.held(judged.definition.name.as_str(), at).is_some();
                let is_held = held(now) || held(now - Span::secs(1));
                assert!(due >= now || is_held, "it waits, and nothing holds it at {now}: {row:?}");
            }
            _ => {}
        }
    }
}

/// 12.5: every delivery is told, or has a reason not to be, which is looked at here.
fn everything_planned_is_told_or_exempt(world: &World, evidence: &Evidence) {
    let bad_periods = bad_of(world, evidence);
    let incidents: BTreeMap<u64, &Incident> =
        evidence.incidents.values().flatten().map(|incident| (incident.id, incident)).collect();
    for row in &evidence.deliveries {
        let incident = incidents[&row.incident];
        let reason = row.reason.as_deref().unwrap_or("");
        if row.state == "sent" {
            continue;
        }
        let others = evidence.deliveries.iter().filter(|other| {
            (other.incident, &other.receiver) == (row.incident, &row.receiver) && other.id != row.id
        });
        let told_otherwise = others.into_iter().any(|other| other.is_attempted() || other.tells_of_the_end());
        let stood = flapping::concerned(row, evidence).any(|id| world.stood.contains_key(&IncidentId(id)));
        let bad = bad_periods[&row.incident];
        let ended_at = incident.ended_at;
        let is_so = match (row.state.as_str(), reason) {
            ("waiting", _) => true,
            ("cancelled", "recovered_before_due") => ended_at.is_some_and(|at| at <= row.not_before),
            // What flaps is held, and dropped, at whatever time it would leave (12.5).
            ("cancelled", "recovered_while_held") if row.kind == "flapping" => ended_at.is_some(),
            // Nobody saw it while it was bad: that was noticed when it was over.
            ("cancelled", "recovered_while_held") if ended_at.is_some_and(|at| at <= row.queued_at) => true,
            ("cancelled", "recovered_while_held") => ended_at.is_some_and(|at| world.was_held(row.check, at)),
            ("cancelled", "too_short") => ended_at.is_some_and(|at| at - row.not_before < Span::secs(5)),
            ("cancelled", "merged") if row.kind == "flapping" => flapping::is_part_of_a_later(row, evidence),
            ("cancelled", "merged") => told_otherwise,
            ("cancelled", "reminded_sooner") => row.kind == "reminder",
            ("cancelled", "acknowledged" | "wont_fix") => stood,
            ("cancelled", "superseded") => bad.after_blind.is_some(),
            ("cancelled", "removed") if row.kind == "flapping" => {
                world.server.judged[&CheckId(row.check)].was_archived
            }
            ("cancelled", "removed") => incident.status == "removed",
            ("parked", "receiver_gone") => world.ever_gone.contains(&row.receiver),
            ("parked", "refused" | "gave_up") => row.is_attempted(),
            _ => false,
        };
        // Where the clock was set back, times of the row and of the incident are not of one clock.
        let is_of_two_clocks = world.server.two_clocks.knew(row)
            && matches!(reason, "recovered_before_due" | "too_short" | "recovered_while_held");
        assert!(is_so || is_of_two_clocks, "not told, without a reason that holds: {row:?} of {incident:?}");
    }
}
