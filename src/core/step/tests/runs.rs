//! §4 runs, §7 pauses.

use super::*;

fn limited() -> Spec {
    Spec { max_runtime: Some(Span::mins(5)), ..hourly() }
}

/// 4.2: without `max_runtime` a start changes no deadline.
#[test]
fn a_start_alone_changes_nothing() {
    check(&hourly(), "3600 start; 4201 tick", "4200 new→late never_seen");
}

/// 4.2: a start in [due − early, due + grace] replaces the deadline, once.
#[test]
fn a_start_in_its_window_replaces_the_deadline() {
    check(&limited(), "3595 start; 3896 tick", "3895 new→late overrun");
    check(&limited(), "4200 start; 4499 success", "4499 new→up");
    check(&limited(), "4200 start; 4600 tick; 4700 success", "4500 new→late overrun\n4700 late→up");
    check(&limited(), "3600 start; 3700 start; 4300 tick", "3900 new→late overrun");
}

/// 4.2: a start outside the window leaves the deadline, but its run is limited like any other.
#[test]
fn a_start_outside_of_its_window_is_limited_too() {
    check(&limited(), "1000 start; 1301 tick", "1300 new→late overrun");
    check(&limited(), "1000 start; 1200 success; 4201 tick", "1200 new→up\n4200 up→late missing");
}

/// 4.2: for `every`, the first start since the last discharge serves.
#[test]
fn the_first_start_of_a_period_replaces_its_deadline() {
    let spec = Spec { max_runtime: Some(Span::mins(5)), ..every() };
    check(&spec, "10 start; 300 success", "300 new→up");
    check(&spec, "10 start; 311 tick; 320 success", "310 new→late overrun\n320 late→up");
}

/// 4.3
#[test]
fn a_run_that_does_not_begin_is_noticed_before_it_is_missing() {
    let spec = Spec { start_within: Some(Span::mins(1)), ..limited() };
    check(&spec, "3660 start; 3900 success", "3900 new→up");
    check(&spec, "3661 start; 3900 success", "3660 new→late not_started\n3900 late→up");
    check(&spec, "3650 fail; 3700 tick", "3650 new→failing failed");
}

/// An alert names the last exit status, not that of a failure that has since been replaced by others.
#[test]
fn an_exit_status_does_not_outlive_what_it_is_about() {
    let status = |script: &str| check_quietly(&limited(), script).state.last_exit_status;
    assert_eq!(status("10 exit3"), Some(3));
    assert_eq!(status("10 exit3; 20 start; 30 log"), Some(3));
    assert_eq!(status("10 exit3; 20 success"), None);
    assert_eq!(status("10 exit3; 20 fail"), None);
}

/// 4.4: too short is a failure, and discharges like one.
#[test]
fn a_success_that_came_too_soon_is_a_failure() {
    let spec = Spec { min_runtime: Some(Span::secs(30)), ..every() };
    let run = check(&spec, "10 start; 20 success", "20 new→failing too_short");
    assert_eq!(run.state.last_duration, Some(Span::secs(10)));
    assert_eq!(run.state.last(PingKind::Success), None, "it is the last failure, and no last success");
    assert_eq!(run.state.last(PingKind::Fail), Some(Time::from_secs(20)));
    check(&spec, "10 start; 40 success", "40 new→up");
    check(&spec, "10 success", "10 new→up");
}

/// 4.5: it ends with a success of a run that never overlapped.
#[test]
fn overlapping_runs_fail_until_one_ran_alone() {
    let spec = Spec { overlap: Overlap::Fail, max_runtime: Some(Span::mins(10)), ..every() };
    let script = "10 start rid=a; 20 start rid=b; 30 success rid=a; 40 success rid=b; 50 start rid=c; 60 success rid=c";
    check(&spec, script, "20 new→failing overlapping\n60 failing→up");
}

/// 4.1: an end with a rid ends that run, one without ends the latest run, one with an unknown rid ends none.
#[test]
fn an_end_finds_its_run() {
    let duration = |script: &str| check_quietly(&limited(), script).state.last_duration;
    assert_eq!(duration("10 start rid=a; 20 start rid=b; 50 success rid=a"), Some(Span::secs(40)));
    assert_eq!(duration("10 start rid=a; 20 start rid=b; 50 success"), Some(Span::secs(30)));
    assert_eq!(duration("10 start rid=a; 50 success rid=z"), None);
    assert_eq!(duration("10 start; 20 start; 50 success"), Some(Span::secs(30)));
    assert_eq!(check_quietly(&limited(), "10 start rid=a; 50 success rid=z").state.runs.len(), 1);
    assert_eq!(
        check_quietly(&limited(), "10 start rid=a; 20 start rid=b; 50 success rid=b").state.runs.len(),
        0
    );
    assert_eq!(
        check_quietly(&limited(), "10 start rid=a; 20 start rid=b; 50 fail rid=b").state.runs.len(),
        1
    );
}

