//! §9: blindness.

use super::*;

/// 9.2: a deadline before the window is judged at once, as if we had been there.
#[test]
fn what_was_overdue_before_is_late_at_once() {
    check(&every(), "60 success; 1000 blind 130-1000; 1000.001 tick", "60 new→up\n130 up→late missing");
}

/// 9.5: with more than two minutes we cannot tell; a success or fail ends that.
#[test]
fn due_while_we_were_away_is_unknown() {
    let away = "60 success; 720 blind 120-720; 721 tick";
    check(&every(), away, "60 new→up\n720 up→unknown blind(missing)");
    check(
        &every(),
        &format!("{away}; 730 success"),
        "60 new→up\n720 up→unknown blind(missing)\n730 unknown→up",
    );
    check(
        &every(),
        &format!("{away}; 730 fail"),
        "60 new→up\n720 up→unknown blind(missing)\n730 unknown→failing failed",
    );
}

/// 9.5: judged again at the window's end + P + grace.
#[test]
fn unknown_becomes_late_when_it_may_be() {
    check(
        &every(),
        "60 success; 720 blind 120-720; 790 tick; 790.001 tick",
        "60 new→up\n720 up→unknown blind(missing)\n790 unknown→late missing",
    );
    check(
        &hourly(),
        "10 success; 4000 blind 3000-4000; 7800 tick; 7801 tick",
        "10 new→up\n4200 up→unknown blind(missing)\n7800 unknown→late missing",
    );
}

/// 9.3: for cron only (due − early, deadline] is evidence.
#[test]
fn blindness_before_an_occurrence_does_not_matter_to_it() {
    check(&hourly(), "10 success; 3595 blind 1000-3595; 4201 tick", "10 new→up\n4200 up→late missing");
    check(
        &hourly(),
        "10 success; 3596 blind 1000-3596; 4202 tick; 4321 tick",
        "10 new→up\n4200 up→late missing",
    );
}

/// 9.4: a short restart moves the deadline, so that pings that are tried again arrive in time.
#[test]
fn a_restart_at_the_due_time_makes_no_page_for_a_job_that_retries() {
    check(&hourly(), "10 success; 4203 blind 4198-4203; 4210 success", "10 new→up");
    check(&hourly(), "10 success; 4203 blind 4198-4203; 4324 tick", "10 new→up\n4323 up→late missing");
    check(&every(), "60 success; 132 blind 127-132; 195 success", "60 new→up");
    check(&every(), "60 success; 132 blind 127-132; 203 tick", "60 new→up\n202 up→late missing");
}

/// 9.4: blindness is summed over the evidence.
#[test]
fn many_short_restarts_are_one_long_one() {
    let spec = Spec { schedule: Schedule::Every(Span::mins(60)), grace: Span::ZERO, ..every() };
    let restarts: String =
        (1..=13).map(|i| format!("{} blind {}-{};", i * 100 + 10, i * 100, i * 100 + 10)).collect();
    check(&spec, &format!("1 success; {restarts} 3602 tick"), "1 new→up\n3601 up→unknown blind(missing)");
}

/// 9.4: after repeated restarts the check is unknown instead of silent.
#[test]
fn restarts_without_end_do_not_silence_a_check() {
    let restarts: String =
        (0..90).map(|i| format!("{} blind {}-{}.5;", 130 + i * 60, 129 + i * 60, 129 + i * 60)).collect();
    let mut run = Run::new(&every());
    run.script(&parse(&format!("60 success; {restarts} 5600 tick")), &[], &[]);
    let first = run.flips.iter().find(|flip| flip.at > time("60")).unwrap();
    assert_eq!(first.to.as_str(), "unknown");
    assert!(first.at < time("1200"), "{}", first.at);
}

/// 9.4: the start may have been lost, so a job that may take an hour gets an hour.
#[test]
fn blindness_in_a_start_window_waits_for_the_run() {
    let spec = Spec { max_runtime: Some(Span::mins(40)), ..hourly() };
    check(&spec, "10 success; 3605 blind 3599-3605; 5900 success", "10 new→up");
    check(&spec, "10 success; 3605 blind 3599-3605; 6006 tick", "10 new→up\n6005 up→late missing");
}

/// 9.3: the evidence of an overrun is its run.
#[test]
fn an_end_that_may_have_been_lost_is_unknown() {
    let spec = Spec { max_runtime: Some(Span::mins(5)), ..hourly() };
    check(&spec, "3600 start; 3900 blind 3700-3900; 3901 tick", "3900 new→unknown blind(overrun)");
    check(&spec, "3600 start; 3705 blind 3700-3705; 3901 tick", "3900 new→late overrun");
}

