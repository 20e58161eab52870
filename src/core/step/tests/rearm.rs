//! A spec that counts from a time in the past: coal-mine's update of a period.

use super::*;
use crate::core::step::{PastState, promised_deadline};

/// `every: 60s`, `every: 120s` and `every: 20s`, without grace.
fn specs() -> [Spec; 3] {
    [60, 120, 20].map(|secs| Spec {
        schedule: Schedule::Every(Span::secs(secs)),
        grace: Span::ZERO,
        ..every()
    })
}

/// Runs a script that changes from the first of [`specs`] to the others.
fn check_periods(script: &str, expected: &str) -> Run {
    let [first, more @ ..] = specs();
    check_all(&first, &more, script, expected)
}

#[test]
fn the_deadline_counts_from_the_newest_entry_and_not_from_the_change() {
    check_periods("10 success; 30 rearm 1 from=10; 131 tick", "10 new→up\n130 up→late missing");
    check_periods("30 rearm 1 from=0; 121 tick", "120 new→late never_seen");
}

#[test]
fn what_is_late_by_the_new_period_is_so_at_once() {
    check_periods("10 success; 50 rearm 2 from=10; 200 tick", "10 new→up\n50 up→late missing (Changed)");
    check_periods("10 success; 30 rearm 2 from=10; 31 tick", "10 new→up\n30 up→late missing");
}

#[test]
fn what_is_not_late_by_the_new_period_ends_at_once_and_is_judged_by_it() {
    check_periods(
        "10 success; 100 rearm 1 from=10; 131 tick",
        "10 new→up\n70 up→late missing\n100 late→up (Changed)\n130 up→late missing",
    );
}

#[test]
fn what_is_late_by_both_goes_on() {
    let run = check_periods("10 success; 200 rearm 1 from=10; 300 tick", "10 new→up\n70 up→late missing");
    assert_eq!(run.state.causes.iter().next().unwrap().since, Time::from_secs(70));
    check_periods("10 success; 100 rearm 2 from=10; 300 tick", "10 new→up\n70 up→late missing");
}

#[test]
fn a_success_ends_a_lateness_of_the_change() {
    check_periods(
        "10 success; 50 rearm 2 from=10; 60 success; 81 tick",
        "10 new→up\n50 up→late missing (Changed)\n60 late→up\n80 up→late missing",
    );
}

#[test]
fn while_it_is_paused_only_the_spec_changes() {
    let late = "10 new→up\n70 up→late missing\n80 late→paused missing (Paused)";
    let back = "300 paused→late missing (Unpaused)\n310 late→up\n430 up→late missing";
    check_periods(
        "10 success; 80 pause; 90 rearm 1 from=80; 200 tick; 300 unpause; 310 success; 431 tick",
        &format!("{late}\n{back}"),
    );
    check_periods(
        "10 success; 20 pause; 90 rearm 2 from=10; 300 unpause; 321 tick",
        "10 new→up\n20 up→paused (Paused)\n300 paused→up (Unpaused)\n320 up→late missing",
    );
}

#[test]
fn an_archived_check_and_a_time_to_come_change_nothing_more() {
    check_periods("10 archive; 20 rearm 1 from=0; 300 tick", "10 new→archived (Archived)");
    check_periods("10 success; 20 rearm 1 from=999; 141 tick", "10 new→up\n140 up→late missing");
}

#[test]
fn a_failure_stays_what_it_is() {
    check_periods("10 fail; 20 rearm 1 from=10; 30 success", "10 new→failing failed\n30 failing→up");
}

/// 9.3: the evidence of the new deadline begins where it counts from.
#[test]
fn what_nobody_could_see_is_not_called_late_by_a_change() {
    check_periods(
        "10 success; 400 blind 20-400; 401 rearm 1 from=10; 402 tick",
        "10 new→up\n400 up→unknown blind(missing)",
    );
}

/// Night's Watch: a pause ends a lateness, but not a failure.
#[test]
fn a_pause_that_forgives_ends_lateness_alone() {
    check_periods(
        "10 success; 80 pause-and-forgive; 300 unpause; 361 tick",
        "10 new→up\n70 up→late missing\n80 late→paused (Paused)\n300 paused→up (Unpaused)\n360 up→late missing",
    );
    check_periods(
        "10 fail; 20 pause-and-forgive; 30 unpause",
        "10 new→failing failed\n20 failing→paused failed (Paused)\n30 paused→failing failed (Unpaused)",
    );
}

/// Users of a check with an alias are shown the deadline that they were told, even if it could not be judged.
#[test]
fn the_promised_deadline_is_the_one_that_was_told() {
    let check = |script: &str, now: i64, expected: Option<i64>| {
        let mut run = Run::new(&specs()[0]);
        run.script(&parse(script), &[], &[]);
        let deadline = promised_deadline(&run.spec, &run.state, Time::from_secs(now), &run.blind);
        assert_eq!(deadline, expected.map(Time::from_secs), "{script}");
    };
    check("10 success", 20, Some(70));
    check("10 success; 100 tick", 100, Some(70));
    check("10 success; 20 pause", 30, None);
    check("10 success; 400 blind 20-400; 401 tick", 401, Some(70));
    check("10 success; 100 tick; 110 success", 120, Some(170));
}

fn taken_over(past: PastState, now: i64) -> Run {
    let mut run = Run::new(&specs()[0]);
    run.state = past.take_over(&run.spec, Time::from_secs(now));
    run
}

#[test]
fn what_another_system_knew_goes_on() {
    let at = |secs| Some(Time::from_secs(secs));
    let good = PastState { last_success: at(1000), deadline: at(1060), ..PastState::default() };
    let mut run = taken_over(good, 1030);
    assert_eq!(deadline(&run.spec, &run.state, &run.blind), at(1060));
    run.script(&parse("1061 tick; 1070 success"), &[], &[]);
    assert_eq!(run.told().trim(), "1060 up→late missing\n1070 late→up");
    // Late in the other system: it is late here too, without a flip, and recovers.
    let late = PastState { late_since: at(1060), ..good };
    let mut run = taken_over(late, 2000);
    assert!(run.state.causes.has(crate::core::cause::CauseKind::Missing));
    run.script(&parse("2100 tick; 2110 success"), &[], &[]);
    assert_eq!(run.told().trim(), "2110 late→up");
    // Its deadline passed during the migration: whether it reported is unknown.
    let mut run = taken_over(good, 2000);
    run.script(&parse("2060 tick; 2061 tick"), &[], &[]);
    assert_eq!(run.told().trim(), "2060 up→late missing");
    // Paused and late at once.
    let paused = PastState { paused_since: at(1500), deadline: None, ..late };
    let mut run = taken_over(paused, 2000);
    run.script(&parse("3000 tick; 3010 success"), &[], &[]);
    assert_eq!(run.told().trim(), "3010 paused→late missing (Unpaused)\n3010 late→up");
    // Never reported, and with times of a clock that was ahead.
    let ahead = PastState { late_since: at(9000), ..PastState::default() };
    let run = taken_over(ahead, 2000);
    assert_eq!(list(&run.state.causes).trim(), "never_seen");
    assert_eq!(run.state.causes.iter().next().unwrap().since, Time::from_secs(2000));
}
