//! 2.2 when clocks change: named cases, and a model that walks every minute around the oddest changes.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Timelike};

use super::Cron;
use crate::core::time::{Span, Time};
use crate::core::zone::Zone;

/// All occurrences on a local day, in local time.
fn on(expression: &str, zone: &str, day: &str) -> Vec<String> {
    let cron = Cron::parse(expression).unwrap();
    let zone = Zone::bundled(zone).unwrap();
    let day: NaiveDate = day.parse().unwrap();
    let noon = Time::from_secs(i64::from(day.to_epoch_days()) * 86_400 + 43_200);
    let mut found = Vec::new();
    let mut at = noon - Span::secs(40 * 3600);
    while let Some(next) = cron.next_after(zone, at).filter(|next| *next < noon + Span::secs(40 * 3600)) {
        assert!(next > at, "occurrences move on");
        let local = zone.local(next);
        if local.date_naive() == day {
            found.push(local.format("%H:%M %:z").to_string());
        }
        at = next;
    }
    found
}

fn check(expression: &str, zone: &str, day: &str, expected: &[&str]) {
    assert_eq!(on(expression, zone, day), expected, "{expression} in {zone} on {day}");
}

const SPRING: &str = "2026-03-08";
const AUTUMN: &str = "2026-11-01";

#[test]
fn daily_job_in_the_gap_runs_at_its_end() {
    check("30 2 * * *", "America/New_York", SPRING, &["03:00 -04:00"]);
    check("0,30 2 * * *", "America/New_York", SPRING, &["03:00 -04:00"]);
    check("30 2,3 * * *", "America/New_York", SPRING, &["03:00 -04:00", "03:30 -04:00"]);
}

#[test]
fn daily_job_in_the_repeated_hour_runs_in_its_first_pass() {
    check("30 1 * * *", "America/New_York", AUTUMN, &["01:30 -04:00"]);
    check("0-59/20 1 * * *", "America/New_York", AUTUMN, &["01:00 -04:00", "01:20 -04:00", "01:40 -04:00"]);
}

#[test]
fn wildcard_minutes_in_the_gap_are_skipped() {
    check("*/30 2 * * *", "America/New_York", SPRING, &[]);
}

#[test]
fn wildcard_minutes_in_the_repeated_hour_run_in_both_passes() {
    let both = ["01:00 -04:00", "01:30 -04:00", "01:00 -05:00", "01:30 -05:00"];
    check("*/30 1 * * *", "America/New_York", AUTUMN, &both);
}

#[test]
fn hourly_job_follows_real_time() {
    let spring = on("0 * * * *", "America/New_York", SPRING);
    assert_eq!(spring[..3], ["00:00 -05:00", "01:00 -05:00", "03:00 -04:00"]);
    assert_eq!(spring.len(), 23);
    let autumn = on("@hourly", "America/New_York", AUTUMN);
    assert_eq!(autumn[..4], ["00:00 -04:00", "01:00 -04:00", "01:00 -05:00", "02:00 -05:00"]);
    assert_eq!(autumn.len(), 25);
}

#[test]
fn lord_howe_changes_by_half_an_hour() {
    check("15 2 * * *", "Australia/Lord_Howe", "2026-10-04", &["02:30 +11:00"]);
    check("*/15 2 * * *", "Australia/Lord_Howe", "2026-10-04", &["02:30 +11:00", "02:45 +11:00"]);
    check("45 1 * * *", "Australia/Lord_Howe", "2026-04-05", &["01:45 +11:00"]);
    let repeated = ["01:00 +11:00", "01:30 +11:00", "01:30 +10:30"];
    check("*/30 1 * * *", "Australia/Lord_Howe", "2026-04-05", &repeated);
}

#[test]
fn a_day_without_midnight_runs_its_daily_job_at_one() {
    check("@daily", "America/Sao_Paulo", "2018-11-04", &["01:00 -02:00"]);
    check("0 0 * * 0", "Asia/Beirut", "2024-03-31", &["01:00 +03:00"]);
    check("*/30 0 * * *", "Asia/Beirut", "2024-03-31", &[]);
}

#[test]
fn the_hour_before_midnight_repeated_stays_on_its_day() {
    check("30 23 * * *", "America/Sao_Paulo", "2018-02-17", &["23:30 -02:00"]);
    check("@daily", "America/Sao_Paulo", "2018-02-18", &["00:00 -03:00"]);
    check(
        "*/30 23 17 2 *",
        "America/Sao_Paulo",
        "2018-02-17",
        &["23:00 -02:00", "23:30 -02:00", "23:00 -03:00", "23:30 -03:00"],
    );
}

#[test]
fn a_day_that_a_country_skipped_moves_no_job() {
    check("30 2 * * *", "Pacific/Apia", "2011-12-29", &["02:30 -10:00"]);
    check("30 2 * * *", "Pacific/Apia", "2011-12-30", &[]);
    check("30 2 * * *", "Pacific/Apia", "2011-12-31", &["02:30 +14:00"]);
    check("*/30 0 30-31 12 *", "Pacific/Apia", "2011-12-31", &["00:00 +14:00", "00:30 +14:00"]);
}

#[test]
fn a_gap_of_two_hours_moves_jobs_and_one_of_three_does_not() {
    check("30 1,2 * * *", "Antarctica/Troll", "2026-03-29", &["03:00 +02:00"]);
    check("30 3 * * *", "Antarctica/Casey", "2009-10-18", &[]);
}

