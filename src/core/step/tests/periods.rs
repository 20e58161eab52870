//! 2.6: judged like a period, by the one that applies.

use super::*;
use crate::core::periods::Periods;

/// A schedule of periods without grace.
fn periods(text: &str) -> Spec {
    Spec { schedule: Schedule::Periods(Periods::parse(text).unwrap()), grace: Span::ZERO, ..every() }
}

/// 2.6: from 0:00 every 60 s, from 0:10 every 120 s, from 0:20 nothing.
fn three() -> Spec {
    periods("0-9 * * * * 60; 10-19 * * * * 120")
}

#[test]
fn the_period_that_applies_says_when_it_is_late() {
    check(&three(), "60 success; 120 success; 180.001 tick", "60 new→up\n180 up→late missing");
    check(&three(), "60 success; 120 success; 180 success; 240 tick", "60 new→up");
    check(
        &three(),
        "10 success; 660 success; 780.001 tick",
        "10 new→up\n70 up→late missing\n660 late→up\n780 up→late missing",
    );
}

/// 2.6: the next range's period applies, but not before that range begins.
#[test]
fn at_a_ranges_end_the_next_ranges_period_applies() {
    check(
        &three(),
        "60 success; 110 success; 165 success; 220 success; 275 success; 330 success; 385 success; \
        440 success; 495 success; 550 success; 670.001 tick",
        "60 new→up\n670 up→late missing",
    );
}

/// 2.6: nothing is late in a gap; after it, a whole period must pass.
#[test]
fn a_gap_is_as_if_paused() {
    let quiet = "60 new→up\n120 up→late missing\n1150 late→up";
    check(&three(), "60 success; 1150 success; 3660 tick", quiet);
    check(&three(), "60 success; 1150 success; 3660.001 tick", &format!("{quiet}\n3660 up→late missing"));
    check(&three(), "60 success; 1150 success; 1300 success; 3660 success; 3700 tick", quiet);
}

/// 2.1: a declaration in a gap is due after it.
#[test]
fn a_check_declared_in_a_gap_waits_for_its_end() {
    let later = periods("30-59 * * * * 60");
    check(&later, "1860 tick", "");
    check(&later, "1860.001 tick", "1860 new→late never_seen");
}

/// 9.4, 9.5: the margin is that of the period that applies; an unknown check is judged again from the window's end.
#[test]
fn blindness_is_that_of_a_period() {
    check(&three(), "60 success; 101 blind 100-101; 161.001 tick", "60 new→up\n161 up→late missing");
    let unknown = "60 new→up\n420 up→unknown blind(missing)";
    check(&three(), "60 success; 420 blind 100-420; 480 tick", unknown);
    check(
        &three(),
        "60 success; 420 blind 100-420; 480.001 tick",
        &format!("{unknown}\n480 unknown→late missing"),
    );
}

/// 9.5: a success in the window would not have been due later, so the check is late all the same, but not before the
/// time at which we could not tell.
#[test]
fn blindness_that_makes_no_difference_leaves_it_late() {
    let first_is_long = periods("10 * * * * 3000; 11-59 * * * * 60");
    let late = "60 new→up\n3600 up→late missing";
    // The deadline is the same before, in and after the gap.
    check(&first_is_long, "60 success; 400 blind 200-400; 3600 tick", "60 new→up");
    check(&first_is_long, "60 success; 400 blind 200-400; 3600.001 tick", late);
    // Counted from the window's end, it was 720.
    check(&first_is_long, "60 success; 660 blind 200-660; 3600.001 tick", late);
}

/// 10.2: the earliest due time is counted from the change.
#[test]
fn a_change_to_periods_counts_from_the_change() {
    let mut run = Run::new(&every());
    run.script(&parse("60 success; 100 tick"), &[], &[]);
    let changed = step(&every(), run.state.clone(), &Input::Change(three().into()), time("100"), &run.blind);
    assert_eq!(deadline(&three(), &changed.state, &run.blind), Some(time("160")));
}

/// 3.7: the window is the longest period and its grace.
#[test]
fn the_window_is_the_longest_period_and_grace() {
    let mut definition = crate::core::fixtures::definition();
    definition.spec = Spec { grace: Span::secs(5), ..three() }.into();
    assert_eq!(definition.count_window(), Span::secs(125));
}

/// 1.3, 4.3, 9.5: a start from before a blind window counts no more; what was due first is told beside what was due later.
#[test]
fn a_start_that_counts_no_more_hides_no_cause() {
    let spec =
        Spec { grace: Span::mins(22), start_within: Some(Span::mins(11)), ..periods("30 */4 * * * 5400") };
    let blind = "12300 blind 12000-12300; 22920 tick; 22920.001 tick";
    check(
        &spec,
        &format!("7000 success; 8000 start; {blind}"),
        "7000 new→up\n22920 up→late missing not_started",
    );
    check(
        &spec,
        &format!("7000 success; {blind}"),
        "7000 new→up\n22260 up→late not_started\n22920 late→late not_started missing",
    );
}

/// 4.3: what blindness has moved to one time is one.
#[test]
fn a_check_is_not_called_not_started_at_the_time_at_which_it_is_missing() {
    let close = Spec { start_within: Some(Span::secs(570)), ..hourly() };
    check(&close, "10 success; 4165 blind 4160-4165; 4285.001 tick", "10 new→up\n4285 up→late missing");
}
