//! §17: results of checks that assert something.

use super::*;
use crate::core::fixtures::probed_at;
use crate::core::results::ResultKind;

/// Reported every minute, with 10 s of grace.
fn asserted() -> Spec {
    let assertion = Assertion {
        found_by: FoundBy::Reporter(Reported::default()),
        unknowns_before_alert: 3,
        max_records: None,
        finds: Finds::Lasting,
    };
    Spec { assert: Some(assertion.into()), ..every() }
}

/// Reported whenever somebody has looked.
fn unscheduled() -> Spec {
    Spec { schedule: Schedule::Unscheduled, grace: Span::ZERO, ..asserted() }
}

/// 17.3
#[test]
fn what_does_not_hold_is_failing_until_it_holds() {
    check(
        &asserted(),
        "10 holds; 60 violated; 90 violated; 100 holds",
        "10 new→up
         60 up→failing violated
         100 failing→up",
    );
    let patient = Spec { failures_before_alert: 2, successes_to_recover: 2, ..asserted() };
    check(
        &patient,
        "10 holds; 20 violated; 30 holds; 40 violated; 50 violated; 60 holds; 70 violated; 80 holds; 90 holds",
        "10 new→up
         50 up→failing violated
         90 failing→up",
    );
}

/// 17.3, 17.4: who cannot tell says neither that it holds nor that it does not.
#[test]
fn an_unknown_result_begins_and_ends_nothing_but_itself() {
    let patient = Spec { failures_before_alert: 2, successes_to_recover: 2, ..unscheduled() };
    check(
        &patient,
        "10 violated; 20 unknown; 30 violated; 40 unknown; 50 holds; 60 unknown; 70 unknown; 80 holds",
        "10 new→up
         30 up→failing violated
         80 failing→up",
    );
    check(
        &unscheduled(),
        "10 unknown; 20 unknown; 30 unknown; 40 unknown; 50 violated; 60 unknown; 70 unknown; 80 unknown; 90 holds",
        "30 new→unknown unprobed
         50 unknown→failing violated
         80 failing→unknown violated unprobed
         90 unknown→up",
    );
}

/// 17.2d, 4.1d: by its rid, for ten minutes, and during a pause too.
#[test]
fn a_result_that_is_said_again_counts_once() {
    let patient = Spec { failures_before_alert: 2, ..unscheduled() };
    check(
        &patient,
        "10 holds; 20 violated rid=a; 30 violated rid=a; 40 violated rid=b; 50 holds; \
         100 violated rid=c; 701 violated rid=c",
        "10 new→up
         40 up→failing violated
         50 failing→up
         701 up→failing violated",
    );
    check(
        &unscheduled(),
        "10 unknown rid=a; 20 unknown rid=a; 30 unknown rid=b; 40 unknown rid=b; 50 unknown rid=c",
        "50 new→unknown unprobed",
    );
    check(
        &unscheduled(),
        "10 holds; 20 pause; 30 violated rid=a; 40 unpause; 50 violated rid=a; 60 violated rid=b",
        "10 new→up
         20 up→paused (Paused)
         40 paused→up (Unpaused)
         60 up→failing violated",
    );
}

/// 17.8: any result comes in time, an unknown one too, and ends what is bad for want of one.
#[test]
fn any_result_discharges() {
    check(
        &asserted(),
        "30 unknown; 90 violated; 150 unknown; 250 tick; 260 unknown; 290 holds",
        "90 new→failing violated
         220 failing→failing violated missing
         260 failing→failing violated
         290 failing→up",
    );
    check(
        &asserted(),
        "100 tick; 110 unknown; 200 tick",
        "70 new→late never_seen
         110 late→new
         180 new→late missing",
    );
}

/// 17.8
#[test]
fn without_a_schedule_nothing_is_due() {
    check(&unscheduled(), "10 holds; 100000000 tick", "10 new→up");
    check(&unscheduled(), "100000000 tick", "");
    assert_eq!(
        deadline(
            &unscheduled(),
            &State::declared(&unscheduled(), Time::from_secs(0)),
            &BlindWindows::default()
        ),
        None
    );
}