#[test]
fn a_job_that_asks_only_for_skipped_minutes_ends_the_search() {
    let never = Cron::parse("*/30 2 * 3 SUN#2").unwrap();
    let found = never.next_after(Zone::bundled("America/New_York").unwrap(), Time::from_secs(1_774_656_000));
    assert!(found.is_none_or(|at| at.to_utc().year() > 2099), "{found:?}");
}

/// The days around which the model walks minute by minute.
const CHANGES: [(&str, &str); 26] = [
    ("UTC", "2026-03-08"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("Europe/Dublin", "2026-03-29"),
    ("Europe/Dublin", "2026-10-25"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("Asia/Beirut", "2024-03-31"),
    ("Asia/Beirut", "2024-10-27"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"),
    ("America/Nuuk", "2024-03-30"),
    ("Antarctica/Troll", "2026-03-29"),
    ("Antarctica/Troll", "2026-10-25"),
    ("Antarctica/Casey", "2009-10-18"),
    ("Antarctica/Casey", "2010-03-05"),
    ("Asia/Pyongyang", "2015-08-15"),
    ("Asia/Pyongyang", "2018-05-05"),
    ("Pacific/Kwajalein", "1993-08-21"),
    ("Pacific/Apia", "2011-12-30"),
];

type Minute = (i64, NaiveDate, u32, u32);

/// Every minute of five days, in real and in local time.
fn minutes_around(zone: Zone, day: &str) -> Vec<Minute> {
    let day: NaiveDate = day.parse().unwrap();
    let noon = i64::from(day.to_epoch_days()) * 86_400 + 43_200;
    let minutes = (noon - 60 * 3600..noon + 60 * 3600).step_by(60);
    minutes
        .map(|at| {
            let local = zone.local(Time::from_secs(at));
            (at, local.date_naive(), local.hour(), local.minute())
        })
        .collect()
}

/// The words of rule 2.2, applied to a walk over all minutes.
fn model(minutes: &[Minute], job: &Job) -> BTreeSet<i64> {
    let matches = |hour, minute| job.hours.contains(&hour) && job.minutes.contains(&minute);
    if job.is_wildcard {
        return minutes.iter().filter(|(_, _, h, m)| matches(*h, *m)).map(|(at, ..)| *at).collect();
    }
    let mut occurrences = BTreeSet::new();
    let mut shown = BTreeSet::new();
    let clock = |(_, day, h, m): Minute| day.and_hms_opt(h, m, 0).unwrap();
    for pair in minutes.windows(2) {
        let (mut wanted, now) = (clock(pair[0]), clock(pair[1]));
        shown.insert(wanted);
        let skipped = (now - wanted).num_minutes() - 1;
        if shown.insert(now) && matches(now.hour(), now.minute()) {
            occurrences.insert(pair[1].0);
        }
        for _ in 0..if skipped < 180 { skipped } else { 0 } {
            wanted += chrono::TimeDelta::minutes(1);
            if matches(wanted.hour(), wanted.minute()) {
                occurrences.insert(pair[1].0);
            }
        }
    }
    occurrences
}

struct Job {
    expression: &'static str,
    minutes: Vec<u32>,
    hours: Vec<u32>,
    is_wildcard: bool,
}

fn jobs() -> Vec<Job> {
    let job = |expression: &'static str, minutes: &[u32], hours: &[u32]| Job {
        expression,
        minutes: minutes.to_vec(),
        hours: hours.to_vec(),
        is_wildcard: expression.split(' ').take(2).any(|field| field.starts_with('*')),
    };
    let (minutes, hours): (Vec<u32>, Vec<u32>) = ((0..60).collect(), (0..24).collect());
    vec![
        job("* * * * *", &minutes, &hours),
        job("0-59 0-23 * * *", &minutes, &hours),
        job("* 1 * * *", &minutes, &[1]),
        job("15 * * * *", &[15], &hours),
        job("0 0-23 * * *", &[0], &hours),
        job("30 0,1,2,3 * * *", &[30], &[0, 1, 2, 3]),
        job("0,59 0,23 * * *", &[0, 59], &[0, 23]),
        job("*/29 0,1,2,23 * * *", &[0, 29, 58], &[0, 1, 2, 23]),
        job("0-59/7 1-3 * * *", &[0, 7, 14, 21, 28, 35, 42, 49, 56], &[1, 2, 3]),
    ]
}

#[test]
fn agrees_with_a_walk_of_every_minute_around_changes_of_clocks() {
    for (name, day) in CHANGES {
        let zone = Zone::bundled(name).unwrap();
        let minutes = minutes_around(zone, day);
        for job in jobs() {
            let occurrences = model(&minutes, &job);
            let cron = Cron::parse(job.expression).unwrap();
            // The first and the last day only hold what surrounds the others.
            for &(at, ..) in minutes[1440..minutes.len() - 1440].iter().step_by(13) {
                for at in [Time::from_secs(at), Time::from_ms(at * 1000 + 1), Time::from_ms(at * 1000 - 1)] {
                    let secs_up = -(-at.as_ms()).div_euclid(1000);
                    let next = occurrences.range(at.as_ms().div_euclid(1000) + 1..).next();
                    let previous = occurrences.range(..secs_up).next_back();
                    let times = |secs: Option<&i64>| secs.map(|secs| Time::from_secs(*secs));
                    let found = (cron.next_after(zone, at), cron.prev_before(zone, at));
                    assert_eq!(found, (times(next), times(previous)), "{} in {name} at {at}", job.expression);
                }
            }
        }
    }
}
