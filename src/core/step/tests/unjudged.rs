//! 1.6: a check of which judging panics, while all others go on.

use super::*;
use crate::core::cause::{CauseKind, Family, Status};
use crate::core::fixtures::random_numbers;
use crate::core::step::break_judging_by;

/// Does something while judging panics.
fn broken<R>(act: impl FnOnce() -> R) -> R {
    break_judging_by(|_| true);
    let done = act();
    break_judging_by(|_| false);
    done
}

/// Runs a script in which a line that begins with `!` is judged in vain, and compares the flips.
fn flips(spec: &Spec, more: &[Spec], script: &str, expected: &str) -> Run {
    let specs: Vec<Spec> = std::iter::once(spec.clone()).chain(more.iter().cloned()).collect();
    let mut run = Run::new(spec);
    for line in script.split(';').map(str::trim) {
        let (is_broken, line) = line.strip_prefix('!').map_or((false, line), |line| (true, line));
        let lines = parse(line);
        break_judging_by(if is_broken { |_| true } else { |_| false });
        run.script(&lines, &specs, &[]);
        break_judging_by(|_| false);
        assert_eq!(run.state.causes.has(CauseKind::Unjudgeable), is_broken && run.state.archived.is_none());
    }
    let clean = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    assert_eq!(clean(&run.told()), clean(expected.trim()), "script: {script}");
    run
}

/// 1.6
#[test]
fn a_ping_that_cannot_be_judged_counts_for_nothing_and_the_next_one_does() {
    let run = flips(&every(), &[], "10 success; !50 success", "10 new→up\n50 up→unknown unjudgeable");
    assert_eq!(deadline(&run.spec, &run.state, &run.blind), None, "no tick comes again and again");
    assert_eq!((run.state.counters.pings, run.state.last_seen), ([1, 0, 0, 0], Some(time("50"))));
    let seen = view(&run.spec, &run.state, time("500"), &run.blind);
    assert_eq!((seen.status, seen.late, seen.deadline), (Status::Unknown, false, None));
    flips(
        &every(),
        &[],
        "10 success; !50 success; !100 success; 150 success; 220.001 tick",
        "10 new→up\n50 up→unknown unjudgeable\n150 unknown→up\n220 up→late missing",
    );
    flips(
        &every(),
        &[],
        "10 success; !20 fail; 30 tick",
        "10 new→up\n20 up→unknown unjudgeable\n30 unknown→up",
    );
}

/// 1.6: what was late stays late, and what becomes late meanwhile is found once that can be judged.
#[test]
fn lateness_is_found_once_the_check_can_be_judged_again() {
    flips(
        &every(),
        &[],
        "10 success; !85 tick; 200 tick; 210 success",
        "10 new→up\n85 up→unknown unjudgeable\n85 unknown→unknown missing unjudgeable\n200 unknown→late missing\n210 late→up",
    );
    flips(
        &every(),
        &[],
        "10 success; 90 tick; !100 log; 110 log",
        "10 new→up\n80 up→late missing\n100 late→unknown missing unjudgeable\n110 unknown→late missing",
    );
}

/// 1.6d: whatever a ping that counted for nothing may have served is not called late, nor does it stay so.
#[test]
fn what_came_and_could_not_be_judged_is_not_missing() {
    let runs = Spec { max_runtime: Some(Span::mins(40)), ..hourly() };
    flips(
        &runs,
        &[],
        "10 success; !3601 start; 3900 tick; 4201 tick; 5000 success",
        "10 new→up\n3601 up→unknown unjudgeable\n3900 unknown→up",
    );
    let early = Spec { early: Some(Span::mins(15)), ..hourly() };
    flips(
        &early,
        std::slice::from_ref(&early),
        "10 success; !3000 success; !3100 change 1; 3200 tick; 4300 tick",
        "10 new→up\n3000 up→unknown unjudgeable\n3200 unknown→up",
    );
    for (spec, at) in [(early, 3000), (hourly(), 3596)] {
        let script = format!("10 success; !{at} success; 3599 tick; 4300 tick");
        let expected = format!("10 new→up\n{at} up→unknown unjudgeable\n3599 unknown→up");
        flips(&spec, &[], &script, &expected);
    }
    flips(
        &every(),
        &[],
        "10 success; 90 tick; !100 success; 110 tick",
        "10 new→up\n80 up→late missing\n100 late→unknown missing unjudgeable\n100 unknown→unknown unjudgeable
         110 unknown→up",
    );
}

/// 1.6d, 7.2
#[test]
fn a_ping_that_counts_for_nothing_ends_a_pause_all_the_same() {
    flips(
        &every(),
        &[],
        "10 success; 20 pause; !30 log; 40 log; !50 success; 60 tick",
        "10 new→up\n20 up→paused (Paused)\n30 paused→paused unjudgeable\n40 paused→paused
         50 paused→paused unjudgeable\n50 paused→unknown unjudgeable (Unpaused)\n60 unknown→up",
    );
}

