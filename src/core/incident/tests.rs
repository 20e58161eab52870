//! What flips and people make of an incident.

use std::fmt::Write as _;

use super::*;
use crate::core::fixtures::{at, cause, causes, incident};

/// `10 missing failed`: at 10 these are the causes; `archived` and `paused` are statuses.
fn flip(line: &str, before: &crate::core::cause::Causes) -> Flip {
    let (time, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let (to, reason) = match rest {
        "archived" => (Status::Archived, FlipReason::Archived),
        _ if rest.contains("paused") => (Status::Paused, FlipReason::Paused),
        "" => (Status::Up, FlipReason::Pinged),
        _ => (Status::Late, FlipReason::Judged),
    };
    let after = causes(&rest.replace("archived", "").replace("paused", ""));
    let begun = after.iter().filter(|cause| !before.has(cause.kind)).copied().collect();
    let ended = before.iter().filter(|cause| !after.has(cause.kind)).map(|cause| cause.kind).collect();
    Flip { at: at(time.parse().unwrap()), from: Status::Up, to, begun, ended, causes: after, reason }
}

/// Flips, parted by `;`, and what they make of the check's incidents: one line for each that changes something.
fn check(flips: &str, expected: &str) {
    let mut open: Option<Incident> = None;
    let mut before = causes("");
    let mut next_id = IncidentId(1);
    let mut told = String::new();
    for line in flips.split(';') {
        let flip = flip(line, &before);
        before = flip.causes.clone();
        let Some(change) = on_flip(open.as_ref(), &flip, CheckId(1), next_id) else { continue };
        let turn = match &change.turn {
            Turn::Opened(begun) => format!("opened {}", kinds(begun)),
            Turn::Grew(begun) => format!("grew {}", kinds(begun)),
            Turn::AfterBlind { begun, .. } => format!("after blind {}", kinds(begun)),
            Turn::Eased => "eased".to_owned(),
            Turn::Ended => change.incident.status.as_str().to_owned(),
        };
        writeln!(told, "{} {turn}", change.incident.id.0).unwrap();
        assert!(change.steps.iter().all(|step| step.at == flip.at));
        assert_eq!(change.incident.ended_at.is_some(), change.turn == Turn::Ended);
        next_id = IncidentId(change.incident.id.0 + 1);
        open = (change.turn != Turn::Ended).then_some(change.incident);
    }
    let expected: String = expected.split(';').map(|line| format!("{}\n", line.trim())).collect();
    assert_eq!(told, expected, "of {flips}");
}

fn kinds(causes: &[Cause]) -> String {
    causes.iter().map(|cause| cause.kind.as_str()).collect::<Vec<_>>().join(" ")
}

/// 11.1
#[test]
fn the_first_cause_opens_and_the_last_one_ends_an_incident() {
    check("10 missing; 20", "1 opened missing; 1 resolved");
    check(
        "10 missing; 20 missing failed; 30 failed; 40",
        "1 opened missing; 1 grew failed; 1 eased; 1 resolved",
    );
    check("10 too_few; 20 missing; 30", "1 opened too_few; 1 grew missing; 1 resolved");
    check("10 missing failed; 20", "1 opened missing failed; 1 resolved");
}

/// 11.1
#[test]
fn a_recurrence_is_a_new_incident() {
    check("10 missing; 20; 30 missing; 40", "1 opened missing; 1 resolved; 2 opened missing; 2 resolved");
}

/// 10.3, 11.1
#[test]
fn archiving_removes_the_incident() {
    check("10 missing; 20 archived", "1 opened missing; 1 removed");
}

/// 7.3: causes survive a pause, and so does the incident.
#[test]
fn a_pause_neither_ends_nor_opens_an_incident() {
    check("10 missing; 20 paused missing; 30 missing; 40", "1 opened missing; 1 resolved");
    check("10 missing; 20 paused missing; 30 paused", "1 opened missing; 1 resolved");
}

/// 11.1: also while it is paused; what is told of it is held (7.3).
#[test]
fn a_cause_that_begins_in_a_pause_opens_an_incident() {
    check("10 paused; 20 paused failed; 30", "1 opened failed; 1 resolved");
}

/// 11.3
#[test]
fn every_step_is_on_record_with_what_when_and_who() {
    let step = |secs, what, by: &str| IncidentStep::new(what, by, at(secs));
    let opening = flip("10 missing", &causes(""));
    let opened = on_flip(None, &opening, CheckId(1), IncidentId(1)).unwrap();
    assert_eq!(opened.steps, [step(10, StepKind::Began(CauseKind::Missing), "punctual")]);

    let growing = flip("20 failed", &causes("missing"));
    let grown = on_flip(Some(&opened.incident), &growing, CheckId(1), IncidentId(2)).unwrap();
    let expected = [StepKind::Eased(CauseKind::Missing), StepKind::Began(CauseKind::Failed)];
    assert_eq!(grown.steps, expected.map(|what| step(20, what, "punctual")));
    assert_eq!(grown.incident.kinds, [CauseKind::Missing, CauseKind::Failed]);
    assert_eq!(grown.incident.first, cause("missing"));

    let (acknowledged, said) =
        grown.incident.acknowledge(causes("failed").as_slice(), None, "Ada", at(25)).unwrap();
    assert_eq!(said, step(25, StepKind::Acknowledged(None), "Ada"));

    let ending = flip("30", &causes("failed"));
    let ended = on_flip(Some(&acknowledged), &ending, CheckId(1), IncidentId(2)).unwrap();
    let expected = [StepKind::Eased(CauseKind::Failed), StepKind::Resolved];
    assert_eq!(ended.steps, expected.map(|what| step(30, what, "a ping")));
    assert_eq!(ended.incident.ended_at, Some(at(30)));

    let removing = flip("30 archived", &causes("failed"));
    let removed = on_flip(Some(&acknowledged), &removing, CheckId(1), IncidentId(2)).unwrap();
    assert_eq!(removed.steps, [step(30, StepKind::Removed, "the configuration")]);
}

/// 11.2: where people may bring an incident, and from where.
#[test]
fn people_acknowledge_and_reopen_what_has_not_ended() {
    use IncidentStatus::{Acknowledged, Open, Removed, Resolved, WontFix};
    type Say = fn(&Incident, &str, Time) -> Option<(Incident, IncidentStep)>;
    let check = |say: Say, to: IncidentStatus, allowed: &[IncidentStatus]| {
        for from in [Open, Acknowledged, WontFix, Resolved, Removed] {
            let ended_at = from.is_ended().then_some(at(5));
            let before = Incident {
                status: from,
                ended_at,
                actions: vec![planned(1, &[CauseKind::Missing])],
                covered: if from == Acknowledged { vec![Family::Late] } else { Vec::new() },
                ..incident()
            };
            let after = say(&before, "Ada", at(9)).map(|(after, _)| after.status);
            assert_eq!(after, allowed.contains(&from).then_some(to), "from {from:?} to {to:?}");
        }
    };
    let acknowledge: Say = |incident, by, now| incident.acknowledge(&[cause("missing")], None, by, now);
    check(acknowledge, Acknowledged, &[Open, WontFix]);
    check(Incident::wont_fix, WontFix, &[Open, Acknowledged]);
    check(Incident::reopen, Open, &[Acknowledged, WontFix]);
}

/// 11.2: what was cancelled is planned anew.
#[test]
fn a_reopened_incident_has_no_planned_actions() {
    let told = Incident { actions: vec![planned(1, &[CauseKind::Missing])], ..incident() };
    let (muted, _) = told.wont_fix("Ada", at(1)).unwrap();
    assert_eq!(muted.actions, told.actions);
    let (again, _) = muted.reopen("Ada", at(2)).unwrap();
    assert!(again.actions.is_empty());
}

#[test]
fn a_long_name_is_cut_at_a_character() {
    let (_, step) = incident().acknowledge(&[], None, &"ä".repeat(150), at(1)).unwrap();
    assert_eq!(step.by, "ä".repeat(100));
    let (_, step) = incident().wont_fix(&format!("x{}", "ä".repeat(150)), at(1)).unwrap();
    assert_eq!(step.by.len(), 199);
}

fn planned(action: u64, kinds: &[CauseKind]) -> Planned {
    Planned { action: ActionId(action), kinds: kinds.to_vec(), is_uncovered: false }
}

/// 9.6
#[test]
fn what_is_the_matter_takes_the_place_of_blind_once_an_incident() {
    check(
        "10 blind(missing); 20 missing; 30 blind(missing) failed; 40 missing failed; 50",
        "1 opened blind; 1 after blind missing; 1 grew failed blind; 1 grew missing; 1 resolved",
    );
    check("10 blind(missing); 20 failed; 30", "1 opened blind; 1 after blind failed; 1 resolved");
    check(
        "10 blind(missing); 20 blind(missing) failed; 30 failed; 40",
        "1 opened blind; 1 grew failed; 1 eased; 1 resolved",
    );
}

/// An incident that opened with `before` and has these actions, and what of them the cause after it leaves.
fn after_blind(before: &str, after: &str, actions: Vec<Planned>) -> (Incident, Vec<u64>, Vec<StepKind>) {
    let opened = on_flip(None, &flip(&format!("10 {before}"), &causes("")), CheckId(1), IncidentId(1));
    let open = Incident { actions, ..opened.unwrap().incident };
    let change =
        on_flip(Some(&open), &flip(&format!("20 {after}"), &causes(before)), CheckId(1), IncidentId(2));
    let Change { incident, turn, steps } = change.unwrap();
    let Turn::AfterBlind { superseded, .. } = turn else { panic!("{turn:?}") };
    (
        incident,
        superseded.iter().map(|action| action.0).collect(),
        steps.into_iter().map(|step| step.what).collect(),
    )
}

/// 9.6: but for those planned for another cause that still holds.
#[test]
fn what_takes_the_place_of_blind_has_its_actions_planned_anew() {
    use CauseKind::{Blind, Failed, Missing};
    let actions = vec![planned(1, &[Blind]), planned(2, &[Failed]), planned(3, &[Failed, Blind])];
    let (incident, superseded, steps) =
        after_blind("blind(missing) failed", "failed missing", actions.clone());
    assert_eq!((superseded, incident.actions), (vec![1], actions[1..].to_vec()));
    assert_eq!(steps, [StepKind::Eased(Blind), StepKind::Began(Missing)]);
    for instead in ["missing", "failed"] {
        let (incident, superseded, _) = after_blind("blind(missing)", instead, actions.clone());
        assert_eq!((superseded, incident.actions), (vec![1, 2, 3], Vec::new()), "{instead}");
    }
}

/// 9.6, 11.3
#[test]
fn an_acknowledgement_of_blind_alone_ends_when_we_can_tell() {
    let check = |acknowledged: &str, before: &str, after: &str, expected: IncidentStatus| {
        let opening = flip(&format!("10 {before}"), &causes(""));
        let opened = on_flip(None, &opening, CheckId(1), IncidentId(1)).unwrap().incident;
        let (stood, _) = opened.acknowledge(causes(acknowledged).as_slice(), None, "Ada", at(15)).unwrap();
        let late = flip(&format!("20 {after}"), &causes(before));
        let change = on_flip(Some(&stood), &late, CheckId(1), IncidentId(2)).unwrap();
        assert_eq!(change.incident.status, expected, "{acknowledged}");
        let step = IncidentStep::new(StepKind::Reopened, "punctual", at(20));
        assert_eq!(change.steps.contains(&step), expected == IncidentStatus::Open);
    };
    check("blind(missing)", "blind(missing)", "missing", IncidentStatus::Open);
    check("blind(missing)", "blind(missing)", "failed", IncidentStatus::Open);
    let both = "blind(missing) failed";
    check(both, both, "missing failed", IncidentStatus::Acknowledged);
}

/// 11.2: it covers the families of the causes that hold then.
#[test]
fn an_acknowledgement_covers_the_families_that_it_was_given_to() {
    let (stood, _) = incident().acknowledge(causes("missing").as_slice(), None, "Ada", at(5)).unwrap();
    assert!(!stood.is_uncovered([CauseKind::Missing, CauseKind::Overrun]));
    assert!(stood.is_uncovered([CauseKind::Missing, CauseKind::Failed]));
    let free = Planned { is_uncovered: true, ..planned(2, &[CauseKind::Failed]) };
    let stood = Incident { actions: vec![planned(1, &[CauseKind::Missing]), free], ..stood };
    let both = causes("missing failed");
    let stands = |incident: &Incident| {
        [1, 2, 3].map(|action| incident.stands_for(ActionId(action), both.as_slice()).as_str())
    };
    assert_eq!(stands(&stood), ["acknowledged", "open", "acknowledged"]);
    let eased = stood.stands_for(ActionId(2), causes("missing").as_slice());
    assert_eq!(eased, IncidentStatus::Acknowledged, "what nobody took on is over");
    // Whoever says so again takes on what has come since.
    let (again, _) = stood.acknowledge(both.as_slice(), None, "Bob", at(6)).unwrap();
    assert_eq!(stands(&again), ["acknowledged"; 3]);
    assert!(again.acknowledge(both.as_slice(), None, "Ada", at(7)).is_none());
    let (unwanted, _) = stood.wont_fix("Ada", at(8)).unwrap();
    assert_eq!(stands(&unwanted), ["wont_fix"; 3]);
}

/// 22.4
#[test]
fn an_acknowledgement_for_a_time_stands_open_again_as_of_its_end() {
    let causes = causes("missing");
    let told = Incident { actions: vec![planned(1, &[CauseKind::Missing])], ..incident() };
    let (stood, step) = told.acknowledge(causes.as_slice(), Some(at(60)), "Ada", at(5)).unwrap();
    assert_eq!(step.what, StepKind::Acknowledged(Some(at(60))));
    assert!(stood.term_ended(at(60)).is_none(), "it holds up to that time");

    let (open, step) = stood.term_ended(at(90)).unwrap();
    assert_eq!((step.at, &step.what, step.by.as_str()), (at(60), &StepKind::Reopened, PUNCTUAL));
    assert_eq!((open.status, open.term, open.covered.len()), (IncidentStatus::Open, None, 0));
    assert!(open.actions.is_empty(), "all that matches is planned again");

    // What was said last holds.
    assert!(
        stood.acknowledge(causes.as_slice(), Some(at(60)), "Bob", at(6)).is_none(),
        "it stands so already"
    );
    let (longer, _) = stood.acknowledge(causes.as_slice(), Some(at(70)), "Bob", at(6)).unwrap();
    assert!(longer.term_ended(at(65)).is_none());
    let (endless, _) = stood.acknowledge(causes.as_slice(), None, "Bob", at(6)).unwrap();
    let (wont_fix, _) = stood.wont_fix("Bob", at(6)).unwrap();
    let ended = on_flip(Some(&stood), &flip("30", &causes), CheckId(1), IncidentId(2)).unwrap().incident;
    for stood in [endless, wont_fix, ended] {
        assert!(stood.term_ended(at(1000)).is_none(), "{stood:?}");
    }
}

/// 1.1
#[test]
fn a_term_that_began_by_a_clock_ahead_lasts_as_long_as_was_meant() {
    let term = |since, until| AckTerm { since: at(since), until: at(until) };
    assert_eq!(term(100, 160).brought_back_to(at(40)), term(40, 100));
    assert_eq!(term(30, 160).brought_back_to(at(40)), term(30, 160));
}

/// 11.2c
#[test]
fn when_what_nobody_took_on_is_over_nothing_counts_as_planned_for_it() {
    let (stood, _) = incident().acknowledge(causes("failed").as_slice(), None, "Ada", at(5)).unwrap();
    let free = Planned { is_uncovered: true, ..planned(2, &[CauseKind::Failed, CauseKind::Missing]) };
    let mut stood = Incident { actions: vec![planned(1, &[CauseKind::Failed]), free], ..stood };
    assert_eq!(stood.take_all_on(causes("failed missing").as_slice()), []);
    assert_eq!(stood.take_all_on(causes("failed").as_slice()), [ActionId(2)]);
    assert!(stood.actions.iter().all(|planned| !planned.is_uncovered));
}

/// 9.6c, 11.2c: what was told of a failure that somebody has taken on says nothing of what `blind` turns out to be.
#[test]
fn what_takes_the_place_of_blind_supersedes_also_what_was_planned_for_what_is_taken_on() {
    let (stood, _) = incident().acknowledge(causes("failed").as_slice(), None, "Ada", at(5)).unwrap();
    let told = Planned { is_uncovered: true, ..planned(1, &[CauseKind::Failed, CauseKind::Blind]) };
    let stood = Incident { actions: vec![told], ..stood };
    let flip = flip("20 failed missing", &causes("failed blind(missing)"));
    let change = on_flip(Some(&stood), &flip, CheckId(1), IncidentId(2)).unwrap();
    let Turn::AfterBlind { superseded, .. } = change.turn else { panic!("{:?}", change.turn) };
    assert_eq!((superseded, change.incident.actions), (vec![ActionId(1)], Vec::new()));
}
