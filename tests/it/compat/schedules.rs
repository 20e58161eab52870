//! Schedules as periodicity: deadlines and ranges are core's (held against the original's there); here is what is made of
//! them, and how long that takes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use punctual::clock::Clock;
use punctual::core::periods::{MAX_ENTRIES, MAX_LEN, MAX_PERIOD, Periods};
use punctual::core::time::Span;
use serde_json::{Value, json};

use super::latencies::Latencies;
use super::{BOTH, Mine, NIGHTS_WATCH, newest, text, time, until_deadline};

/// As it stands in a query.
fn escaped(schedule: &str) -> String {
    let special = |c: char| match c {
        ' ' => "+".to_owned(),
        '#' | ';' | '?' | '&' | '+' | '%' => format!("%{:02X}", u32::from(c)),
        other => other.to_string(),
    };
    schedule.chars().map(special).collect()
}

/// The day of the week in so many days, as schedules name it.
fn day_in(days: i64) -> String {
    let then = Clock::new().now() + Span::mins(days * 24 * 60);
    then.to_utc().format("%a").to_string().to_lowercase()
}

fn ranges(canary: &Value) -> Vec<(i64, i64, Value)> {
    let list = canary["periodicity_schedule"].as_array().unwrap_or_else(|| panic!("no ranges in {canary}"));
    list.iter().map(|range| (time(&range[0]).as_ms(), time(&range[1]).as_ms(), range[2].clone())).collect()
}

#[test]
fn a_schedule_is_shown_as_it_was_written_with_its_ranges_but_not_in_a_list() {
    let mine = Mine::coal();
    let schedule = format!("# weekends; * * * * {} 300.5 ;0 6 * * {} 60", day_in(0), day_in(3));
    let created = mine.canary(&format!("create?name=a&periodicity={}", escaped(&schedule)));
    assert_eq!(created["periodicity"], json!(schedule));
    let keys: Vec<&String> = created.as_object().unwrap().keys().collect();
    assert!(keys.contains(&&"periodicity_schedule".to_owned()), "{keys:?}");
    let shown = ranges(&created);
    assert!(shown.len() >= 4, "{shown:?}");
    let seconds: Vec<&Value> = shown.iter().map(|range| &range.2).collect();
    let of_the_day = json!(300.5);
    assert!(
        seconds.starts_with(&[&of_the_day, &json!("Inactive"), &json!(60.0), &json!("Inactive")]),
        "{seconds:?}"
    );
    for pair in shown.windows(2) {
        assert_eq!(pair[1].0 - pair[0].1, 60_000, "a range ends a minute before the next begins: {shown:?}");
    }
    for command in ["get?name=a", "pause?name=a", "unpause?name=a", "update?slug=a&description=x"] {
        assert_eq!(ranges(&mine.canary(command)).len(), shown.len(), "{command}");
    }
    let listed = mine.ok("list?verbose=true")["canaries"][0].clone();
    assert_eq!(listed["periodicity"], json!(schedule));
    assert!(listed.get("periodicity_schedule").is_none() && listed.get("deadline").is_some(), "{listed}");
}

#[test]
fn its_deadlines_follow_from_the_newest_entry_and_the_time() {
    let mine = Mine::coal();
    let check = |canary: &Value| {
        let periods = Periods::parse(canary["periodicity"].as_str().unwrap()).unwrap();
        assert_eq!(Some(time(&canary["deadline"])), periods.deadline(newest(canary).0), "{canary}");
    };
    let always = mine.canary("create?name=a&periodicity=*+*+*+*+*+3600");
    check(&always);
    assert_eq!(until_deadline(&always), Span::secs(3600));
    // In a gap: the next start and its period.
    let later = format!("30 4 * * {} 600", day_in(2));
    let gap = mine.canary(&format!("update?slug=a&periodicity={}", escaped(&later)));
    check(&gap);
    assert!(text(&gap["deadline"]).ends_with("T04:40:00+00:00"), "{gap}");
    mine.ok("trigger?name=a");
    check(&mine.canary("get?name=a"));
    mine.ok("pause?name=a");
    check(&mine.canary("unpause?name=a"));
    // Back to a number, and late by a schedule again: a trigger ends that.
    assert_eq!(until_deadline(&mine.canary("update?slug=a&periodicity=60")), Span::secs(60));
    let late = mine.canary("update?slug=a&periodicity=*+*+*+*+*+0.001");
    let late = if late["late"] == true { late } else { mine.wait_until_late(&text(&late["id"])) };
    check(&late);
    assert_eq!(mine.ok("trigger?name=a")["recovered"], true);
    mine.refused("update?slug=a&periodicity=*+*+*+*+*+0.001", 400, "ValueError('No updates specified')");
}

