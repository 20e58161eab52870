//! §3: counted checks.

use super::*;

/// Three successes within 5 min, judged every 5 min.
fn at_five(at_least: Option<u32>, at_most: Option<u32>, grace_secs: i64) -> Spec {
    let expect = expect(at_least, at_most, 300);
    let schedule = Schedule::CountedAt(occurrences("*/5 * * * *"), expect);
    Spec { schedule, grace: Span::secs(grace_secs), ..every() }
}

fn sliding(at_least: Option<u32>, at_most: Option<u32>, within: i64, grace_secs: i64) -> Spec {
    let schedule = Schedule::Counted(expect(at_least, at_most, within));
    Spec { schedule, grace: Span::secs(grace_secs), ..every() }
}

fn judged(run: &Run) -> Vec<(i64, u32, bool)> {
    run.met.iter().map(|(at, count, met)| (at.as_ms() / 1000, *count, *met)).collect()
}

/// 3.1, 3.6: the window is (T − W, T], and there is a row for every judgement.
#[test]
fn successes_up_to_the_occurrence_count_for_it() {
    let run = check(
        &at_five(Some(2), None, 0),
        "1 success; 300 success; 301 tick; 300.5 tick; 600 success; 601 tick",
        "1 new→up\n600 up→late too_few",
    );
    assert_eq!(judged(&run), [(300, 2, true), (600, 1, false)]);
}

/// 3.1: a success in the grace fills a shortfall, but never counts for at_most.
#[test]
fn the_grace_fills_a_shortfall_only() {
    let run = check(&at_five(Some(2), Some(2), 60), "10 success; 310 success; 400 tick", "10 new→up");
    assert_eq!(judged(&run), [(300, 2, true)]);
    check(&at_five(Some(1), Some(1), 60), "10 success; 310 success; 400 tick", "10 new→up");
    check(
        &at_five(Some(2), None, 60),
        "10 success; 361 success",
        "10 new→up\n360 up→late too_few\n361 late→up",
    );
}

/// 3.1: more than M at T; the next occurrence judges anew.
#[test]
fn too_many_holds_until_an_occurrence_fits() {
    check(
        &at_five(None, Some(1), 0),
        "10 success; 20 success; 301 tick; 601 tick",
        "10 new→up\n300 up→failing too_many\n600 failing→up",
    );
}

/// 3.1: the window must lie wholly after the declaration.
#[test]
fn a_window_from_before_the_declaration_is_not_judged() {
    let expect = expect(Some(1), None, 600);
    let spec =
        Spec { schedule: Schedule::CountedAt(occurrences("*/5 * * * *"), expect), ..at_five(None, None, 0) };
    let run = check(&spec, "601 tick", "600 new→late too_few");
    assert_eq!(judged(&run), [(600, 0, false)]);
}

/// 3.3: while the check is late for T, each success judges (T − W, now] again.
#[test]
fn a_repeated_job_clears_its_lateness() {
    check(
        &at_five(Some(2), None, 0),
        "10 success; 301 tick; 310 success",
        "10 new→up\n300 up→late too_few\n310 late→up",
    );
    check(&at_five(Some(2), None, 0), "301 tick; 310 success; 601 tick", "300 new→late too_few");
}

/// 3.4: at_least is judged after a full window, and slides.
#[test]
fn a_sliding_count_is_judged_all_the_time() {
    check(&sliding(Some(1), None, 60, 0), "60 tick", "");
    check(
        &sliding(Some(1), None, 60, 0),
        "60.001 tick; 70 success; 131 tick",
        "60 new→late too_few\n70 late→up\n130 up→late too_few",
    );
    check(
        &sliding(Some(2), None, 60, 10),
        "10 success; 50 success; 75 success; 90 tick; 121 tick",
        "10 new→up\n120 up→late too_few",
    );
}

/// 3.4: too many at once; it ends when the count fits.
#[test]
fn a_sliding_count_can_be_too_high() {
    check(
        &sliding(None, Some(2), 60, 0),
        "10 success; 20 success; 30 success; 71 tick",
        "10 new→up\n30 up→failing too_many\n70 failing→up",
    );
    check(&sliding(None, Some(0), 60, 0), "10 success; 71 tick", "10 new→failing too_many\n70 failing→up");
    check(
        &sliding(None, Some(1), 60, 0),
        "10 success; 20 success; 70 success; 85 tick; 131 tick",
        "10 new→up\n20 up→failing too_many\n80 failing→up",
    );
}

/// 3.5: beyond a thousand, all of a bucket (here of 3 s) counts as long as the newest of it.
#[test]
fn thousands_are_counted() {
    let each_second = (1..=3000).map(|at| format!("{at} success; ")).collect::<String>();
    check(
        &sliding(Some(2500), None, 3000, 0),
        &format!("{each_second}3400 tick; 3600 tick"),
        "1 new→up\n3501 up→late too_few",
    );
    check(
        &sliding(None, Some(2000), 3000, 0),
        &format!("{each_second}3900 tick; 4100 tick"),
        "1 new→up\n2001 up→failing too_many\n4002 failing→up",
    );
}

/// 3.4: a pause restarts the window.
#[test]
fn a_sliding_count_begins_anew_after_a_pause() {
    check(
        &sliding(Some(1), None, 60, 0),
        "10 success; 20 pause; 200 unpause; 260 tick; 260.001 tick",
        "10 new→up\n20 up→paused (Paused)\n200 paused→up (Unpaused)\n260 up→late too_few",
    );
}

