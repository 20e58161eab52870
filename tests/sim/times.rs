//! When things are told: what must hold of every world, with the rule that it holds.

use std::collections::{BTreeMap, BTreeSet};

use punctual::core::blind::Window;
use punctual::core::check::CheckId;
use punctual::core::incident::IncidentId;
use punctual::core::outbox::DeliveryId;
use punctual::core::time::{Span, Time};

use crate::evidence::{Delivery, Evidence};
use crate::properties::bad_of;
use crate::world::World;

pub(crate) fn hold(world: &World, evidence: &Evidence) {
    pages_are_planned_for_their_time(world, evidence);
    nothing_leaves_before_its_time(world, evidence);
    what_is_still_bad_is_told_again(world, evidence);
    giving_up_takes_its_time(world, evidence);
    what_was_given_up_is_tried_again(world, evidence);
}

/// 12.1, 12.4: `after` counts from when a cause began, however late that was noticed; `repeat_interval` from the last page.
fn pages_are_planned_for_their_time(world: &World, evidence: &Evidence) {
    for row in evidence.deliveries.iter().filter(|row| !row.tells_of_the_end()) {
        let action = world.action(row.action).expect("a delivery of no action");
        if row.kind == "reminder" {
            let wait = row.not_before - row.queued_at;
            assert_eq!(Some(wait), action.repeat_interval, "reminds at another time: {row:?}");
            continue;
        }
        // Reopening plans from then on; after a clock was set back, its times are not those of the flips.
        if world.server.two_clocks.knew(row) || world.stood.contains_key(&IncidentId(row.incident)) {
            continue;
        }
        let began = row.not_before - action.after;
        let history = &world.server.judged[&CheckId(row.check)].history;
        assert!(
            history.iter().any(|(at, _)| *at == began),
            "nothing began {:?} before it: {row:?}",
            action.after
        );
    }
}

/// 12.1, 12.3: a page waits for its `after`, and what is gathered for its `group_wait`.
fn nothing_leaves_before_its_time(world: &World, evidence: &Evidence) {
    let of_two_clocks: BTreeSet<DeliveryId> = evidence
        .deliveries
        .iter()
        .filter(|row| world.server.two_clocks.knew(row))
        .map(|row| row.id)
        .collect();
    let ready_at: BTreeMap<DeliveryId, Time> =
        evidence.deliveries.iter().map(|row| (row.id, row.not_before.max(row.queued_at))).collect();
    for attempt in world.receivers.tries.iter().filter(|attempt| attempt.attempt == 1) {
        // Of reminders only the newest are kept.
        let is_gone = |member: &DeliveryId| !ready_at.contains_key(member);
        if attempt.members.iter().any(|member| of_two_clocks.contains(member) || is_gone(member)) {
            continue;
        }
        let ready = attempt.members.iter().map(|member| ready_at[member]);
        assert!(ready.clone().all(|at| at <= attempt.at), "{} leaves too early", attempt.key);
        // A receiver that comes back gathers as another one.
        if world.ever_gone.contains(&attempt.receiver) {
            continue;
        }
        let receiver = world.server.files.receiver(&attempt.receiver).expect("it is there");
        assert!(attempt.members.len() <= receiver.max_members, "{} names too many", attempt.key);
        let first = ready.min().expect("a message has members");
        let mut split = evidence.messages.iter().filter(|message| message.state == "split");
        // What it was split from has waited, or was full.
        if split.any(|whole| whole.members.contains(&attempt.members[0])) {
            continue;
        }
        let is_full = attempt.members.len() == receiver.max_members;
        let has_waited = first + receiver.group_wait <= attempt.at;
        assert!(is_full || has_waited, "{} does not wait for what leaves with it", attempt.key);
    }
}

/// 12.4: sent, and still bad, and nobody said anything: the next reminder is there.
fn what_is_still_bad_is_told_again(world: &World, evidence: &Evidence) {
    let bad_periods = bad_of(world, evidence);
    for incident in evidence.incidents.values().flatten() {
        if incident.ended_at.is_some() || world.stood.contains_key(&IncidentId(incident.id)) {
            continue;
        }
        // What was told of blindness is told anew for what it turned out to be, or was for nobody else (9.6).
        let known_at = bad_periods[&incident.id].after_blind.as_ref().map(|(at, _)| *at);
        let rows = || evidence.deliveries.iter().filter(|row| row.incident == incident.id);
        let repeats =
            |row: &&Delivery| world.action(row.action).is_some_and(|it| it.repeat_interval.is_some());
        let is_past = |row: &&Delivery| {
            known_at.is_some_and(|at| row.queued_at < at || world.server.two_clocks.knew(row))
        };
        for told in rows().filter(|row| row.state == "sent" && !is_past(row)).filter(repeats) {
            let waits = |row: &Delivery| {
                row.kind == "reminder"
                    && row.receiver == told.receiver
                    && row.state != "sent"
                    && row.state != "cancelled"
            };
            assert!(rows().any(waits), "no reminder follows {told:?}");
        }
    }
}

