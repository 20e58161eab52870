//! A canary's history: newest first, and bounded.

use punctual::clock::Clock;
use punctual::core::time::{Span, Time};
use serde_json::{Value, json};

use super::{BOTH, COAL_MINE, Mine, NIGHTS_WATCH, text, time};
use crate::support::punctual::{Punctual, punctual};

/// 16.8
#[test]
fn it_tells_what_happened_newest_first_and_no_more_than_a_thousand_times() {
    let mine = Mine::coal();
    let id = text(&mine.canary("create?name=a&periodicity=60&paused=1")["id"]);
    mine.ok("unpause?name=a&comment=%C3%A4");
    mine.ok("trigger?name=a");
    // By whatever door.
    mine.server.ping("a?comment=from+a+job");
    let comments = |count: usize| -> Vec<String> {
        let canary = mine.canary(&format!("get?id={id}"));
        let history = canary["history"].as_array().unwrap();
        let times: Vec<_> = history.iter().map(|entry| time(&entry[0])).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
        assert_eq!(history.len(), count);
        history.iter().map(|entry| text(&entry[1])).collect()
    };
    let first = ["Triggered (from a job)", "Triggered", "Unpaused (ä)", "Canary created"];
    assert_eq!(comments(4), first);
    for n in 0..1000 {
        assert_eq!(mine.server.get(&format!("/{id}?m={n}")).status, 200);
    }
    let comments = comments(1000);
    assert_eq!((comments[0].as_str(), comments[999].as_str()), ("Triggered (999)", "Triggered (0)"));
}

/// 16.8
#[test]
fn what_is_older_than_a_week_goes_but_for_the_newest_hundred() {
    const WEEK: Span = Span::mins(7 * 24 * 60);
    for (system, prefix) in [("coal-mine", COAL_MINE), ("nights-watch", NIGHTS_WATCH)] {
        let mut server = Punctual::new(BOTH);
        let now = Clock::new().now();
        // `young` of the last days, and before them `old` of more than a week ago, newest first.
        let canary = |id: &str, young: i64, old: i64| {
            let old_ones = (0..old).map(|n| (now - WEEK - Span::secs(n + 1), format!("old {n}")));
            let young_ones = (0..young).map(|n| (now - Span::mins(n + 1), format!("young {n}")));
            let entry = |(at, what): (Time, String)| json!([at.to_string(), format!("Triggered ({what})")]);
            let history: Vec<Value> = young_ones.chain(old_ones).map(entry).collect();
            json!({"_id": id, "name": id, "slug": id, "periodicity": 9_000_000, "paused": false, "late": false,
                   "history": history, "emails": [], "description": ""})
        };
        let canaries = [canary("aaaaaaaa", 120, 30), canary("bbbbbbbb", 50, 100), canary("cccccccc", 0, 99)];
        let file = server.folder().join("dump.json");
        let lines: Vec<String> = canaries.iter().map(Value::to_string).collect();
        std::fs::write(&file, lines.join("\n")).unwrap();
        let storage = server.data().to_str().unwrap().to_owned();
        let import = ["import", system, file.to_str().unwrap(), "--storage.path", &storage, "--apply"];
        let (is_good, said) = punctual(&import);
        assert!(is_good, "{said}");
        server.start_again();
        let mine = Mine::of(server, prefix);
        let check = |id: &str, count: usize, oldest: &str| {
            mine.ok(&format!("trigger?id={id}"));
            let history = mine.canary(&format!("get?id={id}"))["history"].clone();
            let history = history.as_array().unwrap();
            assert_eq!((text(&history[0][1]).as_str(), history.len()), ("Triggered", count), "{system} {id}");
            assert_eq!(text(&history[count - 1][1]), format!("Triggered ({oldest})"), "{system} {id}");
        };
        check("aaaaaaaa", 121, "young 119");
        check("bbbbbbbb", 100, "old 48");
        check("cccccccc", 100, "old 98");
    }
}