#[test]
fn what_cannot_be_a_schedule_says_why() {
    let mine = Mine::coal();
    let check = |schedule: &str, says: &str| {
        let answer = mine.ask(&format!("create?name=a&periodicity={}", escaped(schedule)));
        let error = text(&answer.json()["error"]);
        assert_eq!(answer.status, 400, "{schedule}: {error}");
        assert!(error.starts_with("TypeError('malformed periodicity: ") && error.contains(says), "{error}");
    };
    check("* * * * *", "6 words");
    check("* * * * * 0", "more than 0");
    check("* * * * * ten", "seconds");
    check("* * * * * 60; 0 * * * * 30", "overlap");
    check("99 * * * * 60", "99");
    check("# nothing;", "needs an entry");
    check(&"0 0 1 1 * 60;".repeat(700), "bytes");
    let watch = Mine::of(mine.server, NIGHTS_WATCH);
    assert_eq!(watch.ask("create?name=a&periodicity=*+*+*+*+*+60").status, 400);
    assert!(BOTH.contains("nights_watch"));
}

/// The schedules that cost most, as large as they may be: found by the tests of `core::periods`.
fn hostile() -> Vec<String> {
    const LONGEST_SECS: i64 = MAX_PERIOD.as_ms() / 1000;
    let joined = |count: usize, entry: &dyn Fn(usize) -> String| {
        (0..count).map(entry).collect::<Vec<String>>().join(";")
    };
    let days = |n: usize| if n.is_multiple_of(2) { "1-31/2" } else { "2-30/2" };
    // For ever without a gap: by 64 entries; another way on each day of the month.
    let minutes = |n: usize| format!("{}-59/32 * {} * * {LONGEST_SECS}", n / 2, days(n));
    let pairs = |n: usize| format!("{},{} * * * * {LONGEST_SECS}", n + 1, n + 31);
    let each_day = |n: usize| format!("0,30 * {} * * {LONGEST_SECS}", n + 1);
    // Never the same for two minutes; hardly ever.
    let each_minute = |n: usize| format!("{n} * * * * {}", n + 1);
    let rare = |n: usize| format!("{} {} 29 2 sun {LONGEST_SECS}", n % 60, n / 60);
    let mut longest = joined(MAX_ENTRIES, &minutes);
    longest = format!("#{};{longest}", "x".repeat(MAX_LEN - longest.len() - 2));
    assert_eq!(longest.len(), MAX_LEN);
    vec![
        joined(MAX_ENTRIES, &minutes),
        format!("{};{}", joined(29, &pairs), joined(31, &each_day)),
        joined(60, &each_minute),
        joined(MAX_ENTRIES, &rare),
        longest,
    ]
}

/// 2.6. Measured is the processor's time of the whole server for one request, the least of a few: other programs on the
/// machine do not count in it. 50 ms are meant for what users run, which took at most 15 when this was written; without
/// optimization everything takes some twenty times as long.
#[test]
fn any_schedule_is_made_and_shown_in_less_than_50_ms() {
    const LIMIT: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1000 } else { 50 });
    let mine = Mine::coal();
    for (n, schedule) in hostile().iter().enumerate() {
        let escaped = escaped(schedule);
        let mut least = [Duration::MAX; 4];
        for _ in 0..3 {
            let commands = [
                &format!("create?name=h&periodicity={escaped}"),
                "get?name=h",
                "trigger?name=h",
                "delete?name=h",
            ];
            for (least, command) in least.iter_mut().zip(commands) {
                let before = mine.server.processor_time();
                mine.ok(command);
                *least = mine.server.processor_time().saturating_sub(before).min(*least);
            }
        }
        assert!(least.iter().all(|least| *least < LIMIT), "schedule {n}: {least:?}");
    }
}

/// While they are made, changed, triggered and deleted without a pause.
#[test]
fn no_ping_waits_for_a_hostile_schedule() {
    let mine = Mine::coal();
    mine.canary("create?name=a&periodicity=3600");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let schedules: Vec<String> = hostile().iter().map(|schedule| escaped(schedule)).collect();
            for n in (0..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                let [one, other] = [n, n + 1].map(|n| &schedules[n % schedules.len()]);
                mine.ok(&format!("create?name=h&periodicity={one}"));
                mine.ok("trigger?name=h");
                mine.ok(&format!("update?slug=h&periodicity={other}"));
                mine.ok("list?verbose=true");
                mine.ok("delete?name=h");
            }
        });
        let latencies = Latencies::of(Duration::from_secs(5), &[&|| mine.server.ping("a")]);
        is_over.store(true, Ordering::Relaxed);
        latencies.are_those_of_nothing_that_waits();
    });
}
