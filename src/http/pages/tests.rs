//! What a page says in one place is true in every other.

use std::sync::Arc;

use super::check::{facts, stands};
use crate::core::assertion::{Assertion, AssertionResult, Finds, FoundBy, Naming, Outcome, Reported};
use crate::core::blind::{BlindWindows, Window};
use crate::core::cause::{CauseKind, Status};
use crate::core::check::{Overlap, Ping, PingKind, Rid, Spec};
use crate::core::cron::Cron;
use crate::core::schedule::{Expect, Occurrences, Schedule};
use crate::core::state::State;
use crate::core::step::{Input, break_judging_by, step, view};
use crate::core::time::{Span, Time};

const HOUR: i64 = 3600;

fn ping(kind: PingKind) -> Input {
    Input::Ping(Ping { kind, rid: None, exit_status: None })
}

fn start_of(rid: &str) -> Input {
    Input::Ping(Ping { kind: PingKind::Start, rid: Rid::parse(rid), exit_status: None })
}

/// Specs that can have every cause among them.
fn specs() -> Vec<Spec> {
    let every = Spec { grace: Span::secs(10), ..Spec::new(Schedule::Every(Span::secs(60))) };
    let hourly = Occurrences {
        cron: Cron::parse("0 * * * *").expect("it is one"),
        zone: crate::core::zone::Zone::UTC,
    };
    let asserted = Arc::new(Assertion {
        found_by: FoundBy::Reporter(Reported::default()),
        unknowns_before_alert: 2,
        max_records: None,
        finds: Finds::Lasting,
    });
    let some = Expect { at_least: Some(1), at_most: Some(2), within: Span::secs(600) };
    vec![
        every.clone(),
        Spec { schedule: Schedule::Every(Span::secs(600)), ..every.clone() },
        Spec {
            min_runtime: Some(Span::secs(30)),
            max_runtime: Some(Span::secs(40)),
            overlap: Overlap::Fail,
            ..every.clone()
        },
        Spec {
            schedule: Schedule::At(hourly.clone()),
            start_within: Some(Span::secs(5)),
            max_runtime: Some(Span::secs(40)),
            ..every.clone()
        },
        Spec { schedule: Schedule::CountedAt(hourly, some), ..every.clone() },
        Spec { assert: Some(asserted.clone()), ..every.clone() },
        Spec { assert: Some(asserted), schedule: Schedule::Unscheduled, ..every.clone() },
        Spec { schedule: Schedule::Counted(some), ..every },
    ]
}

/// What may happen to a check before somebody looks.
fn pasts() -> Vec<Vec<Input>> {
    use PingKind::{Fail, Log, Start, Success};
    let kinds = |kinds: &[PingKind]| kinds.iter().map(|kind| ping(*kind)).collect::<Vec<_>>();
    let result = |outcome: &Outcome| Input::Result(AssertionResult::new(*outcome, None));
    let results = |outcomes: &[Outcome]| outcomes.iter().map(result).collect::<Vec<_>>();
    vec![
        kinds(&[]),
        kinds(&[Log]),
        kinds(&[Start]),
        kinds(&[Fail]),
        kinds(&[Success]),
        kinds(&[Start, Success]),
        kinds(&[Success, Fail]),
        kinds(&[Success, Start, Success]),
        kinds(&[Success, Success, Success]),
        vec![start_of("a"), start_of("b")],
        results(&[Outcome::Holds]),
        results(&[Outcome::Holds, Outcome::Violated]),
        results(&[Outcome::Violated, Outcome::Unknown, Outcome::Unknown]),
        vec![Input::Result(AssertionResult {
            records: Naming::TooMany,
            ..AssertionResult::new(Outcome::Violated, None)
        })],
    ]
}

/// W3: a reason, what was seen, and a pause, in all combinations that there are.
#[test]
fn no_words_of_a_page_contradict_others() {
    let from = Time::from_secs(500 * HOUR + 1);
    let mut seen: Vec<CauseKind> = Vec::new();
    let mut was_blind = BlindWindows::default();
    was_blind.add(Window { from: from + Span::secs(50), to: from + Span::secs(400) });
    for blind in [BlindWindows::default(), was_blind] {
        for (spec, past) in specs().iter().flat_map(|spec| pasts().into_iter().map(move |past| (spec, past)))
        {
            // 17.2: what is asserted is not pinged.
            let has_results = past.iter().any(|input| matches!(input, Input::Result(_)));
            if !past.is_empty() && has_results != spec.assert.is_some() {
                continue;
            }
            // Before the first deadline, after it, and after the next.
            for begins in [5, 3540, 2 * HOUR] {
                for is_paused in [false, true] {
                    let mut at = from + Span::secs(begins);
                    let mut state = State::declared(spec, from);
                    for input in &past {
                        state = step(spec, state, input, at, &blind).state;
                        at = at + Span::secs(1);
                    }
                    for wait in [0, 20, 100, 700, HOUR] {
                        let now = at + Span::secs(wait);
                        let mut state = step(spec, state.clone(), &Input::Tick, now, &blind).state;
                        if is_paused {
                            state = step(spec, state, &Input::Pause, now, &blind).state;
                        }
                        let kinds = agrees(spec, &state, now, &blind);
                        seen.extend(kinds);
                    }
                }
            }
        }
    }
    let (spec, state) = (&specs()[0], State::declared(&specs()[0], from));
    break_judging_by(|_| true);
    seen.extend(agrees(spec, &state, from, &BlindWindows::default()));
    break_judging_by(|_| false);
    // What occurs is no reason of a check.
    let all = CauseKind::ALL.into_iter().filter(|kind| *kind != CauseKind::Occurred);
    let missing: Vec<_> = all.filter(|kind| !seen.contains(kind)).collect();
    assert_eq!(missing, [], "the table above has each reason");
}

/// Answers which reasons were shown.
fn agrees(spec: &Spec, state: &State, now: Time, blind: &BlindWindows) -> Vec<CauseKind> {
    let view = view(spec, state, now, blind);
    let why = stands(&view, now).into_string();
    let facts = facts(state, &view, None, now).into_string();
    let fact = |name: &str| {
        let (_, rest) = facts.split_once(&format!("<dt>{name}</dt><dd>"))?;
        rest.split_once("</dd>").map(|(value, _)| value)
    };
    let is_never = |name: &str| fact(name).is_some_and(|value| value.contains("never"));
    let all = format!("{why}\n{facts}");
    let shown: Vec<CauseKind> =
        CauseKind::ALL.into_iter().filter(|kind| why.contains(&format!("({})", kind.as_str()))).collect();
    if why.contains("never succeeded") {
        assert!(is_never("Last success"), "{all}");
    }
    if why.contains("heard of") {
        assert!(is_never("Last seen"), "{all}");
    }
    if !is_never("Last success") || fact("Last failure").is_some() {
        assert!(!is_never("Last seen"), "{all}");
    }
    assert_eq!(view.paused, view.status == Status::Paused);
    assert_eq!(view.paused, fact("Paused").is_some(), "{all}");
    let is_bad = matches!(view.status, Status::Late | Status::Failing | Status::Unknown);
    assert_eq!(is_bad, !shown.is_empty(), "what is bad has a reason, and nothing else has one: {all}");
    let is_failing = shown.iter().any(|kind| matches!(kind, CauseKind::Failed | CauseKind::TooShort));
    if is_failing {
        let failed = state.last(PingKind::Fail).expect("a failure is the last failure");
        assert!(state.last(PingKind::Success) < Some(failed), "a failure is no success: {all}");
    }
    shown
}