/// 1.6: pauses, specs and the archive are orders, which need no judgement.
#[test]
fn what_is_ordered_of_a_check_holds_although_it_cannot_be_judged() {
    flips(
        &every(),
        &[],
        "10 success; !20 pause; !30 unpause; 99 tick; 101 tick",
        "10 new→up\n20 up→unknown unjudgeable\n20 unknown→paused unjudgeable (Paused)
         30 paused→unknown unjudgeable (Unpaused)\n99 unknown→up\n100 up→late missing",
    );
    let paused = flips(
        &every(),
        &[],
        "10 success; !20 pause-until 40",
        "10 new→up\n20 up→unknown unjudgeable\n20 unknown→paused unjudgeable (Paused)",
    );
    assert_eq!(
        deadline(&paused.spec, &paused.state, &paused.blind),
        Some(time("40")),
        "it ends all the same"
    );
    flips(
        &every(),
        &[],
        "10 success; !20 pause-until 40; !50 tick; 60 tick",
        "10 new→up\n20 up→unknown unjudgeable\n20 unknown→paused unjudgeable (Paused)
         40 paused→unknown unjudgeable (Unpaused)\n60 unknown→up",
    );
    flips(&every(), &[], "10 success; !20 archive", "10 new→up\n20 up→archived (Archived)");
    flips(
        &every(),
        &[every()],
        "10 success; 20 archive; !30 return 1; 40 tick; 101 tick",
        "10 new→up\n20 up→archived (Archived)\n30 archived→up (Returned)\n30 up→unknown unjudgeable
         40 unknown→up\n100 up→late missing",
    );
    let counted = Spec {
        schedule: Schedule::CountedAt(occurrences("* * * * *"), expect(Some(1), None, 60)),
        ..every()
    };
    flips(
        &every(),
        &[counted],
        "10 success; 90 tick; !95 change 1; 100 tick; 191 tick",
        "10 new→up\n80 up→late missing\n95 late→unknown missing unjudgeable\n95 unknown→unknown unjudgeable (Changed)
         100 unknown→up\n190 up→late too_few",
    );
}

/// 1.6: readers show it as unknown before anybody else finds out, and a step finds out within a minute.
#[test]
fn a_state_that_cannot_be_looked_at_is_shown_as_unknown_and_is_looked_at_by_a_step() {
    let run = flips(&every(), &[], "10 success", "10 new→up");
    let (seen, at_earliest, at) = broken(|| {
        let seen = view(&run.spec, &run.state, time("30"), &run.blind);
        (seen, deadline_at_earliest(&run.spec, &run.state), deadline(&run.spec, &run.state, &run.blind))
    });
    assert_eq!((seen.status, seen.unknown, seen.due, seen.deadline), (Status::Unknown, true, None, None));
    assert!(at_earliest < at && at == Some(time("70")), "{at_earliest:?} {at:?}");
    assert_eq!(view(&run.spec, &run.state, time("30"), &run.blind).status, Status::Up);
}

/// 1.6: whatever cannot be judged, no job is called late or failing for it that pings in time and well.
#[test]
fn a_job_that_pings_in_time_is_never_bad_whatever_cannot_be_judged() {
    let counted = |schedule| Spec { schedule, ..every() };
    let specs = [
        every(),
        hourly(),
        Spec { max_runtime: Some(Span::secs(40)), start_within: Some(Span::secs(5)), ..every() },
        counted(Schedule::CountedAt(occurrences("* * * * *"), expect(Some(1), Some(9), 120))),
        counted(Schedule::Counted(expect(Some(2), Some(9), 120))),
    ];
    for (number, spec) in specs.iter().enumerate() {
        let mut run = Run::new(spec);
        let mut unjudged = 0;
        for (secs, random) in (1..4000).zip(random_numbers(number as u64)) {
            let input = match secs % 30 {
                0 => Input::Ping(Ping { kind: PingKind::Start, rid: None, exit_status: None }),
                5 => Input::Ping(Ping { kind: PingKind::Success, rid: None, exit_status: None }),
                _ if random >> 62 == 0 => Input::Tick,
                _ => continue,
            };
            let at = Time::from_secs(secs);
            if (random >> 40) % 10 < 3 {
                broken(|| run.feed(input, at));
                unjudged += 1;
            } else {
                run.feed(input, at);
            }
            run.state.assert_bounds();
            let is_bad = run.state.causes.any(Family::Late) || run.state.causes.any(Family::Failing);
            assert!(!is_bad, "{spec:?} at {secs}: {:?}", run.state);
        }
        assert!(unjudged > 100 && run.flips.len() > 100);
    }
}

/// 1.6: any order, however little can be judged, leaves a state that a step can go on from.
#[test]
fn whatever_happens_while_nothing_can_be_judged_leaves_a_state_to_go_on_from() {
    let other = Spec { paused: true, ..hourly() };
    let counted = Spec { schedule: Schedule::Counted(expect(Some(2), Some(3), 120)), ..every() };
    let specs = [every(), other, counted];
    for seed in 0..200 {
        let mut run = Run::new(&specs[0]);
        for (step, random) in (1..60).zip(random_numbers(seed)) {
            let now = Time::from_secs(step * 20);
            let spec = || Arc::new(specs[(random >> 20) as usize % 3].clone());
            let kind = PingKind::ALL[(random >> 30) as usize % 4];
            let input = match (random >> 50) % 12 {
                0..=3 => Input::Ping(Ping { kind, rid: None, exit_status: None }),
                4 => Input::Tick,
                5 => Input::Pause,
                6 => Input::PauseUntil(now + Span::secs(50)),
                7 => Input::PauseAndForgive,
                8 => Input::Unpause,
                9 if run.state.archived.is_some() => Input::Return(spec()),
                9 => Input::Archive,
                10 => Input::Refused(Refused::once(now)),
                _ => Input::Change(spec()),
            };
            if (random >> 40) % 2 == 0 {
                broken(|| run.feed(input, now));
                let is_unjudgeable = run.state.causes.has(CauseKind::Unjudgeable);
                assert_eq!(is_unjudgeable, run.state.archived.is_none());
            } else {
                run.feed(input, now);
                assert!(!run.state.causes.has(CauseKind::Unjudgeable));
            }
            run.state.assert_bounds();
        }
        assert!(run.flips.is_sorted_by_key(|flip| flip.at), "{}", run.told());
        assert!(run.flips.windows(2).all(|two| two[0].to == two[1].from), "{}", run.told());
    }
}