/// 9.1: a 503 makes that check blind for the moment.
#[test]
fn a_refused_ping_moves_the_deadline() {
    check(&hourly(), "10 success; 4190 refused; 4300 success", "10 new→up");
    check(&hourly(), "10 success; 4190 refused; 4311 tick", "10 new→up\n4310 up→late missing");
}

/// 9.1: a refusal that could not be stored at once counts from its own time.
#[test]
fn a_refusal_that_is_stored_late_counts_from_its_own_time() {
    let mut run = Run::new(&hourly());
    let script = parse("10 success; 4203 refused at=4199; 4300 success");
    run.script(&script, &[], &[]);
    assert_eq!(run.told(), "10 new→up\n");
}

/// 9.1: in one turn, a start was taken and the success after it was refused.
#[test]
fn a_refusal_that_is_told_before_its_own_time_counts_from_that() {
    let mut run = Run::new(&hourly());
    let script = parse("10 success; 4100 refused at=4199; 4300 success");
    run.script(&script, &[], &[]);
    assert_eq!(run.told(), "10 new→up\n");
}

/// 9.1, 9.4: somebody who makes us refuse requests without end silences a check for no longer than that.
#[test]
fn requests_refused_without_end_hide_a_dead_job_for_half_an_hour_at_most() {
    let slow = Spec { max_runtime: Some(Span::mins(360)), ..hourly() };
    for spec in [every(), hourly(), slow] {
        let state = State::declared(&spec, Time::from_secs(0));
        let due = deadline(&spec, &state, &BlindWindows::default()).expect("it has one");
        let mut blind = BlindWindows::default();
        let seen_at = (0..20_000).map(Time::from_secs).find(|now| {
            blind.add_refusals(Window { from: *now - Span::secs(1), to: *now + Span::secs(1) });
            let seen = view(&spec, &state, *now, &blind);
            seen.late || seen.unknown
        });
        let seen_at = seen_at.expect("it is told");
        assert!(due < seen_at && seen_at <= due + Span::mins(30) + Span::secs(1), "{due}: {seen_at}");
    }
}

/// 3.4, 9.4: a restart of five seconds must not double the time to detection.
#[test]
fn a_restart_moves_a_sliding_count_by_a_quarter_of_an_hour_at_most() {
    let sliding = |within| Spec {
        schedule: Schedule::Counted(expect(Some(1), None, within)),
        grace: Span::ZERO,
        ..every()
    };
    let day = sliding(86_400);
    check(&day, "10 success; 82805 blind 82800-82805; 86411 tick", "10 new→up\n86410 up→late too_few");
    check(&day, "10 success; 86405 blind 86400-86405; 87306 tick", "10 new→up\n87305 up→late too_few");
    check(&day, "10 success; 86405 blind 86400-86405; 87305 success", "10 new→up");
    let hour = sliding(600);
    check(&hour, "10 success; 605 blind 600-605; 1206 tick", "10 new→up\n1205 up→late too_few");
}

/// 9.4: no deadline moves beyond deadline + m + 15 min.
#[test]
fn blindness_that_would_move_a_deadline_too_far_makes_it_unknown() {
    let spec = Spec { schedule: Schedule::Counted(expect(Some(1), None, 7200)), ..every() };
    let spec = Spec { grace: Span::ZERO, ..spec };
    let restarts = |last: i64| -> String {
        (0..=last)
            .map(|i| format!("{} blind {}-{};", 7201 + i * 600, 7200 + i * 600, 7201 + i * 600))
            .collect()
    };
    check(&spec, &format!("10 success; {} 9002 tick", restarts(1)), "10 new→up\n8701 up→late too_few");
    check(
        &spec,
        &format!("10 success; {} 9602 tick", restarts(2)),
        "10 new→up\n8401 up→unknown blind(too_few)",
    );
}

/// 9.5: for expect, the first window that was wholly seen is judged; at_most stays valid.
#[test]
fn a_count_is_judged_again_in_the_first_window_wholly_seen() {
    let expect = expect(Some(2), Some(3), 300);
    let spec = Spec {
        schedule: Schedule::CountedAt(occurrences("*/5 * * * *"), expect),
        grace: Span::ZERO,
        ..every()
    };
    check(
        &spec,
        "10 success; 20 success; 500 blind 310-500; 601 tick; 900 tick",
        "10 new→up\n600 up→unknown blind(too_few)",
    );
    check(
        &spec,
        "10 success; 20 success; 500 blind 310-500; 601 tick; 901 tick; 1201 tick",
        "10 new→up\n600 up→unknown blind(too_few)\n900 unknown→late too_few",
    );
}