/// 17.7: a result says nothing of whether a pause should end, and judges nothing meanwhile.
#[test]
fn a_result_during_a_pause_is_kept_and_judges_nothing() {
    let run = check(
        &asserted(),
        "10 holds; 20 pause; 30 violated took=2; 40 unpause; 50 tick; 101 tick",
        "10 new→up
         20 up→paused (Paused)
         40 paused→up (Unpaused)",
    );
    assert_eq!((run.state.last(PingKind::Fail), run.state.counters.pings[1]), (None, 1));
    assert_eq!((run.state.failures_in_a_row, run.state.last_duration), (0, None));
    let first = run.state.results.newest_first().map(|result| result.kind).collect::<Vec<_>>();
    assert_eq!(first, [ResultKind::Success]);
}

/// 17.2: what is kept of it.
#[test]
fn a_result_counts_as_the_ping_that_it_is_kept_as() {
    let run = check_quietly(&asserted(), "10 holds took=1.5; 20 violated; 30 unknown took=3; 40 unknown");
    assert_eq!(run.state.counters.pings, [1, 1, 0, 2]);
    assert_eq!(run.state.last, [10, 20, -1, 40].map(|at| (at >= 0).then(|| Time::from_secs(at))));
    assert_eq!(
        (run.state.last_seen, run.state.last_discharge),
        (Some(Time::from_secs(40)), Some(Time::from_secs(40)))
    );
    assert_eq!(run.state.last_duration, Some(Span::secs(3)));
    let kinds = run.state.results.newest_first().map(|result| result.kind).collect::<Vec<_>>();
    use ResultKind::{Fail, Success, Unknown};
    assert_eq!(kinds, [Unknown, Unknown, Fail, Success]);
}

/// 10.2, 17.2: what nothing could end any more ends with the change.
#[test]
fn what_is_asserted_no_more_is_not_violated_and_what_is_asserted_now_has_not_failed() {
    let pinged = every();
    let more = [asserted(), pinged.clone()];
    check_all(
        &pinged,
        &more,
        "10 fail; 20 change 1; 30 violated; 40 unknown; 50 change 2; 60 success",
        "10 new→failing failed
         20 failing→new (Changed)
         30 new→failing violated
         50 failing→new (Changed)
         60 new→up",
    );
    let by_another = |reporter: &str| {
        let reported = Reported { reporter: reporter.into(), ..Reported::default() };
        let assertion = Assertion {
            found_by: FoundBy::Reporter(reported),
            unknowns_before_alert: 2,
            max_records: None,
            finds: Finds::Lasting,
        };
        Spec { assert: Some(assertion.into()), failures_before_alert: 2, ..unscheduled() }
    };
    // What another one found in a row is not in a row with it.
    let run = check_all(
        &by_another("a"),
        &[by_another("b")],
        "10 violated; 20 unknown; 30 change 1; 40 violated; 50 unknown",
        "10 new→up
         30 up→new (Changed)
         40 new→up",
    );
    assert_eq!((run.state.failures_in_a_row, run.state.unknowns_in_a_row), (1, 1));
}

/// 9.5, 17.8: as with pings, what was due while nobody listened is unknown, until a result comes.
#[test]
fn a_result_that_was_due_while_nobody_listened_is_unknown() {
    check(
        &asserted(),
        "10 holds; 720 blind 60-720; 721 tick; 730 unknown",
        "10 new→up
         720 up→unknown blind(missing)
         730 unknown→up",
    );
}

/// 17.10a: that we have not looked makes no check late, however long ago the last look was, and nobody was there.
#[test]
fn what_is_looked_at_has_no_deadline() {
    let assertion = probed_at("http://127.0.0.1/");
    let probed = Spec { assert: Some(assertion.into()), ..every() };
    check(&probed, "10 holds; 100000 tick; 900000 blind 200000-900000; 900001 tick", "10 new→up");
    // What was late for want of a report is late no more once we look.
    check_all(
        &asserted(),
        &[probed],
        "100 tick; 110 change 1; 120 violated",
        "70 new→late never_seen
         110 late→new (Changed)
         120 new→failing violated",
    );
}