/// 22.2b: a form's id is no run's. It ends the latest, and counts once.
#[test]
fn an_end_by_hand_ends_the_latest_run_and_a_pause() {
    let duration = |script: &str| check_quietly(&limited(), script).state.last_duration;
    assert_eq!(duration("10 start rid=a; 20 start rid=b; 50 success rid=form/1"), Some(Span::secs(30)));
    assert_eq!(duration("10 start; 50 fail rid=form/1"), Some(Span::secs(40)));
    assert_eq!(duration("10 start rid=form/1; 50 success rid=form/2"), Some(Span::secs(40)));
    let twice = "10 start rid=a; 20 start rid=b; 50 fail rid=form/1; 51 fail rid=form/1";
    let run = check_quietly(&limited(), twice);
    assert_eq!((run.state.runs.len(), run.state.counters.pings), (1, [0, 1, 2, 0]));
    let paused = "10 start rid=form/1; 20 pause; 30 success rid=form/2";
    assert_eq!(check_quietly(&limited(), paused).state.pause.since(), None);
}

/// 4.1: the same fact of the same run within 10 min counts once.
#[test]
fn a_repeated_ping_counts_once() {
    let run = check_quietly(&every(), "10 fail rid=a; 20 fail rid=a; 30 success rid=a; 31 success rid=a");
    assert_eq!(run.state.counters.pings, [1, 1, 0, 0]);
    assert_eq!((run.state.last_discharge, run.state.last_seen), (Some(time("30")), Some(time("31"))));
    let run = check_quietly(&every(), "10 success rid=a; 611 success rid=a; 612 exit3 rid=a; 613 fail rid=a");
    assert_eq!(run.state.counters.pings, [2, 2, 0, 0]);
    let run = check_quietly(&limited(), "10 start rid=a; 20 start rid=a; 30 success rid=a; 40 start rid=a");
    assert_eq!((run.state.runs.len(), run.state.counters.pings), (1, [1, 0, 2, 0]));
}

/// 4.1: at most 16 open runs; the oldest is abandoned.
#[test]
fn open_runs_are_bounded() {
    let script: String = (0..20).map(|i| format!("{i} start rid=r{i};")).collect();
    let run = check_quietly(&every(), &script);
    assert_eq!(run.state.runs.len(), State::MAX_RUNS);
    assert_eq!(run.state.runs[0].start, time("4"));
}

/// 7.2: an unpause, success, fail or start ends a pause at run time, and the check is armed from then.
#[test]
fn a_ping_ends_a_pause() {
    check(
        &every(),
        "10 pause; 500 tick; 510 success",
        "10 new→paused (Paused)\n510 paused→new (Unpaused)\n510 new→up",
    );
    check(
        &every(),
        "10 pause; 500 unpause; 571 tick",
        "10 new→paused (Paused)\n500 paused→new (Unpaused)\n570 new→late never_seen",
    );
    check(&every(), "10 pause; 20 log; 500 tick", "10 new→paused (Paused)");
    let manual = Spec { manual_resume: true, ..every() };
    check(&manual, "10 pause; 20 success; 500 tick", "10 new→paused (Paused)");
}

/// 7.2: the end of a run that began before the pause does not end it.
#[test]
fn the_end_of_an_older_run_does_not_end_the_pause() {
    let paused = "20 new→paused (Paused)";
    check(&every(), "10 start rid=a; 20 pause; 30 success rid=a; 31 success rid=a", paused);
    check(&every(), "10 start; 20 pause; 30 success", paused);
    let woken = "20 new→paused (Paused)\n40 paused→up (Unpaused)";
    check(&every(), "10 start; 20 pause; 30 success; 40 success", woken);
    let started = "20 new→paused (Paused)\n30 paused→new (Unpaused)";
    check(&every(), "10 start rid=a; 20 pause; 30 start rid=a", started);
}

/// 7.3: causes survive a pause, hidden; a success during it ends them as usual.
#[test]
fn causes_survive_a_pause() {
    check(
        &every(),
        "10 fail; 20 pause; 30 unpause",
        "10 new→failing failed\n20 failing→paused failed (Paused)\n30 paused→failing failed (Unpaused)",
    );
    let manual = Spec { manual_resume: true, ..every() };
    check(
        &manual,
        "10 fail; 20 pause; 25 success; 30 unpause",
        "10 new→failing failed\n20 failing→paused failed (Paused)\n25 paused→paused\n30 paused→up (Unpaused)",
    );
    let run =
        check(&every(), "10 fail; 20 pause", "10 new→failing failed\n20 failing→paused failed (Paused)");
    let seen = view(&run.spec, &run.state, time("20"), &run.blind);
    assert!(!seen.failing && seen.causes.is_empty() && seen.deadline.is_none());
}

