//! §1, §2, §5, §6: due times, failures and what ends them.

use super::*;

/// 2.1, 2.5: late after one period and grace, counted from the declaration.
#[test]
fn a_check_never_pinged_is_late_after_a_period_and_grace() {
    check(&every(), "70 tick", "");
    check(&every(), "70.001 tick", "70 new→late never_seen");
}

/// 1.3: late means now > deadline; a ping at the deadline is on time.
#[test]
fn a_ping_at_the_deadline_is_on_time() {
    check(&every(), "70 success; 140 success", "70 new→up");
    check(&every(), "70 success; 140.001 success", "70 new→up\n140 up→late missing\n140.001 late→up");
}

/// 2.4: a fail discharges its due time, and only a success recovers.
#[test]
fn a_job_that_failed_is_not_also_missing() {
    check(&every(), "60 fail; 120 fail; 125 success", "60 new→failing failed\n125 failing→up");
    check(
        &every(),
        "60 success; 150 fail; 200 tick; 210 success",
        "60 new→up\n130 up→late missing\n150 late→failing missing failed\n210 failing→up",
    );
}

/// 2.5: never_seen holds only while no success or fail was ever received; a start or log is neither.
#[test]
fn a_start_or_log_alone_leaves_a_check_never_seen() {
    check(&every(), "10 log; 20 start; 80 tick", "70 new→late never_seen");
}

/// 2.2: early by default 5 s, and never more than a quarter of the gap.
#[test]
fn a_ping_just_before_an_occurrence_serves_it() {
    check(&hourly(), "3595 success; 7800 tick", "3595 new→up");
    check(&hourly(), "3594 success; 4200.001 tick", "3594 new→up\n4200 up→late missing");
    let spec = Spec { early: Some(Span::mins(30)), ..hourly() };
    check(&spec, "2700 success; 7800 tick", "2700 new→up");
    check(&spec, "2699 success; 4200.001 tick", "2699 new→up\n4200 up→late missing");
}

/// 5.1, 2.4: a tolerated failure still discharges.
#[test]
fn failures_are_counted_in_a_row() {
    let spec = Spec { failures_before_alert: 2, ..every() };
    check(&spec, "60 fail; 120 success; 180 fail; 240 exit3", "60 new→up\n240 up→failing failed");
}

/// 5.1
#[test]
fn recovery_may_need_several_successes() {
    let spec = Spec { successes_to_recover: 2, ..every() };
    check(
        &spec,
        "60 fail; 70 success; 80 fail; 90 success; 100 success",
        "60 new→failing failed\n100 failing→up",
    );
}

/// 5.2: a log is recorded but not judged.
#[test]
fn a_log_is_no_sign_of_health() {
    let run = check(&every(), "60 success; 120 log; 131 tick", "60 new→up\n130 up→late missing");
    assert_eq!(run.state.counters.pings, [1, 0, 0, 1]);
    assert_eq!(run.state.last_seen, Some(time("120")));
}

/// 6.2: late and failing hold independently; failing is shown.
#[test]
fn a_check_can_be_late_and_failing() {
    let run = check(&every(), "10 fail; 90 tick", "10 new→failing failed\n80 failing→failing failed missing");
    let seen = view(&run.spec, &run.state, time("90"), &run.blind);
    assert!(seen.late && seen.failing && !seen.unknown);
    assert_eq!((run.state.counters.late, run.state.counters.failing), (1, 1));
}

/// 6.3: grace is a view; entering it is no flip.
#[test]
fn grace_is_seen_but_not_told() {
    let run = check(&every(), "60 success; 125 tick", "60 new→up");
    assert_eq!(view(&run.spec, &run.state, time("125"), &run.blind).status.as_str(), "grace");
    assert_eq!(view(&run.spec, &run.state, time("120"), &run.blind).status.as_str(), "up");
}

/// 1.1: a state from a clock that was years ahead is brought back, and judged from there.
#[test]
fn one_wrong_date_silences_nothing() {
    let mut run = Run::new(&every());
    run.feed(Input::Ping(Ping { kind: PingKind::Success, rid: None, exit_status: None }), time("900000000"));
    run.flips.clear();
    run.feed(Input::Tick, time("100"));
    assert_eq!(run.state.last_discharge, Some(time("100")));
    run.feed(Input::Tick, time("170.001"));
    assert_eq!(run.told(), "170 up→late missing\n");
}

/// 1.3: the transitions that one step settles are stamped with their own times, oldest first.
#[test]
fn a_late_tick_finds_everything_in_order() {
    let spec = Spec { start_within: Some(Span::mins(1)), ..hourly() };
    check(&spec, "86400 tick", "3660 new→late not_started\n4200 late→late not_started never_seen");
}

/// 1.4: there is an answer for any time.
#[test]
fn the_ends_of_time_are_no_special_case() {
    for spec in [every(), hourly()] {
        for now in [Time::MIN, Time::MAX] {
            let blind = BlindWindows::default();
            let made = step(&spec, State::declared(&spec, time("0")), &Input::Tick, now, &blind);
            let success = Input::Ping(Ping { kind: PingKind::Success, rid: None, exit_status: None });
            let made = step(&spec, made.state, &success, now, &blind);
            assert!(made.ping.is_some(), "it was judged");
        }
    }
}
