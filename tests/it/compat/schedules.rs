//! Schedules as periodicity: deadlines and ranges are core's (held against the original's there); here is what is made of
//! them, and how long that takes.

use std::time::{Duration, Instant};

use punctual::clock::Clock;
use punctual::core::periods::Periods;
use punctual::core::time::Span;
use serde_json::{Value, json};

use super::{BOTH, Mine, NIGHTS_WATCH, newest, text, time, until_deadline};
use crate::support::http;

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

#[test]
fn creating_hostile_schedules_is_quick_and_no_ping_waits_for_it() {
    // In debug and beside other tests; the original takes seconds on an idle machine.
    const PATIENCE: Duration = Duration::from_secs(3);
    let mine = Mine::coal();
    mine.canary("create?name=a&periodicity=3600");
    let many: Vec<String> = (0..30).map(|n| format!("{n},{} * * * * {}", n + 30, n + 1)).collect();
    let hostile = [
        "0 0 29 2 mon 60".to_owned(),
        "0 0 29 2 * 1; 1 0 29 2 * 2; 59 23 31 12 fri 315360000".to_owned(),
        many.join(";"),
        (0..60).map(|n| format!("{n} {} * * * {}", n % 24, 1 + n % 2)).collect::<Vec<_>>().join(";"),
    ];
    std::thread::scope(|scope| {
        let creators: Vec<_> = hostile
            .iter()
            .enumerate()
            .map(|(n, schedule)| {
                let url = mine.server.url(&format!(
                    "{}create?name=h{n}&periodicity={}",
                    super::COAL_MINE,
                    escaped(schedule)
                ));
                scope.spawn(move || {
                    let start = Instant::now();
                    let answer = http::get(&url);
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    assert!(start.elapsed() < PATIENCE, "{:?} for {url}", start.elapsed());
                })
            })
            .collect();
        while creators.iter().any(|creator| !creator.is_finished()) {
            let start = Instant::now();
            mine.server.ping("a");
            assert!(start.elapsed() < PATIENCE, "{:?} for a ping", start.elapsed());
        }
    });
    assert_eq!(mine.names("").len(), 5);
}