/// 2.2: a start that unpauses serves the occurrence whose start window it is in.
#[test]
fn a_start_that_unpauses_serves_its_occurrence() {
    let begun = "10 new→paused (Paused)\n3700 paused→new (Unpaused)";
    check(&limited(), "10 pause; 3700 start; 4001 tick", &format!("{begun}\n4000 new→late overrun"));
    check(&limited(), "10 pause; 3700 start; 3800 success", &format!("{begun}\n3800 new→up"));
    let early = "10 new→paused (Paused)\n3596 paused→new (Unpaused)\n3896 new→late overrun";
    check(&limited(), "10 pause; 3596 start; 3897 tick", early);
    let outside = "10 new→paused (Paused)\n5000 paused→new (Unpaused)\n5300 new→late overrun";
    check(&limited(), "10 pause; 5000 start; 5301 tick", outside);
}

/// 7.2: a pause may have an end. Due times count from that end, whenever it is noticed.
#[test]
fn a_pause_with_an_end_is_over_then() {
    let paused = "10 new→paused (Paused)\n100 paused→new (Unpaused)";
    check(&every(), "10 pause-until 100; 101 tick", paused);
    check(&every(), "10 pause-until 100; 100 tick", "10 new→paused (Paused)");
    check(&every(), "10 pause-until 100; 500 tick", &format!("{paused}\n170 new→late never_seen"));
    // A ping ends it sooner, and a ping at its very end wins.
    check(
        &every(),
        "10 pause-until 100; 50 success; 105 tick",
        "10 new→paused (Paused)\n50 paused→new (Unpaused)\n50 new→up",
    );
    check(
        &every(),
        "10 pause-until 100; 100 success; 160 tick",
        "10 new→paused (Paused)\n100 paused→new (Unpaused)\n100 new→up",
    );
    check(
        &every(),
        "10 pause-until 100; 50 unpause; 105 tick",
        "10 new→paused (Paused)\n50 paused→new (Unpaused)",
    );
    // When it is paused again, the later end holds.
    check(&every(), "10 pause; 20 pause-until 100; 101 tick", paused);
    check(&every(), "10 pause-until 50; 20 pause-until 100; 101 tick", paused);
    check(&every(), "10 pause-until 100; 20 pause; 500 tick", "10 new→paused (Paused)");
    check(&every(), "10 pause-until 5; 20 tick", "10 new→paused (Paused)\n10 paused→new (Unpaused)");
    // A pause by the file stays.
    let by_file = Spec { paused: true, ..every() };
    check(&by_file, "10 pause-until 100; 500 tick", "");
    // A check that was bad before is bad again.
    check(
        &every(),
        "10 fail; 20 pause-until 100; 101 tick",
        "10 new→failing failed\n20 failing→paused failed (Paused)\n100 paused→failing failed (Unpaused)",
    );
    let run = check(
        &every(),
        "10 pause-until 100; 20 archive",
        "10 new→paused (Paused)\n20 paused→archived (Archived)",
    );
    assert_eq!(run.state.pause, crate::core::state::Pause::default());
}

/// 7.1: a pause by the file holds until the file says otherwise.
#[test]
fn a_pause_by_the_file_holds_over_pings() {
    let paused = Spec { paused: true, ..every() };
    check_all(
        &every(),
        &[paused.clone(), every()],
        "10 change 1; 20 success; 30 unpause; 500 tick; 600 change 2; 671 tick",
        "10 new→paused (Paused)\n600 paused→up (Unpaused)\n670 up→late missing",
    );
    let run = check(&paused, "500 success; 600 tick", "");
    assert_eq!(run.state.status().as_str(), "paused");
}

/// 4.1: the ten minutes count from the start itself, even across a pause.
#[test]
fn a_start_after_a_pause_is_no_repeat_of_an_old_one() {
    let spec = Spec { start_within: Some(Span::mins(5)), max_runtime: Some(Span::mins(30)), ..hourly() };
    check(
        &spec,
        "3000 start rid=a; 3500 pause; 3550 unpause; 3700 start rid=a; 3950 success rid=a",
        "3500 new→paused (Paused)\n3550 paused→new (Unpaused)\n3950 new→up",
    );
}

/// 1.1, 14.2: causes that a clock that was ahead began are of one moment then, and stand as their row is read.
#[test]
fn causes_of_one_moment_stand_by_their_kinds_after_the_clock_was_set_back() {
    let mut run = Run::new(&Spec { min_runtime: Some(Span::secs(30)), ..every() });
    run.script(&parse("10 start; 20 success; 30 fail"), &[], &[]);
    assert_eq!(list(&run.state.causes), " too_short failed");
    run.feed(Input::SetBack, time("15"));
    assert_eq!(list(&run.state.causes), " failed too_short");
}
