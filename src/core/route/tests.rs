//! Who is told, and what is held back.

mod hold;
mod reopen;

use super::*;
use crate::core::fixtures::{causes, definition, incident};
use crate::core::incident::{Incident, IncidentStatus};
use crate::core::outbox::{DeliveryKind, NewDelivery};
use crate::core::time::{Span, Time};

/// 12.1: what is stored names actions by this number, so that it must never change.
#[test]
fn an_actions_id_is_a_hash_of_its_definition() {
    let action = |receiver: &str, after, repeat| Action::new(receiver.into(), after, repeat).id;
    let ids = [
        action("ops", Span::ZERO, None),
        action("ops", Span::ZERO, Some(Span::ZERO)),
        action("ops", Span::mins(15), None),
        action("dba", Span::ZERO, None),
    ];
    let distinct: std::collections::BTreeSet<ActionId> = ids.into_iter().collect();
    assert_eq!(distinct.len(), ids.len());
    assert_eq!(ids[0], ActionId(0x7940_f270_2784_3e64));
}

fn matchers(text: &str) -> Vec<Matcher> {
    Matcher::parse_list(text).unwrap()
}

fn matches(text: &str, why: &str, expected: bool) {
    let definition = definition();
    let causes = causes(why);
    let facts = Facts::of_check(&definition, causes.as_slice());
    assert_eq!(facts.matched_by(&matchers(text)), expected, "{text} on {why}");
}