/// 9.3, 9.4, 3.4: a sliding count waits for a full window after a restart.
#[test]
fn a_sliding_count_waits_a_window_after_a_restart() {
    let spec = Spec { schedule: Schedule::Counted(expect(Some(4), None, 60)), grace: Span::ZERO, ..every() };
    let steady: String = (1..10).map(|i| format!("{} success;", i * 14)).collect();
    check(
        &spec,
        &format!("{steady} 140 blind 130-140; 150 success; 164 success; 178 success; 199 success"),
        "14 new→up",
    );
    check(&spec, &format!("{steady} 140 blind 130-140; 201 tick"), "14 new→up\n200 up→late too_few");
}

/// 7: while a check is paused, nothing is judged, blind or not.
#[test]
fn a_paused_check_is_not_unknown() {
    check(&every(), "10 pause; 900 blind 100-900; 901 tick", "10 new→paused (Paused)");
}

/// 4.2, 9.4: each run has its own limit; blindness in an older run does not move that of a younger one.
#[test]
fn a_younger_run_does_not_wait_for_an_older_one() {
    let spec = Spec { max_runtime: Some(Span::secs(40)), ..every() };
    check(
        &spec,
        "80 start rid=a; 110 blind 80-110; 110 start rid=b; 190 success rid=a",
        "70 new→late never_seen\n150 late→late never_seen overrun\n190 late→up",
    );
}

/// 9.1, 9.4: a job that is refused repeatedly is not called missing; after a quarter of an hour we cannot tell.
#[test]
fn a_job_refused_all_the_time_is_not_missing() {
    let refusals: String = (0..60).map(|i| format!("{} refused;", 4190 + i * 10)).collect();
    check(&hourly(), &format!("10 success; {refusals} 4860 success"), "10 new→up");
    let refusals: String = (0..120).map(|i| format!("{} refused;", 4190 + i * 10)).collect();
    let run = check_quietly(&hourly(), &format!("10 success; {refusals} 5400 tick"));
    assert!(run.told().ends_with("up→unknown blind(missing)\n"), "{}", run.told());
}

/// 9.1: whatever the number of refused pings in a row, and however short the period.
#[test]
fn a_short_period_that_is_refused_again_and_again_is_not_late() {
    for (period, grace) in [(7, 1), (3, 0), (10, 2)] {
        let spec =
            Spec { schedule: Schedule::Every(Span::secs(period)), grace: Span::secs(grace), ..every() };
        let refusals: String = (1..=80).map(|i| format!("{} refused;", 1 + i * period)).collect();
        let late = 1 + 80 * period + period + grace;
        let script = format!("1 success; {refusals} {late} tick; {}.001 tick", late);
        check(&spec, &script, &format!("1 new→up\n{late} up→late missing"));
    }
}

/// 9.1, 9.3: many refusals in a row keep the stretch of the first one alive, whatever the evidence is. The first
/// refusal comes before the last discharge, the second after the deadline.
#[test]
fn no_refusal_that_may_be_evidence_is_forgotten() {
    let every_24h = occurrences("0,10 2 * * *");
    let early = Spec { max_runtime: Some(Span::mins(20)), early: Some(Span::mins(30)), ..every() };
    let early = Spec { schedule: Schedule::At(every_24h), grace: Span::ZERO, ..early };
    let sliding = Spec { schedule: Schedule::Counted(expect(Some(2), None, 600)), ..every() };
    let sliding = Spec { grace: Span::ZERO, ..sliding };
    let at_fives = Schedule::CountedAt(occurrences("*/5 * * * *"), expect(Some(2), None, 300));
    let at_fives = Spec { schedule: at_fives, grace: Span::secs(30), ..every() };
    let run = Spec { max_runtime: Some(Span::mins(5)), ..hourly() };
    for (spec, before, next, step, late) in [
        (early, "6700 refused; 7080 success;", 7860, 20, "late missing"),
        (sliding, "100 success; 600 refused; 690 success;", 701, 20, "late too_few"),
        (at_fives, "100 success; 200 success; 520 refused; 595 success;", 635, 20, "late too_few"),
        (
            run,
            "3500 start rid=b; 3600 start rid=a; 3800 refused; 3895 success rid=b;",
            3901,
            20,
            "late overrun",
        ),
    ] {
        let refusals: String = (0..30).map(|i| format!("{} refused;", next + i * step)).collect();
        let last = next + 29 * step;
        let told = check_quietly(&spec, &format!("{before} {refusals} {} tick", last + 3600)).told();
        let first_bad = told.lines().find(|line| line.contains("→late") || line.contains("→unknown"));
        let first_bad = first_bad.unwrap_or_else(|| panic!("nobody hears of it: {told}"));
        let at: f64 = first_bad.split(' ').next().unwrap().parse().unwrap();
        assert!(at > f64::from(last) && first_bad.ends_with(late), "{before} {first_bad}");
    }
}

