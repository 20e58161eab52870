//! §25: named cases, and a model that looks at each minute.

mod model;

use super::*;
use crate::core::fixtures::{at, causes, definition};
use crate::core::incident::IncidentId;
use crate::core::zone::Zone;

/// A check that was declared at a second, and has no flips.
fn declared(secs: i64) -> State {
    State::declared(&definition().spec, at(secs))
}

/// Parses `40 up>late missing`, or `40 ?` if nothing else is known, parted by `;`.
fn flips(text: &str) -> Vec<UptimeFlip> {
    let flip = |text: &str| {
        let (secs, rest) = text.trim().split_once(' ').unwrap();
        if rest == "?" {
            return UptimeFlip::unreadable(at(secs.parse().unwrap()));
        }
        let (change, causes_after) = rest.split_once(' ').unwrap_or((rest, ""));
        let (from, to) = change.split_once('>').unwrap();
        let [from, to] = [from, to].map(|word| Status::of_word(word).unwrap());
        UptimeFlip::new(at(secs.parse().unwrap()), from, to, causes(causes_after).as_slice())
    };
    text.split(';').filter(|text| !text.trim().is_empty()).map(flip).collect()
}

fn secs(time: Time) -> i64 {
    time.as_ms() / 1000
}

fn written(intervals: &[UptimeInterval]) -> String {
    let text = |interval: &UptimeInterval| {
        let (from, to) = (secs(interval.part.from), secs(interval.part.to));
        let reason = interval.reason.map_or_else(String::new, |reason| format!(" {}", reason.as_str()));
        format!("{from}-{to} {}{reason}", interval.kind.as_str())
    };
    intervals.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn part(from: i64, to: i64) -> TimePart {
    TimePart { from: at(from), to: at(to) }
}

/// The intervals of the seconds from 0 to 100, by flips that stand oldest first.
fn check(
    oldest_first: &str,
    beginning: impl Fn(Option<&UptimeFlip>) -> Option<UptimeBeginning>,
    expected: &str,
) {
    let mut flips = flips(oldest_first);
    flips.reverse();
    let intervals = intervals(part(0, 100), &flips, beginning(flips.last()));
    assert_eq!(written(&intervals), expected, "{oldest_first}");
}

/// 25.1, 25.3
#[test]
fn intervals_stand_newest_first_with_the_reason_of_their_status() {
    let of_declared = |oldest: Option<&UptimeFlip>| UptimeBeginning::of(&declared(-5), oldest);
    check("", of_declared, "0-100 good");
    check(
        "10 new>late never_seen@10; 30 late>up; 40 up>failing failed@40; 50 failing>failing failed@40 missing@50; 60 failing>up",
        of_declared,
        "60-100 good, 40-60 failing failed, 30-40 good, 10-30 late never_seen, 0-10 good",
    );
    check(
        "10 new>unknown blind(missing)@10; 20 unknown>paused blind(missing)@10; 30 paused>new; 120 new>up",
        of_declared,
        "30-100 good, 20-30 paused, 10-20 unknown blind, 0-10 good",
    );
}

/// 25.1
#[test]
fn what_was_before_the_declaration_is_unseen() {
    let of_declared = |oldest: Option<&UptimeFlip>| UptimeBeginning::of(&declared(25), oldest);
    check("", of_declared, "25-100 good, 0-25 unseen");
    check("40 new>up", of_declared, "25-100 good, 0-25 unseen");
    check("25 new>paused", of_declared, "25-100 paused, 0-25 unseen");
}

/// 25.1
#[test]
fn what_is_not_kept_or_not_declared_is_unseen() {
    let nothing = |_: Option<&UptimeFlip>| None;
    check("", nothing, "0-100 unseen");
    check("40 late>up", nothing, "40-100 good, 0-40 unseen");
    check(
        "10 new>up; 30 up>archived; 60 archived>up",
        nothing,
        "60-100 good, 30-60 unseen, 10-30 good, 0-10 unseen",
    );
    // The flip from up to late is lost.
    check("10 new>up; 60 late>up", nothing, "60-100 good, 0-60 unseen");
    check("-20 new>up; -10 up>late missing@-10", nothing, "0-100 late missing");
}

/// 25.1, 14.6
#[test]
fn what_was_after_a_flip_that_cannot_be_read_is_unseen() {
    let of_declared = |oldest: Option<&UptimeFlip>| UptimeBeginning::of(&declared(-5), oldest);
    check("10 new>up; 30 ?; 60 late>up", of_declared, "60-100 good, 30-60 unseen, 0-30 good");
    check("10 new>up; 30 ?", of_declared, "30-100 unseen, 0-30 good");
    check("10 ?; 60 late>up", of_declared, "60-100 good, 0-60 unseen");
}

/// 25.1: an unpausing makes a check count from a later time, so that its declaration is not known any more.
#[test]
fn a_check_that_counts_from_a_later_time_is_seen_from_its_oldest_flip_on() {
    let unpaused = |oldest: Option<&UptimeFlip>| UptimeBeginning::of(&declared(50), oldest);
    check("30 new>paused; 50 paused>new", unpaused, "50-100 good, 30-50 paused, 0-30 unseen");
}

/// 25.1: what another system knew of a check left no flip.
#[test]
fn what_still_holds_of_an_import_has_its_beginning() {
    let late = |oldest: Option<&UptimeFlip>| {
        let state = State { causes: causes("missing@40"), ..declared(-50) };
        UptimeBeginning::of(&state, oldest)
    };
    check("", late, "40-100 late missing, 0-40 unseen");
    check("70 late>up", late, "70-100 good, 0-70 unseen");
    let paused = |oldest: Option<&UptimeFlip>| {
        let mut state = declared(-50);
        state.pause.at_run_time = Some(at(20));
        UptimeBeginning::of(&state, oldest)
    };
    check("", paused, "20-100 paused, 0-20 unseen");
}

/// 25.1, 1.1c: the clock was ahead by a day, and was set back.
#[test]
fn a_flip_of_a_clock_that_was_ahead_lasted_for_no_time() {
    let nothing = |_: Option<&UptimeFlip>| None;
    check("10 new>up; 86400 up>late missing; 50 late>up", nothing, "10-100 good, 0-10 unseen");
}

/// 25.2
#[test]
fn up_is_what_was_good_of_what_was_judged() {
    let check = |text: &str, expected: Option<f64>| {
        let kinds = text.chars().rev().enumerate().map(|(index, letter)| {
            let kind = UptimeKind::ALL.into_iter().find(|kind| kind.as_str().starts_with(letter)).unwrap();
            let from = i64::try_from(text.len() - 1 - index).unwrap();
            UptimeInterval { kind, part: part(from, from + 1), reason: None }
        });
        let whole = part(0, i64::try_from(text.len()).unwrap());
        let seen =
            UptimeSeen { intervals: kinds.collect(), incidents: Vec::new(), incidents_since: Time::MIN };
        assert_eq!(seen.over(whole).tally.up(), expected, "{text}");
    };
    check("gggg", Some(1.0));
    check("gggl", Some(0.75));
    check("gffl", Some(0.25));
    check("lf", Some(0.0));
    check("gp", Some(1.0));
    check("p", None);
}

#[test]
fn a_share_is_rounded_down() {
    let check = |up: Option<f64>, expected: &str| assert_eq!(percent(up), expected, "{up:?}");
    check(Some(1.0), "100.00 %");
    check(Some(0.999_999), "99.99 %");
    check(Some(0.57), "57.00 %");
    check(Some(0.0), "0.00 %");
    check(None, "-");
}

/// 25.2: a kind that is neither good nor bad changes nothing.
#[test]
fn unknown_and_unseen_are_neither_up_nor_down() {
    let check = |kind: UptimeKind| {
        let intervals = vec![
            UptimeInterval { kind, part: part(50, 100), reason: None },
            UptimeInterval { kind: UptimeKind::Late, part: part(40, 50), reason: None },
            UptimeInterval { kind: UptimeKind::Good, part: part(0, 40), reason: None },
        ];
        let seen = UptimeSeen { intervals, incidents: Vec::new(), incidents_since: Time::MIN };
        assert_eq!(seen.over(part(0, 100)).tally.up(), Some(0.8), "{kind:?}");
        assert_eq!(seen.over(part(60, 100)).tally.up(), None, "{kind:?}");
        assert_eq!(seen.over(part(60, 100)).tally.span(kind), Span::secs(40), "{kind:?}");
    };
    [UptimeKind::Unknown, UptimeKind::Unseen, UptimeKind::Paused].into_iter().for_each(check);
}

/// Of incidents as `opened acknowledged ended`, in seconds; `-` is none, and an end with `x` is no recovery.
fn numbers(text: &str, incidents_since: i64) -> Option<IncidentNumbers> {
    let time = |word: &str| word.parse().ok().map(at);
    let incident = |text: &str| {
        let [opened, acknowledged, ended] = *text.split_whitespace().collect::<Vec<_>>() else {
            panic!("{text}")
        };
        UptimeIncident {
            id: IncidentId(1),
            opened_at: time(opened).unwrap(),
            acknowledged_at: time(acknowledged),
            ended_at: time(ended.trim_end_matches('x')),
            is_resolved: !ended.ends_with('x'),
        }
    };
    let incidents = text.split(',').filter(|text| !text.is_empty()).map(incident).collect();
    let seen = UptimeSeen { intervals: Vec::new(), incidents, incidents_since: at(incidents_since) };
    seen.over(part(100, 200)).incidents
}

/// 25.1
#[test]
fn incidents_count_where_they_open_and_what_they_took_where_they_end() {
    let check = |text: &str, (opened, ended): (usize, usize), acknowledged: &str, resolved: &str| {
        let found = numbers(text, 0).unwrap();
        let written = |lengths: Lengths| {
            let span = |span: Option<Span>| span.map_or("-".to_owned(), |span| span.to_string());
            format!("{} {} {}", lengths.count, span(lengths.median), span(lengths.longest))
        };
        assert_eq!((found.opened, found.ended), (opened, ended), "{text}");
        assert_eq!(written(found.to_acknowledge), acknowledged, "{text}");
        assert_eq!(written(found.to_resolve), resolved, "{text}");
    };
    check("", (0, 0), "0 - -", "0 - -");
    check("110 - 140", (1, 1), "0 - -", "1 30s 30s");
    check("110 115 140,150 151 160,170 - 172", (3, 3), "2 3s 5s", "3 10s 30s");
    check("50 60 100", (0, 1), "1 10s 10s", "1 50s 50s");
    check("150 160 200", (1, 0), "0 - -", "0 - -");
    check("150 - -", (1, 0), "0 - -", "0 - -");
    check("110 120 140x", (1, 1), "1 10s 10s", "0 - -");
    check("110 - 105", (1, 1), "0 - -", "1 0s 0s");
}

/// 25.1: incidents are kept for less long than flips.
#[test]
fn incidents_that_may_not_be_kept_are_not_counted() {
    let check = |since: i64, expected: bool| {
        assert_eq!(numbers("110 - 140", since).is_some(), expected, "{since}");
    };
    check(100, true);
    check(101, false);
}

fn time(text: &str) -> Time {
    let time = chrono::DateTime::parse_from_rfc3339(text).unwrap();
    Time::from_ms(time.timestamp_millis())
}

/// When the parts begin, by the zone's clocks, newest first, with their hours.
fn check_parts(of: (&str, &str), length: PartLength, zone: &str, expected: &[&str]) {
    let (zone, whole) = (Zone::bundled(zone).unwrap(), TimePart { from: time(of.0), to: time(of.1) });
    let parts = parts(whole, length, zone).unwrap();
    let text = |part: &TimePart| {
        let hours = (part.to - part.from).as_ms() / 3_600_000;
        format!("{} {hours}h", zone.local(part.from).format("%a %d %H:%M"))
    };
    assert_eq!(parts.iter().map(text).collect::<Vec<_>>(), expected, "{of:?}");
    assert!(parts.windows(2).all(|pair| pair[0].from == pair[1].to), "no time is between two parts");
}

/// 25.1
#[test]
fn a_day_has_the_hours_that_the_clocks_of_its_zone_show() {
    let berlin = ("2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z");
    let expected = ["Mon 30 00:00 24h", "Sun 29 00:00 23h", "Sat 28 00:00 24h"];
    check_parts(berlin, PartLength::Day, "Europe/Berlin", &expected);
    let autumn = ("2026-11-01T02:00:00Z", "2026-11-02T06:00:00Z");
    let expected = ["Mon 02 00:00 1h", "Sun 01 00:00 25h", "Sat 31 22:00 2h"];
    check_parts(autumn, PartLength::Day, "America/New_York", &expected);
    // Midnight is jumped over: the day begins at 01:00.
    let santiago = ("2026-09-05T04:00:00Z", "2026-09-07T03:00:00Z");
    let expected = ["Sun 06 01:00 23h", "Sat 05 00:00 24h"];
    check_parts(santiago, PartLength::Day, "America/Santiago", &expected);
    // 30 December 2011 was jumped over.
    let apia = ("2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z");
    let expected = ["Sat 31 00:00 24h", "Thu 29 00:00 24h"];
    check_parts(apia, PartLength::Day, "Pacific/Apia", &expected);
}

/// 25.1
#[test]
fn weeks_begin_on_monday_and_months_on_their_first() {
    let of = ("2026-03-24T12:00:00Z", "2026-04-07T12:00:00Z");
    let weeks = ["Mon 06 00:00 38h", "Mon 30 00:00 168h", "Tue 24 13:00 130h"];
    check_parts(of, PartLength::Week, "Europe/Berlin", &weeks);
    check_parts(of, PartLength::Month, "UTC", &["Wed 01 00:00 156h", "Tue 24 12:00 180h"]);
}

/// 25.1
#[test]
fn a_report_has_a_bounded_number_of_parts() {
    let check = |days: i64, expected: Option<usize>| {
        let from = time("2025-01-01T00:00:00Z");
        let whole = TimePart { from, to: from + Span::mins(days * 24 * 60) };
        assert_eq!(parts(whole, PartLength::Day, Zone::UTC).map(|parts| parts.len()), expected, "{days}");
    };
    check(1, Some(1));
    check(400, Some(400));
    check(401, None);
    let ever = TimePart { from: Time::MIN, to: Time::MAX };
    for length in PartLength::ALL {
        assert_eq!(parts(ever, length, Zone::bundled("Pacific/Apia").unwrap()), None);
    }
}

/// 25.1
#[test]
fn a_report_that_says_no_beginning_has_whole_parts() {
    let check = |to: &str, count: u32, length: PartLength, expected: &str| {
        let zone = Zone::bundled("Europe/Berlin").unwrap();
        assert_eq!(begin_of_parts(time(to), count, length, zone), time(expected), "{to}");
    };
    check("2026-03-30T12:00:00Z", 3, PartLength::Day, "2026-03-27T23:00:00Z");
    check("2026-03-29T22:00:00Z", 1, PartLength::Day, "2026-03-28T23:00:00Z");
    check("2026-03-29T22:00:00Z", 2, PartLength::Week, "2026-03-15T23:00:00Z");
    check("2026-04-01T12:00:00Z", 12, PartLength::Month, "2025-04-30T22:00:00Z");
}