/// 12.2: over labels, check, group, reason, status.
#[test]
fn matchers_see_the_check_and_one_cause_at_a_time() {
    matches(r#"team="dba", check=~".*backup.*", group="db""#, "missing", true);
    matches(r#"team="web""#, "missing", false);
    matches(r#"region="""#, "missing", true);
    matches(r#"reason="missing", status="late""#, "missing", true);
    matches(r#"reason="failed""#, "missing failed", true);
    matches(r#"reason!="missing""#, "missing", false);
    matches(r#"reason!="missing""#, "missing failed", true);
    // Not the reason of one cause with the status of another.
    matches(r#"reason="missing", status="failing""#, "missing failed", false);
    matches("", "missing", true);
    matches(r#"status="""#, "", true);
    matches(r#"status="late""#, "", false);
}

/// 9.6
#[test]
fn a_blind_cause_also_matches_as_what_it_would_have_been() {
    matches(r#"reason="blind", status="unknown""#, "blind(missing)", true);
    matches(r#"reason="missing", status="late""#, "blind(missing)", true);
    matches(r#"reason="blind", status="late""#, "blind(missing)", false);
    matches(r#"reason="overrun""#, "blind(missing)", false);
    matches(r#"status!="unknown""#, "blind(missing)", true);
}

/// A responder's actions: `ops`, `chat/900` (after), `chat/900/3600` (repeated).
fn responder(matchers: &str, actions: &str) -> Responder {
    let action = |text: &str| {
        let mut parts = text.split('/');
        let receiver = parts.next().unwrap().into();
        let mut secs = || parts.next().map(|part| Span::secs(part.parse().unwrap()));
        let after = secs().unwrap_or_default();
        Action::new(receiver, after, secs())
    };
    Responder {
        matchers: self::matchers(matchers),
        actions: actions.split_whitespace().map(action).collect(),
    }
}

fn policy(responders: &[(&str, &str)]) -> Policy {
    let responders = responders.iter().map(|(matchers, actions)| responder(matchers, actions)).collect();
    Policy { responders, default_receivers: vec!["mail".into()], ..Policy::default() }
}

/// An incident opens with the first causes and grows by each further list; every flip is a minute after the one before.
fn plans(responders: &[(&str, &str)], grows_by: &[&str], expected: &[&str]) {
    let policy = policy(responders);
    let definition = definition();
    let mut incident = incident();
    let mut told = Vec::new();
    for (minute, begun) in (0..).zip(grows_by) {
        let causes = causes(begun);
        let facts = Facts::of_check(&definition, causes.as_slice());
        let flip_at = Time::from_secs(60 * minute);
        let plan = plan(&policy, &facts, &incident, flip_at, flip_at + Span::secs(1));
        assert!(plan.deliveries.iter().all(|d| d.queued_at == flip_at + Span::secs(1)));
        assert!(plan.deliveries.iter().all(|d| d.incident == incident.id && d.kind == DeliveryKind::Alert));
        plan.note_in(&mut incident);
        let line = |d: &NewDelivery| {
            let responder = d.responder.map_or("default".to_owned(), |number| number.to_string());
            let repeat = d.repeat_interval.map_or(String::new(), |span| format!(" every {span}"));
            format!("{} {} by {responder}{repeat}", d.not_before.as_ms() / 1000, d.receiver)
        };
        told.push(plan.deliveries.iter().map(line).collect::<Vec<_>>().join(", "));
    }
    assert_eq!(told, expected, "{responders:?} on {grows_by:?}");
}

/// 12.1, 12.2
#[test]
fn all_responders_that_match_act() {
    plans(
        &[
            (r#"team="dba""#, "ops chat/900/14400"),
            (r#"team="web""#, "web"),
            (r#"check=~"night.*""#, "night"),
        ],
        &["missing"],
        &["0 ops by 1, 900 chat by 1 every 4h, 0 night by 3"],
    );
}

/// 12.2
#[test]
fn a_receiver_with_the_same_after_gets_one_message() {
    plans(&[("", "ops"), ("", "ops chat")], &["missing"], &["0 ops by 1, 0 chat by 2"]);
    plans(&[("", "ops ops/60")], &["missing"], &["0 ops by 1, 60 ops by 1"]);
    // Of two the one that repeats soonest, so that nobody waits for a reminder in vain.
    plans(&[("", "ops"), ("", "ops/0/60"), ("", "ops/0/90")], &["missing"], &["0 ops by 2 every 1m"]);
    // What was not chosen counts as planned.
    plans(&[("", "ops"), ("", "ops/0/60")], &["missing", "failed"], &["0 ops by 2 every 1m", ""]);
}

/// 12.2
#[test]
fn default_receivers_are_told_when_no_responder_matches() {
    plans(&[(r#"team="web""#, "web")], &["missing"], &["0 mail by default"]);
    plans(&[], &["missing"], &["0 mail by default"]);
    plans(&[("", "ops")], &["missing"], &["0 ops by 1"]);
    // A responder without actions matches: somebody wants silence.
    plans(&[("", "")], &["missing"], &[""]);
}

/// 11.1
#[test]
fn only_actions_that_newly_match_run_when_an_incident_grows() {
    plans(&[("", "ops")], &["missing", "failed"], &["0 ops by 1", ""]);
    plans(
        &[(r#"status="late""#, "ops"), (r#"status="failing""#, "ops chat chat/900")],
        &["missing", "failed", "overrun"],
        &["0 ops by 1", "60 chat by 2, 960 chat by 2", ""],
    );
    // Nobody else would say that it fails now.
    plans(&[(r#"status="late""#, "ops")], &["missing", "failed"], &["0 ops by 1", "60 mail by default"]);
}

/// 11.2
#[test]
fn what_begins_beside_an_acknowledgement_is_told_by_all_that_match_it_once() {
    let policy = policy(&[("", "ops"), (r#"status="late""#, "chat")]);
    let definition = definition();
    let mut incident = incident();
    let plan_for = |incident: &mut Incident, causes_now: &str| {
        let causes = causes(causes_now);
        let facts = Facts::of_check(&definition, causes.as_slice());
        let plan = plan(&policy, &facts, incident, Time::from_secs(9), Time::from_secs(9));
        plan.note_in(incident);
        plan.deliveries.iter().map(|told| told.receiver.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(plan_for(&mut incident, "missing"), ["ops", "chat"]);
    let take_on = |incident: &Incident, on: &str| {
        incident.acknowledge(causes(on).as_slice(), None, "ada", Time::from_secs(1)).unwrap().0
    };
    incident = take_on(&incident, "missing");
    assert_eq!(plan_for(&mut incident, "overrun"), [""; 0], "it is on record that it is late");
    assert_eq!(plan_for(&mut incident, "failed"), ["ops"]);
    assert_eq!(plan_for(&mut incident, "too_many"), [""; 0], "that is told already");
    assert_eq!(incident.actions.len(), 2);
    incident = take_on(&incident, "missing failed");
    assert_eq!(plan_for(&mut incident, "too_many"), [""; 0]);

    let mut failing = self::incident();
    assert_eq!(plan_for(&mut failing, "failed"), ["ops"]);
    failing = take_on(&failing, "failed");
    assert_eq!(plan_for(&mut failing, "missing"), ["chat"], "what fails is late some time after");
}

/// 9.6
#[test]
fn who_would_have_been_told_is_told_of_blindness() {
    plans(
        &[(r#"status="late""#, "ops"), (r#"status="unknown""#, "chat")],
        &["blind(missing)", "missing"],
        &["0 ops by 1, 0 chat by 2", ""],
    );
}

/// 11.2
#[test]
fn what_is_planned_for_a_family_that_nobody_took_on_is_marked() {
    let policy = policy(&[(r#"status="late""#, "ops"), (r#"status="failing""#, "chat"), ("", "log")]);
    let definition = definition();
    let (stood, _) =
        incident().acknowledge(causes("missing").as_slice(), None, "Ada", Time::from_secs(1)).unwrap();
    let causes = causes("overrun failed");
    let facts = Facts::of_check(&definition, causes.as_slice());
    let plan = plan(&policy, &facts, &stood, Time::from_secs(2), Time::from_secs(2));
    let marks: Vec<(usize, bool)> =
        plan.actions.iter().map(|planned| (planned.kinds.len(), planned.is_uncovered)).collect();
    assert_eq!(marks, [(1, false), (1, true), (2, true)]);
}