/// 4.1, 3.7: a repeated ping counts once.
#[test]
fn a_repeated_success_counts_once() {
    check(
        &sliding(Some(2), None, 60, 0),
        "10 success rid=a; 20 success rid=a; 61 tick",
        "10 new→up\n60 up→late too_few",
    );
}

/// 1.4: a step is bounded, however many occurrences were missed.
#[test]
fn a_step_settles_a_bounded_number_of_occurrences() {
    let mut run = Run::new(&at_five(None, Some(1), 0));
    run.feed(Input::Tick, time("90000000"));
    assert_eq!(run.met.len(), super::super::MAX_TRANSITIONS);
    assert!(deadline(&run.spec, &run.state, &run.blind).unwrap() >= time("90000000"));
}

/// 3.4, 7.3: successes that leave the window during a pause have left it when the pause is over.
#[test]
fn a_sliding_count_that_fits_again_in_a_pause_fits_after_it() {
    check(
        &sliding(None, Some(2), 60, 0),
        "10 success; 20 success; 30 success; 40 pause; 200 success; 201 tick",
        "10 new→up\n30 up→failing too_many\n40 failing→paused too_many (Paused)
         200 paused→failing too_many (Unpaused)\n200 failing→up",
    );
}

/// 1.1: after a wrong date, occurrences are judged again, whatever was settled by that date.
#[test]
fn a_wrong_date_does_not_end_the_counting() {
    let expect = expect(Some(1), None, 60);
    let spec =
        Spec { schedule: Schedule::CountedAt(occurrences("* * * * *"), expect), ..at_five(None, None, 0) };
    let mut run = Run::new(&spec);
    run.feed(Input::Tick, time("2000000000"));
    run.feed(Input::Tick, time("400000"));
    assert!(deadline(&run.spec, &run.state, &run.blind).unwrap() < time("400121"));
}

/// 1.1: successes from a clock that was ahead keep their distances, so they are not all at one moment.
#[test]
fn a_clock_set_back_does_not_make_too_many() {
    let mut run = Run::new(&at_five(None, Some(2), 0));
    run.script(&parse("10 success; 1000 success; 1400 success; 2000 success"), &[], &[]);
    run.feed(Input::Tick, time("550"));
    run.feed(Input::Tick, time("700"));
    assert_eq!(run.told(), "10 new→up\n");
}

/// 10.2, 3.1: a change of something else leaves a count to its next occurrence; causes survive a pause (7.3).
#[test]
fn too_many_outlives_a_change_of_something_else() {
    let paused = Spec { paused: true, ..at_five(None, Some(1), 0) };
    check_all(
        &at_five(None, Some(1), 0),
        &[paused],
        "10 success; 20 success; 301 tick; 590 change 1",
        "10 new→up\n300 up→failing too_many\n590 failing→paused too_many (Paused)",
    );
}

/// 3.1, 11.1: between too many and too few at once there is no moment at which the check was good.
#[test]
fn from_too_many_to_too_few_is_one_flip() {
    let run = check(
        &at_five(Some(1), Some(1), 0),
        "10 success; 20 success; 601 tick",
        "10 new→up\n300 up→failing too_many\n600 failing→late too_few",
    );
    assert_eq!(judged(&run), [(300, 2, false), (600, 0, false)]);
}

/// 1.1h: what a wrong date's absence kept from being late is not late at once.
#[test]
fn a_sliding_count_is_not_late_at_once_because_the_clock_was_set_back() {
    let check = |within, script: &str, back: &str, (quiet, late): (&str, &str)| {
        let mut run = Run::new(&sliding(Some(2), None, within, 5));
        run.script(&parse(script), &[], &[]);
        assert_eq!(run.told(), "1 new→up\n", "before");
        run.blind.bring_back_to(time(back));
        run.feed(Input::SetBack, time(back));
        run.script(&parse(&format!("{quiet} tick")), &[], &[]);
        assert_eq!(run.told(), "1 new→up\n", "at {quiet}");
        run.script(&parse(&format!("{quiet}.001 tick")), &[], &[]);
        assert_eq!(run.told(), format!("1 new→up\n{late}\n"));
    };
    let script = "1 success; 20 success; 40 success; 60 success; 80 success; 100 success; 120 success; 172 blind 124-172; 179 success";
    check(43, script, "100", ("143", "143 up→late too_few"));
    // A second later it would have been.
    check(60, script, "100", ("160", "160 up→late too_few"));
}

/// 1.1h: a clock that jumps to and fro silences no job that is dead, though it still says something.
#[test]
fn a_sliding_count_is_late_though_the_clock_is_set_back_again_and_again() {
    let mut run = Run::new(&sliding(Some(1), None, 600, 0));
    run.script(&parse("1 success"), &[], &[]);
    for at in (1..24).map(|round| round * 300) {
        let (ahead, back) = (at + 60, Time::from_secs(at));
        run.script(&parse(&format!("{ahead} blind {at}-{ahead}; {} log", ahead + 1)), &[], &[]);
        run.blind.bring_back_to(back);
        run.feed(Input::SetBack, back);
    }
    assert!(run.told().contains("too_few"), "{}", run.told());
}