/// 12.4: nothing is given up before `give_up_after`.
fn giving_up_takes_its_time(world: &World, evidence: &Evidence) {
    // What is tried again has one attempt.
    let is_first = |row: &&Delivery| row.given_up.as_ref().is_some_and(|given_up| given_up.tries == 0);
    let gave_up = evidence.deliveries.iter().filter(|row| row.reason.as_deref() == Some("gave_up"));
    let gave_up = gave_up.filter(is_first);
    for row in
        gave_up.filter(|row| !world.server.two_clocks.knew(row) && !world.ever_gone.contains(&row.receiver))
    {
        let message = evidence.messages.iter().find(|message| Some(message.id) == row.message);
        let message = message.expect("what was given up was in a message");
        let (since, at) = (message.created_at, message.settled_at.expect("it was given up"));
        // Only while we were there, as far as that was known by then: a death shows how long we are away at the next start.
        let known = world.server.blind.absences.iter().filter(|window| window.to <= at);
        let took = (at - since) - length_after(known, since);
        let give_up_after = world.server.files.receiver(&row.receiver).expect("it is there").give_up_after;
        assert!(took >= give_up_after, "given up after {took:?}: {row:?}");
    }
}

/// The length of these windows after a time. They may overlap: what could not be committed at once is told again, longer.
fn length_after<'a>(windows: impl Iterator<Item = &'a Window>, time: Time) -> Span {
    let mut windows: Vec<&Window> = windows.collect();
    windows.sort_by_key(|window| window.from);
    let mut counted_to = time;
    windows.into_iter().fold(Span::ZERO, |sum, window| {
        let from = window.from.max(counted_to);
        counted_to = counted_to.max(window.to);
        sum + (window.to - from).max(Span::ZERO)
    })
}

/// 12.4: whoever takes what he gets has all that is still bad: what failed, once he has taken something or its hour is over,
/// what was refused, at its hour.
fn what_was_given_up_is_tried_again(world: &World, evidence: &Evidence) {
    let now = world.diary.now;
    let bad_periods = bad_of(world, evidence);
    let open: BTreeMap<u64, bool> = evidence
        .incidents
        .values()
        .flatten()
        .map(|incident| (incident.id, incident.ended_at.is_none() && incident.status == "open"))
        .collect();
    for row in evidence.deliveries.iter().filter(|row| row.state == "parked" && open[&row.incident]) {
        let given_up = row.given_up.as_ref().expect("it was given up");
        let judged = &world.server.judged[&CheckId(row.check)];
        let is_held = world.held(judged.definition.name.as_str(), now).is_some();
        let is_gone = world.server.files.receiver(&row.receiver).is_none();
        let is_superseded = bad_periods[&row.incident].after_blind.is_some();
        let others = evidence.deliveries.iter().filter(|other| {
            (other.incident, &other.receiver) == (row.incident, &row.receiver) && other.kind == "reminder"
        });
        let is_reminded = row.kind == "reminder" && others.into_iter().any(|other| other.state == "waiting");
        if is_held || is_gone || is_superseded || is_reminded || row.tells_of_the_end() {
            continue;
        }
        let taken = world.receivers.tries.iter().rev().find(|attempt| {
            attempt.receiver == row.receiver && attempt.taken && attempt.at >= world.diary.storm_ends
        });
        let is_refused = row.reason.as_deref() == Some("refused");
        let wait = Span::mins(if is_refused { 60 << given_up.tries.min(5) } else { 60 });
        let patience = Span::mins(2);
        let is_due = given_up.at + wait + patience < now;
        let may_follow = !is_refused
            && given_up.tries == 0
            && taken.is_some_and(|attempt| attempt.at >= given_up.at && attempt.at + patience < now);
        assert!(!is_due && !may_follow, "it was given up, is still bad, and is not tried again: {row:?}");
    }
}
