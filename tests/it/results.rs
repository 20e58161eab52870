//! The last results of checks, and what they promise, on pages and in the API (22.8).

use std::collections::BTreeSet;

use punctual::clock::Clock;
use punctual::compat::DOOR_KEYS;
use punctual::config;
use punctual::core::check::{Ping, PingKind};
use punctual::core::time::{Span, Time};
use punctual::store::sqlite::SqliteStore;
use punctual::store::{Configuration, Entry, PingFact, Store, What, expire};
use serde_json::Value;

use crate::support::punctual::Punctual;

/// The example of affirmative's manual.
const CONFIG: &str = "default_receivers: []\nchecks:\n  - {name: signed-off, title: Signed off, cron: \"0 1,7,16 * * 1-5\", timezone: Europe/Berlin, expect: {at_least: 1, within: 20m}}\n  - {name: fresh, every: 1h}\n";

/// Of so many occurrences, these had no success.
const OCCURRENCES: usize = 12;
const MISSED: [usize; 2] = [4, 9];

/// A server with a history of some days; when it would have been judged last, and its occurrences.
fn with_a_history() -> (Punctual, Vec<Time>) {
    let server = Punctual::new(CONFIG);
    let loaded = config::load(&server.folder().join("punctual.yaml"), &DOOR_KEYS).unwrap();
    let schedule = loaded.checks[0].spec.schedule.clone();
    let now = Clock::new().now();
    let mut occurrences = vec![now];
    for _ in 0..OCCURRENCES {
        occurrences.push(schedule.occurrences().unwrap().prev_before(*occurrences.last().unwrap()).unwrap());
    }
    occurrences.remove(0);
    occurrences.reverse();
    let mut store = SqliteStore::open(&server.data()).unwrap();
    let begun = occurrences[0] - Span::mins(60);
    store.begin(begun).unwrap();
    let config::Config { mut checks, policy, retention, max_checks, .. } = loaded;
    checks.truncate(1);
    let configuration = Configuration {
        checks,
        policy,
        retention,
        max_checks,
        allow_mass_removal: false,
        changed_receivers: BTreeSet::new(),
    };
    store.configure(&configuration, true, begun).unwrap();
    let check = store.live().find("signed-off").unwrap().id;
    for (place, occurrence) in occurrences.iter().enumerate() {
        if !MISSED.contains(&place) {
            let ping = PingFact {
                ping: Ping { kind: PingKind::Success, rid: None, exit_status: None },
                comment: None,
                body: None,
                left_out: 0,
                body_cut: false,
                source: "10.0.3.7".parse().unwrap(),
            };
            store.apply(&[Entry { check, at: *occurrence - Span::mins(5), what: What::Ping(ping) }]).unwrap();
        }
        let _ = expire(&mut store, *occurrence + Span::secs(1)).unwrap();
    }
    store.end(Clock::new().now()).unwrap();
    (server, occurrences)
}

/// 22.8
#[test]
fn what_signing_off_at_certain_hours_came_to_is_seen_at_a_glance() {
    let (mut server, occurrences) = with_a_history();
    server.start_again();
    let newest: Vec<(usize, &Time)> = occurrences.iter().enumerate().rev().take(10).collect();
    for _ in 0..2 {
        let check = server.get("/api/v1/checks/signed-off").json();
        let promise =
            "at 01:00, 07:00 and 16:00 on weekdays (Europe/Berlin), at least one in the 20 minutes before";
        assert_eq!(check["promise"], promise);
        let results = check["last_results"].as_array().unwrap();
        let expected = newest.iter().map(|(place, at)| {
            let is_missed = MISSED.contains(place);
            let (result, count) = if is_missed { ("not_met", 0) } else { ("met", 1) };
            serde_json::json!({"at": at.to_string(), "result": result, "count": count, "at_least": 1, "at_most": null})
        });
        assert_eq!(*results, expected.collect::<Vec<Value>>());
        let page = server.get("/checks/signed-off").text();
        assert!(page.contains(&format!("Expected: {promise}; next: ")), "{page}");
        let marks = page.split("<ol class=\"marks\"").nth(1).unwrap().split("</ol>").next().unwrap();
        let signs: String = marks.split("aria-hidden=\"true\">").skip(1).map(|mark| &mark[..3]).collect();
        let sign = |place: &usize| if MISSED.contains(place) { "✗" } else { "✓" };
        assert_eq!(signs, newest.iter().rev().map(|(place, _)| sign(place)).collect::<String>());
        let day = newest[9].1.to_utc().format("%Y-%m-%d %H:%M:%S UTC");
        assert!(
            marks.contains(&format!("title=\"as expected {day}: 1, wanted at least 1 within 20m\"")),
            "{marks}"
        );
        let list = server.get("/").text();
        assert!(list.contains("aria-label=\"Last results: 8 as expected, 2 not as expected\""), "{list}");
        assert_eq!(list.matches("class=\"marks\"").count(), 1, "one that has none has no marks");
        server.restart();
    }
    assert_eq!(server.get("/api/v1/checks/fresh").json()["last_results"], serde_json::json!([]));
    for path in ["fresh", "fresh/fail"] {
        server.ping(path);
    }
    let results = server.get("/api/v1/checks/fresh").json()["last_results"].clone();
    assert_eq!(
        (&results[0]["result"], &results[1]["result"]),
        (&"fail".into(), &"success".into()),
        "{results}"
    );
    assert_eq!((&results[0]["count"], &results[0]["at_least"]), (&Value::Null, &Value::Null));
}
