use crate::core::fixtures::{at, delivery, told};
use crate::core::outbox::*;
use crate::core::time::Time;

/// Bad periods as `from-to` in seconds; what was told after each, as `times@since`, or `-`.
fn check(bouts: &[(i64, i64)], expected: &str) {
    let mut known = None;
    let mut told = Vec::new();
    for (from, to) in bouts {
        let (flapping, flaps) = after_too_short(known.take(), Bout { from: at(*from), to: at(*to) });
        if let Flapping::Untold(bouts) = &flapping {
            assert!(bouts.len() < 3, "it is bounded: {bouts:?}");
        }
        let secs = |time: Time| time.as_ms() / 1000;
        told.push(flaps.map_or("-".to_owned(), |flaps| format!("{}@{}", flaps.times, secs(flaps.since))));
        known = Some(flapping);
    }
    assert_eq!(told.join(" "), expected, "{bouts:?}");
}

/// 12.5
#[test]
fn the_third_too_short_incident_within_an_hour_is_told() {
    check(&[(0, 2), (8, 10), (16, 18)], "- - 3@0");
    check(&[(0, 2), (1800, 1802), (3600, 3601)], "- - 3@0");
    check(&[(0, 2), (1800, 1802), (3600, 3602)], "- - -");
    check(&[(0, 2), (1800, 1802), (3600, 3602), (5000, 5001)], "- - - 3@1800");
    check(&[(0, 2), (4000, 4002), (8000, 8002), (12_000, 12_002)], "- - - -");
}

/// 12.5: once an hour at most, with the number since the last.
#[test]
fn a_check_that_goes_on_flapping_is_told_once_an_hour() {
    let night: Vec<(i64, i64)> = (0..2701).map(|n| (4 * n, 4 * n + 2)).collect();
    let mut known = None;
    let mut told = Vec::new();
    for (from, to) in night {
        let (flapping, flaps) = after_too_short(known.take(), Bout { from: at(from), to: at(to) });
        told.extend(flaps.map(|flaps| (to, flaps.times, flaps.since)));
        known = Some(flapping);
    }
    assert_eq!(told, [(10, 3, at(0)), (3610, 900, at(12)), (7210, 900, at(3612))]);
}

/// 12.5: it needs no recovery.
#[test]
fn an_hour_without_any_ends_it_silently() {
    check(
        &[(0, 2), (8, 10), (16, 18), (20, 22), (3622, 3623), (3630, 3631), (3640, 3641)],
        "- - 3@0 - - - 3@3622",
    );
    check(&[(0, 2), (8, 10), (16, 18), (20, 22), (3619, 3620)], "- - 3@0 - 2@20");
    let told = Flapping::Told { at: at(0), last: at(10), more: None };
    assert!(!told.is_over(at(3609)) && told.is_over(at(3610)));
}

/// 12.5: what several records have at a time is one bad period.
#[test]
fn bad_periods_of_records_that_overlap_are_one() {
    let bout = |from, to| Bout { from: at(from), to: at(to) };
    let untold = Flapping::Untold(vec![bout(0, 2), bout(8, 10)]);
    assert_eq!(untold.widened(bout(10, 11)), None);
    assert_eq!(untold.widened(bout(7, 11)), Some(Flapping::Untold(vec![bout(0, 2), bout(7, 11)])));
    let told = Flapping::Told { at: at(10), last: at(10), more: None };
    assert_eq!(told.widened(bout(8, 12)), Some(Flapping::Told { at: at(10), last: at(12), more: None }));
    assert_eq!(told.widened(bout(12, 13)), None);
}

/// 1.1: one wrong date silences nothing.
#[test]
fn flapping_of_a_clock_that_was_ahead_counts_as_of_now() {
    check(&[(90_000, 90_001), (90_002, 90_003), (8, 9)], "- - 3@9");
    let known = Flapping::Told { at: at(90_000), last: at(90_000), more: None };
    let (known, flaps) = after_too_short(Some(known), Bout { from: at(8), to: at(9) });
    assert_eq!(flaps, None);
    let (_, flaps) = after_too_short(Some(known.clone()), Bout { from: at(3000), to: at(3001) });
    assert_eq!(flaps, None);
    let Flapping::Told { at: told_at, .. } = known else { panic!("{known:?}") };
    assert_eq!(told_at, at(9), "the next notice comes an hour after now, not after the wrong date");
}

/// 12.3: what waits is told with what came since.
#[test]
fn a_notice_that_has_not_left_becomes_a_part_of_the_next() {
    let flaps = |times, since| Flaps { times, since: at(since) };
    let row = |flaps| told().followed_by(DeliveryKind::Flapping(flaps), at(0), at(0)).numbered(DeliveryId(1));
    let too_short = delivery(2);
    let alone = flapping_notice(&too_short, flaps(3, 50), None, at(60));
    assert_eq!(alone.kind, DeliveryKind::Flapping(flaps(3, 50)));
    assert_eq!((alone.not_before, alone.queued_at, alone.repeat_interval), (at(60), at(60), None));
    let both = flapping_notice(&too_short, flaps(900, 50), Some(&row(flaps(3, 10))), at(60));
    assert_eq!(both.kind, DeliveryKind::Flapping(flaps(903, 10)));
}
