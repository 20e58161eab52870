//! §10: changes of configuration.

use super::*;

/// 10.2: a changed schedule judges only what is due after the change; for `every` the change + P.
#[test]
fn a_shorter_period_counts_from_the_change() {
    let long = Spec { schedule: Schedule::Every(Span::mins(60)), ..every() };
    check_all(&long, &[every()], "10 success; 1000 change 1; 1070 tick", "10 new→up");
    check_all(&long, &[every()], "10 success; 1000 change 1; 1071 tick", "10 new→up\n1070 up→late missing");
}

/// 10.2
#[test]
fn a_changed_cron_judges_occurrences_after_the_change() {
    let half = Spec { schedule: Schedule::At(occurrences("30 * * * *")), ..hourly() };
    check_all(
        &hourly(),
        &[half],
        "10 success; 2000 change 1; 6000 tick; 6001 tick",
        "10 new→up\n6000 up→late missing",
    );
}

/// 10.2: a lateness ends only if the new spec over the stored facts is not late.
#[test]
fn a_lateness_ends_only_if_the_new_spec_is_not_late() {
    let longer = Spec { schedule: Schedule::Every(Span::mins(60)), ..every() };
    let late = "10 new→up\n80 up→late missing";
    check_all(&every(), &[longer], "10 success; 100 change 1", &format!("{late}\n100 late→up (Changed)"));
    let shorter = Spec { schedule: Schedule::Every(Span::secs(30)), ..every() };
    check_all(&every(), &[shorter], "10 success; 100 change 1; 500 tick", late);
    let gracious = Spec { grace: Span::mins(10), ..every() };
    check_all(&every(), &[gracious], "10 success; 100 change 1", &format!("{late}\n100 late→up (Changed)"));
}

/// 10.2: only a change of what is judged counts as a change.
#[test]
fn an_equal_spec_changes_nothing() {
    check_all(&every(), &[every()], "10 success; 50 change 1; 81 tick", "10 new→up\n80 up→late missing");
}

/// 10.2: causes that the new spec does not know end.
#[test]
fn a_cause_that_the_new_spec_cannot_have_ends() {
    let expect = expect(None, Some(0), 600);
    let none = Spec { schedule: Schedule::Counted(expect), grace: Span::ZERO, ..every() };
    check_all(
        &none,
        &[every()],
        "10 success; 20 change 1",
        "10 new→failing too_many\n20 failing→up (Changed)",
    );
    let alone = Spec { overlap: Overlap::Fail, max_runtime: Some(Span::mins(10)), ..every() };
    let script = "10 start rid=a; 20 start rid=b; 30 change 1";
    check_all(&alone, &[every()], script, "20 new→failing overlapping\n30 failing→new (Changed)");
}

/// 10.2: an overrun ends if the run is not too long by the new limit, and is judged again by it.
#[test]
fn an_overrun_is_judged_again_by_a_longer_limit() {
    let short = Spec { max_runtime: Some(Span::mins(5)), ..hourly() };
    let long = Spec { max_runtime: Some(Span::mins(30)), ..hourly() };
    check_all(
        &short,
        &[long],
        "3600 start; 4000 change 1; 5401 tick",
        "3900 new→late overrun\n4000 late→new (Changed)\n5400 new→late overrun",
    );
}

/// 10.3: when it is archived, its causes end; when it returns, it is armed from now and keeps its history.
#[test]
fn an_archived_check_is_silent_and_returns_armed() {
    let run = check_all(
        &every(),
        &[every()],
        "10 success; 100 tick; 110 archive; 120 success; 500 tick; 600 return 1; 671 tick",
        "10 new→up\n80 up→late missing\n110 late→archived (Archived)\n600 archived→up (Returned)\n670 up→late missing",
    );
    assert_eq!(run.state.counters.pings, [1, 0, 0, 0]);
}

/// 10.1: what is past is settled by the old spec first, each at its own time.
#[test]
fn what_was_late_before_the_change_was_late() {
    let longer = Spec { schedule: Schedule::Every(Span::mins(60)), ..every() };
    check_all(&every(), &[longer], "100 change 1", "70 new→late never_seen\n100 late→new (Changed)");
}

/// 10.2, 6.3: a check that a shorter grace makes late is late from the change on, not from the past.
#[test]
fn what_a_change_finds_late_is_late_from_the_change() {
    let strict = Spec { grace: Span::ZERO, overlap: Overlap::Fail, ..every() };
    let lenient = Spec { grace: Span::mins(5), ..strict.clone() };
    check_all(
        &lenient,
        &[strict],
        "10 success; 100 start rid=a; 110 start rid=b; 120 change 1",
        "10 new→up\n110 up→failing overlapping\n120 failing→failing overlapping missing",
    );
}

/// 10.2: if the new spec cannot tell, a lateness neither ends nor begins again.
#[test]
fn a_lateness_does_not_end_because_we_were_away() {
    let gracious = Spec { grace: Span::secs(20), ..every() };
    check_all(
        &every(),
        &[Spec { grace: Span::secs(15), ..every() }, gracious],
        "10 success; 81 tick; 400 blind 82-400; 500 change 1; 600 change 2",
        "10 new→up\n80 up→late missing",
    );
}

/// 10.2: a change that has nothing to do with lateness ends none.
#[test]
fn an_unrelated_change_ends_no_lateness() {
    let spec = Spec { failures_before_alert: 3, ..hourly() };
    let other = Spec { manual_resume: true, ..spec.clone() };
    check_all(&spec, &[other], "10 success; 4300 fail; 4400 change 1", "10 new→up\n4200 up→late missing");
    let spec = Spec { max_runtime: Some(Span::mins(5)), ..hourly() };
    let other = Spec { manual_resume: true, ..spec.clone() };
    check_all(&spec, &[other], "10 success; 1000 start; 2000 change 1", "10 new→up\n1300 up→late overrun");
    let gracious = Spec { grace: Span::mins(20), ..spec.clone() };
    check_all(&spec, &[gracious], "10 success; 1000 start; 2000 change 1", "10 new→up\n1300 up→late overrun");
}

/// 3.3, 10.2: a lateness from before the check was counted ends with the successes of the last occurrence.
#[test]
fn a_lateness_from_before_counting_is_ended_by_a_success() {
    let counted = Schedule::CountedAt(occurrences("0 * * * *"), expect(Some(1), None, 7200));
    let counted = Spec { schedule: counted, grace: Span::ZERO, ..every() };
    check_all(
        &hourly(),
        &[counted],
        "4400 change 1; 4500 success",
        "4200 new→late never_seen\n4400 late→late too_few (Changed)\n4500 late→up",
    );
}

/// 9.5, 10.2: for a check that expects nothing, nothing could end its blindness.
#[test]
fn what_expects_nothing_is_not_unknown() {
    let never = Schedule::CountedAt(occurrences("0 * * * *"), expect(None, Some(0), 3600));
    let never = Spec { schedule: never, grace: Span::ZERO, ..every() };
    check_all(
        &hourly(),
        &[never],
        "10 success; 4000 blind 3000-4000; 4300 change 1",
        "10 new→up\n4200 up→unknown blind(missing)\n4300 unknown→up (Changed)",
    );
}