/// 9.1: the time between two refusals that are joined is not blind; the evidence may have only two blind minutes.
#[test]
fn what_lies_between_joined_refusals_is_no_blindness() {
    let spec = Spec { schedule: Schedule::Every(Span::mins(24 * 60)), grace: Span::secs(600), ..every() };
    let refusals: String = (0..60).map(|i| format!("{} refused;", 100 + i * 1200)).collect();
    check(&spec, &format!("10 success; {refusals} 87100 tick"), "10 new→up\n87010 up→late missing");
}

/// 9.1: when only the number of refusals and the first and last of them are known.
#[test]
fn the_last_of_a_stretch_moves_the_deadline_and_what_was_due_before_it_is_late() {
    let spec = Spec { schedule: Schedule::Every(Span::secs(3)), grace: Span::ZERO, ..every() };
    let told = |script: &str| {
        let mut run = Run::new(&spec);
        run.script(&parse(script), &[], &[]);
        run.told()
    };
    assert_eq!(told("1 success; 10.5 refused 4-10 3; 13 tick"), "1 new→up\n");
    assert_eq!(told("1 success; 10.5 refused 4-10 3; 13.001 tick"), "1 new→up\n13 up→late missing\n");
    assert_eq!(told("1 success; 10.5 refused 5-10 2"), "1 new→up\n4 up→late missing\n");
}

/// 9.4: an absence may lie between two refusals that are joined. Both count, and the later of their ends is the end.
#[test]
fn an_absence_within_a_stretch_of_refusals_counts_with_it() {
    let spec = Spec { schedule: Schedule::Every(Span::mins(120)), grace: Span::ZERO, ..every() };
    let far: String = (0..16).map(|i| format!("{} refused;", 100 + i * 400)).collect();
    let script =
        |back| format!("10 success; {far} 6240 refused; {back} blind 6250-{back}; 6380 refused; 13581 tick");
    check(&spec, &script(6369), "10 new→up\n7280 up→late missing");
    check(&spec, &script(6371), "10 new→up\n7210 up→unknown blind(missing)\n13580 unknown→late missing");
}

/// 9.5: endless restarts do not delay an occurrence for ever.
#[test]
fn restarts_without_end_do_not_silence_a_counted_check() {
    let expect = expect(Some(1), None, 300);
    let spec = Spec {
        schedule: Schedule::CountedAt(occurrences("*/5 * * * *"), expect),
        grace: Span::ZERO,
        ..every()
    };
    let restarts: String =
        (1..60).map(|i| format!("{} blind {}-{};", i * 60 + 31, i * 60 + 30, i * 60 + 31)).collect();
    let run = check_quietly(&spec, &format!("10 success; {restarts} 3600 tick"));
    assert!(run.told().contains("up→unknown blind(too_few)"), "{}", run.told());
    assert!(run.flips[1].at < time("2100"), "{}", run.told());
}

/// 1.1: when the clock is set back, blind windows are moved back too.
#[test]
fn a_window_made_by_a_wrong_date_does_not_blind_us_for_years() {
    let mut run = Run::new(&every());
    run.script(&parse("60 success; 400000000 blind 100-400000000"), &[], &[]);
    run.blind.bring_back_to(time("110"));
    run.script(&parse("400 tick"), &[], &[]);
    assert_eq!(run.told(), "60 new→up\n180 up→late missing\n");
}

/// 9.5, 4.3: a start that was seen after the window has started.
#[test]
fn what_started_after_the_window_is_not_called_not_started() {
    let spec = Spec { schedule: Schedule::Every(Span::mins(65)), grace: Span::mins(18), ..every() };
    let spec = Spec { start_within: Some(Span::mins(9)), ..spec };
    check(
        &spec,
        "60 success; 420 blind 60-420; 1860 start; 5041 tick; 5401 tick",
        "60 new→up\n5040 up→unknown blind(missing)\n5400 unknown→late missing",
    );
}

/// 9.5: once we cannot tell of a run, it serves nothing; what was due meanwhile is late at once.
#[test]
fn what_a_run_that_we_cannot_tell_of_has_served_is_due() {
    let spec = Spec { schedule: Schedule::Every(Span::mins(30)), grace: Span::ZERO, ..every() };
    let spec = Spec { max_runtime: Some(Span::mins(40)), ..spec };
    check(&spec, "60 start; 280 blind 100-280; 2460.001 tick", "2460 new→late never_seen");
}
